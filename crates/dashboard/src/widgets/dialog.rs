//! A question or a word over the screen, and what is about to be signed.

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
                theme.t("End the station?"),
                Cow::from(theme.t("No attendance is taken until it is started again.")),
                theme.t("Press y to end it; any other key goes on"),
            ),
            Dialog::Restart => (
                theme.t("Start the station again?"),
                theme
                    .t("Settings that are not in use yet are used then. It takes a few seconds; punches that were shown are kept.")
                    .into(),
                theme.t("Press y to start it again; any other key goes on"),
            ),
            Dialog::Agree(asked) => (
                theme.t("Is that meant?"),
                agreement(&theme, &asked.agreement).into(),
                theme.t("Press y if it is; any other key changes nothing"),
            ),
            Dialog::Notice(words) => (
                theme.t("not now"),
                theme.t(words).into(),
                theme.t("Press Enter to go on"),
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
            || theme.t("nobody").to_owned(),
            |person| format!("{} ({})", person.name, person.code),
        );
        let day = theme.day(form.day, "%a %-d %b %Y");
        let mut paragraphs = vec![(format!("{whose}, {day}"), theme.strong())];
        let deeds = deed(view, form, draft);
        paragraphs.extend(deeds.into_iter().map(|words| (words, theme.strong())));
        for (label, value) in [
            (theme.t("Reason"), &draft.reason),
            (theme.t("Signed by"), &draft.operator),
        ] {
            paragraphs.push((format!("{label}: {value}"), theme.normal()));
        }
        let kept = theme.t("This is kept in the audit trail for good.");
        paragraphs.push((kept.to_owned(), theme.dim()));
        let keys = theme.t("Press y to sign it; Esc goes back to the form");
        paragraphs.push((keys.to_owned(), theme.heading()));
        Self {
            view,
            title: theme.t("sign this correction?").to_owned(),
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
        Some(theme.fill(
            "Days that have passed would come out otherwise: {}, of people: {}, {} to {}",
            &[
                &alteration.day_count(),
                &alteration.people.len(),
                &first,
                &last,
            ],
        ))
    };
    match agreement {
        Agreement::AltersThePast(alteration) => past(alteration).unwrap_or_default(),
        Agreement::Erases {
            name,
            code,
            alteration,
        } => {
            let mut words = theme.fill(
                "Name, pictures and templates of {} ({}) are erased for good; the punches stay under the code.",
                &[name, code],
            );
            if let Some(past) = past(alteration) {
                words = format!("{words} {past}.");
            }
            words
        }
        Agreement::AnotherPerson {
            whose, similarity, ..
        } => theme.fill(
            "This face is already enrolled as {}, similarity {}. Is it another person all the same, such as a twin?",
            &[whose, similarity],
        ),
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
            vec![theme.fill("add a punch: {}", &[&new])]
        }
        Deed::Void { .. } => vec![theme.fill("void {}", &[&old])],
        Deed::Disown { .. } => vec![theme.fill("not this person: {}", &[&old])],
        Deed::Change {
            change:
                Change {
                    when,
                    code,
                    direction,
                },
            ..
        } => {
            let mut lines = vec![theme.fill("change {}", &[&old])];
            if let Some(at) = when {
                lines.push(theme.fill("new time: {}", &[&at.format("%H:%M:%S")]));
            }
            if let Some(direction) = direction {
                lines.push(theme.fill("new direction: {}", &[&theme.sentence(direction)]));
            }
            if let Some(code) = code {
                let name = person_of(view.station, code).map(|person| person.name.to_string());
                let whose = format!("{} ({code})", name.unwrap_or_default());
                lines.push(theme.fill("new person: {}", &[&whose]));
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
