//! Messages of every kind, valid and not, at a running server and a running client.
//!
//! 10,000 messages to the server and 2,000 to the client every day. `ROLLCALL_FUZZ=100000`
//! sets another number, `ROLLCALL_FUZZ_SEED` another course of things:
//!
//! ```text
//! ROLLCALL_FUZZ=100000 cargo test -p rollcall-link --test fuzz
//! ```
//!
//! Whatever is sent, each valid command is answered once, everything else is refused or ends
//! the connection in good order, nothing panics and memory stays as it is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of a test say what they expect by unwrapping it"
)]

mod common;

use rollcall_messages::Message;
use std::io::Write as _;
use std::net::Shutdown;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use common::raw::{HELLO, Raw, framed, text};
use common::{Fake, Room, answers, attach, resident, roster, until};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rollcall_core::attendance::{Direction, EventId};
use rollcall_core::consensus::TrackId;
use rollcall_core::correction::{Change, Correction, Deed};
use rollcall_core::event::Intent;
use rollcall_core::person::{PersonCode, PersonId, PersonName};
use rollcall_core::pin::Pin;
use rollcall_core::review::ReviewDeed;
use rollcall_protocol::{
    Command, ControlChange, ControlStep, LinkState, PageKind, PageLine, PersonChange, PersonDeed,
    PreviewWish, Question, ReportQuery, SettingChange,
};

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Memory is measured: one after the other.
static ALONE: Mutex<()> = Mutex::new(());

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            usual(panic);
        }));
    });
}

fn number_of(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}

fn runner(course: u8) -> TestRunner {
    let mut seed = [course; 32];
    let other = number_of("ROLLCALL_FUZZ_SEED").unwrap_or_default();
    seed[..8].copy_from_slice(&(other as u64).to_le_bytes());
    TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, &seed),
    )
}

fn any_of<S: Strategy>(strategy: &S, runner: &mut TestRunner) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

fn name() -> impl Strategy<Value = PersonName> {
    "[A-Za-zñéüÇ]{1,12} [A-Z][a-z]{0,9}".prop_map(|name| PersonName::parse(&name).unwrap())
}

fn code() -> impl Strategy<Value = PersonCode> {
    "[A-Z][-A-Za-z0-9_.]{0,20}".prop_map(|code| PersonCode::parse(&code).unwrap())
}

fn pin() -> impl Strategy<Value = Pin> {
    "1[0-9]{3}7[0-9]{2,20}".prop_filter_map("easy", |digits| Pin::parse(&digits).ok())
}

fn day() -> impl Strategy<Value = chrono::NaiveDate> {
    (1970..2100_i32, 1..366_u32)
        .prop_map(|(year, day)| chrono::NaiveDate::from_yo_opt(year, day).unwrap())
}

fn moment() -> impl Strategy<Value = chrono::NaiveDateTime> {
    (day(), 0..24_u32, 0..60_u32).prop_map(|(day, h, m)| day.and_hms_opt(h, m, 0).unwrap())
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::In), Just(Direction::Out)]
}

fn deed() -> impl Strategy<Value = Deed<chrono::NaiveDateTime>> {
    let event = || any::<i64>().prop_map(EventId);
    prop_oneof![
        (code(), moment(), direction()).prop_map(|(code, when, direction)| Deed::Add {
            code,
            when,
            direction
        }),
        event().prop_map(|event| Deed::Void { event }),
        event().prop_map(|event| Deed::Disown { event }),
        (
            event(),
            proptest::option::of(moment()),
            proptest::option::of(code()),
            proptest::option::of(direction())
        )
            .prop_map(|(event, when, code, direction)| Deed::Change {
                event,
                change: Change {
                    when,
                    code,
                    direction
                }
            }),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    let report = || (day(), day()).prop_map(|(from, to)| ReportQuery { from, to });
    let line =
        ("\\PC{0,20}", "\\PC{0,60}", any::<bool>()).prop_map(|(term, words, is_drawn)| PageLine {
            health: None,
            term: Message::verbatim(term),
            words: Message::verbatim(words),
            is_drawn,
        });
    let change = prop_oneof![
        name().prop_map(PersonChange::Rename),
        any::<bool>().prop_map(PersonChange::Active),
        Just(PersonChange::Consent),
        proptest::option::of(pin()).prop_map(PersonChange::Pin),
        Just(PersonChange::Erase),
    ];
    let setting = (
        "[a-z]{1,9}",
        "[a-z_]{1,20}",
        proptest::option::of("\\PC{0,40}"),
    );
    prop_oneof![
        report().prop_map(Question::Report),
        report().prop_map(Question::Export),
        Just(Question::Visitors),
        Just(Question::Page(PageKind::Audit)),
        code().prop_map(Question::Person),
        Just(Question::Settings),
        (vec(any::<i64>(), 0..50), "\\PC{0,20}")
            .prop_map(|(sightings, by)| Question::Review(ReviewDeed::Ignore { sightings, by })),
        (code(), change, "\\PC{0,20}").prop_map(|(code, change, by)| Question::ChangePerson(
            PersonDeed {
                code,
                change,
                by,
                is_agreed: false,
            }
        )),
        (setting, any::<bool>()).prop_map(|((section, key, value), is_agreed)| {
            Question::ChangeSetting(SettingChange {
                section,
                key,
                value,
                by: "Ana".to_owned(),
                is_agreed,
            })
        }),
        vec(line, 0..30).prop_map(Question::WriteThreshold),
    ]
}

fn intent() -> impl Strategy<Value = Intent<chrono::NaiveDateTime>> {
    prop_oneof![
        Just(Intent::ChooseFace),
        Just(Intent::AwaitFace),
        (name(), code(), proptest::option::of(any::<u64>())).prop_map(|(name, code, face)| {
            Intent::Enrol {
                name,
                code,
                face: face.map(TrackId),
                camera: None,
            }
        }),
        (code(), proptest::option::of(any::<i64>())).prop_map(|(code, other)| {
            Intent::ConfirmEnrolment {
                code,
                another_than: other.map(PersonId),
            }
        }),
        Just(Intent::CancelEnrolment),
        pin().prop_map(Intent::EnterPin),
        (deed(), "\\PC{0,20}", "\\PC{0,80}").prop_map(|(deed, operator, reason)| {
            Intent::Correct(Box::new(Correction {
                deed,
                operator,
                reason,
                face: None,
            }))
        }),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let step = prop_oneof![
        any::<i64>().prop_map(ControlStep::By),
        Just(ControlStep::ToDefault)
    ];
    prop_oneof![
        intent().prop_map(Command::Intent),
        question().prop_map(Command::Ask),
        Just(Command::ReadControls),
        ("[a-z]{1,9}", step)
            .prop_map(|(name, step)| Command::ChangeControl(ControlChange { name, step })),
        Just(Command::TestCamera),
    ]
}

/// Text that can be read and means nothing, with words that mean something elsewhere.
fn json() -> impl Strategy<Value = String> {
    let word = || {
        const KNOWN: &[&str] = &[
            "command", "intent", "ask", "number", "correct", "preview", "name", "rate",
        ];
        prop_oneof![
            proptest::sample::select(KNOWN).prop_map(str::to_owned),
            "[a-z_]{0,8}"
        ]
    };
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<u64>().prop_map(|value| value.to_string()),
        (-1e300..1e300).prop_map(|value: f64| format!("{value:e}")),
        word().prop_map(|word| format!("\"{word}\"")),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        let field = (word(), inner.clone()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
        prop_oneof![
            vec(inner, 0..6).prop_map(|list| format!("[{}]", list.join(","))),
            vec(field, 0..6).prop_map(|fields| format!("{{{}}}", fields.join(","))),
        ]
    })
}

fn valid(number: u64, command: &Command) -> String {
    let command = serde_json::to_string(command).unwrap();
    format!(r#"{{"command":{{"number":{number},"command":{command}}}}}"#)
}

/// What can be done to bytes.
fn mutated(mut bytes: Vec<u8>, runner: &mut TestRunner) -> Vec<u8> {
    let step = (any::<prop::sample::Index>(), any::<u8>(), 0..5_u8);
    for (place, byte, kind) in any_of(&vec(step, 1..6), runner) {
        if bytes.is_empty() {
            break;
        }
        let at = place.index(bytes.len());
        match kind {
            0 => bytes[at] = byte,
            1 => bytes[at] ^= 1 << (byte % 8),
            2 => bytes.insert(at, byte),
            3 => {
                bytes.remove(at);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// Sends messages of one kind on connections of its own.
struct Hostile<'a> {
    socket: &'a Path,
    runner: TestRunner,
    raw: Option<Raw>,
    next: u64,
    /// Commands that were answered, connections that were ended with words, and without.
    counts: [usize; 3],
}

/// No number that is made up by chance.
const PROBES: u64 = 1 << 62;

impl Hostile<'_> {
    fn raw(&mut self) -> &mut Raw {
        let socket = self.socket;
        self.raw.get_or_insert_with(|| Raw::attach(socket))
    }

    fn valid(&mut self) {
        let command = any_of(&command(), &mut self.runner);
        self.next += 1;
        let number = self.next;
        self.raw().say(&valid(number, &command));
        assert!(self.is_answered(number), "{command:?} was not answered");
        self.counts[0] += 1;
    }

    /// A message in its frame that says something else than it should.
    fn nonsense(&mut self) {
        let runner = &mut self.runner;
        let payload = match any_of(&(0..6_u8), runner) {
            0 => any_of(&vec(any::<u8>(), 0..600), runner),
            1 => any_of(&"\\PC{0,200}", runner).into_bytes(),
            2 => HELLO.as_bytes().to_vec(),
            3 => any_of(&json(), runner).into_bytes(),
            // It has a number, so that it is answered.
            4 => {
                let contents = any_of(&json(), runner);
                format!(r#"{{"command":{{"number":1,"command":{contents}}}}}"#).into_bytes()
            }
            _ => {
                let command = any_of(&command(), runner);
                mutated(valid(1, &command).into_bytes(), runner)
            }
        };
        let is_picture = any_of(&(0..20_u8), runner) == 0;
        let message = framed(if is_picture { b'P' } else { b'J' }, &payload);
        self.next += 1;
        let number = self.next;
        let probe = text(&valid(number, &Command::TestCamera));
        let raw = self.raw();
        // It may be closed before all of it is sent.
        let _ = raw.0.write_all(&[message, probe].concat());
        if self.is_answered(number) {
            self.counts[0] += 1;
        } else {
            self.raw = None;
        }
    }

    /// Bytes that are no message.
    fn noise(&mut self) {
        let runner = &mut self.runner;
        let (with_hello, kind) = any_of(&(any::<bool>(), 0..3_u8), runner);
        let bytes = if kind == 0 {
            any_of(&vec(any::<u8>(), 0..2000), runner)
        } else {
            let command = any_of(&command(), runner);
            mutated(text(&valid(1, &command)), runner)
        };
        self.raw = None;
        let mut raw = if with_hello {
            Raw::attach(self.socket)
        } else {
            Raw::connect(self.socket)
        };
        let _ = raw.0.write_all(&bytes);
        let _ = raw.0.shutdown(Shutdown::Write);
        let began = Instant::now();
        while raw.hear().is_ok_and(|message| message.is_some()) {}
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "it was not ended: {bytes:?}"
        );
        self.counts[2] += 1;
    }

    /// Whether this command is answered. If not, the connection was ended with words.
    fn is_answered(&mut self, number: u64) -> bool {
        let start = format!(r#"{{"told":{{"number":{number},"#);
        let mut refused = false;
        loop {
            match self.raw().hear() {
                Ok(Some(message)) if message.starts_with(&start) => return true,
                Ok(Some(message)) => refused |= message.starts_with(r#"{"refused":"#),
                // A connection that is closed with something unread is reset.
                Ok(None) | Err(_) => {
                    assert!(refused, "the connection was ended without a word");
                    self.counts[1] += 1;
                    return false;
                }
            }
        }
    }
}

#[test]
fn a_server_answers_or_refuses_everything() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    count_panics();
    let messages = number_of("ROLLCALL_FUZZ").unwrap_or(10_000);
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    let mut witness = attach(server.socket());
    let run = |course: u8, messages: usize| {
        let mut hostile = Hostile {
            socket: server.socket(),
            runner: runner(course),
            raw: None,
            next: PROBES,
            counts: [0; 3],
        };
        for message in 0..messages {
            match message % 10 {
                0..5 => hostile.valid(),
                5..8 => hostile.nonsense(),
                _ => hostile.noise(),
            }
        }
        hostile.counts
    };
    // What is taken once and kept is no leak.
    run(1, 500);
    fake.forget();
    let before = resident();
    let began = Instant::now();
    let counts = std::thread::scope(|scope| {
        let courses = (2..6).map(|course| scope.spawn(move || run(course, messages / 4)));
        let courses: Vec<_> = courses.collect();
        courses
            .into_iter()
            .map(|course| course.join().unwrap())
            .fold([0; 3], |sum, some| [0, 1, 2].map(|i| sum[i] + some[i]))
    });
    let took = began.elapsed();
    fake.forget();
    until("all have left", || server.guests() == 1);
    let grown = resident().saturating_sub(before);
    println!(
        "{messages} messages in {took:?}: {} answered, {} refused, {} ended; {} kB grown",
        counts[0],
        counts[1],
        counts[2],
        grown >> 10
    );
    assert!(grown < 32 << 20, "{grown} bytes are kept");
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
    // Those who behave have noticed nothing.
    fake.log("after all that");
    until("the witness is served", || {
        witness.view().log().written() == 1
    });
    witness.send(Command::TestCamera);
    answers(&mut witness, 1);
    assert_eq!(witness.state(), LinkState::Connected);
}

/// Messages of a station that are as they should be.
fn of_a_station() -> Vec<Vec<u8>> {
    let (room, fake) = (Room::new(), Fake::new());
    fake.show(|view| view.roster = roster((0..20).map(|id| common::person(id, "Ana Torres"))));
    fake.show_picture(common::noise(64, 48, 5));
    fake.log("a line");
    let server = room.serve(&fake);
    let mut raw = Raw::attach(server.socket());
    let mut messages: Vec<Vec<u8>> = Vec::new();
    raw.say(&valid(1, &Command::TestCamera));
    while !messages
        .last()
        .is_some_and(|last| last.starts_with(br#"{"told""#))
    {
        messages.push(raw.hear().unwrap().unwrap().into_bytes());
    }
    messages.push(br#"{"bye":{"said":"later"}}"#.to_vec());
    messages.push(br#"{"refused":{"code":"full","said":"later"}}"#.to_vec());
    messages
}

fn of_a_hostile_station(known: &[Vec<u8>], runner: &mut TestRunner) -> Vec<u8> {
    let place = any_of(&any::<prop::sample::Index>(), runner);
    let message = place.get(known).clone();
    match any_of(&(0..5_u8), runner) {
        0 => framed(b'J', &message),
        1 => mutated(framed(b'J', &message), runner),
        2 => framed(b'P', &any_of(&vec(any::<u8>(), 0..300), runner)),
        3 => any_of(&vec(any::<u8>(), 0..300), runner),
        _ => framed(b'J', &mutated(message, runner)),
    }
}

#[test]
fn a_client_bears_everything() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    count_panics();
    let messages = number_of("ROLLCALL_FUZZ").unwrap_or(10_000) / 5;
    let known = of_a_station();
    let room = Room::new();
    let socket = room.socket();
    let listener = UnixListener::bind(&socket).unwrap();
    let hello = format!(
        r#"{{"hello":{{"protocol":{{"major":{},"minor":0}},"now":18446744073709551615}}}}"#,
        rollcall_link::MAJOR
    );
    let (told_in, told) = crossbeam_channel::bounded::<()>(0);
    let station = std::thread::spawn(move || {
        let mut runner = runner(9);
        let mut sent = 0;
        while sent < messages {
            let mut raw = Raw::accept(&listener);
            raw.say(&hello);
            // Each connection gets some; the client comes again five times a second.
            for _ in 0..messages.div_ceil(20) {
                sent += 1;
                if raw
                    .0
                    .write_all(&of_a_hostile_station(&known, &mut runner))
                    .is_err()
                {
                    break;
                }
            }
        }
        told_in.send(()).unwrap();
        // And then one that behaves.
        let mut raw = Raw::accept(&listener);
        raw.say(&hello);
        raw.say(r#"{"update":{"facts":{"station_name":"Good"}}}"#);
        raw.say(r#"{"complete":{}}"#);
        let _ = raw.hear();
    });
    let mut client = attach(&socket);
    client.wish(PreviewWish {
        width: 100,
        rate: 9.0,
    });
    let before = resident();
    let mut open = 0;
    while told.try_recv().is_err() {
        client.send(Command::TestCamera);
        open += 1;
        open -= client.replies().len();
        let _ = (
            client.view().people().count(),
            client.now(),
            client.picture(0),
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    until("it finds the good one", || {
        client.view().facts.station_name == "Good"
    });
    until("all is answered", || {
        open -= client.replies().len();
        open == 0 || client.state() == LinkState::Connected
    });
    let grown = resident().saturating_sub(before);
    println!("{messages} messages: {} kB grown", grown >> 10);
    assert!(grown < 32 << 20, "{grown} bytes are kept");
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
    drop(client);
    station.join().unwrap();
}
