//! What the camera is doing, as the status bar says it.

use crate::say;
use rollcall_messages::{Message, Said, Text};
use std::fmt;

use super::http::NetworkTrouble;
use super::{CameraError, SourceDescription};
use rollcall_core::picture_condition::PictureCondition;

/// State of the camera. Each change is reported once.
#[derive(Debug, Clone, PartialEq)]
pub enum CameraState {
    /// Being opened for the first time.
    Starting,
    /// Pictures arrive.
    Streaming(SourceDescription),
    /// Pictures arrive, but show next to nothing.
    Impaired(SourceDescription, PictureCondition),
    /// Open, but no whole picture for about two seconds; closed and opened again and again.
    Silent,
    /// Not connected; looked for all the time.
    Absent(Message),
    /// In use by another program; tried again and again.
    Busy(Message),
    /// Closed to this user; tried again and again, and as soon as the device file changes.
    Forbidden(Message),
    /// Was there and is gone; looked for all the time.
    Lost(Message),
    /// Open, and sends pictures of which none can be read; opened again and again.
    Unreadable(Message),
    /// There, but with no format that is read; tried again when another is plugged in.
    Unsupported(Message),
    /// The driver refuses for another reason; tried again and again.
    Troubled(Message),
    /// There is no camera here; pictures come from cameras elsewhere.
    Elsewhere,
    /// The source came to its end, or the station stops.
    Ended,
    /// The source is unusable and is not tried again.
    Failed(Message),
}

impl CameraState {
    /// The state that `error` puts a camera in that is tried again.
    pub fn retrying_after(error: &CameraError) -> Self {
        let message = error.said();
        match error {
            CameraError::Absent { .. } => Self::Absent(message),
            CameraError::Busy { .. } => Self::Busy(message),
            CameraError::Forbidden { .. } => Self::Forbidden(message),
            CameraError::Lost { .. } => Self::Lost(message),
            CameraError::NoFormat { .. } => Self::Unsupported(message),
            CameraError::Silent => Self::Silent,
            CameraError::Unreadable { .. } => Self::Unreadable(message),
            CameraError::Network { trouble, .. } => Self::after_network(trouble, message),
            _ => Self::Troubled(message),
        }
    }

    fn after_network(trouble: &NetworkTrouble, message: Message) -> Self {
        use NetworkTrouble as T;
        match trouble {
            T::UnknownHost | T::Refused | T::Unreachable(_) | T::Slow => Self::Absent(message),
            T::HungUp | T::Broken(_) => Self::Lost(message),
            T::NameWanted | T::NameRefused | T::OtherAuthenticationWanted | T::Forbidden => {
                Self::Forbidden(message)
            }
            T::NotFound | T::OtherKind(_) | T::OtherCoding(_) | T::NoPicture(_) => {
                Self::Unsupported(message)
            }
            T::Status { .. } | T::RedirectedTooOften | T::RedirectedWrongly(_) | T::Nonsense(_) => {
                Self::Troubled(message)
            }
        }
    }

    /// Whether `other` tells an operator nothing new: what is wrong with pictures that
    /// cannot be read differs from picture to picture.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self == other || matches!((self, other), (Self::Unreadable(_), Self::Unreadable(_)))
    }

    /// Whether pictures arrive.
    pub fn is_streaming(&self) -> bool {
        self.source().is_some()
    }

    /// What is streaming, if anything is.
    pub fn source(&self) -> Option<&SourceDescription> {
        match self {
            Self::Streaming(source) | Self::Impaired(source, _) => Some(source),
            _ => None,
        }
    }

    /// Whether no picture will ever arrive again.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Ended | Self::Failed(_))
    }

    /// One word for a narrow status bar.
    pub fn word(&self) -> Text {
        match self {
            Self::Starting => say::CAMERA_STARTING,
            Self::Streaming(_) => say::CAMERA_LIVE,
            Self::Impaired(_, condition) => condition.word(),
            Self::Silent => say::CAMERA_SILENT,
            Self::Absent(_) => say::CAMERA_ABSENT,
            Self::Busy(_) => say::CAMERA_BUSY,
            Self::Forbidden(_) => say::CAMERA_FORBIDDEN,
            Self::Lost(_) => say::CAMERA_LOST,
            Self::Unreadable(_) => say::CAMERA_UNREADABLE,
            Self::Unsupported(_) => say::CAMERA_UNSUPPORTED,
            Self::Troubled(_) => say::CAMERA_TROUBLE,
            Self::Elsewhere => say::CAMERA_ELSEWHERE,
            Self::Ended => say::CAMERA_ENDED,
            Self::Failed(_) => say::CAMERA_FAILED,
        }
    }
}

impl Said for CameraState {
    /// One sentence that says what is and what to do.
    fn said(&self) -> Message {
        match self {
            Self::Starting => say::CAMERA_OPENING.into(),
            Self::Streaming(source) => match source.resolution {
                Some((width, height)) => say::camera_delivers_size(&source.name, width, height),
                None => say::camera_delivers(&source.name),
            },
            Self::Impaired(_, condition) => say::camera_sentence(condition.said()),
            Self::Silent => say::CAMERA_SILENT_ADVICE.into(),
            Self::Absent(message)
            | Self::Busy(message)
            | Self::Forbidden(message)
            | Self::Lost(message)
            | Self::Unsupported(message)
            | Self::Failed(message) => say::camera_sentence(message),
            Self::Unreadable(message) | Self::Troubled(message) => {
                say::camera_trying_again(message)
            }
            Self::Elsewhere => say::CAMERA_PICTURES_FROM_ELSEWHERE.into(),
            Self::Ended => say::CAMERA_SOURCE_ENDED.into(),
        }
    }
}

impl fmt::Display for CameraState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_is_a_sentence_that_says_what_to_do() {
        let camera = "HD Webcam (/dev/video0)".to_owned();
        for (error, word, advice) in [
            (
                CameraError::Absent {
                    camera: camera.clone(),
                },
                "absent",
                "check the cable",
            ),
            (
                CameraError::Busy {
                    camera: camera.clone(),
                },
                "busy",
                "fuser",
            ),
            (
                CameraError::Forbidden {
                    camera: camera.clone(),
                },
                "forbidden",
                "usermod -aG video",
            ),
            (
                CameraError::Lost {
                    camera: camera.clone(),
                },
                "lost",
                "power supply",
            ),
            (CameraError::Silent, "silent", "unplug it"),
            (
                CameraError::Unreadable {
                    reason: "the picture was cut off after 21501 bytes".to_owned(),
                },
                "unreadable",
                "cut off after",
            ),
            (
                CameraError::NoFormat {
                    camera,
                    tried: "mjpeg".to_owned(),
                },
                "unsupported",
                "another camera",
            ),
        ] {
            let state = CameraState::retrying_after(&error);
            let sentence = state.to_string();
            assert_eq!(state.word().english(), word);
            assert!(sentence.contains(advice), "{sentence}");
            assert!(sentence.ends_with('.'), "{sentence}");
            assert!(sentence.starts_with(char::is_uppercase), "{sentence}");
        }
    }
}
