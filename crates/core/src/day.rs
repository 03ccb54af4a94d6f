//! A person's day: when a sighting becomes a punch.
//!
//! Invariant: within the cooldown after an event the camera adds none, whatever
//! the wall clock does in between.
//!
//! Deliberately absent: what the punches add up to; see [`super::worktime`].

use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};

use super::attendance::{AttendanceEvent, Direction, EventId};
use super::day_order::sort_as_lived;
use super::frame::Moment;

/// What later sightings of a day mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttendanceMode {
    /// Only the first sighting of the day counts.
    Presence,
    /// In, out, in, out …
    Toggle,
    /// The first sighting is the check-in; each later one moves the check-out.
    FirstInLastOut,
}

/// The rules by which a sighting becomes a punch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AttendancePolicy {
    /// What later sightings mean.
    pub mode: AttendanceMode,
    /// How long after an event the camera adds none for the same person.
    pub cooldown: Duration,
    /// Local time at which a new day starts.
    pub day_starts_at: NaiveTime,
}

/// What a sighting leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A punch in this direction, at this place in the day.
    Punch {
        /// In or out.
        direction: Direction,
        /// Place in the person's day, from 1.
        sequence: u32,
    },
    /// Nothing: the last event is too recent.
    Cooldown {
        /// Time until a sighting counts again.
        left: Duration,
    },
    /// Nothing: the person has been seen today and that is all that is asked.
    AlreadyPresent,
}

/// One person's events of one day, and the last event that still stands.
#[derive(Debug, Clone, Default)]
pub struct PersonDay {
    /// All events of the day in the order in which they were lived, voided ones too.
    events: Vec<AttendanceEvent>,
    last: Option<LastEvent>,
}

/// The person's last standing event, of this day or an earlier one.
#[derive(Debug, Clone, Copy)]
struct LastEvent {
    id: EventId,
    at: DateTime<FixedOffset>,
    /// Monotonic time at which this run learned of the event.
    learned_at: Duration,
    /// Whether it happened then, rather than before this run looked.
    witnessed: bool,
}

impl PersonDay {
    /// The day as it stands in the database, read at `now`. `before` is the
    /// person's last standing event of an earlier day.
    ///
    /// What this run has witnessed itself is kept from `self`.
    #[must_use]
    pub fn reloaded(
        &self,
        mut events: Vec<AttendanceEvent>,
        before: Option<&AttendanceEvent>,
        now: &Moment,
    ) -> Self {
        sort_as_lived(&mut events);
        let found = last_standing(&events).or(before);
        let is_void = |id: EventId| events.iter().any(|e| e.id == id && e.void.is_some());
        let last = match (self.last, found) {
            // Made after everything that was found: a clock that was set back has put it
            // on a day that is not looked at.
            (Some(known), _)
                if known.witnessed
                    && found.is_none_or(|event| event.id <= known.id)
                    && !is_void(known.id) =>
            {
                Some(known)
            }
            (Some(known), Some(event)) if known.id == event.id => Some(known),
            (_, Some(event)) => Some(LastEvent {
                id: event.id,
                at: event.at,
                learned_at: now.monotonic,
                witnessed: false,
            }),
            (_, None) => None,
        };
        Self { events, last }
    }

    /// Adds an event of this day that this run witnessed at `seen_at`.
    pub fn insert(&mut self, event: AttendanceEvent, seen_at: &Moment) {
        self.witness(&event, seen_at);
        self.events.retain(|e| e.sequence != event.sequence);
        self.events.push(event);
        sort_as_lived(&mut self.events);
    }

    /// Starts the cooldown of an event that this run witnessed at `seen_at`, be
    /// it of this day or of the one that has just ended.
    pub fn witness(&mut self, event: &AttendanceEvent, seen_at: &Moment) {
        self.last = Some(LastEvent {
            id: event.id,
            at: event.at,
            learned_at: seen_at.monotonic,
            witnessed: true,
        });
    }

    /// Starts a new day; the cooldown of the last event goes on.
    pub fn roll_over(&mut self) {
        self.events.clear();
    }

    /// All events of the day in the order in which they were lived, voided ones too.
    pub fn events(&self) -> &[AttendanceEvent] {
        &self.events
    }

    /// Time since the last standing event.
    ///
    /// Of an event of this run the monotonic clock knows best. Of an earlier
    /// one only the wall clock knows, and it may have been set back since: then
    /// what this run has itself seen pass is the least that has passed.
    fn since_last(&self, now: &Moment) -> Option<Duration> {
        let last = self.last?;
        let watched = now.monotonic.saturating_sub(last.learned_at);
        if last.witnessed {
            return Some(watched);
        }
        let by_wall = (now.wall - last.at).to_std().unwrap_or(Duration::ZERO);
        Some(by_wall.max(watched))
    }
}

impl AttendancePolicy {
    /// The day that `at` counts for.
    pub fn local_day(&self, at: &DateTime<FixedOffset>) -> NaiveDate {
        let since_midnight = self.day_starts_at.signed_duration_since(NaiveTime::MIN);
        (at.naive_local() - since_midnight).date()
    }

    /// What a sighting at `now` means for a person whose day so far is `day`.
    pub fn decide(&self, day: &PersonDay, now: &Moment) -> Decision {
        if let Some(left) = day
            .since_last(now)
            .and_then(|elapsed| self.cooldown.checked_sub(elapsed))
            .filter(|left| !left.is_zero())
        {
            return Decision::Cooldown { left };
        }
        let sequence = day.events.iter().map(|e| e.sequence).max().unwrap_or(0) + 1;
        let direction = match (last_standing(&day.events).map(|e| e.direction), self.mode) {
            (Some(_), AttendanceMode::Presence) => return Decision::AlreadyPresent,
            (None, _) | (Some(Direction::Out), AttendanceMode::Toggle) => Direction::In,
            (Some(_), AttendanceMode::FirstInLastOut)
            | (Some(Direction::In), AttendanceMode::Toggle) => Direction::Out,
        };
        Decision::Punch {
            direction,
            sequence,
        }
    }
}

fn last_standing(events: &[AttendanceEvent]) -> Option<&AttendanceEvent> {
    events.iter().rev().find(|e| e.void.is_none())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::attendance::{EventSource, Provenance, Void};
    use crate::person::PersonId;
    use proptest::prelude::*;

    const POLICY: AttendancePolicy = AttendancePolicy {
        mode: AttendanceMode::Toggle,
        cooldown: Duration::from_secs(300),
        day_starts_at: NaiveTime::MIN,
    };

    fn wall(text: &str) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(text).unwrap()
    }

    fn moment(monotonic_secs: u64, text: &str) -> Moment {
        Moment {
            monotonic: Duration::from_secs(monotonic_secs),
            wall: wall(text),
        }
    }

    fn event(sequence: u32, direction: Direction, at: DateTime<FixedOffset>) -> AttendanceEvent {
        AttendanceEvent {
            id: EventId(i64::from(sequence)),
            person: PersonId(1),
            at,
            local_day: POLICY.local_day(&at),
            sequence,
            direction,
            source: EventSource::Camera,
            similarity: None,
            margin: None,
            liveness: None,
            void: None,
            provenance: Provenance::default(),
        }
    }

    fn voided(mut event: AttendanceEvent) -> AttendanceEvent {
        event.void = Some(Void {
            at: event.at,
            by: "op".into(),
            reason: "wrong person".into(),
        });
        event
    }

    #[test]
    fn first_sighting_checks_in_and_the_cooldown_silences_the_next() {
        let mut day = PersonDay::default();
        let arrival = moment(10, "2026-11-23T08:00:00+01:00");
        let decision = POLICY.decide(&day, &arrival);
        assert_eq!(
            decision,
            Decision::Punch {
                direction: Direction::In,
                sequence: 1
            }
        );
        day.insert(event(1, Direction::In, arrival.wall), &arrival);
        assert_eq!(
            POLICY.decide(&day, &moment(310 - 1, "2026-11-23T08:04:59+01:00")),
            Decision::Cooldown {
                left: Duration::from_secs(1)
            }
        );
        assert_eq!(
            POLICY.decide(&day, &moment(310, "2026-11-23T08:05:00+01:00")),
            Decision::Punch {
                direction: Direction::Out,
                sequence: 2
            }
        );
    }

    #[test]
    fn modes_differ_in_what_later_sightings_mean() {
        let mut day = PersonDay::default();
        let at = |n: u64| moment(n * 1000, &format!("2026-11-23T1{n}:00:00+00:00"));
        day.insert(event(1, Direction::In, at(0).wall), &at(0));
        day.insert(event(2, Direction::Out, at(1).wall), &at(1));
        let decide = |mode| AttendancePolicy { mode, ..POLICY }.decide(&day, &at(2));
        assert_eq!(decide(AttendanceMode::Presence), Decision::AlreadyPresent);
        assert_eq!(
            decide(AttendanceMode::Toggle),
            Decision::Punch {
                direction: Direction::In,
                sequence: 3
            }
        );
        assert_eq!(
            decide(AttendanceMode::FirstInLastOut),
            Decision::Punch {
                direction: Direction::Out,
                sequence: 3
            }
        );
    }

    #[test]
    fn a_wall_clock_set_back_an_hour_neither_doubles_nor_blocks() {
        let mut day = PersonDay::default();
        let arrival = moment(10, "2026-11-23T08:00:00+00:00");
        day.insert(event(1, Direction::In, arrival.wall), &arrival);
        // Two seconds later the clock says 07:00: still the same visit.
        let set_back = moment(12, "2026-11-23T07:00:02+00:00");
        assert!(matches!(
            POLICY.decide(&day, &set_back),
            Decision::Cooldown { .. }
        ));
        // Two seconds later the clock says 09:00: still the same visit.
        let set_forward = moment(12, "2026-11-23T09:00:02+00:00");
        assert!(matches!(
            POLICY.decide(&day, &set_forward),
            Decision::Cooldown { .. }
        ));
        // Ten minutes of real time later it counts, whatever the wall says.
        let later = moment(610, "2026-11-23T07:10:00+00:00");
        assert!(matches!(
            POLICY.decide(&day, &later),
            Decision::Punch {
                direction: Direction::Out,
                ..
            }
        ));
    }

    #[test]
    fn after_a_restart_the_wall_clock_tells_unless_it_was_set_back() {
        let stored = vec![event(1, Direction::In, wall("2026-11-23T08:00:00+00:00"))];
        let day = |start: &Moment| PersonDay::default().reloaded(stored.clone(), None, start);
        let an_hour_later = moment(0, "2026-11-23T09:00:00+00:00");
        assert!(matches!(
            POLICY.decide(&day(&an_hour_later), &an_hour_later),
            Decision::Punch { .. }
        ));
        let set_back = moment(0, "2026-11-23T07:00:00+00:00");
        assert!(matches!(
            POLICY.decide(&day(&set_back), &set_back),
            Decision::Cooldown { .. }
        ));
        let watched_five_minutes = moment(300, "2026-11-23T07:05:00+00:00");
        assert!(matches!(
            POLICY.decide(&day(&set_back), &watched_five_minutes),
            Decision::Punch { .. }
        ));
    }

    #[test]
    fn a_voided_event_neither_silences_nor_frees_its_place() {
        let now = moment(5, "2026-11-23T08:01:00+00:00");
        let stored = vec![voided(event(
            1,
            Direction::In,
            wall("2026-11-23T08:00:00+00:00"),
        ))];
        let day = PersonDay::default().reloaded(stored, None, &now);
        assert_eq!(
            POLICY.decide(&day, &now),
            Decision::Punch {
                direction: Direction::In,
                sequence: 2
            }
        );
    }

    #[test]
    fn the_cooldown_goes_on_across_the_day_boundary() {
        let mut day = PersonDay::default();
        let before = moment(10, "2026-11-23T23:59:00+00:00");
        day.insert(event(1, Direction::Out, before.wall), &before);
        day.roll_over();
        assert!(matches!(
            POLICY.decide(&day, &moment(130, "2026-11-24T00:01:00+00:00")),
            Decision::Cooldown { .. }
        ));
        assert_eq!(
            POLICY.decide(&day, &moment(400, "2026-11-24T00:05:30+00:00")),
            Decision::Punch {
                direction: Direction::In,
                sequence: 1
            }
        );
    }

    #[test]
    fn the_day_starts_when_the_policy_says() {
        let policy = AttendancePolicy {
            day_starts_at: NaiveTime::from_hms_opt(4, 0, 0).unwrap(),
            ..POLICY
        };
        let day = |text| policy.local_day(&wall(text)).to_string();
        assert_eq!(day("2024-03-01T03:59:59+01:00"), "2024-02-29");
        assert_eq!(day("2024-03-01T04:00:00+01:00"), "2024-03-01");
    }

    proptest! {
        /// Whatever the wall clock does, a run never adds two events within the cooldown,
        /// never uses a place twice, and in toggle mode always alternates.
        #[test]
        fn no_order_of_sightings_doubles_a_punch(
            steps in prop::collection::vec((1u64..400, -7200i64..7200), 1..60),
        ) {
            let mut day = PersonDay::default();
            let mut monotonic = 0;
            let mut punches: Vec<(u64, u32, Direction)> = vec![];
            for (step, wall_jump) in steps {
                monotonic += step;
                let now = Moment {
                    monotonic: Duration::from_secs(monotonic),
                    wall: wall("2026-11-23T12:00:00+00:00") + TimeDelta::seconds(wall_jump),
                };
                if let Decision::Punch { direction, sequence } = POLICY.decide(&day, &now) {
                    day.insert(event(sequence, direction, now.wall), &now);
                    punches.push((monotonic, sequence, direction));
                }
            }
            for (i, pair) in punches.windows(2).enumerate() {
                prop_assert!(pair[1].0 - pair[0].0 >= 300);
                prop_assert_eq!(pair[1].1 as usize, i + 2);
                prop_assert_ne!(pair[0].2, pair[1].2);
            }
        }
    }
}
