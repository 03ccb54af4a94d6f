//! The thread that does what is due every day while the station runs.
//!
//! It has a connection of its own: copying a database takes seconds, and a punch
//! must not wait for it. What it has done, or could not do, comes out as notices.

use crate::say;
use rollcall_messages::Said as _;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Days, FixedOffset, TimeDelta};
use crossbeam_channel::{Receiver, Sender, bounded};

use rollcall_core::notice::Notice;
use rollcall_core::worktime::plan::WorkPlan;
use rollcall_store::{
    Author, BackupPlan, Passphrase, RetentionPolicy, RetentionReport, Store, StoreError, back_up,
    describe_backup, latest_backup, made_at, rotate,
};
use rollcall_system::clock::Clock;
use rollcall_system::stop::StopFlag;

/// What is due, and how often.
#[derive(Debug, Clone)]
pub struct Duties {
    /// The folder that is kept.
    pub data_dir: PathBuf,
    /// How long each kind of data is kept.
    pub retention: RetentionPolicy,
    /// Says which day it is, and when a check-out has been forgotten.
    pub work_plan: WorkPlan,
    /// Backups, if the station shall make any.
    pub backup: Option<BackupDuty>,
}

/// Backups that the station makes by itself.
#[derive(Debug, Clone)]
pub struct BackupDuty {
    /// Time between two.
    pub every: Duration,
    /// Newest ones that are kept.
    pub keep: usize,
    /// Where they go.
    pub folder: PathBuf,
    /// File of the passphrase, if they are encrypted.
    pub passphrase_file: Option<PathBuf>,
}

/// The station's first minute belongs to the people at the door.
const FIRST_LOOK: Duration = Duration::from_secs(60);

/// How often it is looked whether something is due.
const LOOK: Duration = Duration::from_secs(60);

/// After a failure; a full disk is not mended within a minute.
const AFTER_FAILURE: Duration = Duration::from_secs(3600);

/// How long after the end of a day its forgotten check-outs are closed: a punch that had
/// to wait for the database may still be written.
const SETTLING: TimeDelta = TimeDelta::hours(1);

/// How far back forgotten check-outs are closed, e.g. after a long holiday or an import.
const LOOK_BACK: Days = Days::new(31);

/// How long a wait lasts before the stop flag is looked at again.
const GLANCE: Duration = Duration::from_millis(200);

/// Notices that may wait for the main thread.
const NOTICES_WAITING: usize = 16;

/// The running thread.
#[derive(Debug)]
pub struct Keeper {
    /// What it has to say.
    pub notices: Receiver<Notice>,
    thread: JoinHandle<()>,
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system refuses another thread.
    pub fn start(duties: Duties, clock: Clock, stop: StopFlag) -> std::io::Result<Self> {
        let (sender, notices) = bounded(NOTICES_WAITING);
        let thread = std::thread::Builder::new()
            .name("keeper".into())
            .spawn(move || keep(&duties, clock, &stop, &sender))?;
        Ok(Self { notices, thread })
    }

    /// Waits for a backup that is under way; without one it ends at once.
    pub fn finish(self) {
        if self.thread.join().is_err() {
            tracing::error!("the keeper's thread has panicked");
        }
    }
}

fn keep(duties: &Duties, clock: Clock, stop: &StopFlag, notices: &Sender<Notice>) {
    let mut pause = FIRST_LOOK;
    let mut retained = None;
    let mut closed = None;
    while rest(pause, clock, stop) {
        pause = LOOK;
        let today = duties.work_plan.policy.local_day(&clock.now().wall);
        if retained != Some(today) {
            // Once a day, also if it fails: a lock or a full disk is shown by the punches too.
            retained = Some(today);
            retain(duties, clock, notices);
        }
        // By a clock that was never set, a day that is going on may look over.
        let at = clock.now().wall;
        if clock.is_believable() && is_settled(&duties.work_plan, &at) && closed != Some(today) {
            closed = Some(today);
            close_forgotten(duties, at, notices);
        }
        let Some(backup) = &duties.backup else {
            continue;
        };
        let now = clock.now().wall;
        if !is_due(backup, &now) {
            continue;
        }
        let notice = match make_backup(duties, backup, now) {
            Ok(notice) => notice,
            Err(error) => {
                tracing::error!(%error, "no backup was made");
                pause = AFTER_FAILURE;
                Notice::Warning(say::no_backup(error.said()))
            }
        };
        // The log file has it too; a main thread that is busy is not waited for.
        let _ = notices.try_send(notice);
    }
}

/// Erases what is too old, and says so.
fn retain(duties: &Duties, clock: Clock, notices: &Sender<Notice>) {
    // By a doubtful clock only that is erased which nobody has agreed to and nobody misses.
    let policy = if clock.is_believable() {
        duties.retention
    } else {
        RetentionPolicy {
            strangers: duties.retention.strangers,
            ..RetentionPolicy::default()
        }
    };
    if policy == RetentionPolicy::default() {
        return;
    }
    let at = clock.now().wall;
    let author = Author {
        name: "station",
        at,
    };
    let today = duties.work_plan.policy.local_day(&at);
    let done = Store::open_existing(&duties.data_dir)
        .and_then(|mut store| store.retain(&policy, today, author));
    let notice = match done {
        Ok(report) if report == RetentionReport::default() => return,
        Ok(report) => Notice::Info(say::erased_by_age(
            report.sightings,
            report.strangers,
            report.pictures,
            report.events,
        )),
        Err(error) => {
            tracing::error!(%error, "nothing was erased");
            Notice::Warning(say::not_erased(error.said()))
        }
    };
    let _ = notices.try_send(notice);
}

/// Whether yesterday is long enough over that nobody's last check-out is under way.
fn is_settled(plan: &WorkPlan, now: &DateTime<FixedOffset>) -> bool {
    let yesterday = plan.policy.local_day(now).pred_opt();
    yesterday.is_some_and(|day| *now - plan.end_of(day) >= SETTLING)
}

/// Writes the check-outs that people forgot on the days before today, and says whose.
fn close_forgotten(duties: &Duties, at: DateTime<FixedOffset>, notices: &Sender<Notice>) {
    let Some(yesterday) = duties.work_plan.policy.local_day(&at).pred_opt() else {
        return;
    };
    let from = yesterday.checked_sub_days(LOOK_BACK).unwrap_or(yesterday);
    let author = Author { name: "rule", at };
    let done = Store::open_existing(&duties.data_dir)
        .and_then(|mut store| store.close_forgotten(&duties.work_plan, (from, yesterday), author));
    let notice = match done {
        Ok(closed) if closed.is_empty() => return,
        Ok(closed) => {
            let codes: Vec<&str> = closed.iter().map(|(code, _)| code.as_str()).collect();
            Notice::Warning(say::check_out_closed(codes.join(", ")))
        }
        Err(error) => {
            tracing::error!(%error, "forgotten check-outs were not closed");
            Notice::Warning(say::check_outs_not_closed(error.said()))
        }
    };
    let _ = notices.try_send(notice);
}

/// Waits; `false` once the station stops.
fn rest(pause: Duration, clock: Clock, stop: &StopFlag) -> bool {
    let until = clock.now().monotonic + pause;
    while clock.now().monotonic < until {
        if stop.is_requested() {
            return false;
        }
        std::thread::sleep(GLANCE);
    }
    !stop.is_requested()
}

/// A backup "from the future" was made before the clock was set back; it counts
/// as long as one of the past would.
fn is_due(backup: &BackupDuty, now: &DateTime<FixedOffset>) -> bool {
    let latest = latest_backup(&backup.folder).and_then(|path| made_at(&path));
    let every = TimeDelta::from_std(backup.every).unwrap_or(TimeDelta::MAX);
    latest.is_none_or(|latest| (now.to_utc() - latest).abs() >= every)
}

fn make_backup(
    duties: &Duties,
    backup: &BackupDuty,
    at: DateTime<FixedOffset>,
) -> Result<Notice, StoreError> {
    let passphrase = backup
        .passphrase_file
        .as_deref()
        .map(Passphrase::read)
        .transpose()?;
    let plan = BackupPlan {
        folder: backup.folder.clone(),
        passphrase,
        at,
    };
    let (path, manifest) = back_up(&duties.data_dir, &plan)?;
    // Only after a new one is whole.
    let removed = rotate(&backup.folder, backup.keep)?;
    tracing::info!(path = %path.display(), removed = removed.len(), "backup made");
    Ok(Notice::Info(say::backup_made(describe_backup(&manifest))))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use rollcall_core::day::{AttendanceMode, AttendancePolicy};

    fn duty(folder: &std::path::Path) -> BackupDuty {
        BackupDuty {
            every: Duration::from_secs(24 * 3600),
            keep: 2,
            folder: folder.to_path_buf(),
            passphrase_file: None,
        }
    }

    fn time(text: &str) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(text).unwrap()
    }

    #[test]
    fn a_day_is_settled_an_hour_after_its_end_wherever_it_begins() {
        let plan = |day_starts_at: &str| {
            let policy = AttendancePolicy {
                mode: AttendanceMode::Toggle,
                cooldown: Duration::from_mins(5),
                day_starts_at: day_starts_at.parse().unwrap(),
            };
            WorkPlan::without_shifts(policy, Arc::new(chrono_tz::Europe::Vienna))
        };
        for (starts_at, now, settled) in [
            ("00:00:00", "2026-11-24T00:59:59+01:00", false),
            ("00:00:00", "2026-11-24T01:00:00+01:00", true),
            ("04:00:00", "2026-11-24T04:30:00+01:00", false),
            ("04:00:00", "2026-11-24T05:00:00+01:00", true),
            ("04:00:00", "2026-11-24T03:00:00+01:00", true),
        ] {
            assert_eq!(
                is_settled(&plan(starts_at), &time(now)),
                settled,
                "{starts_at} {now}"
            );
        }
    }

    #[test]
    fn a_backup_is_due_a_day_after_the_last_whatever_the_clock_did() {
        let folder = tempfile::tempdir().unwrap();
        let duty = duty(folder.path());
        assert!(
            is_due(&duty, &time("2026-11-23T08:00:00Z")),
            "there is none yet"
        );
        std::fs::write(folder.path().join("rollcall-20261123T080000000Z.tar"), "").unwrap();
        for (now, due) in [
            ("2026-11-23T08:00:01Z", false),
            ("2026-11-24T08:59:59+01:00", false),
            ("2026-11-24T08:00:00Z", true),
            ("2026-11-22T09:00:00Z", false),
            ("1970-01-01T00:00:00Z", true),
        ] {
            assert_eq!(is_due(&duty, &time(now)), due, "{now}");
        }
    }
}
