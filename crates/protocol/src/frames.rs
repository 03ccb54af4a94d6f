//! Pictures of cameras elsewhere, and the one answer to each.

use std::sync::Arc;
use std::time::Duration;

use image::RgbImage;
use rollcall_core::camera_name::CameraName;
use rollcall_core::enrolment::Hint;
use rollcall_core::frame::{Frame, Moment};
use rollcall_core::person::{PersonCode, PersonName};
use rollcall_core::station::FaceReport;

use crate::command::Refusal;

/// A picture that somebody has sent.
#[derive(Debug, Clone)]
pub struct OfferedFrame {
    /// The camera that took it.
    pub camera: CameraName,
    /// When, by the station's clocks.
    pub captured_at: Moment,
    /// Upright and unmirrored.
    pub image: RgbImage,
}

/// What has become of a picture.
#[derive(Debug)]
pub enum FrameAnswer {
    /// It was looked at.
    Seen(Box<FrameReport>),
    /// A newer one of the same camera came before its turn.
    Replaced,
    /// It could not be looked at, for this reason.
    Failed(String),
}

/// What a picture shows.
#[derive(Debug, Clone)]
pub struct FrameReport {
    /// Width and height of the picture that the boxes are in.
    pub size: (u32, u32),
    /// Whether it was looked at closely. One that is as the one before is not, while nobody is
    /// there.
    pub was_looked_at: bool,
    /// Its faces, the one followed longest first.
    pub faces: Vec<SeenFace>,
    /// Who is being enrolled at this camera.
    pub enrolment: Option<EnrolmentStep>,
    /// How long the networks took.
    pub took: Duration,
}

/// A face, who it is, and what has become of it.
#[derive(Debug, Clone)]
pub struct SeenFace {
    /// All that the station knows of it.
    pub report: FaceReport,
    /// The person whose name it has.
    pub person: Option<(PersonCode, PersonName)>,
}

/// How far an enrolment is.
#[derive(Debug, Clone, PartialEq)]
pub struct EnrolmentStep {
    /// Who.
    pub name: PersonName,
    /// Samples that were kept.
    pub taken: usize,
    /// How many are wanted.
    pub wanted: usize,
    /// What the person should do now; none when all samples are there.
    pub hint: Option<Hint>,
}

/// Takes the one answer.
pub type AnswerTo = Box<dyn FnOnce(FrameAnswer) + Send>;

/// Where pictures of cameras elsewhere come in. Nothing here waits.
pub trait FrameDoor: Send + Sync {
    /// Gives a picture to the station. `answer` is called once, on another thread, or dropped
    /// if the station ends before.
    ///
    /// # Errors
    /// If it is not taken; then `answer` is not called.
    fn offer(&self, frame: OfferedFrame, answer: AnswerTo) -> Result<(), Refusal>;
    /// The newest picture of a camera elsewhere.
    fn newest(&self, camera: &CameraName) -> Option<Arc<Frame>>;
    /// The present moment by the station's clocks.
    fn now(&self) -> Moment;
}
