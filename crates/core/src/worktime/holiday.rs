//! Holidays, from a calendar file (iCalendar, RFC 5545).
//!
//! Everything in a calendar that decides which day is free is understood, or refused with
//! its line: a holiday that is silently left out makes people absent, and one that is not
//! meant gives everybody a day off. The file becomes a table of days when it is read, so
//! nothing is worked out later, and a hostile rule is cut off here.
//!
//! What is a holiday:
//! - An event of whole days: `DTSTART;VALUE=DATE`, with `DTEND` or `DURATION`, or one that
//!   begins and ends at midnight of the station, whatever zone it is written in.
//! - Again on every day of its `RRULE`s and `RDATE`s but its `EXDATE`s, and moved or
//!   cancelled by later entries for one of them (`RECURRENCE-ID`, `STATUS:CANCELLED`).
//!
//! What is not, by decision:
//! - An event with times, such as a meeting at 16:00, gives nobody a day off.
//! - `TRANSP`, `CLASS`, `CATEGORIES` and the like decide nothing: calendars of public
//!   holidays mark them as "free" as often as not.
//! - Alarms, tasks, journals and busy times.

mod event;
mod lines;
mod moment;
mod rule;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Days, NaiveDate};

use super::plan::WallClock;
use event::Event;
use lines::Component;
use moment::Zones;

/// Whole days on which nobody is expected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holidays {
    names: Vec<String>,
    /// Index of the name by day.
    days: BTreeMap<NaiveDate, usize>,
}

/// What is wrong with a calendar file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct HolidayError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong there, beginning with the name of the property.
    pub reason: String,
}

impl HolidayError {
    fn new(line: usize, reason: impl Into<String>) -> Self {
        Self {
            line,
            reason: reason.into(),
        }
    }
}

/// Events of one calendar; those of all countries together have fewer.
const MOST_EVENTS: usize = 20_000;

/// Days of all its events together; thirty holidays a year have 6000 until the horizon.
const MOST_DAYS: u64 = 200_000;

impl Holidays {
    /// Reads a calendar, for a station with this clock on its wall.
    ///
    /// # Errors
    /// If it holds no event, or something that decides which day is free and is not
    /// understood.
    pub fn parse(calendar: &[u8], station: &dyn WallClock) -> Result<Self, HolidayError> {
        let roots = lines::components(calendar)?;
        let mut events = Vec::new();
        for root in &roots {
            check_calendar(root)?;
            let zones = Zones::of(root)?;
            for component in &root.children {
                match component.name.as_str() {
                    "VEVENT" => events.push(Event::read(component, &zones, station)?),
                    "VTIMEZONE" | "VALARM" | "VTODO" | "VJOURNAL" | "VFREEBUSY" => {}
                    name if name.starts_with("X-") => {}
                    name => {
                        return Err(HolidayError::new(
                            component.line,
                            format!("BEGIN: {name:?} is not understood: remove it"),
                        ));
                    }
                }
                if events.len() > MOST_EVENTS {
                    return Err(HolidayError::new(
                        component.line,
                        format!(
                            "BEGIN: more than {MOST_EVENTS} events are no calendar of holidays"
                        ),
                    ));
                }
            }
        }
        if events.is_empty() {
            return Err(HolidayError::new(1, "it holds no event (BEGIN:VEVENT)"));
        }
        Self::of_events(&latest(events), station)
    }

    /// What is celebrated on a day.
    pub fn name_of(&self, day: NaiveDate) -> Option<&str> {
        let name = self.days.get(&day)?;
        self.names.get(*name).map(String::as_str)
    }

    fn of_events(events: &[Event], station: &dyn WallClock) -> Result<Self, HolidayError> {
        let replaced = replaced(events)?;
        let mut holidays = Self::default();
        let mut days_left = MOST_DAYS;
        for event in events.iter().filter(|event| !event.is_cancelled) {
            let mut starts = event.starts(station)?;
            let of_the_same = event.uid.as_deref().and_then(|uid| replaced.get(uid));
            if let (None, Some(days)) = (&event.instance, of_the_same) {
                starts.retain(|day| !days.contains(day));
            }
            let days = event.days.saturating_mul(starts.len() as u64);
            days_left = days_left.checked_sub(days).ok_or_else(|| {
                HolidayError::new(
                    event.line,
                    format!("BEGIN: up to this event there are more than {MOST_DAYS} days off"),
                )
            })?;
            holidays.add(event, &starts);
        }
        Ok(holidays)
    }

    fn add(&mut self, event: &Event, starts: &BTreeSet<NaiveDate>) {
        self.names.push(event.name.clone());
        for start in starts {
            for offset in 0..event.days {
                let Some(day) = start.checked_add_days(Days::new(offset)) else {
                    break;
                };
                self.days.entry(day).or_insert(self.names.len() - 1);
            }
        }
    }
}

/// Checks what is said of all events at once.
fn check_calendar(root: &Component) -> Result<(), HolidayError> {
    for line in &root.properties {
        let value = line.value.trim().to_ascii_uppercase();
        let refused = match line.name.as_str() {
            "CALSCALE" if value != "GREGORIAN" => "only the Gregorian calendar is understood",
            "VERSION" if value != "2.0" => "only version 2.0 is understood: export it as iCalendar",
            "METHOD" if value == "CANCEL" => "it cancels events of another calendar, and is none",
            _ => continue,
        };
        return Err(line.refused(refused));
    }
    Ok(())
}

/// Of several versions of one event the latest.
fn latest(events: Vec<Event>) -> Vec<Event> {
    let key = |event: &Event| {
        let instance = event
            .instance
            .as_ref()
            .map(|instance| instance.text.clone());
        event.uid.clone().map(|uid| (uid, instance))
    };
    let mut newest: HashMap<_, u64> = HashMap::new();
    for event in &events {
        if let Some(key) = key(event) {
            let sequence = newest.entry(key).or_default();
            *sequence = event.sequence.max(*sequence);
        }
    }
    let is_newest = |event: &Event| {
        let newest = newest.get(&key(event)?)?;
        Some(event.sequence == *newest)
    };
    events
        .into_iter()
        .filter(|event| is_newest(event).unwrap_or(true))
        .collect()
}

/// Days of each series, by its `UID`, for which there is an entry of their own.
fn replaced(events: &[Event]) -> Result<HashMap<String, BTreeSet<NaiveDate>>, HolidayError> {
    let whole_days: BTreeSet<&str> = events
        .iter()
        .filter(|event| event.instance.is_none() && event.is_of_whole_days())
        .filter_map(|event| event.uid.as_deref())
        .collect();
    let mut replaced: HashMap<String, BTreeSet<NaiveDate>> = HashMap::new();
    for event in events {
        let (Some(uid), Some(instance)) = (&event.uid, &event.instance) else {
            continue;
        };
        match instance.day {
            Some(day) => _ = replaced.entry(uid.clone()).or_default().insert(day),
            None if whole_days.contains(uid.as_str()) => {
                return Err(HolidayError::new(
                    instance.line,
                    "RECURRENCE-ID: it is no midnight here, and the series is of whole days: \
                     give it as VALUE=DATE",
                ));
            }
            // Of a series with times, which frees no day.
            None => {}
        }
    }
    Ok(replaced)
}

#[cfg(test)]
mod tests;
