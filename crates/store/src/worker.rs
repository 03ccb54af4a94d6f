//! The store's thread: it owns the one writer, and answers every request.
//!
//! Invariants:
//! - A punch is answered only after SQLite has committed it.
//! - While the database cannot write, punches wait in memory in their order and
//!   are tried again; none that was taken is dropped while the process lives.
//! - Memory is bounded: beyond [`MOST_PUNCHES`] a punch is refused, and its
//!   refusal is shown; what is no punch gives way long before.
//! - On a stop the queue is worked off before the thread ends. What could still
//!   not be written then is handed back by [`StoreHandle::finish`].

use crate::say;
use rollcall_messages::{Message, Said as _};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use crossbeam_channel::{
    Receiver, RecvTimeoutError, SendTimeoutError, Sender, TrySendError, bounded,
};

use super::sighting::SightedFace;
use super::{Author, NewPerson, NewTemplate, PinTry, Store, StoreError};
use rollcall_core::attendance::NewPunch;
use rollcall_core::correction::Correction;
use rollcall_core::embedding::ModelId;
use rollcall_core::enrolment::identity::AnotherPerson;
use rollcall_core::event::{PunchOutcome, Receipt, Sighting, Ticket};
use rollcall_core::person::PersonId;
use rollcall_core::pin::Pin;
use rollcall_system::clock::Clock;
use rollcall_system::stop::StopFlag;

/// What can be asked of the store.
#[derive(Debug)]
pub enum StoreRequest {
    /// Write a punch.
    Punch {
        /// To pair the receipt.
        ticket: Ticket,
        /// What to write.
        punch: NewPunch,
    },
    /// Write a person with templates and pictures.
    Enrol {
        /// To pair the receipt.
        ticket: Ticket,
        /// Who.
        person: NewPerson,
        /// What had to be stated for it.
        stated: Option<AnotherPerson>,
    },
    /// Put an attendance event right.
    Correct {
        /// To pair the receipt.
        ticket: Ticket,
        /// What is to be put right.
        correction: Box<Correction>,
    },
    /// Find out whose PIN this is.
    CheckPin {
        /// To pair the receipt.
        ticket: Ticket,
        /// What was typed or read.
        pin: Pin,
    },
    /// Count a wrong PIN that could not be counted when it was tried.
    WrongPin,
    /// Write a template that the station has made itself.
    Adapt {
        /// Whose face it is.
        person: PersonId,
        /// The face.
        template: NewTemplate,
    },
    /// Write that a face was given no name.
    Sighting(Sighting, Option<SightedFace>),
    /// Write a line into the audit trail.
    Note {
        /// What, e.g. `station.start`.
        action: &'static str,
        /// What else there is to say.
        detail: String,
    },
    /// Read the state of a day if another program has written since the last
    /// time; answered by [`Receipt::Snapshot`] or not at all.
    ReloadIfChanged {
        /// The day.
        local_day: NaiveDate,
    },
    /// Read the state of a day; answered by [`Receipt::Snapshot`].
    Reload {
        /// The day.
        local_day: NaiveDate,
    },
}

/// How patient the thread is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Wait before the first retry; each further one waits twice as long.
    pub first_retry: Duration,
    /// Longest wait between two retries.
    pub longest_retry: Duration,
    /// How long a stop waits for a database that cannot be written.
    pub at_stop: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first_retry: Duration::from_millis(250),
            longest_retry: Duration::from_secs(5),
            at_stop: Duration::from_secs(10),
        }
    }
}

/// The asking end. Whoever drops it without [`StoreHandle::finish`] does not wait for what
/// is still to be written.
#[derive(Debug)]
pub struct StoreHandle {
    sender: Sender<StoreRequest>,
    /// Requests that were sent and are not worked off yet.
    waiting: Arc<AtomicUsize>,
    /// What did not fit into the channel; facts are kept, and the main thread never waits.
    overflow: VecDeque<StoreRequest>,
    stopping: StopFlag,
    thread: JoinHandle<Vec<NewPunch>>,
}

/// Punches that wait for a database that cannot be written: days of a busy door,
/// and some megabytes.
pub const MOST_PUNCHES: usize = 20_000;

/// With this much waiting, what is no punch is no longer taken.
const MOST_OTHERS: usize = 1_000;

/// Whether a request was taken.
#[derive(Debug)]
#[must_use = "a punch that is not taken has to be answered"]
pub enum Taken {
    /// It is carried out, or kept until it can be.
    Yes,
    /// Too much is waiting for a database that cannot be written.
    No(Box<StoreRequest>),
}

/// Requests under way; a station makes a few a second at most.
const CAPACITY: usize = 64;

/// How long a wait lasts before the stop flag is looked at again.
const GLANCE: Duration = Duration::from_millis(50);

/// The station's name in the audit trail.
const STATION: &str = "station";

/// Starts the thread.
///
/// # Errors
/// If the system refuses another thread.
pub fn spawn(
    store: Store,
    model: ModelId,
    clock: Clock,
    receipts: Sender<Receipt>,
    patience: Patience,
) -> Result<StoreHandle, StoreError> {
    let (sender, requests) = bounded(CAPACITY);
    let stopping = StopFlag::new();
    let waiting = Arc::new(AtomicUsize::new(0));
    let worker = Worker {
        store,
        model,
        clock,
        receipts,
        patience,
        waiting: Arc::clone(&waiting),
        stopping: stopping.clone(),
        backlog: VecDeque::new(),
        trouble: None,
        missing: None,
    };
    let thread = std::thread::Builder::new()
        .name("store".into())
        .spawn(move || worker.run(&requests))
        .map_err(StoreError::Thread)?;
    Ok(StoreHandle {
        sender,
        waiting,
        overflow: VecDeque::new(),
        stopping,
        thread,
    })
}

impl StoreHandle {
    /// Asks for something without waiting.
    pub fn send(&mut self, request: StoreRequest) -> Taken {
        let most = match request {
            StoreRequest::Punch { .. } => MOST_PUNCHES,
            _ => MOST_OTHERS,
        };
        if self.waiting.load(Ordering::Relaxed) >= most {
            return Taken::No(Box::new(request));
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.overflow.push_back(request);
        self.flush();
        Taken::Yes
    }

    /// Passes on what did not fit before; to be called now and then. `false`
    /// if the thread is gone, which only a panic in it explains.
    pub fn flush(&mut self) -> bool {
        while let Some(request) = self.overflow.pop_front() {
            match self.sender.try_send(request) {
                Ok(()) => {}
                Err(TrySendError::Full(unsent)) => {
                    self.overflow.push_front(unsent);
                    return true;
                }
                Err(TrySendError::Disconnected(unsent)) => {
                    self.overflow.push_front(unsent);
                    return false;
                }
            }
        }
        true
    }

    /// Lets the thread work off everything and waits for it, calling `meanwhile` again and
    /// again: it takes the last receipts. Gives back the punches that could not be written:
    /// whoever calls this must tell the operator.
    pub fn finish_while(mut self, mut meanwhile: impl FnMut()) -> Vec<NewPunch> {
        self.stopping.request();
        while self.flush() && !self.overflow.is_empty() {
            meanwhile();
        }
        let mut unwritten: Vec<NewPunch> = self.overflow.into_iter().filter_map(punch_of).collect();
        drop(self.sender);
        while !self.thread.is_finished() {
            meanwhile();
        }
        if let Ok(left) = self.thread.join() {
            unwritten.extend(left);
        } else {
            tracing::error!("the store's thread has panicked");
        }
        unwritten
    }

    /// As [`finish_while`](Self::finish_while), where nobody takes receipts any more.
    pub fn finish(self) -> Vec<NewPunch> {
        self.finish_while(|| std::thread::sleep(Duration::from_millis(1)))
    }
}

struct Worker {
    store: Store,
    model: ModelId,
    clock: Clock,
    receipts: Sender<Receipt>,
    patience: Patience,
    waiting: Arc<AtomicUsize>,
    stopping: StopFlag,
    /// Requests that failed, and those that came after them; oldest first.
    backlog: VecDeque<StoreRequest>,
    /// Set while the database is in trouble.
    trouble: Option<Trouble>,
    /// Set while the database is not where it was.
    missing: Option<Missing>,
}

/// A database that was deleted, moved or replaced, and is saved as far as it can be.
#[derive(Debug, Default)]
struct Missing {
    /// What else there is to say about it.
    remark: Option<Remark>,
}

/// What became of what it held.
#[derive(Debug)]
enum Remark {
    Saved(PathBuf),
    NotSaved(Message),
}

/// A database that does not work at the moment.
#[derive(Debug, Clone, Copy)]
struct Trouble {
    /// Wait before the next retry.
    retry_after: Duration,
    /// Whether it was a reading that failed, so that a reading can end it.
    of_reading: bool,
}

/// What to do with a request that has been tried.
enum Tried {
    /// The database was written to and works.
    Written,
    /// It was read, which says nothing about writing.
    Read,
    /// Answered with a refusal, which says nothing about the database.
    Refused,
    /// To be tried again.
    TryAgain(Box<StoreRequest>, StoreError),
}

impl Worker {
    fn run(mut self, requests: &Receiver<StoreRequest>) -> Vec<NewPunch> {
        let mut next_try = Instant::now();
        loop {
            let received = if self.backlog.is_empty() {
                requests.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                requests.recv_timeout(next_try.saturating_duration_since(Instant::now()))
            };
            match received {
                Ok(request) => {
                    // Behind those that wait: two punches of one person keep their order.
                    self.backlog.push_back(request);
                    if self.trouble.is_some() && Instant::now() < next_try {
                        self.answer_those_who_stand_there();
                        continue;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.work_off();
            next_try = Instant::now() + self.retry_after();
        }
        self.last_attempts()
    }

    /// Tries the backlog in its order, up to the first request that fails.
    fn work_off(&mut self) {
        // Where that fails, each request finds out by itself that the file is still missing.
        if self.missing.is_some() && self.store.take_up_again().is_ok() {
            self.missing = None;
        }
        while let Some(request) = self.backlog.pop_front() {
            let tried = self.attempt(request);
            if !matches!(tried, Tried::TryAgain(..)) {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
            }
            let works = match tried {
                Tried::Refused => false,
                Tried::Written => true,
                Tried::Read => self.trouble.is_some_and(|trouble| trouble.of_reading),
                Tried::TryAgain(request, error) => {
                    self.trouble = Some(Trouble {
                        retry_after: match self.trouble {
                            Some(trouble) => {
                                (trouble.retry_after * 2).min(self.patience.longest_retry)
                            }
                            None => self.patience.first_retry,
                        },
                        of_reading: matches!(
                            *request,
                            StoreRequest::Reload { .. } | StoreRequest::ReloadIfChanged { .. }
                        ),
                    });
                    self.backlog.push_front(*request);
                    tracing::error!(%error, waiting = self.backlog.len(), "the database fails");
                    if matches!(error, StoreError::Vanished { .. }) {
                        self.say_what_is_missing(&error);
                    } else {
                        self.deliver(Receipt::Trouble(error.said()));
                    }
                    self.answer_those_who_stand_there();
                    return;
                }
            };
            if works && self.trouble.take().is_some() {
                self.deliver(Receipt::Recovered);
            }
        }
    }

    /// The first time that the database is not where it was, what it holds is saved.
    fn say_what_is_missing(&mut self, error: &StoreError) {
        if self.missing.is_none() {
            let remark = match self.store.let_go(self.clock.now().wall) {
                Ok(None) => None,
                Ok(Some(copy)) => Some(Remark::Saved(copy)),
                Err(error) => Some(Remark::NotSaved(error.said())),
            };
            self.missing = Some(Missing { remark });
        }
        let remark = self.missing.as_ref().and_then(|m| m.remark.as_ref());
        let trouble = error.said();
        self.deliver(Receipt::Trouble(match remark {
            None => trouble,
            Some(Remark::Saved(copy)) => say::held_saved_as(trouble, copy.display().to_string()),
            Some(Remark::NotSaved(reason)) => say::held_not_saved(trouble, reason),
        }));
    }

    /// While the database is in trouble: refuses at once what an operator waits for and can
    /// ask again, and what can be read is read. An enrolment that is carried out minutes
    /// later would surprise everybody.
    fn answer_those_who_stand_there(&mut self) {
        let reason = || Message::from(say::DATABASE_NOT_WRITABLE);
        for _ in 0..self.backlog.len() {
            let Some(request) = self.backlog.pop_front() else {
                return;
            };
            match request {
                StoreRequest::Enrol { ticket, .. } => self.deliver(Receipt::EnrolmentRefused {
                    ticket,
                    reason: reason(),
                }),
                StoreRequest::Correct { ticket, .. } => self.deliver(Receipt::Corrected {
                    ticket,
                    outcome: Err(reason()),
                }),
                StoreRequest::CheckPin { ticket, pin } => self.check_pin(ticket, &pin),
                patient => {
                    self.backlog.push_back(patient);
                    continue;
                }
            }
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Without a retry: a look that is lost comes again.
    fn adapt(&mut self, person: PersonId, template: &NewTemplate, author: Author<'_>) -> Tried {
        match self.store.adapt(person, template, author) {
            Ok(()) => self.answer(Receipt::Adapted),
            Err(error) => {
                tracing::warn!(%error, "a template was not adapted");
                Tried::Refused
            }
        }
    }

    /// A wrong one is written down before anybody hears of it: pulling the plug gives no
    /// free tries.
    fn check_pin(&mut self, ticket: Ticket, pin: &Pin) {
        let author = self.author();
        let holder = match self.store.try_pin(pin, author) {
            Ok(PinTry::Holder(person)) => Ok(Some(person)),
            Ok(PinTry::Nobody) => {
                // A database in trouble would keep somebody waiting who stands there.
                if self.trouble.is_some() || self.store.note_wrong_pin(author).is_err() {
                    self.waiting.fetch_add(1, Ordering::Relaxed);
                    self.backlog.push_back(StoreRequest::WrongPin);
                }
                Ok(None)
            }
            Ok(PinTry::Closed(left)) => {
                let seconds = left.as_secs_f64().ceil() as u64;
                Err(say::pin_closed(seconds))
            }
            Err(error) => Err(error.said()),
        };
        self.deliver(Receipt::PinChecked { ticket, holder });
    }

    fn author(&self) -> Author<'static> {
        Author {
            name: STATION,
            at: self.clock.now().wall,
        }
    }

    fn retry_after(&self) -> Duration {
        self.trouble
            .map_or(Duration::ZERO, |trouble| trouble.retry_after)
    }

    /// The operator is standing there and can enrol again: no retry behind their back.
    fn enrol(
        &mut self,
        ticket: Ticket,
        person: &NewPerson,
        stated: Option<&AnotherPerson>,
        author: Author<'_>,
    ) -> Tried {
        let enrolled = self
            .store
            .refuse_deactivated(person, stated)
            .and_then(|()| self.store.add_stated_person(person, stated, author));
        match enrolled {
            Ok((person, templates)) => self.answer(Receipt::Enrolled {
                ticket,
                person,
                templates,
            }),
            Err(error) => {
                let reason = error.said();
                self.deliver(Receipt::EnrolmentRefused { ticket, reason });
                Tried::Refused
            }
        }
    }

    fn attempt(&mut self, request: StoreRequest) -> Tried {
        let author = self.author();
        match request {
            StoreRequest::Punch { ticket, punch } => match self.store.record(&punch, author) {
                Ok(outcome) => self.answer(Receipt::Punch { ticket, outcome }),
                Err(error) if error.is_permanent() => {
                    let outcome = PunchOutcome::Refused(error.said());
                    self.deliver(Receipt::Punch { ticket, outcome });
                    Tried::Refused
                }
                Err(error) => {
                    Tried::TryAgain(Box::new(StoreRequest::Punch { ticket, punch }), error)
                }
            },
            StoreRequest::Enrol {
                ticket,
                person,
                stated,
            } => self.enrol(ticket, &person, stated.as_ref(), author),
            StoreRequest::CheckPin { ticket, pin } => {
                self.check_pin(ticket, &pin);
                Tried::Read
            }
            StoreRequest::WrongPin => match self.store.note_wrong_pin(author) {
                Err(error) if !error.is_permanent() => {
                    Tried::TryAgain(Box::new(StoreRequest::WrongPin), error)
                }
                Err(error) => {
                    tracing::error!(%error, "a wrong PIN was not written down");
                    Tried::Refused
                }
                Ok(()) => Tried::Written,
            },
            // As with an enrolment, the operator is standing there.
            StoreRequest::Correct { ticket, correction } => {
                let outcome = self.store.correct(&correction, author.at);
                let is_refused = outcome.is_err();
                let outcome = outcome.map(Box::new).map_err(|e| e.said());
                self.deliver(Receipt::Corrected { ticket, outcome });
                if is_refused {
                    Tried::Refused
                } else {
                    Tried::Written
                }
            }
            StoreRequest::Adapt { person, template } => self.adapt(person, &template, author),
            StoreRequest::Sighting(sighting, face) => {
                match self.store.record_sighting(&sighting, face.as_ref()) {
                    Err(error) if !error.is_permanent() => {
                        Tried::TryAgain(Box::new(StoreRequest::Sighting(sighting, face)), error)
                    }
                    Err(error) => {
                        tracing::error!(%error, "sighting refused");
                        Tried::Refused
                    }
                    Ok(()) => Tried::Written,
                }
            }
            StoreRequest::Note { action, detail } => {
                match self.store.note(author, action, STATION, &detail) {
                    Err(error) if !error.is_permanent() => {
                        Tried::TryAgain(Box::new(StoreRequest::Note { action, detail }), error)
                    }
                    Err(error) => {
                        tracing::error!(%error, "line of the audit trail refused");
                        Tried::Refused
                    }
                    Ok(()) => Tried::Written,
                }
            }
            StoreRequest::ReloadIfChanged { local_day } => match self.store.changed_elsewhere() {
                Ok(true) => self.attempt(StoreRequest::Reload { local_day }),
                Ok(false) => Tried::Read,
                // Nobody shall be told that a punch is done, so it is found out at once.
                Err(error @ (StoreError::Vanished { .. } | StoreError::StationRuns { .. })) => {
                    Tried::TryAgain(Box::new(StoreRequest::ReloadIfChanged { local_day }), error)
                }
                Err(error) => {
                    // It is asked again soon; nothing waits for the answer.
                    tracing::warn!(%error, "cannot look for changes");
                    Tried::Refused
                }
            },
            StoreRequest::Reload { local_day } => {
                // What is written from here on is a change, whether the snapshot has it or not.
                let looked = self.store.changed_elsewhere();
                let snapshot = looked.and_then(|_| self.store.snapshot(local_day, &self.model));
                match snapshot {
                    Ok(snapshot) => {
                        self.deliver(Receipt::Snapshot(Box::new(snapshot)));
                        Tried::Read
                    }
                    Err(error) if error.is_permanent() => {
                        // Shown, but punches must not wait behind a row that nobody can read.
                        tracing::error!(%error, "the state of the day cannot be read");
                        self.deliver(Receipt::Unreadable(error.said()));
                        Tried::Refused
                    }
                    Err(error) => {
                        Tried::TryAgain(Box::new(StoreRequest::Reload { local_day }), error)
                    }
                }
            }
        }
    }

    /// After the last request: what is left gets its chance until patience ends.
    fn last_attempts(mut self) -> Vec<NewPunch> {
        let until = Instant::now() + self.patience.at_stop;
        loop {
            self.work_off();
            let left = until.saturating_duration_since(Instant::now());
            if self.backlog.is_empty() || left.is_zero() {
                break;
            }
            std::thread::sleep(self.retry_after().min(left));
        }
        self.backlog.into_iter().filter_map(punch_of).collect()
    }

    fn answer(&self, receipt: Receipt) -> Tried {
        self.deliver(receipt);
        Tried::Written
    }

    /// Waits for the reader, but not once the station is stopping.
    fn deliver(&self, mut receipt: Receipt) {
        loop {
            match self.receipts.send_timeout(receipt, GLANCE) {
                Err(SendTimeoutError::Timeout(unsent)) if !self.stopping.is_requested() => {
                    receipt = unsent;
                }
                _ => return,
            }
        }
    }
}

fn punch_of(request: StoreRequest) -> Option<NewPunch> {
    match request {
        StoreRequest::Punch { punch, .. } => Some(punch),
        _ => None,
    }
}
