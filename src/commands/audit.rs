//! `rollcall audit list`: who did what, and when.

use anyhow::Result;

use super::Context;
use super::table::{Table, print_json};
use crate::cli::{AuditCommand, AuditListArgs, Outcome};
use crate::core::person::PersonCode;
use crate::store::{AuditFilter, AuditRow};

/// Runs the command.
pub(super) fn run(command: &AuditCommand, context: &Context) -> Result<Outcome> {
    match command {
        AuditCommand::List(args) => list(args, context)?,
    }
    Ok(Outcome::Done)
}

fn list(args: &AuditListArgs, context: &Context) -> Result<()> {
    if let (Some(from), Some(to)) = (args.from, args.to) {
        anyhow::ensure!(from <= to, "--from {from} is after --to {to}");
    }
    let filter = AuditFilter {
        from: args.from,
        to: args.to,
        code: args.person.as_deref().map(PersonCode::parse).transpose()?,
        action: args.action.clone(),
        by: args.by.clone(),
        last: args.last,
    };
    let rows = context.store_to_read()?.audit_rows(&filter)?;
    if args.json {
        return Ok(print_json(&rows)?);
    }
    let mut table = Table::new(&[
        "Record", "When", "By", "Action", "About", "Person", "Detail",
    ]);
    for row in rows {
        table.row(cells(row));
    }
    Ok(table.print()?)
}

fn cells(row: AuditRow) -> [String; 7] {
    let AuditRow {
        record,
        entry,
        event,
        code,
    } = row;
    let about = match event {
        Some(event) => format!("event {event}"),
        None => entry.subject,
    };
    [
        record.to_string(),
        when(&entry.at),
        entry.actor,
        entry.action,
        about,
        code.unwrap_or_else(|| "-".to_owned()),
        entry.detail,
    ]
}

/// `2026-11-25 10:30:05 +01:00`; what is no time stays as it is.
fn when(at: &str) -> String {
    match chrono::DateTime::parse_from_rfc3339(at) {
        Ok(at) => at.format("%Y-%m-%d %H:%M:%S %:z").to_string(),
        Err(_) => at.to_owned(),
    }
}
