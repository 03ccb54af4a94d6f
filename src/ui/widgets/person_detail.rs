//! One person and everything that happened to them today, voided events too.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::panel;
use crate::core::attendance::AttendanceEvent;
use crate::core::person::Person;
use crate::ui::View;

/// The pane with its frame.
pub(crate) struct PersonDetail<'a> {
    pub(crate) view: View<'a>,
    pub(crate) person: Option<&'a Person>,
}

impl Widget for &PersonDetail<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.view.theme;
        let Some(person) = self.person else {
            panel(theme, "nobody selected").render(area, buf);
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
                theme.fit("no events today", width),
                theme.dim(),
            ));
        }
        for event in events {
            let style = if event.void.is_some() {
                theme.dim()
            } else {
                theme.normal()
            };
            let words = theme.wrap(&describe(event), width);
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
            "active"
        } else {
            "inactive: kept, but not recognised"
        };
        let enrolled = person.created_at.format("%Y-%m-%d %H:%M");
        let templates = match person.template_count {
            1 => "1 template".to_owned(),
            n => format!("{n} templates"),
        };
        let about = format!(
            "{} {separator} {state} {separator} {templates} {separator} enrolled {enrolled}",
            person.code
        );
        let lines = theme.wrap(&about, width).into_iter();
        lines
            .map(|words| Line::from(Span::styled(words, theme.strong())))
            .collect()
    }
}

/// "08:02:11 in, camera, similarity 0.71, live 0.98"
fn describe(event: &AttendanceEvent) -> String {
    let mut parts = vec![
        format!("{} {}", event.at.format("%H:%M:%S"), event.direction),
        event.source.to_string(),
    ];
    parts.extend(event.similarity.map(|s| format!("similarity {s}")));
    parts.extend(event.liveness.map(|l| format!("live {l:.2}")));
    let void = event.void.as_ref();
    parts.extend(void.map(|void| format!("VOIDED by {}: {}", void.by, void.reason)));
    parts.join(", ")
}
