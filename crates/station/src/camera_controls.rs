//! The camera's controls for front ends.
//!
//! A driver may take its time to answer, or hang. So a thread asks it and answers who has
//! asked; nobody waits for that thread.

use crate::say;
use rollcall_messages::{Message, Said as _};
use std::io;
use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::hub::Hub;
use rollcall_camera::usb::controls::{self, Control, ControlError};
use rollcall_camera::{CameraChoice, CameraSettings, SourceSpec, usb};
use rollcall_core::event::CommandId;
use rollcall_protocol::{CameraControl, ControlChange, ControlStep, Refusal, RefusalCode, Reply};

/// Changes that may wait for the driver: a key that is held down.
const REQUESTS_WAITING: usize = 16;

/// The thread's other end.
#[derive(Debug)]
pub(crate) struct ControlDesk {
    /// None where the source has no controls.
    requests: Option<Sender<Request>>,
}

/// What is wanted, and where the answer goes.
struct Request {
    hub: Hub,
    id: CommandId,
    change: Option<ControlChange>,
}

impl ControlDesk {
    /// Starts the thread, if the source is a camera that has controls.
    pub(crate) fn of(source: &SourceSpec, settings: &CameraSettings) -> io::Result<Self> {
        let (SourceSpec::Usb(choice), Some(file)) = (source, &settings.controls_file) else {
            return Ok(Self { requests: None });
        };
        let (requests, receiver) = bounded(REQUESTS_WAITING);
        let mut clerk = Clerk {
            choice: choice.clone(),
            file: file.clone(),
            rows: Vec::new(),
            remark: Message::default(),
        };
        std::thread::Builder::new()
            .name("camera-controls".into())
            .spawn(move || clerk.work(&receiver))?;
        Ok(Self {
            requests: Some(requests),
        })
    }

    /// Asks for the controls as they are.
    pub(crate) fn look(&self, hub: &Hub, id: CommandId) -> Result<(), Refusal> {
        self.ask(hub, id, None)
    }

    /// Asks for a change.
    pub(crate) fn change(
        &self,
        hub: &Hub,
        id: CommandId,
        change: ControlChange,
    ) -> Result<(), Refusal> {
        self.ask(hub, id, Some(change))
    }

    fn ask(&self, hub: &Hub, id: CommandId, change: Option<ControlChange>) -> Result<(), Refusal> {
        let Some(requests) = &self.requests else {
            let none = say::ONLY_USB_CONTROLS;
            return Err(Refusal::new(RefusalCode::Unavailable, none));
        };
        let hub = hub.clone();
        requests
            .try_send(Request { hub, id, change })
            .map_err(|_| Refusal::new(RefusalCode::Busy, say::DRIVER_HANGS))
    }
}

/// What the thread owns.
struct Clerk {
    choice: CameraChoice,
    file: PathBuf,
    rows: Vec<CameraControl>,
    /// What became of the last change, or why there are no controls.
    remark: Message,
}

impl Clerk {
    /// Works until the station ends.
    fn work(&mut self, requests: &Receiver<Request>) {
        for Request { hub, id, change } in requests {
            let done = match change {
                None => self.look(),
                Some(change) => self.change(&change).and_then(|told| {
                    self.look()?;
                    self.remark = told;
                    Ok(())
                }),
            };
            if let Err(error) = done {
                if matches!(error, ControlError::Camera(_)) {
                    self.rows.clear();
                }
                self.remark = error.said();
            }
            let (rows, remark) = (self.rows.clone(), self.remark.clone());
            hub.reply(id, Reply::Controls { rows, remark });
        }
    }

    fn look(&mut self) -> Result<(), ControlError> {
        let controls = controls::read(&usb::find(&self.choice)?)?;
        if controls.is_empty() {
            self.remark = say::NO_CONTROLS.into();
        } else if self.rows.is_empty() {
            self.remark = Message::default();
        }
        self.rows = controls.iter().map(in_words).collect();
        Ok(())
    }

    fn change(&self, change: &ControlChange) -> Result<Message, ControlError> {
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
        Ok(say::control_stays(&now.title, now.value_in_words()))
    }
}

fn in_words(control: &Control) -> CameraControl {
    let range = if control.choices.is_empty() {
        say::control_range(control.minimum, control.maximum)
    } else {
        let names: Vec<&str> = control
            .choices
            .iter()
            .map(|(_, name)| name.as_str())
            .collect();
        Message::verbatim(names.join(", "))
    };
    CameraControl {
        name: control.name.clone(),
        title: control.title.clone(),
        value: control.value_in_words(),
        range,
        is_changeable: control.changeable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::tests::{hub_of, told};
    use rollcall_protocol::{Command, Guest, Host as _};

    fn told_of_brightness(desk: ControlDesk) -> Reply {
        let (hub, _commanded) = hub_of(desk);
        let mut client = hub.join(Guest {
            operator: "olga".into(),
            watches_only: false,
            peer: None,
        });
        client.send(Command::ChangeControl(ControlChange {
            name: "brightness".to_owned(),
            step: ControlStep::By(1),
        }));
        told(&mut client)
    }

    #[test]
    fn a_source_without_controls_says_so() {
        let source = "demo".parse().unwrap();
        let desk = ControlDesk::of(&source, &CameraSettings::default()).unwrap();
        let Reply::Refused(refusal) = told_of_brightness(desk) else {
            panic!("it has no controls");
        };
        assert_eq!(refusal.said.id(), "only-usb-controls");
    }

    #[test]
    fn a_camera_that_is_not_there_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let settings = CameraSettings {
            controls_file: Some(folder.path().join(controls::FILE_NAME)),
            ..CameraSettings::default()
        };
        let source = "usb:serial=there-is-no-such-camera".parse().unwrap();
        let desk = ControlDesk::of(&source, &settings).unwrap();
        let Reply::Controls { rows, remark } = told_of_brightness(desk) else {
            panic!("it is answered by the thread");
        };
        assert!(rows.is_empty());
        assert_eq!(remark.id(), "camera-not-found");
        assert!(!folder.path().join(controls::FILE_NAME).exists());
    }
}
