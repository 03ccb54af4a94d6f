//! A front end at which one person after the other types a PIN, and that reads what it is
//! shown.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use rollcall::core::attendance::AttendanceEvent;
use rollcall::core::event::Intent;
use rollcall::core::notice::Notice;
use rollcall::core::person::PersonId;
use rollcall::core::pin::Pin;
use rollcall::protocol::{Client, Command, LinkState, RefusalCode, Reply};

/// A punch, by what makes it one: whose, and when in microseconds.
pub(crate) type Punch = (PersonId, i64);

pub(crate) fn punch_of(event: &AttendanceEvent) -> Punch {
    (event.person, event.at.timestamp_micros())
}

pub(crate) struct Puncher {
    pub(crate) client: Client,
    pins: Vec<(PersonId, Pin)>,
    next: usize,
    pause: Duration,
    sent_at: Instant,
    asked: HashMap<u64, Instant>,
    pub(crate) tally: Tally,
    watch: Watch,
}

/// What became of it all.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) sent: usize,
    pub(crate) done: usize,
    /// Answers other than yes, and how often.
    pub(crate) refused: BTreeMap<String, usize>,
    pub(crate) lost: usize,
    /// From the key to the answer.
    pub(crate) answer_times: Vec<Duration>,
}

impl Tally {
    /// Every PIN was answered. On a machine that does nothing else none is refused; on another
    /// one a station may say that too much is waiting.
    pub(crate) fn check(&self) {
        let refused: usize = self.refused.values().sum();
        assert_eq!(self.done + refused, self.sent, "{:?}", self.refused);
        let busy = format!("{:?}: ", RefusalCode::Busy);
        let mut reasons = self.refused.keys();
        assert!(
            reasons.all(|why| why.starts_with(&busy)),
            "{:?}",
            self.refused
        );
        if super::asked_for().is_some() {
            assert_eq!(self.done, self.sent, "{:?}", self.refused);
        }
    }
}

/// What a client is shown.
#[derive(Default)]
pub(crate) struct Watch {
    /// The station whose log it is.
    process: u32,
    read: u64,
    /// Each punch that was shown, and how long after the look or the key.
    pub(crate) shown: BTreeMap<Punch, Duration>,
    pub(crate) shown_twice: usize,
}

impl Watch {
    /// Reads what is new. The log begins anew with a station that was started again.
    pub(crate) fn look(&mut self, client: &Client) {
        let view = client.view();
        let written = view.log().written();
        if std::mem::replace(&mut self.process, view.facts.process) != view.facts.process {
            self.read = 0;
        }
        let now = chrono::Utc::now();
        for entry in view.log().since(self.read) {
            if let Notice::Punched { person, at, .. } = &entry.notice {
                let late = (now - at.to_utc()).to_std().unwrap_or_default();
                let punch = (*person, at.timestamp_micros());
                if let Entry::Vacant(first) = self.shown.entry(punch) {
                    first.insert(late);
                } else {
                    self.shown_twice += 1;
                }
            }
        }
        self.read = written;
    }
}

impl Puncher {
    pub(crate) fn new(client: Client, pins: &[(PersonId, Pin)], pause: Duration) -> Self {
        Self {
            client,
            pins: pins.to_vec(),
            next: 0,
            pause,
            sent_at: Instant::now(),
            asked: HashMap::new(),
            tally: Tally::default(),
            watch: Watch::default(),
        }
    }

    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Types the next PIN if it is time, and reads what there is to read.
    pub(crate) fn step(&mut self) {
        let is_due = self.sent_at.elapsed() >= self.pause;
        if is_due && self.client.state() == LinkState::Connected {
            let (_, pin) = &self.pins[self.next % self.pins.len()];
            let command = Command::Intent(Intent::EnterPin(pin.clone()));
            self.sent_at = Instant::now();
            let number = self.client.send(command);
            self.asked.insert(number, self.sent_at);
            self.next += 1;
            self.tally.sent += 1;
        }
        self.listen();
    }

    /// Reads what there is to read.
    pub(crate) fn listen(&mut self) {
        let _ = self.client.news().recv_timeout(Duration::from_millis(10));
        for told in self.client.replies() {
            let asked_at = self.asked.remove(&told.number).unwrap();
            match told.reply {
                Reply::Done(_) => {
                    self.tally.done += 1;
                    self.tally.answer_times.push(asked_at.elapsed());
                }
                Reply::Refused(refusal) if refusal.code == RefusalCode::Refused => {
                    *self
                        .tally
                        .refused
                        .entry(refusal.said.to_string())
                        .or_default() += 1;
                }
                Reply::Refused(refusal) => {
                    self.tally.lost += 1;
                    let why = format!("{:?}: {}", refusal.code, refusal.said);
                    *self.tally.refused.entry(why).or_default() += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        self.watch.look(&self.client);
    }

    /// Waits for the answers that are still to come.
    pub(crate) fn finish(&mut self) {
        let started = Instant::now();
        while !self.asked.is_empty() {
            assert!(
                started.elapsed() < super::PATIENCE,
                "{} commands are not answered",
                self.asked.len()
            );
            self.listen();
        }
        // What happened with the last answer is shown with the next view.
        let until = Instant::now() + Duration::from_millis(700);
        while Instant::now() < until {
            self.listen();
        }
    }
}

/// The middle one and the longest, in words.
pub(crate) fn say(times: impl IntoIterator<Item = Duration>) -> String {
    let mut times: Vec<Duration> = times.into_iter().collect();
    times.sort_unstable();
    let Some(longest) = times.last() else {
        return "none".to_owned();
    };
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_millis();
    format!(
        "median {} ms, 99 of 100 within {} ms, longest {} ms",
        at(50),
        at(99),
        longest.as_millis()
    )
}
