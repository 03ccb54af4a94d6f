//! What can go wrong with a source, told to the person who has to mend it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::http::NetworkTrouble;

/// Why a source cannot be opened or cannot go on.
#[derive(Debug, Error)]
pub enum CameraError {
    /// The text after `--source` is not understood.
    #[error(
        "`{text}` is not a source: {reason}. Write usb, usb:0, usb:NAME, usb:bus=SOCKET, usb:serial=NUMBER, http://HOST/PATH, demo, demo:SEED, or the path of a picture, a folder or a video"
    )]
    InvalidSource {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },

    /// No such camera is connected.
    #[error(
        "no camera matches `{camera}`: check the cable; `rollcall camera list` shows what is connected"
    )]
    Absent {
        /// The camera that was asked for.
        camera: String,
    },

    /// Another program has the camera.
    #[error(
        "{camera} is in use by another program: end it (`fuser -v /dev/video*` names it) and Rollcall takes over"
    )]
    Busy {
        /// The camera's name.
        camera: String,
    },

    /// The user may not open the device.
    #[error(
        "permission denied on {camera}: add this user to the group video with `sudo usermod -aG video $USER` and log in again"
    )]
    Forbidden {
        /// The camera's name.
        camera: String,
    },

    /// The camera was there and is gone.
    #[error("{camera} was unplugged or has reset itself: check the cable and the power supply")]
    Lost {
        /// The camera's name.
        camera: String,
    },

    /// The source is open and sends nothing usable.
    #[error("no usable picture arrives")]
    Silent,

    /// The source is open and sends pictures of which none can be read.
    #[error("pictures arrive, but none can be read: {reason}")]
    Unreadable {
        /// What is wrong with the last one.
        reason: String,
    },

    /// So many threads are stuck in the driver that no more are started.
    #[error(
        "{threads} attempts to use the camera hang in its driver: unplug it, and restart Rollcall if that does not help"
    )]
    Stuck {
        /// How many.
        threads: usize,
    },

    /// The system refused a thread.
    #[error("cannot start a thread for the camera: {source}")]
    Thread {
        /// The system's answer.
        source: io::Error,
    },

    /// A defect in this program or in the library that speaks to the driver.
    #[error("reading the camera failed in an unforeseen way; the log has the details")]
    Panicked,

    /// The camera offers no format that is read.
    #[error(
        "{camera} offers no picture format that is read (tried: {tried}): use another camera or other settings"
    )]
    NoFormat {
        /// The camera's name.
        camera: String,
        /// The formats that were asked for.
        tried: String,
    },

    /// Any other answer of the driver.
    #[error("{camera}: {doing} failed: {message}")]
    Driver {
        /// The camera's name.
        camera: String,
        /// What was being done.
        doing: &'static str,
        /// The driver's own words.
        message: String,
    },

    /// A camera in the network.
    #[error("the camera at {address} {trouble}")]
    Network {
        /// Its address without what is secret.
        address: String,
        /// What is wrong.
        trouble: NetworkTrouble,
    },

    /// The operating system refused a file or folder.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// What was being done: `open`, `read`, `list`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },

    /// The file is of a kind, or in a variant, that is not read.
    #[error("{} cannot be replayed: {what}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it is, and what to do about it.
        what: String,
    },

    /// Nothing in the file or folder could be decoded.
    #[error("{} holds no picture that can be decoded ({damaged} damaged)", path.display())]
    NoPictures {
        /// The file or folder.
        path: PathBuf,
        /// How many pictures were found but damaged.
        damaged: u64,
    },

    /// A picture built into the program does not decode; only a broken build does this.
    #[error("the built-in picture {name} does not decode: {message}")]
    BuiltIn {
        /// Name of the asset.
        name: &'static str,
        /// The decoder's words.
        message: String,
    },
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
