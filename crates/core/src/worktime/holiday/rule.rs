//! Rules of repetition (RFC 5545, 3.3.10), worked out to days.
//!
//! The crate `rrule` does the arithmetic. It reads some nonsense as something else (`XTH` as
//! every Thursday) and some features are about times of day, so a rule is checked first.

use std::collections::HashSet;

use chrono::{NaiveDate, NaiveTime};
use rrule::{RRule, RRuleSet, Tz, Unvalidated};

use super::super::plan::WallClock;
use super::HolidayError;
use super::lines::Line;
use super::moment::{Moment, date, date_and_time};

/// Days of one rule; a weekly one has half of it until the horizon.
const MOST_DAYS: u16 = 20_000;

/// Rules without an end are worked out until the end of this year.
const HORIZON_YEAR: i32 = 2199;

/// Longest text of a rule; one with all its parts has a third.
const LONGEST: usize = 1024;

/// The days on which an event that begins with `first` begins by the rule in `line`, as they
/// are written where `first` is meant.
pub(super) fn days(
    line: &Line,
    first: &Moment,
    station: &dyn WallClock,
) -> Result<Vec<NaiveDate>, HolidayError> {
    let rule = Rule::read(line)?;
    let first_day = first.written_day();
    let horizon = NaiveDate::from_ymd_opt(HORIZON_YEAR, 12, 31).unwrap_or(first_day);
    let last_day = match &rule.until {
        // A day more, for the hour may lie on the next one.
        Some(until) => until.day.succ_opt().unwrap_or(until.day).min(horizon),
        None => horizon,
    };
    let mut days = Vec::new();
    for day in rule.worked_out(line, first_day, last_day.max(first_day))? {
        let is_included = match &rule.until {
            Some(until) => until.includes(&first.on(day), station).ok_or_else(|| {
                line.refused(format!(
                    "UNTIL is a time of which it depends on the zone whether {day} is still \
                     meant: give it as a date"
                ))
            })?,
            None => true,
        };
        if is_included {
            days.push(day);
        }
    }
    if days.first() != Some(&first_day) {
        return Err(line.refused(format!(
            "DTSTART ({first_day}) is not the first day of this rule: let it begin on one"
        )));
    }
    Ok(days)
}

/// A rule that was checked.
struct Rule {
    /// Without `UNTIL`.
    parts: String,
    until: Option<Until>,
}

struct Until {
    day: NaiveDate,
    /// If it has one: the time, and whether it is UTC.
    time: Option<(NaiveTime, bool)>,
}

impl Until {
    /// `None` if its two readings, as written and as an instant, disagree.
    fn includes(&self, start: &Moment, station: &dyn WallClock) -> Option<bool> {
        let Some((time, is_utc)) = self.time else {
            return Some(start.written_day() <= self.day);
        };
        let wall = self.day.and_time(time);
        match start {
            Moment::Day(day) => {
                let until = Moment::At(wall, super::moment::Place::Known(chrono_tz::Tz::UTC));
                let as_written = *day <= self.day;
                let as_instant = *day <= until.day_of(station);
                (!is_utc || as_written == as_instant).then_some(as_written)
            }
            Moment::At(start, _) if !is_utc => Some(*start <= wall),
            Moment::At(start, place) => {
                let instants = place.instants(*start, station);
                Some(instants.iter().any(|instant| *instant <= wall.and_utc()))
            }
        }
    }
}

impl Rule {
    fn read(line: &Line) -> Result<Self, HolidayError> {
        let text = line.value.trim().to_ascii_uppercase();
        let refuse = |reason: String| line.refused(reason);
        if text.len() > LONGEST || !text.is_ascii() {
            return Err(refuse("it is no rule".to_owned()));
        }
        let (mut parts, mut until) = (Vec::new(), None);
        let mut seen = HashSet::new();
        let mut has_frequency = false;
        for part in text.trim_end_matches(';').split(';') {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| refuse(format!("{part:?} is no part of a rule")))?;
            if !seen.insert(key.to_owned()) {
                return Err(refuse(format!("{key} is given twice")));
            }
            has_frequency |= key == "FREQ";
            if key == "UNTIL" {
                until = Some(
                    read_until(value).ok_or_else(|| refuse(format!("UNTIL={value} is no date")))?,
                );
                continue;
            }
            if !is_understood(key, value) {
                return Err(refuse(format!("{part} is not understood")));
            }
            parts.push(part);
        }
        if !has_frequency {
            return Err(refuse("FREQ is missing".to_owned()));
        }
        if seen.contains("UNTIL") && seen.contains("COUNT") {
            return Err(refuse("it has both UNTIL and COUNT".to_owned()));
        }
        let parts = parts.join(";");
        let is_of_months = parts.contains("FREQ=MONTHLY") || parts.contains("FREQ=YEARLY");
        let has_ordinal =
            value_of(&parts, "BYDAY").is_some_and(|days| days.split(',').any(|day| day.len() > 2));
        if has_ordinal && (!is_of_months || seen.contains("BYWEEKNO")) {
            return Err(refuse(
                "a numbered weekday needs FREQ=MONTHLY or FREQ=YEARLY without BYWEEKNO".to_owned(),
            ));
        }
        Ok(Self { parts, until })
    }

    fn worked_out(
        &self,
        line: &Line,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<NaiveDate>, HolidayError> {
        let at = |day: NaiveDate| {
            day.and_time(NaiveTime::MIN)
                .and_utc()
                .with_timezone(&Tz::UTC)
        };
        let rule: RRule<Unvalidated> = self
            .parts
            .parse()
            .map_err(|error| line.refused(format!("it is not understood: {error}")))?;
        let rule = rule
            .validate(at(first))
            .map_err(|error| line.refused(format!("it makes no sense: {error}")))?;
        let found = RRuleSet::new(at(first))
            .rrule(rule)
            .before(at(last))
            .all(MOST_DAYS);
        if found.limited {
            return Err(line.refused(format!(
                "it never comes, or on more than {MOST_DAYS} days: give it an UNTIL"
            )));
        }
        Ok(found
            .dates
            .iter()
            .map(chrono::DateTime::date_naive)
            .collect())
    }
}

fn value_of<'a>(parts: &'a str, key: &str) -> Option<&'a str> {
    parts
        .split(';')
        .find_map(|part| part.strip_prefix(key)?.strip_prefix('='))
}

fn read_until(value: &str) -> Option<Until> {
    if let Some(day) = date(value) {
        return Some(Until { day, time: None });
    }
    let (wall, is_utc) = date_and_time(value)?;
    Some(Until {
        day: wall.date(),
        time: Some((wall.time(), is_utc)),
    })
}

fn is_understood(key: &str, value: &str) -> bool {
    let within = |most: i32, can_be_negative: bool| {
        value.split(',').all(|number| {
            let number = number.strip_prefix('+').unwrap_or(number);
            number.parse::<i32>().is_ok_and(|number| {
                number != 0 && number.abs() <= most && (can_be_negative || number > 0)
            })
        })
    };
    match key {
        "FREQ" => matches!(value, "YEARLY" | "MONTHLY" | "WEEKLY" | "DAILY"),
        "INTERVAL" => within(1000, false) && !value.contains(','),
        "COUNT" => within(i32::from(MOST_DAYS) - 1, false) && !value.contains(','),
        "BYMONTH" => within(12, false),
        "BYMONTHDAY" => within(31, true),
        "BYYEARDAY" | "BYSETPOS" => within(366, true),
        "BYWEEKNO" => within(53, true),
        "WKST" => is_weekday(value),
        "BYDAY" => value.split(',').all(is_numbered_weekday),
        _ => false,
    }
}

/// `TH`, `4TH`, `-1MO`.
fn is_numbered_weekday(text: &str) -> bool {
    let Some((number, weekday)) = text.split_at_checked(text.len().saturating_sub(2)) else {
        return false;
    };
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    let is_number = (1..=2).contains(&digits.len())
        && digits.parse::<u8>().is_ok_and(|n| (1..=53).contains(&n));
    is_weekday(weekday) && (number.is_empty() || is_number)
}

fn is_weekday(text: &str) -> bool {
    matches!(text, "MO" | "TU" | "WE" | "TH" | "FR" | "SA" | "SU")
}
