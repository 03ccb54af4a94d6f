//! What `--source` may say.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::CameraError;
use super::http::StreamAddress;

/// Seed of `demo` where none is written.
const DEFAULT_SEED: u64 = 1;

/// Where pictures are to come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceSpec {
    /// A camera: `usb`, `usb:0`, `usb:NAME`, `usb:bus=1-1.3`, `usb:serial=8A2F`, `/dev/video0`.
    Usb(CameraChoice),
    /// A camera in the network: `http://HOST:PORT/PATH`.
    Http(StreamAddress),
    /// A picture, a folder of pictures or a video: `replay:PATH` or a bare path.
    Replay(PathBuf),
    /// The built-in demonstration: `demo`, `demo:SEED`.
    Demo {
        /// The same seed gives the same pictures.
        seed: u64,
    },
    /// None of its own: a station that only looks at what cameras elsewhere send: `none`.
    None,
}

/// Which camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CameraChoice {
    /// The first USB camera.
    First,
    /// The one at `/dev/videoN`.
    Number(u32),
    /// The first whose name contains this text, in any case.
    Name(String),
    /// The one in this socket, e.g. `1-1.3`; `rollcall camera list` shows it.
    Bus(String),
    /// The one with this serial number.
    Serial(String),
}

/// How a source is to be played.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SourceOptions {
    /// Pictures per second; without it the file's own rate, 10 for a folder, 15 for the demonstration.
    pub rate: Option<FrameRate>,
    /// What happens at the end of a file or folder.
    pub repeat: Repeat,
}

/// What happens at the end of a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Repeat {
    /// The source ends.
    #[default]
    Once,
    /// It begins again.
    Forever,
}

/// Pictures per second, between 0.01 and 240.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct FrameRate(pub(super) f64);

impl FrameRate {
    /// What a camera is asked for where nothing is configured.
    pub const CAMERA: Self = Self(30.0);

    /// A rate within the limits; `None` for anything else, such as zero or not-a-number.
    pub fn new(frames_per_second: f64) -> Option<Self> {
        (0.01..=240.0)
            .contains(&frames_per_second)
            .then_some(Self(frames_per_second))
    }

    /// A rate given as a fraction, as files do; nonsense and rates out of bounds give `None`.
    pub fn from_ratio(frames: u32, seconds: u32) -> Option<Self> {
        Self::new(f64::from(frames) / f64::from(seconds))
    }

    /// Pictures per second.
    pub fn frames_per_second(self) -> f64 {
        self.0
    }

    /// Time from one picture to the next.
    pub fn period(self) -> Duration {
        Duration::from_secs_f64(1.0 / self.0)
    }
}

impl FromStr for FrameRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim().parse().ok().and_then(Self::new).ok_or_else(|| {
            format!("`{text}` is not a number of pictures per second from 0.01 to 240")
        })
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for SourceSpec {
    type Err = CameraError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |reason: &str| CameraError::InvalidSource {
            text: without_credentials(text),
            reason: reason.to_owned(),
        };
        if let Some(number) = device_file_number(text) {
            return Ok(Self::Usb(CameraChoice::Number(number)));
        }
        let (kind, rest) = match text.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (text, None),
        };
        match (kind, rest) {
            ("", None) => Err(invalid("it is empty")),
            ("none", None) => Ok(Self::None),
            ("usb", None) => Ok(Self::Usb(CameraChoice::First)),
            ("usb", Some(rest)) => choice(rest)
                .map(Self::Usb)
                .ok_or_else(|| invalid("a camera number or name is missing after the colon")),
            ("demo", None) => Ok(Self::Demo { seed: DEFAULT_SEED }),
            ("demo", Some(rest)) => rest
                .parse()
                .map(|seed| Self::Demo { seed })
                .map_err(|_| invalid("a seed is a whole number")),
            ("replay", Some("")) => Err(invalid("the path is missing after the colon")),
            ("replay", Some(path)) => Ok(Self::Replay(path.into())),
            ("http", Some(_)) => text
                .parse()
                .map(Self::Http)
                .map_err(|reason: String| invalid(&reason)),
            ("https" | "rtsp" | "rtsps" | "rtmp" | "udp" | "tcp", Some(_)) => {
                Err(invalid(&format!(
                    "{kind} is not read; a program such as go2rtc turns it into Motion JPEG over http"
                )))
            }
            _ => Ok(Self::Replay(text.into())),
        }
    }
}

fn choice(text: &str) -> Option<CameraChoice> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if let Some((key, value)) = text.split_once('=') {
        let value = value.trim().to_owned();
        match key.trim() {
            "bus" if !value.is_empty() => return Some(CameraChoice::Bus(value)),
            "serial" if !value.is_empty() => return Some(CameraChoice::Serial(value)),
            "bus" | "serial" => return None,
            _ => {}
        }
    }
    Some(match text.parse() {
        Ok(number) => CameraChoice::Number(number),
        Err(_) => CameraChoice::Name(text.to_owned()),
    })
}

/// An address without its name and password; any other text as it is.
pub fn without_credentials(source: &str) -> String {
    if let Ok(address) = source.parse::<StreamAddress>() {
        return address.to_string();
    }
    let Some((scheme, rest)) = source.split_once("://") else {
        return source.to_owned();
    };
    match rest.rsplit_once('@') {
        Some((_, place)) => format!("{scheme}://…@{place}"),
        None => source.to_owned(),
    }
}

/// A text in which addresses may stand, without their names and passwords: a message that
/// quotes what somebody has typed.
pub fn credentials_hidden(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        // To the last @ of the word: a password that is not encoded may hold anything else.
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'');
        let address = &after[..after.find(ends).unwrap_or(after.len())];
        let at = address.rfind('@');
        if at.is_some() {
            shown.push('…');
        }
        rest = &after[at.unwrap_or(0)..];
    }
    shown.push_str(rest);
    shown
}

/// N of `/dev/videoN`, which is what other programs call a camera.
fn device_file_number(text: &str) -> Option<u32> {
    text.strip_prefix("/dev/video")?.parse().ok()
}

impl fmt::Display for SourceSpec {
    /// What `from_str` reads back to the same source, but for what is secret in an address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usb(CameraChoice::First) => write!(f, "usb"),
            Self::Usb(choice) => write!(f, "usb:{choice}"),
            Self::Http(address) => write!(f, "{address}"),
            Self::Replay(path) => write!(f, "replay:{}", path.display()),
            Self::Demo { seed } => write!(f, "demo:{seed}"),
            Self::None => write!(f, "none"),
        }
    }
}

impl fmt::Display for CameraChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => write!(f, "the first USB camera"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => write!(f, "{name}"),
            Self::Bus(bus) => write!(f, "bus={bus}"),
            Self::Serial(serial) => write!(f, "serial={serial}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_quoted() {
        for (text, shown) in [
            (
                "2 | source = \"http://ana:s/ec@ret@host/a\n",
                "2 | source = \"http://…@host/a\n",
            ),
            (
                "http://host/a and https://b:c@d",
                "http://host/a and https://…@d",
            ),
            ("nothing of that kind: a@b", "nothing of that kind: a@b"),
        ] {
            assert_eq!(credentials_hidden(text), shown);
        }
    }

    #[test]
    fn every_way_to_write_a_source() {
        let name = CameraChoice::Name("Logitech: C270".to_owned());
        for (text, spec) in [
            ("usb", SourceSpec::Usb(CameraChoice::First)),
            ("usb:2", SourceSpec::Usb(CameraChoice::Number(2))),
            ("usb:Logitech: C270", SourceSpec::Usb(name)),
            (
                "usb:bus=1-1.3",
                SourceSpec::Usb(CameraChoice::Bus("1-1.3".to_owned())),
            ),
            (
                "usb:serial=8A2F",
                SourceSpec::Usb(CameraChoice::Serial("8A2F".to_owned())),
            ),
            ("/dev/video3", SourceSpec::Usb(CameraChoice::Number(3))),
            (
                "http://cam:81/video",
                SourceSpec::Http("http://cam:81/video".parse().unwrap()),
            ),
            ("demo", SourceSpec::Demo { seed: 1 }),
            ("demo:77", SourceSpec::Demo { seed: 77 }),
            ("replay:a:b.avi", SourceSpec::Replay("a:b.avi".into())),
            ("some/folder", SourceSpec::Replay("some/folder".into())),
            ("odd:name.jpg", SourceSpec::Replay("odd:name.jpg".into())),
            ("replay:demo", SourceSpec::Replay("demo".into())),
        ] {
            let parsed: SourceSpec = text.parse().unwrap();
            assert_eq!(parsed, spec, "{text}");
            assert_eq!(parsed.to_string().parse::<SourceSpec>().unwrap(), spec);
        }
    }

    #[test]
    fn nonsense_is_refused_with_what_to_write_instead() {
        for text in [
            "",
            "usb:",
            "usb: ",
            "usb:bus=",
            "usb:serial= ",
            "demo:",
            "demo:x",
            "demo:-1",
            "replay:",
            "rtsp://me:secret@a/b",
            "https://me:secret@a/b",
            "http://me:secret@/b",
        ] {
            let message = text.parse::<SourceSpec>().unwrap_err().to_string();
            assert!(message.contains("usb:NAME"), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn a_rate_is_a_sensible_number() {
        for text in ["0", "-3", "NaN", "inf", "1e9", "", "ten"] {
            assert!(text.parse::<FrameRate>().is_err(), "{text}");
        }
        assert_eq!("12.5".parse(), Ok(FrameRate(12.5)));
        assert_eq!(FrameRate::from_ratio(30, 0), None);
        assert_eq!(FrameRate::from_ratio(0, 0), None);
        assert_eq!(
            FrameRate::from_ratio(30_000, 1001)
                .unwrap()
                .period()
                .as_millis(),
            33
        );
    }
}
