//! What the camera is doing, as the status bar says it.

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
    Absent(String),
    /// In use by another program; tried again and again.
    Busy(String),
    /// Closed to this user; tried again and again, and as soon as the device file changes.
    Forbidden(String),
    /// Was there and is gone; looked for all the time.
    Lost(String),
    /// Open, and sends pictures of which none can be read; opened again and again.
    Unreadable(String),
    /// There, but with no format that is read; tried again when another is plugged in.
    Unsupported(String),
    /// The driver refuses for another reason; tried again and again.
    Troubled(String),
    /// There is no camera here; pictures come from cameras elsewhere.
    Elsewhere,
    /// The source came to its end, or the station stops.
    Ended,
    /// The source is unusable and is not tried again.
    Failed(String),
}

impl CameraState {
    /// The state that `error` puts a camera in that is tried again.
    pub fn retrying_after(error: &CameraError) -> Self {
        let message = error.to_string();
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

    fn after_network(trouble: &NetworkTrouble, message: String) -> Self {
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
    pub fn word(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Streaming(_) => "live",
            Self::Impaired(_, condition) => condition.word(),
            Self::Silent => "silent",
            Self::Absent(_) => "absent",
            Self::Busy(_) => "busy",
            Self::Forbidden(_) => "forbidden",
            Self::Lost(_) => "lost",
            Self::Unreadable(_) => "unreadable",
            Self::Unsupported(_) => "unsupported",
            Self::Troubled(_) => "trouble",
            Self::Elsewhere => "elsewhere",
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
            Self::Impaired(_, condition) => write!(f, "{condition}."),
            Self::Silent => write!(
                f,
                "The camera is open but sends no usable picture; it is opened again and again. If this lasts, unplug it and plug it in again, and check cable and power supply."
            ),
            Self::Absent(message)
            | Self::Busy(message)
            | Self::Forbidden(message)
            | Self::Lost(message)
            | Self::Unsupported(message)
            | Self::Failed(message) => write!(f, "{}.", Sentence(message)),
            Self::Unreadable(message) | Self::Troubled(message) => {
                write!(f, "{}; trying again.", Sentence(message))
            }
            Self::Elsewhere => write!(f, "Pictures come from cameras elsewhere."),
            Self::Ended => write!(f, "The source has ended."),
        }
    }
}

/// An error's message with a capital at its beginning.
struct Sentence<'a>(&'a str);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.chars();
        if let Some(first) = rest.next() {
            write!(f, "{}", first.to_uppercase())?;
        }
        f.write_str(rest.as_str())
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
            assert_eq!(state.word(), word);
            assert!(sentence.contains(advice), "{sentence}");
            assert!(sentence.ends_with('.'), "{sentence}");
            assert!(sentence.starts_with(char::is_uppercase), "{sentence}");
        }
    }
}
