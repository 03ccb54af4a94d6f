//! A station and the front ends that are attached to it: killed, frozen, closed, many at once.
//!
//! `ROLLCALL_ENDURE=200 cargo test --test attached -- --nocapture --test-threads=1` does
//! everything two hundred times, watches what nobody reads for ten minutes, and prints the
//! figures; the everyday run does it five times.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests too, and tests that say what they have measured"
)]

mod disturbed;
mod killed;
mod measured;
mod puncher;
mod reloaded;
mod restarted;
mod together;
mod unread;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use rollcall::core::attendance::{AttendanceEvent, Direction};
use rollcall::core::embedding::{Embedding, ModelId};
use rollcall::core::person::{PersonCode, PersonId, PersonName};
use rollcall::core::pin::Pin;
use rollcall::link::{Found, Hello, Places};
use rollcall::protocol::Client;
use rollcall::store::{Author, EventFilter, NewPerson, NewTemplate, Store};
use tempfile::TempDir;

/// A slow machine takes its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// Time between two punches of a person; no configuration allows less.
const COOLDOWN: Duration = Duration::from_secs(10);

/// Pictures a second of the film.
const RATE: &str = "5";

/// Whom the film shows.
const FACES: [&str; 3] = ["astronaut", "biden", "obama"];

/// How often each thing is done; so often in an everyday run.
fn rounds(everyday: u32) -> u32 {
    asked_for().unwrap_or(everyday)
}

/// So many people have a PIN.
fn crowd() -> u32 {
    if asked_for().is_some() { 120 } else { 24 }
}

/// Between two PINs, so that nobody's comes twice within the cooldown.
fn pause() -> Duration {
    COOLDOWN * 6 / 5 / crowd()
}

fn asked_for() -> Option<u32> {
    std::env::var("ROLLCALL_ENDURE")
        .ok()
        .map(|count| count.parse().unwrap())
}

/// A limit of time. It is held where somebody measures on a machine that does nothing else; an
/// everyday run only sees that what is waited for comes.
fn limit(measured: Duration) -> Duration {
    if asked_for().is_some() {
        measured
    } else {
        PATIENCE
    }
}

/// Within which time a station ends that is told to.
const END: Duration = Duration::from_secs(2);

/// One station at a time where somebody measures: together they would be late.
fn alone() -> Option<std::sync::MutexGuard<'static, ()>> {
    static ONE: Mutex<()> = Mutex::new(());
    asked_for()?;
    Some(
        ONE.lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner),
    )
}

/// Numbers that look random and are the same on every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn millis(&mut self, end: u64) -> Duration {
        Duration::from_millis(self.below(end))
    }
}

/// The program that is looked at; another one than that of this build for `script/measure-station`.
fn binary() -> std::ffi::OsString {
    std::env::var_os("ROLLCALL_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_rollcall").into())
}

fn rollcall(data: &Path) -> Command {
    let mut command = Command::new(binary());
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("--data-dir")
        .arg(data);
    command
}

/// A data folder in which people are enrolled, some with a PIN and some with a face, and a
/// film of those faces.
struct Home {
    folder: TempDir,
    pins: Vec<(PersonId, Pin)>,
}

impl Home {
    fn new(with_pin: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Self {
            pins: enrolled_with_pins(&folder.path().join("data"), with_pin),
            folder,
        };
        home.configure("");
        home.enrol_faces();
        home.make_film();
        home
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn film(&self) -> PathBuf {
        self.folder.path().join("film")
    }

    /// Writes the configuration, with other lines at its end.
    fn configure(&self, more: &str) {
        let text = format!(
            "[attendance]\ncooldown_secs = {}\n[backup]\nevery_hours = 0\n{more}",
            COOLDOWN.as_secs()
        );
        std::fs::write(self.data().join("config.toml"), text).unwrap();
    }

    fn enrol_faces(&self) {
        let pictures = self.folder.path().join("pictures");
        for face in FACES {
            let folder = pictures.join(face);
            std::fs::create_dir_all(&folder).unwrap();
            let picture = format!("tests/fixtures/faces/{face}.jpg");
            std::fs::copy(picture, folder.join("1.jpg")).unwrap();
        }
        let enrolled = rollcall(&self.data())
            .args(["enrol", "--consent", "today", "--dir"])
            .arg(pictures)
            .output()
            .unwrap();
        assert!(enrolled.status.success(), "{enrolled:?}");
    }

    /// Each face for four seconds and then nobody: longer than the cooldown lasts.
    fn make_film(&self) {
        std::fs::create_dir(self.film()).unwrap();
        for (number, scene) in FACES.iter().chain(&["coffee"]).enumerate() {
            for picture in 0..20 {
                let path = self
                    .film()
                    .join(format!("{:03}.jpg", number * 20 + picture));
                std::fs::copy(format!("tests/fixtures/faces/{scene}.jpg"), path).unwrap();
            }
        }
    }

    fn events(&self) -> Vec<AttendanceEvent> {
        let store = Store::open_read_only(&self.data()).unwrap();
        store.events(&EventFilter::default()).unwrap()
    }

    /// The records after it all: nobody twice, nothing left out, the chain whole.
    fn check_records(&self) -> Vec<AttendanceEvent> {
        let store = Store::open(&self.data()).unwrap();
        store.check().unwrap();
        assert_eq!(store.verify_chain().unwrap().broken, None);
        drop(store);
        let events = self.events();
        let mut days: BTreeMap<_, Vec<&AttendanceEvent>> = BTreeMap::new();
        for event in &events {
            days.entry((event.person, event.local_day))
                .or_default()
                .push(event);
        }
        for ((person, day), mut events) in days {
            events.sort_by_key(|event| event.sequence);
            for (place, event) in events.iter().enumerate() {
                assert_eq!(event.sequence as usize, place + 1, "{person:?} on {day}");
                let expected = [Direction::In, Direction::Out][place % 2];
                assert_eq!(event.direction, expected, "{person:?} on {day}");
            }
            for pair in events.windows(2) {
                let apart = (pair[1].at - pair[0].at).to_std().unwrap();
                assert!(apart + Duration::from_millis(100) >= COOLDOWN, "{pair:?}");
            }
        }
        events
    }
}

/// People who have never been seen by a camera: what describes their faces is made up.
fn enrolled_with_pins(data: &Path, count: u32) -> Vec<(PersonId, Pin)> {
    let author = Author {
        name: "test",
        at: chrono::Local::now().fixed_offset(),
    };
    let mut store = Store::open(data).unwrap();
    let person = |number: u32| NewPerson {
        name: PersonName::parse(&format!("Person {number}")).unwrap(),
        code: PersonCode::parse(&format!("P-{number}")).unwrap(),
        consent_at: None,
        templates: vec![NewTemplate {
            embedding: Embedding::from_raw(vec![1.0; 512]).unwrap(),
            model: ModelId::from_sha256("0123456789abcdef"),
            quality: 1.0,
            jpeg: None,
        }],
    };
    let mut pins = Vec::new();
    for number in 0..count {
        let person = person(number);
        let id = store.add_person(&person, author).unwrap().0.id;
        let pin = Pin::parse(&format!("73{number:04}")).unwrap();
        store.set_pin(&person.code, &pin, author).unwrap();
        pins.push((id, pin));
    }
    pins
}

/// A station without a dashboard.
struct Service {
    child: Child,
    /// What it has printed, unless nobody reads it.
    lines: Arc<Mutex<Vec<String>>>,
    data: PathBuf,
}

impl Service {
    /// Starts one whose lines are read.
    fn start(home: &Home) -> Self {
        Self::start_at(home, RATE)
    }

    /// The same with so many pictures a second.
    fn start_at(home: &Home, rate: &str) -> Self {
        let mut service = Self::start_into(home, rate, Stdio::piped());
        let printed = BufReader::new(service.child.stdout.take().unwrap()).lines();
        let lines = Arc::clone(&service.lines);
        std::thread::spawn(move || {
            for line in printed.map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        service
    }

    fn start_into(home: &Home, rate: &str, output: Stdio) -> Self {
        let child = rollcall(&home.data())
            .args(["run", "--headless", "--rate", rate, "--source"])
            .arg(home.film())
            .stdin(Stdio::null())
            .stdout(output)
            .spawn()
            .unwrap();
        Self {
            child,
            lines: Arc::default(),
            data: home.data(),
        }
    }

    /// Starts one that prints into a full pipe, which nobody reads.
    fn start_unread(home: &Home) -> (Self, std::io::PipeReader) {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut writer = File::from(std::os::fd::OwnedFd::from(writer));
        fill(&mut writer);
        (Self::start_into(home, RATE, Stdio::from(writer)), reader)
    }

    /// Its socket, once it is there.
    fn socket(&mut self) -> PathBuf {
        let started = Instant::now();
        loop {
            if let Found::Live(socket) = Places::new().find(&self.data) {
                return socket;
            }
            assert!(self.is_alive(), "the station has ended");
            assert!(started.elapsed() < PATIENCE, "nobody can attach");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn attach(&mut self, operator: &str) -> Client {
        let hello = Hello {
            operator: operator.to_owned(),
            watches_only: false,
        };
        rollcall::link::attach(&self.socket(), hello).unwrap()
    }

    fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Kilobytes that the process has in memory.
    fn memory_kb(&self) -> u64 {
        self.status_kb("VmRSS:")
    }

    /// A line of the kernel's figures about the process, in kilobytes.
    fn status_kb(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let figure = line.and_then(|line| line.split_whitespace().next());
        figure.unwrap().parse().unwrap()
    }

    /// Ends it as a service manager does; how long that took.
    fn end(&mut self) -> Duration {
        self.signal(Signal::SIGTERM);
        let started = Instant::now();
        while self.is_alive() {
            assert!(started.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        let took = started.elapsed();
        assert!(took <= limit(END), "it took {took:?} to end");
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
        took
    }

    /// How often it has printed a check-in or check-out.
    fn printed_punches(&self) -> usize {
        let lines = self.lines.lock().unwrap();
        let is_punch =
            |line: &&String| line.contains(" checked in") || line.contains(" checked out");
        lines.iter().filter(is_punch).count()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Full pipes block whoever writes to them.
fn fill(pipe: &mut File) {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    use std::os::fd::AsFd as _;
    fcntl(pipe.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    while pipe.write(&[b'.'; 4096]).is_ok() {}
    while pipe.write(b".").is_ok() {}
    fcntl(pipe.as_fd(), FcntlArg::F_SETFL(OFlag::empty())).unwrap();
}

/// `rollcall attach` at a pseudo-terminal.
struct Dashboard {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    is_closed: Arc<AtomicBool>,
    text: Arc<Mutex<Vec<u8>>>,
}

impl Dashboard {
    /// One whose terminal nobody reads.
    fn unread(home: &Home, operator: &str, arguments: &[&str]) -> Self {
        let size = PtySize {
            rows: 40,
            cols: 120,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(binary());
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        for (name, value) in [
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("COLORTERM", "truecolor"),
            ("ROLLCALL_OPERATOR", operator),
        ] {
            command.env(name, value);
        }
        command.args(["--data-dir", home.data().to_str().unwrap(), "attach"]);
        command.args(arguments);
        let child = pair.slave.spawn_command(command).unwrap();
        Self {
            child,
            master: Some(pair.master),
            is_closed: Arc::default(),
            text: Arc::default(),
        }
    }

    /// One whose terminal is read.
    fn read(home: &Home, operator: &str, arguments: &[&str]) -> Self {
        let dashboard = Self::unread(home, operator, arguments);
        let master = dashboard.master.as_ref().unwrap();
        let mut reader = master.try_clone_reader().unwrap();
        let (is_closed, text) = (
            Arc::clone(&dashboard.is_closed),
            Arc::clone(&dashboard.text),
        );
        std::thread::spawn(move || {
            let mut bytes = vec![0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                text.lock().unwrap().extend_from_slice(&bytes[..count]);
                if is_closed.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        dashboard
    }

    fn signal(&self, signal: Signal) {
        let process = self.child.process_id().unwrap();
        // It may have ended by itself.
        let _ = kill(Pid::from_raw(process.try_into().unwrap()), signal);
    }

    /// Closes the terminal, as a lost connection does.
    fn close(&mut self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.master = None;
    }

    fn press(&self, keys: &str) {
        let mut writer = self.master.as_ref().unwrap().take_writer().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until it has written this.
    fn wait_for(&mut self, words: &str) {
        let started = Instant::now();
        loop {
            let text = String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned();
            if text.contains(words) {
                return;
            }
            let has_ended = self.child.try_wait().unwrap();
            assert!(
                has_ended.is_none() && started.elapsed() < PATIENCE,
                "{words:?} was not said; {has_ended:?}: {text:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn wait_for_end(&mut self) {
        let started = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < PATIENCE, "a dashboard does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
    }
}
