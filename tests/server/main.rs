//! The server beside a real station, asked by real clients: cameras elsewhere, the client of
//! the service that Rollcall replaces, strangers, and those who are slow or lie.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests too")]

mod cameras;
mod client;
mod compatible;
mod hostile;
mod killed;
mod programs;
mod tokens;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rollcall::core::attendance::AttendanceEvent;
use rollcall::store::{EventFilter, Store};
use tempfile::TempDir;

use client::{Answer, Request};

/// A slow machine takes its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// Who is enrolled; the astronaut is a stranger.
const KNOWN: [&str; 2] = ["biden", "obama"];

fn rollcall(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("ROLLCALL_OPERATOR", "olga")
        .arg("--data-dir")
        .arg(data);
    command
}

fn face(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/faces/{name}.jpg"))
}

fn picture(name: &str) -> Vec<u8> {
    std::fs::read(face(name)).unwrap()
}

/// A station that serves, with two people and a view of a coffee cup.
struct House {
    folder: TempDir,
    address: SocketAddr,
    child: Child,
}

impl House {
    /// Enrols people and starts a station; `server` are further lines of its section.
    fn open(server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Free a moment ago, and nobody else here takes ports by number.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let text = format!(
            "[attendance]\ncooldown_secs = 10\n[backup]\nevery_hours = 0\n\
             [server]\nlisten = \"{address}\"\n{server}\n"
        );
        std::fs::write(data.join("config.toml"), text).unwrap();
        for name in KNOWN {
            let enrolled = rollcall(&data)
                .args(["enrol", "--name", name, "--code", name])
                .args(["--consent", "today"])
                .arg(face(name))
                .output()
                .unwrap();
            assert!(enrolled.status.success(), "{enrolled:?}");
        }
        let child = start(&data);
        let mut house = Self {
            folder,
            address,
            child,
        };
        house.wait();
        house
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Waits until it serves.
    fn wait(&mut self) {
        let started = Instant::now();
        while std::net::TcpStream::connect(self.address).is_err() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "the station has ended: {ended:?}");
            assert!(started.elapsed() < PATIENCE, "it does not serve");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills it as a power cut does, and starts it again.
    fn kill_and_start(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = start(&self.data());
        self.wait();
    }

    fn ask(&self, request: Request) -> Answer {
        request.send(self.address)
    }

    /// A command at the same records.
    fn command(&self, arguments: &[&str]) -> Output {
        rollcall(&self.data()).args(arguments).output().unwrap()
    }

    /// A new token.
    fn token(&self, arguments: &[&str]) -> String {
        let made = rollcall(&self.data())
            .args(["token", "create"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    }

    fn events(&self) -> Vec<AttendanceEvent> {
        let store = Store::open_read_only(&self.data()).unwrap();
        store.events(&EventFilter::default()).unwrap()
    }

    /// Everything in it holds together.
    fn check_records(&self) {
        let store = Store::open_read_only(&self.data()).unwrap();
        store.check().unwrap();
        assert_eq!(store.verify_chain().unwrap().broken, None);
    }

    fn log(&self) -> String {
        let logs = std::fs::read_dir(self.data().join("logs")).unwrap();
        let texts = logs.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        texts.collect()
    }
}

fn start(data: &Path) -> Child {
    rollcall(data)
        .args(["run", "--headless", "--rate", "2", "--source"])
        .arg(face("coffee"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

impl Drop for House {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
        let pid = Pid::from_raw(self.child.id().try_into().unwrap());
        let _ = kill(pid, Signal::SIGTERM);
        let _ = self.child.wait();
    }
}
