//! Dashboards that are killed, stopped and cut off while people punch.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use rollcall::core::attendance::EventSource;
use rollcall::protocol::LinkState;

use super::puncher::{Punch, Puncher, punch_of, say};
use super::{Dashboard, Dice, Home, Service, alone, crowd, limit, pause, rounds};

/// A punch that is shown later than that after the look was late, on a busy machine too.
const LATE: Duration = Duration::from_secs(5);

const KINDS: [&[&str]; 4] = [
    &[],
    &["--kiosk"],
    &["--plain"],
    &["--language", "es", "--preview-kbps", "40"],
];

/// Something that happens to dashboards.
fn disturb(dashboard: &mut Dashboard, what: u64, dice: &mut Dice) {
    match what {
        0 => dashboard.signal(Signal::SIGKILL),
        1 => {
            dashboard.signal(Signal::SIGSTOP);
            std::thread::sleep(dice.millis(1500));
            dashboard.signal(Signal::SIGCONT);
            std::thread::sleep(dice.millis(500));
            dashboard.signal(Signal::SIGKILL);
        }
        2 => {
            dashboard.signal(Signal::SIGSTOP);
            std::thread::sleep(dice.millis(1500));
            dashboard.signal(Signal::SIGKILL);
        }
        3 => dashboard.close(),
        _ => dashboard.signal(Signal::SIGTERM),
    }
    dashboard.wait_for_end();
}

#[test]
fn dashboards_that_are_killed_frozen_or_cut_off_cost_no_punch() {
    let _alone = alone();
    let home = Home::new(crowd());
    let mut service = Service::start(&home);
    let client = service.attach("gate");
    let is_over = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&is_over);
    let pins = home.pins.clone();
    let punching = std::thread::spawn(move || {
        let mut puncher = Puncher::new(client, &pins, pause());
        let mut was_lost = false;
        while !stop.load(Ordering::SeqCst) {
            puncher.step();
            was_lost |= puncher.client.state() != LinkState::Connected;
        }
        puncher.finish();
        assert!(!was_lost, "an untouched client has lost the station");
        puncher
    });

    let (started, mut dice) = (Instant::now(), Dice(0x00d0_0d1e));
    for round in 0..rounds(5) {
        let bystander = (round % 4 == 0).then(|| Dashboard::read(&home, "by", &[]));
        let kind = KINDS[dice.below(KINDS.len() as u64) as usize];
        // Half of them are frozen by their terminal, too.
        let mut dashboard = if dice.below(2) == 0 {
            Dashboard::read(&home, "ben", kind)
        } else {
            Dashboard::unread(&home, "ben", kind)
        };
        std::thread::sleep(dice.millis(1500));
        // Each at least once in an everyday run.
        disturb(&mut dashboard, u64::from(round % 5), &mut dice);
        drop(bystander);
        assert!(service.is_alive());
        assert!(!punching.is_finished(), "the punching client has failed");
    }
    let lasted = started.elapsed();
    is_over.store(true, Ordering::SeqCst);
    let puncher = punching.join().unwrap();
    let ended_in = service.end();

    let events = home.check_records();
    let on_disk: BTreeSet<Punch> = events.iter().map(punch_of).collect();
    let by_pin = events.iter().filter(|e| e.source == EventSource::Pin);
    let shown = &puncher.watch().shown;
    println!(
        "{} dashboards in {} s: {} punches on disk, {} shown, {} printed, {} of {} PINs \
         answered with yes {:?}; shown after {}; answered after {}; ended in {} ms",
        rounds(5),
        lasted.as_secs(),
        events.len(),
        shown.len(),
        service.printed_punches(),
        puncher.tally.done,
        puncher.tally.sent,
        puncher.tally.refused,
        say(shown.values().copied()),
        say(puncher.tally.answer_times.iter().copied()),
        ended_in.as_millis(),
    );
    puncher.tally.check();
    assert_eq!(by_pin.count(), puncher.tally.done);
    assert!(shown.keys().all(|punch| on_disk.contains(punch)));
    assert_eq!(puncher.watch().shown_twice, 0);
    // A face may be recognised between the last look of the client and the end.
    assert!(on_disk.len() - shown.len() <= 1);
    assert_eq!(service.printed_punches(), events.len());
    assert!(events.iter().any(|e| e.source == EventSource::Camera));
    let late: Vec<_> = shown
        .iter()
        .filter(|(_, after)| **after > limit(LATE))
        .collect();
    assert!(late.is_empty(), "{late:?}");
}
