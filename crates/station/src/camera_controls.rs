//! The camera's controls for the dashboard.
//!
//! A driver may take its time to answer, or hang. So a thread asks it, and the main
//! thread reads what was answered last. Nobody waits for that thread.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use rollcall_camera::usb::controls::{self, Control, ControlError};
use rollcall_camera::{CameraChoice, CameraSettings, SourceSpec, usb};
use rollcall_dashboard::{CameraControl, ControlChange, ControlStep};

/// Changes that may wait for the driver: a key that is held down.
const REQUESTS_WAITING: usize = 16;

/// While the list is on the screen it is read again: automatic exposure moves by itself.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What the list shows.
#[derive(Debug, Clone, Default)]
pub(super) struct ShownControls {
    pub(super) rows: Vec<CameraControl>,
    pub(super) remark: String,
}

/// The thread's other end.
#[derive(Debug)]
pub(super) struct ControlDesk {
    requests: Option<Sender<Request>>,
    shown: Arc<Mutex<ShownControls>>,
}

#[derive(Debug)]
enum Request {
    Look,
    Change(ControlChange),
}

impl ControlDesk {
    /// Starts the thread, if the source is a camera that has controls.
    pub(super) fn of(source: &SourceSpec, settings: &CameraSettings) -> io::Result<Self> {
        let shown = Arc::new(Mutex::new(ShownControls::default()));
        let (SourceSpec::Usb(choice), Some(file)) = (source, &settings.controls_file) else {
            say(&shown, "Only a USB camera has controls.");
            return Ok(Self {
                requests: None,
                shown,
            });
        };
        let (requests, receiver) = bounded(REQUESTS_WAITING);
        let clerk = Clerk {
            choice: choice.clone(),
            file: file.clone(),
            shown: Arc::clone(&shown),
        };
        std::thread::Builder::new()
            .name("camera-controls".into())
            .spawn(move || clerk.work(&receiver))?;
        Ok(Self {
            requests: Some(requests),
            shown,
        })
    }

    /// Asks for the controls as they are.
    pub(super) fn look(&self) {
        self.ask(Request::Look);
    }

    /// Asks for a change.
    pub(super) fn change(&self, change: ControlChange) {
        self.ask(Request::Change(change));
    }

    /// What was answered last.
    pub(super) fn shown(&self) -> ShownControls {
        lock(&self.shown).clone()
    }

    fn ask(&self, request: Request) {
        let Some(requests) = &self.requests else {
            return;
        };
        if requests.try_send(request).is_err() {
            say(&self.shown, "The camera's driver does not answer.");
        }
    }
}

/// What the thread owns.
struct Clerk {
    choice: CameraChoice,
    file: PathBuf,
    shown: Arc<Mutex<ShownControls>>,
}

impl Clerk {
    /// Works until the dashboard ends.
    fn work(&self, requests: &Receiver<Request>) {
        for request in requests {
            let done = match request {
                Request::Look => self.look(),
                Request::Change(change) => self.change(&change).and_then(|told| {
                    self.look()?;
                    say(&self.shown, &told);
                    Ok(())
                }),
            };
            if let Err(error) = done {
                let mut shown = lock(&self.shown);
                if matches!(error, ControlError::Camera(_)) {
                    shown.rows.clear();
                }
                shown.remark = error.to_string();
            }
        }
    }

    fn look(&self) -> Result<(), ControlError> {
        let controls = controls::read(&usb::find(&self.choice)?)?;
        let mut shown = lock(&self.shown);
        if controls.is_empty() {
            shown.remark = String::from("This camera has no controls.");
        } else if shown.rows.is_empty() {
            shown.remark.clear();
        }
        shown.rows = controls.iter().map(in_words).collect();
        Ok(())
    }

    /// Sets a control and keeps it, for the camera forgets it when it loses power.
    fn change(&self, change: &ControlChange) -> Result<String, ControlError> {
        let device = usb::find(&self.choice)?;
        let before = controls::read(&device)?;
        let control = before.iter().find(|control| control.name == change.name);
        let control = control.ok_or_else(|| ControlError::Unknown {
            camera: device.to_string(),
            name: change.name.clone(),
        })?;
        let wanted = match change.step {
            ControlStep::By(steps) => control.stepped(steps),
            ControlStep::ToDefault => control.default,
        };
        let now = controls::set(&device, &control.name, wanted)?;
        controls::remember(&self.file, &now.name, now.value)?;
        Ok(format!(
            "{} is {} and stays so.",
            now.title,
            now.value_in_words()
        ))
    }
}

fn in_words(control: &Control) -> CameraControl {
    let range = if control.choices.is_empty() {
        format!("{} to {}", control.minimum, control.maximum)
    } else {
        let names: Vec<&str> = control
            .choices
            .iter()
            .map(|(_, name)| name.as_str())
            .collect();
        names.join(", ")
    };
    CameraControl {
        name: control.name.clone(),
        title: control.title.clone(),
        value: control.value_in_words(),
        range,
        is_changeable: control.changeable,
    }
}

fn say(shown: &Mutex<ShownControls>, remark: &str) {
    remark.clone_into(&mut lock(shown).remark);
}

fn lock(shown: &Mutex<ShownControls>) -> std::sync::MutexGuard<'_, ShownControls> {
    // It is replaced as a whole, so that a panic elsewhere has not torn it.
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_without_controls_says_so() {
        let source = "demo".parse().unwrap();
        let desk = ControlDesk::of(&source, &CameraSettings::default()).unwrap();
        desk.look();
        let shown = desk.shown();
        assert!(shown.rows.is_empty());
        assert!(shown.remark.contains("USB"), "{}", shown.remark);
    }

    #[test]
    fn a_camera_that_is_not_there_says_so_and_the_desk_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let settings = CameraSettings {
            controls_file: Some(folder.path().join(controls::FILE_NAME)),
            ..CameraSettings::default()
        };
        let source = "usb:serial=there-is-no-such-camera".parse().unwrap();
        let desk = ControlDesk::of(&source, &settings).unwrap();
        for _ in 0..2 {
            desk.change(ControlChange {
                name: "brightness".to_owned(),
                step: ControlStep::By(1),
            });
        }
        while desk.shown().remark.is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(desk.shown().remark.contains("check the cable"));
        assert!(!folder.path().join(controls::FILE_NAME).exists());
    }
}
