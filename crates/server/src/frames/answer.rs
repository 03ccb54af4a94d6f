//! What a camera elsewhere is told about a picture.

use rollcall_core::camera_name::CameraName;
use rollcall_core::consensus::Verdict;
use rollcall_core::frame::Moment;
use rollcall_core::liveness::Liveness;
use rollcall_core::station::{Explanation, PunchReceipt, PunchState};
use rollcall_protocol::{EnrolmentStep, FrameReport, SeenFace};
use serde::Serialize;
use utoipa::ToSchema;

/// The answer to a picture.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FrameBody {
    camera: String,
    captured_at: String,
    /// Width and height of the picture that the boxes are in.
    size: [u32; 2],
    /// False if it was as the one before and nobody was there.
    was_looked_at: bool,
    milliseconds: f64,
    /// The face followed longest first.
    faces: Vec<FaceBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolment: Option<EnrolmentBody>,
}

/// A face.
#[derive(Debug, Serialize, ToSchema)]
struct FaceBody {
    track: u64,
    /// Left, top, right, bottom.
    r#box: [f32; 4],
    /// Eyes, nose, corners of the mouth, left to right in the picture.
    landmarks: [[f32; 2]; 5],
    score: f32,
    /// `known`, `unknown` or `deciding`.
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<PersonBody>,
    /// To the most similar person.
    #[serde(skip_serializing_if = "Option::is_none")]
    similarity: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<f32>,
    /// Why the latest look is nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    doubt: Option<String>,
    votes: VotesBody,
    quality: f32,
    /// What the person should do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
    liveness: LivenessBody,
    punch: PunchBody,
}

#[derive(Debug, Serialize, ToSchema)]
struct PersonBody {
    code: String,
    name: String,
}

/// How far the votes are.
#[derive(Debug, Serialize, ToSchema)]
struct VotesBody {
    cast: usize,
    needed: usize,
}

#[derive(Debug, Serialize, ToSchema)]
struct LivenessBody {
    /// `deciding`, `challenged`, `live` or `picture`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f32>,
    /// What is asked for, or why it is taken for a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// What has become of the punch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum PunchBody {
    /// The face has no name.
    None,
    /// The person was deactivated.
    Inactive,
    /// The latest punch is too recent.
    Cooldown { seconds_left: u64 },
    /// This mode knows one punch a day, and it is made.
    AlreadyPresent,
    /// The next look that confirms the name makes a punch, unless this visit has made one.
    Ready,
    /// It is decided, and not yet known to be on disk.
    Saving,
    /// It is on disk.
    Recorded {
        event: i64,
        direction: String,
        at: String,
    },
    /// It is not written.
    Refused { reason: String },
}

/// Who is being enrolled at this camera.
#[derive(Debug, Serialize, ToSchema)]
struct EnrolmentBody {
    name: String,
    taken: usize,
    wanted: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl FrameBody {
    pub(crate) fn of(camera: &CameraName, captured_at: Moment, report: &FrameReport) -> Self {
        Self {
            camera: camera.to_string(),
            captured_at: captured_at.wall.to_rfc3339(),
            size: report.size.into(),
            was_looked_at: report.was_looked_at,
            milliseconds: report.took.as_secs_f64() * 1e3,
            faces: report.faces.iter().map(FaceBody::of).collect(),
            enrolment: report.enrolment.as_ref().map(EnrolmentBody::of),
        }
    }
}

impl FaceBody {
    fn of(face: &SeenFace) -> Self {
        let (detection, why) = (&face.report.detection, &face.report.explanation);
        let place = &detection.bounding_box;
        let judgement = why.judgement.as_ref();
        Self {
            track: why.track.0,
            r#box: [place.left, place.top, place.right, place.bottom],
            landmarks: detection.landmarks.points.map(|point| [point.x, point.y]),
            score: detection.score,
            verdict: match why.verdict {
                Verdict::Known(_) => "known",
                Verdict::Unknown => "unknown",
                Verdict::Deciding => "deciding",
            },
            person: face.person.as_ref().map(|(code, name)| PersonBody {
                code: code.to_string(),
                name: name.to_string(),
            }),
            similarity: judgement.and_then(|j| Some(j.candidate?.similarity.0)),
            threshold: judgement.map(|judgement| judgement.threshold.0),
            doubt: judgement.and_then(|j| Some(j.doubt?.to_string())),
            votes: VotesBody {
                cast: why.votes.first().map_or(0, |(_, votes, _)| *votes),
                needed: why.votes_needed,
            },
            quality: why.quality.score(),
            advice: why.issue.map(|issue| issue.to_string()),
            liveness: LivenessBody::of(why),
            punch: PunchBody::of(face),
        }
    }
}

impl LivenessBody {
    fn of(why: &Explanation) -> Self {
        let (state, detail) = match why.liveness {
            Liveness::Deciding => ("deciding", None),
            Liveness::Challenged(side) => ("challenged", Some(format!("turn to the {side}"))),
            Liveness::Live => ("live", None),
            Liveness::Spoof(cue) => ("picture", Some(cue.to_string())),
        };
        Self {
            state,
            score: why.liveness_score,
            detail,
        }
    }
}

impl PunchBody {
    fn of(face: &SeenFace) -> Self {
        match &face.report.receipt {
            PunchReceipt::Saving => Self::Saving,
            PunchReceipt::Recorded {
                event,
                direction,
                at,
            } => Self::Recorded {
                event: event.0,
                direction: direction.to_string(),
                at: at.to_rfc3339(),
            },
            PunchReceipt::Refused(reason) => Self::Refused {
                reason: reason.to_string(),
            },
            PunchReceipt::None => match face.report.explanation.punch {
                PunchState::NoName => Self::None,
                PunchState::Inactive => Self::Inactive,
                PunchState::UnderWay => Self::Saving,
                PunchState::Cooldown { left } => Self::Cooldown {
                    seconds_left: left.as_secs().max(1),
                },
                PunchState::AlreadyPresent => Self::AlreadyPresent,
                PunchState::Ready => Self::Ready,
            },
        }
    }
}

impl EnrolmentBody {
    fn of(step: &EnrolmentStep) -> Self {
        Self {
            name: step.name.to_string(),
            taken: step.taken,
            wanted: step.wanted,
            advice: step.hint.map(|hint| hint.to_string()),
        }
    }
}
