//! Today's table: who is in, since when, for how long.

use crate::say;
use rollcall_messages::Text;
use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Row, Table, Widget};

use super::{Column, columns_that_fit, lengths};
use crate::View;
use crate::listing::first_shown;
use crate::text;
use crate::theme::Theme;
use rollcall_core::today::TodayRow;
use rollcall_core::worktime::{DayState, Flag};

/// The rows, as many columns as fit.
pub(crate) struct AttendanceTable<'a> {
    pub(crate) view: View<'a>,
    pub(crate) rows: &'a [TodayRow<'a>],
    /// The row the keys act on, where they act on rows.
    pub(crate) selected: Option<usize>,
    pub(crate) detail: Detail,
}

/// How much is shown of each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What an operator asks for at a glance.
    Glance,
    /// Everything.
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    In,
    Out,
    Code,
    Name,
    Hours,
    Late,
    State,
    LookAt,
    Last,
    Source,
    Similarity,
    Liveness,
}

const fn column(kind: Kind, heading: Text, width: u16, rank: u8) -> Column<Kind> {
    Column {
        kind,
        heading,
        width: Some(width),
        rank,
    }
}

const NAME: Column<Kind> = Column {
    kind: Kind::Name,
    heading: say::HEADING_NAME,
    width: None,
    rank: 0,
};

const GLANCE: [Column<Kind>; 5] = [
    column(Kind::In, say::HEADING_IN, 5, 0),
    column(Kind::Out, say::HEADING_OUT, 5, 2),
    NAME,
    column(Kind::Hours, say::HEADING_HOURS, 5, 1),
    column(Kind::State, say::HEADING_STATE, 11, 0),
];

const FULL: [Column<Kind>; 12] = [
    column(Kind::In, say::HEADING_IN, 5, 0),
    column(Kind::Out, say::HEADING_OUT, 5, 2),
    column(Kind::Code, say::HEADING_CODE, 8, 4),
    NAME,
    column(Kind::Hours, say::HEADING_HOURS, 5, 1),
    column(Kind::Late, say::HEADING_LATE, 5, 3),
    column(Kind::State, say::HEADING_STATE, 11, 0),
    column(Kind::Last, say::HEADING_LAST, 8, 5),
    column(Kind::LookAt, say::HEADING_TO_CHECK, 19, 6),
    column(Kind::Source, say::HEADING_BY, 6, 6),
    column(Kind::Similarity, say::HEADING_SIMILARITY, 4, 7),
    column(Kind::Liveness, say::HEADING_LIVE, 4, 8),
];

/// How long an event counts as having just happened.
const JUST_NOW: TimeDelta = TimeDelta::seconds(10);

/// "today · 12 of 31 in"
pub(crate) fn today_title(view: View<'_>) -> String {
    let rows = view.station.today(&view.status.now);
    let inside = rows
        .iter()
        .filter(|row| row.report.state == DayState::In)
        .count();
    let separator = view.theme.marks().separator;
    view.theme
        .say(&say::today_titled(separator, inside, rows.len()))
}

impl Widget for &AttendanceTable<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.view.theme;
        let all: &[Column<Kind>] = match self.detail {
            Detail::Glance => &GLANCE,
            Detail::Full => &FULL,
        };
        let columns = columns_that_fit(all, area.width);
        let height = usize::from(area.height.saturating_sub(1));
        let selected = self.selected.unwrap_or(0);
        let first = first_shown(self.rows.len(), selected, height);
        let rows = self.rows.iter().enumerate().skip(first).take(height);
        let rows = rows.map(|(index, row)| {
            let cells = columns
                .iter()
                .map(|(column, width)| theme.fit(&self.cell(row, column.kind), (*width).into()));
            let style = self.style(row);
            Row::new(cells).style(if self.selected == Some(index) {
                theme.selected()
            } else {
                style
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

impl AttendanceTable<'_> {
    fn cell(&self, row: &TodayRow<'_>, kind: Kind) -> String {
        let dash = || self.view.theme.marks().dash.to_owned();
        let clock = |at: Option<DateTime<FixedOffset>>| {
            at.map_or_else(dash, |at| at.format("%H:%M").to_string())
        };
        let last = row.last_event;
        match kind {
            Kind::In => clock(row.report.first_in),
            // Somebody who has come back has not left.
            Kind::Out if row.report.state == DayState::In => dash(),
            Kind::Out => clock(row.report.last_out),
            Kind::Code => row.person.code.as_str().to_owned(),
            Kind::Name => row.person.name.as_str().to_owned(),
            Kind::Hours if row.report.sessions.is_empty() => dash(),
            Kind::Hours => hours(row.report.worked),
            Kind::Late if row.report.late.is_zero() => dash(),
            Kind::Late => hours(row.report.late),
            Kind::LookAt => flags(self.view.theme, &row.report.flags),
            Kind::State if self.is_just_now(row) => self
                .view
                .theme
                .say(&say::arrow_just_now(self.view.theme.marks().arrow)),
            Kind::State => match row.report.state {
                DayState::Free => dash(),
                // A mark, because there is no room for words; the full table has them.
                state if !row.report.flags.is_empty() => {
                    format!("{} !", self.view.theme.t(state_word(state)))
                }
                state => self.view.theme.t(state_word(state)).to_owned(),
            },
            Kind::Last => last.map_or_else(dash, |e| e.at.format("%H:%M:%S").to_string()),
            Kind::Source => last.map_or_else(dash, |e| self.view.theme.sentence(&e.source)),
            Kind::Similarity => last
                .and_then(|e| e.similarity)
                .map_or_else(dash, |s| self.view.theme.number(s.0, 2)),
            Kind::Liveness => last
                .and_then(|e| e.liveness)
                .map_or_else(dash, |l| self.view.theme.number(l, 2)),
        }
    }

    fn style(&self, row: &TodayRow<'_>) -> Style {
        let theme = self.view.theme;
        match row.report.state {
            _ if self.is_just_now(row) => theme.good().patch(theme.strong()),
            DayState::In => theme.normal(),
            DayState::Overdue | DayState::Absent => theme.warning(),
            DayState::Free | DayState::Expected | DayState::Out => theme.dim(),
        }
    }

    fn is_just_now(&self, row: &TodayRow<'_>) -> bool {
        row.last_event.is_some_and(|event| {
            let age = self.view.status.now.wall - event.at;
            age >= TimeDelta::zero() && age < JUST_NOW
        })
    }
}

/// Where somebody stands, to be looked up.
pub(crate) fn state_word(state: DayState) -> Text {
    match state {
        DayState::Free => say::STATE_FREE,
        DayState::Expected => say::STATE_EXPECTED,
        DayState::Overdue => say::STATE_OVERDUE,
        DayState::Absent => say::STATE_ABSENT,
        DayState::In => say::STATE_IN,
        DayState::Out => say::STATE_OUT,
    }
}

/// What somebody has to look at, in words.
pub(super) fn flags(theme: Theme, flags: &BTreeSet<Flag>) -> String {
    let words: Vec<String> = flags.iter().map(|flag| theme.sentence(flag)).collect();
    words.join(", ")
}

/// "7:05": hours and minutes.
pub(crate) fn hours(worked: Duration) -> String {
    let minutes = worked.as_secs() / 60;
    format!("{}:{:02}", minutes / 60, minutes % 60)
}
