//! One person and everything that happened to them today, voided events too.

use crate::say;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use rollcall_messages::decimal;

use super::panel;
use crate::View;
use crate::theme::Theme;
use rollcall_core::attendance::{AttendanceEvent, Intervention};
use rollcall_core::person::Person;

/// The pane with its frame.
pub(crate) struct PersonDetail<'a> {
    pub(crate) view: View<'a>,
    pub(crate) person: Option<&'a Person>,
}

impl Widget for &PersonDetail<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.view.theme;
        let Some(person) = self.person else {
            panel(theme, theme.t(say::NOBODY_SELECTED)).render(area, buf);
            return;
        };
        let room = usize::from(area.width.saturating_sub(4));
        let block = panel(theme, &theme.fit(person.name.as_str(), room));
        let inner = block.inner(area);
        block.render(area, buf);
        let width = usize::from(inner.width);
        let mut lines = self.about(person, width);
        let events = self.view.station.events_of(person.id);
        if events.is_empty() {
            lines.push(Line::styled(
                theme.fit(theme.t(say::NO_EVENTS_TODAY), width),
                theme.dim(),
            ));
        }
        for event in events {
            let style = if event.void.is_some() {
                theme.dim()
            } else {
                theme.normal()
            };
            let words = theme.wrap(&describe(theme, event), width);
            lines.extend(words.into_iter().map(|words| Line::styled(words, style)));
        }
        for (y, line) in (inner.y..inner.bottom()).zip(lines) {
            buf.set_line(inner.x, y, &line, inner.width);
        }
    }
}

impl PersonDetail<'_> {
    fn about(&self, person: &Person, width: usize) -> Vec<Line<'static>> {
        let theme = self.view.theme;
        let separator = theme.marks().separator;
        let state = if person.active {
            theme.t(say::ACTIVE)
        } else {
            theme.t(say::INACTIVE_LONG)
        };
        let enrolled = person.created_at.format("%Y-%m-%d %H:%M").to_string();
        let templates = theme.say(&say::template_count(person.template_count));
        let about = theme.say(&say::person_facts(
            separator,
            &person.code,
            state,
            &templates,
            &enrolled,
        ));
        let lines = theme.wrap(&about, width).into_iter();
        lines
            .map(|words| Line::from(Span::styled(words, theme.strong())))
            .collect()
    }
}

/// "08:02:11 in, camera, similarity 0.71, live 0.98"
fn describe(theme: Theme, event: &AttendanceEvent) -> String {
    let mut parts = vec![
        format!(
            "{} {}",
            event.at.format("%H:%M:%S"),
            theme.sentence(&event.direction)
        ),
        theme.sentence(&event.source),
    ];
    parts.extend(
        event
            .similarity
            .map(|s| theme.say(&say::event_similarity(s))),
    );
    parts.extend(
        event
            .liveness
            .map(|l| theme.say(&say::event_live(decimal(l, 2)))),
    );
    parts.extend(event.signatures().map(|signature| {
        let at = signature.at.map_or_else(
            || theme.marks().dash.to_owned(),
            |at| at.format("%Y-%m-%d %H:%M").to_string(),
        );
        let (by, reason) = (&signature.by, &signature.reason);
        theme.say(&match signature.what {
            Intervention::Added => say::event_added(at, by, reason),
            Intervention::Replaced => say::event_corrected(at, by, reason),
            Intervention::Voided => say::event_voided(at, by, reason),
        })
    }));
    parts.join(", ")
}
