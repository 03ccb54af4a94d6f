//! How hours are counted, as a specification: punches in, the day's report out.

#![allow(clippy::unwrap_used, reason = "helpers of tests too")]

use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta};
use chrono_tz::Europe::Vienna;
use proptest::prelude::*;
use rollcall::core::attendance::{
    AttendanceEvent, Direction, EventId, EventSource, Provenance, Void,
};
use rollcall::core::day::AttendanceMode;
use rollcall::core::person::PersonId;
use rollcall::core::worktime::shift::{Break, Shift, ShiftError, instant};
use rollcall::core::worktime::totals::Totals;
use rollcall::core::worktime::{DayReport, DayRules, DayState, Flag, day_report};

const MINUTE: Duration = Duration::from_mins(1);

fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

fn at(text: &str) -> DateTime<FixedOffset> {
    let wall = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    instant(&Vienna, wall)
}

fn shift(starts_at: &str, ends_at: &str, breaks: &[(&str, &str)]) -> Shift {
    Shift {
        name: "test".into(),
        starts_at: time(starts_at),
        ends_at: time(ends_at),
        breaks: breaks
            .iter()
            .map(|(from, to)| Break {
                starts_at: time(from),
                ends_at: time(to),
            })
            .collect(),
        grace: 5 * MINUTE,
    }
}

fn office() -> Shift {
    shift("08:00", "17:00", &[("12:00", "12:30")])
}

fn events(punches: &[(DateTime<FixedOffset>, Direction)]) -> Vec<AttendanceEvent> {
    (1..)
        .zip(punches)
        .map(|(number, (at, direction))| AttendanceEvent {
            id: EventId(number),
            person: PersonId(1),
            at: *at,
            local_day: at.date_naive(),
            sequence: u32::try_from(number).unwrap(),
            direction: *direction,
            source: EventSource::Camera,
            similarity: None,
            margin: None,
            liveness: None,
            void: None,
            provenance: Provenance::default(),
        })
        .collect()
}

/// The report of a day, as read at `now`; a punch is `in DATE TIME` or `out DATE TIME`.
struct Case {
    mode: AttendanceMode,
    shift: Option<Shift>,
    day: &'static str,
    day_starts_at: &'static str,
}

impl Case {
    fn new(day: &'static str, shift: Option<Shift>) -> Self {
        Self {
            mode: AttendanceMode::Toggle,
            shift,
            day,
            day_starts_at: "04:00",
        }
    }

    fn events(&self, events: &[AttendanceEvent], now: &str) -> DayReport {
        let day: NaiveDate = self.day.parse().unwrap();
        let starts_at = time(self.day_starts_at);
        let planned = self.shift.as_ref().map(|shift| {
            shift.check(starts_at).unwrap();
            shift.on(day, starts_at, &Vienna)
        });
        let rules = DayRules {
            mode: self.mode,
            shift: planned.as_ref(),
            close_after: 240 * MINUTE,
            day_ends: instant(&Vienna, day.succ_opt().unwrap().and_time(starts_at)),
        };
        day_report(events, &rules, &at(now))
    }

    fn report(&self, punches: &[&str], now: &str) -> DayReport {
        let punches: Vec<_> = punches
            .iter()
            .map(|punch| {
                let (direction, when) = punch.split_once(' ').unwrap();
                let direction = match direction {
                    "in" => Direction::In,
                    _ => Direction::Out,
                };
                (at(when), direction)
            })
            .collect();
        self.events(&events(&punches), now)
    }
}

#[test]
fn an_office_day_loses_its_break_once_whether_it_was_punched_or_not() {
    let case = Case::new("2026-03-03", Some(office()));
    let through = case.report(
        &["in 2026-03-03 08:00", "out 2026-03-03 17:00"],
        "2026-03-03 18:00",
    );
    let punched = case.report(
        &[
            "in 2026-03-03 08:00",
            "out 2026-03-03 12:00",
            "in 2026-03-03 12:30",
            "out 2026-03-03 17:00",
        ],
        "2026-03-03 18:00",
    );
    assert_eq!(through.worked, 510 * MINUTE);
    assert_eq!(punched.worked, 510 * MINUTE);
    assert_eq!(
        (through.breaks, punched.breaks),
        (30 * MINUTE, Duration::ZERO)
    );
    assert_eq!(through.overtime, Duration::ZERO);
    assert!(through.flags.is_empty());
}

#[test]
fn lateness_and_leaving_early_count_in_full_beyond_the_grace_and_not_within() {
    let case = Case::new("2026-03-03", Some(office()));
    let report = |from: &str, to: &str| {
        let (from, to) = (
            format!("in 2026-03-03 {from}"),
            format!("out 2026-03-03 {to}"),
        );
        let report = case.report(&[&from, &to], "2026-03-03 18:00");
        (report.late, report.early)
    };
    assert_eq!(report("08:05", "16:55"), (Duration::ZERO, Duration::ZERO));
    assert_eq!(report("08:06", "16:54"), (6 * MINUTE, 6 * MINUTE));
}

#[test]
fn who_has_not_come_is_expected_then_overdue_then_absent_and_on_a_free_day_neither() {
    let case = Case::new("2026-03-03", Some(office()));
    let state = |now| case.report(&[], now).state;
    assert_eq!(state("2026-03-03 08:05"), DayState::Expected);
    assert_eq!(state("2026-03-03 08:06"), DayState::Overdue);
    assert_eq!(state("2026-03-03 17:00"), DayState::Absent);
    let free = Case::new("2026-03-03", None).report(&[], "2026-03-03 18:00");
    assert_eq!(free.state, DayState::Free);
}

#[test]
fn work_beyond_the_shift_and_on_a_free_day_is_overtime() {
    let punches = ["in 2026-03-03 08:00", "out 2026-03-03 18:00"];
    let case = Case::new("2026-03-03", Some(office()));
    assert_eq!(
        case.report(&punches, "2026-03-03 19:00").overtime,
        60 * MINUTE
    );
    let free = Case::new("2026-03-03", None);
    assert_eq!(
        free.report(&punches, "2026-03-03 19:00").overtime,
        600 * MINUTE
    );
}

#[test]
fn a_forgotten_check_out_is_closed_at_the_shift_s_end_and_flagged() {
    let case = Case::new("2026-03-03", Some(office()));
    let before = case.report(&["in 2026-03-03 08:00"], "2026-03-03 20:59");
    assert_eq!((before.state, before.closing), (DayState::In, None));
    let after = case.report(&["in 2026-03-03 08:00"], "2026-03-03 21:00");
    assert_eq!(after.closing, Some(at("2026-03-03 17:00")));
    assert_eq!(after.worked, 510 * MINUTE);
    assert!(after.flags.contains(&Flag::ForgottenCheckOut));
    assert_eq!(after.state, DayState::Out);
}

#[test]
fn without_a_shift_a_forgotten_check_out_counts_nothing_once_the_day_is_over() {
    let case = Case::new("2026-03-03", None);
    let report = case.report(&["in 2026-03-03 08:00"], "2026-03-04 04:00");
    assert_eq!(report.worked, Duration::ZERO);
    assert!(report.flags.contains(&Flag::ForgottenCheckOut));
}

#[test]
fn a_night_shift_has_its_real_hours_when_an_hour_repeats_or_is_skipped() {
    let night = || Some(shift("22:00", "06:00", &[]));
    let worked = |day, from, to, now| {
        let mut case = Case::new(day, night());
        case.day_starts_at = "12:00";
        let report = case.report(&[from, to], now);
        assert_eq!(report.overtime, Duration::ZERO);
        report.worked
    };
    let autumn = worked(
        "2026-10-24",
        "in 2026-10-24 22:00",
        "out 2026-10-25 06:00",
        "2026-10-25 07:00",
    );
    let spring = worked(
        "2026-03-28",
        "in 2026-03-28 22:00",
        "out 2026-03-29 06:00",
        "2026-03-29 07:00",
    );
    let leap = worked(
        "2028-02-28",
        "in 2028-02-28 22:00",
        "out 2028-02-29 06:00",
        "2028-02-29 07:00",
    );
    assert_eq!(
        (autumn, spring, leap),
        (540 * MINUTE, 420 * MINUTE, 480 * MINUTE)
    );
}

#[test]
fn what_does_not_pair_counts_nothing_and_is_flagged() {
    let case = Case::new("2026-03-03", None);
    let alone = case.report(&["out 2026-03-03 12:00"], "2026-03-03 18:00");
    assert_eq!(alone.worked, Duration::ZERO);
    assert!(alone.flags.contains(&Flag::CheckOutAlone));
    let twice = case.report(
        &[
            "in 2026-03-03 08:00",
            "in 2026-03-03 09:00",
            "out 2026-03-03 10:00",
        ],
        "2026-03-03 18:00",
    );
    assert_eq!(twice.worked, 120 * MINUTE);
    assert!(twice.flags.contains(&Flag::CheckInTwice));
}

#[test]
fn with_first_in_last_out_a_later_check_out_moves_the_first() {
    let mut case = Case::new("2026-03-03", None);
    case.mode = AttendanceMode::FirstInLastOut;
    let punches = [
        "in 2026-03-03 08:00",
        "out 2026-03-03 12:00",
        "out 2026-03-03 16:00",
    ];
    let report = case.report(&punches, "2026-03-03 18:00");
    assert_eq!(report.worked, 480 * MINUTE);
    assert!(report.flags.is_empty());
}

#[test]
fn with_presence_nobody_forgets_to_check_out() {
    let mut case = Case::new("2026-03-03", Some(office()));
    case.mode = AttendanceMode::Presence;
    let report = case.report(&["in 2026-03-03 08:10"], "2026-03-05 00:00");
    assert_eq!((report.late, report.worked), (10 * MINUTE, Duration::ZERO));
    assert!(report.flags.is_empty());
}

#[test]
fn a_shift_that_cannot_be_counted_is_refused() {
    let check = |shift: Shift| shift.check(time("04:00"));
    assert!(matches!(
        check(shift("22:00", "06:00", &[])),
        Err(ShiftError::CrossesDayStart { .. })
    ));
    assert!(matches!(
        check(shift("08:00", "08:00", &[])),
        Err(ShiftError::Empty { .. })
    ));
    assert!(matches!(
        check(shift("08:00", "17:00", &[("17:00", "17:30")])),
        Err(ShiftError::BreakOutside { .. })
    ));
    assert!(matches!(
        check(shift(
            "08:00",
            "17:00",
            &[("12:00", "13:00"), ("12:30", "13:30")]
        )),
        Err(ShiftError::BreaksOverlap { .. })
    ));
    assert_eq!(check(shift("18:00", "04:00", &[])), Ok(()));
    assert_eq!(check(shift("04:00", "12:00", &[])), Ok(()));
}

#[test]
fn more_than_a_day_in_one_day_is_flagged() {
    let case = Case::new("2026-03-03", None);
    let punches = events(&[
        (at("2020-03-03 08:00"), Direction::In),
        (at("2026-03-03 17:00"), Direction::Out),
    ]);
    let report = case.events(&punches, "2026-03-03 18:00");
    assert!(report.flags.contains(&Flag::NotOneDay));
    let whole = case.report(
        &["in 2026-03-03 04:00", "out 2026-03-04 04:00"],
        "2026-03-04 05:00",
    );
    assert!(whole.flags.is_empty(), "a watch of 24 hours");
}

proptest! {
    #[test]
    fn hours_add_up_and_a_voided_event_changes_nothing(
        minutes in prop::collection::vec((0_i64..1440, any::<bool>()), 0..12),
        voided in 0_i64..1440,
    ) {
        let midnight = at("2026-03-03 04:00");
        let punches: Vec<_> = minutes
            .iter()
            .map(|(minute, comes)| {
                let direction = if *comes { Direction::In } else { Direction::Out };
                (midnight + TimeDelta::minutes(*minute), direction)
            })
            .collect();
        let mut events = events(&punches);
        let case = Case::new("2026-03-03", Some(office()));
        let report = case.events(&events, "2026-03-05 00:00");
        let sum: Duration = report.sessions.iter().map(rollcall::core::worktime::shift::Span::length).sum();
        prop_assert!(report.worked <= sum);
        prop_assert!(report.sessions.iter().all(|s| s.from <= s.to));
        let mut extra = self::events(&[(midnight + TimeDelta::minutes(voided), Direction::Out)]);
        extra[0].sequence = 99;
        extra[0].id = EventId(99);
        extra[0].void = Some(Void { at: midnight, by: "test".into(), reason: "test".into() });
        events.extend(extra);
        prop_assert_eq!(case.events(&events, "2026-03-05 00:00"), report);
    }

    /// What is printed is what was counted: the seconds of a punch are nobody's minutes, and
    /// the printed days add up to the printed total.
    #[test]
    fn days_of_any_seconds_add_up_to_their_total_in_whole_minutes(
        days in prop::collection::vec(
            prop::collection::btree_map(0_i64..1440, (0_i64..60, any::<bool>()), 0..10),
            1..8,
        ),
    ) {
        let midnight = at("2026-03-03 04:00");
        let case = Case::new("2026-03-03", Some(office()));
        let report = |punches: &std::collections::BTreeMap<i64, (i64, bool)>, with_seconds: bool| {
            let punches: Vec<_> = punches
                .iter()
                .map(|(minute, (second, comes))| {
                    let second = if with_seconds { *second } else { 0 };
                    let direction = if *comes { Direction::In } else { Direction::Out };
                    (midnight + TimeDelta::seconds(minute * 60 + second), direction)
                })
                .collect();
            case.events(&events(&punches), "2026-03-05 00:00")
        };
        let reports: Vec<DayReport> = days.iter().map(|day| report(day, true)).collect();
        for (day, found) in days.iter().zip(&reports) {
            prop_assert_eq!(found, &report(day, false), "rows that print alike are alike");
            for time in [found.worked, found.breaks, found.late, found.early, found.overtime] {
                prop_assert_eq!(time.as_secs() % 60, 0);
                prop_assert_eq!(time.subsec_nanos(), 0);
            }
        }
        let totals = Totals::of(&reports);
        let printed = |time: Duration| time.as_secs() / 60;
        for (sum, total) in [
            (reports.iter().map(|r| printed(r.worked)).sum::<u64>(), totals.worked),
            (reports.iter().map(|r| printed(r.overtime)).sum::<u64>(), totals.overtime),
            (reports.iter().map(|r| printed(r.late)).sum::<u64>(), totals.late),
            (reports.iter().map(|r| printed(r.early)).sum::<u64>(), totals.early),
        ] {
            prop_assert_eq!(sum, printed(total));
        }
    }
}
