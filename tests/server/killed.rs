//! A station that is killed while cameras send: what was acknowledged is on disk, once.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::House;
use super::cameras::Camera;

#[test]
fn every_acknowledged_punch_is_on_disk_exactly_once() {
    let mut house = House::open("frames_per_second = 60.0");
    let tokens = ["gate", "hall"].map(|name| house.token(&[name, "--scope", "frames"]));
    // Number of the event, and whose it is.
    let told: Mutex<BTreeMap<i64, String>> = Mutex::default();
    for round in 0..3 {
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
                    let scene = if name == "gate" { "obama" } else { "biden" };
                    while !is_over.load(Ordering::Relaxed) {
                        let answer = camera.request(scene).try_send(house.address);
                        let Ok(answer) = answer else {
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
                });
            }
            // The cooldown of ten seconds ends within, so that there is something to lose.
            std::thread::sleep(Duration::from_millis(11_000 + 370 * round));
            // Killed in the middle of it; the cameras go on meanwhile.
            let pid = nix::unistd::Pid::from_raw(house.child.id().try_into().unwrap());
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
            std::thread::sleep(Duration::from_millis(200));
            is_over.store(true, Ordering::Relaxed);
        });
        house.kill_and_start();
    }
    let told = told.into_inner().unwrap();
    assert!(told.len() >= 3, "{told:?}");
    let events = house.events();
    for event in told.keys() {
        let count = events.iter().filter(|known| known.id.0 == *event).count();
        assert_eq!(count, 1, "event {event} of {told:?} in {events:?}");
    }
    for pair in events.windows(2) {
        let is_twice = pair[0].person == pair[1].person
            && pair[1].at - pair[0].at < chrono::TimeDelta::seconds(9);
        assert!(!is_twice, "{pair:?}");
    }
    house.check_records();
}
