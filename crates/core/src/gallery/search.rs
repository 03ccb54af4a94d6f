//! Exact search: the best person and the best other one.
//!
//! One pass over the coarse bits of all templates gives bounds for each
//! similarity. A template is kept as a contender if its upper bound reaches what
//! the two best people are sure to have; of a large gallery a few dozen are. The
//! contenders are then compared exactly.

use super::codes::{Bounds, Codes, Probe};
use super::{Candidate, Owner};
use crate::embedding::{Cosine, Embedding};
use crate::person::PersonId;

/// The best candidate for each probe. All probes have the templates' dimension.
pub(super) fn search(
    codes: &Codes,
    owners: &[Owner],
    probes: &[&Embedding],
) -> Vec<Option<Candidate>> {
    let probes: Vec<Probe> = probes.iter().map(|p| Probe::new(p)).collect();
    let mut sweeps: Vec<Sweep> = probes.iter().map(|_| Sweep::default()).collect();
    codes.look(&probes, |row, probe, bounds| {
        sweeps[probe].see(row, owners[row], bounds);
    });
    probes
        .iter()
        .zip(sweeps)
        .map(|(probe, sweep)| sweep.decide(codes, owners, probe))
        .collect()
}

/// What a pass over the coarse bits has found for one probe.
#[derive(Default)]
struct Sweep {
    /// The two people with the highest lower bounds.
    sure: Podium<f64>,
    contenders: Vec<Contender>,
}

struct Contender {
    row: usize,
    upper: f64,
}

impl Sweep {
    fn see(&mut self, row: usize, owner: Owner, bounds: Bounds) {
        if !self.sure.admits(owner.person, bounds.upper) {
            return;
        }
        self.sure.offer(owner, bounds.lower);
        self.contenders.push(Contender {
            row,
            upper: bounds.upper,
        });
    }

    /// Compares the contenders exactly, most promising first, until none of those
    /// left can change the answer.
    fn decide(mut self, codes: &Codes, owners: &[Owner], probe: &Probe) -> Option<Candidate> {
        let sure = self.sure;
        self.contenders
            .retain(|c| sure.admits(owners[c.row].person, c.upper));
        self.contenders.sort_by(|a, b| b.upper.total_cmp(&a.upper));
        let mut exact = Podium::<f32>::default();
        for contender in self.contenders {
            let owner = owners[contender.row];
            if exact.admits(owner.person, contender.upper as f32) {
                exact.offer(owner, codes.similarity(contender.row, probe));
            }
        }
        exact.first.map(|(owner, similarity)| Candidate {
            person: owner.person,
            template: owner.template,
            similarity: Cosine(similarity),
            runner_up: exact.second.map(|(o, s)| (o.person, Cosine(s))),
        })
    }
}

/// The best template of the best person and the best one of the best other person.
///
/// Of equal scores the person enrolled first wins, and of one person's the
/// template enrolled first, so that an answer does not depend on the order of the rows.
#[derive(Debug, Clone, Copy)]
struct Podium<Score> {
    first: Option<(Owner, Score)>,
    second: Option<(Owner, Score)>,
}

impl<Score> Default for Podium<Score> {
    fn default() -> Self {
        Self {
            first: None,
            second: None,
        }
    }
}

impl<Score: PartialOrd + Copy> Podium<Score> {
    /// Whether a template of `person` with a score of at most `upper` could still
    /// change something.
    fn admits(&self, person: PersonId, upper: Score) -> bool {
        match (self.first, self.second) {
            (Some((first, score)), _) if first.person == person => upper >= score,
            (_, Some((_, score))) => upper >= score,
            _ => true,
        }
    }

    fn offer(&mut self, owner: Owner, score: Score) {
        let new = Some((owner, score));
        match (self.first, self.second) {
            (Some(first), _) if first.0.person == owner.person => {
                if precedes(owner, score, first) {
                    self.first = new;
                }
            }
            (Some(first), second) if !precedes(owner, score, first) => {
                if second.is_none_or(|second| precedes(owner, score, second)) {
                    self.second = new;
                }
            }
            (first, _) => {
                self.second = first;
                self.first = new;
            }
        }
    }
}

fn precedes<Score: PartialOrd + Copy>(owner: Owner, score: Score, other: (Owner, Score)) -> bool {
    let place = |o: Owner| (o.person, o.template);
    score > other.1 || (score == other.1 && place(owner) < place(other.0))
}
