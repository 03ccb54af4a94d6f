//! In or out, in the words of other systems, or from the order of a person's punches.

use std::collections::HashMap;
use std::time::Duration;

use super::columns::plain;
use super::hints::Hints;
use crate::core::attendance::{AttendanceEvent, Direction, EventId, EventSource, Provenance};
use crate::core::correction::When;
use crate::core::day::{AttendancePolicy, Decision, PersonDay};
use crate::core::frame::Moment;
use crate::core::person::{PersonCode, PersonId};

/// What a cell says about a punch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Which way.
    Way(Direction),
    /// That the person was there.
    Present,
    /// That the person was not there, so that there is no punch.
    Absent,
}

const IN: &str = "in i checkin checkedin cin clockin clockedin punchin login signin timein dutyon \
     entrada entra entrar entro ingreso ingresa ingresar entry enter entered entrance \
     arrival arrive arrived llegada inicio start entree arrivee kommen breakin \
     overtimein otin regresobreak entradadescanso";

const OUT: &str = "out o checkout checkedout cout clockout clockedout punchout logout signout \
     timeout dutyoff salida sale salir salio egreso egresa exit exited leave left \
     departure departed fin end saida sortie gehen breakout overtimeout otout \
     salidadescanso";

const PRESENT: &str = "present presente p attended asistio asistencia late tarde tardanza retraso \
     ontime puntual atiempo";

const ABSENT: &str = "absent ausente falta falto ausencia inasistencia noasistio";

/// The words of a column.
#[derive(Debug, Clone, Default)]
pub(super) struct Dictionary {
    stated: HashMap<String, Direction>,
    /// Whether E and S stand for *entrada* and *salida*; E alone might be *exit*.
    has_e_and_s: bool,
}

impl Dictionary {
    /// Of the operator's words and those of the column.
    pub(super) fn of<'t>(hints: &Hints, cells: impl Iterator<Item = &'t str>) -> Self {
        let ways = [
            (&hints.words_in, Direction::In),
            (&hints.words_out, Direction::Out),
        ];
        let stated = ways
            .into_iter()
            .flat_map(|(words, way)| words.iter().map(move |word| (key(word), way)));
        let (mut e, mut s) = (false, false);
        for cell in cells {
            e |= cell.eq_ignore_ascii_case("e");
            s |= cell.eq_ignore_ascii_case("s");
        }
        Self {
            stated: stated.collect(),
            has_e_and_s: e && s,
        }
    }

    /// What a cell says, if that is known.
    pub(super) fn read(&self, cell: &str) -> Option<Said> {
        let word = key(cell);
        if let Some(way) = self.stated.get(&word) {
            return Some(Said::Way(*way));
        }
        let is_in = |words: &str| words.split(' ').any(|known| known == word);
        if is_in(IN) || (self.has_e_and_s && word == "e") {
            Some(Said::Way(Direction::In))
        } else if is_in(OUT) || (self.has_e_and_s && word == "s") {
            Some(Said::Way(Direction::Out))
        } else if is_in(PRESENT) {
            Some(Said::Present)
        } else if is_in(ABSENT) {
            Some(Said::Absent)
        } else {
            None
        }
    }
}

/// A word without case, accents and punctuation; what is only punctuation stays as it is.
fn key(text: &str) -> String {
    let word = plain(text);
    if word.is_empty() {
        text.trim().to_owned()
    } else {
        word
    }
}

/// A punch whose direction the file does not say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sighting {
    /// Whose.
    pub(super) code: PersonCode,
    /// When.
    pub(super) when: When,
}

/// What the station would have made of people who were seen at these times: the direction of
/// each, `None` for what is no punch by its rule (too soon after another, or the person was
/// there already).
pub(super) fn alternate(sightings: &[Sighting], rule: &AttendancePolicy) -> Vec<Option<Direction>> {
    let mut order: Vec<usize> = (0..sightings.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&sightings[*a], &sightings[*b]);
        (a.code.as_str(), a.when.at).cmp(&(b.code.as_str(), b.when.at))
    });
    let mut directions = vec![None; sightings.len()];
    let mut before: Option<(&PersonCode, When)> = None;
    let mut day = PersonDay::default();
    for index in order {
        let Sighting { code, when } = &sightings[index];
        match before {
            Some((last, _)) if last != code => day = PersonDay::default(),
            Some((_, last)) if last.local_day != when.local_day => day.roll_over(),
            _ => {}
        }
        before = Some((code, *when));
        let now = moment(when);
        if let Decision::Punch {
            direction,
            sequence,
        } = rule.decide(&day, &now)
        {
            directions[index] = Some(direction);
            day.insert(imagined(when, direction, sequence, index), &now);
        }
    }
    directions
}

/// The file's time is the only clock there was.
fn moment(when: &When) -> Moment {
    let since_1970 = when.at.timestamp_micros();
    Moment {
        monotonic: Duration::from_micros(since_1970.max(0) as u64),
        wall: when.at,
    }
}

fn imagined(when: &When, direction: Direction, sequence: u32, index: usize) -> AttendanceEvent {
    AttendanceEvent {
        id: EventId(index as i64),
        person: PersonId(0),
        at: when.at,
        local_day: when.local_day,
        sequence,
        direction,
        source: EventSource::Import,
        similarity: None,
        margin: None,
        liveness: None,
        void: None,
        provenance: Provenance::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::day::AttendanceMode;
    use chrono::{DateTime, NaiveTime};

    #[test]
    fn words_of_other_systems_are_known() {
        let words = Dictionary::default();
        let way = |cell: &str| words.read(cell);
        for cell in ["IN", "Check-In", "C/In", "entrada", "Ingreso", "clock in"] {
            assert_eq!(way(cell), Some(Said::Way(Direction::In)), "{cell}");
        }
        for cell in ["out", "C/Out", "SALIDA", "check_out", "Salió"] {
            assert_eq!(way(cell), Some(Said::Way(Direction::Out)), "{cell}");
        }
        assert_eq!(way("Presente"), Some(Said::Present));
        assert_eq!(way("ausente"), Some(Said::Absent));
        for cell in ["0", "1", "E", "S", "up", "Face"] {
            assert_eq!(way(cell), None, "{cell}");
        }
        let spanish = Dictionary::of(&Hints::default(), ["E", "S", "E"].into_iter());
        assert_eq!(spanish.read("e"), Some(Said::Way(Direction::In)));
        let stated = Dictionary::of(
            &Hints {
                words_in: vec!["0".into(), "+".into()],
                words_out: vec!["1".into()],
                ..Hints::default()
            },
            [].into_iter(),
        );
        assert_eq!(stated.read("+"), Some(Said::Way(Direction::In)));
        assert_eq!(stated.read("1"), Some(Said::Way(Direction::Out)));
    }

    fn seen(code: &str, time: &str) -> Sighting {
        let at = DateTime::parse_from_rfc3339(&format!("{time}:00+01:00")).unwrap();
        Sighting {
            code: PersonCode::parse(code).unwrap(),
            when: When {
                at,
                local_day: at.date_naive(),
            },
        }
    }

    #[test]
    fn directions_alternate_by_person_and_day_as_at_the_station() {
        let rule = |mode| AttendancePolicy {
            mode,
            cooldown: Duration::from_secs(300),
            day_starts_at: NaiveTime::MIN,
        };
        // Not in order, two people, twice within the cooldown, and a new day.
        let sightings = [
            seen("E-1", "2026-11-02T17:00"),
            seen("E-2", "2026-11-02T09:00"),
            seen("E-1", "2026-11-02T08:00"),
            seen("E-1", "2026-11-02T08:02"),
            seen("E-1", "2026-11-03T08:00"),
        ];
        let (i, o) = (Some(Direction::In), Some(Direction::Out));
        assert_eq!(
            alternate(&sightings, &rule(AttendanceMode::Toggle)),
            [o, i, i, None, i]
        );
        assert_eq!(
            alternate(&sightings, &rule(AttendanceMode::Presence)),
            [None, i, i, None, i]
        );
    }
}
