//! `rollcall attendance add`, `void` and `change`: corrections, signed and reasoned.

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, FixedOffset, LocalResult, NaiveDateTime};
use serde::Serialize;

use super::table::print_json;
use super::{Context, operator};
use crate::cli::{AddEventArgs, ChangeEventArgs, DirectionArg, SignatureArgs, VoidEventArgs};
use crate::clock::Clock;
use crate::core::attendance::{AttendanceEvent, Direction, EventId};
use crate::core::correction::{Change, Corrected, Correction, Deed, When};
use crate::core::person::{PersonCode, PersonId};
use crate::store::Store;

#[derive(Serialize)]
struct Report {
    voided: Option<i64>,
    added: Option<i64>,
}

/// `attendance add`.
pub(super) fn add(args: &AddEventArgs, context: &Context) -> Result<()> {
    let at = context.parse_time(&args.at)?;
    let deed = Deed::Add {
        code: PersonCode::parse(&args.code)?,
        when: When {
            at,
            local_day: args.day.unwrap_or_else(|| local_day(&at, context)),
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
    let at = args
        .at
        .as_deref()
        .map(|text| context.parse_time(text))
        .transpose()?;
    let when = match (at, args.day) {
        (Some(at), day) => Some(When {
            at,
            local_day: day.unwrap_or_else(|| local_day(&at, context)),
        }),
        (None, Some(local_day)) => Some(When {
            at: context.store_to_read()?.event(event)?.at,
            local_day,
        }),
        (None, None) => None,
    };
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

/// Reads a local time as an operator writes it, with or without its offset.
pub(super) fn parse_time(text: &str, clock: &Clock) -> Result<DateTime<FixedOffset>> {
    let text = text.trim();
    let spaced = text.replacen('T', " ", 1);
    for format in ["%Y-%m-%d %H:%M:%S%:z", "%Y-%m-%d %H:%M%:z"] {
        if let Ok(at) = DateTime::parse_from_str(&spaced, format) {
            // By the station's clock the time is measured, wherever it was written.
            return Ok(clock.localise(at));
        }
    }
    let local = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&spaced, format).ok())
        .with_context(|| {
            format!("{text:?} is no time; write it as \"2026-11-23 08:00\", perhaps with seconds and an offset")
        })?;
    match clock.moments_of(local) {
        LocalResult::Single(at) => Ok(at),
        LocalResult::Ambiguous(early, late) => bail!(
            "{text} occurs twice, because the clocks were set back; write it as \
             \"{text}{}\" or \"{text}{}\"",
            early.format("%:z"),
            late.format("%:z")
        ),
        LocalResult::None => {
            bail!("{text} does not occur: the clocks were set forward over it")
        }
    }
}

fn local_day(at: &DateTime<FixedOffset>, context: &Context) -> chrono::NaiveDate {
    context.config.policies().attendance.local_day(at)
}

fn carry_out(deed: Deed, signature: &SignatureArgs, context: &Context) -> Result<()> {
    let correction = Correction {
        deed,
        operator: signatory(signature),
        reason: signature.reason.clone(),
        face: None,
    };
    let mut store = context.store_to_change()?;
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

    #[test]
    fn times_are_read_as_people_write_them() {
        let clock = Clock::start_in(crate::zone::Zone::parse("Europe/Madrid").unwrap());
        let with_offset = parse_time("2026-11-23T08:00+01:00", &clock).unwrap();
        assert_eq!(with_offset.to_rfc3339(), "2026-11-23T08:00:00+01:00");
        let local = parse_time(" 2026-11-23 08:00:30 ", &clock).unwrap();
        assert_eq!(local.naive_local().to_string(), "2026-11-23 08:00:30");
        for text in ["", "08:00", "2026-11-23", "2026-02-30 08:00", "yesterday"] {
            let error = parse_time(text, &clock).unwrap_err();
            assert!(error.to_string().contains("is no time"), "{text}");
        }
    }
}
