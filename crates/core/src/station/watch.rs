//! What each camera has in sight.
//!
//! Every camera has tracks, votes and reports of its own, because what it sees says nothing
//! about what another sees: a face at the gate is not the continuation of one in the hall.
//! What a person has done, and when the next punch may be, is the station's and not the
//! camera's: see [`super::punching`].
//!
//! A camera elsewhere may send a picture a second or fewer. Its tracks and votes live longer
//! then ([`ConsensusPolicy::at_pace`]); a name needs as many agreeing looks as anywhere, and
//! each look has to reach the same threshold. There is no name from a single look: what is
//! slow is waited for, a stranger has to pass as often as before an own camera, and looks a
//! second apart are less alike than looks a thirtieth apart.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::camera_name::CameraName;
use crate::consensus::{ConsensusPolicy, TrackId, Tracker};
use crate::frame::Moment;

/// Which camera; none is the station's own.
pub type Camera = Option<CameraName>;

/// Frames further apart than this are not of one visit.
const SLOWEST: Duration = Duration::from_secs(3);

/// A camera elsewhere that has sent nothing for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(120);

/// One camera's side of the state.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) tracker: Tracker,
    pub(super) reported_unknown: Vec<TrackId>,
    pub(super) picture_size: Option<(u32, u32)>,
    latest: Option<Moment>,
    gap: Option<Duration>,
}

impl Watch {
    fn new(policy: ConsensusPolicy) -> Self {
        Self {
            tracker: Tracker::new(policy),
            reported_unknown: Vec::new(),
            picture_size: None,
            latest: None,
            gap: None,
        }
    }

    /// Takes in that there is a frame of `seen_at`; its faces come next.
    fn keep_pace(&mut self, policy: ConsensusPolicy, seen_at: &Moment) {
        let gap = self
            .latest
            .replace(*seen_at)
            .map(|latest| seen_at.since(&latest));
        // After a pause the pace is not known.
        self.gap = gap.filter(|gap| *gap <= SLOWEST).map(|gap| {
            // The slower of both: a client that waits for answers is not steady.
            self.gap.map_or(gap, |mean| gap.max((mean * 3 + gap) / 4))
        });
        let pace = self.gap.unwrap_or(SLOWEST / 2);
        self.tracker.set_policy(policy.at_pace(pace));
    }
}

/// The watches of all cameras.
#[derive(Debug)]
pub(super) struct Watches {
    policy: ConsensusPolicy,
    own: Watch,
    elsewhere: BTreeMap<CameraName, Watch>,
}

impl Watches {
    pub(super) fn new(policy: ConsensusPolicy) -> Self {
        Self {
            policy,
            own: Watch::new(policy),
            elsewhere: BTreeMap::new(),
        }
    }

    /// That of the station's own camera.
    pub(super) fn own(&self) -> &Watch {
        &self.own
    }

    /// That of a camera, if it has been seen lately.
    pub(super) fn of(&self, camera: &Camera) -> Option<&Watch> {
        match camera {
            None => Some(&self.own),
            Some(name) => self.elsewhere.get(name),
        }
    }

    /// That of a camera which has a frame of `seen_at`.
    pub(super) fn with_frame_of(&mut self, camera: &Camera, seen_at: &Moment) -> &mut Watch {
        let Some(name) = camera else {
            return &mut self.own;
        };
        let policy = self.policy;
        let watch = self
            .elsewhere
            .entry(name.clone())
            .or_insert_with(|| Watch::new(policy));
        watch.keep_pace(policy, seen_at);
        watch
    }

    pub(super) fn of_mut(&mut self, camera: &Camera) -> Option<&mut Watch> {
        match camera {
            None => Some(&mut self.own),
            Some(name) => self.elsewhere.get_mut(name),
        }
    }

    /// All of them, the own one first.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = (Camera, &mut Watch)> {
        let elsewhere = self.elsewhere.iter_mut();
        let elsewhere = elsewhere.map(|(name, watch)| (Some(name.clone()), watch));
        std::iter::once((None, &mut self.own)).chain(elsewhere)
    }

    /// The cameras elsewhere that have been seen lately.
    pub(super) fn names(&self) -> impl Iterator<Item = &CameraName> {
        self.elsewhere.keys()
    }

    /// Counts votes by other rules from now on.
    pub(super) fn set_policy(&mut self, policy: ConsensusPolicy) {
        self.policy = policy;
        for (_, watch) in self.all_mut() {
            let pace = watch.gap.unwrap_or_default();
            watch.tracker.set_policy(policy.at_pace(pace));
        }
    }

    /// Forgets all votes.
    pub(super) fn recount(&mut self, now: &Moment) {
        for (_, watch) in self.all_mut() {
            watch.tracker.recount(now);
        }
    }

    /// Forgets cameras that send nothing any more and have nobody in sight.
    pub(super) fn forget_silent(&mut self, now: &Moment) {
        self.elsewhere.retain(|_, watch| {
            let is_silent = watch
                .latest
                .is_none_or(|latest| now.since(&latest) > FORGOTTEN);
            !is_silent || !watch.tracker.tracks().is_empty()
        });
    }
}
