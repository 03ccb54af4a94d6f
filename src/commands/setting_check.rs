//! Whether what a setting names is there: a language, a camera or film, a network, a file.
//!
//! The configuration itself knows what is well formed; this is what the station would only
//! find out at its next start, when nobody looks. An answer names the choices. A setting in
//! the file itself may still name what is brought later.

use anyhow::{Result, bail, ensure};

use super::{Context, station};
use crate::camera::{CameraChoice, SourceSpec, usb, without_credentials};
use crate::config::Config;
use crate::inference::manifest::ModelKind;

/// Checks the one setting of `config` that is about to be changed.
pub(super) fn check(section: &str, key: &str, config: &Config, context: &Context) -> Result<()> {
    match (section, key) {
        ("dashboard", "language") => {
            station::language_of(&config.dashboard.language, context)?;
        }
        ("camera", "source") => source(&config.camera.source)?,
        ("recognition", "detector") => {
            let manifest = context.manifest()?;
            manifest.named(ModelKind::Detector, &config.recognition.detector)?;
        }
        ("recognition", "embedder") => {
            let manifest = context.manifest()?;
            manifest.named(ModelKind::Embedder, &config.recognition.embedder)?;
        }
        // Calendar, zone and shifts are read as they are at the start.
        ("attendance", _) => {
            config.work_plan(context.data_dir())?;
        }
        ("backup", "passphrase_file") if !config.backup.passphrase_file.is_empty() => {
            let path = context.data_dir().join(&config.backup.passphrase_file);
            ensure!(
                path.is_file(),
                "there is no file {}; name one whose first line is the passphrase, or leave it \
                 empty",
                path.display()
            );
        }
        _ => {}
    }
    Ok(())
}

/// That the pictures can come from there.
fn source(text: &str) -> Result<()> {
    match text.parse()? {
        SourceSpec::Replay(path) => ensure!(
            path.exists(),
            "there is no camera, file or folder {:?}; the choices are {}",
            without_credentials(text),
            choices()
        ),
        SourceSpec::Usb(choice) if choice != CameraChoice::First => {
            if let Err(error) = usb::find(&choice) {
                bail!("{error}; the choices are {}", choices());
            }
        }
        // The first camera may be plugged in later, and one in the network be switched on.
        SourceSpec::Usb(_) | SourceSpec::Http(_) | SourceSpec::Demo { .. } | SourceSpec::None => {}
    }
    Ok(())
}

/// Where pictures can come from on this machine.
fn choices() -> String {
    let cameras = usb::list().into_iter();
    let cameras = cameras.map(|camera| format!("usb:{} ({})", camera.number, camera.name));
    std::iter::once("usb".to_owned())
        .chain(cameras)
        .chain(["http://…", "demo", "the path of a file or folder"].map(str::to_owned))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_is_not_there_is_refused_with_the_choices() {
        for there in [
            "usb",
            "demo",
            "demo:7",
            "http://cam.example/stream",
            file!(),
        ] {
            // The tests of a workspace do not run in its root.
            let path = std::path::Path::new(there);
            if path.exists() || there != file!() {
                source(there).unwrap();
            }
        }
        for missing in [
            "webcam",
            "usb:987",
            "usb:no such camera",
            "films/nothing.avi",
        ] {
            let refused = source(missing).unwrap_err().to_string();
            assert!(refused.contains("the choices are usb"), "{refused}");
        }
    }
}
