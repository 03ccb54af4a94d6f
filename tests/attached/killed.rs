//! A station that is killed with front ends attached: what was shown is on disk, and they
//! find it again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rollcall::link::{Found, Places};
use rollcall::protocol::{Client, LinkState};

use super::puncher::{Punch, Puncher, Watch, punch_of, say};
use super::{Dashboard, Dice, Home, PATIENCE, Service, alone, limit, rounds};

/// Within which time a front end is connected again when the station is back.
const BACK: Duration = Duration::from_secs(2);

const BANNER: &str = "NOT CONNECTED";

/// All front ends within this process.
struct Clients {
    puncher: Puncher,
    watchers: Vec<(Client, Watch)>,
}

impl Clients {
    fn attached_to(service: &mut Service, home: &Home) -> Self {
        Self {
            puncher: Puncher::new(
                service.attach("gate"),
                &home.pins,
                Duration::from_millis(100),
            ),
            watchers: ["office", "door"]
                .map(|name| (service.attach(name), Watch::default()))
                .into(),
        }
    }

    fn step(&mut self, is_punching: bool) {
        if is_punching {
            self.puncher.step();
        } else {
            self.puncher.listen();
        }
        for (client, watch) in &mut self.watchers {
            watch.look(client);
        }
    }

    /// How many are in such a state.
    fn count(&self, is_it: impl Fn(&LinkState) -> bool) -> usize {
        let all = self.watchers.iter().map(|(client, _)| client);
        all.chain([&self.puncher.client])
            .filter(|client| is_it(&client.state()))
            .count()
    }

    /// Steps until all are in such a state; how long that took.
    fn wait(&mut self, what: &str, is_it: impl Fn(&LinkState) -> bool) -> Duration {
        let started = Instant::now();
        while self.count(&is_it) < 1 + self.watchers.len() {
            assert!(started.elapsed() < PATIENCE, "not all are {what}");
            self.step(false);
        }
        started.elapsed()
    }

    fn shown(&self) -> BTreeSet<Punch> {
        let all = self.watchers.iter().map(|(_, watch)| watch);
        let all = all.chain([self.puncher.watch()]);
        all.flat_map(|watch| watch.shown.keys().copied()).collect()
    }
}

#[test]
fn a_station_that_is_killed_keeps_what_was_shown_and_is_found_again() {
    let _alone = alone();
    let home = Home::new(120);
    let mut service = Service::start(&home);
    let mut clients = Clients::attached_to(&mut service, &home);
    let mut dashboard = Dashboard::read(&home, "ana", &[]);
    let mut plain = Dashboard::read(&home, "ben", &["--plain"]);
    let mut dice = Dice(0x0bad_cafe);
    let (mut gone, mut back, mut printed) = (Vec::new(), Vec::new(), 0);
    for round in 1..=rounds(2) {
        let until = Instant::now() + Duration::from_millis(200) + dice.millis(1200);
        while Instant::now() < until {
            clients.step(true);
        }
        service.child.kill().unwrap();
        service.child.wait().unwrap();
        gone.push(clients.wait("lost", |state| matches!(state, LinkState::Lost(_))));
        dashboard.wait_for(BANNER);
        plain.wait_for("the station is gone");
        printed += service.printed_punches();

        for screen in [&dashboard, &plain] {
            screen.text.lock().unwrap().clear();
        }
        service = Service::start(&home);
        while !matches!(Places::new().find(&service.data), Found::Live(_)) {
            assert!(service.is_alive(), "it did not start in round {round}");
            clients.step(false);
        }
        let found_at = Instant::now();
        let took = clients.wait("connected again", |state| *state == LinkState::Connected);
        assert!(took <= limit(BACK), "{took:?} in round {round}");
        back.push(took);
        plain.wait_for("connected again");
        let said_after = found_at.elapsed();
        assert!(said_after <= limit(BACK), "{said_after:?} in round {round}");

        let on_disk = counted(&home);
        for punch in clients.shown() {
            assert_eq!(on_disk.get(&punch), Some(&1), "{punch:?} in round {round}");
        }
    }
    clients.puncher.finish();
    let ended_in = service.end();
    printed += service.printed_punches();
    let events = home.check_records();
    let shown = clients.shown();
    let tally = &clients.puncher.tally;
    println!(
        "killed {} times with 5 front ends: {} punches on disk, {} shown, {printed} printed, {} \
         PINs of {} answered with yes, {} broken off, {:?}; lost after {}; connected again after \
         {}; ended in {} ms",
        rounds(2),
        events.len(),
        shown.len(),
        tally.done,
        tally.sent,
        tally.lost,
        tally.refused,
        say(gone),
        say(back),
        ended_in.as_millis(),
    );
    assert!(tally.done <= events.len());
    assert!(shown.len() > rounds(2) as usize, "there was no load");
    // Of what was printed each line was on disk; the last ones may not have been printed.
    assert!(printed <= events.len());
    assert!(tally.sent >= tally.done + tally.lost);
}

/// How often each punch is on disk.
fn counted(home: &Home) -> BTreeMap<Punch, usize> {
    let mut counted = BTreeMap::new();
    for event in home.events() {
        *counted.entry(punch_of(&event)).or_default() += 1;
    }
    counted
}
