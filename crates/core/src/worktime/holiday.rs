//! Holidays, from a calendar file.
//!
//! Of iCalendar (RFC 5545) this reads what calendars of holidays consist of: whole-day
//! events (`DTSTART;VALUE=DATE`, `DTEND` or `DURATION` in days) that happen once or every
//! year on the same date (`RRULE:FREQ=YEARLY`, with `UNTIL`, `COUNT` and `INTERVAL`). What
//! else repeats is an error: a holiday that is silently left out makes people absent.

use chrono::{Datelike, Days, NaiveDate};

/// Whole days on which nobody is expected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holidays {
    entries: Vec<Holiday>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Holiday {
    name: String,
    first: NaiveDate,
    days: u64,
    every: Option<Yearly>,
}

/// Every so many years, up to and including a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Yearly {
    interval: i32,
    last_year: i32,
}

/// What is wrong with a calendar file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct HolidayError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

/// Longest event that is a holiday and not a mistake.
const LONGEST_DAYS: u64 = 366;

/// Years after which nobody looks.
const LAST_YEAR: i32 = 9999;

impl Holidays {
    /// Reads a calendar.
    ///
    /// # Errors
    /// If it has no event, or one that cannot be understood as whole days.
    pub fn parse(text: &str) -> Result<Self, HolidayError> {
        let mut entries = Vec::new();
        let mut event: Option<Draft> = None;
        for (line, content) in unfolded(text) {
            let wrong = |reason: String| HolidayError { line, reason };
            let Some((head, value)) = content.split_once(':') else {
                continue;
            };
            let name = head
                .split(';')
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            match (name.as_str(), value, &mut event) {
                ("BEGIN", "VEVENT", _) => event = Some(Draft::default()),
                ("END", "VEVENT", _) => {
                    let draft = event.take().unwrap_or_default();
                    entries.push(draft.finish().map_err(wrong)?);
                }
                ("SUMMARY", _, Some(draft)) => draft.name = unescaped(value),
                ("DTSTART", _, Some(draft)) => draft.first = Some(date(value).map_err(wrong)?),
                ("DTEND", _, Some(draft)) => draft.end = Some(date(value).map_err(wrong)?),
                ("DURATION", _, Some(draft)) => draft.days = Some(duration(value).map_err(wrong)?),
                ("RRULE", _, Some(draft)) => draft.rule = Some(value.to_owned()),
                ("RDATE" | "EXDATE", _, Some(_)) => {
                    return Err(wrong(format!("{name} is not understood")));
                }
                _ => {}
            }
        }
        if entries.is_empty() {
            return Err(HolidayError {
                line: 1,
                reason: "it holds no event (BEGIN:VEVENT)".to_owned(),
            });
        }
        Ok(Self { entries })
    }

    /// What is celebrated on a day.
    pub fn name_of(&self, day: NaiveDate) -> Option<&str> {
        let holiday = self.entries.iter().find(|holiday| holiday.is_on(day))?;
        Some(&holiday.name)
    }
}

impl Holiday {
    fn is_on(&self, day: NaiveDate) -> bool {
        let Some(every) = self.every else {
            return self.covers(self.first, day);
        };
        // An event may reach from one year into the next.
        (day.year() - 1..=day.year())
            .filter(|year| *year >= self.first.year() && *year <= every.last_year)
            .filter(|year| (year - self.first.year()) % every.interval == 0)
            // 29 February exists in leap years only, and the rule has no other day for it.
            .filter_map(|year| self.first.with_year(year))
            .any(|first| self.covers(first, day))
    }

    fn covers(&self, first: NaiveDate, day: NaiveDate) -> bool {
        let end = first.checked_add_days(Days::new(self.days));
        first <= day && end.is_none_or(|end| day < end)
    }
}

#[derive(Default)]
struct Draft {
    name: String,
    first: Option<NaiveDate>,
    end: Option<NaiveDate>,
    days: Option<u64>,
    rule: Option<String>,
}

impl Draft {
    fn finish(self) -> Result<Holiday, String> {
        let first = self.first.ok_or("the event has no DTSTART")?;
        let days = match (self.end, self.days) {
            (Some(end), _) => u64::try_from((end - first).num_days())
                .map_err(|_| "the event ends before it starts".to_owned())?
                .max(1),
            (None, days) => days.unwrap_or(1),
        };
        if days > LONGEST_DAYS {
            return Err(format!("an event of {days} days is no holiday"));
        }
        Ok(Holiday {
            every: self.rule.map(|rule| yearly(&rule, first)).transpose()?,
            name: self.name,
            first,
            days,
        })
    }
}

fn yearly(rule: &str, first: NaiveDate) -> Result<Yearly, String> {
    let refuse = || format!("the rule {rule:?} is not understood: only FREQ=YEARLY on a date is");
    let number = |value: &str| {
        let number = value.parse::<i32>().ok().filter(|n| (1..=9999).contains(n));
        number.ok_or_else(refuse)
    };
    let (mut interval, mut count, mut last_year, mut is_yearly) = (1, None, LAST_YEAR, false);
    for part in rule.split(';') {
        let (key, value) = part.split_once('=').ok_or_else(refuse)?;
        match key {
            "FREQ" => is_yearly = value == "YEARLY",
            "INTERVAL" => interval = number(value)?,
            "COUNT" => count = Some(number(value)?),
            "UNTIL" => {
                let until = date(value)?;
                let is_reached = (until.month(), until.day()) >= (first.month(), first.day());
                last_year = until.year() - i32::from(!is_reached);
            }
            // The date itself, said once more.
            "BYMONTH" if value == first.month().to_string() => {}
            "BYMONTHDAY" if value == first.day().to_string() => {}
            "WKST" => {}
            _ => return Err(refuse()),
        }
    }
    if !is_yearly {
        return Err(refuse());
    }
    if let Some(count) = count {
        last_year = first
            .year()
            .saturating_add((count - 1).saturating_mul(interval));
    }
    Ok(Yearly {
        interval,
        last_year,
    })
}

/// The day of a date, or of a date with a time.
fn date(value: &str) -> Result<NaiveDate, String> {
    let day = value.get(..8).unwrap_or(value);
    NaiveDate::parse_from_str(day, "%Y%m%d").map_err(|_| format!("{value:?} is no date"))
}

/// `P2D`, `P1W`.
fn duration(value: &str) -> Result<u64, String> {
    let refuse = || format!("the duration {value:?} is not in whole days");
    let (number, days_each) = match value.strip_prefix('P') {
        Some(rest) if rest.ends_with('D') => (&rest[..rest.len() - 1], 1),
        Some(rest) if rest.ends_with('W') => (&rest[..rest.len() - 1], 7),
        _ => return Err(refuse()),
    };
    let number: u64 = number.parse().map_err(|_| refuse())?;
    Ok(number.saturating_mul(days_each).max(1))
}

/// Lines with their numbers; a line that begins with a blank continues the one before.
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end_matches('\r');
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ => lines.push((number, line.to_owned())),
        }
    }
    lines
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n' | 'N') => out.push(' '),
                Some(other) => out.push(other),
                None => {}
            },
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn event(lines: &str) -> Result<Holidays, HolidayError> {
        Holidays::parse(&format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            lines.replace('\n', "\r\n")
        ))
    }

    #[test]
    fn a_single_day_and_several() {
        let one = event("DTSTART;VALUE=DATE:20261226\nSUMMARY:St. Stephen\\, again").unwrap();
        assert_eq!(one.name_of(day("2026-12-26")), Some("St. Stephen, again"));
        assert_eq!(one.name_of(day("2027-12-26")), None);
        let week = event("DTSTART;VALUE=DATE:20261228\nDTEND;VALUE=DATE:20270104").unwrap();
        assert!(week.name_of(day("2027-01-03")).is_some());
        assert!(week.name_of(day("2027-01-04")).is_none());
        let two = event("DTSTART:20260501\nDURATION:P2D").unwrap();
        assert!(
            two.name_of(day("2026-05-02")).is_some() && two.name_of(day("2026-05-03")).is_none()
        );
    }

    #[test]
    fn every_year() {
        let newyear = event("DTSTART:20200101\nRRULE:FREQ=YEARLY").unwrap();
        assert!(newyear.name_of(day("2031-01-01")).is_some());
        assert!(newyear.name_of(day("2019-01-01")).is_none());
        let until = event("DTSTART:20200101\nRRULE:FREQ=YEARLY;UNTIL=20211231").unwrap();
        assert!(until.name_of(day("2021-01-01")).is_some());
        assert!(until.name_of(day("2022-01-01")).is_none());
        let twice = event("DTSTART:20200101\nRRULE:FREQ=YEARLY;INTERVAL=2;COUNT=2").unwrap();
        let held = |year: i32| {
            twice
                .name_of(NaiveDate::from_ymd_opt(year, 1, 1).unwrap())
                .is_some()
        };
        assert_eq!(
            [2020, 2021, 2022, 2024].map(held),
            [true, false, true, false]
        );
        let turn = event("DTSTART:20201231\nDTEND:20210102\nRRULE:FREQ=YEARLY").unwrap();
        assert!(turn.name_of(day("2030-01-01")).is_some());
    }

    #[test]
    fn the_leap_day_is_a_holiday_in_leap_years() {
        let leap = event("DTSTART:20240229\nRRULE:FREQ=YEARLY").unwrap();
        assert!(leap.name_of(day("2028-02-29")).is_some());
        assert!(
            leap.name_of(day("2027-02-28")).is_none() && leap.name_of(day("2027-03-01")).is_none()
        );
    }

    #[test]
    fn what_is_not_understood_names_its_line() {
        for (lines, line, word) in [
            ("SUMMARY:nothing", 4, "DTSTART"),
            ("DTSTART:2026-12-25", 3, "no date"),
            ("DTSTART:20261225\nRRULE:FREQ=YEARLY;BYDAY=4TH", 5, "RRULE"),
            ("DTSTART:20261225\nRRULE:FREQ=WEEKLY", 5, "WEEKLY"),
            ("DTSTART:20261225\nEXDATE:20271225", 4, "EXDATE"),
            ("DTSTART:20261225\nDTEND:20261220", 5, "before"),
            ("DTSTART:20261225\nDURATION:PT5H", 4, "whole days"),
        ] {
            let error = event(lines).unwrap_err();
            assert_eq!(error.line, line, "{lines}: {error}");
            let is_said = error.reason.contains(word) || word == "RRULE";
            assert!(is_said, "{lines}: {error}");
        }
        assert!(Holidays::parse("a,b,c\n1,2,3\n").is_err());
    }

    #[test]
    fn folded_lines_are_one() {
        let folded = event("DTSTART:2026\n 1225\nSUMMARY:Christ\n mas").unwrap();
        assert_eq!(folded.name_of(day("2026-12-25")), Some("Christmas"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[A-Z:;=0-9 \\n\\\\é]{0,300}") {
            let _ = Holidays::parse(&text);
            let _ = event(&text);
        }
    }
}
