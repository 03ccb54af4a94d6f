//! A front end's link to a station in another process.
//!
//! One thread listens and finds the station again when it is gone, another, for as long as
//! a connection lasts, says what the front end wants. Nothing that a front end calls waits
//! for either.

use crate::say;
use rollcall_messages::Message;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, select};
use rollcall_core::event::Seat;
use rollcall_core::frame::{Frame, Moment};
use rollcall_protocol::{
    Client, Command, Link, LinkState, OUTSTANDING, PreviewWish, Refusal, RefusalCode, Reply,
    StationView, Told,
};
use rollcall_system::clock::Clock;
use rollcall_system::zone::Zone;

use crate::error::LinkError;
use crate::heard::{self, Heard, Listener};
use crate::message::{FromClient, StationHello, code};
use crate::session::{self, Connection};
use crate::socket::{Socket, is_timeout};
use crate::wire::{Reader, SendError, WireError, Writer};

/// Time between two tries to find a station that is gone.
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// A station that lives says so every second.
const SILENCE: Duration = Duration::from_secs(6);

/// A first view that takes longer is not waited for.
const FIRST_VIEW: Duration = Duration::from_secs(1);

/// Who attaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Name for the records, as long as none is typed.
    pub operator: String,
    /// Whether it only watches.
    pub watches_only: bool,
}

/// Attaches to the station that listens at a socket. The client finds it again by itself
/// when it is gone, until it is dropped.
///
/// # Errors
/// If no station answers there within two seconds, or it refuses.
pub fn attach(socket: &Path, hello: Hello) -> Result<Client, LinkError> {
    let connection = session::greet(socket, session::hello(&hello.operator, hello.watches_only))?;
    let (told_in, told) = bounded(OUTSTANDING);
    let (news_in, news) = bounded(1);
    let shared = Arc::new(Shared {
        path: socket.to_owned(),
        hello,
        state: Mutex::new(LinkState::Lost(say::LINK_ASKING.into())),
        view: Mutex::default(),
        picture: Mutex::default(),
        wish: Mutex::new(PreviewWish::NONE),
        station: Mutex::new(Station::met(&connection.hello)),
        live: Mutex::default(),
        is_left: AtomicBool::new(false),
        told: told_in,
        news: news_in,
    });
    let listening = Arc::clone(&shared);
    std::thread::Builder::new()
        .name("link-listen".to_owned())
        .spawn(move || listening.keep_listening(connection))
        .map_err(LinkError::Thread)?;
    let patience = Instant::now() + FIRST_VIEW;
    while *lock(&shared.state) != LinkState::Connected {
        if news.recv_deadline(patience).is_err() {
            break;
        }
    }
    shared.tell_news();
    Ok(Client::new(Box::new(Attached(shared)), told, news))
}

/// The end of the link that a front end holds.
struct Attached(Arc<Shared>);

impl Drop for Attached {
    fn drop(&mut self) {
        self.0.is_left.store(true, Ordering::SeqCst);
        if let Some(live) = &*lock(&self.0.live) {
            live.socket.close();
        }
    }
}

/// What the front end and the threads of a link share. No lock is held for longer than a
/// few copies take.
struct Shared {
    path: PathBuf,
    hello: Hello,
    state: Mutex<LinkState>,
    view: Mutex<StationView>,
    picture: Mutex<Option<Arc<Frame>>>,
    wish: Mutex<PreviewWish>,
    station: Mutex<Station>,
    live: Mutex<Option<Live>>,
    /// Whether the front end is gone.
    is_left: AtomicBool,
    told: Sender<Told>,
    news: Sender<()>,
}

/// A connection that can be spoken on.
struct Live {
    socket: Socket,
    commands: Sender<(u64, Command)>,
    /// Says that other pictures are wanted.
    wishes: Sender<()>,
    /// Commands that are not answered.
    waiting: BTreeSet<u64>,
}

/// The station, as it said hello.
#[derive(Clone, Copy)]
struct Station {
    seat: Seat,
    /// Counts from hello on.
    clock: Clock,
    /// What the station's monotonic clock showed then.
    then: Duration,
    zone: Zone,
}

impl Station {
    fn met(hello: &StationHello) -> Self {
        Self {
            seat: hello.seat,
            clock: Clock::start(),
            then: Duration::from_nanos(hello.now),
            zone: Zone::Machine,
        }
    }

    fn now(&self) -> Moment {
        let here = self.clock.now();
        Moment {
            monotonic: self.then + here.monotonic,
            wall: self.zone.localise(here.wall.to_utc()),
        }
    }
}

impl Link for Attached {
    fn view(&self) -> StationView {
        lock(&self.0.view).clone()
    }

    fn state(&self) -> LinkState {
        lock(&self.0.state).clone()
    }

    fn picture(&self, after: u64) -> Option<(u64, Arc<Frame>)> {
        let picture = lock(&self.0.picture);
        let newest = picture.as_ref().filter(|frame| frame.id.0 != after)?;
        Some((newest.id.0, Arc::clone(newest)))
    }

    fn wish(&self, wish: PreviewWish) {
        // Text has no word for what is no number.
        let wish = wish.interval().map_or(PreviewWish::NONE, |_| wish);
        if std::mem::replace(&mut *lock(&self.0.wish), wish) != wish
            && let Some(live) = &*lock(&self.0.live)
        {
            // If one waits already, it will be the newest that is read.
            let _ = live.wishes.try_send(());
        }
    }

    fn submit(&self, number: u64, command: Command) -> Result<(), Refusal> {
        let mut live = lock(&self.0.live);
        let Some(live) = live.as_mut() else {
            return Err(Refusal::new(
                RefusalCode::Unavailable,
                say::LINK_NOT_REACHED,
            ));
        };
        if live.commands.try_send((number, command)).is_err() {
            return Err(Refusal::new(
                RefusalCode::Busy,
                rollcall_protocol::say::TOO_MUCH_IS_ASKED,
            ));
        }
        live.waiting.insert(number);
        Ok(())
    }

    fn now(&self) -> Moment {
        lock(&self.0.station).now()
    }

    fn seat(&self) -> Seat {
        lock(&self.0.station).seat
    }
}

impl Shared {
    /// Listens until the front end is gone or the station is not to be had any more.
    fn keep_listening(self: Arc<Self>, first: Connection) {
        let _ended = EndedByPanic(&self);
        let mut connection = first;
        loop {
            let words = self.follow(connection);
            self.break_off(LinkState::Lost(words));
            match self.find_again() {
                Some(found) => connection = found,
                None => return,
            }
        }
    }

    fn find_again(&self) -> Option<Connection> {
        let hello = session::hello(&self.hello.operator, self.hello.watches_only);
        loop {
            std::thread::sleep(TRY_AGAIN);
            if self.is_left() {
                return None;
            }
            match session::greet(&self.path, hello.clone()) {
                Ok(connection) => return (!self.is_left()).then_some(connection),
                Err(LinkError::Refused { code, said }) if !code::passes(&code) => {
                    self.set_state(LinkState::Ended(Some(said)));
                    return None;
                }
                // It is said once why the station is gone; that it does not come back is seen.
                Err(error) => tracing::debug!(%error, "the station is still gone"),
            }
        }
    }

    fn is_left(&self) -> bool {
        self.is_left.load(Ordering::SeqCst)
    }

    /// Listens on one connection. Returns why it is over.
    fn follow(self: &Arc<Self>, connection: Connection) -> Message {
        let Connection {
            socket,
            mut reader,
            writer,
            hello,
        } = connection;
        *lock(&self.station) = Station::met(&hello);
        if let Err(error) = reader.get_mut().wait_for(Some(SILENCE)) {
            return say::link_gone_because(error.to_string());
        }
        if let Err(error) = self.start_speaking(&socket, writer) {
            return Message::verbatim(LinkError::Thread(error).to_string());
        }
        let words = self.listen(&mut reader);
        socket.close();
        words
    }

    fn start_speaking(
        self: &Arc<Self>,
        socket: &Socket,
        writer: Writer<Socket>,
    ) -> std::io::Result<()> {
        let (commands_in, commands) = bounded(OUTSTANDING);
        let (wishes_in, wishes) = bounded(1);
        *lock(&self.live) = Some(Live {
            socket: socket.clone(),
            commands: commands_in,
            wishes: wishes_in.clone(),
            waiting: BTreeSet::new(),
        });
        let speaking = Arc::clone(self);
        std::thread::Builder::new()
            .name("link-speak".to_owned())
            .spawn(move || speaking.speak(writer, &commands, &wishes))?;
        if *lock(&self.wish) != PreviewWish::NONE {
            // What was wanted of the connection before is wanted of this one.
            let _ = wishes_in.try_send(());
        }
        // The front end may have left before there was anything to close.
        if self.is_left() {
            socket.close();
        }
        Ok(())
    }

    fn listen(&self, reader: &mut Reader<Socket>) -> Message {
        let mut listener = Listener::default();
        loop {
            let message = match reader.next() {
                Ok(Some(message)) => message,
                Ok(None) => return say::LINK_GONE.into(),
                Err(WireError::Read(e)) if is_timeout(&e) => {
                    return say::link_silent(SILENCE.as_secs());
                }
                Err(error) => return say::link_gone_because(error.to_string()),
            };
            match listener.hear(message) {
                Heard::View(view) => self.show(view),
                Heard::Told(told) => self.answer(told),
                Heard::Picture(header, image) => {
                    let now = lock(&self.station).now();
                    *lock(&self.picture) = Some(heard::frame(header, image, now));
                    self.tell_news();
                }
                Heard::Nothing => {}
                Heard::Over(words) => return words,
            }
        }
    }

    fn show(&self, view: StationView) {
        let zone = Zone::parse(&view.facts.zone).unwrap_or_default();
        lock(&self.station).zone = zone;
        *lock(&self.view) = view;
        self.set_state(LinkState::Connected);
    }

    /// Passes on the one answer to a command; what was not asked is not answered.
    fn answer(&self, told: Told) {
        let mut live = lock(&self.live);
        let waits = live.as_mut().map(|live| live.waiting.remove(&told.number));
        drop(live);
        if waits == Some(true) {
            // There is room for all commands that can wait for an answer.
            let _ = self.told.try_send(told);
            self.tell_news();
        }
    }

    /// Answers what waits, and says why the station cannot be heard.
    fn break_off(&self, state: LinkState) {
        let live = lock(&self.live).take();
        if let Some(live) = live {
            live.socket.close();
            for number in live.waiting {
                let _ = self.told.try_send(heard::lost(number));
            }
        }
        *lock(&self.picture) = None;
        self.set_state(state);
    }

    fn set_state(&self, state: LinkState) {
        *lock(&self.state) = state;
        self.tell_news();
    }

    fn tell_news(&self) {
        // News that nobody has read yet are news enough.
        let _ = self.news.try_send(());
    }

    /// Says what the front end wants until the connection is over.
    fn speak(
        &self,
        mut writer: Writer<Socket>,
        commands: &Receiver<(u64, Command)>,
        wishes: &Receiver<()>,
    ) {
        loop {
            let (number, message) = select! {
                recv(commands) -> command => match command {
                    Ok((number, command)) => (Some(number), FromClient::Command { number, command }),
                    Err(_) => return,
                },
                recv(wishes) -> wish => match wish {
                    Ok(()) => (None, FromClient::Preview(*lock(&self.wish))),
                    Err(_) => return,
                },
            };
            match (writer.json(&message), number) {
                // Whoever listens will notice, too.
                (Err(SendError::Write(_)), _) => return,
                (Err(error), Some(number)) => self.answer(Told {
                    number,
                    reply: Reply::Refused(Refusal::new(
                        RefusalCode::Refused,
                        say::link_cannot_say(error.to_string()),
                    )),
                }),
                (_, _) => {}
            }
        }
    }
}

/// Says so if a thread ends by an error of the program, so that nobody waits for it.
struct EndedByPanic<'a>(&'a Shared);

impl Drop for EndedByPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let words = say::LINK_PROGRAM_ERROR.into();
            self.0.break_off(LinkState::Ended(Some(words)));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each is valid after every statement, so a panic elsewhere cannot have torn it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
