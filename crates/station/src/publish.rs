//! The view that front ends get, kept up to date in the parts that have changed.

use rollcall_messages::Said as _;
use std::sync::Arc;

use rollcall_camera::{CameraState, CameraStats};
use rollcall_core::frame::Moment;
use rollcall_core::station::{Revisions, Station};
use rollcall_protocol::{
    CameraView, DayView, EnrolmentView, Facts, Health, HealthView, Roster, Sight, StationView,
};

/// The latest view, and of which state it is.
#[derive(Debug, Default)]
pub(crate) struct Publisher {
    view: StationView,
    revisions: Option<Revisions>,
}

impl Publisher {
    pub(crate) fn new(facts: Facts) -> Self {
        let view = StationView {
            facts: Arc::new(facts),
            ..StationView::default()
        };
        Self {
            view,
            revisions: None,
        }
    }

    pub(crate) fn set_facts(&mut self, facts: Facts) {
        self.view.facts = Arc::new(facts);
        // Whatever else has not changed, this has.
        self.revisions = None;
    }

    /// Events that were published.
    pub(crate) fn written(&self) -> u64 {
        self.view.log.written()
    }

    /// The view of the station as it is now, if anything in it has changed.
    pub(crate) fn news(
        &mut self,
        station: &Station,
        health: HealthView,
        now: &Moment,
    ) -> Option<StationView> {
        let revisions = station.revisions();
        let before = self.revisions.replace(revisions);
        let mut has_changed = false;
        if before.is_none_or(|before| before.people != revisions.people) {
            self.view.roster = Arc::new(Roster::of(station, &self.view.roster));
            has_changed = true;
        }
        if before != Some(revisions) {
            // People bring their teams, and teams their plans.
            self.view.day = Arc::new(DayView::of(station, &self.view.day));
            has_changed = true;
        }
        if self.view.log.written() != station.log().written() {
            self.view.log = Arc::new(station.log().clone());
            has_changed = true;
        }
        has_changed |= replace(&mut self.view.sight, Sight::of(station, now));
        has_changed |= replace(&mut self.view.enrolment, EnrolmentView::of(station));
        has_changed |= replace(&mut self.view.health, health);
        has_changed.then(|| self.view.clone())
    }
}

fn replace<T: PartialEq>(part: &mut Arc<T>, new: T) -> bool {
    let is_other = **part != new;
    if is_other {
        *part = Arc::new(new);
    }
    is_other
}

/// How a camera does, for front ends.
pub(crate) fn camera_view(stats: &CameraStats) -> CameraView {
    let health = match &stats.state {
        CameraState::Streaming(_) | CameraState::Elsewhere => Health::Good,
        CameraState::Starting | CameraState::Ended | CameraState::Impaired(..) => Health::Warning,
        _ => Health::Bad,
    };
    CameraView {
        health,
        label: stats.state.word().into(),
        sentence: stats.state.said(),
        is_streaming: stats.state.is_streaming(),
        has_ended: matches!(stats.state, CameraState::Ended),
        size: stats.state.source().and_then(|source| source.resolution),
        // To a tenth: what changes with each picture is news to nobody.
        frames_per_second: (stats.frames_per_second * 10.0).round() as f32 / 10.0,
        damaged: stats.damaged,
        lost: stats.dropped,
        latency: stats.latency,
        reconnects: stats.reconnects,
        abandoned: stats.abandoned,
    }
}
