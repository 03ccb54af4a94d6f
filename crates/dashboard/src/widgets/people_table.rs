//! Everybody the station knows.

use crate::say;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Row, Table, Widget};
use rollcall_messages::Text;

use super::{Column, columns_that_fit, lengths};
use crate::View;
use crate::listing::first_shown;
use crate::text;
use rollcall_core::person::Person;

/// The rows, as many columns as fit.
pub(crate) struct PeopleTable<'a> {
    pub(crate) view: View<'a>,
    pub(crate) people: &'a [&'a Person],
    pub(crate) selected: usize,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Code,
    Name,
    State,
    Templates,
    Enrolled,
    Seen,
}

const fn column(kind: Kind, heading: Text, width: u16, rank: u8) -> Column<Kind> {
    Column {
        kind,
        heading,
        width: Some(width),
        rank,
    }
}

const COLUMNS: [Column<Kind>; 6] = [
    column(Kind::Code, say::HEADING_CODE, 10, 0),
    Column {
        kind: Kind::Name,
        heading: say::HEADING_NAME,
        width: None,
        rank: 0,
    },
    column(Kind::State, say::HEADING_STATE, 8, 2),
    column(Kind::Templates, say::HEADING_TEMPLATES, 9, 4),
    column(Kind::Enrolled, say::HEADING_ENROLLED, 10, 3),
    column(Kind::Seen, say::HEADING_TODAY, 9, 1),
];

impl Widget for &PeopleTable<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.view.theme;
        let columns = columns_that_fit(&COLUMNS, area.width);
        let height = usize::from(area.height.saturating_sub(1));
        let first = first_shown(self.people.len(), self.selected, height);
        let people = self.people.iter().enumerate().skip(first).take(height);
        let rows = people.map(|(index, person)| {
            let cells = columns
                .iter()
                .map(|(column, width)| theme.fit(&self.cell(person, column.kind), (*width).into()));
            Row::new(cells).style(match (index == self.selected, person.active) {
                (true, _) => theme.selected(),
                (false, true) => theme.normal(),
                (false, false) => theme.dim(),
            })
        });
        let headings = columns.iter().map(|(column, width)| {
            text::head(theme.t(column.heading), usize::from(*width)).to_owned()
        });
        let table = Table::new(rows, lengths(&columns))
            .header(Row::new(headings).style(theme.strong()))
            .column_spacing(1);
        Widget::render(table, area, buf);
    }
}

impl PeopleTable<'_> {
    fn cell(&self, person: &Person, kind: Kind) -> String {
        match kind {
            Kind::Code => person.code.as_str().to_owned(),
            Kind::Name => person.name.as_str().to_owned(),
            Kind::State if person.active => self.view.theme.t(say::ACTIVE).to_owned(),
            Kind::State => self.view.theme.t(say::INACTIVE).to_owned(),
            Kind::Templates => person.template_count.to_string(),
            Kind::Enrolled => person.created_at.format("%Y-%m-%d").to_string(),
            Kind::Seen => {
                let events = self.view.station.events_of(person.id);
                let last = events.iter().rev().find(|e| e.void.is_none());
                last.map_or_else(
                    || self.view.theme.marks().dash.to_owned(),
                    |e| {
                        let direction = self.view.theme.sentence(&e.direction);
                        format!("{} {direction}", e.at.format("%H:%M"))
                    },
                )
            }
        }
    }
}
