//! Many days of many people: a mark for each day, and the sums.

use crate::language::DateForm;
use crate::say;
use rollcall_messages::Text;
use std::fmt::Write as _;
use std::time::Duration;

use chrono::{Datelike, NaiveDate};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::attendance_table::{flags, hours};
use super::panel;
use crate::View;
use crate::listing::first_shown;
use crate::theme::Theme;
use rollcall_core::worktime::period::{PersonDays, WorkDay};
use rollcall_core::worktime::totals::Totals;
use rollcall_core::worktime::{DayReport, DayState};
use rollcall_protocol::ReportQuery;

/// Cells a day takes where there is room for its hours.
const WIDE_DAY: u16 = 7;

/// Cells the name gets at least.
const LEAST_NAME: u16 = 12;

/// One row for each person.
pub(crate) struct ReportTable<'a> {
    pub(crate) view: View<'a>,
    pub(crate) query: ReportQuery,
    pub(crate) people: &'a [&'a PersonDays],
    pub(crate) selected: usize,
}

/// The days of one person that there is something to say of.
pub(crate) struct PersonReport<'a> {
    pub(crate) view: View<'a>,
    pub(crate) person: &'a PersonDays,
}

/// A sum at the end of a row.
struct Sum {
    heading: Text,
    width: u16,
    value: fn(&Totals) -> String,
}

/// The more important first.
const SUMS: [Sum; 5] = [
    Sum {
        heading: say::HEADING_HOURS,
        width: 6,
        value: |totals| hours(totals.worked),
    },
    Sum {
        heading: say::HEADING_CHECK,
        width: 4,
        value: |totals| count(totals.days_flagged),
    },
    Sum {
        heading: say::HEADING_ABSENT_DAYS,
        width: 3,
        value: |totals| count(totals.days_absent),
    },
    Sum {
        heading: say::HEADING_LATE,
        width: 4,
        value: |totals| count(totals.days_late),
    },
    Sum {
        heading: say::HEADING_OVERTIME,
        width: 6,
        value: |totals| {
            if totals.overtime.is_zero() {
                String::new()
            } else {
                hours(totals.overtime)
            }
        },
    },
];

/// How the cells of a row are shared out.
struct Columns {
    name: u16,
    day: u16,
    sums: &'static [Sum],
}

impl Columns {
    fn fit(width: u16, days: u16) -> Self {
        let needed = |day: u16, sums: &[Sum]| {
            LEAST_NAME + 1 + days * day + sums.iter().map(|sum| sum.width + 1).sum::<u16>()
        };
        let wide = if days <= 7 { WIDE_DAY } else { 1 };
        // Fewer sums before narrower days, but the hours always.
        let day = if needed(wide, &SUMS[..3]) <= width {
            wide
        } else {
            1
        };
        let sums = (1..=SUMS.len())
            .rev()
            .map(|n| &SUMS[..n])
            .find(|sums| needed(day, sums) <= width)
            .unwrap_or(&SUMS[..1]);
        let spare = width.saturating_sub(needed(day, sums));
        Self {
            name: LEAST_NAME + spare.min(24),
            day,
            sums,
        }
    }
}

impl Widget for &ReportTable<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let days = self.days(area.width);
        let columns = Columns::fit(area.width, days.len() as u16);
        let mut lines = vec![self.heading(&columns, &days)];
        let height = usize::from(area.height.saturating_sub(1));
        let first = first_shown(self.people.len(), self.selected, height);
        for (index, person) in self.people.iter().enumerate().skip(first).take(height) {
            let is_selected = index == self.selected;
            let line = self.row(person, (&columns, &days), is_selected);
            lines.push(if is_selected {
                line.patch_style(self.view.theme.selected())
            } else {
                line
            });
        }
        for (y, line) in (area.y..area.bottom()).zip(lines) {
            buf.set_line(area.x, y, &line, area.width);
        }
    }
}

impl ReportTable<'_> {
    /// The days of the period; where there is no room for all, the latest that have begun.
    fn days(&self, width: u16) -> Vec<NaiveDate> {
        let ReportQuery { from, to } = self.query;
        let mut days: Vec<NaiveDate> = from.iter_days().take_while(|day| *day <= to).collect();
        let room = usize::from(width.saturating_sub(LEAST_NAME + 1 + SUMS[0].width + 1)).max(1);
        if days.len() > room {
            let today = self.view.station.local_day();
            let marked = days.iter().position(|day| *day == self.marked());
            days.retain(|day| *day <= today);
            // The marked one is always among them.
            let latest = days.len().saturating_sub(room);
            days.drain(..latest.min(marked.unwrap_or(latest)));
            days.truncate(room);
        }
        days
    }

    /// The day the keys act on.
    fn marked(&self) -> NaiveDate {
        let today = self.view.station.local_day();
        self.view.app.reports.marked(today)
    }

    fn heading(&self, columns: &Columns, days: &[NaiveDate]) -> Line<'static> {
        let theme = self.view.theme;
        let name = format!(
            "{:<width$} ",
            theme.t(say::HEADING_NAME),
            width = usize::from(columns.name)
        );
        let mut spans = vec![Span::raw(name)];
        for day in days {
            let label = if columns.day == 1 {
                (day.day() % 10).to_string()
            } else {
                theme.day(*day, DateForm::WeekdayDay)
            };
            let gap = usize::from(columns.day).saturating_sub(crate::text::width(&label));
            let style = if *day == self.marked() {
                theme.selected()
            } else {
                theme.strong()
            };
            spans.push(Span::styled(label, style));
            spans.push(Span::raw(" ".repeat(gap)));
        }
        // Writing to a string does not fail.
        let mut text = String::new();
        for sum in columns.sums {
            let _ = write!(
                text,
                " {:>width$}",
                sum.heading,
                width = usize::from(sum.width)
            );
        }
        spans.push(Span::raw(text));
        Line::from(spans).style(theme.strong())
    }

    fn row(
        &self,
        person: &PersonDays,
        (columns, days): (&Columns, &[NaiveDate]),
        is_selected: bool,
    ) -> Line<'static> {
        let theme = self.view.theme;
        let name = theme.fit(person.person.name.as_str(), columns.name.into());
        let gap = usize::from(columns.name).saturating_sub(crate::text::width(&name)) + 1;
        let mut spans = vec![Span::raw(format!("{name}{}", " ".repeat(gap)))];
        for day in days {
            let known = person.days.iter().find(|known| known.day == *day);
            let (mut mark, mut style) = self.mark(known, columns.day > 1);
            let width = usize::from(columns.day);
            if is_selected && *day == self.marked() {
                // It stands out of the row that stands out.
                style = style.remove_modifier(Modifier::REVERSED);
                if columns.day > 1 {
                    mark = format!("[{mark}]");
                }
            }
            spans.push(Span::styled(format!("{mark:<width$}"), style));
        }
        let totals = Totals::of(person.days.iter().map(|day| &day.report));
        for sum in columns.sums {
            let value = (sum.value)(&totals);
            spans.push(Span::raw(format!(
                " {value:>width$}",
                width = usize::from(sum.width)
            )));
        }
        Line::from(spans)
    }

    /// Hours in one digit or in full, or why there are none.
    fn mark(&self, day: Option<&WorkDay>, wide: bool) -> (String, Style) {
        let theme = self.view.theme;
        let Some(WorkDay { report, .. }) = day else {
            return (theme.marks().separator.to_owned(), theme.dim());
        };
        let style = match report.state {
            DayState::Absent => theme.bad(),
            _ if !report.flags.is_empty() => theme.warning(),
            _ if !report.late.is_zero() || !report.early.is_zero() => theme.warning(),
            DayState::Overdue => theme.warning(),
            DayState::Expected | DayState::Free => theme.dim(),
            DayState::In | DayState::Out => theme.good(),
        };
        let mark = match report.state {
            DayState::Absent => theme
                .t(if wide {
                    say::CELL_ABSENT
                } else {
                    say::CELL_ABSENT_SHORT
                })
                .to_owned(),
            DayState::Overdue => if wide { theme.t(say::REMARK_LATE) } else { "?" }.to_owned(),
            DayState::Expected | DayState::Free => theme.marks().separator.to_owned(),
            DayState::In | DayState::Out if wide => {
                let look = if report.flags.is_empty() { "" } else { "!" };
                format!("{}{look}", presence_or_hours(report, theme.marks().tick))
            }
            DayState::In | DayState::Out if !report.flags.is_empty() => "!".to_owned(),
            DayState::In | DayState::Out => digit(report),
        };
        (mark, style)
    }
}

impl Widget for &PersonReport<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.view.theme;
        let person = &self.person.person;
        let room = usize::from(area.width.saturating_sub(4));
        let title = format!("{} ({})", person.name, person.code);
        let block = panel(theme, &theme.fit(&title, room));
        let inner = block.inner(area);
        block.render(area, buf);
        let width = usize::from(inner.width);
        let mut lines: Vec<Line<'_>> = self
            .person
            .days
            .iter()
            .filter_map(|day| Some((day, remarks(theme, day)?)))
            .map(|(day, remarks)| {
                let words = format!(
                    "{} {}: {remarks}",
                    theme.day(day.day, DateForm::AlignedWeekdayDay),
                    times(theme, day)
                );
                Line::raw(theme.fit(&words, width))
            })
            .collect();
        if lines.is_empty() {
            let words = theme.fit(theme.t(say::NOTHING_TO_CHECK), width);
            lines.push(Line::styled(words, theme.dim()));
        }
        let hidden = lines.len().saturating_sub(usize::from(inner.height));
        if hidden > 0 && inner.height > 0 {
            let last = usize::from(inner.height) - 1;
            lines.truncate(last);
            let words = theme.say(&say::and_more_days(hidden + 1));
            lines.push(Line::styled(theme.fit(&words, width), theme.dim()));
        }
        for (y, line) in (inner.y..inner.bottom()).zip(lines) {
            buf.set_line(inner.x, y, &line, inner.width);
        }
    }
}

/// "08:02 to 17:00, 8:28; late 0:02"
pub(crate) fn times_and_remarks(theme: Theme, day: &WorkDay) -> String {
    match remarks(theme, day) {
        Some(remarks) => format!("{}; {remarks}", times(theme, day)),
        None => times(theme, day),
    }
}

/// "08:02 to 17:00, 8:28"
fn times(theme: Theme, day: &WorkDay) -> String {
    let time = |at: Option<chrono::DateTime<chrono::FixedOffset>>| {
        at.map_or_else(|| "-".to_owned(), |at| at.format("%H:%M").to_string())
    };
    theme.say(&say::worked_from_to(
        time(day.report.first_in),
        time(day.report.last_out),
        hours(day.report.worked),
    ))
}

/// What there is to say of a day, if anything.
fn remarks(theme: Theme, day: &WorkDay) -> Option<String> {
    let report = &day.report;
    let mut remarks = Vec::new();
    if report.state == DayState::Absent {
        remarks.push(theme.t(say::REMARK_ABSENT).to_owned());
    }
    for (name, time) in [
        (say::REMARK_LATE, report.late),
        (say::REMARK_EARLY, report.early),
        (say::REMARK_OVER, report.overtime),
    ] {
        if time >= Duration::from_mins(1) {
            remarks.push(format!("{} {}", theme.t(name), hours(time)));
        }
    }
    if !report.flags.is_empty() {
        remarks.push(flags(theme, &report.flags));
    }
    let last = day.signatures().max_by_key(|signature| signature.at);
    remarks.extend(last.map(|signature| {
        let at = signature.at.map_or_else(
            || theme.marks().dash.to_owned(),
            |at| at.format("%Y-%m-%d %H:%M").to_string(),
        );
        theme.say(&say::event_corrected_briefly(&at, signature.by))
    }));
    (!remarks.is_empty()).then(|| remarks.join(", "))
}

/// With presence only, that somebody came is all there is.
fn presence_or_hours(report: &DayReport, tick: &str) -> String {
    if report.sessions.is_empty() {
        tick.to_owned()
    } else {
        hours(report.worked)
    }
}

/// Hours to the nearest; `+` for ten and more.
fn digit(report: &DayReport) -> String {
    if report.sessions.is_empty() {
        return "x".to_owned();
    }
    let rounded = (report.worked.as_secs() + 1800) / 3600;
    match rounded {
        0..10 => rounded.to_string(),
        _ => "+".to_owned(),
    }
}

/// Nothing for none, so that what is there stands out.
fn count(days: u32) -> String {
    match days {
        0 => String::new(),
        days => days.to_string(),
    }
}
