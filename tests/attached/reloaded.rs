//! Settings that are changed while a station runs.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use rollcall::protocol::{Client, StationView};

use super::{Home, PATIENCE, Service, alone};

fn until(what: &str, client: &Client, is_so: impl Fn(&StationView) -> bool) -> Duration {
    let started = Instant::now();
    while !is_so(&client.view()) {
        assert!(started.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
    started.elapsed()
}

#[test]
fn settings_that_are_read_again_are_in_use_and_bad_ones_are_not() {
    let _alone = alone();
    let home = Home::new(1);
    let mut service = Service::start(&home);
    let client = service.attach("ana");
    // How much is asked for depends on how many people there are.
    until("nobody is read", &client, |view| {
        view.people().next().is_some() && view.health.template_count > 0
    });
    let before = client.view();
    home.configure(
        "[station]\nname = \"North gate\"\n[welcome]\nbanner_secs = 7\n\
         [recognition]\nthreshold = 0.55\n",
    );
    service.signal(Signal::SIGHUP);
    let took = until("the new settings are not in use", &client, |view| {
        view.facts.station_name == "North gate" && view.facts.screen.banner_secs == 7
    });
    until("the new threshold is not in use", &client, |view| {
        let raised = view.health.threshold.0 - before.health.threshold.0;
        (raised - (0.55 - 0.412)).abs() < 0.001
    });
    let now = client.view();
    assert_eq!(now.facts.process, before.facts.process);

    home.configure("[station]\nname = \"South gate\"\n[recognition]\nthreshold = 7.0\n");
    service.signal(Signal::SIGHUP);
    let warned = |view: &StationView| {
        let mut lines = view.log().iter().map(|entry| entry.notice.to_string());
        lines.any(|line| line.contains("the changed configuration is not in use"))
    };
    until("nobody is warned", &client, warned);
    let still = client.view();
    assert_eq!(still.facts.station_name, "North gate");
    assert_eq!(still.health.threshold, now.health.threshold);
    let refused = client.view();
    let mut words = refused.log().iter().map(|entry| entry.notice.to_string());
    let words = words.rfind(|line| line.contains("is not in use"));
    println!(
        "settings in use {} ms after SIGHUP; refused: {}",
        took.as_millis(),
        words.unwrap_or_default()
    );
    service.end();
    let logs = std::fs::read_dir(home.data().join("logs")).unwrap();
    let log: String = logs
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let has_warned = log
        .lines()
        .any(|line| line.contains("WARN") && line.contains("recognition.threshold"));
    assert!(has_warned, "{log}");
}
