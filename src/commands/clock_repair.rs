//! `rollcall attendance repair-clock`: shifts events made while the clock was wrong.

use anyhow::{Context as _, Result};
use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::Context;
use super::correction::signatory;
use super::table::{Table, print_json};
use crate::cli::RepairClockArgs;
use crate::core::clock_repair::{ClockRepair, ClockSpan};
use crate::core::clock_trust::{parse_shift, say_shift};
use crate::store::Calendar;

#[derive(Serialize)]
struct Report {
    /// Whether it was done, or only tried.
    done: bool,
    events: Vec<Shifted>,
}

#[derive(Serialize)]
struct Shifted {
    event: i64,
    code: String,
    was: DateTime<FixedOffset>,
    becomes: DateTime<FixedOffset>,
    /// Number of the event in its place, once it is done.
    replaced_by: Option<i64>,
}

/// Runs the command; without `--yes` it only says what it would do.
pub(super) fn run(args: &RepairClockArgs, context: &Context) -> Result<()> {
    let repair = ClockRepair {
        span: span(args, context)?,
        shift: parse_shift(&args.shift).with_context(|| {
            format!(
                "--shift {:?}: write it as +HH:MM:SS or -HH:MM:SS",
                args.shift
            )
        })?,
        operator: signatory(&args.signature),
        reason: args.signature.reason.clone(),
    };
    let mut store = super::store_to_change(context)?;
    let people = store.everybody()?;
    let mut events: Vec<Shifted> = store
        .doubtful_events(&repair.span)?
        .iter()
        .map(|event| {
            let person = people.iter().find(|p| p.id == event.person);
            Ok(Shifted {
                event: event.id.0,
                code: person.map_or_else(|| "(deleted)".to_owned(), |p| p.code.to_string()),
                was: event.at,
                becomes: event
                    .at
                    .checked_add_signed(repair.shift)
                    .context("the shifted time is out of range")?,
                replaced_by: None,
            })
        })
        .collect::<Result<_>>()?;
    if args.yes {
        let calendar = Calendar {
            policy: context.config.policies().attendance,
            localise: &|at| context.clock.localise(at),
        };
        let done = store.repair_clock(&repair, &calendar, context.clock.now().wall)?;
        for corrected in done {
            let old = corrected.voided.map(|e| e.id.0);
            if let Some(shifted) = events.iter_mut().find(|s| Some(s.event) == old) {
                shifted.replaced_by = corrected.added.map(|e| e.id.0);
            }
        }
    }
    let report = Report {
        done: args.yes,
        events,
    };
    if args.signature.json {
        return Ok(print_json(&report)?);
    }
    print(&report, &say_shift(repair.shift))
}

fn span(args: &RepairClockArgs, context: &Context) -> Result<ClockSpan> {
    let between = match (&args.from, &args.to) {
        (Some(from), Some(to)) => {
            let parse = |text| super::correction::parse_time(text, &context.clock);
            let (from, to) = (parse(from)?, parse(to)?);
            anyhow::ensure!(from <= to, "--from {from} is after --to {to}");
            Some((from, to))
        }
        _ => None,
    };
    Ok(ClockSpan {
        between,
        batch: args.batch,
    })
}

fn print(report: &Report, shift: &str) -> Result<()> {
    if report.events.is_empty() {
        println!("no standing event there was made with a doubtful clock; nothing to do");
        return Ok(());
    }
    let mut table = Table::new(&["Event", "Code", "Was", "Becomes", "Replaced by"]);
    let time = |at: &DateTime<FixedOffset>| at.format("%Y-%m-%d %H:%M:%S").to_string();
    for shifted in &report.events {
        table.row([
            shifted.event.to_string(),
            shifted.code.clone(),
            time(&shifted.was),
            time(&shifted.becomes),
            shifted
                .replaced_by
                .map_or_else(|| "-".into(), |e| e.to_string()),
        ]);
    }
    table.print()?;
    let count = report.events.len();
    if report.done {
        println!("{count} events shifted by {shift}");
    } else {
        println!(
            "a trial: nothing was changed. {count} events would be shifted by {shift}; say --yes to do it"
        );
    }
    Ok(())
}
