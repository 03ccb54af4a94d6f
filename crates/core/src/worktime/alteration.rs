//! What a change of settings or people does to days that have passed.
//!
//! Settings have no dates: every day is measured by those of today. A change may therefore
//! alter hours that were paid long ago. What it alters is counted here, so that it can be said
//! before it is done.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use chrono::NaiveDate;

use super::period::{PersonDays, WorkDay};
use super::totals::Totals;
use crate::person::PersonCode;

/// Days that come out otherwise, of whom, and by how much.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Alteration {
    /// By person.
    pub people: BTreeMap<PersonCode, PersonAlteration>,
}

/// Days of one person that come out otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PersonAlteration {
    /// Which, in order.
    pub days: Vec<NaiveDate>,
    /// What these days added up to.
    pub before: Totals,
    /// What they would.
    pub after: Totals,
}

impl Alteration {
    /// Compares the days of a span, measured twice. Spans are added in their order.
    pub fn add(&mut self, before: &[PersonDays], after: &[PersonDays]) {
        let mut days: BTreeMap<(&PersonCode, NaiveDate), [Option<&WorkDay>; 2]> = BTreeMap::new();
        for (which, people) in [before, after].into_iter().enumerate() {
            for person in people {
                for day in &person.days {
                    let key = (&person.person.code, day.day);
                    days.entry(key).or_default()[which] = Some(day);
                }
            }
        }
        for ((code, day), [old, new]) in days {
            if old.map(measure) == new.map(measure) {
                continue;
            }
            let person = self.people.entry(code.clone()).or_default();
            person.days.push(day);
            if let Some(old) = old {
                person.before.add(&old.report);
            }
            if let Some(new) = new {
                person.after.add(&new.report);
            }
        }
    }

    /// Whether all stays as it was.
    pub fn is_none(&self) -> bool {
        self.people.is_empty()
    }

    /// The first and the last of the days; `None` if there is none.
    pub fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        let days = || self.people.values().flat_map(|person| &person.days);
        Some((*days().min()?, *days().max()?))
    }

    /// What all of these days added up to, and what they would.
    pub fn totals(&self) -> (Totals, Totals) {
        let mut totals = (Totals::default(), Totals::default());
        for person in self.people.values() {
            totals.0.merge(&person.before);
            totals.1.merge(&person.after);
        }
        totals
    }

    /// Number of days, of all people together.
    pub fn day_count(&self) -> usize {
        self.people.values().map(|person| person.days.len()).sum()
    }
}

/// What somebody is paid or asked about by; a shift may be given another name.
fn measure(day: &WorkDay) -> impl PartialEq {
    let report = &day.report;
    (
        report.state,
        [
            report.worked,
            report.breaks,
            report.late,
            report.early,
            report.overtime,
        ],
        report.flags.clone(),
    )
}

/// Which days of how many people, and by how much; without a full stop.
impl fmt::Display for Alteration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = self.totals();
        let Some((first, last)) = self.span() else {
            return f.write_str("no day that has passed comes out otherwise");
        };
        write!(
            f,
            "{} of {} that have passed come out otherwise, {first} to {last}",
            counted(self.day_count(), "day", "days"),
            counted(self.people.len(), "person", "people"),
        )?;
        for words in differences(&before, &after) {
            write!(f, "; {words}")?;
        }
        Ok(())
    }
}

impl fmt::Display for PersonAlteration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<String> = self.days.iter().map(ToString::to_string).collect();
        let shown = match days.as_slice() {
            [first, .., last] if days.len() > 5 => {
                format!("{} days from {first} to {last}", days.len())
            }
            days => days.join(", "),
        };
        f.write_str(&shown)?;
        for words in differences(&self.before, &self.after) {
            write!(f, "; {words}")?;
        }
        Ok(())
    }
}

fn counted(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// `absent 20 → 0`, of what differs.
fn differences(before: &Totals, after: &Totals) -> Vec<String> {
    let counts = [
        ("absent", before.days_absent, after.days_absent),
        ("days late", before.days_late, after.days_late),
        ("days early", before.days_early, after.days_early),
        ("days to check", before.days_flagged, after.days_flagged),
    ];
    let times = [
        ("hours", before.worked, after.worked),
        ("overtime", before.overtime, after.overtime),
        ("late", before.late, after.late),
        ("early", before.early, after.early),
    ];
    let counts = counts
        .into_iter()
        .filter(|(_, old, new)| old != new)
        .map(|(what, old, new)| format!("{what} {old} \u{2192} {new}"));
    let times = times
        .into_iter()
        .filter(|(_, old, new)| old != new)
        .map(|(what, old, new)| format!("{what} {} \u{2192} {}", hours(old), hours(new)));
    counts.chain(times).collect()
}

fn hours(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    format!("{}:{:02}", minutes / 60, minutes % 60)
}
