//! What the camera is doing, as the status bar says it.

use std::fmt;

use super::{CameraError, SourceDescription};

/// State of the camera worker. Each change is reported once.
#[derive(Debug, Clone, PartialEq)]
pub enum CameraState {
    /// Being opened for the first time.
    Starting,
    /// Pictures arrive.
    Streaming(SourceDescription),
    /// Open, but no whole picture for about two seconds.
    Silent,
    /// Not connected; looked for again and again.
    Absent,
    /// In use by another program; tried again and again.
    Busy,
    /// Closed to this user; tried again and again.
    Forbidden,
    /// Was there and is gone; looked for again and again.
    Lost,
    /// The driver refuses for another reason; tried again and again.
    Troubled(String),
    /// The source came to its end, or the station stops.
    Ended,
    /// The source is unusable and is not tried again.
    Failed(String),
}

impl CameraState {
    /// The state that `error` puts a camera in that is tried again.
    pub fn retrying_after(error: &CameraError) -> Self {
        match error {
            CameraError::Absent { .. } => Self::Absent,
            CameraError::Busy { .. } => Self::Busy,
            CameraError::Forbidden { .. } => Self::Forbidden,
            CameraError::Lost { .. } => Self::Lost,
            other => Self::Troubled(other.to_string()),
        }
    }

    /// Whether pictures arrive.
    pub fn is_streaming(&self) -> bool {
        matches!(self, Self::Streaming(_))
    }

    /// Whether no picture will ever arrive again.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Ended | Self::Failed(_))
    }

    /// One word for a narrow status bar.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Streaming(_) => "live",
            Self::Silent => "silent",
            Self::Absent => "absent",
            Self::Busy => "busy",
            Self::Forbidden => "forbidden",
            Self::Lost => "lost",
            Self::Troubled(_) => "trouble",
            Self::Ended => "ended",
            Self::Failed(_) => "failed",
        }
    }
}

impl fmt::Display for CameraState {
    /// One sentence that says what is and what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => write!(f, "The camera is being opened."),
            Self::Streaming(source) => match source.resolution {
                Some((w, h)) => write!(f, "{} delivers {w}x{h} pictures.", source.name),
                None => write!(f, "{} delivers pictures.", source.name),
            },
            Self::Silent => write!(
                f,
                "The camera is open but sends no usable picture; unplug it and plug it in again if this lasts."
            ),
            Self::Absent => write!(f, "No camera is connected; plug it in."),
            Self::Busy => write!(f, "Another program uses the camera; end it."),
            Self::Forbidden => write!(
                f,
                "This user may not open the camera; add it to the group `video` and log in again."
            ),
            Self::Lost => write!(f, "The camera was unplugged; plug it in again."),
            Self::Troubled(message) => write!(f, "{message}; trying again."),
            Self::Ended => write!(f, "The source has ended."),
            Self::Failed(message) => write!(f, "{message}."),
        }
    }
}
