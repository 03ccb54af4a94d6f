//! What can go wrong with a source, told to the person who has to mend it.

use crate::say;
use rollcall_messages::{Message, Said};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::http::NetworkTrouble;

/// Why a source cannot be opened or cannot go on.
#[derive(Debug, Error)]
#[error("{}", self.said())]
pub enum CameraError {
    /// The text after `--source` is not understood.
    InvalidSource {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },

    /// No such camera is connected.
    Absent {
        /// The camera that was asked for.
        camera: String,
    },

    /// Another program has the camera.
    Busy {
        /// The camera's name.
        camera: String,
    },

    /// The user may not open the device.
    Forbidden {
        /// The camera's name.
        camera: String,
    },

    /// The camera was there and is gone.
    Lost {
        /// The camera's name.
        camera: String,
    },

    /// The source is open and sends nothing usable.
    Silent,

    /// The source is open and sends pictures of which none can be read.
    Unreadable {
        /// What is wrong with the last one.
        reason: String,
    },

    /// So many threads are stuck in the driver that no more are started.
    Stuck {
        /// How many.
        threads: usize,
    },

    /// The system refused a thread.
    Thread {
        /// The system's answer.
        source: io::Error,
    },

    /// A defect in this program or in the library that speaks to the driver.
    Panicked,

    /// The camera offers no format that is read.
    NoFormat {
        /// The camera's name.
        camera: String,
        /// The formats that were asked for.
        tried: String,
    },

    /// Any other answer of the driver.
    Driver {
        /// The camera's name.
        camera: String,
        /// What was being done.
        doing: &'static str,
        /// The driver's own words.
        message: String,
    },

    /// A camera in the network.
    Network {
        /// Its address without what is secret.
        address: String,
        /// What is wrong.
        trouble: NetworkTrouble,
    },

    /// The operating system refused a file or folder.
    File {
        /// What was being done: `open`, `read`, `list`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },

    /// The file is of a kind, or in a variant, that is not read.
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it is, and what to do about it.
        what: String,
    },

    /// Nothing in the file or folder could be decoded.
    NoPictures {
        /// The file or folder.
        path: PathBuf,
        /// How many pictures were found but damaged.
        damaged: u64,
    },

    /// A picture built into the program does not decode; only a broken build does this.
    BuiltIn {
        /// Name of the asset.
        name: &'static str,
        /// The decoder's words.
        message: String,
    },
}

impl Said for CameraError {
    fn said(&self) -> Message {
        match self {
            Self::InvalidSource { text, reason } => say::camera_invalid_source(text, reason),
            Self::Absent { camera } => say::camera_not_found(camera),
            Self::Busy { camera } => say::camera_in_use(camera),
            Self::Forbidden { camera } => say::camera_permission(camera),
            Self::Lost { camera } => say::camera_unplugged(camera),
            Self::Silent => say::CAMERA_NO_PICTURE.into(),
            Self::Unreadable { reason } => say::camera_unreadable_pictures(reason),
            Self::Stuck { threads } => say::camera_stuck(threads),
            Self::Thread { source } => say::camera_no_thread(source.to_string()),
            Self::Panicked => say::CAMERA_PANICKED.into(),
            Self::NoFormat { camera, tried } => say::camera_no_format(camera, tried),
            Self::Driver {
                camera,
                doing,
                message,
            } => say::camera_driver(camera, *doing, message),
            Self::Network { address, trouble } => say::camera_in_network(address, trouble.said()),
            Self::File {
                doing,
                path,
                source,
            } => say::camera_file_failed(*doing, shown(path), source.to_string()),
            Self::Unsupported { path, what } => say::camera_not_replayed(shown(path), what),
            Self::NoPictures { path, damaged } => say::camera_no_pictures(shown(path), damaged),
            Self::BuiltIn { name, message } => say::camera_built_in(*name, message),
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

impl CameraError {
    /// A failed file operation; for `map_err`.
    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File {
            doing,
            path,
            source,
        }
    }
}
