//! Faces that were given no name: each is reported once.

use std::time::Duration;

use super::Station;
use crate::consensus::{Track, Verdict};
use crate::embedding::Cosine;
use crate::event::{Effect, Sighting, SightingReason};
use crate::frame::Moment;
use crate::liveness::Liveness;
use crate::notice::Notice;

/// How long a face must stay unknown before it is reported, so that somebody
/// recognised on coming nearer is not.
const UNKNOWN_PATIENCE: Duration = Duration::from_secs(2);

impl Station {
    pub(super) fn report_unknown(
        &mut self,
        ended: Vec<Track>,
        now: &Moment,
        effects: &mut Vec<Effect>,
    ) {
        let mut reports = Vec::new();
        for track in self.tracker.tracks() {
            let lasting = now.since(&track.verdict_since) >= UNKNOWN_PATIENCE;
            let reported = self.reported_unknown.contains(&track.id);
            if !lasting || reported || self.mode.is_about(track) {
                continue;
            }
            let reason = match track.verdict {
                Verdict::Unknown => SightingReason::Unknown,
                Verdict::Known(_) if self.is_spoof(track) => SightingReason::Spoof,
                Verdict::Known(_) | Verdict::Deciding => continue,
            };
            self.reported_unknown.push(track.id);
            reports.push((track.clone(), reason));
        }
        for track in ended {
            let reported = self.reported_unknown.iter().position(|&id| id == track.id);
            let enrolling = self.mode.is_about(&track);
            match (reported, track.verdict) {
                (Some(index), _) => {
                    self.reported_unknown.swap_remove(index);
                }
                (None, Verdict::Unknown) if !enrolling => {
                    reports.push((track, SightingReason::Unknown));
                }
                (None, Verdict::Deciding)
                    if !track.was_ever_named() && was_worth_a_word(&track) && !enrolling =>
                {
                    reports.push((track, SightingReason::Undecided));
                }
                _ => {}
            }
        }
        for (track, reason) in reports {
            let best = track
                .candidate()
                .and_then(|c| Some((self.people.get(&c.person)?.name.clone(), c.similarity)));
            let threshold = track.judgement.map_or(Cosine(1.0), |j| j.threshold);
            self.log.push(
                now,
                Notice::NotRecognised {
                    best,
                    threshold,
                    reason,
                },
            );
            effects.push(Effect::RecordSighting(Sighting {
                at: track.last_seen,
                reason,
                candidate: track.candidate(),
                liveness: track.liveness.score(),
                look: track.best_look().cloned(),
            }));
        }
    }

    /// Whether a face that has a name may not punch, because it is a picture.
    fn is_spoof(&self, track: &Track) -> bool {
        matches!(self.liveness_of(track), Liveness::Spoof(_))
    }
}

/// Somebody who merely passed is no news.
fn was_worth_a_word(track: &Track) -> bool {
    track.was_ever_judged() && track.last_seen.since(&track.first_seen) >= UNKNOWN_PATIENCE
}
