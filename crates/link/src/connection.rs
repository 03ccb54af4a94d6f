//! One front end at the socket: one thread hears what it wants, another says what is new.
//!
//! # Invariants
//! - What is taken from the station is taken under a lock that is held for a few copies
//!   only, and written after that.
//! - A front end whose answers are not read is not listened to either: no more than
//!   [`OUTSTANDING`] of its commands are on the way.
//! - The seat is left when both threads have ended.

use crate::say;
use rollcall_messages::Message;
use rollcall_protocol::say::STATION_HAS_ENDED;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, select};
use rollcall_core::frame::Frame;
use rollcall_core::printable::Wording;
use rollcall_protocol::{
    Client, Command, Guest, LinkState, OUTSTANDING, PreviewWish, Refusal, RefusalCode, Reply,
    StationView,
};

use crate::message::{
    BUILD, ClientHello, FromClient, MOST_FROM_CLIENT, MOST_FROM_STATION, MOST_IN_HELLO, Outline,
    Refused, StationHello, ToClient, Version, code, outline,
};
use crate::preview::Preview;
use crate::server::House;
use crate::socket::{Socket, is_timeout};
use crate::wire::{Kind, PictureHeader, Reader, SendError, WireError, Writer};

/// Whoever says nothing is no front end.
const HELLO_WITHIN: Duration = Duration::from_secs(2);

/// For last words; nobody waits longer for somebody who does not read them.
const FAREWELL: Duration = Duration::from_millis(100);

/// A station that has nothing to say says so.
const PING: Duration = Duration::from_secs(1);

/// Words about a message that is not understood.
const LONGEST_REMARK: usize = 300;

/// No terminal shows more.
const WIDEST: u32 = 4096;

/// Talks with one front end until it leaves or the station ends.
pub(crate) fn serve(house: &Arc<House>, number: u64, socket: &Socket) {
    let mut writer = Writer::new(socket.clone(), MOST_FROM_STATION);
    let mut reader = Reader::new(socket.clone(), MOST_IN_HELLO);
    if socket.give_up_writing_after(house.frozen).is_err() {
        return;
    }
    match welcome(house, socket, &mut reader, &mut writer) {
        Ok(Some(client)) => talk(house, number, socket, (reader, writer), client),
        Ok(None) => {}
        Err(refused) => {
            tracing::debug!(code = %refused.code, said = %refused.said, "a front end was refused");
            let _ = writer.json(&ToClient::Refused(&refused));
            socket.close();
        }
    }
}

/// Hears who it is and says who we are. None if that was all it wanted to know.
fn welcome(
    house: &House,
    socket: &Socket,
    reader: &mut Reader<Socket>,
    writer: &mut Writer<Socket>,
) -> Result<Option<Client>, Refused> {
    reader.get_mut().read_within(HELLO_WITHIN);
    let Some(hello) = first(reader)? else {
        return Ok(None);
    };
    if let Some(said) = other_protocol(&hello) {
        return Err(Refused::new(code::OTHER_PROTOCOL, said));
    }
    let mut answer = StationHello {
        protocol: Version::OURS,
        build: BUILD.to_owned(),
        features: Vec::new(),
        station: String::new(),
        data_dir: house.data_dir.clone(),
        now: 0,
        seat: rollcall_core::event::Seat::default(),
    };
    let client = if hello.only_asks {
        None
    } else {
        let client = house.host.join(Guest {
            operator: operator(&hello.operator)?,
            watches_only: hello.watches_only,
            peer: socket.peer(),
        });
        if let Some(said) = end_of(&client) {
            return Err(Refused::new(code::UNAVAILABLE, said));
        }
        answer.station.clone_from(&client.view().facts.station_name);
        answer.now = nanoseconds(client.now().monotonic);
        answer.seat = client.seat();
        Some(client)
    };
    let is_greeted = writer.json(&ToClient::Hello(&answer)).is_ok();
    let is_ready = reader.get_mut().wait_for(None).is_ok();
    reader.allow(MOST_FROM_CLIENT);
    Ok(client.filter(|_| is_greeted && is_ready))
}

/// Why there is nothing more to hear from a station, if that is so.
fn end_of(client: &Client) -> Option<Message> {
    match client.state() {
        LinkState::Connected => None,
        LinkState::Lost(said) | LinkState::Ended(Some(said)) => Some(said),
        LinkState::Ended(None) => Some(STATION_HAS_ENDED.into()),
    }
}

fn first(reader: &mut Reader<Socket>) -> Result<Option<ClientHello>, Refused> {
    let message = match reader.next() {
        Ok(Some(message)) => message,
        Ok(None) => return Ok(None),
        Err(WireError::Read(e)) if is_timeout(&e) => {
            let said = format!("nothing was said within {} s", HELLO_WITHIN.as_secs());
            return Err(refused(code::LATE, said));
        }
        Err(error) => return Err(refused(code::UNREADABLE, error.to_string())),
    };
    match (message.kind, serde_json::from_slice(message.bytes)) {
        (Kind::Json, Ok(FromClient::Hello(hello))) => Ok(Some(hello)),
        _ => Err(refused(
            code::UNREADABLE,
            "the first message has to be hello".to_owned(),
        )),
    }
}

/// Why a client of this version cannot be talked to, if it cannot.
fn other_protocol(hello: &ClientHello) -> Option<Message> {
    let (theirs, ours) = (hello.protocol.major, Version::OURS.major);
    let update = match theirs.cmp(&ours) {
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Less => say::UPDATE_PROGRAM,
        std::cmp::Ordering::Greater => say::UPDATE_STATION,
    };
    let (theirs, ours) = (theirs.to_string(), ours.to_string());
    let program = hello.build.as_str();
    Some(say::other_protocol(BUILD, ours, program, theirs, update))
}

/// Names for the records are checked as if they were typed at the station.
fn operator(text: &str) -> Result<String, Refused> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let words = Wording::parse("name of the operator", text);
    words
        .map(Wording::into_string)
        .map_err(|error| refused(code::UNREADABLE, error.to_string()))
}

fn refused(code: &str, said: String) -> Refused {
    Refused::new(code, Message::verbatim(said))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn talk(
    house: &Arc<House>,
    number: u64,
    socket: &Socket,
    (mut reader, writer): (Reader<Socket>, Writer<Socket>),
    client: Client,
) {
    let (nudge, nudged) = bounded(1);
    let desk = Arc::new(Desk::new(client, nudge.clone()));
    house.seated(number, nudge);
    let speaker = Speaker {
        house: Arc::clone(house),
        desk: Arc::clone(&desk),
        socket: socket.clone(),
        writer,
        sent: StationView::default(),
        is_first: true,
        last_word: Instant::now(),
        preview: Preview::default(),
    };
    let speaking = std::thread::Builder::new()
        .name("link-tell".to_owned())
        .spawn(move || speaker.speak(&nudged));
    match speaking {
        Ok(speaking) => {
            hear(&desk, &mut reader);
            desk.close();
            wait_for_last_words(&desk, &speaking);
            socket.close();
            // A panic has been reported when it happened.
            let _ = speaking.join();
        }
        Err(error) => tracing::warn!(%error, "nobody can attach at the moment"),
    }
    socket.close();
}

/// Whoever said nonsense is told so, if it reads that at all.
fn wait_for_last_words(desk: &Desk, speaking: &JoinHandle<()>) {
    const STEP: Duration = Duration::from_millis(5);
    let patience = Instant::now() + FAREWELL;
    while desk.has_words() && !speaking.is_finished() && Instant::now() < patience {
        std::thread::sleep(STEP);
    }
}

/// What both threads of a front end share.
struct Desk {
    seated: Mutex<Seated>,
    /// Becomes true when an answer was written.
    answered: Condvar,
    nudge: Sender<()>,
}

struct Seated {
    client: Client,
    /// The front end's own numbers, by those that the station knows.
    numbers: HashMap<u64, u64>,
    /// Commands that never came to the station.
    refused: Vec<(u64, Reply)>,
    /// Commands whose answers are not written yet.
    owed: usize,
    wish: PreviewWish,
    /// Nothing more will be heard.
    is_closed: bool,
    /// Why the connection ends, if that is to be said.
    words: Option<Refused>,
}

impl Desk {
    fn new(client: Client, nudge: Sender<()>) -> Self {
        Self {
            seated: Mutex::new(Seated {
                client,
                numbers: HashMap::new(),
                refused: Vec::new(),
                owed: 0,
                wish: PreviewWish::NONE,
                is_closed: false,
                words: None,
            }),
            answered: Condvar::new(),
            nudge,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seated> {
        // It is whole after every statement.
        self.seated.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn nudge(&self) {
        // One that waits already is as good.
        let _ = self.nudge.try_send(());
    }

    /// Waits until the front end has read enough answers. False if it never will.
    fn waits_for_room(&self) -> bool {
        let full = |seated: &mut Seated| seated.owed >= OUTSTANDING && !seated.is_closed;
        let waited = self.answered.wait_while(self.lock(), full);
        !waited.unwrap_or_else(PoisonError::into_inner).is_closed
    }

    fn give(&self, number: u64, command: Command) {
        let mut seated = self.lock();
        seated.owed += 1;
        let known = seated.client.send(command);
        seated.numbers.insert(known, number);
        drop(seated);
        self.nudge();
    }

    fn refuse(&self, number: u64, said: Message) {
        let mut seated = self.lock();
        seated.owed += 1;
        let refusal = Refusal::new(RefusalCode::Unknown, said);
        seated.refused.push((number, Reply::Refused(refusal)));
        drop(seated);
        self.nudge();
    }

    fn wish(&self, wish: PreviewWish) {
        let wish = PreviewWish {
            width: wish.width.min(WIDEST),
            ..wish
        };
        let mut seated = self.lock();
        seated.wish = wish;
        seated.client.wish(wish);
        drop(seated);
        self.nudge();
    }

    fn part_with(&self, words: Refused) {
        self.lock().words = Some(words);
    }

    fn has_words(&self) -> bool {
        self.lock().words.is_some()
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.answered.notify_all();
        self.nudge();
    }

    fn wrote_answers(&self, count: usize) {
        let mut seated = self.lock();
        seated.owed = seated.owed.saturating_sub(count);
        drop(seated);
        self.answered.notify_all();
    }

    /// What there is to say now. `picture` is the number of the last one, if another is due.
    fn take(&self, picture: Option<u64>) -> Round {
        let mut seated = self.lock();
        let mut answers = std::mem::take(&mut seated.refused);
        for told in seated.client.replies() {
            if let Some(number) = seated.numbers.remove(&told.number) {
                answers.push((number, told.reply));
            }
        }
        Round {
            answers,
            view: seated.client.view(),
            wish: seated.wish,
            picture: picture.and_then(|last| seated.client.picture(last)),
            ended: end_of(&seated.client),
            is_closed: seated.is_closed,
            words: seated.words.clone(),
        }
    }
}

/// What there is to say at one moment.
struct Round {
    answers: Vec<(u64, Reply)>,
    view: StationView,
    wish: PreviewWish,
    picture: Option<(u64, Arc<Frame>)>,
    ended: Option<Message>,
    is_closed: bool,
    words: Option<Refused>,
}

/// Hears what a front end wants until it leaves.
fn hear(desk: &Desk, reader: &mut Reader<Socket>) {
    while desk.waits_for_room() {
        let message = match reader.next() {
            Ok(Some(message)) if message.kind == Kind::Json => message,
            Ok(Some(_)) => {
                let said = "a station wants no pictures".to_owned();
                return desk.part_with(refused(code::UNREADABLE, said));
            }
            Ok(None) | Err(WireError::Read(_) | WireError::CutOff) => return,
            Err(error) => return desk.part_with(refused(code::UNREADABLE, error.to_string())),
        };
        if let Err(refused) = understand(desk, message.bytes) {
            return desk.part_with(refused);
        }
    }
}

fn understand(desk: &Desk, message: &[u8]) -> Result<(), Refused> {
    match serde_json::from_slice(message) {
        Ok(FromClient::Command { number, command }) => desk.give(number, command),
        Ok(FromClient::Preview(wish)) => desk.wish(wish),
        Ok(FromClient::Hello(_)) => {
            let said = "hello was said already".to_owned();
            return Err(refused(code::UNREADABLE, said));
        }
        Err(error) => pass_over(desk, outline(message), &error)?,
    }
    Ok(())
}

/// What a newer program says is no reason to part; what asks for an answer gets one.
fn pass_over(
    desk: &Desk,
    outline: Option<Outline>,
    error: &serde_json::Error,
) -> Result<(), Refused> {
    let mut remark = error.to_string();
    let end = remark.floor_char_boundary(LONGEST_REMARK);
    remark.truncate(end);
    let unreadable = |what: String| refused(code::UNREADABLE, what);
    match outline {
        None => Err(unreadable(format!("this is no message: {remark}"))),
        Some(Outline {
            number: Some(number),
            ..
        }) => {
            let said = say::not_understood(BUILD, remark);
            desk.refuse(number, said);
            Ok(())
        }
        Some(Outline { name, .. }) if FromClient::NAMES.contains(&name.as_str()) => {
            Err(unreadable(format!("{name} cannot be read: {remark}")))
        }
        Some(_) => Ok(()),
    }
}

/// Tells a front end what is new.
struct Speaker {
    house: Arc<House>,
    desk: Arc<Desk>,
    socket: Socket,
    writer: Writer<Socket>,
    /// What the front end has.
    sent: StationView,
    is_first: bool,
    last_word: Instant,
    preview: Preview,
}

impl Speaker {
    fn speak(mut self, nudged: &Receiver<()>) {
        let news = self.desk.lock().client.news().clone();
        let over = loop {
            match self.say_what_is_new() {
                Ok(None) => {}
                Ok(Some(words)) => break words,
                Err(error) => {
                    self.remark_on(&error);
                    break LastWords::None;
                }
            }
            let patience = self.until_next(Instant::now());
            select! {
                recv(news) -> news => if news.is_err() {
                    break LastWords::Bye(STATION_HAS_ENDED.into());
                },
                recv(nudged) -> _ => {}
                default(patience) => {}
            }
        };
        self.part(&over);
        // Whoever hears for this front end stops, too.
        self.desk.close();
        self.socket.close();
    }

    fn say_what_is_new(&mut self) -> Result<Option<LastWords>, SendError> {
        let farewell = self.house.farewell();
        let is_due = self.preview.is_due(Instant::now());
        let round = self.desk.take(is_due.then_some(self.preview.last()));
        self.preview.set(&round.wish, Instant::now());
        let count = round.answers.len();
        for (number, reply) in round.answers {
            self.answer(number, &reply)?;
        }
        if count > 0 {
            self.desk.wrote_answers(count);
        }
        if let Some(words) = round.words {
            return Ok(Some(LastWords::Refused(words)));
        }
        if round.is_closed {
            return Ok(Some(LastWords::None));
        }
        self.show(round.view)?;
        if let Some((number, frame)) = round.picture {
            self.show_picture(number, &frame, round.wish.width)?;
        }
        if self.last_word.elapsed() >= PING {
            self.say(&ToClient::Ping {})?;
        }
        Ok(farewell.or(round.ended).map(LastWords::Bye))
    }

    fn say(&mut self, message: &ToClient<'_>) -> Result<(), SendError> {
        self.writer.json(message)?;
        self.last_word = Instant::now();
        Ok(())
    }

    fn answer(&mut self, number: u64, reply: &Reply) -> Result<(), SendError> {
        let error = match self.say(&ToClient::Told { number, reply }) {
            Err(error @ (SendError::TooLarge(_) | SendError::Encode(_))) => error,
            other => return other,
        };
        tracing::warn!(%error, "an answer cannot be sent to a front end");
        let said = say::answer_too_large(error.to_string());
        let reply = Reply::Refused(Refusal::new(RefusalCode::Unavailable, said));
        self.say(&ToClient::Told {
            number,
            reply: &reply,
        })
    }

    /// Says what has changed since the last round.
    fn show(&mut self, view: StationView) -> Result<(), SendError> {
        let updates = view.since(&self.sent);
        if updates.is_empty() && !self.is_first {
            return Ok(());
        }
        for update in &updates {
            match self.say(&ToClient::Update(update)) {
                Err(error @ (SendError::TooLarge(_) | SendError::Encode(_))) => {
                    tracing::warn!(%error, "a part of the view cannot be sent to a front end");
                }
                other => other?,
            }
        }
        self.say(&ToClient::Complete {})?;
        self.sent = view;
        self.is_first = false;
        Ok(())
    }

    fn show_picture(
        &mut self,
        number: u64,
        frame: &Arc<Frame>,
        width: u32,
    ) -> Result<(), SendError> {
        self.preview.shown(number, Instant::now());
        let Some(jpeg) = self.house.pictures.jpeg(frame, width) else {
            return Ok(());
        };
        let header = PictureHeader {
            number,
            captured: nanoseconds(frame.captured_at.monotonic),
        };
        self.writer.picture(header, &jpeg)?;
        self.last_word = Instant::now();
        Ok(())
    }

    fn until_next(&self, now: Instant) -> Duration {
        let ping = PING.saturating_sub(now.duration_since(self.last_word));
        self.preview
            .until_next(now)
            .map_or(ping, |next| next.min(ping))
    }

    fn remark_on(&self, error: &SendError) {
        let process = self.socket.peer().map(|peer| peer.process);
        match error {
            SendError::Write(e) if is_timeout(e) => tracing::info!(
                process,
                "a front end has read nothing for {:?} and was cut off",
                self.house.frozen
            ),
            error => tracing::debug!(process, %error, "a front end is gone"),
        }
    }

    fn part(&mut self, words: &LastWords) {
        let said;
        let message = match words {
            LastWords::None => return,
            LastWords::Bye(message) => {
                said = message.to_string();
                ToClient::Bye {
                    said: &said,
                    message: Some(message),
                }
            }
            LastWords::Refused(refused) => ToClient::Refused(refused),
        };
        if self.socket.give_up_writing_after(FAREWELL).is_ok() {
            let _ = self.writer.json(&message);
        }
    }
}

enum LastWords {
    None,
    Bye(Message),
    Refused(Refused),
}
