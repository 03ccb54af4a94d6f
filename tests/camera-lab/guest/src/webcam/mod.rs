//! A USB webcam made of software.
//!
//! The kernel's `vhci-hcd` module is a USB host controller whose devices are at
//! the other end of a socket (the USB/IP protocol). [`Webcam`] is such a device:
//! it answers the requests of the real `uvcvideo` driver and streams pictures,
//! and can be told to misbehave in the ways that real cameras do.

mod descriptors;
mod requests;
mod stream;
mod wire;

use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use requests::Registers;
use wire::Pending;

/// Where a device is handed to the virtual host controller.
const ATTACH: &str = "/sys/devices/platform/vhci_hcd.0/attach";

/// The code of USB 2.0 high speed in `attach`.
const HIGH_SPEED: u32 = 3;

/// What a camera is able to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Model {
    /// Motion JPEG and YUYV, as nearly every webcam.
    MjpegAndYuyv,
    /// YUYV only, as the cheapest.
    YuyvOnly,
}

/// How a plugged camera behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// One picture after the other.
    Good,
    /// Nothing arrives any more, and nothing says so.
    Silent,
    /// The same picture again and again.
    Frozen,
    /// The second half of each picture is never sent.
    Truncated,
    /// Each picture ends early in some place, and the end marker of a JPEG is put there.
    TruncatedWithEndMarker,
    /// The data of each picture are scrambled behind its headers.
    Garbage,
    /// The payload headers say that the picture is broken.
    ErrorBit,
}

/// The pictures that a camera sends in turn, ready to be sent.
#[derive(Debug)]
pub(crate) struct Pictures {
    mjpeg: Vec<Vec<u8>>,
    yuyv: Vec<Vec<u8>>,
}

impl Pictures {
    /// Reads `*.jpg` and `*.yuyv` of `folder` in the order of their names.
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let mut paths: Vec<_> = fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        paths.sort();
        let of_kind = |extension: &str| {
            let chosen = paths
                .iter()
                .filter(|path| path.extension().is_some_and(|e| e == extension));
            chosen.map(fs::read).collect::<io::Result<Vec<_>>>()
        };
        Ok(Self {
            mjpeg: of_kind("jpg")?,
            yuyv: of_kind("yuyv")?,
        })
    }
}

/// A camera that is plugged in. Dropping it pulls it out.
pub(crate) struct Webcam {
    socket: UnixStream,
    shared: Arc<Shared>,
}

/// What the threads of one camera share.
struct Shared {
    model: Model,
    serial: String,
    state: Mutex<State>,
    changed: Condvar,
    pictures_sent: AtomicU64,
}

struct State {
    behaviour: Behaviour,
    registers: Registers,
    /// Requests for stream data that wait for a picture.
    pending: Pending,
    unplugged: bool,
}

impl Webcam {
    /// Plugs a camera into port `port` of the virtual controller. A port that is still being
    /// cleared after the last camera is waited for.
    pub(crate) fn plug(
        port: u32,
        model: Model,
        serial: &str,
        pictures: &Arc<Pictures>,
    ) -> io::Result<Self> {
        let (kernel_end, socket) = UnixStream::pair()?;
        attach(port, &kernel_end)?;
        // The kernel holds its own reference now.
        drop(kernel_end);
        let shared = Arc::new(Shared {
            model,
            serial: serial.to_owned(),
            state: Mutex::new(State {
                behaviour: Behaviour::Good,
                registers: Registers::new(),
                pending: Pending::default(),
                unplugged: false,
            }),
            changed: Condvar::new(),
            pictures_sent: AtomicU64::new(0),
        });
        let (requests, replies) = (socket.try_clone()?, socket.try_clone()?);
        let serving = Arc::clone(&shared);
        thread::spawn(move || requests::serve(&requests, &serving));
        let streaming = Arc::clone(&shared);
        let pictures = Arc::clone(pictures);
        thread::spawn(move || stream::run(&replies, &streaming, &pictures));
        Ok(Self { socket, shared })
    }

    /// Changes how the camera behaves from the next picture on.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.shared.lock().behaviour = behaviour;
        self.shared.changed.notify_all();
    }

    /// Pictures that the driver has taken since the camera was plugged in.
    pub(crate) fn pictures_sent(&self) -> u64 {
        self.shared.pictures_sent.load(Ordering::Relaxed)
    }

    /// What the brightness control was set to.
    pub(crate) fn brightness(&self) -> i16 {
        self.shared.lock().registers.brightness()
    }
}

impl Drop for Webcam {
    fn drop(&mut self) {
        self.shared.lock().unplugged = true;
        self.shared.changed.notify_all();
        // The kernel takes the end of the socket for the end of the cable.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn attach(port: u32, kernel_end: &UnixStream) -> io::Result<()> {
    // Port, socket, device number (any), speed.
    let line = format!(
        "{port} {} {} {HIGH_SPEED}",
        kernel_end.as_raw_fd(),
        port + 2
    );
    let patience_ends = Instant::now() + Duration::from_secs(5);
    loop {
        match fs::write(ATTACH, &line) {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > patience_ends => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}
