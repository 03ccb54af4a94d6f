//! A front end's end of the seam: the same whether the station runs in this process or
//! behind a socket.

use crate::say;
use rollcall_messages::Message;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;
use rollcall_core::event::Seat;
use rollcall_core::frame::{Frame, Moment};

use crate::command::{Command, Refusal, RefusalCode, Reply};
use crate::view::StationView;

/// What carries commands to a station and views back. Nothing here waits.
pub trait Link: Send {
    /// The newest view.
    fn view(&self) -> StationView;
    /// Whether the station can be heard.
    fn state(&self) -> LinkState;
    /// The newest picture, if it is another than the one of this number.
    fn picture(&self, after: u64) -> Option<(u64, Arc<Frame>)>;
    /// Which pictures are wanted.
    fn wish(&self, wish: PreviewWish);
    /// Gives a command on.
    ///
    /// # Errors
    /// If it cannot be given on; then it is answered by this.
    fn submit(&self, number: u64, command: Command) -> Result<(), Refusal>;
    /// The present moment by the station's clocks.
    fn now(&self) -> Moment;
    /// Which front end this is.
    fn seat(&self) -> Seat;
}

/// Whether a station can be heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// It can.
    Connected,
    /// Not now; it is tried again and again.
    Lost(Message),
    /// It has ended, or is not to be had for the reason given.
    Ended(Option<Message>),
}

/// Which pictures a front end wants.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PreviewWish {
    /// Most pixels across; none are wanted if it is 0.
    pub width: u32,
    /// Most pictures a second.
    pub rate: f32,
}

impl PreviewWish {
    /// No pictures.
    pub const NONE: Self = Self {
        width: 0,
        rate: 0.0,
    };

    /// The time between two pictures; none are wanted if there is no such time.
    pub fn interval(&self) -> Option<Duration> {
        let is_wanted = self.width > 0 && self.rate.is_finite() && self.rate > 0.0;
        is_wanted.then(|| Duration::from_secs_f32(1.0 / self.rate.clamp(0.1, 60.0)))
    }
}

/// A reply and the number of the command that it answers.
#[derive(Debug, Clone)]
pub struct Told {
    /// The command.
    pub number: u64,
    /// What became of it.
    pub reply: Reply,
}

/// Commands of one front end that may wait for their replies.
pub const OUTSTANDING: usize = 64;

/// A front end's connection to a station.
pub struct Client {
    link: Box<dyn Link>,
    told: Receiver<Told>,
    news: Receiver<()>,
    next: u64,
    outstanding: BTreeSet<u64>,
    refused: VecDeque<Told>,
}

impl Client {
    /// A client of this link, which sends replies to `told`, and `news` when there is
    /// something new.
    pub fn new(link: Box<dyn Link>, told: Receiver<Told>, news: Receiver<()>) -> Self {
        Self {
            link,
            told,
            news,
            next: 1,
            outstanding: BTreeSet::new(),
            refused: VecDeque::new(),
        }
    }

    /// Gives a command, whose reply will carry the number that is returned.
    pub fn send(&mut self, command: Command) -> u64 {
        let number = self.next;
        self.next += 1;
        let submitted = if self.outstanding.len() >= OUTSTANDING {
            Err(Refusal::new(RefusalCode::Busy, say::TOO_MUCH_IS_ASKED))
        } else {
            self.link.submit(number, command)
        };
        match submitted {
            Ok(()) => {
                self.outstanding.insert(number);
            }
            Err(refusal) => self.refused.push_back(Told {
                number,
                reply: Reply::Refused(refusal),
            }),
        }
        number
    }

    /// The replies that have come, each once.
    pub fn replies(&mut self) -> Vec<Told> {
        let mut replies: Vec<Told> = self.refused.drain(..).collect();
        for told in self.told.try_iter() {
            // What a station says twice is heard once.
            if self.outstanding.remove(&told.number) {
                replies.push(told);
            }
        }
        replies
    }

    /// Becomes readable when there may be a newer view or a reply.
    pub fn news(&self) -> &Receiver<()> {
        &self.news
    }

    /// The newest view.
    pub fn view(&self) -> StationView {
        self.link.view()
    }

    /// Whether the station can be heard.
    pub fn state(&self) -> LinkState {
        self.link.state()
    }

    /// The newest picture, if it is another than the one of this number.
    pub fn picture(&self, after: u64) -> Option<(u64, Arc<Frame>)> {
        self.link.picture(after)
    }

    /// Says which pictures are wanted.
    pub fn wish(&self, wish: PreviewWish) {
        self.link.wish(wish);
    }

    /// The present moment by the station's clocks.
    pub fn now(&self) -> Moment {
        self.link.now()
    }

    /// Which front end this is.
    pub fn seat(&self) -> Seat {
        self.link.seat()
    }
}

/// A station that front ends can join.
pub trait Host: Send + Sync {
    /// Gives a front end a seat of its own, which it has until the client is dropped.
    fn join(&self, guest: Guest) -> Client;
}

/// Who joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// Name for the records, as long as none is typed.
    pub operator: String,
    /// Whether it may only watch.
    pub watches_only: bool,
    /// The user and the process at the other end of a socket; none in the station's own.
    pub peer: Option<Peer>,
}

/// Who is at the other end of a socket, by the kernel's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The user.
    pub uid: u32,
    /// The process.
    pub process: i32,
}
