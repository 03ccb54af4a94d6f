//! Dates and times of a calendar, and on which day of the station they fall.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;

use super::super::plan::WallClock;
use super::HolidayError;
use super::lines::{Component, Line};

/// A value of `DTSTART` and its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Moment {
    /// `VALUE=DATE`: a day, wherever one is.
    Day(NaiveDate),
    /// A wall time somewhere.
    At(NaiveDateTime, Place),
}

/// Where a wall time is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// On whichever wall the clock hangs: at the station.
    Here,
    /// A zone that is known.
    Known(Tz),
    /// A zone that the calendar describes itself. Its offsets are what counts here: a
    /// midnight of the station that is a midnight there with one of them is one.
    Described(Vec<FixedOffset>),
}

/// What the calendar says of its zones.
#[derive(Debug, Default)]
pub(super) struct Zones(BTreeMap<String, Place>);

impl Zones {
    /// Reads the `VTIMEZONE`s of a calendar.
    pub(super) fn of(calendar: &Component) -> Result<Self, HolidayError> {
        let mut zones = BTreeMap::new();
        let described = calendar.children.iter().filter(|c| c.name == "VTIMEZONE");
        for component in described {
            let value = |name: &str| {
                let line = component.properties.iter().find(|line| line.name == name)?;
                Some(line.value.trim())
            };
            let Some(name) = value("TZID") else {
                continue;
            };
            let known = known(name).or_else(|| value("X-LIC-LOCATION").and_then(known));
            let place = match known {
                Some(zone) => Place::Known(zone),
                None => Place::Described(offsets(component)?),
            };
            zones.insert(name.to_owned(), place);
        }
        Ok(Self(zones))
    }

    fn place(&self, line: &Line, name: &str) -> Result<Place, HolidayError> {
        if let Some(place) = self.0.get(name) {
            return Ok(place.clone());
        }
        if let Some(zone) = known(name) {
            return Ok(Place::Known(zone));
        }
        // As other systems call it: "(UTC+01:00) Brussels, Copenhagen, Madrid, Paris".
        let standard = name
            .trim_start_matches('(')
            .strip_prefix("UTC")
            .or_else(|| name.trim_start_matches('(').strip_prefix("GMT"))
            .and_then(|rest| rest.split([')', ' ']).next())
            .and_then(offset);
        let Some(standard) = standard else {
            return Err(line.refused(format!(
                "the zone {name:?} is neither known nor described by a VTIMEZONE: \
                 export the calendar again, or give the day as VALUE=DATE"
            )));
        };
        let summer = FixedOffset::east_opt(standard.local_minus_utc() + 3600);
        Ok(Place::Described(
            [Some(standard), summer].into_iter().flatten().collect(),
        ))
    }
}

/// A zone of the IANA database, also behind a prefix such as `/mozilla.org/20050126_1/`.
fn known(name: &str) -> Option<Tz> {
    let mut rest = name;
    loop {
        if let Ok(zone) = rest.parse() {
            return Some(zone);
        }
        (_, rest) = rest.split_once('/')?;
    }
}

/// All offsets that a `VTIMEZONE` has ever had.
fn offsets(zone: &Component) -> Result<Vec<FixedOffset>, HolidayError> {
    let mut offsets = Vec::new();
    let lines = zone.children.iter().flat_map(|child| &child.properties);
    for line in lines.filter(|line| line.name == "TZOFFSETTO") {
        let found = offset(line.value.trim())
            .ok_or_else(|| line.refused(format!("{:?} is no offset", line.value)))?;
        if !offsets.contains(&found) {
            offsets.push(found);
        }
    }
    if offsets.is_empty() {
        return Err(HolidayError::new(
            zone.line,
            "BEGIN: the zone has no TZOFFSETTO",
        ));
    }
    Ok(offsets)
}

/// `+0100`, `+01:00`, `-053000`; nothing at all is UTC itself.
fn offset(text: &str) -> Option<FixedOffset> {
    if text.is_empty() {
        return FixedOffset::east_opt(0);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits.replace(':', "")),
        ("-", digits) => (-1, digits.replace(':', "")),
        _ => return None,
    };
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |at: usize| {
        digits
            .get(at..at + 2)
            .map_or(Some(0), |two| two.parse().ok())
    };
    let seconds: i32 = part(0)? * 3600 + part(2)? * 60 + part(4)?;
    FixedOffset::east_opt(sign * seconds)
}

impl Moment {
    /// The value of a line that holds one date or date and time.
    pub(super) fn read(line: &Line, zones: &Zones) -> Result<Self, HolidayError> {
        Self::of_text(line, &line.value, zones)
    }

    /// The values of a line that holds several.
    pub(super) fn read_all(line: &Line, zones: &Zones) -> Result<Vec<Self>, HolidayError> {
        line.value
            .split(',')
            .map(|text| Self::of_text(line, text, zones))
            .collect()
    }

    fn of_text(line: &Line, text: &str, zones: &Zones) -> Result<Self, HolidayError> {
        let text = text.trim();
        let kind = line.parameter("VALUE").map(str::to_ascii_uppercase);
        let wrong = |what: &str| line.refused(format!("{text:?} is no {what}"));
        match kind.as_deref() {
            Some("DATE") => date(text).map(Self::Day).ok_or_else(|| wrong("date")),
            // Many leave out that it is only a date.
            None if text.len() == 8 => date(text).map(Self::Day).ok_or_else(|| wrong("date")),
            None | Some("DATE-TIME") => {
                let (wall, is_utc) = date_and_time(text).ok_or_else(|| wrong("date or time"))?;
                let place = match line.parameter("TZID") {
                    _ if is_utc => Place::Known(Tz::UTC),
                    Some(name) => zones.place(line, name)?,
                    None => Place::Here,
                };
                Ok(Self::At(wall, place))
            }
            Some(other) => Err(line.refused(format!("VALUE={other} is not understood"))),
        }
    }

    /// The day of the station at whose midnight this is.
    pub(super) fn midnight_of(&self, station: &dyn WallClock) -> Option<NaiveDate> {
        let Self::At(wall, place) = self else {
            return Some(self.written_day());
        };
        let written = wall.date();
        let instants = place.instants(*wall, station);
        let near = [Some(written), written.pred_opt(), written.succ_opt()];
        near.into_iter().flatten().find(|day| {
            let midnight = station.instant(day.and_time(NaiveTime::MIN));
            instants.contains(&midnight.to_utc())
        })
    }

    /// Whether it is midnight where it is meant.
    pub(super) fn is_midnight_there(&self) -> bool {
        match self {
            Self::Day(_) => true,
            Self::At(wall, _) => wall.time() == NaiveTime::MIN,
        }
    }

    /// The date that is written there.
    pub(super) fn written_day(&self) -> NaiveDate {
        match self {
            Self::Day(day) => *day,
            Self::At(wall, _) => wall.date(),
        }
    }

    /// The same time on another day.
    pub(super) fn on(&self, day: NaiveDate) -> Self {
        match self {
            Self::Day(_) => Self::Day(day),
            Self::At(wall, place) => Self::At(day.and_time(wall.time()), place.clone()),
        }
    }

    /// The day of the station on which this is.
    pub(super) fn day_of(&self, station: &dyn WallClock) -> NaiveDate {
        let written = self.written_day();
        let Self::At(wall, place) = self else {
            return written;
        };
        let Some(instant) = place.instants(*wall, station).first().copied() else {
            return written;
        };
        let days = [written.succ_opt(), Some(written), written.pred_opt()];
        days.into_iter()
            .flatten()
            .find(|day| station.instant(day.and_time(NaiveTime::MIN)) <= instant)
            .unwrap_or(written)
    }

    /// Many systems end a day one minute or one second early.
    pub(super) fn with_whole_last_day(self) -> Self {
        match self {
            Self::At(wall, place) if wall.time() >= LAST_MINUTE => {
                let next = wall.date().checked_add_days(Days::new(1));
                let end = next.unwrap_or(wall.date()).and_time(NaiveTime::MIN);
                Self::At(end, place)
            }
            other => other,
        }
    }
}

const LAST_MINUTE: NaiveTime = match NaiveTime::from_hms_opt(23, 59, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

impl Place {
    /// When the clock there shows `wall`, as far as is known.
    pub(super) fn instants(
        &self,
        wall: NaiveDateTime,
        station: &dyn WallClock,
    ) -> Vec<DateTime<Utc>> {
        match self {
            Self::Here => vec![station.instant(wall).to_utc()],
            Self::Known(zone) => vec![zone.instant(wall).to_utc()],
            Self::Described(offsets) => offsets
                .iter()
                .map(|offset| offset.instant(wall).to_utc())
                .collect(),
        }
    }

    /// In words.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Here => "the station's zone".to_owned(),
            Self::Known(zone) => zone.name().to_owned(),
            Self::Described(_) => "the zone of the calendar".to_owned(),
        }
    }
}

/// `20261225`.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    NaiveDate::parse_from_str(text, "%Y%m%d").ok()
}

/// `20261225T090000`, and whether it is UTC.
pub(super) fn date_and_time(text: &str) -> Option<(NaiveDateTime, bool)> {
    let (text, is_utc) = match text.strip_suffix(['Z', 'z']) {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (day, time) = text.split_once(['T', 't'])?;
    if time.len() != 6 || !time.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let time = NaiveTime::parse_from_str(time, "%H%M%S").ok()?;
    Some((date(day)?.and_time(time), is_utc))
}
