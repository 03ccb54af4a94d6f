//! The program under test, started as a process and watched from outside.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Where the guest has the program and its networks.
const PROGRAM: &str = "/rollcall";
const MODELS: &str = "/models";
/// Somebody who is in no group.
pub(crate) const NOBODY: u32 = 65_534;

/// `rollcall run --headless`: every event is a line.
pub(crate) struct Station {
    child: Child,
    lines: Receiver<(Instant, String)>,
    /// What was read while waiting, for the report of a failure.
    transcript: Vec<String>,
}

/// What a process holds.
#[derive(Debug, Clone)]
pub(crate) struct Holdings {
    /// What its descriptors lead to.
    pub(crate) descriptors: Vec<PathBuf>,
    pub(crate) threads: usize,
    pub(crate) resident_kib: i64,
}

/// A command of the program on `data`, with output and time limit left to it.
pub(crate) fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .arg("--data-dir")
        .arg(data)
        .env("ROLLCALL_MODELS_DIR", MODELS)
        // Less work than usual: a processor that is emulated would be too slow to follow a face.
        .env("ROLLCALL_CAMERA_FRAMES_PER_SECOND", "10")
        .env("ROLLCALL_RECOGNITION_DETECTOR_SIZE", "160")
        .env("ROLLCALL_RECOGNITION_LIVENESS", "off")
        // One look takes seconds, longer than looks may lie apart to be counted together.
        .env("ROLLCALL_RECOGNITION_VOTES_NEEDED", "1")
        .env("ROLLCALL_RECOGNITION_VOTES_WINDOW", "1")
        // Not as root, for whom no device is forbidden.
        .uid(NOBODY)
        .gid(NOBODY)
        .stdin(Stdio::null());
    command
}

/// Runs a command of the program to its end.
pub(crate) fn ask(data: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = command(data, arguments).output();
    let Output {
        status,
        stdout,
        stderr,
    } = output.map_err(|error| format!("cannot start {PROGRAM}: {error}"))?;
    if status.success() {
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&stderr).into_owned();
        Err(format!(
            "rollcall {}: {status}: {said}",
            arguments.join(" ")
        ))
    }
}

impl Station {
    /// Starts a station on `data` with settings from the environment.
    pub(crate) fn start(data: &Path, settings: &[(&str, &str)]) -> Result<Self, String> {
        let mut command = command(data, &["run", "--headless"]);
        command
            .envs(settings.iter().copied())
            .stdout(Stdio::piped());
        let spawned = command.spawn();
        let mut child = spawned.map_err(|error| format!("cannot start {PROGRAM}: {error}"))?;
        let output = child.stdout.take().ok_or("the station has no output")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            lines,
            transcript: Vec::new(),
        })
    }

    /// Waits for a line that contains `text`; the time since the call.
    pub(crate) fn await_line(&mut self, text: &str, limit: Duration) -> Result<Duration, String> {
        self.await_line_with(&[text], limit)
    }

    fn await_line_with(&mut self, texts: &[&str], limit: Duration) -> Result<Duration, String> {
        let began = Instant::now();
        loop {
            let left = limit.saturating_sub(began.elapsed());
            match self.lines.recv_timeout(left) {
                Ok((at, line)) => {
                    let found = texts.iter().any(|text| line.contains(text));
                    self.transcript.push(line);
                    if found {
                        return Ok(at.saturating_duration_since(began));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!(
                        "no line with `{}` within {} s; {}",
                        texts.join("` or `"),
                        limit.as_secs(),
                        self.last_words()
                    ));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!("the station ended; {}", self.last_words()));
                }
            }
        }
    }

    /// Fails if a line with one of `texts` comes within `period`.
    pub(crate) fn expect_no_line(
        &mut self,
        texts: &[&str],
        period: Duration,
    ) -> Result<(), String> {
        match self.await_line_with(texts, period) {
            Ok(_) => Err(format!("unexpected: {}", self.last_words())),
            Err(error) if error.starts_with("no line") => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn last_words(&self) -> String {
        let last = &self.transcript[self.transcript.len().saturating_sub(4)..];
        format!("its last lines: {}", last.join(" / "))
    }

    /// Stops the process where it is, and lets it go on: a machine that is busy.
    pub(crate) fn pause(&self) -> Result<(), String> {
        signal(self.child.id(), "-STOP")
    }

    pub(crate) fn resume(&self) -> Result<(), String> {
        signal(self.child.id(), "-CONT")
    }

    /// The least that the process holds within some seconds: what is used for a moment,
    /// such as the database's journal, is no leak.
    pub(crate) fn holdings(&self) -> Result<Holdings, String> {
        let mut least = holdings_of(self.child.id())?;
        for _ in 0..30 {
            thread::sleep(Duration::from_millis(100));
            let now = holdings_of(self.child.id())?;
            if now.descriptors.len() < least.descriptors.len() {
                least.descriptors = now.descriptors;
            }
            least.threads = least.threads.min(now.threads);
            least.resident_kib = least.resident_kib.min(now.resident_kib);
        }
        Ok(least)
    }

    /// Ends the station without giving it a chance, as a power cut does.
    pub(crate) fn kill(mut self) -> Result<(), String> {
        self.child.kill().map_err(|error| error.to_string())?;
        self.child
            .wait()
            .map(drop)
            .map_err(|error| error.to_string())
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        terminate(&mut self.child);
    }
}

fn signal(pid: u32, name: &str) -> Result<(), String> {
    let arguments = ["kill", name, &pid.to_string()];
    let status = Command::new("/bin/busybox").args(arguments).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("kill {name} {pid}: {status}")),
        Err(error) => Err(format!("kill {name} {pid}: {error}")),
    }
}

/// Asks a process to end, and makes it after a while.
pub(crate) fn terminate(child: &mut Child) {
    if !matches!(child.try_wait(), Ok(None)) {
        return;
    }
    let _ = signal(child.id(), "-TERM");
    let patience_ends = Instant::now() + Duration::from_secs(10);
    while Instant::now() < patience_ends {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn holdings_of(pid: u32) -> Result<Holdings, String> {
    let failed = |error: std::io::Error| format!("cannot look at process {pid}: {error}");
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).map_err(failed)?;
    // One that is closed meanwhile is none.
    let descriptors = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let status = fs::read_to_string(format!("/proc/{pid}/status")).map_err(failed)?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| format!("process {pid} has no field {name}"))
    };
    Ok(Holdings {
        descriptors: descriptors.collect(),
        threads: usize::try_from(field("Threads:")?).unwrap_or(0),
        resident_kib: field("VmRSS:")?,
    })
}
