//! The server beside a station: takes front ends in and lets them go.
//!
//! One thread waits for new ones, and every front end has two (see `connection`). None of
//! them ever holds anything that the station waits for.

use crate::say;
use rollcall_messages::Message;
use rollcall_protocol::say::STATION_HAS_ENDED;
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Sender;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rollcall_protocol::Host;
use rollcall_system::stop::StopFlag;

use crate::connection;
use crate::error::LinkError;
use crate::message::{MOST_FROM_STATION, Refused, ToClient, code};
use crate::pictures::Pictures;
use crate::place::{Listening, Place};
use crate::socket::Socket;
use crate::wire::Writer;

/// Front ends at a time; whoever needs more has lost count of them.
pub(crate) const MOST_GUESTS: usize = 32;

/// Who reads nothing for so long is cut off; see the head of the crate.
const FROZEN: Duration = Duration::from_secs(30);

/// How often it is looked whether the station ends.
const GLANCE_MS: u16 = 50;

/// For a machine without descriptors or threads left: it is tried again, not at full speed.
const BREATH: Duration = Duration::from_millis(100);

/// For hearing that the station ends; then the connection is closed.
const FAREWELL: Duration = Duration::from_millis(150);

/// For threads to end after that. One that the station keeps waiting is left behind.
const LEAVING: Duration = Duration::from_secs(1);

/// What front ends of one station share.
pub(crate) struct House {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) data_dir: String,
    /// Who reads nothing for so long is cut off.
    pub(crate) frozen: Duration,
    pub(crate) pictures: Pictures,
    guests: Mutex<Guests>,
    left: Condvar,
}

#[derive(Default)]
struct Guests {
    next: u64,
    connected: HashMap<u64, Guest>,
    /// The last words, when the station ends.
    farewell: Option<Message>,
}

struct Guest {
    socket: Socket,
    /// Wakes up who writes to it.
    nudge: Option<Sender<()>>,
}

impl House {
    fn new(host: Arc<dyn Host>, data_dir: String, frozen: Duration) -> Self {
        Self {
            host,
            data_dir,
            frozen,
            pictures: Pictures::default(),
            guests: Mutex::default(),
            left: Condvar::new(),
        }
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        // The list is whole after every statement.
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last words, if the station ends.
    pub(crate) fn farewell(&self) -> Option<Message> {
        self.guests().farewell.clone()
    }

    /// From now on `nudge` wakes up who writes to this guest.
    pub(crate) fn seated(&self, number: u64, nudge: Sender<()>) {
        let mut guests = self.guests();
        if guests.farewell.is_some() {
            let _ = nudge.try_send(());
        }
        if let Some(guest) = guests.connected.get_mut(&number) {
            guest.nudge = Some(nudge);
        }
    }

    /// A place for one more, unless there are too many.
    fn enter(&self, socket: &Socket) -> Option<u64> {
        let mut guests = self.guests();
        if guests.connected.len() >= MOST_GUESTS {
            return None;
        }
        guests.next += 1;
        let number = guests.next;
        let guest = Guest {
            socket: socket.clone(),
            nudge: None,
        };
        guests.connected.insert(number, guest);
        Some(number)
    }

    fn leave(&self, number: u64) {
        self.guests().connected.remove(&number);
        self.left.notify_all();
    }

    /// Says goodbye to all and sees them off.
    fn close(&self, said: impl Into<Message>) {
        let mut guests = self.guests();
        guests.farewell = Some(said.into());
        for guest in guests.connected.values() {
            match &guest.nudge {
                Some(nudge) => {
                    let _ = nudge.try_send(());
                }
                None => guest.socket.close(),
            }
        }
        guests = self.wait_for_all(guests, FAREWELL);
        for guest in guests.connected.values() {
            guest.socket.close();
        }
        drop(self.wait_for_all(guests, LEAVING));
    }

    fn wait_for_all<'a>(
        &self,
        guests: MutexGuard<'a, Guests>,
        limit: Duration,
    ) -> MutexGuard<'a, Guests> {
        let is_there = |guests: &mut Guests| !guests.connected.is_empty();
        let waited = self.left.wait_timeout_while(guests, limit, is_there);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// A station's socket, for as long as this is kept.
pub struct Server {
    socket: PathBuf,
    house: Arc<House>,
    is_over: StopFlag,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Takes front ends in for a station until `stop` is requested or this is dropped.
    ///
    /// # Errors
    /// If there is a live station already, or the socket cannot be made.
    pub fn start(place: &Place, host: Arc<dyn Host>, stop: StopFlag) -> Result<Self, LinkError> {
        Self::start_with_patience(place, host, stop, FROZEN)
    }

    /// The same; who reads nothing for as long as `frozen` is cut off.
    ///
    /// # Errors
    /// If there is a live station already, or the socket cannot be made.
    pub fn start_with_patience(
        place: &Place,
        host: Arc<dyn Host>,
        stop: StopFlag,
        frozen: Duration,
    ) -> Result<Self, LinkError> {
        let listening = place.listen()?;
        listening
            .listener
            .set_nonblocking(true)
            .map_err(|source| LinkError::File {
                doing: "listen at",
                path: place.socket().to_owned(),
                source,
            })?;
        let house = Arc::new(House::new(host, place.data_dir(), frozen));
        let is_over = StopFlag::new();
        let door = Door {
            house: Arc::clone(&house),
            stop,
            is_over: is_over.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("link-door".to_owned())
            .spawn(move || door.keep(listening))
            .map_err(LinkError::Thread)?;
        Ok(Self {
            socket: place.socket().to_owned(),
            house,
            is_over,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// How many are connected.
    pub fn guests(&self) -> usize {
        self.house.guests().connected.len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.request();
        if let Some(thread) = self.thread.take() {
            // A panic has been reported when it happened.
            let _ = thread.join();
        }
    }
}

/// Who waits for front ends.
struct Door {
    house: Arc<House>,
    stop: StopFlag,
    is_over: StopFlag,
}

impl Door {
    fn keep(&self, listening: Listening) {
        while !self.stop.is_requested() && !self.is_over.is_requested() {
            match next(&listening) {
                Ok(None) => {}
                Ok(Some(stream)) => self.take_in(stream),
                Err(error) => {
                    tracing::warn!(%error, "nobody can attach at the moment");
                    std::thread::sleep(BREATH);
                }
            }
        }
        // Nobody finds a socket that is about to close.
        drop(listening);
        self.house.close(STATION_HAS_ENDED);
    }

    fn take_in(&self, stream: UnixStream) {
        let socket = Socket::new(stream);
        let Some(number) = self.house.enter(&socket) else {
            let said = say::too_many_attached(MOST_GUESTS);
            turn_away(&socket, code::FULL, said);
            return;
        };
        let (house, guest) = (Arc::clone(&self.house), socket.clone());
        let started = std::thread::Builder::new()
            .name("link-guest".to_owned())
            .spawn(move || {
                let seat = Seated { house, number };
                connection::serve(&seat.house, number, &guest);
            });
        if let Err(error) = started {
            tracing::warn!(%error, "nobody can attach at the moment");
            let said = say::no_thread_left(error.to_string());
            turn_away(&socket, code::UNAVAILABLE, said);
            self.house.leave(number);
        }
    }
}

/// The next one at the door, if there is one soon.
fn next(listening: &Listening) -> io::Result<Option<UnixStream>> {
    let mut door = [PollFd::new(listening.listener.as_fd(), PollFlags::POLLIN)];
    match poll(&mut door, PollTimeout::from(GLANCE_MS)) {
        Ok(0) | Err(nix::errno::Errno::EINTR) => return Ok(None),
        Ok(_) => {}
        Err(error) => return Err(error.into()),
    }
    match listening.listener.accept() {
        Ok((stream, _)) => Ok(Some(stream)),
        // Gone again already.
        Err(e)
            if matches!(
                e.kind(),
                ErrorKind::WouldBlock | ErrorKind::ConnectionAborted
            ) =>
        {
            Ok(None)
        }
        Err(e) if e.kind() == ErrorKind::Interrupted => Ok(None),
        Err(error) => Err(error),
    }
}

/// Says why somebody is not taken in. A new connection has room for that, so it does not wait.
fn turn_away(socket: &Socket, code: &str, said: Message) {
    let refused = Refused::new(code, said);
    let _ = Writer::new(socket.clone(), MOST_FROM_STATION).json(&ToClient::Refused(&refused));
    socket.close();
}

/// Frees a guest's place, also when its thread panics.
struct Seated {
    house: Arc<House>,
    number: u64,
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.house.leave(self.number);
    }
}
