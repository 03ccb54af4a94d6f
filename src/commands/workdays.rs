//! Days and people that a command asks for, and their hours.

use anyhow::{Context as _, Result};
use chrono::{Days, Months, NaiveDate};

use super::Context;
use crate::cases::export::require_person;
use crate::cli::{DayArgs, ReportArgs};
use crate::core::person::{PersonCode, is_same_team};
use crate::core::worktime::period::PersonDays;
use crate::store::{EventFilter, Store};

/// Days and people that are asked for.
#[derive(Debug, Default)]
pub(super) struct Question {
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
    pub(super) person: Option<PersonCode>,
    pub(super) team: Option<String>,
}

impl Question {
    pub(super) fn of_report(args: &ReportArgs, context: &Context) -> Result<Self> {
        let today = context.today();
        let (from, to) = if let Some(day) = args.day {
            (day, day)
        } else if let Some(week) = &args.week {
            parse_week(week)?
        } else if let Some(month) = &args.month {
            parse_month(month)?
        } else if let Some(from) = args.from {
            (from, args.to.unwrap_or(today))
        } else {
            (today, today)
        };
        anyhow::ensure!(
            from <= to,
            "the first day {from} is after the last one {to}"
        );
        Ok(Self {
            from,
            to,
            person: args.person.as_deref().map(PersonCode::parse).transpose()?,
            team: args.team.clone(),
        })
    }

    pub(super) fn today(context: &Context) -> Self {
        let today = context.today();
        Self {
            from: today,
            to: today,
            ..Self::default()
        }
    }

    pub(super) fn day(args: &DayArgs, context: &Context) -> Self {
        let day = args.day.unwrap_or_else(|| context.today());
        Self {
            from: day,
            to: day,
            ..Self::default()
        }
    }
}

/// First and last day of a week written as `2026-W47`.
pub(super) fn parse_week(week: &str) -> Result<(NaiveDate, NaiveDate)> {
    let monday = NaiveDate::parse_from_str(&format!("{week}-1"), "%G-W%V-%u")
        .with_context(|| format!("--week {week:?}: write it as 2026-W47"))?;
    Ok((monday, monday + Days::new(6)))
}

/// First and last day of a month written as `2026-11`.
pub(super) fn parse_month(month: &str) -> Result<(NaiveDate, NaiveDate)> {
    let first = NaiveDate::parse_from_str(&format!("{month}-01"), "%Y-%m-%d")
        .with_context(|| format!("--month {month:?}: write it as 2026-11"))?;
    Ok((first, first + Months::new(1) - Days::new(1)))
}

/// The days of everybody who is asked for; no day lies in the future.
///
/// Who was deleted appears with the days that are left of them, which payroll still needs.
pub(super) fn answer(
    question: &Question,
    store: &Store,
    context: &Context,
) -> Result<Vec<PersonDays>> {
    let filter = EventFilter {
        from: Some(question.from),
        to: Some(question.to),
        code: question.person.clone(),
    };
    let plan = context.work_plan()?;
    let mut days = store.days(&filter, &plan, &context.clock.now().wall)?;
    if let Some(code) = &question.person {
        require_person(code, store)?;
    }
    if let Some(team) = &question.team {
        days.retain(|days| {
            let own = days.person.team.as_deref();
            own.is_some_and(|own| is_same_team(own, team))
        });
    }
    Ok(days)
}
