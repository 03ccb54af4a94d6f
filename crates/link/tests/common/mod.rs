//! A station that is none: it shows what it is told to show and says yes to everything.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

pub mod raw;

use rollcall_messages::Message;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset};
use crossbeam_channel::{Sender, bounded};
use image::RgbImage;
use rollcall_core::event::Seat;
use rollcall_core::frame::{Frame, FrameId, Moment};
use rollcall_core::notice::Notice;
use rollcall_core::person::{Expectation, Person, PersonCode, PersonId, PersonName};
use rollcall_link::{Hello, Place, Places, Server};
use rollcall_protocol::{
    Client, Command, Facts, Guest, Host, Link, LinkState, OUTSTANDING, PreviewWish, Refusal, Reply,
    Roster, StationView, Told,
};
use rollcall_system::stop::StopFlag;

/// The station.
#[derive(Clone)]
pub struct Fake(pub Arc<Inner>);

pub struct Inner {
    pub view: Mutex<StationView>,
    pub picture: Mutex<Option<(u64, Arc<Frame>)>>,
    pub guests: Mutex<Vec<Guest>>,
    /// Commands that came.
    pub commands: Mutex<Vec<Command>>,
    /// Answers nothing as long as it is set.
    pub is_silent: AtomicBool,
    pub ended: Mutex<Option<String>>,
    pub left: AtomicUsize,
    wishes: Mutex<Vec<PreviewWish>>,
    seats: Mutex<Vec<(Seat, Sender<()>)>>,
    next: AtomicU64,
    started: Instant,
}

impl Fake {
    pub fn new() -> Self {
        let view = StationView {
            facts: Arc::new(Facts {
                station_name: "Front door".to_owned(),
                zone: "Asia/Tokyo".to_owned(),
                ..Facts::default()
            }),
            ..StationView::default()
        };
        Self(Arc::new(Inner {
            view: Mutex::new(view),
            picture: Mutex::default(),
            guests: Mutex::default(),
            commands: Mutex::default(),
            is_silent: AtomicBool::new(false),
            ended: Mutex::default(),
            left: AtomicUsize::new(0),
            wishes: Mutex::default(),
            seats: Mutex::default(),
            next: AtomicU64::new(1),
            started: Instant::now()
                .checked_sub(Duration::from_secs(100))
                .unwrap(),
        }))
    }

    pub fn host(&self) -> Arc<dyn Host> {
        Arc::new(self.clone())
    }

    /// Changes what is seen of it.
    pub fn show(&self, change: impl FnOnce(&mut StationView)) {
        change(&mut self.0.view.lock().unwrap());
        self.tell_news();
    }

    pub fn show_picture(&self, image: RgbImage) {
        let number = self.0.next.fetch_add(1, Ordering::SeqCst);
        let frame = Frame {
            camera: None,
            id: FrameId(number),
            captured_at: self.now(),
            image,
        };
        *self.0.picture.lock().unwrap() = Some((number, Arc::new(frame)));
        self.tell_news();
    }

    pub fn end(&self, said: &str) {
        *self.0.ended.lock().unwrap() = Some(said.to_owned());
        self.tell_news();
    }

    /// Gives back the memory of what came.
    pub fn forget(&self) {
        *self.0.commands.lock().unwrap() = Vec::new();
        *self.0.guests.lock().unwrap() = Vec::new();
        *self.0.wishes.lock().unwrap() = Vec::new();
    }

    pub fn wishes(&self) -> Vec<PreviewWish> {
        self.0.wishes.lock().unwrap().clone()
    }

    pub fn seated(&self) -> usize {
        self.0.seats.lock().unwrap().len()
    }

    pub fn log(&self, text: &str) {
        let now = self.now();
        self.show(|view| {
            Arc::make_mut(&mut view.log)
                .push(&now, Notice::Info(Message::verbatim(text.to_owned())));
        });
    }

    fn tell_news(&self) {
        for (_, news) in &*self.0.seats.lock().unwrap() {
            let _ = news.try_send(());
        }
    }

    pub fn now(&self) -> Moment {
        Moment {
            monotonic: self.0.started.elapsed(),
            wall: DateTime::UNIX_EPOCH.fixed_offset(),
        }
    }
}

impl Host for Fake {
    fn join(&self, guest: Guest) -> Client {
        self.0.guests.lock().unwrap().push(guest);
        let seat = Seat(self.0.next.fetch_add(1, Ordering::SeqCst));
        let (told_in, told) = bounded(OUTSTANDING);
        let (news_in, news) = bounded(1);
        self.0.seats.lock().unwrap().push((seat, news_in.clone()));
        let link = FakeLink {
            fake: self.clone(),
            seat,
            told: told_in,
            news: news_in,
        };
        Client::new(Box::new(link), told, news)
    }
}

struct FakeLink {
    fake: Fake,
    seat: Seat,
    told: Sender<Told>,
    news: Sender<()>,
}

impl Drop for FakeLink {
    fn drop(&mut self) {
        let mut seats = self.fake.0.seats.lock().unwrap();
        seats.retain(|(seat, _)| *seat != self.seat);
        self.fake.0.left.fetch_add(1, Ordering::SeqCst);
    }
}

impl Link for FakeLink {
    fn view(&self) -> StationView {
        self.fake.0.view.lock().unwrap().clone()
    }

    fn state(&self) -> LinkState {
        match &*self.fake.0.ended.lock().unwrap() {
            None => LinkState::Connected,
            Some(said) => LinkState::Ended(Some(Message::verbatim(said.clone()))),
        }
    }

    fn picture(&self, after: u64) -> Option<(u64, Arc<Frame>)> {
        let picture = self.fake.0.picture.lock().unwrap();
        picture.clone().filter(|(number, _)| *number != after)
    }

    fn wish(&self, wish: PreviewWish) {
        self.fake.0.wishes.lock().unwrap().push(wish);
    }

    fn submit(&self, number: u64, command: Command) -> Result<(), Refusal> {
        let said = format!("{command:?}");
        self.fake.0.commands.lock().unwrap().push(command);
        if !self.fake.0.is_silent.load(Ordering::SeqCst) {
            let reply = Reply::Done(Message::verbatim(said));
            self.told.try_send(Told { number, reply }).unwrap();
            let _ = self.news.try_send(());
        }
        Ok(())
    }

    fn now(&self) -> Moment {
        self.fake.now()
    }

    fn seat(&self) -> Seat {
        self.seat
    }
}

/// A folder for sockets and a data folder.
pub struct Room {
    pub root: tempfile::TempDir,
    pub places: Places,
}

impl Room {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["session", "tmp", "data"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        let places = Places::below(root.path());
        Self { root, places }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub fn place(&self) -> Place {
        self.places.to_serve(&self.data_dir()).unwrap()
    }

    pub fn serve(&self, fake: &Fake) -> Server {
        Server::start(&self.place(), fake.host(), StopFlag::new()).unwrap()
    }

    pub fn socket(&self) -> PathBuf {
        self.place().socket().to_owned()
    }
}

pub fn ana() -> Hello {
    Hello {
        operator: "Ana".to_owned(),
        watches_only: false,
    }
}

pub fn attach(socket: &Path) -> Client {
    rollcall_link::attach(socket, ana()).unwrap()
}

/// Waits until it is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < patience, "not so: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits for so many answers.
pub fn answers(client: &mut Client, count: usize) -> Vec<Told> {
    let mut answers = Vec::new();
    until("all commands are answered", || {
        answers.extend(client.replies());
        answers.len() >= count
    });
    answers
}

pub fn said(told: &Told) -> String {
    match &told.reply {
        Reply::Done(said) => said.clone().to_string(),
        Reply::Refused(refusal) => format!("{:?}: {}", refusal.code, refusal.said),
        other => format!("{other:?}"),
    }
}

pub fn wall(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

pub fn person(id: i64, name: &str) -> Arc<Person> {
    Arc::new(Person {
        id: PersonId(id),
        code: PersonCode::parse(&format!("E-{id}")).unwrap(),
        name: PersonName::parse(name).unwrap(),
        team: None,
        active: true,
        created_at: wall("2026-03-01T08:00:00+01:00"),
        template_count: 3,
        expectation: Expectation::default(),
    })
}

pub fn roster(people: impl IntoIterator<Item = Arc<Person>>) -> Arc<Roster> {
    Arc::new(Roster {
        people: people.into_iter().map(|p| (p.id, p)).collect(),
        retired_codes: Vec::new(),
    })
}

/// Bytes of this process that are in memory.
pub fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// A picture that JPEG cannot make small.
pub fn noise(width: u32, height: u32, seed: u32) -> RgbImage {
    let mut state = seed | 1;
    RgbImage::from_fn(width, height, |_, _| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        image::Rgb([state as u8, (state >> 8) as u8, (state >> 16) as u8])
    })
}

/// Bytes of what this station would have had to say, with everything new each time.
pub fn offer(fake: &Fake, round: i64) -> usize {
    let name = format!("Somebody {round}");
    let people = (0..2000).map(|id| person(id, &name));
    fake.show(|view| view.roster = roster(people));
    2000 * 250
}
