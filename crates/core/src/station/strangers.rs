//! Faces that were given no name: each is reported once.

use std::time::Duration;

use super::{Camera, Station};
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
        camera: &Camera,
        ended: Vec<Track>,
        now: &Moment,
        effects: &mut Vec<Effect>,
    ) {
        let mut reports = Vec::new();
        let Some(watch) = self.watches.of(camera) else {
            return;
        };
        let mut already = watch.reported_unknown.clone();
        for track in watch.tracker.tracks() {
            let lasting = now.since(&track.verdict_since) >= UNKNOWN_PATIENCE;
            let reported = already.contains(&track.id);
            if !lasting || reported || self.is_being_enrolled(camera, track) {
                continue;
            }
            let reason = match track.verdict {
                Verdict::Unknown => SightingReason::Unknown,
                Verdict::Known(_) if self.is_spoof(camera, track) => SightingReason::Spoof,
                Verdict::Known(_) | Verdict::Deciding => continue,
            };
            already.push(track.id);
            reports.push((track.clone(), reason));
        }
        for track in ended {
            let reported = already.iter().position(|&id| id == track.id);
            let enrolling = self.is_being_enrolled(camera, &track);
            match (reported, track.verdict) {
                (Some(index), _) => {
                    already.swap_remove(index);
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
        if let Some(watch) = self.watches.of_mut(camera) {
            watch.reported_unknown = already;
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
                    camera: camera.clone(),
                },
            );
            effects.push(Effect::RecordSighting(Sighting {
                at: track.last_seen,
                camera: camera.clone(),
                reason,
                candidate: track.candidate(),
                liveness: track.liveness.score(),
                look: track.best_look().cloned(),
            }));
        }
    }

    /// Whether a face that has a name may not punch, because it is a picture.
    fn is_spoof(&self, camera: &Camera, track: &Track) -> bool {
        matches!(self.liveness_at(camera, track), Liveness::Spoof(_))
    }

    /// Whether a face is being enrolled, and no news therefore.
    fn is_being_enrolled(&self, camera: &Camera, track: &Track) -> bool {
        *camera == self.enrolling_at && self.mode.is_about(track)
    }
}

/// Somebody who merely passed is no news.
fn was_worth_a_word(track: &Track) -> bool {
    track.was_ever_judged() && track.last_seen.since(&track.first_seen) >= UNKNOWN_PATIENCE
}
