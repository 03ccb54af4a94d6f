//! What a service tells the service manager that started it (`sd_notify(3)`): that it is
//! ready, how it is, that it is alive.
//!
//! # Invariants
//! - Nothing blocks and nothing fails: a socket that is full or gone costs a system call now
//!   and then. What could not be delivered is still owed and goes out with a later beat.
//! - Without a service manager nothing is sent, said or counted.
//! - The manager hears from the watchdog only through [`ServiceManager::beat`]. It belongs
//!   into the loop that does the work, not on a thread of its own, for it says that the
//!   work goes on: a station that hangs stops beating and is restarted.
//!
//! Deliberately absent: the crate `sd-notify`. Its sends block while the socket is full, it
//! knows no abstract sockets, and it reads the environment anew for each message.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// Status texts go out at most once in this time, the newest one.
const STATUS_EVERY: Duration = Duration::from_secs(1);

/// How soon something that was not taken is offered again.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// `systemctl status` shows one line.
const LONGEST_STATUS: usize = 200;

/// The service manager, if one started this process.
#[derive(Debug)]
pub struct ServiceManager {
    link: Option<Link>,
}

/// Where the service is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Ready,
    Reloading,
    Stopping,
}

#[derive(Debug)]
struct Link {
    socket: UnixDatagram,
    manager: SocketAddr,
    /// Time between two beats.
    beat_every: Option<Duration>,
    beat_at: Option<Instant>,
    /// A change of phase that the manager has not taken yet.
    owed_phase: Option<Phase>,
    status: String,
    owes_status: bool,
    status_at: Option<Instant>,
    try_again_at: Option<Instant>,
    has_complained: bool,
}

impl ServiceManager {
    /// The manager that the environment names.
    pub fn from_environment() -> Self {
        Self::named_by(|name| std::env::var_os(name))
    }

    /// The manager that these variables name: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`.
    pub fn named_by(environment: impl Fn(&str) -> Option<OsString>) -> Self {
        let link = environment("NOTIFY_SOCKET").and_then(|name| {
            let beat_every = watchdog(&environment).map(|period| period / 2);
            Link::to(&name, beat_every)
                .inspect_err(|error| tracing::warn!(%error, "no way to the service manager"))
                .ok()
        });
        Self { link }
    }

    /// No manager: for a station that somebody has started in a terminal.
    pub fn absent() -> Self {
        Self { link: None }
    }

    /// Whether there is a manager.
    pub fn is_there(&self) -> bool {
        self.link.is_some()
    }

    /// The service does its work now; also ends [`reloading`](Self::reloading).
    pub fn ready(&mut self) {
        self.enter(Phase::Ready);
    }

    /// The configuration is being read again.
    pub fn reloading(&mut self) {
        self.enter(Phase::Reloading);
    }

    /// The service is ending.
    pub fn stopping(&mut self) {
        self.enter(Phase::Stopping);
    }

    /// How the service is, in one line, shown by `systemctl status` to everybody on the
    /// machine: it must hold no names. It goes out with one of the next beats.
    pub fn status(&mut self, words: &str) {
        if let Some(link) = &mut self.link {
            let line = one_line(words);
            if line != link.status {
                link.status = line;
                link.owes_status = true;
            }
        }
    }

    /// Tells the manager that the work goes on, and whatever else it is owed. To be called
    /// often, by the loop that works and only while it does: most calls only compare times.
    pub fn beat(&mut self, now: Instant) {
        if let Some(link) = &mut self.link {
            link.beat(now);
        }
    }

    fn enter(&mut self, phase: Phase) {
        if let Some(link) = &mut self.link {
            link.owed_phase = Some(phase);
            link.deliver(false);
        }
    }
}

impl Link {
    fn to(name: &OsStr, beat_every: Option<Duration>) -> io::Result<Self> {
        let manager = address(name)?;
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            manager,
            beat_every,
            beat_at: None,
            owed_phase: None,
            status: String::new(),
            owes_status: false,
            status_at: None,
            try_again_at: None,
            has_complained: false,
        })
    }

    fn beat(&mut self, now: Instant) {
        let beats = self.beat_every.is_some() && is_due(self.beat_at, now);
        let says_status = self.owes_status && is_due(self.status_at, now);
        let owes = beats || says_status || self.owed_phase.is_some();
        if !owes || !is_due(self.try_again_at, now) {
            return;
        }
        if self.deliver(beats) {
            self.try_again_at = None;
            self.status_at = Some(now + STATUS_EVERY);
            if let (true, Some(period)) = (beats, self.beat_every) {
                self.beat_at = Some(now + period);
            }
        } else {
            self.try_again_at = Some(now + TRY_AGAIN_AFTER);
        }
    }

    /// Sends all that is owed as one message; whether it was taken.
    fn deliver(&mut self, beats: bool) -> bool {
        let message = self.message(beats);
        match self.socket.send_to_addr(message.as_bytes(), &self.manager) {
            Ok(_) => {
                self.owed_phase = None;
                self.owes_status = false;
                self.has_complained = false;
                true
            }
            Err(error) => {
                if !self.has_complained {
                    tracing::warn!(%error, "the service manager does not take messages");
                    self.has_complained = true;
                }
                false
            }
        }
    }

    fn message(&self, beats: bool) -> String {
        let mut lines = Vec::new();
        match self.owed_phase {
            Some(Phase::Ready) => lines.push("READY=1".to_owned()),
            Some(Phase::Stopping) => lines.push("STOPPING=1".to_owned()),
            Some(Phase::Reloading) => {
                lines.push("RELOADING=1".to_owned());
                // Tells the manager to which of its requests this belongs.
                lines.push(format!("MONOTONIC_USEC={}", monotonic_usec()));
            }
            None => {}
        }
        if self.owes_status {
            lines.push(format!("STATUS={}", self.status));
        }
        if beats {
            lines.push("WATCHDOG=1".to_owned());
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

fn is_due(at: Option<Instant>, now: Instant) -> bool {
    at.is_none_or(|at| now >= at)
}

/// A path, or an abstract name that is written with `@` in front.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'@', abstract_name @ ..] => SocketAddr::from_abstract_name(abstract_name),
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!(
                "NOTIFY_SOCKET={} is neither a path nor an abstract name",
                name.display()
            ),
        )),
    }
}

/// Within which time the manager wants to hear from this process; none if it does not.
fn watchdog(environment: &impl Fn(&str) -> Option<OsString>) -> Option<Duration> {
    let number = |name| environment(name)?.to_str()?.parse::<u64>().ok();
    // Where a process id is named and it is not ours, our parent is watched.
    let is_meant = match environment("WATCHDOG_PID") {
        None => true,
        Some(_) => number("WATCHDOG_PID") == Some(u64::from(std::process::id())),
    };
    number("WATCHDOG_USEC")
        .filter(|usec| is_meant && *usec > 0)
        .map(Duration::from_micros)
}

/// The clock that the manager measures by.
fn monotonic_usec() -> u128 {
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .map_or(Duration::ZERO, Duration::from)
        .as_micros()
}

/// A line break would begin another field of the message.
fn one_line(words: &str) -> String {
    let breaks_to_spaces = |c: char| if c.is_control() { ' ' } else { c };
    words
        .chars()
        .take(LONGEST_STATUS)
        .map(breaks_to_spaces)
        .collect()
}

#[cfg(test)]
mod tests;
