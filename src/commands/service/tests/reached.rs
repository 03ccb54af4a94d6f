//! What the service has to reach, and what it takes over.

use super::*;

#[test]
fn records_that_would_be_left_behind_are_not() {
    let world = World::new();
    let local = world.folder.path().join("data");
    enrol_somebody(&local);
    // Seen from the machine's root, as everything that a request names.
    world.make_folder("home/pi/rollcall");
    fs::rename(&local, world.root("home/pi/rollcall/data")).unwrap();
    let request = Request {
        local_data: Some(PathBuf::from("/home/pi/rollcall/data")),
        ..request()
    };
    let hint = reach::left_behind(&request, &world.machine).unwrap();
    assert_eq!(hint, "/home/pi/rollcall/data holds the records of 1 person");
    install::install(REALLY, &request, &world.machine).unwrap();
    let calls = world.calls();
    // A start would begin an empty station, and its records would be in the way.
    assert_eq!(calls.last().unwrap(), "systemctl enable rollcall.service");
    assert!(world.root("home/pi/rollcall/data/station.db").exists());
    assert!(!world.root("var/lib/rollcall").exists());

    // Once they are there, nothing is left behind.
    fs::rename(
        world.root("home/pi/rollcall/data"),
        world.root("var/lib/rollcall"),
    )
    .unwrap();
    assert_eq!(reach::left_behind(&request, &world.machine), None);
}

#[test]
fn an_empty_station_and_a_demonstration_are_not_taken_along() {
    let world = World::new();
    let request = Request {
        local_data: Some(PathBuf::from("/home/pi/rollcall/data")),
        ..request()
    };
    assert_eq!(reach::left_behind(&request, &world.machine), None);
    let data = world.root("home/pi/rollcall/data");
    let mut store = Store::open(&data).unwrap();
    assert_eq!(reach::left_behind(&request, &world.machine), None);
    let author = Author {
        name: "demo",
        at: chrono::DateTime::parse_from_rfc3339("2026-11-25T08:00:00Z").unwrap(),
    };
    store.set_setting("demo", "1", author).unwrap();
    drop(store);
    enrol_somebody(&data);
    assert_eq!(reach::left_behind(&request, &world.machine), None);
}

#[test]
fn a_folder_of_ones_own_is_made_and_given_to_the_service() {
    let world = World::new();
    world.make_folder("srv");
    install::install(REALLY, &in_folder("/srv/our station"), &world.machine).unwrap();
    let calls = world.calls();
    assert_eq!(
        calls[1..3],
        [
            "install -d -m 0700 -o rollcall -g rollcall -- /srv/our station",
            "chown -RhP -- rollcall:rollcall /srv/our station",
        ]
    );
    let unit = world.unit().unwrap();
    assert!(
        unit.contains("\nReadWritePaths=\"/srv/our station\"\n"),
        "{unit}"
    );
    assert!(
        unit.contains("\nWorkingDirectory=/srv/our station\n"),
        "{unit}"
    );
    assert!(!unit.contains("StateDirectory"), "{unit}");
    assert_eq!(
        noted(&unit, unit::NOTED_DATA_FOLDER),
        Some("/srv/our station")
    );

    let world = World::new();
    install::install(
        REALLY,
        &in_folder("/var/lib/stations/door-2"),
        &world.machine,
    )
    .unwrap();
    let unit = world.unit().unwrap();
    assert!(
        unit.contains("\nStateDirectory=stations/door-2\n"),
        "{unit}"
    );
}

#[test]
fn a_folder_of_other_things_is_not_taken_over() {
    let world = World::new();
    world.make_folder("var/lib/mail");
    world.file("var/lib/mail/inbox", "");
    let words = world.refusal(&in_folder("/var/lib/mail"));
    assert!(
        words.contains("holds something else than a station's records"),
        "{words}"
    );
    let words = world.refusal(&in_folder("/var/lib/mail/inbox"));
    assert!(words.contains("is not a folder"), "{words}");
    let words = world.refusal(&in_folder("/tmp/rollcall"));
    assert!(words.contains("among temporary files"), "{words}");
}

#[test]
fn what_the_service_cannot_reach_is_refused_with_the_remedy() {
    let program = |path: &str| Request {
        program: PathBuf::from(path),
        ..request()
    };
    let world = World::new();
    let words = world.refusal(&program("/usr/local/bin/gone"));
    assert!(words.contains("is not there any more"), "{words}");

    world.make_folder("tmp");
    world.file("tmp/rollcall", "");
    let words = world.refusal(&program("/tmp/rollcall"));
    assert!(words.contains("copy it to a place that lasts"), "{words}");

    world.mode("usr/local/bin/rollcall", 0o700);
    let words = world.refusal(&request());
    assert!(
        words.ends_with("sudo chmod o+rx /usr/local/bin/rollcall"),
        "{words}"
    );
    world.mode("usr/local/bin/rollcall", 0o755);

    world.make_folder("opt/rollcall");
    world.file("opt/rollcall/rollcall", "");
    world.mode("opt/rollcall/rollcall", 0o755);
    world.mode("opt/rollcall", 0o700);
    let words = world.refusal(&program("/opt/rollcall/rollcall"));
    assert!(words.ends_with("sudo chmod o+rx /opt/rollcall"), "{words}");

    world.mode("usr/local/bin/models/manifest.toml", 0o600);
    let words = world.refusal(&request());
    assert!(
        words.ends_with("sudo chmod -R o+rX /usr/local/bin/models/manifest.toml"),
        "{words}"
    );
}

#[test]
fn a_configuration_that_the_station_would_refuse_is_refused() {
    let world = World::new();
    world.make_folder("var/lib/rollcall");
    world.file(
        "var/lib/rollcall/config.toml",
        "[recognition]\nthreshold = 7.0\n",
    );
    let words = world.refusal(&request());
    assert!(
        words.contains("recognition.threshold = 7 is out of range"),
        "{words}"
    );

    let named = Request {
        config: Some(PathBuf::from("/etc/rollcall.toml")),
        ..request()
    };
    fs::remove_file(world.root("var/lib/rollcall/config.toml")).unwrap();
    world.file("etc/rollcall.toml", "");
    world.mode("etc/rollcall.toml", 0o600);
    let words = world.refusal(&named);
    assert!(
        words.ends_with("sudo chmod o+rX /etc/rollcall.toml"),
        "{words}"
    );
    world.mode("etc/rollcall.toml", 0o644);
    install::install(REALLY, &named, &world.machine).unwrap();
    assert!(
        world
            .unit()
            .unwrap()
            .contains(" --config /etc/rollcall.toml run --headless\n")
    );
}

#[test]
fn what_is_in_a_home_folder_is_shown_and_nothing_else_of_it() {
    let world = World::new();
    world.file("home/pi/rollcall/rollcall", "");
    world.mode("home/pi/rollcall/rollcall", 0o755);
    world.make_folder("home/pi/rollcall/models");
    // Closed to others, as Debian makes them.
    world.mode("home/pi", 0o700);
    world.make_folder("var/lib/rollcall");
    world.file(
        "var/lib/rollcall/config.toml",
        "[backup]\nfolder = \"/mnt/stick\"\npassphrase_file = \"/root/passphrase\"\n\
         [welcome]\ncommand = [\"/home/pi/greet\"]\n",
    );
    let request = Request {
        program: PathBuf::from("/home/pi/rollcall/rollcall"),
        models: PathBuf::from("/home/pi/rollcall/models"),
        ..request()
    };
    let planned = reach::plan(&request, &world.machine).unwrap();
    let text = planned.unit.text().unwrap();
    for line in [
        "ProtectHome=tmpfs",
        "BindReadOnlyPaths=-/home/pi/rollcall/rollcall",
        "BindReadOnlyPaths=-/home/pi/rollcall/models",
        "BindReadOnlyPaths=-/root/passphrase",
        "BindReadOnlyPaths=-/home/pi/greet",
        "ReadWritePaths=-/mnt/stick",
        // There is no group gpio on this machine.
        "SupplementaryGroups=video audio",
        "DeviceAllow=char-gpiochip rw",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    assert_eq!(planned.remarks.len(), 2, "{:?}", planned.remarks);
}
