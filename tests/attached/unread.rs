//! Output and dashboards that nobody reads for a long time.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::puncher::{Puncher, say};
use super::{Dashboard, Home, Service, alone, asked_for, crowd, limit, pause, rollcall};

/// Growth that is not memory which is never given back.
const FLAT_KB: u64 = 6 * 1024;

/// A punch that is shown so much later is late.
const LATE: Duration = Duration::from_secs(5);

/// What is taken once and kept, the first time that the film is shown takes.
const WARM: Duration = Duration::from_secs(20);

/// What nobody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unread {
    Lines,
    Dashboard,
    Stopped,
    All,
}

/// Lets a station run like that and ends it.
fn endures(home: &Home, unread: Unread, lasting: Duration) {
    let is_all = unread == Unread::All;
    let (mut service, _pipe) = if is_all || unread == Unread::Lines {
        let (service, pipe) = Service::start_unread(home);
        (service, Some(pipe))
    } else {
        (Service::start(home), None)
    };
    let client = service.attach("gate");
    let _unread =
        (is_all || unread == Unread::Dashboard).then(|| Dashboard::unread(home, "asleep", &[]));
    let _stopped = (is_all || unread == Unread::Stopped).then(|| {
        let mut stopped = Dashboard::read(home, "stopped", &[]);
        // As soon as it shows something.
        stopped.wait_for("Rollcall");
        stopped.signal(Signal::SIGSTOP);
        stopped
    });
    // Those who came before have just punched.
    let mut pins = home.pins.clone();
    if matches!(unread, Unread::Dashboard | Unread::All) {
        pins.rotate_left(home.pins.len() / 2);
    }
    let mut puncher = Puncher::new(client, &pins, pause());
    let started = Instant::now();
    let mut memory = Vec::new();
    let mut looked = Instant::now();
    while started.elapsed() < lasting {
        puncher.step();
        if started.elapsed() > WARM && looked.elapsed() > Duration::from_millis(500) {
            looked = Instant::now();
            memory.push(service.memory_kb());
        }
    }
    puncher.finish();
    let ended_in = service.end();

    let events = home.check_records();
    let first = memory.first().copied().unwrap_or_default();
    let last = memory.last().copied().unwrap_or_default();
    println!(
        "{unread:?} unread for {} s: {} punches on disk, {} of {} PINs answered with yes {:?}; \
         shown after {}; memory {first} kB, at the end {last} kB, at most {} kB; ended in {} ms",
        lasting.as_secs(),
        events.len(),
        puncher.tally.done,
        puncher.tally.sent,
        puncher.tally.refused,
        say(puncher.watch().shown.values().copied()),
        memory.iter().max().unwrap_or(&0),
        ended_in.as_millis(),
    );
    assert!(puncher.tally.done > 0);
    puncher.tally.check();
    assert!(last <= first + FLAT_KB, "{memory:?}");
    let shown = &puncher.watch().shown;
    assert!(shown.values().all(|late| *late < limit(LATE)));
    // Punches of the stations before are there, too.
    assert!(shown.len() <= events.len());
    assert!(puncher.tally.done <= shown.len());
}

#[test]
fn what_nobody_reads_costs_no_punch_no_memory_and_no_end() {
    let _alone = alone();
    let home = Home::new(crowd());
    let short = Duration::from_secs(6);
    let Some(count) = asked_for() else {
        return endures(&home, Unread::All, short);
    };
    for unread in [Unread::Lines, Unread::Dashboard, Unread::Stopped] {
        endures(&home, unread, short);
    }
    endures(&home, Unread::All, WARM + Duration::from_secs(3) * count);
}

#[test]
fn a_reader_that_is_gone_ends_no_station_with_a_camera() {
    let _alone = alone();
    let home = Home::new(2);
    // A camera that is away is still a camera.
    let mut child = rollcall(&home.data())
        .args(["run", "--headless", "--source", "http://127.0.0.1:9/video"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut service = Service {
        child,
        lines: Arc::default(),
        data: home.data(),
    };
    let client = service.attach("gate");
    let mut puncher = Puncher::new(client, &home.pins, Duration::from_millis(600));
    while puncher.tally.sent < 2 {
        puncher.step();
    }
    puncher.finish();
    assert_eq!(puncher.tally.done, 2, "{:?}", puncher.tally.refused);
    assert!(service.is_alive());
    service.end();
    assert_eq!(home.check_records().len(), 2);
}
