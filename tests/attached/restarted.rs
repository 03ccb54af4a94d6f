//! A station whose parts are started again under load: front ends stay connected, every command
//! is answered, and what was shown is on the disk exactly once.

use std::time::{Duration, Instant};

use rollcall::protocol::{Client, Command, LinkState, RefusalCode, Reply};

use super::puncher::{Puncher, Watch, punch_of, say};
use super::{Dice, Home, PATIENCE, Service, alone, rounds};

/// People whose PINs are typed: nobody comes back within the cooldown, also if a command has to
/// wait for a new start.
const PEOPLE: u32 = 120;

/// Time from one PIN to the next; to check one takes a part of a second on a slow machine.
const PAUSE: Duration = Duration::from_millis(400);

/// Asks for a new start, goes on punching until it is answered, and says what was answered.
fn restart(operator: &mut Client, puncher: &mut Puncher, watch: &mut Watch) -> (Reply, Duration) {
    let by = "olga".to_owned();
    let number = operator.send(Command::Restart { by });
    let started = Instant::now();
    loop {
        assert!(started.elapsed() < PATIENCE, "nobody answers");
        puncher.step();
        watch.look(operator);
        for client in [&*operator, &puncher.client] {
            assert_eq!(client.state(), LinkState::Connected);
        }
        if let Some(told) = operator.replies().into_iter().find(|t| t.number == number) {
            return (told.reply, started.elapsed());
        }
    }
}

fn go_on(puncher: &mut Puncher, watch: &mut Watch, operator: &Client, duration: Duration) {
    let until = Instant::now() + duration;
    while Instant::now() < until {
        puncher.step();
        watch.look(operator);
    }
}

#[test]
fn a_station_that_is_started_again_loses_no_punch_and_no_front_end() {
    let _alone = alone();
    let home = Home::new(PEOPLE);
    let mut service = Service::start(&home);
    let mut puncher = Puncher::new(service.attach("gate"), &home.pins, PAUSE);
    let (mut operator, mut watch) = (service.attach("olga"), Watch::default());
    let process = operator.view().facts.process;
    let mut dice = Dice(0x00c0_ffee);
    let mut times = Vec::new();
    for round in 1..=rounds(3) {
        let duration = Duration::from_secs(2) + dice.millis(2000);
        go_on(&mut puncher, &mut watch, &operator, duration);
        // One that a running station does not take on.
        let name = format!("[station]\nname = \"Gate {round}\"\n[welcome]\ncommand = []\n");
        home.configure(&name);
        let (reply, took) = restart(&mut operator, &mut puncher, &mut watch);
        assert!(
            matches!(reply, Reply::Done(_)),
            "{reply:?} in round {round}"
        );
        times.push(took);
        // An answer may come a moment before the view that shows it.
        let (name, started) = (format!("Gate {round}"), Instant::now());
        while operator.view().facts.station_name != name {
            assert!(
                started.elapsed() < PATIENCE,
                "the new settings are not in use"
            );
            go_on(&mut puncher, &mut watch, &operator, PAUSE);
        }
        let facts = operator.view().facts;
        assert_eq!(facts.process, process, "the same process");
    }
    home.configure("[recognition]\nembedder = \"nothing\"\n");
    let (reply, _) = restart(&mut operator, &mut puncher, &mut watch);
    let Reply::Refused(refusal) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(refusal.code, RefusalCode::Invalid, "{}", refusal.said);
    let pause = Duration::from_secs(1);
    go_on(&mut puncher, &mut watch, &operator, pause);
    puncher.finish();
    watch.look(&operator);
    let ended_in = service.end();
    let events = home.check_records();
    println!(
        "started again {} times under load: {} punches on disk, {} and {} shown; {} PINs of {} \
         answered with yes, {} broken off, {:?}; answered after {}; ended in {} ms",
        rounds(3),
        events.len(),
        watch.shown.len(),
        puncher.watch().shown.len(),
        puncher.tally.done,
        puncher.tally.sent,
        puncher.tally.lost,
        puncher.tally.refused,
        say(times),
        ended_in.as_millis(),
    );
    puncher.tally.check();
    for watch in [&watch, puncher.watch()] {
        assert_eq!(watch.shown_twice, 0, "the numbers of events go on");
        for punch in watch.shown.keys() {
            let on_disk = events.iter().filter(|event| punch_of(event) == *punch);
            assert_eq!(on_disk.count(), 1, "{punch:?}");
        }
        assert!(watch.shown.len() >= puncher.tally.done, "all were shown");
    }
    assert!(puncher.tally.done > 10, "there was no load");
}
