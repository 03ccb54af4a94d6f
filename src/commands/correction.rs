//! `rollcall attendance add`, `void` and `change`: corrections, signed and reasoned.

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime};
use serde::Serialize;

use super::table::print_json;
use super::{Context, operator};
use crate::cli::{AddEventArgs, ChangeEventArgs, DirectionArg, SignatureArgs, VoidEventArgs};
use crate::clock::Clock;
use crate::core::attendance::{AttendanceEvent, Direction, EventId};
use crate::core::correction::{
    Change, Corrected, Correction, Deed, When, time_in_day, time_of_moved,
};
use crate::core::person::{PersonCode, PersonId};
use crate::store::Store;

#[derive(Serialize)]
struct Report {
    voided: Option<i64>,
    added: Option<i64>,
}

/// `attendance add`.
pub(super) fn add(args: &AddEventArgs, context: &Context) -> Result<()> {
    let policy = context.config.policies().attendance;
    let today = policy.local_day(&context.clock.now().wall);
    let at = Stated::parse(&args.at)?.resolve(&context.clock, |time| {
        time_in_day(args.day.unwrap_or(today), time, &policy)
    })?;
    let deed = Deed::Add {
        code: PersonCode::parse(&args.code)?,
        when: When {
            at,
            local_day: args.day.unwrap_or_else(|| policy.local_day(&at)),
        },
        direction: args.direction.into(),
    };
    carry_out(deed, &args.signature, context)
}

/// `attendance void`.
pub(super) fn void(args: &VoidEventArgs, context: &Context) -> Result<()> {
    let deed = Deed::Void {
        event: EventId(args.event),
    };
    carry_out(deed, &args.signature, context)
}

/// `attendance change`.
pub(super) fn change(args: &ChangeEventArgs, context: &Context) -> Result<()> {
    let event = EventId(args.event);
    let when = moved(args, event, context)?;
    let deed = Deed::Change {
        event,
        change: Change {
            when,
            code: args.code.as_deref().map(PersonCode::parse).transpose()?,
            direction: args.direction.map(Direction::from),
        },
    };
    carry_out(deed, &args.signature, context)
}

/// Who signs: `--by`, else the operator's login.
pub(super) fn signatory(signature: &SignatureArgs) -> String {
    signature.by.clone().unwrap_or_else(operator)
}

/// When a changed event is, if its time or its day changes.
fn moved(args: &ChangeEventArgs, event: EventId, context: &Context) -> Result<Option<When>> {
    if args.at.is_none() && args.day.is_none() {
        return Ok(None);
    }
    let mut old = context.store_to_read()?.event(event)?;
    // As the clock on the wall shows it, whatever offset it was written with.
    old.at = context.clock.localise(old.at);
    let policy = context.config.policies().attendance;
    let at = match &args.at {
        None => old.at,
        Some(text) => Stated::parse(text)?.resolve(&context.clock, |time| match args.day {
            Some(day) => time_in_day(day, time, &policy),
            None => time_of_moved(&old, time, &policy),
        })?,
    };
    match args.day {
        Some(local_day) => Ok(Some(When { at, local_day })),
        None => Ok(Some(When::moved(&old, at, &policy)?)),
    }
}

/// A time as an operator writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StatedTime {
    /// With its date.
    Local(NaiveDateTime),
    /// Without one.
    TimeOfDay(NaiveTime),
}

/// A time that is read, and the offset that was written behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stated {
    text: String,
    time: StatedTime,
    offset: Option<FixedOffset>,
}

impl Stated {
    /// Reads a date and a time, or a time, perhaps with seconds and an offset.
    fn parse(text: &str) -> Result<Self> {
        let written = text.trim().replacen(['T', 't'], " ", 1);
        let (local, offset) = split_offset(&written);
        let local = local.trim_end();
        let date_and_time = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(local, format).ok());
        let time_of_day = ["%H:%M:%S", "%H:%M"]
            .iter()
            .find_map(|format| NaiveTime::parse_from_str(local, format).ok());
        let time = date_and_time
            .map(StatedTime::Local)
            .or(time_of_day.map(StatedTime::TimeOfDay))
            .with_context(|| {
                format!(
                    "{text:?} is not a time; write it as \"2026-11-23 08:00\", perhaps with \
                     seconds and an offset, or as 08:00 in the same day"
                )
            })?;
        Ok(Self {
            text: text.trim().to_owned(),
            time,
            offset,
        })
    }

    /// The moment that is meant; `dated` gives a time of day its date.
    fn resolve(
        self,
        clock: &Clock,
        dated: impl FnOnce(NaiveTime) -> NaiveDateTime,
    ) -> Result<DateTime<FixedOffset>> {
        let text = &self.text;
        let local = match self.time {
            StatedTime::Local(local) => local,
            StatedTime::TimeOfDay(time) => dated(time),
        };
        if let Some(offset) = self.offset {
            let at = local.and_local_timezone(offset).single();
            let at = at.with_context(|| format!("{text:?} is out of range"))?;
            return Ok(clock.localise(at));
        }
        match clock.moments_of(local) {
            LocalResult::Single(at) => Ok(at),
            LocalResult::Ambiguous(early, late) => bail!(
                "{local} occurs twice, because the clocks were set back; write it as \
                 \"{text}{}\" or \"{text}{}\"",
                early.format("%:z"),
                late.format("%:z")
            ),
            LocalResult::None => {
                bail!("{local} does not occur: the clocks were set forward over it")
            }
        }
    }
}

/// Reads a date and a time as an operator writes them, with or without the offset.
pub(super) fn parse_time(text: &str, clock: &Clock) -> Result<DateTime<FixedOffset>> {
    let stated = Stated::parse(text)?;
    anyhow::ensure!(
        matches!(stated.time, StatedTime::Local(_)),
        "{text:?} has no date; write it as \"2026-11-23 08:00\""
    );
    stated.resolve(clock, |time| NaiveDate::default().and_time(time))
}

/// Cuts off an offset such as `+01:00`, `+0100`, `+01` or `Z`.
fn split_offset(text: &str) -> (&str, Option<FixedOffset>) {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return (local, FixedOffset::east_opt(0));
    }
    // Behind the time: the dashes of the date come before its colon.
    let Some(colon) = text.find(':') else {
        return (text, None);
    };
    let Some(sign) = text[colon..].find(['+', '-']).map(|at| colon + at) else {
        return (text, None);
    };
    let digits = text[sign + 1..].replacen(':', "", 1);
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let (hours, minutes) = match digits.len() {
        2 => (&digits[..], "0"),
        4 => digits.split_at(2),
        _ => return (text, None),
    };
    let seconds = match (is_number, hours.parse::<i32>(), minutes.parse::<i32>()) {
        (true, Ok(hours), Ok(minutes)) if minutes < 60 => (hours * 60 + minutes) * 60,
        _ => return (text, None),
    };
    let east = if text[sign..].starts_with('-') {
        -seconds
    } else {
        seconds
    };
    match FixedOffset::east_opt(east) {
        Some(offset) => (&text[..sign], Some(offset)),
        None => (text, None),
    }
}

fn carry_out(deed: Deed, signature: &SignatureArgs, context: &Context) -> Result<()> {
    let correction = Correction {
        deed,
        operator: signatory(signature),
        reason: signature.reason.clone(),
        face: None,
    };
    let mut store = super::store_to_change(context)?;
    let Corrected { voided, added, .. } = store.correct(&correction, context.clock.now().wall)?;
    if signature.json {
        print_json(&Report {
            voided: voided.as_ref().map(|e| e.id.0),
            added: added.as_ref().map(|e| e.id.0),
        })?;
        return Ok(());
    }
    if let Some(event) = &voided {
        println!("voided  {}", describe(event, &store)?);
    }
    if let Some(event) = &added {
        println!("added   {}", describe(event, &store)?);
    }
    Ok(())
}

fn describe(event: &AttendanceEvent, store: &Store) -> Result<String> {
    Ok(format!(
        "event {}: {} {} {} (day {})",
        event.id.0,
        name_of(event.person, store)?,
        event.direction,
        event.at.format("%Y-%m-%d %H:%M:%S %:z"),
        event.local_day
    ))
}

fn name_of(person: PersonId, store: &Store) -> Result<String> {
    let known = store.everybody()?.into_iter().find(|p| p.id == person);
    Ok(known.map_or_else(
        || "a deleted person".to_owned(),
        |p| format!("{} ({})", p.name, p.code),
    ))
}

impl From<DirectionArg> for Direction {
    fn from(direction: DirectionArg) -> Self {
        match direction {
            DirectionArg::In => Direction::In,
            DirectionArg::Out => Direction::Out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::Zone;

    #[test]
    fn times_are_read_as_people_write_them() {
        let clock = Clock::start_in(Zone::parse("Europe/Madrid").unwrap());
        let read = |text: &str| parse_time(text, &clock).unwrap().to_rfc3339();
        for text in [
            "2026-11-23 08:00",
            "2026-11-23T08:00:00",
            "2026-11-23T08:00+01:00",
            "2026-11-23 08:00 +0100",
            "2026-11-23T07:00:00Z",
            "2026-11-23 02:00-05",
        ] {
            assert_eq!(read(text), "2026-11-23T08:00:00+01:00", "{text}");
        }
        assert_eq!(read(" 2026-11-23 08:00:30 "), "2026-11-23T08:00:30+01:00");
        for text in [
            "",
            "8 o'clock",
            "2026-11-23",
            "2026-02-30 08:00",
            "08:00+99",
            "08:00+1:0:0",
        ] {
            let error = parse_time(text, &clock).unwrap_err();
            assert!(
                error.to_string().contains("is not a time"),
                "{text}: {error}"
            );
        }
        let error = parse_time("08:00", &clock).unwrap_err();
        assert!(error.to_string().contains("has no date"), "{error}");
    }

    #[test]
    fn a_time_without_a_date_may_say_which_of_two_hours_it_means() {
        let clock = Clock::start_in(Zone::parse("Europe/Madrid").unwrap());
        let day = NaiveDate::from_ymd_opt(2026, 10, 25).unwrap();
        let resolve = |text: &str| {
            let stated = Stated::parse(text)?;
            stated.resolve(&clock, |time| day.and_time(time))
        };
        let error = resolve("02:30").unwrap_err().to_string();
        assert!(
            error.contains("\"02:30+02:00\" or \"02:30+01:00\""),
            "{error}"
        );
        let early = resolve("02:30+02:00").unwrap();
        assert_eq!(early.to_rfc3339(), "2026-10-25T02:30:00+02:00");
    }
}
