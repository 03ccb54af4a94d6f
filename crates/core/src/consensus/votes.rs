//! The votes of a track, and what they add up to.

use std::collections::VecDeque;
use std::time::Duration;

use super::{ConsensusPolicy, Verdict};
use crate::person::PersonId;

/// What even the poorest look that may vote is worth; the best is worth 1.
const LEAST_WEIGHT: f32 = 0.25;

/// The latest votes, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Votes {
    cast: VecDeque<Vote>,
}

/// One look's opinion: a person or nobody we know.
#[derive(Debug, Clone, Copy)]
struct Vote {
    at: Duration,
    person: Option<PersonId>,
    weight: f32,
}

/// How one side stands in the votes of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// For whom; `None` is for nobody we know.
    pub person: Option<PersonId>,
    /// How many votes.
    pub votes: usize,
    /// Their share of the weight of all votes, 0..=1.
    pub share: f32,
}

impl Votes {
    /// Counts one more vote, of a look of this quality (0..=1).
    pub(super) fn cast(
        &mut self,
        at: Duration,
        person: Option<PersonId>,
        quality: f32,
        policy: &ConsensusPolicy,
    ) {
        self.cast.push_back(Vote {
            at,
            person,
            weight: LEAST_WEIGHT + (1.0 - LEAST_WEIGHT) * quality.clamp(0.0, 1.0),
        });
        while self.cast.len() > policy.window {
            self.cast.pop_front();
        }
    }

    /// Drops votes that are too old.
    pub(super) fn age(&mut self, now: Duration, policy: &ConsensusPolicy) {
        self.cast
            .retain(|vote| now.saturating_sub(vote.at) <= policy.max_vote_age);
    }

    pub(super) fn clear(&mut self) {
        self.cast.clear();
    }

    /// When the latest vote was cast, and for whom.
    pub(super) fn latest(&self) -> Option<(Duration, Option<PersonId>)> {
        self.cast.back().map(|vote| (vote.at, vote.person))
    }

    /// How the sides stand, the strongest first.
    pub(super) fn sides(&self) -> Vec<Standing> {
        let all: f32 = self.cast.iter().map(|vote| vote.weight).sum();
        let mut sides: Vec<Standing> = Vec::new();
        for vote in &self.cast {
            let share = vote.weight / all;
            match sides.iter_mut().find(|side| side.person == vote.person) {
                Some(side) => {
                    side.votes += 1;
                    side.share += share;
                }
                None => sides.push(Standing {
                    person: vote.person,
                    votes: 1,
                    share,
                }),
            }
        }
        sides.sort_by(|a, b| b.share.total_cmp(&a.share));
        sides
    }

    /// The side that has both the votes needed and more than half of the weight.
    pub(super) fn verdict(&self, policy: &ConsensusPolicy) -> Verdict {
        // A tie of equal weights must not be decided by rounding.
        const HALF: f32 = 0.5 + 1e-4;
        match self.sides().first() {
            Some(side) if side.votes >= policy.votes_needed && side.share > HALF => {
                side.person.map_or(Verdict::Unknown, Verdict::Known)
            }
            _ => Verdict::Deciding,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: Option<PersonId> = Some(PersonId(1));
    const BEN: Option<PersonId> = Some(PersonId(2));

    fn verdict(votes: &[(Option<PersonId>, f32)]) -> Verdict {
        let policy = ConsensusPolicy::default();
        let mut cast = Votes::default();
        for (index, &(person, quality)) in (0..).zip(votes) {
            cast.cast(Duration::from_millis(100 * index), person, quality, &policy);
        }
        cast.verdict(&policy)
    }

    #[test]
    fn three_votes_and_more_than_half_are_needed() {
        assert_eq!(verdict(&[(ANA, 0.8); 2]), Verdict::Deciding);
        assert_eq!(verdict(&[(ANA, 0.8); 3]), Verdict::Known(PersonId(1)));
        assert_eq!(verdict(&[(None, 0.8); 3]), Verdict::Unknown);
        let two_of_five = [(ANA, 0.8), (BEN, 0.8), (ANA, 0.8), (BEN, 0.8), (None, 0.8)];
        assert_eq!(verdict(&two_of_five), Verdict::Deciding);
    }

    #[test]
    fn poor_looks_do_not_outvote_good_ones() {
        let poor_majority = [
            (None, 0.1),
            (None, 0.1),
            (ANA, 0.9),
            (None, 0.1),
            (ANA, 0.9),
        ];
        assert_eq!(verdict(&poor_majority), Verdict::Deciding);
        let even = [
            (None, 0.9),
            (None, 0.9),
            (ANA, 0.9),
            (None, 0.9),
            (ANA, 0.9),
        ];
        assert_eq!(verdict(&even), Verdict::Unknown);
    }

    #[test]
    fn a_tie_is_no_name_whatever_the_rounding() {
        let policy = ConsensusPolicy {
            votes_needed: 3,
            window: 6,
            ..ConsensusPolicy::default()
        };
        for quality in [0.1, 0.33, 0.7] {
            let mut votes = Votes::default();
            for index in 0..6 {
                let person = if index % 2 == 0 { ANA } else { BEN };
                votes.cast(Duration::from_millis(index), person, quality, &policy);
            }
            assert_eq!(votes.verdict(&policy), Verdict::Deciding, "{quality}");
        }
    }

    #[test]
    fn old_votes_do_not_count() {
        let policy = ConsensusPolicy::default();
        let mut votes = Votes::default();
        for at in 0..3 {
            votes.cast(Duration::from_secs(at), ANA, 0.9, &policy);
        }
        votes.age(Duration::from_secs(6), &policy);
        assert_eq!(votes.sides()[0].votes, 2);
        assert_eq!(votes.verdict(&policy), Verdict::Deciding);
    }
}
