//! One `VEVENT`: the days that it makes free, if it makes any.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate, TimeDelta};

use super::super::plan::WallClock;
use super::HolidayError;
use super::lines::{Component, Line};
use super::moment::{Moment, Zones};
use super::rule;

/// Longest event that is a holiday and not a mistake.
const LONGEST_DAYS: i64 = 366;

/// Properties that do not decide which day is free, besides those beginning with `X-`.
const HARMLESS: [&str; 42] = [
    "ACKNOWLEDGED",
    "ATTACH",
    "ATTENDEE",
    "BUSYTYPE",
    "CALENDAR-ADDRESS",
    "CATEGORIES",
    "CLASS",
    "COLOR",
    "COMMENT",
    "CONCEPT",
    "CONFERENCE",
    "CONTACT",
    "CREATED",
    "DESCRIPTION",
    "DTSTAMP",
    "GEO",
    "IMAGE",
    "LANGUAGE",
    "LAST-MOD",
    "LAST-MODIFIED",
    "LINK",
    "LOCATION",
    "LOCATION-TYPE",
    "METHOD",
    "NAME",
    "ORGANIZER",
    "PARTICIPANT-TYPE",
    "PERCENT-COMPLETE",
    "PRIORITY",
    "PRODID",
    "PROXIMITY",
    "REFID",
    "REFRESH-INTERVAL",
    "RELATED-TO",
    "REQUEST-STATUS",
    "RESOURCE-TYPE",
    "RESOURCES",
    "SOURCE",
    "STRUCTURED-DATA",
    "STYLED-DESCRIPTION",
    "TRANSP",
    "URL",
];

/// What an event says of days.
#[derive(Debug)]
pub(super) struct Event {
    /// Line of its `BEGIN`.
    pub(super) line: usize,
    pub(super) uid: Option<String>,
    pub(super) sequence: u64,
    /// What stands in `RECURRENCE-ID`, if the event replaces one of a series.
    pub(super) instance: Option<Instance>,
    pub(super) is_cancelled: bool,
    pub(super) name: String,
    /// Days that it lasts.
    pub(super) days: u64,
    /// Where it begins; nowhere if it is one with times, which frees no day.
    start: Option<Moment>,
    rules: Vec<Line>,
    added: Vec<(Line, Vec<Moment>)>,
    excepted: Vec<(Line, Vec<Moment>)>,
}

/// The one of a series that is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Instance {
    /// As it is written.
    pub(super) text: String,
    /// The day of the station at whose midnight it began, if it began at one.
    pub(super) day: Option<NaiveDate>,
    pub(super) line: usize,
}

/// The properties of an event that decide something, each at most once.
#[derive(Default)]
struct Draft<'a> {
    start: Option<&'a Line>,
    end: Option<&'a Line>,
    duration: Option<&'a Line>,
    status: Option<&'a Line>,
    uid: Option<&'a Line>,
    sequence: Option<&'a Line>,
    instance: Option<&'a Line>,
    summary: Option<&'a Line>,
    all_day: Option<&'a Line>,
    rules: Vec<&'a Line>,
    added: Vec<&'a Line>,
    excepted: Vec<&'a Line>,
}

impl Event {
    /// Reads a `VEVENT`.
    pub(super) fn read(
        component: &Component,
        zones: &Zones,
        station: &dyn WallClock,
    ) -> Result<Self, HolidayError> {
        let draft = Draft::of(component)?;
        let start_line = draft
            .start
            .ok_or_else(|| HolidayError::new(component.line, "DTSTART: the event has none"))?;
        let start = Moment::read(start_line, zones)?;
        let days = draft.days(start_line, &start, zones, station)?;
        let lists = |lines: &[&Line]| {
            lines
                .iter()
                // An event with times frees no day, whatever it says of its repetitions.
                .filter(|_| days.is_some())
                .map(|line| Ok(((*line).clone(), Moment::read_all(line, zones)?)))
                .collect::<Result<Vec<_>, HolidayError>>()
        };
        Ok(Self {
            line: component.line,
            uid: draft.uid.map(|line| line.value.trim().to_owned()),
            sequence: draft.sequence()?,
            instance: draft.instance(zones, station)?,
            is_cancelled: draft.is_cancelled()?,
            name: draft
                .summary
                .map(|l| unescaped(&l.value))
                .unwrap_or_default(),
            days: days.unwrap_or(0),
            added: lists(&draft.added)?,
            excepted: lists(&draft.excepted)?,
            rules: draft.rules.into_iter().cloned().collect(),
            start: days.map(|_| start),
        })
    }

    /// Whether it is one of whole days.
    pub(super) fn is_of_whole_days(&self) -> bool {
        self.start.is_some()
    }

    /// The days of the station on which it begins.
    pub(super) fn starts(
        &self,
        station: &dyn WallClock,
    ) -> Result<BTreeSet<NaiveDate>, HolidayError> {
        let Some(start) = &self.start else {
            return Ok(BTreeSet::new());
        };
        let mut starts: BTreeSet<NaiveDate> = start.midnight_of(station).into_iter().collect();
        for line in &self.rules {
            for day in rule::days(line, start, station)? {
                let here = start.on(day).midnight_of(station).ok_or_else(|| {
                    line.refused(format!(
                        "on {day} the clocks differ and it is not midnight here: give the \
                         event as VALUE=DATE"
                    ))
                })?;
                starts.insert(here);
            }
        }
        for (line, moments) in &self.added {
            for moment in moments {
                starts.insert(day_in_list(line, moment, start, station)?);
            }
        }
        for (line, moments) in &self.excepted {
            for moment in moments {
                starts.remove(&day_in_list(line, moment, start, station)?);
            }
        }
        Ok(starts)
    }
}

/// The day that an entry of `RDATE` or `EXDATE` means.
fn day_in_list(
    line: &Line,
    moment: &Moment,
    start: &Moment,
    station: &dyn WallClock,
) -> Result<NaiveDate, HolidayError> {
    // Of whole days some programs write the midnight, in whichever zone.
    let is_sloppy = matches!(start, Moment::Day(_)) && moment.is_midnight_there();
    if is_sloppy {
        return Ok(moment.written_day());
    }
    moment.midnight_of(station).ok_or_else(|| {
        line.refused(format!(
            "{} is no midnight here: give the days as VALUE=DATE",
            line.value
        ))
    })
}

impl<'a> Draft<'a> {
    fn of(component: &'a Component) -> Result<Self, HolidayError> {
        let mut draft = Self::default();
        for line in &component.properties {
            let place = match line.name.as_str() {
                "DTSTART" => &mut draft.start,
                "DTEND" => &mut draft.end,
                "DURATION" => &mut draft.duration,
                "STATUS" => &mut draft.status,
                "UID" => &mut draft.uid,
                "SEQUENCE" => &mut draft.sequence,
                "RECURRENCE-ID" => &mut draft.instance,
                "SUMMARY" => &mut draft.summary,
                "X-MICROSOFT-CDO-ALLDAYEVENT" => &mut draft.all_day,
                "RRULE" => {
                    draft.rules.push(line);
                    continue;
                }
                "RDATE" => {
                    draft.added.push(line);
                    continue;
                }
                "EXDATE" => {
                    draft.excepted.push(line);
                    continue;
                }
                name if name.starts_with("X-") || HARMLESS.contains(&name) => continue,
                _ => return Err(line.refused("this property is not understood: remove it")),
            };
            if place.replace(line).is_some() {
                return Err(line.refused("it is given twice"));
            }
        }
        for child in &component.children {
            let is_harmless = child.name.starts_with("X-")
                || matches!(
                    child.name.as_str(),
                    "VALARM" | "PARTICIPANT" | "VLOCATION" | "VRESOURCE"
                );
            if !is_harmless {
                return Err(HolidayError::new(
                    child.line,
                    format!("BEGIN: {:?} in an event is not understood", child.name),
                ));
            }
        }
        Ok(draft)
    }

    /// Days that the event lasts; none if it is one with times.
    fn days(
        &self,
        start_line: &Line,
        start: &Moment,
        zones: &Zones,
        station: &dyn WallClock,
    ) -> Result<Option<u64>, HolidayError> {
        let end = match (self.end, self.duration) {
            (Some(_), Some(line)) => return Err(line.refused("it has a DTEND too")),
            (Some(line), None) => Some((line, Moment::read(line, zones)?)),
            (None, Some(line)) => Some((line, end_after(start, line)?)),
            (None, None) => None,
        };
        let (end_line, first, end) = match (start, end) {
            (Moment::Day(_), None) => return Ok(Some(1)),
            (Moment::At(..), None) => return Ok(None),
            (Moment::Day(first), Some((line, Moment::Day(end)))) => (line, *first, end),
            (Moment::At(..), Some((line, end @ Moment::At(..)))) => {
                let end = end.with_whole_last_day();
                match (start.midnight_of(station), end.midnight_of(station)) {
                    (Some(first), Some(end)) if first != end => (line, first, end),
                    _ => return self.not_whole_days(start_line, start, &end),
                }
            }
            (_, Some((line, _))) => {
                return Err(line.refused("DTSTART and DTEND are not of one kind, date or time"));
            }
        };
        match (end - first).num_days() {
            // Some write the last day itself.
            0 => Ok(Some(1)),
            days @ 1..=LONGEST_DAYS => Ok(Some(days.unsigned_abs())),
            days if days < 0 => Err(end_line.refused("the event ends before it starts")),
            days => Err(end_line.refused(format!("an event of {days} days is no holiday"))),
        }
    }

    /// An event with times is no holiday; one that was meant as whole days, elsewhere, could
    /// be one, and nobody here knows.
    fn not_whole_days(
        &self,
        start_line: &Line,
        start: &Moment,
        end: &Moment,
    ) -> Result<Option<u64>, HolidayError> {
        let is_said_to_be = self
            .all_day
            .is_some_and(|line| line.value.trim().eq_ignore_ascii_case("TRUE"));
        let is_there = start.is_midnight_there()
            && end.is_midnight_there()
            && start.written_day() != end.written_day();
        if let (true, Moment::At(_, place)) = (is_said_to_be || is_there, start) {
            return Err(start_line.refused(format!(
                "the event is of whole days in {}, but does not begin and end at midnight here: \
                 give it as VALUE=DATE, or remove it",
                place.in_words()
            )));
        }
        Ok(None)
    }

    fn is_cancelled(&self) -> Result<bool, HolidayError> {
        let Some(line) = self.status else {
            return Ok(false);
        };
        match line.value.trim().to_ascii_uppercase().as_str() {
            "CONFIRMED" => Ok(false),
            "CANCELLED" => Ok(true),
            other => Err(line.refused(format!(
                "an event that is {other} is neither a holiday nor none: confirm or remove it"
            ))),
        }
    }

    fn sequence(&self) -> Result<u64, HolidayError> {
        let Some(line) = self.sequence else {
            return Ok(0);
        };
        let number = line.value.trim().parse();
        number.map_err(|_| line.refused(format!("{:?} is no number", line.value)))
    }

    fn instance(
        &self,
        zones: &Zones,
        station: &dyn WallClock,
    ) -> Result<Option<Instance>, HolidayError> {
        let Some(line) = self.instance else {
            return Ok(None);
        };
        if line.parameter("RANGE").is_some() {
            return Err(line.refused("RANGE is not understood: change each day of the series"));
        }
        if let Some(rule) = self.rules.first().or(self.added.first()) {
            return Err(rule.refused("an event with a RECURRENCE-ID cannot repeat itself"));
        }
        let moment = Moment::read(line, zones)?;
        Ok(Some(Instance {
            text: line.value.trim().to_owned(),
            day: moment.midnight_of(station),
            line: line.number,
        }))
    }
}

/// The end of an event that lasts as long as the line says (RFC 5545, 3.3.6).
fn end_after(start: &Moment, line: &Line) -> Result<Moment, HolidayError> {
    let text = line.value.trim().to_ascii_uppercase();
    let refuse = |reason: &str| line.refused(format!("{text:?} {reason}"));
    let length = duration(&text).ok_or_else(|| refuse("is no duration"))?;
    match start {
        Moment::Day(first) => {
            if length.num_seconds() % SECONDS_A_DAY != 0 || length.is_zero() {
                return Err(refuse("is not in whole days"));
            }
            let days = Days::new(length.num_days().unsigned_abs());
            let end = first.checked_add_days(days);
            end.map(Moment::Day).ok_or_else(|| refuse("is too long"))
        }
        Moment::At(wall, place) => {
            let end = wall.checked_add_signed(length);
            end.map(|end| Moment::At(end, place.clone()))
                .ok_or_else(|| refuse("is too long"))
        }
    }
}

const SECONDS_A_DAY: i64 = 24 * 3600;

/// `P2D`, `P1W`, `P1DT12H`, `PT24H`; none if it is negative.
fn duration(text: &str) -> Option<TimeDelta> {
    let text = text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?;
    let (mut seconds, mut number, mut is_time) = (0_i64, String::new(), false);
    for letter in text.chars() {
        if letter.is_ascii_digit() && number.len() < 9 {
            number.push(letter);
            continue;
        }
        if letter == 'T' && number.is_empty() && !is_time {
            is_time = true;
            continue;
        }
        let each = match (letter, is_time) {
            ('W', false) => 7 * SECONDS_A_DAY,
            ('D', false) => SECONDS_A_DAY,
            ('H', true) => 3600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        let part: i64 = number.parse().ok()?;
        seconds = part.checked_mul(each)?.checked_add(seconds)?;
        number.clear();
    }
    if !number.is_empty() || text.is_empty() {
        return None;
    }
    TimeDelta::try_seconds(seconds)
}

/// What somebody else's words may put on the screen.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n' | 'N') => out.push(' '),
                Some(other) if !other.is_control() => out.push(other),
                _ => {}
            },
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}
