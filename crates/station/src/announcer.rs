//! Runs a program of the operator's at each punch: a light, a sound, a door.
//!
//! It runs on a thread of its own, one at a time, and is ended with everything it has
//! started when its time is over. Invariant: the station never waits for it.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::hub::Hub;
use rollcall_core::event::SightingReason;
use rollcall_core::notice::Notice;
use rollcall_protocol::{Client, Guest, Host as _, StationView};
use rollcall_system::stop::StopFlag;

/// What is run, and how long it may take.
#[derive(Debug, Clone)]
pub struct AnnouncerRules {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// After this it is ended.
    pub limit: Duration,
}

/// What is told to the program, as variables of its environment.
type Announcement = Vec<(&'static str, String)>;

/// What is older is not announced any more: a door that opens a minute late is a danger.
const STALE: Duration = Duration::from_secs(10);

/// How often it is looked whether the program has ended.
const GLANCE: Duration = Duration::from_millis(20);

/// The running thread: a front end like the others.
#[derive(Debug)]
pub(super) struct Announcer {
    thread: JoinHandle<()>,
}

impl Announcer {
    /// Starts the thread; none without a command.
    pub(super) fn start(
        rules: AnnouncerRules,
        hub: &Hub,
        stop: StopFlag,
    ) -> io::Result<Option<Self>> {
        if rules.command.is_empty() {
            return Ok(None);
        }
        let client = hub.join(Guest {
            operator: "announcer".to_owned(),
            watches_only: true,
            peer: None,
        });
        let thread = std::thread::Builder::new()
            .name("announcer".into())
            .spawn(move || announce(&rules, &client, &stop))?;
        Ok(Some(Self { thread }))
    }

    /// Waits for the thread, which ends its program on a stop.
    pub(super) fn finish(self) {
        if self.thread.join().is_err() {
            tracing::error!("the announcer's thread has panicked");
        }
    }
}

fn announcement(notice: &Notice, station: &StationView) -> Option<Announcement> {
    match notice {
        Notice::Punched {
            person,
            name,
            direction,
            at,
            ..
        } => {
            let code = station
                .person(*person)
                .map(|person| person.code.to_string());
            Some(vec![
                ("ROLLCALL_EVENT", "punch".to_owned()),
                ("ROLLCALL_CODE", code.unwrap_or_default()),
                ("ROLLCALL_NAME", name.to_string()),
                ("ROLLCALL_DIRECTION", direction.to_string()),
                ("ROLLCALL_AT", at.to_rfc3339()),
            ])
        }
        Notice::NotRecognised {
            reason: SightingReason::Spoof,
            ..
        } => Some(vec![("ROLLCALL_EVENT", "refused".to_owned())]),
        _ => None,
    }
}

fn announce(rules: &AnnouncerRules, client: &Client, stop: &StopFlag) {
    let mut announced = 0;
    while !stop.is_requested() {
        // It is closed with the station, and looked at again for the stop.
        let _ = client.news().recv_timeout(GLANCE);
        let view = client.view();
        for entry in view.log().since(announced) {
            let Some(announcement) = announcement(&entry.notice, &view) else {
                continue;
            };
            if client.now().since(&entry.at) > STALE {
                tracing::warn!("an announcement was left out: the command takes too long");
                continue;
            }
            if stop.is_requested() {
                return;
            }
            match run(rules, announcement, stop) {
                Ok(Some(status)) if status.success() => {}
                Ok(Some(status)) => tracing::warn!(%status, "the command of [welcome] failed"),
                Ok(None) => tracing::warn!("the command of [welcome] took too long and was ended"),
                Err(error) => tracing::warn!(%error, "the command of [welcome] cannot be run"),
            }
        }
        announced = view.log().written();
    }
}

/// Runs the program; none if its time was over.
fn run(
    rules: &AnnouncerRules,
    announcement: Announcement,
    stop: &StopFlag,
) -> io::Result<Option<ExitStatus>> {
    let Some((program, arguments)) = rules.command.split_first() else {
        return Ok(None);
    };
    let mut child = Command::new(program)
        .args(arguments)
        .envs(announcement)
        // The terminal belongs to the dashboard.
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // With a group of its own, what it starts can be ended with it.
        .process_group(0)
        .spawn()?;
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() >= rules.limit || stop.is_requested() {
            end(&mut child)?;
            return Ok(None);
        }
        std::thread::sleep(GLANCE);
    }
}

/// Ends the program and what it has started.
fn end(child: &mut Child) -> io::Result<()> {
    // The group is the child's own, and the child has not been waited for: no other can
    // have its number.
    if killpg(Pid::from_raw(child.id() as i32), Signal::SIGKILL).is_err() {
        child.kill()?;
    }
    child.wait()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(script: &str, limit: Duration) -> AnnouncerRules {
        AnnouncerRules {
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            limit,
        }
    }

    fn told(event: &str) -> Announcement {
        vec![("ROLLCALL_EVENT", event.to_owned())]
    }

    #[test]
    fn the_program_learns_what_happened() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("told");
        let script = format!("echo \"$ROLLCALL_EVENT\" > {}", file.display());
        let rules = rules(&script, Duration::from_secs(60));
        let status = run(&rules, told("punch"), &StopFlag::new())
            .unwrap()
            .unwrap();
        assert!(status.success());
        assert_eq!(std::fs::read_to_string(file).unwrap(), "punch\n");
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("alive");
        // The child would write after the parent is gone.
        let script = format!("(sleep 2; echo late > {}) & sleep 600", file.display());
        let rules = rules(&script, Duration::from_millis(100));
        assert!(
            run(&rules, told("punch"), &StopFlag::new())
                .unwrap()
                .is_none()
        );
        std::thread::sleep(Duration::from_secs(3));
        assert!(!file.exists());
    }

    #[test]
    fn a_stop_ends_it_at_once_and_a_missing_program_is_an_error() {
        let stop = StopFlag::new();
        stop.request();
        let hanging = rules("sleep 600", Duration::from_secs(600));
        assert!(run(&hanging, told("punch"), &stop).unwrap().is_none());
        let missing = AnnouncerRules {
            command: vec!["no-such-program-anywhere".into()],
            limit: Duration::from_secs(1),
        };
        assert!(run(&missing, told("punch"), &StopFlag::new()).is_err());
    }
}
