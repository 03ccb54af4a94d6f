//! What happened, in words for the operator, and the log that keeps it.

use crate::say;
use rollcall_messages::{Message, Said, decimal};
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
        reason: Message,
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
        reason: Message,
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
    StoreTrouble(Message),
    /// Writing works again.
    StoreRecovered,
    /// What another program has changed cannot be read, for this reason.
    StoreUnreadable(Message),
    /// A new day has started.
    NewDay(NaiveDate),
    /// A PIN led to no punch, for this reason.
    PinRefused(Message),
    /// A correction is on disk; in words.
    Corrected(Message),
    /// A correction was refused, for this reason.
    CorrectionRefused(Message),
    /// The wall clock was set during this run.
    ClockSet {
        /// By how much.
        jump: TimeDelta,
    },
    /// What the camera is doing.
    Camera(Message),
    /// Something to mend.
    Warning(Message),
    /// Anything else.
    Info(Message),
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

    /// What it says, without the camera that has seen it.
    fn words(&self) -> Message {
        match self {
            Notice::Punched {
                name,
                direction,
                similarity,
                liveness,
                ..
            } => {
                let direction = direction.text();
                match (similarity, liveness) {
                    (Some(s), Some(l)) => say::punched_live(name, direction, s, decimal(*l, 2)),
                    (Some(s), None) => say::punched_similar(name, direction, s),
                    (None, _) => say::punched(name, direction),
                }
            }
            Notice::PunchRefused { name, reason } => {
                say::punch_refused(say::or_somebody(name.as_ref()), reason)
            }
            Notice::NotRecognised {
                best,
                threshold,
                reason,
                ..
            } => not_recognised(best.as_ref(), *threshold, *reason),
            Notice::Enrolled {
                name,
                code,
                samples,
            } => say::enrolled(name, code, samples),
            Notice::Lookalikes {
                name,
                other,
                similarity,
            } => say::lookalikes(name, other, similarity),
            Notice::EnrolmentRefused { name, reason } => say::enrolment_refused(name, reason),
            Notice::EnrolmentCancelled { name } => say::enrolment_called_off(name),
            Notice::EnrolmentTimedOut { name } => say::enrolment_timed_out(name),
            Notice::StoreTrouble(reason) => say::cannot_write(reason),
            Notice::StoreUnreadable(reason) => say::cannot_read_day(reason),
            Notice::StoreRecovered => say::WRITING_WORKS_AGAIN.into(),
            Notice::PinRefused(reason) => say::pin_refused(reason),
            Notice::Corrected(what) => say::corrected(what),
            Notice::CorrectionRefused(reason) => say::not_corrected(reason),
            Notice::ClockSet { jump } => say::clock_was_set(say_shift(*jump)),
            Notice::NewDay(day) => say::new_day(day.to_string()),
            Notice::Camera(what) | Notice::Warning(what) | Notice::Info(what) => what.clone(),
        }
    }
}

impl Said for Notice {
    fn said(&self) -> Message {
        let words = self.words();
        match self.camera() {
            Some(camera) => say::seen_by(words, camera.as_str()),
            None => words,
        }
    }
}

fn not_recognised(
    best: Option<&(PersonName, Cosine)>,
    threshold: Cosine,
    reason: SightingReason,
) -> Message {
    let what = match reason {
        SightingReason::Unknown => say::SIGHTING_UNKNOWN,
        SightingReason::Undecided => say::SIGHTING_UNDECIDED,
        SightingReason::Spoof => say::SIGHTING_SPOOF,
    };
    let Some((name, similarity)) = best else {
        return what.into();
    };
    match reason {
        _ if *similarity < threshold => say::unlike(what, name, similarity, threshold),
        SightingReason::Unknown => say::as_similar(what, name, similarity),
        SightingReason::Spoof => say::looks_like(what, name, similarity),
        SightingReason::Undecided => say::perhaps(what, name, similarity),
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said().fmt(f)
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
