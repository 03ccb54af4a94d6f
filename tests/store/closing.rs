//! Forgotten check-outs: closed once, seen, and correctable.

use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveTime, Weekday};
use rollcall::core::attendance::{AttendanceEvent, Direction, EventSource};
use rollcall::core::day::{AttendanceMode, AttendancePolicy};
use rollcall::core::worktime::plan::WorkPlan;
use rollcall::core::worktime::shift::Shift;
use rollcall::core::worktime::timetable::{Schedule, Timetable};
use rollcall::store::{Author, EventFilter, Store};

use super::{day, enrolled, operator, punch, station, time, void};

const MONDAY: &str = "2026-11-23";

/// From eight to five on weekdays.
fn plan() -> WorkPlan {
    let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    WorkPlan {
        policy: AttendancePolicy {
            mode: AttendanceMode::Toggle,
            cooldown: Duration::from_mins(5),
            day_starts_at: NaiveTime::MIN,
        },
        timetable: Timetable {
            shifts: vec![Shift {
                name: "day".into(),
                starts_at: at(8),
                ends_at: at(17),
                breaks: vec![],
                grace: Duration::ZERO,
            }],
            schedules: vec![Schedule {
                team: None,
                shift: 0,
                weekdays: vec![Weekday::Mon],
                from: None,
                until: None,
            }],
            ..Timetable::default()
        },
        close_after: Duration::from_hours(4),
        clock: Arc::new(chrono_tz::Europe::Vienna),
    }
}

fn close(store: &mut Store, at: &str) -> Vec<(String, AttendanceEvent)> {
    let author = Author {
        name: "rule",
        at: time(at),
    };
    store
        .close_forgotten(&plan(), (day("2026-11-20"), day(MONDAY)), author)
        .unwrap()
}

#[test]
fn a_forgotten_check_out_is_closed_at_the_end_of_the_shift_and_once() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    let bruno = enrolled(&mut store, "E-2");
    store
        .record(&punch(ana, 1, "2026-11-23T08:00:00+01:00"), operator())
        .unwrap();
    for (sequence, at) in [
        (1, "2026-11-23T08:00:00+01:00"),
        (2, "2026-11-23T16:00:00+01:00"),
    ] {
        store
            .record(&punch(bruno, sequence, at), operator())
            .unwrap();
    }
    assert!(
        close(&mut store, "2026-11-23T18:00:00+01:00").is_empty(),
        "four hours after the shift it may still be overtime"
    );
    let closed = close(&mut store, "2026-11-24T01:00:00+01:00");
    let [(code, event)] = &closed[..] else {
        panic!("{closed:?}")
    };
    assert_eq!(code, "E-1");
    assert_eq!(
        (event.direction, event.source, event.at),
        (
            Direction::Out,
            EventSource::Rule,
            time("2026-11-23T17:00:00+01:00")
        )
    );
    assert!(event.provenance.reason.is_some());
    assert_eq!(store.audit_trail(1).unwrap()[0].action, "attendance.close");
    assert!(close(&mut store, "2026-11-24T02:00:00+01:00").is_empty());
    // Who takes it back has the last word.
    void(&mut store, event.id, "she was here until nine").unwrap();
    assert!(close(&mut store, "2026-11-24T03:00:00+01:00").is_empty());
    assert!(store.verify_chain().unwrap().broken.is_none());
    assert_eq!(
        store
            .events(&EventFilter::of_day(day(MONDAY)))
            .unwrap()
            .len(),
        4
    );
}
