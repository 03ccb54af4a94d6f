//! A tour of the dashboard in a real terminal: a person at the keyboard of tmux, who
//! presses every key and reads the screen.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests too")]
#![allow(clippy::too_many_lines, reason = "a tour has many stops")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rollcall::store::StationLock;
use tempfile::TempDir;

/// A slow machine takes its time; a screen that never comes fails here.
const PATIENCE: Duration = Duration::from_secs(90);

/// A shell in tmux, with a server of its own.
struct Operator {
    dir: TempDir,
}

impl Operator {
    fn new(width: u16, height: u16) -> Self {
        let operator = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let size = [width.to_string(), height.to_string()];
        operator.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &size[0],
            "-y",
            &size[1],
            "env",
            "PS1=at-the-shell> ",
            "TERM=screen-256color",
            "LANG=C.UTF-8",
            "bash",
            "--norc",
            "--noprofile",
        ]);
        operator.waits_for("at-the-shell>");
        operator
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux")
            .arg("-S")
            .arg(self.dir.path().join("socket"))
            .args(arguments)
            .output()
            .unwrap_or_else(|error| panic!("tmux is needed for this test: {error}"));
        assert!(
            output.status.success(),
            "tmux {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Reads the screen until it shows all of `words`, which are separated by bars.
    fn waits_for(&self, words: &str) -> String {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if words.split('|').all(|word| screen.contains(word)) {
                return screen;
            }
            assert!(started.elapsed() < PATIENCE, "no {words:?} in\n{screen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn waits_for_the_end_of(&self, words: &str) {
        let started = Instant::now();
        while self.screen().contains(words) {
            assert!(
                started.elapsed() < PATIENCE,
                "{words:?} stays:\n{}",
                self.screen()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn presses(&self, key: &str) {
        self.tmux(&["send-keys", key]);
        if key == "Escape" {
            // With another key right behind it, it would be that key with Alt.
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn types(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Enrols two people and starts the dashboard in front of the first of them.
    fn starts_rollcall(&self, more: &str) {
        let program = Path::new(env!("CARGO_BIN_EXE_rollcall"));
        let faces = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/faces");
        for (name, code, picture) in [
            ("Joe Biden", "B-1", "biden.jpg"),
            ("Barack Obama", "O-1", "obama.jpg"),
        ] {
            let status = Command::new(program)
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .arg("--data-dir")
                .arg(self.data())
                .args([
                    "enrol",
                    "--consent",
                    "today",
                    "--name",
                    name,
                    "--code",
                    code,
                ])
                .arg(faces.join(picture))
                .stdout(std::process::Stdio::null())
                .status()
                .unwrap();
            assert!(status.success());
        }
        self.types(&format!(
            "cd {}; {} --data-dir {} --source {} --rate 10 {more}; echo ended with $?",
            env!("CARGO_MANIFEST_DIR"),
            program.display(),
            self.data().display(),
            faces.join("biden.jpg").display(),
        ));
        self.presses("Enter");
    }
}

/// A language and a source that are not there are refused with the choices, and nothing is
/// written; all settings are shown afterwards.
fn refuses_what_is_not_there(operator: &Operator) {
    for (setting, value, refusal) in [
        ("dashboard.language", "sp", "auto, en, es are here"),
        ("camera.source", "webcam", "the choices are usb"),
    ] {
        operator.presses("Escape");
        operator.waits_for("attendance.mode");
        operator.types(&format!("/{setting}"));
        operator.presses("Enter");
        operator.waits_for(&format!("> {setting}"));
        operator.presses("Enter");
        operator.presses("C-u");
        operator.types(value);
        operator.presses("Enter");
        operator.waits_for(refusal);
    }
    let written = std::fs::read_to_string(operator.data().join("config.toml")).unwrap();
    assert!(
        !written.contains("\"sp\"") && !written.contains("webcam"),
        "{written}"
    );
    operator.presses("Escape");
    operator.waits_for("attendance.mode");
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = Command::new("tmux")
            .arg("-S")
            .arg(self.dir.path().join("socket"))
            .arg("kill-server")
            .output();
    }
}

#[test]
fn every_key_does_what_the_screen_says() {
    let operator = Operator::new(120, 40);
    operator.starts_rollcall("");
    operator.waits_for("in view|Joe Biden checked in|1 of 2 in|q quit");
    // A key, and what the screen shows then. Most of them one after the other, so that
    // every screen is reached from another one than the live one.
    for (key, shown) in [
        ("p", "› people|Barack Obama|Code"),
        ("j", "Joe Biden"),
        ("Enter", "› people › B-1|consent|the last weeks|templates"),
        ("n", "New name of B-1"),
        ("Escape", "n name"),
        ("!", "is recognised no more|inactive"),
        ("u", "is recognised again"),
        ("+", "agreed today?"),
        ("n", "+ consent"),
        ("#", "New PIN"),
        ("Escape", "# PIN"),
        ("f", "Forget the templates"),
        ("n", "f forget adaptive"),
        ("DC", "Type the code B-1"),
        ("Escape", "Del erase"),
        ("Escape", "› people|filter"),
        ("t", "› attendance|[today]|Joe Biden"),
        ("Tab", "[day]"),
        ("Left", "[day]"),
        ("Right", "[day]"),
        ("Tab", "[week]"),
        ("Tab", "[month]"),
        ("BTab", "[week]"),
        ("o", "only who is in"),
        ("o", "only who is late"),
        ("o", "only who is absent"),
        ("o", "only what to look at"),
        ("o", "Joe Biden"),
        ("<", "marked:"),
        (">", "marked:"),
        ("Left", "marked:"),
        ("Right", "marked:"),
        ("x", "rows written to"),
        ("BTab", "[day]"),
        ("BTab", "[today]"),
        ("c", "correct |>What|Reason"),
        ("Escape", "c correct"),
        ("r", "› review|without a name"),
        ("z", "› calibration|similarity asked for"),
        ("=", "Write the proposed threshold"),
        ("n", "= write the threshold"),
        ("b", "› charts|arrivals today|hours by week"),
        ("m", "› camera"),
        ("Enter", "the camera gave"),
        ("l", "› log|newest first"),
        ("a", "› audit|station.start"),
        ("s", "› settings|attendance.mode"),
        ("=", "attendance.mode"),
        ("G", "> welcome."),
        ("g", "> attendance."),
        ("F10", "› doctor|database"),
        ("F2", "› people"),
        ("F3", "› attendance"),
        ("F4", "› review"),
        ("F5", "› calibration"),
        ("F6", "› camera"),
        ("F7", "› log"),
        ("F8", "› audit"),
        ("F9", "› settings"),
        ("F11", "› charts"),
        ("F1", "› help|all commands"),
        ("PageDown", "help"),
        ("?", "› charts"),
        ("h", "in view"),
        ("w", "why|votes"),
        ("w", "log"),
        ("v", "in view"),
        (":", "all commands|settings"),
        ("Escape", "q quit"),
        ("C-p", "all commands"),
        ("Escape", "q quit"),
        ("/", "› people|Enter keep the filter"),
        ("Escape", "Esc back"),
        ("Escape", "in view"),
        ("e", "enrol the face at the camera|Code"),
        ("Escape", "in view"),
        ("4", "PIN *"),
        ("Escape", "q quit"),
        ("q", "End the station?"),
        ("n", "q quit"),
        ("q", "End the station?"),
        ("Escape", "q quit"),
    ] {
        operator.presses(key);
        operator.waits_for(shown);
    }
    // The palette runs what is typed.
    operator.presses(":");
    operator.types("month");
    operator.waits_for("> month");
    operator.presses("Enter");
    operator.waits_for("[month]");
    // A setting is changed in the screen, written with its comments, and undone.
    let config = operator.data().join("config.toml");
    std::fs::write(
        &config,
        "# ours\n[dashboard]\nframes_per_second = 10 # few\n",
    )
    .unwrap();
    operator.presses("s");
    operator.waits_for("› settings");
    operator.types("/dashboard.frames");
    operator.presses("Enter");
    operator.waits_for("> dashboard.frames_per_second");
    operator.presses("Enter");
    operator.presses("C-u");
    operator.types("900");
    operator.presses("Enter");
    operator.waits_for("out of range");
    operator.presses("Enter");
    operator.presses("C-u");
    operator.types("8");
    operator.presses("Enter");
    operator.waits_for("frames_per_second = 8; it is in use now");
    refuses_what_is_not_there(&operator);
    let written = std::fs::read_to_string(&config).unwrap();
    assert_eq!(
        written,
        "# ours\n[dashboard]\nframes_per_second = 8 # few\n"
    );
    operator.presses("u");
    operator.waits_for("frames_per_second = 10; it is in use now");
    operator.presses("Escape");
    operator.waits_for("in view");
    // Windows of any size, also in the middle of it all.
    for (width, height, shown) in [
        ("40", "12", "[camera]"),
        ("30", "10", "needs 40x12"),
        ("200", "60", "in view"),
        ("120", "40", "in view"),
    ] {
        operator.tmux(&["resize-window", "-x", width, "-y", height]);
        operator.waits_for(shown);
    }
    operator.presses("q");
    operator.waits_for("End the station?|No attendance is taken");
    operator.presses("y");
    let screen = operator.waits_for("ended with 0|at-the-shell>");
    assert!(
        !screen.contains("in view"),
        "the shell's screen is back:\n{screen}"
    );
}

#[test]
fn the_shell_takes_over_and_gives_back() {
    let operator = Operator::new(80, 24);
    operator.starts_rollcall("");
    operator.waits_for("in view");
    operator.presses("C-z");
    operator.waits_for("takes no attendance; fg goes on|Stopped");
    operator.types("echo between");
    operator.presses("Enter");
    operator.waits_for("between");
    operator.types("fg");
    operator.presses("Enter");
    operator.waits_for("in view|q quit");
    operator.waits_for_the_end_of("Stopped");
    operator.presses("C-c");
    operator.waits_for("ended with");
}

#[test]
fn a_closed_connection_leaves_nothing_behind() {
    let operator = Operator::new(80, 24);
    operator.starts_rollcall("");
    operator.waits_for("in view|Joe Biden checked in");
    assert!(
        StationLock::take(&operator.data()).is_err(),
        "the station runs"
    );
    operator.tmux(&["kill-session"]);
    let started = Instant::now();
    while StationLock::take(&operator.data()).is_err() {
        assert!(started.elapsed() < PATIENCE, "the station runs on");
        std::thread::sleep(Duration::from_millis(100));
    }
    let listed = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("--data-dir")
        .arg(operator.data())
        .args(["attendance", "list"])
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&listed.stdout).contains("B-1"),
        "the punch is there"
    );
}

#[test]
fn in_lines_of_words_nothing_moves() {
    let operator = Operator::new(100, 30);
    operator.starts_rollcall("--plain");
    operator.waits_for("Type help|Joe Biden checked in");
    for (typed, shown) in [
        ("help", "quit: ends the station"),
        ("in", "1 of 2 in: Joe Biden"),
        ("today", "Joe Biden, in, in at"),
        ("123456", "PIN: nobody has this one"),
        ("12", "6 to 32 digits"),
    ] {
        operator.types(typed);
        operator.presses("Enter");
        operator.waits_for(shown);
    }
    let history = operator.tmux(&["capture-pane", "-p", "-e"]);
    assert!(
        !history.contains('\u{1b}'),
        "no colours, no cursor: {history:?}"
    );
    operator.types("quit");
    operator.presses("Enter");
    operator.waits_for("ended with 0");
}
