//! What comes into the station and what goes out of it.
//!
//! One closed set of events and one of effects: whoever wants the station to do
//! something new adds a variant here and the compiler shows every place that
//! must know of it.

use chrono::NaiveDate;
use rollcall_messages::Message;

use super::attendance::{AttendanceEvent, NewPunch};
use super::camera_name::CameraName;
use super::consensus::TrackId;
use super::correction::{Corrected, Correction, When};
use super::embedding::Embedding;
use super::enrolment::EnrolmentSample;
use super::enrolment::identity::AnotherPerson;
use super::frame::Moment;
use super::gallery::{Candidate, Gallery, Template};
use super::notice::Notice;
use super::observation::Observation;
use super::person::{Person, PersonCode, PersonId, PersonName};
use super::pin::{Pin, PinTries};
use super::sighted::BestLook;
use super::station::Policies;
use super::worktime::plan::WorkPlan;

/// Pairs a request to the database with its receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Names a front end within one run of the station. 0 is nobody's.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Seat(pub u64);

/// Pairs what somebody wants with its one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId {
    /// The front end that wants it.
    pub seat: Seat,
    /// Its own number for it.
    pub number: u64,
}

/// What became of a command: what was done, or why not.
pub type Outcome = Result<Message, Message>;

/// Everything that can happen.
#[derive(Debug)]
pub enum Event {
    /// The recogniser has looked at a frame.
    Observed(Observation),
    /// Somebody at a front end wants something, and is answered once.
    Command {
        /// Names the answer.
        id: CommandId,
        /// Who is at the front end.
        operator: String,
        /// What is wanted.
        intent: Intent,
    },
    /// The rules are others from now on.
    Reconfigured(Box<(Policies, WorkPlan)>),
    /// A front end is gone: an enrolment that it began is over.
    SeatLeft(Seat),
    /// The database has answered.
    Receipt(Receipt),
    /// Something that only needs to be written into the log.
    Notice(Notice),
    /// The kernel was asked whether a time server keeps the clock.
    ClockChecked {
        /// What it said.
        synchronised: bool,
    },
    /// Time has passed.
    Tick,
}

/// What the operator can ask of the station; `W` as in [`Deed`].
///
/// [`Deed`]: super::correction::Deed
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent<W = When> {
    /// Hold fast the faces in sight, so that one of them can be enrolled.
    ChooseFace,
    /// Let those faces go and wait for one that comes alone.
    AwaitFace,
    /// Take samples of a face.
    Enrol {
        /// Under this name.
        #[serde(deserialize_with = "crate::written::typed")]
        name: PersonName,
        /// And this code.
        code: PersonCode,
        /// Which of the faces that are held fast; the next one that comes alone if none.
        face: Option<TrackId>,
        /// At this camera elsewhere; the station's own if none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        camera: Option<CameraName>,
    },
    /// Write down the person whose samples are shown.
    ConfirmEnrolment {
        /// Whose samples they are.
        code: PersonCode,
        /// Whom this person was stated to be another than, however alike.
        another_than: Option<PersonId>,
    },
    /// Stop enrolling and forget the faces and samples.
    CancelEnrolment,
    /// Put an attendance event right.
    Correct(Box<Correction<W>>),
    /// Punch whoever has this PIN or badge.
    EnterPin(Pin),
}

impl<W> Intent<W> {
    /// The same with its times resolved.
    ///
    /// # Errors
    /// As `resolve`.
    pub fn resolved<T, E>(self, resolve: impl Fn(W) -> Result<T, E>) -> Result<Intent<T>, E> {
        Ok(match self {
            Self::ChooseFace => Intent::ChooseFace,
            Self::AwaitFace => Intent::AwaitFace,
            Self::Enrol {
                name,
                code,
                face,
                camera,
            } => Intent::Enrol {
                name,
                code,
                face,
                camera,
            },
            Self::ConfirmEnrolment { code, another_than } => {
                Intent::ConfirmEnrolment { code, another_than }
            }
            Self::CancelEnrolment => Intent::CancelEnrolment,
            Self::Correct(correction) => Intent::Correct(Box::new(correction.resolved(resolve)?)),
            Self::EnterPin(pin) => Intent::EnterPin(pin),
        })
    }
}

/// What the database answers.
#[derive(Debug, Clone)]
pub enum Receipt {
    /// A punch is on disk, or was already, or could not be placed.
    Punch {
        /// The request.
        ticket: Ticket,
        /// What became of it.
        outcome: PunchOutcome,
    },
    /// A person and all templates are on disk.
    Enrolled {
        /// The request.
        ticket: Ticket,
        /// The new person.
        person: Person,
        /// The new templates.
        templates: Vec<Template>,
    },
    /// The person could not be enrolled; nothing was written.
    EnrolmentRefused {
        /// The request.
        ticket: Ticket,
        /// Why.
        reason: Message,
    },
    /// Whose PIN it is, if anybody's.
    PinChecked {
        /// The request.
        ticket: Ticket,
        /// The person; an error in words if the database could not be asked.
        holder: Result<Option<PersonId>, Message>,
    },
    /// A correction is on disk, or was refused and nothing was written.
    Corrected {
        /// The request.
        ticket: Ticket,
        /// What was done, or why not.
        outcome: Result<Box<Corrected>, Message>,
    },
    /// A template that the station has made itself is on disk.
    Adapted,
    /// The state of the database, at the start or because it was changed from elsewhere.
    Snapshot(Box<Snapshot>),
    /// There is no snapshot: what the database holds cannot be read. The station goes on
    /// with what it knows.
    Unreadable(Message),
    /// Writing fails at the moment; nothing is lost, it is tried again.
    Trouble(Message),
    /// Writing works again.
    Recovered,
}

/// What became of a punch.
#[derive(Debug, Clone, PartialEq)]
pub enum PunchOutcome {
    /// Written now.
    Recorded(AttendanceEvent),
    /// The same decision had been written before.
    AlreadyRecorded(AttendanceEvent),
    /// Its place in the day is taken by another event: the station did not know of it.
    Superseded {
        /// All events of the person on that day, voided ones too.
        day: Vec<AttendanceEvent>,
    },
    /// The database refuses it for good, e.g. because the person was deleted.
    Refused(Message),
}

/// What the station needs to know from the database.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// All people that are not deleted.
    pub people: Vec<Person>,
    /// The templates of active people made by the model in use, and the faces that were
    /// said not to be theirs.
    pub templates: Gallery,
    /// The day that `events` belong to.
    pub local_day: NaiveDate,
    /// All events of that day, voided ones too.
    pub events: Vec<AttendanceEvent>,
    /// The last standing event before that day, per person.
    pub last_before: Vec<AttendanceEvent>,
    /// Codes of people who were deleted; they are never given again.
    pub retired_codes: Vec<PersonCode>,
    /// Wrong PINs that were tried, also before the station was started.
    pub pin_tries: PinTries,
}

/// Everything to be done about what happened.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Write a punch.
    RecordPunch {
        /// To pair the receipt.
        ticket: Ticket,
        /// What to write.
        punch: NewPunch,
    },
    /// Write a person with templates and pictures.
    Enrol {
        /// To pair the receipt.
        ticket: Ticket,
        /// Name.
        name: PersonName,
        /// Code.
        code: PersonCode,
        /// At least one sample.
        samples: Vec<EnrolmentSample>,
        /// What had to be stated for it.
        stated: Option<AnotherPerson>,
    },
    /// Write a template that the station has made itself.
    Adapt {
        /// Whose face it is.
        person: PersonId,
        /// The face.
        embedding: Embedding,
        /// How good it was, 0..=1.
        quality: f32,
    },
    /// Write that a face was not recognised.
    RecordSighting(Sighting),
    /// Put an attendance event right.
    Correct {
        /// To pair the receipt.
        ticket: Ticket,
        /// What is to be put right.
        correction: Box<Correction>,
    },
    /// Tell a front end what became of its command.
    Reply {
        /// Which command.
        command: CommandId,
        /// What became of it.
        outcome: Outcome,
    },
    /// Find out whose PIN this is.
    CheckPin {
        /// To pair the receipt.
        ticket: Ticket,
        /// What was typed or read.
        pin: Pin,
    },
    /// Write a line into the audit trail.
    Note {
        /// What, e.g. `clock.set`.
        action: &'static str,
        /// What else there is to say.
        detail: String,
    },
    /// Read the state of this day again.
    Reload {
        /// The day.
        local_day: NaiveDate,
    },
}

/// A face that was not given a name.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// When it was last seen.
    pub at: Moment,
    /// The camera elsewhere that saw it; none is the station's own.
    pub camera: Option<CameraName>,
    /// Why it has no name.
    pub reason: SightingReason,
    /// The most similar person.
    pub candidate: Option<Candidate>,
    /// Mean liveness, if judged.
    pub liveness: Option<f32>,
    /// The best look at it, if there was one good enough to be compared.
    pub look: Option<BestLook>,
}

/// Why a face was given no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum SightingReason {
    /// Nobody in the gallery is similar enough.
    Unknown,
    /// The votes never agreed.
    Undecided,
    /// It is taken for a picture.
    Spoof,
}
