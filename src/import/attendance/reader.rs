//! The rows of a table of punches, once it is known which column is what.

use chrono::{Days, NaiveDate, TimeDelta, Timelike as _};

use super::super::Calendar;
use super::super::columns::Field;
use super::super::dates::{Dates, Stamp, TimeOfDay, offset};
use super::super::directions::{Dictionary, Said};
use super::super::grid::{Grid, Record};
use super::super::hints::Hints;
use super::super::problem::{BadLine, ImportError};
use super::super::roster::Who;
use super::super::understood::Understood;
use super::layout::{Layout, Times, Way};
use super::{Punch, terminal};
use crate::core::attendance::Direction;
use crate::core::correction::When;

/// Reads rows into punches.
pub(super) struct Reader<'a> {
    layout: Layout,
    calendar: &'a Calendar<'a>,
    hints: &'a Hints,
    words: Dictionary,
    /// How the days beside the times are written.
    dates: Option<Dates>,
    /// How the days in a column of their own are written.
    date_column: Option<Dates>,
    /// How the days that punches count for are written.
    days: Option<Dates>,
    /// Whether times are said to be before or after noon.
    has_halves: bool,
    has_offsets: bool,
    /// Rows that say somebody was absent.
    pub(super) absences: usize,
    /// Rows whose person went after midnight.
    pub(super) past_midnight: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn of(
        layout: Layout,
        grid: &Grid,
        calendar: &'a Calendar<'a>,
        hints: &'a Hints,
    ) -> Result<Self, ImportError> {
        let rows = layout.columns.rows(grid);
        let column = |place: usize| rows.iter().map(move |record| filled(record.cell(place)));
        let title = |place: usize| layout.columns.title(place);
        let infer = |place: Option<usize>| -> Result<Option<Dates>, ImportError> {
            let Some(place) = place else {
                return Ok(None);
            };
            let days = column(place)
                .map(|cell| Stamp::split(cell).date)
                .filter(|day| !day.is_empty());
            match days.clone().next() {
                Some(_) => Dates::of(&days, hints.dates.as_ref(), &title(place)).map(Some),
                None => Ok(None),
            }
        };
        let times = time_columns(&layout);
        let stamps: Vec<Stamp<'_>> = times
            .iter()
            .flat_map(|place| column(*place))
            .filter(|cell| !cell.is_empty() && Stamp::epoch(cell).is_none())
            .map(|cell| stamp(cell, hints, layout.date))
            .collect();
        let beside = stamps
            .iter()
            .map(|stamp| stamp.date)
            .filter(|day| !day.is_empty());
        let dates = match beside.clone().next() {
            Some(_) => Some(Dates::of(&beside, hints.dates.as_ref(), &title(times[0]))?),
            None => None,
        };
        let read = |stamp: &Stamp<'_>| TimeOfDay::parse(stamp.time, hints.times.as_deref());
        let words = match layout.way {
            Way::Words(place) => Dictionary::of(hints, column(place)),
            _ => Dictionary::default(),
        };
        let reader = Self {
            date_column: infer(layout.date)?,
            days: infer(layout.columns.get(Field::Day))?,
            has_halves: stamps.iter().filter_map(read).any(|time| time.has_half),
            has_offsets: layout.columns.get(Field::UtcOffset).is_some()
                || stamps
                    .iter()
                    .filter_map(read)
                    .any(|time| !time.offset.is_empty()),
            dates,
            words,
            layout,
            calendar,
            hints,
            absences: 0,
            past_midnight: 0,
        };
        reader.ask_for_day(!stamps.is_empty())?;
        Ok(reader)
    }

    fn ask_for_day(&self, has_times: bool) -> Result<(), ImportError> {
        let has_day = self.dates.is_some() || self.date_column.is_some() || self.days.is_some();
        if has_day || self.hints.day.is_some() || !has_times {
            return Ok(());
        }
        let answer = match day_in(&self.hints.file_name) {
            Some(day) => format!("say it with --day, e.g. --day {day} as in the file's name"),
            None => "say it with --day, e.g. --day 2026-11-23".into(),
        };
        Err(ImportError::question(
            "its punches have a time and no day",
            answer,
        ))
    }

    pub(super) fn describe(&self, understood: &mut Understood) {
        let forms = [&self.dates, &self.date_column, &self.days];
        let mut forms: Vec<String> = forms.into_iter().flatten().map(Dates::describe).collect();
        forms.dedup();
        match (forms.is_empty(), self.hints.day) {
            (false, _) => understood.fact("days", forms.join(", ")),
            (true, Some(day)) => understood.fact("days", format!("{day}, as was said")),
            (true, None) => {}
        }
        understood.fact(
            "times",
            match (&self.hints.times, self.has_halves) {
                (Some(pattern), _) => pattern.as_str(),
                (None, true) => "with AM and PM",
                (None, false) => "24 hours",
            },
        );
        let zone = if self.has_offsets {
            "as the file says, else this station's"
        } else {
            "this station's"
        };
        understood.fact("zone", format!("{zone} ({})", self.calendar.zone));
    }

    pub(super) fn read(&mut self, grid: &Grid) -> (Vec<Punch>, Vec<BadLine>) {
        let (mut punches, mut bad) = (Vec::new(), Vec::new());
        let columns = self.layout.columns.clone();
        for record in columns.rows(grid) {
            match self.row(record, &mut punches) {
                Ok(()) => {}
                Err(problem) => bad.push(BadLine {
                    line: record.line,
                    problem,
                }),
            }
        }
        (punches, bad)
    }

    fn row(&mut self, record: &Record, punches: &mut Vec<Punch>) -> Result<(), String> {
        if let Some(problem) = self.layout.columns.uneven(record) {
            return Err(problem);
        }
        if self.cell(Field::Voided, record).is_some_and(is_yes) {
            return Err("it was voided: take the voided events out of the file".into());
        }
        let said = self.said(record)?;
        let has_time = time_columns(&self.layout)
            .iter()
            .any(|place| !filled(record.cell(*place)).is_empty());
        if said == Some(Said::Absent) && has_time {
            return Err("it says that somebody was absent, and has a time".into());
        }
        if !has_time
            && (said == Some(Said::Absent) || matches!(self.layout.times, Times::Pair { .. }))
        {
            self.absences += 1;
            return Ok(());
        }
        let who = self.who(record);
        let mut push = |when, direction| {
            punches.push(Punch {
                line: record.line,
                who: who.clone(),
                when,
                direction,
            });
        };
        match self.layout.times {
            Times::Single(place) => {
                let direction = match said {
                    Some(Said::Way(way)) => Some(way),
                    _ => None,
                };
                push(self.when(place, record, 0)?, direction);
            }
            Times::Pair { came, went } => {
                let is_filled = |place: &usize| !filled(record.cell(*place)).is_empty();
                let came = came
                    .filter(is_filled)
                    .map(|place| self.when(place, record, 0))
                    .transpose()?;
                let gone = went
                    .filter(is_filled)
                    .map(|place| self.going(place, record, came.as_ref()))
                    .transpose()?;
                if let Some(when) = came {
                    push(when, Some(Direction::In));
                }
                if let Some((when, is_next_day)) = gone {
                    push(when, Some(Direction::Out));
                    self.past_midnight += usize::from(is_next_day);
                }
            }
        }
        Ok(())
    }

    /// A time of going before that of coming is the next day's.
    fn going(
        &self,
        place: usize,
        record: &Record,
        came: Option<&When>,
    ) -> Result<(When, bool), String> {
        let when = self.when(place, record, 0)?;
        let Some(came) = came.filter(|came| when.at < came.at) else {
            return Ok((when, false));
        };
        let has_own_day = !stamp(record.cell(place), self.hints, self.layout.date)
            .date
            .is_empty();
        if has_own_day {
            return Err(format!(
                "the person went at {} and came at {}",
                when.at, came.at
            ));
        }
        Ok((self.when(place, record, 1)?, true))
    }

    fn said(&self, record: &Record) -> Result<Option<Said>, String> {
        let (place, said) = match self.layout.way {
            Way::Open => return Ok(None),
            Way::Words(place) => (place, self.words.read(record.cell(place))),
            Way::State(place) => (place, terminal::said(record.cell(place))),
        };
        let cell = record.cell(place);
        let is_optional = matches!(self.layout.times, Times::Pair { .. });
        match said {
            Some(said) => Ok(Some(said)),
            None if is_optional => Ok(None),
            None if cell.is_empty() => Err("the direction is empty".into()),
            None => Err(format!(
                "{cell:?} in the column {} is neither in nor out; say what it means with --in or --out",
                self.layout.columns.title(place)
            )),
        }
    }

    fn who(&self, record: &Record) -> Who {
        let cell = |place: Option<usize>| {
            place
                .map(|place| record.cell(place).to_owned())
                .unwrap_or_default()
        };
        Who {
            code: cell(self.layout.code),
            name: self
                .layout
                .names
                .map(|names| names.name(record))
                .unwrap_or_default(),
            either: cell(self.layout.either),
        }
    }

    fn cell<'r>(&self, field: Field, record: &'r Record) -> Option<&'r str> {
        let cell = record.cell(self.layout.columns.get(field)?);
        (!cell.is_empty()).then_some(cell)
    }

    /// The moment in a cell, so many days later, and the day that it counts for.
    fn when(&self, place: usize, record: &Record, later: u64) -> Result<When, String> {
        let cell = filled(record.cell(place));
        let title = self.layout.columns.title(place);
        if cell.is_empty() {
            return Err(format!("the time in the column {title} is empty"));
        }
        let (text, micros) = match Stamp::epoch(cell) {
            Some(at) => (at.format("%Y-%m-%d %H:%M:%S+00:00").to_string(), 0),
            None => self.wall_time(cell, &title, record, later)?,
        };
        let at = (self.calendar.parse_time)(&text)
            .map_err(|error| format!("column {title}: {error}"))?;
        let at = at + TimeDelta::microseconds(micros);
        let local_day = match self.cell(Field::Day, record) {
            Some(text) => day_of(self.days.as_ref(), Field::Day, text)?,
            None => (self.calendar.local_day)(&at),
        };
        Ok(When { at, local_day })
    }

    /// A moment as the station's own reader of times takes it, and the microseconds that it
    /// does not.
    fn wall_time(
        &self,
        cell: &str,
        title: &str,
        record: &Record,
        later: u64,
    ) -> Result<(String, i64), String> {
        let stamp = stamp(cell, self.hints, self.layout.date);
        if stamp.time.is_empty() {
            return Err(format!("{cell:?} in the column {title} has no time of day"));
        }
        let time = TimeOfDay::parse(stamp.time, self.hints.times.as_deref()).ok_or_else(|| {
            format!(
                "{:?} in the column {title} is no time of day; say how times are written with e.g. \
                 --times \"%H:%M-%S\"",
                stamp.time
            )
        })?;
        if self.has_halves && !time.has_half && (1..=12).contains(&time.time.hour()) {
            return Err(format!(
                "{cell:?} in the column {title} has no AM or PM, and others have"
            ));
        }
        let day = self.day(&stamp, cell, title, record)?;
        let day = day.checked_add_days(Days::new(later)).unwrap_or(day);
        let offset = match (time.offset.is_empty(), self.cell(Field::UtcOffset, record)) {
            (true, Some(text)) => offset(text, true)
                .ok_or_else(|| format!("the offset {text:?} is none; write it as +01:00"))?,
            _ => time.offset.clone(),
        };
        Ok((
            format!("{day} {}{offset}", time.time.format("%H:%M:%S")),
            time.micros(),
        ))
    }

    /// The day of a moment: its own, that of the row, or the one that was stated.
    fn day(
        &self,
        stamp: &Stamp<'_>,
        cell: &str,
        title: &str,
        record: &Record,
    ) -> Result<NaiveDate, String> {
        let of_row = self
            .layout
            .date
            .map(|place| record.cell(place))
            .filter(|text| !text.is_empty());
        let of_row = of_row
            .map(|text| {
                day_of(
                    self.date_column.as_ref(),
                    Field::Date,
                    Stamp::split(text).date,
                )
            })
            .transpose()?;
        if stamp.date.is_empty() {
            return match (of_row, self.cell(Field::Day, record), self.hints.day) {
                (None, Some(text), _) => day_of(self.days.as_ref(), Field::Day, text),
                (Some(day), _, _) | (None, None, Some(day)) => Ok(day),
                (None, None, None) => Err("the day is empty".into()),
            };
        }
        let own = self.dates.as_ref().and_then(|dates| dates.day(stamp.date));
        let own = own
            .ok_or_else(|| format!("{cell:?} in the column {title} has no day that can be read"))?;
        match of_row {
            Some(day) if day != own => Err(format!("it says two days, {day} and {own}")),
            _ => Ok(own),
        }
    }
}

fn day_of(dates: Option<&Dates>, field: Field, text: &str) -> Result<NaiveDate, String> {
    let day = dates.and_then(|dates| dates.day(text));
    day.ok_or_else(|| {
        format!(
            "{text:?} in the column {} is no day; write it as 2026-11-23",
            field.name()
        )
    })
}

fn time_columns(layout: &Layout) -> Vec<usize> {
    match layout.times {
        Times::Single(place) => vec![place],
        Times::Pair { came, went } => came.into_iter().chain(went).collect(),
    }
}

/// A cell of a moment. With a form of its own and its day elsewhere, all of it is a time.
fn stamp<'c>(cell: &'c str, hints: &Hints, date: Option<usize>) -> Stamp<'c> {
    if hints.times.is_some() && (date.is_some() || hints.day.is_some()) {
        return Stamp {
            date: "",
            time: cell,
        };
    }
    Stamp::split(cell)
}

/// What programs write where there is nothing is nothing.
fn filled(cell: &str) -> &str {
    let nothing = [
        "-", "--", "---", "n/a", "na", "null", "none", "nan", "nat", "\\n",
    ];
    if nothing.contains(&cell.to_ascii_lowercase().as_str()) {
        ""
    } else {
        cell
    }
}

fn is_yes(cell: &str) -> bool {
    ["yes", "si", "sí", "true", "1"].contains(&cell.to_lowercase().as_str())
}

/// The one day in the name of a file.
fn day_in(name: &str) -> Option<NaiveDate> {
    let parts = (0..name.len()).filter_map(|start| name.get(start..start + 10));
    let mut days = parts.filter_map(|part| part.replace('_', "-").parse::<NaiveDate>().ok());
    days.next().filter(|_| days.next().is_none())
}
