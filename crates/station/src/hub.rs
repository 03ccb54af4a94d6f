//! Where front ends and station meet.
//!
//! # Invariants
//! - The station waits for no front end: what it publishes replaces what it published
//!   before, and a reply goes into a place that was kept free for it.
//! - A front end waits for nothing either: a command is taken at once or refused at once.
//! - Every command is answered once, by whoever it was given to.

use rollcall_messages::Message;
use rollcall_protocol::say;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::NaiveDateTime;
use crossbeam_channel::{Receiver, Sender, bounded};

use rollcall_cases::CaseError;
use rollcall_core::camera_name::CameraName;
use rollcall_core::event::{CommandId, Intent, Outcome, Seat};
use rollcall_core::frame::{Frame, Moment};
use rollcall_protocol::{
    AnswerTo, Client, Command, FrameDoor, Guest, Host, Link, LinkState, OUTSTANDING, OfferedFrame,
    PreviewWish, Refusal, RefusalCode, Reply, StationView, Told,
};
use rollcall_system::clock::Clock;
use rollcall_system::latest::Latest;

use crate::camera_controls::ControlDesk;
use crate::configured::Configured;
use crate::desk::RecordsDesk;
use crate::elsewhere::Elsewhere;
use crate::say::STATION_STARTING;

/// Commands that may wait for the station, of all front ends together.
const COMMANDS_WAITING: usize = 128;

/// What front ends want of the station itself.
pub(crate) struct Commanded {
    pub(crate) id: CommandId,
    pub(crate) what: Wanted,
}

/// What is wanted.
pub(crate) enum Wanted {
    /// A decision.
    Intent {
        operator: String,
        intent: Intent<NaiveDateTime>,
    },
    /// A look at how the camera does.
    CameraTest,
    /// Other rules, or why there are none.
    Reconfigure(Box<Result<Configured, CaseError>>),
    /// That the parts are started again.
    Restart,
}

/// The meeting place; clones share it.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

struct Shared {
    newest: Mutex<StationView>,
    pictures: Latest<Arc<Frame>>,
    seats: Mutex<Seats>,
    commands: Sender<Commanded>,
    state: Mutex<LinkState>,
    /// None until the station has started.
    wired: Mutex<Option<Wired>>,
}

/// What belongs to one start of the station.
pub(crate) struct Wired {
    pub(crate) records: RecordsDesk,
    pub(crate) controls: ControlDesk,
    pub(crate) clock: Clock,
    pub(crate) elsewhere: Elsewhere,
}

#[derive(Default)]
struct Seats {
    last: u64,
    taken: BTreeMap<Seat, Taken>,
    /// Those that were left since the station looked last.
    left: Vec<Seat>,
}

/// Where a front end is reached.
struct Taken {
    told: Sender<Told>,
    news: Sender<()>,
}

impl Hub {
    /// An empty meeting place, and where commands come out of it.
    pub(crate) fn new(pictures: Latest<Arc<Frame>>) -> (Self, Receiver<Commanded>) {
        let (commands, commanded) = bounded(COMMANDS_WAITING);
        let shared = Shared {
            newest: Mutex::default(),
            pictures,
            seats: Mutex::default(),
            commands,
            state: Mutex::new(LinkState::Connected),
            wired: Mutex::default(),
        };
        let hub = Self {
            shared: Arc::new(shared),
        };
        (hub, commanded)
    }

    /// Takes what belongs to this start of the station; what was there before ends.
    pub(crate) fn wire(&self, wired: Wired) {
        let before = lock(&self.shared.wired).replace(wired);
        if let Some(before) = before {
            // Whoever waits for what became of a picture sends the next one.
            before.elsewhere.close();
        }
    }

    fn elsewhere(&self) -> Option<Elsewhere> {
        let wired = lock(&self.shared.wired);
        wired.as_ref().map(|wired| wired.elsewhere.clone())
    }

    /// The present moment by the station's clocks.
    fn moment(&self) -> Moment {
        let wired = lock(&self.shared.wired);
        let clock = wired.as_ref().map(|wired| wired.clock);
        drop(wired);
        clock.unwrap_or_else(Clock::start).now()
    }

    /// Has the station started again; it answers.
    pub(crate) fn restart(&self, id: CommandId) {
        let what = Wanted::Restart;
        let commanded = Commanded { id, what };
        if self.shared.commands.try_send(commanded).is_err() {
            self.reply(id, Reply::Refused(busy()));
        }
    }

    /// Shows everybody this view.
    pub(crate) fn publish(&self, view: StationView) {
        // What was there may be large, and is dropped when nobody waits for the lock any more.
        let before = std::mem::replace(&mut *lock(&self.shared.newest), view);
        drop(before);
        self.tell_news();
    }

    /// Says that the station has ended, or why.
    pub(crate) fn end(&self, why: Option<Message>) {
        *lock(&self.shared.state) = LinkState::Ended(why);
        if let Some(wired) = &*lock(&self.shared.wired) {
            wired.elsewhere.close();
        }
        self.tell_news();
    }

    /// Gives the station what was read of the configuration.
    pub(crate) fn reconfigure(&self, read: Result<Configured, CaseError>) {
        let what = Wanted::Reconfigure(Box::new(read));
        let id = CommandId {
            seat: Seat::default(),
            number: 0,
        };
        if self
            .shared
            .commands
            .try_send(Commanded { id, what })
            .is_err()
        {
            tracing::warn!("the station is too busy for another configuration; try again");
        }
    }

    /// Reads the configuration again, as after SIGHUP.
    pub fn reload(&self) {
        let wired = lock(&self.shared.wired);
        let is_taken = wired.as_ref().is_some_and(|w| w.records.reload(self));
        drop(wired);
        if !is_taken {
            tracing::warn!("the records are busy; the configuration was not read again");
        }
    }

    /// Answers a command, if its front end is still there.
    pub(crate) fn reply(&self, command: CommandId, reply: Reply) {
        let seats = lock(&self.shared.seats);
        if let Some(seat) = seats.taken.get(&command.seat) {
            let told = Told {
                number: command.number,
                reply,
            };
            // There is room for every command that may wait.
            let _ = seat.told.try_send(told);
            let _ = seat.news.try_send(());
        }
    }

    /// Answers a command with what came of it.
    pub(crate) fn reply_with(&self, command: CommandId, outcome: Outcome) {
        let reply = outcome.map_or_else(
            |said| Reply::Refused(Refusal::new(RefusalCode::Refused, said)),
            Reply::Done,
        );
        self.reply(command, reply);
    }

    /// The front ends that have left since this was asked last.
    pub(crate) fn take_left(&self) -> Vec<Seat> {
        std::mem::take(&mut lock(&self.shared.seats).left)
    }

    /// How many front ends there are.
    pub fn guests(&self) -> usize {
        lock(&self.shared.seats).taken.len()
    }

    fn tell_news(&self) {
        for seat in lock(&self.shared.seats).taken.values() {
            // If it is full, the front end knows already.
            let _ = seat.news.try_send(());
        }
    }
}

impl FrameDoor for Hub {
    fn offer(&self, frame: OfferedFrame, answer: AnswerTo) -> Result<(), Refusal> {
        if matches!(*lock(&self.shared.state), LinkState::Ended(_)) {
            return Err(ended());
        }
        let now = self.moment();
        let elsewhere = self.elsewhere();
        let starting = || Refusal::new(RefusalCode::Unavailable, STATION_STARTING);
        elsewhere.ok_or_else(starting)?.offer(frame, answer, &now)
    }

    fn newest(&self, camera: &CameraName) -> Option<Arc<Frame>> {
        self.elsewhere()?.newest(camera)
    }

    fn now(&self) -> Moment {
        self.moment()
    }
}

fn ended() -> Refusal {
    Refusal::new(RefusalCode::Unavailable, say::STATION_HAS_ENDED)
}

impl Host for Hub {
    fn join(&self, guest: Guest) -> Client {
        let (told, replies) = bounded(OUTSTANDING);
        let (news, wake) = bounded(1);
        // There is something to see at once.
        let _ = news.try_send(());
        let mut seats = lock(&self.shared.seats);
        seats.last += 1;
        let seat = Seat(seats.last);
        seats.taken.insert(seat, Taken { told, news });
        drop(seats);
        let link = LocalLink {
            hub: self.clone(),
            seat,
            guest,
        };
        Client::new(Box::new(link), replies, wake)
    }
}

/// The way from a front end in this process, or from a connection's threads, to the station.
struct LocalLink {
    hub: Hub,
    seat: Seat,
    guest: Guest,
}

impl LocalLink {
    /// Who has signed, with the user at the other end of a socket: that is the kernel's word.
    fn signed(&self, name: &str) -> String {
        // What stands there already is a signature that comes back, or somebody's own word.
        let name = name.split(" (uid ").next().unwrap_or(name);
        match self.guest.peer {
            Some(peer) => format!("{name} (uid {})", peer.uid),
            None => name.to_owned(),
        }
    }

    /// Gives something to those who serve this start of the station.
    fn wired(&self, give: impl FnOnce(&Wired) -> Result<(), Refusal>) -> Result<(), Refusal> {
        let wired = lock(&self.hub.shared.wired);
        let starting = || Refusal::new(RefusalCode::Unavailable, STATION_STARTING);
        wired.as_ref().ok_or_else(starting).and_then(give)
    }

    fn want(&self, id: CommandId, what: Wanted) -> Result<(), Refusal> {
        let commanded = Commanded { id, what };
        self.hub
            .shared
            .commands
            .try_send(commanded)
            .map_err(|_| busy())
    }
}

fn busy() -> Refusal {
    Refusal::new(RefusalCode::Busy, say::TOO_MUCH_IS_ASKED)
}

impl Link for LocalLink {
    fn view(&self) -> StationView {
        lock(&self.hub.shared.newest).clone()
    }

    fn state(&self) -> LinkState {
        lock(&self.hub.shared.state).clone()
    }

    fn picture(&self, after: u64) -> Option<(u64, Arc<Frame>)> {
        self.hub.shared.pictures.newer_than(after)
    }

    fn wish(&self, _: PreviewWish) {
        // Here every picture costs nothing but a counter.
    }

    fn submit(&self, number: u64, command: Command) -> Result<(), Refusal> {
        // A badge reader may hang at a screen that nobody else can operate.
        let is_badge = matches!(command, Command::Intent(Intent::EnterPin(_)));
        if self.guest.watches_only && !is_badge {
            return Err(Refusal::new(RefusalCode::WatchOnly, say::WATCH_ONLY));
        }
        if matches!(self.state(), LinkState::Ended(_)) {
            return Err(ended());
        }
        let id = CommandId {
            seat: self.seat,
            number,
        };
        match command {
            Command::Intent(mut intent) => {
                if let Intent::Correct(correction) = &mut intent {
                    correction.operator = self.signed(&correction.operator);
                }
                let operator = self.signed(&self.guest.operator);
                self.want(id, Wanted::Intent { operator, intent })
            }
            Command::TestCamera => self.want(id, Wanted::CameraTest),
            Command::Ask(mut question) => {
                if let Some(by) = question.signature_mut() {
                    *by = self.signed(by);
                }
                self.wired(|wired| wired.records.ask(&self.hub, id, question))
            }
            Command::Restart { by } => {
                let by = self.signed(&by);
                self.wired(|wired| wired.records.restart(&self.hub, id, by))
            }
            Command::ReadControls => self.wired(|wired| wired.controls.look(&self.hub, id)),
            Command::ChangeControl(change) => {
                self.wired(|wired| wired.controls.change(&self.hub, id, change))
            }
        }
    }

    fn now(&self) -> Moment {
        self.hub.moment()
    }

    fn seat(&self) -> Seat {
        self.seat
    }
}

impl Drop for LocalLink {
    fn drop(&mut self) {
        let mut seats = lock(&self.hub.shared.seats);
        seats.taken.remove(&self.seat);
        seats.left.push(self.seat);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is replaced as a whole, so that no panic can have torn it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod tests;
