//! The controls of a camera: brightness, exposure, focus, anti-flicker.
//!
//! A camera forgets them when it loses power, so they are set each time it is
//! opened: first those of the configuration, then those that were changed while
//! Rollcall ran, which a small file keeps.

use crate::say;
use rollcall_messages::{Message, Said};
use std::collections::BTreeMap;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;
use v4l::control::{Control as RawControl, Description, Flags, MenuItem, Type, Value};

use super::super::{CameraError, CameraSettings};
use super::VideoDevice;
use rollcall_system::read_bounded;

/// Name of the file of changed controls inside the data folder.
pub const FILE_NAME: &str = "camera-controls.toml";

/// One control with its present value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Control {
    /// Name to write in the configuration, e.g. `brightness`.
    pub name: String,
    /// The camera's own name, e.g. `Power Line Frequency`.
    pub title: String,
    /// Present value.
    pub value: i64,
    /// Value after the camera was plugged in.
    pub default: i64,
    /// Least value.
    pub minimum: i64,
    /// Greatest value.
    pub maximum: i64,
    /// Values are the least one plus multiples of this.
    pub step: u64,
    /// What the values of a menu mean; empty for numbers.
    pub choices: Vec<(i64, String)>,
    /// `false` while another control, such as automatic exposure, decides it.
    pub changeable: bool,
    #[serde(skip)]
    id: u32,
    #[serde(skip)]
    is_switch: bool,
}

/// Why a control was not read or set.
#[derive(Debug, Error)]
#[error("{}", self.said())]
pub enum ControlError {
    /// The camera cannot be opened.
    Camera(#[from] CameraError),
    /// The camera has no such control.
    Unknown {
        /// The camera.
        camera: String,
        /// What was asked for.
        name: String,
    },
    /// The value is none the control can take.
    Value {
        /// The control.
        name: String,
        /// What was asked for.
        value: i64,
        /// What is possible.
        expected: String,
    },
    /// The camera refuses.
    Refused {
        /// The camera.
        camera: String,
        /// The control.
        name: String,
        /// What was asked for.
        value: i64,
        /// The driver's answer.
        source: io::Error,
    },
    /// The file of changed controls cannot be read or written.
    File {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl Said for ControlError {
    fn said(&self) -> Message {
        match self {
            Self::Camera(error) => error.said(),
            Self::Unknown { camera, name } => say::control_unknown(camera, name),
            Self::Value {
                name,
                value,
                expected,
            } => say::control_value(name, value, expected),
            Self::Refused {
                camera,
                name,
                value,
                source,
            } => say::control_refused(camera, name, value, source.to_string()),
            Self::File {
                doing,
                path,
                source,
            } => say::camera_file_failed(*doing, path.display().to_string(), source.to_string()),
        }
    }
}

impl Control {
    /// What the present value means: a name of the menu, or the number.
    pub fn value_in_words(&self) -> String {
        let choice = self.choices.iter().find(|(value, _)| *value == self.value);
        choice.map_or_else(|| self.value.to_string(), |(_, name)| name.clone())
    }

    /// Checks a value before the driver has to, for a driver that answers only "invalid".
    ///
    /// # Errors
    /// With what is possible.
    pub fn check(&self, value: i64) -> Result<(), ControlError> {
        let expected = if self.choices.is_empty() {
            if (self.minimum..=self.maximum).contains(&value) {
                return Ok(());
            }
            format!("from {} to {}", self.minimum, self.maximum)
        } else {
            if self.choices.iter().any(|(choice, _)| *choice == value) {
                return Ok(());
            }
            let choices = self.choices.iter().map(|(n, name)| format!("{n} ({name})"));
            choices.collect::<Vec<_>>().join(", ")
        };
        Err(ControlError::Value {
            name: self.name.clone(),
            value,
            expected: format!("possible is {expected}"),
        })
    }

    /// The value that many steps away, kept within what the control can take.
    pub fn stepped(&self, steps: i64) -> i64 {
        if self.choices.is_empty() {
            let step = i64::try_from(self.step.max(1)).unwrap_or(i64::MAX);
            return self
                .value
                .saturating_add(step.saturating_mul(steps))
                .clamp(self.minimum, self.maximum.max(self.minimum));
        }
        let at = self.choices.iter().position(|(v, _)| *v == self.value);
        let last = self.choices.len() as i64 - 1;
        let next = (at.unwrap_or(0) as i64)
            .saturating_add(steps)
            .clamp(0, last);
        self.choices[next as usize].0
    }
}

/// All controls of `device`. It may be streaming for somebody else meanwhile.
///
/// # Errors
/// If the camera cannot be opened or asked.
pub fn read(device: &VideoDevice) -> Result<Vec<Control>, ControlError> {
    let trouble = |error| super::trouble(device, "reading its controls", &error);
    let handle = v4l::Device::with_path(device.device_file()).map_err(trouble)?;
    read_from(&handle).map_err(|error| trouble(error).into())
}

/// Sets one control by name, and gives it back as the camera now reports it.
///
/// # Errors
/// If the camera has no such control, or refuses the value.
pub fn set(device: &VideoDevice, name: &str, value: i64) -> Result<Control, ControlError> {
    let trouble = |error| super::trouble(device, "setting a control", &error);
    let handle = v4l::Device::with_path(device.device_file()).map_err(trouble)?;
    let controls = read_from(&handle).map_err(trouble)?;
    set_one(&handle, device, &controls, (name, value))?;
    let controls = read_from(&handle).map_err(trouble)?;
    let control = controls.into_iter().find(|control| control.name == name);
    control.ok_or_else(|| unknown(device, name))
}

/// The controls that were changed while Rollcall ran; none if there is no file.
///
/// # Errors
/// If the file is there and cannot be read.
pub fn remembered(file: &Path) -> Result<BTreeMap<String, i64>, ControlError> {
    let failed = |source| ControlError::File {
        doing: "read",
        path: file.to_path_buf(),
        source,
    };
    match read_bounded::text(file, read_bounded::TEXT_BYTES) {
        Ok(text) => toml::from_str(&text)
            .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidData, error))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(failed(error)),
    }
}

/// Keeps a control for the next time the camera is opened. The file is replaced as a
/// whole, so that a power cut leaves the old one or the new one.
///
/// # Errors
/// If the file cannot be read or written.
pub fn remember(file: &Path, name: &str, value: i64) -> Result<(), ControlError> {
    let mut controls = remembered(file)?;
    controls.insert(name.to_owned(), value);
    let failed = |source| ControlError::File {
        doing: "write",
        path: file.to_path_buf(),
        source,
    };
    let text = toml::to_string(&controls).map_err(|e| failed(io::Error::other(e)))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut replacement = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    io::Write::write_all(&mut replacement, text.as_bytes()).map_err(failed)?;
    replacement.as_file().sync_all().map_err(failed)?;
    replacement.persist(file).map_err(|e| failed(e.error))?;
    Ok(())
}

/// Sets what the operator wants of a camera that is being opened. A control that cannot be
/// set is logged and left: a picture that is too dark is better than none.
pub(super) fn apply_settings(
    handle: &v4l::Device,
    device: &VideoDevice,
    settings: &CameraSettings,
) {
    let mut wanted = settings.controls.clone();
    if let Some(file) = &settings.controls_file {
        match remembered(file) {
            Ok(changed) => wanted.extend(changed),
            Err(error) => tracing::warn!("{error}"),
        }
    }
    if wanted.is_empty() {
        return;
    }
    let mut left: Vec<(&str, i64)> = wanted.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    // Automatic exposure and the like make others unchangeable until they are off, whatever
    // the order of names, so what is refused gets a second turn.
    for turn in 1..=2 {
        let controls = match read_from(handle) {
            Ok(controls) => controls,
            Err(error) => {
                tracing::warn!(camera = %device, "its controls cannot be read: {error}");
                return;
            }
        };
        left.retain(|wanted| match set_one(handle, device, &controls, *wanted) {
            Ok(()) => false,
            Err(error) => {
                if turn == 2 {
                    tracing::warn!("{error}");
                }
                true
            }
        });
    }
}

fn set_one(
    handle: &v4l::Device,
    device: &VideoDevice,
    controls: &[Control],
    (name, value): (&str, i64),
) -> Result<(), ControlError> {
    let control = controls
        .iter()
        .find(|control| control.name == name)
        .ok_or_else(|| unknown(device, name))?;
    control.check(value)?;
    let raw = RawControl {
        id: control.id,
        value: if control.is_switch {
            Value::Boolean(value != 0)
        } else {
            Value::Integer(value)
        },
    };
    handle
        .set_control(raw)
        .map_err(|source| ControlError::Refused {
            camera: device.to_string(),
            name: name.to_owned(),
            value,
            source,
        })
}

fn unknown(device: &VideoDevice, name: &str) -> ControlError {
    ControlError::Unknown {
        camera: device.to_string(),
        name: name.to_owned(),
    }
}

fn read_from(handle: &v4l::Device) -> io::Result<Vec<Control>> {
    // The crate panics on a control of a kind it does not know, or whose name is not UTF-8.
    let described = std::panic::catch_unwind(AssertUnwindSafe(|| handle.query_controls()));
    let descriptions = match described {
        Ok(Ok(descriptions)) => descriptions,
        // ENOTTY, EINVAL: a camera without any control.
        Ok(Err(error)) if matches!(error.raw_os_error(), Some(25 | 22)) => Vec::new(),
        Ok(Err(error)) => return Err(error),
        Err(_) => return Err(io::Error::other("a control is of an unknown kind")),
    };
    let usable = descriptions.iter().filter(|d| {
        let hidden = Flags::DISABLED | Flags::READ_ONLY | Flags::WRITE_ONLY;
        let kinds = [Type::Integer, Type::Boolean, Type::Menu];
        kinds.contains(&d.typ) && !d.flags.intersects(hidden)
    });
    Ok(usable
        .filter_map(|description| control_of(handle, description))
        .collect())
}

/// `None` if the camera does not tell the value: some list controls that they do not have.
fn control_of(handle: &v4l::Device, description: &Description) -> Option<Control> {
    let value = match handle.control(description.id).ok()?.value {
        Value::Integer(value) => value,
        Value::Boolean(value) => i64::from(value),
        _ => return None,
    };
    let items = description.items.iter().flatten();
    Some(Control {
        name: plain_name(&description.name),
        title: description.name.clone(),
        value,
        default: description.default,
        minimum: description.minimum,
        maximum: description.maximum,
        step: description.step,
        choices: items
            .filter_map(|(value, item)| match item {
                MenuItem::Name(name) => Some((i64::from(*value), name.clone())),
                MenuItem::Value(_) => None,
            })
            .collect(),
        changeable: !description
            .flags
            .intersects(Flags::INACTIVE | Flags::GRABBED),
        id: description.id,
        is_switch: description.typ == Type::Boolean,
    })
}

/// `Exposure Time, Absolute` → `exposure_time_absolute`, as v4l2-ctl writes it too.
fn plain_name(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("_").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn brightness() -> Control {
        Control {
            name: "brightness".to_owned(),
            title: "Brightness".to_owned(),
            value: 60,
            default: 0,
            minimum: -64,
            maximum: 64,
            step: 3,
            choices: Vec::new(),
            changeable: true,
            id: 1,
            is_switch: false,
        }
    }

    fn anti_flicker() -> Control {
        let choices = [(0, "Disabled"), (1, "50 Hz"), (3, "Auto")];
        Control {
            name: "power_line_frequency".to_owned(),
            value: 1,
            choices: choices.map(|(n, name)| (n, name.to_owned())).to_vec(),
            ..brightness()
        }
    }

    #[test]
    fn names_can_be_written_in_a_configuration() {
        for (title, name) in [
            ("Brightness", "brightness"),
            ("Exposure Time, Absolute", "exposure_time_absolute"),
            ("White Balance, Auto & Preset", "white_balance_auto_preset"),
        ] {
            assert_eq!(plain_name(title), name);
        }
    }

    #[test]
    fn values_out_of_range_are_refused_with_what_is_possible() {
        assert!(brightness().check(-64).is_ok());
        let message = brightness().check(65).unwrap_err().to_string();
        assert!(message.contains("from -64 to 64"), "{message}");
        assert!(anti_flicker().check(3).is_ok());
        let message = anti_flicker().check(2).unwrap_err().to_string();
        assert!(message.contains("1 (50 Hz)"), "{message}");
    }

    #[test]
    fn steps_stay_within_the_control() {
        assert_eq!(brightness().stepped(1), 63);
        assert_eq!(brightness().stepped(2), 64);
        assert_eq!(brightness().stepped(-1000), -64);
        assert_eq!(brightness().stepped(i64::MIN), -64);
        assert_eq!(anti_flicker().stepped(1), 3);
        assert_eq!(anti_flicker().stepped(9), 3);
        assert_eq!(anti_flicker().stepped(-9), 0);
        assert_eq!(anti_flicker().value_in_words(), "50 Hz");
    }

    #[test]
    fn what_was_changed_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE_NAME);
        assert_eq!(remembered(&file).unwrap(), BTreeMap::new());
        remember(&file, "brightness", -3).unwrap();
        remember(&file, "gain", 7).unwrap();
        remember(&file, "brightness", 5).unwrap();
        let expected = BTreeMap::from([("brightness".to_owned(), 5), ("gain".to_owned(), 7)]);
        assert_eq!(remembered(&file).unwrap(), expected);
        fs::write(&file, "brightness = \"high\"").unwrap();
        let message = remembered(&file).unwrap_err().to_string();
        assert!(message.contains(FILE_NAME), "{message}");
    }
}
