//! A station that is killed while cameras send: what was acknowledged is on disk, once.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::cameras::Camera;
use super::{House, PATIENCE};

/// Sends as fast as it goes, and notes the punches that are said to be recorded.
fn send_until(camera: &Camera<'_>, is_over: &AtomicBool, told: &Mutex<BTreeMap<i64, String>>) {
    let scene = if camera.name == "gate" {
        "obama"
    } else {
        "biden"
    };
    while !is_over.load(Ordering::Relaxed) {
        let answer = camera.request(scene).try_send(camera.house.address);
        let Ok(answer) = answer.map_err(|_| std::thread::sleep(Duration::from_millis(10))) else {
            continue;
        };
        if answer.status != 200 {
            continue;
        }
        let answer = answer.json();
        let face = &answer["faces"][0];
        if face["punch"]["state"] == "recorded" {
            let event = face["punch"]["event"].as_i64().unwrap();
            let code = face["person"]["code"].as_str().unwrap().to_owned();
            told.lock().unwrap().insert(event, code);
        }
    }
}

#[test]
fn every_acknowledged_punch_is_on_disk_exactly_once() {
    let mut house = House::open("frames_per_second = 60.0");
    let tokens = ["gate", "hall"].map(|name| house.token(&[name, "--scope", "frames"]));
    // Number of the event, and whose it is.
    let told: Mutex<BTreeMap<i64, String>> = Mutex::default();
    for round in 0..5 {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for (name, token) in ["gate", "hall"].into_iter().zip(&tokens) {
                let (house, told, is_over) = (&house, &told, &is_over);
                scope.spawn(move || {
                    let camera = Camera {
                        house,
                        name,
                        token: token.clone(),
                    };
                    send_until(&camera, is_over, told);
                });
            }
            // About when the punches are made: before, while and after they are written.
            std::thread::sleep(Duration::from_millis(200 + 200 * round));
            // In the last round in any case after one was told, however slow the machine is.
            let since = Instant::now();
            while round == 4 && told.lock().unwrap().is_empty() {
                assert!(since.elapsed() < PATIENCE, "nobody is recognised");
                std::thread::sleep(Duration::from_millis(5));
            }
            let pid = Pid::from_raw(house.child.id().try_into().unwrap());
            kill(pid, Signal::SIGKILL).unwrap();
            std::thread::sleep(Duration::from_millis(200));
            is_over.store(true, Ordering::Relaxed);
        });
        // The cooldown ends, so that there is something to lose again.
        std::thread::sleep(Duration::from_millis(10_500));
        house.kill_and_start();
    }
    let told = told.into_inner().unwrap();
    assert!(!told.is_empty());
    let events = house.events();
    for event in told.keys() {
        let count = events.iter().filter(|known| known.id.0 == *event).count();
        assert_eq!(count, 1, "event {event} of {told:?} in {events:?}");
    }
    for (index, event) in events.iter().enumerate() {
        let mut later = events[index + 1..].iter();
        let soon = event.at + chrono::TimeDelta::seconds(9);
        let twice = later.find(|later| later.person == event.person && later.at < soon);
        assert_eq!(twice, None, "{event:?}");
    }
    house.check_records();
}
