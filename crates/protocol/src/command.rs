//! What a front end can ask of a station, and the answer.

use chrono::NaiveDateTime;
use rollcall_core::correction::Correction;
use rollcall_core::event::Intent;
use rollcall_messages::Message;
use serde::{Deserialize, Serialize};

use crate::records::{Answer, Question};

/// Everything that can be asked of a station.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Something that the station itself decides.
    Intent(Intent<NaiveDateTime>),
    /// Read or change the records.
    Ask(Question),
    /// Read the camera's controls.
    ReadControls,
    /// Change a control of the camera.
    ChangeControl(ControlChange),
    /// Look for ten seconds how the camera does.
    TestCamera,
    /// Start the station's parts again, with the configuration as it is now. It is answered when
    /// they run, or at once if the configuration would not let them.
    Restart {
        /// Who asked for it.
        by: String,
    },
}

/// A correction as it was typed: with times on the station's wall clock.
pub type CorrectionDraft = Correction<NaiveDateTime>;

/// The one answer to a command.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It is done; with what there is to say, if anything.
    Done(Message),
    /// It is not done, and nothing has changed.
    Refused(Refusal),
    /// What was read.
    Answer(Answer),
    /// The camera's controls.
    Controls {
        /// One by one.
        rows: Vec<CameraControl>,
        /// What became of the last change, or why there are none.
        remark: Message,
    },
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind of refusal it is.
    pub code: RefusalCode,
    /// Why.
    pub said: Message,
}

/// What kind of refusal it is, for programs that do not look at each message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The station's rules or its records forbid it.
    Refused,
    /// What is meant is not there.
    NotFound,
    /// What was given makes no sense, or is out of range.
    Invalid,
    /// Somebody else has it, or it was done before.
    Taken,
    /// It is not as it was when it was shown.
    Changed,
    /// The face is taken for somebody else's.
    AnotherPerson,
    /// The person has to agree first.
    NeedsConsent,
    /// It could not be read or written.
    Failed,
    /// Too much is waiting already; try again.
    Busy,
    /// The station does not have what it would take.
    Unavailable,
    /// The connection broke before the answer came: it may be done or not.
    ConnectionLost,
    /// This front end may only watch.
    WatchOnly,
    /// Something newer or older than this station knows.
    #[serde(other)]
    Unknown,
}

impl Refusal {
    /// A refusal with its words.
    pub fn new(code: RefusalCode, said: impl Into<Message>) -> Self {
        Self {
            code,
            said: said.into(),
        }
    }
}

/// One control of the camera, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameraControl {
    /// The name by which it is changed.
    pub name: String,
    /// The camera's own name for it.
    pub title: String,
    /// Its present value.
    pub value: String,
    /// What it can be.
    pub range: Message,
    /// Whether it can be changed now; automatic exposure decides the exposure, for example.
    pub is_changeable: bool,
}

/// What the operator wants of a control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlChange {
    /// Which one.
    pub name: String,
    /// What is done to it.
    pub step: ControlStep,
}

/// How a control is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlStep {
    /// By so many of its own steps.
    By(i64),
    /// To what it was when the camera was made.
    ToDefault,
}
