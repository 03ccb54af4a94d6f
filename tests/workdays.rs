//! How hours are counted, as cases in TOML that an office can read; see
//! `tests/workdays/README.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests too")]

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveTime};
use rollcall::config::Config;
use rollcall::core::attendance::{
    AttendanceEvent, Direction, EventId, EventSource, Provenance, Void,
};
use rollcall::core::person::{Expectation, Pause, Person, PersonCode, PersonId, PersonName};
use rollcall::core::worktime::DayReport;
use rollcall::core::worktime::period::{PersonDays, measure};
use rollcall::core::worktime::plan::{WallClock, WorkPlan};
use rollcall::core::worktime::totals::Totals;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The configuration that all cases of the file have in common, as in `config.toml`.
    config: toml::Table,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    story: String,
    /// Put over the file's configuration, table by table.
    #[serde(default)]
    config: toml::Table,
    /// The day, or the first of several.
    day: NaiveDate,
    last_day: Option<NaiveDate>,
    team: Option<String>,
    enrolled_on: Option<NaiveDate>,
    /// First day on which the person is expected, if that is another.
    expected_from: Option<NaiveDate>,
    /// The day on which the person was deactivated.
    left_on: Option<NaiveDate>,
    /// The day on which the person was active again.
    back_on: Option<NaiveDate>,
    /// `in 08:00`, `out +01:30` (the next date), `out 17:00 rule`, `in 08:00 voided`; of
    /// several days `in 2026-03-03 08:00`.
    #[serde(default)]
    punches: Vec<String>,
    /// When it is read; by default three days later.
    now: Option<String>,
    expect: Expected,
}

/// What is not named is not looked at, except flags, of which none is expected.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    state: Option<String>,
    first_in: Option<String>,
    last_out: Option<String>,
    worked: Option<String>,
    breaks: Option<String>,
    late: Option<String>,
    early: Option<String>,
    overtime: Option<String>,
    sessions: Option<usize>,
    flags: Vec<String>,
    closing: Option<String>,
    shift: Option<String>,
    days_present: Option<u32>,
    days_absent: Option<u32>,
    days_late: Option<u32>,
    total_worked: Option<String>,
    total_late: Option<String>,
}

struct Day<'a> {
    clock: &'a dyn WallClock,
    date: NaiveDate,
}

impl Day<'_> {
    /// `08:00`, `+01:30`, with a date before it, or all of RFC 3339.
    fn at(&self, text: &str) -> DateTime<FixedOffset> {
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return at;
        }
        let (date, time) = match text.rsplit_once(' ') {
            Some((date, time)) => (date.parse().unwrap(), time),
            None => (self.date, text),
        };
        let (days, time) = match time.strip_prefix('+') {
            Some(time) => (1, time),
            None => (0, time),
        };
        let time = NaiveTime::parse_from_str(time, "%H:%M")
            .or_else(|_| NaiveTime::parse_from_str(time, "%H:%M:%S"))
            .unwrap_or_else(|_| panic!("{text:?}"));
        let wall = date.checked_add_days(Days::new(days)).unwrap();
        self.clock.instant(wall.and_time(time))
    }
}

fn hours(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

fn plan(common: &toml::Table, own: &toml::Table) -> WorkPlan {
    let mut merged = common.clone();
    for (name, value) in own {
        match (merged.get_mut(name), value) {
            (Some(toml::Value::Table(into)), toml::Value::Table(from)) => {
                into.extend(from.clone());
            }
            _ => {
                merged.insert(name.clone(), value.clone());
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    if let Some(toml::Value::String(ics)) = merged.remove("holidays_ics") {
        std::fs::write(folder.path().join("holidays.ics"), ics).unwrap();
    }
    let path = folder.path().join("config.toml");
    std::fs::write(&path, toml::to_string(&merged).unwrap()).unwrap();
    let config =
        Config::load(Some(&path), folder.path(), |_| None).unwrap_or_else(|e| panic!("{e}"));
    config.work_plan(folder.path()).unwrap()
}

impl Case {
    fn run(&self, common: &toml::Table) {
        let plan = plan(common, &self.config);
        let day = Day {
            clock: &*plan.clock,
            date: self.day,
        };
        let events = self.punches.iter().zip(1..).map(|(punch, number)| {
            let (direction, rest) = punch.split_once(' ').unwrap();
            let mut words: Vec<&str> = rest.split(' ').collect();
            let mut mark = |mark: &str| {
                let found = words.last() == Some(&mark);
                if found {
                    words.pop();
                }
                found
            };
            let (is_void, is_rule, is_manual) = (mark("voided"), mark("rule"), mark("manual"));
            let at = day.at(&words.join(" "));
            AttendanceEvent {
                id: EventId(number),
                person: PersonId(1),
                at,
                local_day: plan.policy.local_day(&at),
                sequence: u32::try_from(number).unwrap(),
                direction: match direction {
                    "in" => Direction::In,
                    "out" => Direction::Out,
                    other => panic!("{other:?} is neither in nor out"),
                },
                source: match (is_rule, is_manual) {
                    (true, _) => EventSource::Rule,
                    (_, true) => EventSource::Manual,
                    _ => EventSource::Camera,
                },
                similarity: None,
                margin: None,
                liveness: None,
                void: is_void.then(|| Void {
                    at,
                    by: "olga".into(),
                    reason: "wrong".into(),
                }),
                provenance: Provenance::default(),
            }
        });
        let enrolled = self.enrolled_on.unwrap_or(self.day - Days::new(30));
        let person = Person {
            id: PersonId(1),
            code: PersonCode::parse("E-1").unwrap(),
            name: PersonName::parse("Ana").unwrap(),
            active: self.left_on.is_none() || self.back_on.is_some(),
            created_at: plan
                .clock
                .instant(enrolled.and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap())),
            team: self.team.clone(),
            template_count: 1,
            expectation: Expectation {
                from: self.expected_from,
                pauses: self
                    .left_on
                    .into_iter()
                    .map(|from| Pause {
                        from,
                        until: self.back_on,
                    })
                    .collect(),
            },
        };
        let last = self.last_day.unwrap_or(self.day);
        let now = match &self.now {
            Some(now) => day.at(now),
            None => plan
                .clock
                .instant((last + Days::new(3)).and_time(NaiveTime::MIN)),
        };
        let people = measure(
            &plan,
            vec![person],
            events.collect(),
            (self.day, last),
            &now,
        );
        self.check(&people[0], &day);
    }

    fn check(&self, person: &PersonDays, day: &Day<'_>) {
        let story = &self.story;
        let expect = &self.expect;
        let equal = |what: &str, found: &str, expected: &Option<String>| {
            if let Some(expected) = expected {
                assert_eq!(found, expected, "{what}, {story}");
            }
        };
        let totals = Totals::of(person.days.iter().map(|day| &day.report));
        let count = |what: &str, found: u32, expected: Option<u32>| {
            if let Some(expected) = expected {
                assert_eq!(found, expected, "{what}, {story}");
            }
        };
        count("days present", totals.days_present, expect.days_present);
        count("days absent", totals.days_absent, expect.days_absent);
        count("days late", totals.days_late, expect.days_late);
        equal("sum of hours", &hours(totals.worked), &expect.total_worked);
        equal("sum of lateness", &hours(totals.late), &expect.total_late);
        let days = person.days.iter().map(|day| &day.report);
        let printed: u64 = days.map(|report| report.worked.as_secs() / 60).sum();
        assert_eq!(
            printed * 60,
            totals.worked.as_secs(),
            "days add up to their total, {story}"
        );
        if self.last_day.is_some() {
            return;
        }
        let Some(found) = person.days.first() else {
            assert_eq!(expect.state.as_deref(), Some("free"), "{story}");
            return;
        };
        let report: &DayReport = &found.report;
        let time = |at: Option<DateTime<FixedOffset>>| {
            at.map_or("none".to_owned(), |at| {
                let next = if at.date_naive() > day.date { "+" } else { "" };
                format!("{next}{}", at.format("%H:%M"))
            })
        };
        equal("state", &report.state.to_string(), &expect.state);
        equal("first in", &time(report.first_in), &expect.first_in);
        equal("last out", &time(report.last_out), &expect.last_out);
        equal("worked", &hours(report.worked), &expect.worked);
        equal("breaks", &hours(report.breaks), &expect.breaks);
        equal("late", &hours(report.late), &expect.late);
        equal("early", &hours(report.early), &expect.early);
        equal("overtime", &hours(report.overtime), &expect.overtime);
        equal("closing", &time(report.closing), &expect.closing);
        equal(
            "shift",
            found.shift.as_deref().unwrap_or("none"),
            &expect.shift,
        );
        if let Some(sessions) = expect.sessions {
            assert_eq!(report.sessions.len(), sessions, "sessions, {story}");
        }
        let flags: Vec<String> = report.flags.iter().map(ToString::to_string).collect();
        assert_eq!(flags, expect.flags, "flags, {story}");
    }
}

#[test]
fn every_case_adds_up() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/workdays");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let (mut cases, mut failed) = (0, Vec::new());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let file: File =
            toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for case in &file.case {
            println!("{}: {}", path.file_name().unwrap().display(), case.story);
            let run = std::panic::catch_unwind(|| case.run(&file.config));
            failed.extend(run.is_err().then(|| case.story.clone()));
            cases += 1;
        }
    }
    assert!(failed.is_empty(), "these do not: {failed:#?}");
    assert!(cases >= 60, "only {cases} cases were found");
}
