//! A report in lines: calibration, audit trail, doctor.

use crate::say;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use rollcall_messages::Text;

use super::Behaviour;
use super::{draw_filter, draw_words};
use crate::View;
use crate::app::{Action, App, ask};
use crate::command::Deed;
use crate::input::Key;
use crate::page::PageKey;
use crate::text;
use crate::widgets::hints::{ALL, ESC, FILTER, FIND, HELP_KEY, Hint, K, PAGES, YES_OR_NO, d};
use crate::widgets::panel;
use rollcall_core::frame::Moment;
use rollcall_protocol::{Health, PageLine};
use rollcall_protocol::{PageKind, Question, StationView};

/// Widest column of what lines are about.
const MOST_TERM: usize = 24;

/// In a narrower window it stands on its own line.
const SIDE_BY_SIDE: u16 = 60;

const CALIBRATION: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (d(Deed::Propose), say::HINT_WRITE_THRESHOLD, 1),
    (K("Enter"), say::HINT_READ_AGAIN, 3),
    (PAGES, say::HINT_SCROLL, 4),
    (ALL, say::HINT_ALL, 3),
    (HELP_KEY, say::HELP, 0),
];

const PAGE: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (FIND, say::FILTER_LABEL, 2),
    (K("Enter"), say::HINT_READ_AGAIN, 3),
    (PAGES, say::HINT_SCROLL, 4),
    (ALL, say::HINT_ALL, 3),
    (HELP_KEY, say::HELP, 0),
];

/// A report in lines.
pub(super) struct PageScreen(pub(super) PageKind);

impl Behaviour for PageScreen {
    fn name(&self) -> Text {
        match self.0 {
            PageKind::Calibration => say::CALIBRATION,
            PageKind::Audit => say::AUDIT,
            PageKind::Doctor => say::DOCTOR,
        }
    }

    fn draw(&self, frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
        let theme = view.theme;
        let page = &view.app.page;
        let block = panel(theme, theme.t(self.name()));
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let question_height = u16::from(page.is_confirming);
        let [filter, body, question] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(question_height),
        ])
        .areas(inner);
        draw_filter(frame, view, &page.filter, filter);
        if page.is_confirming {
            let words = theme.t(say::ASK_WRITE_THRESHOLD);
            let words = theme.fit(words, usize::from(question.width));
            frame.render_widget(Line::styled(words, theme.warning()), question);
        }
        match page.shown() {
            None => draw_words(frame, view, theme.t(say::READING_RECORDS), body),
            Some(Err(error)) => draw_words(frame, view, &theme.say(error), body),
            Some(Ok(lines)) if lines.is_empty() => {
                let words = if page.filter.is_empty() {
                    theme.t(say::NOTHING_YET)
                } else {
                    theme.t(say::NOTHING_MATCHES)
                };
                draw_words(frame, view, words, body);
            }
            Some(Ok(lines)) => draw_lines(frame, view, (self.0, &lines), body),
        }
    }

    fn hints(&self, view: View<'_>) -> &'static [Hint] {
        let page = &view.app.page;
        if page.filter.is_typing() {
            FILTER
        } else if page.is_confirming {
            YES_OR_NO
        } else if self.0 == PageKind::Calibration {
            CALIBRATION
        } else {
            PAGE
        }
    }

    fn key(&self, app: &mut App, key: Key, _: &StationView, _: &Moment) -> Option<Vec<Action>> {
        match app.page.handle(key) {
            PageKey::Pass => None,
            PageKey::Taken => Some(Vec::new()),
            PageKey::WriteThreshold => {
                let shown = app.page.lines();
                Some(vec![ask(Question::WriteThreshold(shown))])
            }
        }
    }

    fn is_typing(&self, app: &App) -> bool {
        app.page.filter.is_typing()
    }

    fn is_asking(&self, app: &App) -> bool {
        app.page.is_confirming
    }

    fn paste(&self, app: &mut App, text: &str, _: &StationView) {
        app.page.filter.paste(text);
    }

    fn due(&self, app: &mut App, _: &StationView) -> Option<Question> {
        app.page.due().map(Question::Page)
    }

    fn enter(&self, app: &mut App) {
        app.page.open(self.0);
    }
}

fn draw_lines(
    frame: &mut Frame<'_>,
    view: View<'_>,
    (kind, lines): (PageKind, &[&PageLine]),
    area: Rect,
) {
    let theme = view.theme;
    let term = |line: &PageLine| theme.sentence(&line.term);
    let widest = lines.iter().map(|line| text::width(&term(line))).max();
    let term_width = match widest.unwrap_or(0) {
        0 => 0,
        widest if area.width >= SIDE_BY_SIDE => widest.min(MOST_TERM) + 1,
        _ => 2,
    };
    let mut y = area.y;
    for line in lines.iter().skip(view.app.page.scroll) {
        let (style, mark) = match line.health {
            None => (theme.normal(), ""),
            Some(Health::Good) => (theme.good(), ""),
            // The colour says nothing alone.
            Some(Health::Warning) => (theme.warning(), "! "),
            Some(Health::Bad) => (theme.bad(), "!! "),
        };
        // The trail is evidence: it is shown as it was written.
        let words = if kind == PageKind::Audit {
            line.words.to_string()
        } else {
            format!("{mark}{}", theme.sentence(&line.words))
        };
        let term = term(line);
        let room = usize::from(area.width).saturating_sub(term_width);
        let is_above = term_width == 2 && !term.is_empty();
        if is_above && y < area.bottom() {
            let line = Line::styled(theme.fit(&term, usize::from(area.width)), theme.dim());
            frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
            y += 1;
        }
        let words = if line.is_drawn {
            vec![theme.fit(&words, room)]
        } else {
            theme.wrap(&words, room)
        };
        for (index, words) in words.into_iter().enumerate() {
            if y >= area.bottom() {
                return;
            }
            let beside = if index == 0 && !is_above {
                theme.fit(&term, term_width.saturating_sub(1))
            } else {
                String::new()
            };
            let gap = " ".repeat(term_width.saturating_sub(text::width(&beside)));
            let spans = vec![
                Span::styled(format!("{beside}{gap}"), theme.dim()),
                Span::styled(words, style),
            ];
            frame.render_widget(Line::from(spans), Rect::new(area.x, y, area.width, 1));
            y += 1;
        }
    }
}
