//! The records of a large station: 5,000 people and 100,000 events.
//!
//! `cargo bench --bench records`
//!
//! The last two are whole commands: starting the program, opening and checking the
//! database, reading, counting and printing.

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot run should stop and say so"
)]

use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use divan::Bencher;
use rollcall::core::attendance::Direction;
use rollcall::core::consensus::ConsensusPolicy;
use rollcall::core::correction::When;
use rollcall::core::day::{AttendanceMode, AttendancePolicy};
use rollcall::core::embedding::{Cosine, ModelId};
use rollcall::core::enrolment::EnrolmentPolicy;
use rollcall::core::event::{Event, Receipt};
use rollcall::core::frame::Moment;
use rollcall::core::gallery::MatchPolicy;
use rollcall::core::liveness::{LivenessDemand, LivenessPolicy};
use rollcall::core::person::{PersonCode, PersonName};
use rollcall::core::station::{Policies, Station};
use rollcall::core::worktime::period::measure;
use rollcall::core::worktime::plan::WorkPlan;
use rollcall::core::worktime::shift::{Break, Shift};
use rollcall::core::worktime::timetable::{Schedule, Timetable};
use rollcall::store::{Author, EventFilter, ImportedEvent, ImportedPerson, Store};
use tempfile::TempDir;

const PEOPLE: usize = 5_000;
const DAYS: u64 = 10;

fn main() {
    divan::main();
}

/// Today's table of the dashboard, from what the station knows: for every drawing.
#[divan::bench]
fn todays_table(bencher: Bencher) {
    let records = records();
    let now = Moment {
        monotonic: Duration::ZERO,
        wall: records.now,
    };
    let mut station = Station::new(policies(), plan(), model(), &now);
    let snapshot = records.store().snapshot(records.today, &model()).unwrap();
    station.handle(Event::Receipt(Receipt::Snapshot(Box::new(snapshot))), &now);
    assert_eq!(station.today(&now).len(), PEOPLE);
    bencher.bench_local(|| station.today(&now).len());
}

/// The same read from the database.
#[divan::bench]
fn todays_table_from_disk(bencher: Bencher) {
    let records = records();
    let store = records.store();
    bencher.bench_local(|| records.days(&store, records.today));
}

/// The hours of everybody on every day of the month.
#[divan::bench]
fn month_from_disk(bencher: Bencher) {
    let records = records();
    let store = records.store();
    let first = records.today.checked_sub_days(Days::new(29)).unwrap();
    bencher.bench_local(|| records.days(&store, first));
}

#[divan::bench]
fn command_attendance_today(bencher: Bencher) {
    bencher.bench_local(|| records().run(&["attendance", "today"]));
}

#[divan::bench]
fn command_export_of_a_month(bencher: Bencher) {
    let month = records().today.format("%Y-%m").to_string();
    let export = ["attendance", "export", "--csv", "--view", "days", "--month"];
    bencher.bench_local(|| records().run(&[&export[..], &[&month]].concat()));
}

/// A station that has run for ten days.
struct Records {
    folder: TempDir,
    now: DateTime<FixedOffset>,
    today: NaiveDate,
}

fn records() -> &'static Records {
    static RECORDS: OnceLock<Records> = OnceLock::new();
    RECORDS.get_or_init(Records::write)
}

impl Records {
    fn write() -> Self {
        let folder = TempDir::new().unwrap();
        let now = Utc::now().fixed_offset();
        let today = now.date_naive();
        let mut store = Store::open(folder.path()).unwrap();
        let first = today.checked_sub_days(Days::new(DAYS - 1)).unwrap();
        let author = Author {
            name: "bench",
            at: first.and_time(NaiveTime::MIN).and_utc().fixed_offset(),
        };
        let code = |person: usize| PersonCode::parse(&format!("E-{person}")).unwrap();
        let people: Vec<ImportedPerson> = (0..PEOPLE)
            .map(|person| ImportedPerson {
                code: code(person),
                name: PersonName::parse(&format!("Person {person}")).unwrap(),
                team: (person % 3 == 0).then(|| format!("Team {}", person % 7)),
                expected_from: None,
                consent_at: None,
            })
            .collect();
        store
            .import_people(&people, author)
            .map_err(|e| e.1)
            .unwrap();
        // Everybody was enrolled on the first day, and all was recorded by the last.
        let imported_by = Author {
            at: author.at + TimeDelta::days(DAYS as i64),
            ..author
        };
        let mut events = Vec::new();
        for day in first.iter_days().take(DAYS as usize) {
            let midnight = day.and_time(NaiveTime::MIN).and_utc().fixed_offset();
            for person in 0..PEOPLE {
                for (hour, direction) in [(8, Direction::In), (17, Direction::Out)] {
                    let at = midnight
                        + TimeDelta::hours(hour)
                        + TimeDelta::seconds((person % 1800) as i64);
                    events.push(ImportedEvent {
                        code: code(person),
                        when: When { at, local_day: day },
                        direction,
                    });
                }
            }
        }
        store
            .import_events(&events, "bench", imported_by)
            .map_err(|e| e.1)
            .unwrap();
        Self { folder, now, today }
    }

    fn store(&self) -> Store {
        Store::open_read_only(self.folder.path()).unwrap()
    }

    fn days(&self, store: &Store, from: NaiveDate) -> usize {
        let filter = EventFilter {
            from: Some(from),
            to: Some(self.today),
            code: None,
        };
        let (people, events) = (store.everybody().unwrap(), store.events(&filter).unwrap());
        measure(&plan(), people, events, (from, self.today), &self.now).len()
    }

    fn run(&self, arguments: &[&str]) {
        let status = Command::new(env!("CARGO_BIN_EXE_rollcall"))
            .env("TZ", "UTC")
            .arg("--data-dir")
            .arg(self.folder.path())
            .args(arguments)
            .stdout(Stdio::null())
            .status();
        assert!(status.unwrap().success());
    }
}

fn model() -> ModelId {
    ModelId::from_sha256("00")
}

fn policies() -> Policies {
    Policies {
        matching: MatchPolicy {
            threshold: Cosine(0.4),
            per_tenfold: 0.0,
            min_margin: 0.05,
        },
        consensus: ConsensusPolicy::default(),
        liveness: LivenessPolicy {
            demand: LivenessDemand::Nothing,
            threshold: 0.5,
            mirrored: false,
        },
        attendance: AttendancePolicy {
            mode: AttendanceMode::Toggle,
            cooldown: Duration::from_mins(5),
            day_starts_at: NaiveTime::MIN,
        },
        enrolment: EnrolmentPolicy::default(),
        adapts: false,
    }
}

fn plan() -> WorkPlan {
    let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    WorkPlan {
        policy: policies().attendance,
        timetable: Timetable {
            shifts: vec![Shift {
                name: "office".into(),
                starts_at: time(8),
                ends_at: time(17),
                breaks: vec![Break {
                    starts_at: time(12),
                    ends_at: time(13),
                }],
                grace: Duration::from_mins(5),
            }],
            schedules: vec![Schedule {
                team: None,
                shift: 0,
                weekdays: vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu],
                from: None,
                until: None,
            }],
            ..Timetable::default()
        },
        close_after: Duration::from_hours(4),
        clock: Arc::new(chrono_tz::Europe::Vienna),
    }
}
