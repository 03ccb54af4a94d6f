//! Whether what a setting names is there: a language, a camera or film, a network, a file.
//!
//! The configuration itself knows what is well formed; this is what the station would only
//! find out at its next start, when nobody looks. An answer names the choices. A setting in
//! the file itself may still name what is brought later.

use rollcall_camera::{CameraChoice, SourceSpec, usb, without_credentials};
use rollcall_config::Config;
use rollcall_recognition::manifest::ModelKind;

use crate::context::Context;
use crate::error::CaseError;

/// Checks the one setting of `config` that is about to be changed.
pub(super) fn check(
    section: &str,
    key: &str,
    config: &Config,
    context: &Context,
) -> Result<(), CaseError> {
    match (section, key) {
        ("dashboard", "language") => {
            context
                .languages
                .find(&config.dashboard.language, context.data_dir())
                .map_err(CaseError::Language)?;
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
            if !path.is_file() {
                return Err(CaseError::NoPassphraseFile { path });
            }
        }
        _ => {}
    }
    Ok(())
}

/// That the pictures can come from there.
pub(super) fn source(text: &str) -> Result<(), CaseError> {
    match text.parse()? {
        SourceSpec::Replay(path) if !path.exists() => Err(CaseError::NoSource {
            source_text: without_credentials(text),
            choices: choices(),
        }),
        SourceSpec::Usb(choice) if choice != CameraChoice::First => match usb::find(&choice) {
            Ok(_) => Ok(()),
            Err(error) => Err(CaseError::NoCamera {
                error: error.to_string(),
                choices: choices(),
            }),
        },
        // The first camera may be plugged in later, and one in the network be switched on.
        SourceSpec::Replay(_)
        | SourceSpec::Usb(_)
        | SourceSpec::Http(_)
        | SourceSpec::Demo { .. }
        | SourceSpec::None => Ok(()),
    }
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
