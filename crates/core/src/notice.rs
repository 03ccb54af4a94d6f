//! What happened, in words for the operator, and the log that keeps it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta};

use super::attendance::Direction;
use super::camera_name::CameraName;
use super::clock_trust::say_shift;
use super::embedding::Cosine;
use super::event::SightingReason;
use super::frame::Moment;
use super::person::{PersonCode, PersonId, PersonName};

/// Something the operator may want to know.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Notice {
    /// A punch is on disk.
    Punched {
        /// Who.
        person: PersonId,
        /// Who, in words.
        name: PersonName,
        /// In or out.
        direction: Direction,
        /// When.
        at: DateTime<FixedOffset>,
        /// Similarity, if a face decided.
        similarity: Option<Cosine>,
        /// Liveness, if judged.
        liveness: Option<f32>,
        /// The camera elsewhere that saw the person; none is the station's own, or no camera.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        camera: Option<CameraName>,
    },
    /// The database refuses a punch for good.
    PunchRefused {
        /// Who, if still known.
        name: Option<PersonName>,
        /// Why.
        reason: String,
    },
    /// A face was given no name.
    NotRecognised {
        /// The most similar person.
        best: Option<(PersonName, Cosine)>,
        /// What a name would have needed.
        threshold: Cosine,
        /// Why it has no name.
        reason: SightingReason,
        /// The camera elsewhere that saw it; none is the station's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        camera: Option<CameraName>,
    },
    /// A person is enrolled and on disk.
    Enrolled {
        /// Who.
        name: PersonName,
        /// Code.
        code: PersonCode,
        /// Templates made.
        samples: usize,
    },
    /// Two people look alike, so that both need a clearer likeness.
    Lookalikes {
        /// Who was enrolled.
        name: PersonName,
        /// Who looks like that.
        other: PersonName,
        /// How much.
        similarity: Cosine,
    },
    /// A person could not be enrolled.
    EnrolmentRefused {
        /// Who.
        name: PersonName,
        /// Why.
        reason: String,
    },
    /// The operator called it off.
    EnrolmentCancelled {
        /// Who.
        name: PersonName,
    },
    /// No good frame for too long.
    EnrolmentTimedOut {
        /// Who.
        name: PersonName,
    },
    /// Writing to the database fails; punches wait in memory.
    StoreTrouble(String),
    /// Writing works again.
    StoreRecovered,
    /// What another program has changed cannot be read, for this reason.
    StoreUnreadable(String),
    /// A new day has started.
    NewDay(NaiveDate),
    /// A PIN led to no punch, for this reason.
    PinRefused(String),
    /// A correction is on disk; in words.
    Corrected(String),
    /// A correction was refused, for this reason.
    CorrectionRefused(String),
    /// The wall clock was set during this run.
    ClockSet {
        /// By how much.
        jump: TimeDelta,
    },
    /// What the camera is doing.
    Camera(String),
    /// Something to mend.
    Warning(String),
    /// Anything else.
    Info(String),
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// As it should be.
    Good,
    /// For information.
    Neutral,
    /// Somebody should look.
    Bad,
}

impl Notice {
    /// How much it matters.
    pub fn severity(&self) -> Severity {
        match self {
            Notice::Punched { .. }
            | Notice::Enrolled { .. }
            | Notice::Corrected(_)
            | Notice::StoreRecovered => Severity::Good,
            Notice::PunchRefused { .. }
            | Notice::EnrolmentRefused { .. }
            | Notice::EnrolmentTimedOut { .. }
            | Notice::CorrectionRefused(_)
            | Notice::PinRefused(_)
            | Notice::StoreTrouble(_)
            | Notice::StoreUnreadable(_)
            | Notice::ClockSet { .. }
            | Notice::NotRecognised {
                reason: SightingReason::Spoof,
                ..
            }
            | Notice::Warning(_) => Severity::Bad,
            Notice::NotRecognised { .. }
            | Notice::EnrolmentCancelled { .. }
            | Notice::NewDay(_)
            | Notice::Lookalikes { .. }
            | Notice::Camera(_)
            | Notice::Info(_) => Severity::Neutral,
        }
    }
}

impl Notice {
    /// The camera elsewhere that has seen it.
    pub fn camera(&self) -> Option<&CameraName> {
        match self {
            Notice::Punched { camera, .. } | Notice::NotRecognised { camera, .. } => {
                camera.as_ref()
            }
            _ => None,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Words(self);
        match self.camera() {
            Some(camera) => write!(f, "{words}, camera {camera}"),
            None => words.fmt(f),
        }
    }
}

/// A notice without the camera that has seen it.
struct Words<'a>(&'a Notice);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Notice::Punched {
                name,
                direction,
                similarity,
                liveness,
                ..
            } => match (similarity, liveness) {
                (Some(s), Some(l)) => {
                    write!(f, "{name} checked {direction} ({s}, live {l:.2})")
                }
                (Some(s), None) => write!(f, "{name} checked {direction} ({s})"),
                (None, _) => write!(f, "{name} checked {direction}"),
            },
            Notice::PunchRefused { name, reason } => {
                let name = name.as_ref().map_or("somebody", PersonName::as_str);
                write!(f, "punch of {name} refused: {reason}")
            }
            Notice::NotRecognised {
                best,
                threshold,
                reason,
                ..
            } => {
                let what = match reason {
                    SightingReason::Unknown => "unknown face",
                    SightingReason::Undecided => "gone before a name was sure",
                    SightingReason::Spoof => "refused as a picture",
                };
                match (best, reason) {
                    (Some((name, similarity)), _) if similarity < threshold => {
                        write!(f, "{what}: best {name} {similarity} < {threshold}")
                    }
                    (Some((name, similarity)), SightingReason::Unknown) => {
                        write!(
                            f,
                            "{what}: {name} {similarity}, but somebody else is as similar"
                        )
                    }
                    (Some((name, similarity)), SightingReason::Spoof) => {
                        write!(f, "{what}: looks like {name} {similarity}")
                    }
                    (Some((name, similarity)), SightingReason::Undecided) => {
                        write!(f, "{what}: perhaps {name} {similarity}")
                    }
                    (None, _) => f.write_str(what),
                }
            }
            Notice::Enrolled {
                name,
                code,
                samples,
            } => write!(f, "enrolled {name} ({code}) with {samples} samples"),
            Notice::Lookalikes {
                name,
                other,
                similarity,
            } => write!(
                f,
                "{name} looks like {other} ({similarity}): either is named only at twice the margin"
            ),
            Notice::EnrolmentRefused { name, reason } => {
                write!(f, "{name} not enrolled: {reason}")
            }
            Notice::EnrolmentCancelled { name } => write!(f, "enrolment of {name} called off"),
            Notice::EnrolmentTimedOut { name } => {
                write!(f, "{name} not enrolled: no good picture for a minute")
            }
            Notice::StoreTrouble(message) => {
                write!(
                    f,
                    "cannot write: {message}; punches are kept and tried again"
                )
            }
            Notice::StoreUnreadable(message) => write!(
                f,
                "cannot read the day: {message}; the station goes on with what it knows"
            ),
            Notice::StoreRecovered => f.write_str("writing works again, nothing was lost"),
            Notice::PinRefused(reason) => write!(f, "PIN: {reason}"),
            Notice::Corrected(what) => write!(f, "corrected: {what}"),
            Notice::CorrectionRefused(reason) => write!(f, "not corrected: {reason}"),
            Notice::ClockSet { jump } => write!(
                f,
                "the clock was set by {}; punches before it may carry a wrong time",
                say_shift(*jump)
            ),
            Notice::NewDay(day) => write!(f, "new day: {day}"),
            Notice::Camera(text) | Notice::Warning(text) | Notice::Info(text) => f.write_str(text),
        }
    }
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LogEntry {
    /// When it happened.
    pub at: Moment,
    /// What happened.
    pub notice: Notice,
}

/// The latest notices, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Log {
    lines: VecDeque<Arc<LogEntry>>,
    written: u64,
}

/// Lines kept; the database and the log file keep the rest.
const CAPACITY: usize = 500;

impl Log {
    /// Adds a line and forgets the oldest if there are too many.
    pub fn push(&mut self, at: &Moment, notice: Notice) {
        self.append(Arc::new(LogEntry { at: *at, notice }));
    }

    /// Takes over a line of another log.
    pub fn append(&mut self, entry: Arc<LogEntry>) {
        if self.lines.len() == CAPACITY {
            self.lines.pop_front();
        }
        self.lines.push_back(entry);
        self.written += 1;
    }

    /// Leaves out the lines up to this one, which were missed.
    pub fn skip_to(&mut self, written: u64) {
        if written > self.written {
            self.lines.clear();
            self.written = written;
        }
    }

    /// The number of the first line that is kept; lines count from 1.
    pub fn first_kept(&self) -> u64 {
        self.written + 1 - self.lines.len() as u64
    }

    /// How many lines were ever written; a reader who remembers it can later
    /// ask what is new.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The lines after the first `written` ones, as far as they are kept, oldest first.
    pub fn since(&self, written: u64) -> impl Iterator<Item = &Arc<LogEntry>> {
        let new = self.written.saturating_sub(written) as usize;
        self.lines.iter().skip(self.lines.len().saturating_sub(new))
    }

    /// All lines, oldest first; reversible.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<LogEntry>> + ExactSizeIterator {
        self.lines.iter()
    }
}
