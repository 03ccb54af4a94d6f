//! On made-up machines: a folder that stands for `/`, and programs that write down what
//! they are asked for. `systemd-analyze` is the real one, where there is one.

mod reached;
mod text;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::machine::Machine;
use super::reach::{self, Request};
use super::*;
use crate::cli::{JsonArgs, ServiceChangeArgs};
use crate::core::embedding::{Embedding, ModelId};
use crate::core::person::{PersonCode, PersonName};
use crate::store::{Author, NewPerson, NewTemplate, Store};

const REALLY: ServiceChangeArgs = ServiceChangeArgs { dry_run: false };
const DRY_RUN: ServiceChangeArgs = ServiceChangeArgs { dry_run: true };

/// Writes down each call; fails or answers as files beside it say.
const PROGRAM: &str = r#"#!/bin/sh
state=STATE
name=$(basename "$0")
echo "$name $*" >> "$state/calls"
[ -e "$state/hangs" ] && exec sleep 600
if [ "$name $1" = "$(cat "$state/fails" 2>/dev/null)" ]; then
    echo "$name: the unit is on fire" >&2
    exit 1
fi
[ "$name $1" = "systemctl show" ] && cat "$state/shows"
[ "$name $1" = "systemctl is-active" ] && ! [ -e "$state/runs" ] && exit 3
exit 0
"#;

struct World {
    folder: TempDir,
    machine: Machine,
}

impl World {
    /// A machine with systemd, a video group and an installed program.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Temporary folders are their owner's alone, and this one stands for `/`.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (root, programs) = (folder.path().join("root"), folder.path().join("programs"));
        fs::create_dir(&root).unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
        let machine = Machine::made_up(&root, &programs);
        let world = Self { folder, machine };
        for place in [
            "run/systemd/system",
            "etc/systemd/system",
            "usr/local/bin/models",
            "var/lib",
            "home/pi/rollcall",
        ] {
            world.make_folder(place);
        }
        world.file("etc/group", "root:x:0:\nvideo:x:44:\naudio:x:29:\n");
        world.file("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
        world.file("usr/local/bin/rollcall", "");
        world.mode("usr/local/bin/rollcall", 0o755);
        world.file("usr/local/bin/models/manifest.toml", "");
        world.file("etc/systemd/system/other.service", "");
        fs::create_dir(&programs).unwrap();
        let program = PROGRAM.replace("STATE", &world.folder.path().to_string_lossy());
        for name in [
            "systemctl",
            "systemd-sysusers",
            "install",
            "chown",
            "journalctl",
        ] {
            let path = programs.join(name);
            fs::write(&path, &program).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        world
    }

    fn root(&self, place: &str) -> PathBuf {
        self.folder.path().join("root").join(place)
    }

    fn make_folder(&self, place: &str) {
        let mut folder = self.folder.path().join("root");
        for part in Path::new(place) {
            folder.push(part);
            let _ = fs::create_dir(&folder);
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    fn file(&self, place: &str, text: &str) {
        fs::write(self.root(place), text).unwrap();
        self.mode(place, 0o644);
    }

    fn mode(&self, place: &str, mode: u32) {
        fs::set_permissions(self.root(place), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Tells the programs how to behave.
    fn say(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn calls(&self) -> Vec<String> {
        let path = self.folder.path().join("calls");
        let calls = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(path);
        calls.lines().map(str::to_owned).collect()
    }

    fn unit(&self) -> Option<String> {
        fs::read_to_string(self.root("etc/systemd/system/rollcall.service")).ok()
    }

    fn install(&self) -> Result<Outcome> {
        install::install(REALLY, &request(), &self.machine)
    }

    /// Why a request is refused.
    fn refusal(&self, request: &Request) -> String {
        let refused = install::install(REALLY, request, &self.machine);
        assert_eq!(self.calls(), [""; 0]);
        assert_eq!(self.unit(), None);
        format!("{:#}", refused.unwrap_err())
    }
}

fn request() -> Request {
    Request {
        program: PathBuf::from("/usr/local/bin/rollcall"),
        data_folder: PathBuf::from(DATA_FOLDER),
        models: PathBuf::from("/usr/local/bin/models"),
        config: None,
        local_data: None,
    }
}

fn in_folder(folder: &str) -> Request {
    Request {
        data_folder: PathBuf::from(folder),
        ..request()
    }
}

fn enrol_somebody(data_folder: &Path) {
    let mut values = vec![0.0; 64];
    values[0] = 1.0;
    let person = NewPerson {
        name: PersonName::parse("Ana").unwrap(),
        code: PersonCode::parse("E-1").unwrap(),
        consent_at: None,
        templates: vec![NewTemplate {
            embedding: Embedding::from_raw(values).unwrap(),
            model: ModelId::from_sha256("0123456789abcdef"),
            quality: 0.9,
            jpeg: None,
        }],
    };
    let author = Author {
        name: "test",
        at: chrono::DateTime::parse_from_rfc3339("2026-11-25T08:00:00Z").unwrap(),
    };
    let mut store = Store::open(data_folder).unwrap();
    store.add_person(&person, author).unwrap();
}

#[test]
fn installing_makes_the_user_writes_the_unit_and_starts_it() {
    let world = World::new();
    assert_eq!(world.install().unwrap(), Outcome::Done);
    assert_eq!(
        world.calls(),
        [
            "systemd-sysusers --inline u rollcall - \"Rollcall attendance station\" \
             /var/lib/rollcall",
            "systemctl daemon-reload",
            "systemctl enable --now rollcall.service",
        ]
    );
    let path = world.root("etc/systemd/system/rollcall.service");
    assert_eq!(
        fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o644
    );
    insta::assert_snapshot!(world.unit().unwrap());
}

#[test]
fn installing_again_is_an_upgrade() {
    let world = World::new();
    world.install().unwrap();
    let old = world
        .unit()
        .unwrap()
        .replace("WatchdogSec=30", "WatchdogSec=60");
    world.file("etc/systemd/system/rollcall.service", &old);
    world.file("etc/passwd", "rollcall:x:990:990::/:/usr/sbin/nologin\n");
    world.say("runs", "");
    world.calls();
    world.install().unwrap();
    assert_eq!(
        world.calls(),
        [
            "systemctl is-active --quiet rollcall.service",
            "systemctl daemon-reload",
            "systemctl enable rollcall.service",
            "systemctl restart rollcall.service",
        ]
    );
    assert!(world.unit().unwrap().contains("WatchdogSec=30"));
}

#[test]
fn a_dry_run_changes_nothing_and_needs_neither_root_nor_systemd() {
    let world = World::new();
    fs::remove_dir(world.root("run/systemd/system")).unwrap();
    let machine = world.machine.clone().without_rights();
    let outcome = install::install(DRY_RUN, &request(), &machine).unwrap();
    assert_eq!(outcome, Outcome::Done);
    assert_eq!((world.calls(), world.unit()), (vec![], None));

    let world = World::new();
    world.install().unwrap();
    world.calls();
    let before = world.unit();
    uninstall::run(DRY_RUN, &world.machine).unwrap();
    assert_eq!((world.calls(), world.unit()), (vec![], before));
}

#[test]
fn without_systemd_or_root_nothing_is_done() {
    let world = World::new();
    let refused = require_root_and_systemd(&world.machine.clone().without_rights(), "install");
    let words = refused.unwrap_err().to_string();
    assert!(
        words.contains("services belong to root; run: sudo "),
        "{words}"
    );
    assert!(words.ends_with(" service install"), "{words}");
    fs::remove_dir(world.root("run/systemd/system")).unwrap();
    let refused = require_root_and_systemd(&world.machine, "install");
    let words = refused.unwrap_err().to_string();
    assert!(
        words.contains("systemd does not run on this machine"),
        "{words}"
    );
}

#[test]
fn a_unit_of_somebody_else_is_left_alone() {
    let foreign = "[Service]\nExecStart=/bin/true\n";
    for place in [
        "etc/systemd/system/rollcall.service",
        "lib/systemd/system/rollcall.service",
        "usr/lib/systemd/system/rollcall.service",
        "run/systemd/system/rollcall.service",
    ] {
        let world = World::new();
        world.make_folder(Path::new(place).parent().unwrap().to_str().unwrap());
        world.file(place, foreign);
        for words in [
            format!("{:#}", world.install().unwrap_err()),
            format!("{:#}", uninstall::run(REALLY, &world.machine).unwrap_err()),
            status::examine(&world.machine).unwrap().lines().remove(0),
        ] {
            assert!(words.contains(place), "{words}");
        }
        assert_eq!(fs::read_to_string(world.root(place)).unwrap(), foreign);
        assert_eq!(world.calls(), [""; 0]);
    }
}

#[test]
fn a_masked_unit_and_a_link_are_left_alone() {
    for (target, expected) in [
        ("/dev/null", "sudo systemctl unmask rollcall.service"),
        (
            "/opt/rollcall.service",
            "is a link to /opt/rollcall.service",
        ),
    ] {
        let world = World::new();
        let path = world.root("etc/systemd/system/rollcall.service");
        symlink(target, &path).unwrap();
        let words = format!("{:#}", world.install().unwrap_err());
        assert!(words.contains(expected), "{words}");
        assert_eq!(fs::read_link(path).unwrap(), Path::new(target));
        assert_eq!(world.calls(), [""; 0]);
    }
}

#[test]
fn what_systemctl_complains_of_is_said() {
    for (call, expected) in [
        (
            "systemctl daemon-reload",
            "`systemctl daemon-reload` failed",
        ),
        (
            "systemctl enable",
            "the service is installed and does not start",
        ),
        ("systemd-sysusers --inline", "`systemd-sysusers --inline"),
    ] {
        let world = World::new();
        world.say("fails", call);
        let words = format!("{:#}", world.install().unwrap_err());
        assert!(words.contains(expected), "{words}");
        assert!(words.ends_with("the unit is on fire"), "{words}");
    }
}

#[test]
fn a_program_that_hangs_is_ended() {
    let world = World::new();
    world.say("hangs", "");
    let started = Instant::now();
    let command = ["systemctl", "daemon-reload"].map(str::to_owned);
    let error = world.machine.run(&command, Duration::from_millis(300));
    let words = error.unwrap_err().to_string();
    assert!(
        words.contains("`systemctl daemon-reload` did not end within"),
        "{words}"
    );
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn uninstalling_ends_and_removes_the_service_and_keeps_the_rest() {
    let world = World::new();
    world.install().unwrap();
    world.make_folder("var/lib/rollcall");
    world.file("var/lib/rollcall/station.db", "records");
    world.make_folder("etc/systemd/system/rollcall.service.d");
    world.calls();
    assert_eq!(
        uninstall::run(REALLY, &world.machine).unwrap(),
        Outcome::Done
    );
    assert_eq!(
        world.calls(),
        [
            "systemctl disable --now rollcall.service",
            "systemctl daemon-reload",
            "systemctl reset-failed rollcall.service",
        ]
    );
    assert_eq!(world.unit(), None);
    assert!(world.root("var/lib/rollcall/station.db").exists());
    assert!(world.root("etc/systemd/system/rollcall.service.d").exists());
    assert!(world.root("etc/systemd/system/other.service").exists());
    // Twice is no error.
    assert_eq!(
        uninstall::run(REALLY, &world.machine).unwrap(),
        Outcome::Done
    );
    assert_eq!(world.calls(), [""; 0]);
}

#[test]
fn a_service_that_does_not_end_is_not_removed() {
    let world = World::new();
    world.install().unwrap();
    world.say("fails", "systemctl disable");
    uninstall::run(REALLY, &world.machine).unwrap_err();
    assert!(world.unit().is_some());
}

#[test]
fn the_state_is_told_in_words() {
    let world = World::new();
    let none = status::examine(&world.machine).unwrap();
    assert!(none.lines()[0].starts_with("no service is installed"));
    assert_eq!(
        status::run(JsonArgs { json: false }, &world.machine).unwrap(),
        Outcome::No
    );

    world.install().unwrap();
    world.say(
        "shows",
        "ActiveState=active\nSubState=running\nUnitFileState=enabled\nMainPID=4711\n\
         ActiveEnterTimestamp=Wed 2026-11-25 08:00:05 UTC\nInactiveEnterTimestamp=\n\
         ExecMainStartTimestamp=Wed 2026-11-25 08:00:04 UTC\nNRestarts=2\n\
         StatusText=camera 15 pictures a second\n",
    );
    world.make_folder("run/rollcall");
    let socket = world.root("run/rollcall/station.sock");
    let _listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
    let running = status::examine(&world.machine).unwrap();
    assert_eq!(
        running.lines(),
        [
            "running since Wed 2026-11-25 08:00:05 UTC",
            "process         4711",
            "says            camera 15 pictures a second",
            "restarts        2 by itself; last start Wed 2026-11-25 08:00:04 UTC",
            "with machine    yes",
            "records         /var/lib/rollcall",
            "program         /usr/local/bin/rollcall",
            "socket          /run/rollcall/station.sock",
        ]
    );
    assert_eq!(
        status::run(JsonArgs { json: true }, &world.machine).unwrap(),
        Outcome::Done
    );
}

#[test]
fn what_does_not_run_is_a_no() {
    let world = World::new();
    world.install().unwrap();
    for (shows, expected) in [
        (
            "ActiveState=activating\nSubState=auto-restart\nMainPID=0\n",
            "it has ended and is started again in a moment",
        ),
        (
            "ActiveState=activating\nSubState=start\nMainPID=77\n",
            "starting",
        ),
        (
            "ActiveState=failed\nSubState=failed\nMainPID=0\n",
            "failed; see journalctl -u rollcall",
        ),
        (
            "ActiveState=inactive\nSubState=dead\nMainPID=0\nStatusText=all is well\n",
            "installed, not running; start it with: sudo systemctl start rollcall",
        ),
        ("", "installed; systemd calls it unknown"),
    ] {
        world.say("shows", shows);
        let lines = status::examine(&world.machine).unwrap().lines();
        assert!(lines[0].starts_with(expected), "{lines:?}");
        let is_stale = |line: &String| line.ends_with(" 0") || line.ends_with("all is well");
        assert!(!lines.iter().any(is_stale), "{lines:?}");
        let outcome = status::run(JsonArgs { json: false }, &world.machine).unwrap();
        assert_eq!(outcome, Outcome::No);
    }
}
