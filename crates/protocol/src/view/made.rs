//! How a view is made of a station.

use std::collections::BTreeSet;
use std::sync::Arc;

use rollcall_core::consensus::Track;
use rollcall_core::enrolment::FrozenFace;
use rollcall_core::frame::Moment;
use rollcall_core::person::Person;
use rollcall_core::station::{Mode, Station};

use super::{
    ChoosingView, ConfirmingView, DayMeasure, DayView, EnrollingView, EnrolmentView, FaceView,
    HealthView, ModeView, Roster, Sight, StationView, TrackView,
};
use crate::jpeg::Portrait;

impl Sight {
    /// What a station sees.
    pub fn of(station: &Station, now: &Moment) -> Self {
        let track = |track: &Track| TrackView {
            id: track.id,
            bounding_box: track.detection.bounding_box,
            verdict: track.verdict,
            candidate: track.candidate(),
            issue: track.issue,
            liveness: station.liveness_of(track),
            liveness_score: track.liveness.score(),
        };
        Self {
            size: station.picture_size(),
            tracks: station.faces_in_sight().map(track).collect(),
            explanations: station.explain(now),
        }
    }
}

impl EnrolmentView {
    /// Whom a station is enrolling.
    pub fn of(station: &Station) -> Self {
        let enroller = station.enroller();
        Self {
            mode: ModeView::of(station.mode()),
            enroller: enroller.map(|(seat, name)| (seat, name.to_owned())),
        }
    }
}

impl ModeView {
    fn of(mode: &Mode) -> Self {
        let face = |face: &FrozenFace| FaceView {
            track: face.track,
            portrait: Portrait(Arc::clone(&face.portrait)),
            candidate: face.candidate,
        };
        match mode {
            Mode::Live => Self::Live,
            Mode::Choosing(choosing) => Self::Choosing(ChoosingView {
                faces: choosing.faces.iter().map(face).collect(),
                waits: choosing.waits,
            }),
            Mode::Enrolling(enrolment) => Self::Enrolling(EnrollingView {
                name: enrolment.name.clone(),
                taken: enrolment.samples.len(),
                wanted: enrolment.wanted,
                hint: enrolment.hint,
                face: enrolment.face.as_ref().map(face),
            }),
            Mode::Confirming(asked) => Self::Confirming(ConfirmingView {
                name: asked.name.clone(),
                code: asked.code.clone(),
                portraits: asked.portraits.iter().cloned().map(Portrait).collect(),
                face: asked.face.as_ref().map(face),
                taken_for: asked.taken_for,
                resembles: asked.resembles,
            }),
            Mode::Saving {
                name, face: chosen, ..
            } => Self::Saving {
                name: name.clone(),
                face: chosen.as_ref().map(face),
            },
        }
    }
}

impl Roster {
    /// The people of a station; who has not changed since `before` is the same value.
    pub fn of(station: &Station, before: &Self) -> Self {
        let shared = |person: &Person| match before.people.get(&person.id) {
            Some(known) if **known == *person => Arc::clone(known),
            _ => Arc::new(person.clone()),
        };
        Self {
            people: station.people().map(|p| (p.id, shared(p))).collect(),
            retired_codes: station.retired_codes().to_vec(),
        }
    }
}

impl DayView {
    /// The day of a station; whose events have not changed since `before` has the same ones.
    pub fn of(station: &Station, before: &Self) -> Self {
        let (plan, day) = (station.work_plan(), station.local_day());
        let teams = station.people().filter_map(|person| person.team.as_deref());
        let teams: BTreeSet<&str> = teams.collect();
        let measure = DayMeasure {
            local_day: day,
            policy: plan.policy,
            close_after: plan.close_after,
            plan: Some(plan.day(day, None)),
            team_plans: teams
                .into_iter()
                .map(|team| (team.to_owned(), plan.day(day, Some(team))))
                .collect(),
        };
        let events = station.people().filter_map(|person| {
            let events = station.events_of(person.id);
            let shared = match before.events.get(&person.id) {
                Some(known) if **known == *events => Arc::clone(known),
                _ => Arc::from(events),
            };
            (!events.is_empty()).then_some((person.id, shared))
        });
        Self {
            measure,
            events: events.collect(),
        }
    }
}

impl HealthView {
    /// How a station does, as far as it knows; `camera` and figures are the runtime's.
    pub fn of(station: &Station) -> Self {
        Self {
            trouble: station.trouble().cloned(),
            writing_fails: station.writing_fails(),
            unconfirmed: station.unconfirmed(),
            clock: station.clock(),
            threshold: station.threshold(),
            looks_to_a_false_name: station.looks_to_a_false_name(),
            template_count: station.template_count(),
            ..Self::default()
        }
    }
}

impl StationView {
    /// All that a station itself knows, e.g. for a test.
    pub fn of(station: &Station, now: &Moment) -> Self {
        Self {
            facts: Arc::default(),
            roster: Arc::new(Roster::of(station, &Roster::default())),
            day: Arc::new(DayView::of(station, &DayView::default())),
            sight: Arc::new(Sight::of(station, now)),
            enrolment: Arc::new(EnrolmentView::of(station)),
            health: Arc::new(HealthView::of(station)),
            log: Arc::new(station.log().clone()),
        }
    }
}
