//! A question or a word over the screen, and what is about to be signed.

use crate::language::DateForm;
use crate::say;
use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use super::panel;
use crate::View;
use crate::correction_form::{CorrectionForm, person_of};
use crate::dialog::Dialog;
use crate::theme::Theme;
use rollcall_core::attendance::AttendanceEvent;
use rollcall_core::correction::{Change, Deed};
use rollcall_core::worktime::alteration::Alteration;
use rollcall_protocol::{Agreement, CorrectionDraft};

/// Largest width, the frame included.
const WIDEST: u16 = 64;

/// Words in a frame in the middle of the screen.
pub(crate) struct DialogPanel<'a> {
    view: View<'a>,
    title: String,
    /// Each with its style.
    paragraphs: Vec<(String, Style)>,
}

impl<'a> DialogPanel<'a> {
    /// The one that is to be shown now, if any.
    pub(crate) fn of(view: View<'a>) -> Option<Self> {
        if let Some(dialog) = &view.app.dialog {
            return Some(Self::question(view, dialog));
        }
        let (form, draft) = view.app.correcting.signing()?;
        Some(Self::signing(view, form, draft))
    }

    fn question(view: View<'a>, dialog: &Dialog) -> Self {
        let theme = view.theme;
        let (title, words, keys) = match dialog {
            Dialog::Leave => (
                theme.t(say::ASK_END),
                Cow::from(theme.t(say::END_MEANS)),
                theme.t(say::PRESS_TO_END),
            ),
            Dialog::Restart => (
                theme.t(say::ASK_RESTART),
                theme.t(say::RESTART_MEANS).into(),
                theme.t(say::PRESS_TO_RESTART),
            ),
            Dialog::Agree(asked) => (
                theme.t(say::ASK_AGREE),
                agreement(&theme, &asked.agreement).into(),
                theme.t(say::PRESS_TO_AGREE),
            ),
            Dialog::Notice(words) => (
                theme.t(say::NOT_NOW),
                theme.t(*words).into(),
                theme.t(say::PRESS_ENTER),
            ),
        };
        Self {
            view,
            title: title.to_owned(),
            paragraphs: vec![
                (words.into_owned(), theme.normal()),
                (keys.to_owned(), theme.heading()),
            ],
        }
    }

    /// Everything that is about to be signed.
    fn signing(view: View<'a>, form: &CorrectionForm, draft: &CorrectionDraft) -> Self {
        let theme = view.theme;
        let whose = view.station.person(form.person).map_or_else(
            || theme.t(say::NOBODY).to_owned(),
            |person| format!("{} ({})", person.name, person.code),
        );
        let day = theme.day(form.day, DateForm::WeekdayDayMonthYear);
        let mut paragraphs = vec![(format!("{whose}, {day}"), theme.strong())];
        let deeds = deed(view, form, draft);
        paragraphs.extend(deeds.into_iter().map(|words| (words, theme.strong())));
        for (label, value) in [
            (theme.t(say::FIELD_REASON), &draft.reason),
            (theme.t(say::SIGNED_BY), &draft.operator),
        ] {
            paragraphs.push((format!("{label}: {value}"), theme.normal()));
        }
        let kept = theme.t(say::KEPT_FOR_GOOD);
        paragraphs.push((kept.to_owned(), theme.dim()));
        let keys = theme.t(say::PRESS_TO_SIGN);
        paragraphs.push((keys.to_owned(), theme.heading()));
        Self {
            view,
            title: theme.t(say::ASK_SIGN).to_owned(),
            paragraphs,
        }
    }

    fn lines(&self, width: u16) -> Vec<(String, Style)> {
        let room = usize::from(width.saturating_sub(4));
        let wrapped = |(words, style): &(String, Style)| {
            let lines = self.view.theme.wrap(words, room).into_iter();
            lines.map(|line| (line, *style)).collect::<Vec<_>>()
        };
        self.paragraphs.iter().flat_map(wrapped).collect()
    }

    /// Where it lies in `area`.
    pub(crate) fn place(&self, area: Rect) -> Rect {
        let width = area.width.saturating_sub(2).min(WIDEST);
        let height = (self.lines(width).len() as u16 + 2).min(area.height);
        Rect {
            x: area.x + (area.width - width) / 2,
            y: area.y + (area.height - height) / 2,
            width,
            height,
        }
    }
}

/// What has to be agreed to, in words.
fn agreement(theme: &Theme, agreement: &Agreement) -> String {
    let past = |alteration: &Alteration| {
        let (first, last) = alteration.span()?;
        Some(theme.say(&say::alters_days(
            alteration.day_count(),
            alteration.people.len(),
            first.to_string(),
            last.to_string(),
        )))
    };
    match agreement {
        Agreement::AltersThePast(alteration) => past(alteration).unwrap_or_default(),
        Agreement::Erases {
            name,
            code,
            alteration,
        } => {
            let words = theme.say(&say::erase_means(name.as_str(), code));
            match past(alteration) {
                Some(past) => format!("{words} {past}."),
                None => words,
            }
        }
        Agreement::AnotherPerson {
            whose, similarity, ..
        } => theme.say(&say::ask_another_all_the_same(whose.as_str(), *similarity)),
    }
}

/// What is done, in words.
fn deed(view: View<'_>, form: &CorrectionForm, draft: &CorrectionDraft) -> Vec<String> {
    let theme = view.theme;
    let say = |event: &AttendanceEvent| {
        let time = event.at.format("%H:%M:%S");
        format!("{} {time}", theme.sentence(&event.direction))
    };
    let old = form.event().map_or_else(String::new, say);
    match &draft.deed {
        Deed::Add {
            when, direction, ..
        } => {
            let new = format!("{} {}", theme.sentence(direction), when.format("%H:%M:%S"));
            vec![theme.say(&say::sign_add(&new))]
        }
        Deed::Void { .. } => vec![theme.say(&say::correct_void(&old))],
        Deed::Disown { .. } => vec![theme.say(&say::correct_disown(&old))],
        Deed::Change {
            change:
                Change {
                    when,
                    code,
                    direction,
                },
            ..
        } => {
            let mut lines = vec![theme.say(&say::correct_change(&old))];
            if let Some(at) = when {
                lines.push(theme.say(&say::sign_time(at.format("%H:%M:%S").to_string())));
            }
            if let Some(direction) = direction {
                lines.push(theme.say(&say::sign_direction(theme.sentence(direction))));
            }
            if let Some(code) = code {
                let name = person_of(view.station, code).map(|person| person.name.to_string());
                let whose = format!("{} ({code})", name.unwrap_or_default());
                lines.push(theme.say(&say::sign_person(&whose)));
            }
            lines
        }
    }
}

impl Widget for &DialogPanel<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        Clear.render(area, buf);
        let theme = self.view.theme;
        let room = usize::from(area.width.saturating_sub(4));
        let block = panel(theme, &theme.fit(&self.title, room)).border_style(theme.warning());
        let inner = block.inner(area);
        block.render(area, buf);
        let mut lines = self.lines(area.width);
        let height = usize::from(inner.height);
        // The keys are shown however low the window is.
        if lines.len() > height && height > 0 {
            let keys = lines.pop();
            lines.truncate(height - 1);
            lines.extend(keys);
        }
        for (y, (words, style)) in (inner.y..inner.bottom()).zip(lines) {
            buf.set_stringn(inner.x + 1, y, words, room, style);
        }
    }
}
