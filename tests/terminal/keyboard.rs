//! The keyboard of the dashboard at a pseudo-terminal: floods of keys, pastes without an
//! end, badge readers, and a person who types meanwhile.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use portable_pty::PtySize;
use tempfile::TempDir;

use super::{Line, PATIENCE, rollcall};

/// A cheap reader: each key and its release in a report of its own.
const READER: Duration = Duration::from_millis(8);

/// Somebody in a hurry.
const PERSON: Duration = Duration::from_millis(90);

const SIZE: PtySize = PtySize {
    rows: 40,
    cols: 120,
    pixel_width: 0,
    pixel_height: 0,
};

/// What the screen shows: as much of a terminal as the dashboard needs.
struct Screen {
    cells: Vec<Vec<char>>,
    row: usize,
    column: usize,
    /// A sequence or character that is not complete.
    rest: Vec<u8>,
}

impl Screen {
    fn new() -> Self {
        Self {
            cells: vec![vec![' '; usize::from(SIZE.cols)]; usize::from(SIZE.rows)],
            row: 0,
            column: 0,
            rest: Vec::new(),
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(bytes);
        let text = String::from_utf8_lossy(&all).into_owned();
        let mut left = text.as_str();
        while let Some(c) = left.chars().next() {
            if c != '\u{1b}' {
                self.put(c);
                left = &left[c.len_utf8()..];
                continue;
            }
            let Some(sequence) = left.strip_prefix("\u{1b}[") else {
                left = left.get(2..).unwrap_or("");
                continue;
            };
            let Some(end) = sequence.find(|c: char| ('@'..='~').contains(&c)) else {
                self.rest = left.as_bytes().to_vec();
                return;
            };
            if sequence[end..].starts_with('H') {
                let mut at = sequence[..end].split(';').map(|n| n.parse().unwrap_or(1));
                self.row = at.next().unwrap_or(1) - 1;
                self.column = at.next().unwrap_or(1) - 1;
            }
            left = &sequence[end + 1..];
        }
    }

    fn put(&mut self, c: char) {
        if let Some(cell) = self
            .cells
            .get_mut(self.row)
            .and_then(|row| row.get_mut(self.column))
            && !c.is_control()
        {
            *cell = c;
            self.column += 1;
        }
    }

    fn text(&self) -> String {
        let lines = self.cells.iter().map(|row| row.iter().collect::<String>());
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// The dashboard at a pseudo-terminal, with one person who has a badge.
struct Station {
    screen: Screen,
    output: Receiver<Vec<u8>>,
    input: Box<dyn std::io::Write + Send>,
    line: Line,
    data: TempDir,
}

impl Station {
    /// Starts it with a person for each of these badges.
    fn start(badges: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let people = data.path().join("people.csv");
        let rows: String = (1..=badges.len())
            .map(|n| format!("E-{n},Ana {n},2026-01-02\n"))
            .collect();
        std::fs::write(&people, format!("code,name,consent\n{rows}")).unwrap();
        let imported = rollcall(data.path())
            .args(["import", "people"])
            .arg(&people)
            .output()
            .unwrap();
        assert!(imported.status.success(), "{imported:?}");
        for (n, number) in (1..).zip(badges) {
            let mut set = rollcall(data.path())
                .args(["people", "pin", "set", &format!("E-{n}")])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let line = format!("{number}\n");
            set.stdin
                .take()
                .unwrap()
                .write_all(line.as_bytes())
                .unwrap();
            assert!(set.wait().unwrap().success());
        }

        // A wall, so that nobody else comes.
        let picture = data.path().join("wall.png");
        image::RgbImage::from_pixel(320, 240, image::Rgb([120, 120, 120]))
            .save(&picture)
            .unwrap();
        let line = Line::start(
            SIZE,
            data.path(),
            &[("ROLLCALL_DASHBOARD_PREVIEW", "off")],
            &["--source", picture.to_str().unwrap(), "--rate", "5"],
        );
        let mut station = Self {
            screen: Screen::new(),
            output: line.output(),
            input: line.keys(),
            line,
            data,
        };
        station.waits_for("q quit");
        station
    }

    /// Types each character, so long after the one before.
    fn types(&mut self, text: &str, pace: Duration) {
        for byte in text.as_bytes() {
            std::thread::sleep(pace);
            self.input.write_all(&[*byte]).unwrap();
        }
    }

    fn sends(&mut self, bytes: &[u8]) {
        self.input.write_all(bytes).unwrap();
    }

    fn waits_for(&mut self, words: &str) {
        self.waits_until(words, |screen| screen.contains(words));
    }

    fn waits_until(&mut self, what: &str, is_so: impl Fn(&str) -> bool) {
        let started = Instant::now();
        while !is_so(&self.screen.text()) {
            assert!(
                started.elapsed() < PATIENCE,
                "no {what:?} in\n{}",
                self.screen.text()
            );
            match self.output.recv_timeout(Duration::from_millis(100)) {
                Ok(bytes) => self.screen.take(&bytes),
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
                Err(error) => panic!("{error} in\n{}", self.screen.text()),
            }
        }
    }

    /// Takes what is drawn for a while.
    fn looks_on(&mut self, duration: Duration) {
        let until = Instant::now() + duration;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if let Ok(bytes) = self.output.recv_timeout(left) {
                self.screen.take(&bytes);
            }
        }
    }

    /// How many punches are on disk.
    fn punches(&self) -> usize {
        let listed = rollcall(self.data.path())
            .args(["attendance", "list", "--json"])
            .output()
            .unwrap();
        String::from_utf8_lossy(&listed.stdout)
            .matches("\"E-")
            .count()
    }

    /// Waits until so many are on disk.
    fn waits_for_punches(&mut self, wanted: usize, after: &str) {
        let started = Instant::now();
        while self.punches() != wanted {
            assert!(
                started.elapsed() < PATIENCE,
                "{} instead of {wanted} after {after} in\n{}",
                self.punches(),
                self.screen.text()
            );
            self.looks_on(Duration::from_millis(100));
        }
    }

    /// Time that the thread of the keyboard has computed, in hundredths of a second.
    fn keyboard_ticks(&self) -> u64 {
        let tasks = format!("/proc/{}/task", self.line.child.process_id().unwrap());
        let keyboard = std::fs::read_dir(tasks).unwrap().flatten().find(|task| {
            std::fs::read_to_string(task.path().join("comm"))
                .is_ok_and(|name| name.trim() == "input")
        });
        let stat = std::fs::read_to_string(keyboard.unwrap().path().join("stat")).unwrap();
        let fields: Vec<&str> = stat.split(") ").nth(1).unwrap().split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    fn ends(mut self) {
        self.sends(b"\x03");
        let started = Instant::now();
        while self.line.child.try_wait().unwrap().is_none() {
            assert!(
                started.elapsed() < PATIENCE,
                "Ctrl-C does not end it:\n{}",
                self.screen.text()
            );
            self.looks_on(Duration::from_millis(50));
        }
    }
}

#[test]
fn a_flood_of_keys_is_taken_in_and_leaves_nothing_waiting() {
    let mut station = Station::start(&["48392011"]);
    // More than one read of a kilobyte, and the last key is what counts.
    let flood = "j".repeat(1100) + "?";
    station.sends(flood.as_bytes());
    station.waits_for("› help");
    // With bytes left unread, a poll returns at once, again and again.
    station.looks_on(Duration::from_millis(300));
    let before = station.keyboard_ticks();
    station.looks_on(Duration::from_secs(2));
    let spent = station.keyboard_ticks() - before;
    assert!(
        spent < 50,
        "the keyboard's thread spins: {spent} of 200 ticks"
    );
    // And a key is answered without another one behind it.
    let pressed = Instant::now();
    station.sends(b"p");
    station.waits_for("› people");
    assert!(pressed.elapsed() < Duration::from_secs(10), "late");
    // A paste of any size goes nowhere here, and the next key is a key.
    let paste = format!("\x1b[200~{}\x1b[201~l", "q y\r".repeat(5000));
    station.sends(paste.as_bytes());
    station.waits_for("› log");
    station.ends();
}

#[test]
fn a_paste_without_an_end_does_not_end_the_keyboard() {
    let mut station = Station::start(&["48392011"]);
    station.sends(b"e");
    station.waits_for("enrol the face at the camera");
    station.sends(b"\x1b[200~Dana Ngo");
    // What was read is still usable, and so is the keyboard.
    station.waits_for("Dana Ngo");
    station.sends(b"\x1b");
    station.waits_until("a form that is closed", |screen| {
        !screen.contains("Dana Ngo")
    });
    station.sends(b"\x1b[200~another");
    station.looks_on(Duration::from_millis(1500));
    station.ends();
}

#[test]
fn a_badge_punches_from_every_screen_whatever_the_reader_sends() {
    // Each badge punches once, for the same person would be told to wait.
    let badges: Vec<String> = (10..46).map(|n| format!("00123456{n}")).collect();
    let mut station = Station::start(&badges.iter().map(String::as_str).collect::<Vec<_>>());
    let mut punches = 0;
    for (screen, shown) in [
        ("h", "q quit"),
        ("p", "› people"),
        ("t", "› attendance"),
        ("r", "› review"),
        ("m", "› camera"),
        ("l", "› log"),
        ("a", "› audit"),
        ("s", "› settings"),
        ("?", "› help"),
    ] {
        for (frame, pace) in [
            ("NUMBER\r", READER),
            ("NUMBER\n", READER),
            (";NUMBER?\r\n", Duration::ZERO),
            ("%BNUMBER^TORRES/ANA^99121010000?\r", READER),
        ] {
            station.looks_on(Duration::from_millis(200));
            station.sends(screen.as_bytes());
            station.looks_on(Duration::from_millis(300));
            station.waits_for(shown);
            let frame = frame.replace("NUMBER", &badges[punches]);
            station.types(&frame, pace);
            punches += 1;
            station.waits_for_punches(punches, &format!("{frame:?} on {screen}"));
            if screen == "?" {
                // The help closes with the key that opens it.
                station.sends(b"\x1b");
            }
        }
    }
    station.ends();
}

#[test]
fn a_badge_in_the_middle_of_a_form_punches_and_what_a_person_types_is_kept() {
    let mut station = Station::start(&["04A22B9A115C80"]);
    station.sends(b"e");
    station.waits_for("enrol the face at the camera");
    station.types("Dana 12", PERSON);
    station.waits_for("Dana 12");
    station.looks_on(Duration::from_millis(300));
    station.types("04:a2:2b:9a:11:5c:80\r", READER);
    station.waits_for_punches(1, "the badge in the form");
    station.types("3456", PERSON);
    station.waits_for("Dana 123456");
    station.ends();
}
