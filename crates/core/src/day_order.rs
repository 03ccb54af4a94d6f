//! The order in which a person lived a day.
//!
//! What a station saw is ordered by the sequence in which it was written: the
//! wall clock may have been set in between, the sequence cannot. What somebody
//! added later by hand has a late sequence and an early time, so it goes where
//! its time belongs.

use super::attendance::{AttendanceEvent, EventSource};

/// Sorts the events of one person and day.
pub fn sort_as_lived(events: &mut [AttendanceEvent]) {
    // Seen events first, in their sequence; each stated one is then carried to its time.
    events.sort_by_key(|e| (is_stated(e), e.sequence));
    let seen = events.iter().take_while(|e| !is_stated(e)).count();
    for index in seen..events.len() {
        let at = events[index].at;
        let place = events[..index].iter().position(|e| e.at > at);
        events[place.unwrap_or(index)..=index].rotate_right(1);
    }
}

/// Whether the time was stated by somebody rather than seen on the station's clock.
fn is_stated(event: &AttendanceEvent) -> bool {
    match event.source {
        EventSource::Camera | EventSource::Pin => false,
        EventSource::Manual | EventSource::Import | EventSource::Rule => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attendance::{Direction, EventId, Provenance};
    use crate::person::PersonId;
    use chrono::DateTime;

    fn event(sequence: u32, time: &str, source: EventSource) -> AttendanceEvent {
        let at = DateTime::parse_from_rfc3339(&format!("2026-11-23T{time}:00+01:00")).unwrap();
        AttendanceEvent {
            id: EventId(i64::from(sequence)),
            person: PersonId(1),
            at,
            local_day: at.date_naive(),
            sequence,
            direction: Direction::In,
            source,
            similarity: None,
            margin: None,
            liveness: None,
            void: None,
            provenance: Provenance::default(),
        }
    }

    fn order(events: &[(u32, &str, EventSource)]) -> Vec<u32> {
        let mut events: Vec<_> = events
            .iter()
            .map(|&(s, t, source)| event(s, t, source))
            .collect();
        sort_as_lived(&mut events);
        events.iter().map(|e| e.sequence).collect()
    }

    #[test]
    fn what_is_added_later_goes_where_its_time_belongs() {
        use EventSource::{Camera, Manual, Pin};
        let day = [
            (1, "08:00", Camera),
            (2, "17:00", Pin),
            (3, "13:00", Manual),
            (4, "12:00", Manual),
            (5, "18:00", Manual),
        ];
        assert_eq!(order(&day), [1, 4, 3, 2, 5]);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_reorder_what_was_seen() {
        use EventSource::{Camera, Manual};
        let day = [
            (1, "08:00", Camera),
            (2, "07:30", Camera),
            (3, "07:45", Manual),
        ];
        assert_eq!(order(&day), [3, 1, 2]);
    }
}
