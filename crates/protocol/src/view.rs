//! What a front end shows: a snapshot of the station in parts, each replaced only when it
//! has changed.
//!
//! Whoever holds a [`StationView`] holds the parts of one moment, however long it is looked
//! at; taking the newest costs six counters.

use rollcall_messages::Message;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};
use rollcall_core::attendance::AttendanceEvent;
use rollcall_core::camera_name::CameraName;
use rollcall_core::clock_trust::ClockState;
use rollcall_core::consensus::{TrackId, Verdict};
use rollcall_core::day::{AttendanceMode, AttendancePolicy};
use rollcall_core::embedding::Cosine;
use rollcall_core::enrolment::identity::Resemblance;
use rollcall_core::enrolment::{Hint, IsNamed};
use rollcall_core::event::Seat;
use rollcall_core::frame::Moment;
use rollcall_core::gallery::Candidate;
use rollcall_core::geometry::BoundingBox;
use rollcall_core::liveness::Liveness;
use rollcall_core::notice::Log;
use rollcall_core::person::{Person, PersonCode, PersonId, PersonName};
use rollcall_core::quality::QualityIssue;
use rollcall_core::station::Explanation;
use rollcall_core::today::TodayRow;
use rollcall_core::worktime::plan::DayPlan;
use serde::{Deserialize, Serialize};

use crate::jpeg::Portrait;

mod made;

/// The station as it was a moment ago.
#[derive(Debug, Clone, Default)]
pub struct StationView {
    /// What does not change while it runs, or seldom.
    pub facts: Arc<Facts>,
    /// Everybody.
    pub roster: Arc<Roster>,
    /// The attendance of the day.
    pub day: Arc<DayView>,
    /// The faces in front of the camera.
    pub sight: Arc<Sight>,
    /// Who is being enrolled.
    pub enrolment: Arc<EnrolmentView>,
    /// How the station does.
    pub health: Arc<HealthView>,
    /// What happened: numbered events, the latest ones.
    pub log: Arc<Log>,
}

/// What does not change while a station runs, or seldom.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The name of the station.
    pub station_name: String,
    /// Where pictures come from, in the operator's words.
    pub source: String,
    /// The networks in use, in one line.
    pub models: String,
    /// IANA name of the station's time zone; that of the machine if empty.
    pub zone: String,
    /// Whether people are asked before they are enrolled.
    pub asks_consent: bool,
    /// The folder of the records.
    pub data_dir: String,
    /// Version of the program that takes attendance.
    pub version: String,
    /// Process number of the station.
    pub process: u32,
    /// How front ends show it, unless somebody at one of them wants it otherwise.
    pub screen: ScreenSettings,
}

/// How front ends show a station, by its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScreenSettings {
    /// `auto`, `en`, or the code of a language with a catalogue.
    pub language: String,
    /// How the preview is drawn at first; none for the best that a terminal has.
    pub preview: Option<PreviewMode>,
    /// Kilobytes a second that a dashboard may write; 0 for any.
    pub preview_kbps: u32,
    /// Most pictures a second that are drawn.
    pub frames_per_second: u32,
    /// Seconds for which a banner greets whoever has punched; 0 for none.
    pub banner_secs: u64,
    /// Whether the terminal's bell sounds at a punch.
    pub bell: bool,
}

impl Default for ScreenSettings {
    fn default() -> Self {
        Self {
            language: "auto".to_owned(),
            preview: None,
            preview_kbps: 0,
            frames_per_second: 12,
            banner_secs: 0,
            bell: false,
        }
    }
}

/// How a preview is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreviewMode {
    /// The picture itself, by the terminal's graphics; half-blocks where it has none.
    Pixels,
    /// Two pixels in each character cell. A terminal without Unicode or colour
    /// cannot show them and gets ASCII instead.
    HalfBlocks,
    /// Four pixels in each cell, in two colours; ASCII where half-blocks are too.
    Quadrants,
    /// Eight dots in each cell, without colour; ASCII without Unicode.
    Braille,
    /// Characters by brightness.
    Ascii,
    /// Not at all.
    Off,
}

/// Everybody.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Roster {
    /// All people that are not deleted, in the order of their enrolment.
    pub people: BTreeMap<PersonId, Arc<Person>>,
    /// Codes of people who were deleted.
    pub retired_codes: Vec<PersonCode>,
}

/// The attendance of one day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DayView {
    /// Which day, and how it is measured.
    pub measure: DayMeasure,
    /// The events of everybody who has any, voided ones too, in their order.
    pub events: HashMap<PersonId, Arc<[AttendanceEvent]>>,
}

/// By what a day is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DayMeasure {
    /// The day that is being written.
    pub local_day: NaiveDate,
    /// What sightings mean, and when a day starts.
    pub policy: AttendancePolicy,
    /// How long after a shift an open check-in is taken for forgotten.
    pub close_after: Duration,
    /// What is planned for those in no team.
    pub plan: Option<DayPlan>,
    /// What is planned for the teams.
    pub team_plans: BTreeMap<String, DayPlan>,
}

/// The faces in front of the camera.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sight {
    /// Width and height of the picture that the boxes are in; a preview may be smaller.
    pub size: Option<(u32, u32)>,
    /// Those seen in the latest frame, the one followed longest first.
    pub tracks: Vec<TrackView>,
    /// Why each has its name or none.
    pub explanations: Vec<Explanation>,
}

/// A face that is followed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackView {
    /// Its number.
    pub id: TrackId,
    /// Where it is in the picture.
    pub bounding_box: BoundingBox,
    /// Who it is.
    pub verdict: Verdict,
    /// The most similar person.
    pub candidate: Option<Candidate>,
    /// Why the latest look does not count.
    pub issue: Option<QualityIssue>,
    /// Whether it is as live as it has to be.
    pub liveness: Liveness,
    /// Mean score of the liveness network.
    pub liveness_score: Option<f32>,
}

/// Who is being enrolled, and where.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnrolmentView {
    /// How far it is.
    pub mode: ModeView,
    /// The front end that began it, and who is there.
    pub enroller: Option<(Seat, String)>,
}

/// What a station is doing besides taking attendance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeView {
    /// Nothing.
    #[default]
    Live,
    /// Holding fast the faces one of which shall be enrolled.
    Choosing(ChoosingView),
    /// Taking samples of a new person.
    Enrolling(EnrollingView),
    /// Showing the samples, for somebody to confirm them.
    Confirming(ConfirmingView),
    /// Waiting for the database.
    Saving {
        /// Who.
        name: PersonName,
        /// The face that was chosen.
        face: Option<FaceView>,
    },
}

/// The faces to choose from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChoosingView {
    /// As they were when the enrolment was asked for, the largest first.
    pub faces: Vec<FaceView>,
    /// Whether the next face that comes alone shall be the one.
    pub waits: bool,
}

/// A face that is held fast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaceView {
    /// The track it was seen on. Names the face while it is chosen.
    pub track: TrackId,
    /// The face with some room around it.
    pub portrait: Portrait,
    /// The most similar person, and whether the face has that name.
    pub candidate: Option<(Candidate, IsNamed)>,
}

/// Samples being taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnrollingView {
    /// Who is being enrolled.
    pub name: PersonName,
    /// Samples that were kept.
    pub taken: usize,
    /// How many are wanted.
    pub wanted: usize,
    /// What the person should do now.
    pub hint: Hint,
    /// The face that was chosen.
    pub face: Option<FaceView>,
}

/// Samples to be confirmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfirmingView {
    /// Who is being enrolled.
    pub name: PersonName,
    /// Under which code.
    pub code: PersonCode,
    /// The faces of the samples.
    pub portraits: Vec<Portrait>,
    /// The face that was chosen.
    pub face: Option<FaceView>,
    /// The person whom these faces are taken for: it has to be stated that this is another.
    pub taken_for: Option<Resemblance>,
    /// The person whom they are like, if they are not taken for anybody.
    pub resembles: Option<Resemblance>,
}

/// How a station does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthView {
    /// What is wrong with the database at the moment, if anything is.
    pub trouble: Option<Message>,
    /// Whether punches wait because nothing can be written.
    pub writing_fails: bool,
    /// Punches that are decided and not yet on disk.
    pub unconfirmed: usize,
    /// How far the clock can be believed; `None` if the kernel was never asked.
    pub clock: Option<ClockState>,
    /// Similarity that a name needs among the people who are enrolled now.
    pub threshold: Cosine,
    /// Of how many looks of strangers one is expected to be given a name.
    pub looks_to_a_false_name: Option<f64>,
    /// Templates that faces are compared with.
    pub template_count: usize,
    /// The camera.
    pub camera: CameraView,
    /// How long the recogniser takes for a frame.
    pub frame_time: Option<Duration>,
    /// Frames a second that the detector looks at.
    pub looks_per_second: Option<f32>,
    /// Frames that no recogniser had time for.
    pub dropped_frames: u64,
    /// The cameras elsewhere that have sent pictures lately.
    pub elsewhere: Vec<CameraElsewhere>,
}

/// A camera elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameraElsewhere {
    /// Its name.
    pub name: CameraName,
    /// When its latest picture was taken.
    pub latest: DateTime<FixedOffset>,
    /// Width and height of that.
    pub size: (u32, u32),
    /// Pictures that it has sent.
    pub frames: u64,
    /// Those of them that were replaced by newer ones before they were looked at.
    pub replaced: u64,
}

/// How a camera does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CameraView {
    /// Whether somebody must do something about it.
    pub health: Health,
    /// Its state in one or two words.
    pub label: Message,
    /// Its state in one sentence, with what to do about it.
    pub sentence: Message,
    /// Whether pictures come.
    pub is_streaming: bool,
    /// Whether its film is over.
    pub has_ended: bool,
    /// Width and height of its pictures.
    pub size: Option<(u32, u32)>,
    /// Pictures a second.
    pub frames_per_second: f32,
    /// Pictures that could not be decoded.
    pub damaged: u64,
    /// Pictures that camera or driver lost.
    pub lost: u64,
    /// From the driver's stamp to the decoded picture.
    pub latency: Option<Duration>,
    /// How often it was opened again.
    pub reconnects: u64,
    /// Threads that are stuck in its driver.
    pub abandoned: u64,
}

/// Whether something works.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Yes.
    Good,
    /// Not yet, or not quite.
    #[default]
    Warning,
    /// No.
    Bad,
}

impl Default for DayMeasure {
    fn default() -> Self {
        Self {
            local_day: NaiveDate::default(),
            policy: AttendancePolicy {
                mode: AttendanceMode::Toggle,
                cooldown: Duration::ZERO,
                day_starts_at: NaiveTime::MIN,
            },
            close_after: Duration::ZERO,
            plan: None,
            team_plans: BTreeMap::new(),
        }
    }
}

impl StationView {
    /// All people, in the order of their enrolment.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.roster.people.values().map(|person| &**person)
    }

    /// One person.
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.roster.people.get(&id).map(|person| &**person)
    }

    /// How many codes somebody has or had.
    pub fn codes_given(&self) -> usize {
        self.roster.people.len() + self.roster.retired_codes.len()
    }

    /// Whether somebody has or had this code: it stands in records and is never given again.
    pub fn is_code_taken(&self, code: &PersonCode) -> bool {
        let mut codes = self
            .people()
            .map(|person| &person.code)
            .chain(&self.roster.retired_codes);
        codes.any(|taken| taken == code)
    }

    /// The day that is being written.
    pub fn local_day(&self) -> NaiveDate {
        self.day.measure.local_day
    }

    /// What sightings mean, and when a day starts.
    pub fn policy(&self) -> &AttendancePolicy {
        &self.day.measure.policy
    }

    /// All events of one person today, voided ones too.
    pub fn events_of(&self, person: PersonId) -> &[AttendanceEvent] {
        self.day.events.get(&person).map_or(&[], |events| &**events)
    }

    /// Today's rows: everybody with an event, the latest event first, then the
    /// active people without one, by name.
    pub fn today(&self, now: &Moment) -> Vec<TodayRow<'_>> {
        let measure = &self.day.measure;
        let Some(plan) = &measure.plan else {
            return Vec::new();
        };
        let rules = (&measure.policy, measure.close_after);
        let report = |person: &Person, events: &[AttendanceEvent]| {
            let team = person.team.as_ref();
            let plan = team
                .and_then(|team| measure.team_plans.get(team))
                .unwrap_or(plan);
            let who = (person, measure.local_day);
            plan.report_of(who, events, rules, &now.wall).0
        };
        TodayRow::all(self.people(), |id| self.events_of(id), report)
    }

    /// What the station is doing besides taking attendance.
    pub fn mode(&self) -> &ModeView {
        &self.enrolment.mode
    }

    /// The faces in front of the camera.
    pub fn faces_in_sight(&self) -> &[TrackView] {
        &self.sight.tracks
    }

    /// What happened, latest last.
    pub fn log(&self) -> &Log {
        &self.log
    }
}

impl ModeView {
    /// The face an enrolment is about, if one was chosen.
    pub fn chosen_face(&self) -> Option<&FaceView> {
        match self {
            Self::Live | Self::Choosing(_) => None,
            Self::Enrolling(enrolling) => enrolling.face.as_ref(),
            Self::Confirming(asked) => asked.face.as_ref(),
            Self::Saving { face, .. } => face.as_ref(),
        }
    }

    /// Who is being enrolled.
    pub fn name(&self) -> Option<&PersonName> {
        match self {
            Self::Live | Self::Choosing(_) => None,
            Self::Enrolling(enrolling) => Some(&enrolling.name),
            Self::Confirming(asked) => Some(&asked.name),
            Self::Saving { name, .. } => Some(name),
        }
    }
}

impl ChoosingView {
    /// The face that was seen on this track.
    pub fn face(&self, track: TrackId) -> Option<&FaceView> {
        self.faces.iter().find(|face| face.track == track)
    }
}

impl Sight {
    /// A box as it is in a picture of this width, whatever that of the boxes is.
    pub fn in_picture(&self, bounding_box: BoundingBox, width: u32) -> BoundingBox {
        let scale = match self.size {
            Some((of, _)) if of > 0 && of != width => width as f32 / of as f32,
            _ => return bounding_box,
        };
        BoundingBox {
            left: bounding_box.left * scale,
            top: bounding_box.top * scale,
            right: bounding_box.right * scale,
            bottom: bounding_box.bottom * scale,
        }
    }
}
