//! What a station and its dashboards cost. Run by `script/measure-station`, not by hand and
//! not every day: it takes three minutes, and only a quiet machine's figures say something.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Dashboard, Home, Service, alone, rollcall};

const PEOPLE: u32 = 5000;

/// How long processor time is counted.
const SPAN: Duration = Duration::from_secs(30);

/// Processor time of a process so far: of all its threads, and of those that serve front ends.
fn processor_time(process: u32) -> (Duration, Duration) {
    let (mut all, mut serving) = (0, 0);
    for task in std::fs::read_dir(format!("/proc/{process}/task")).unwrap() {
        let task = task.unwrap().path();
        let read = |name| std::fs::read_to_string(task.join(name)).unwrap_or_default();
        let (name, stat) = (read("comm"), read("stat"));
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let times = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = times.filter_map(|time| time.parse::<u64>().ok()).sum();
        all += ticks;
        if name.starts_with("link-") {
            serving += ticks;
        }
    }
    // Linux counts hundredths of a second wherever this runs.
    let time = |ticks| Duration::from_millis(ticks * 10);
    (time(all), time(serving))
}

/// Percent of a core over a while: of the process, and of the threads that serve front ends.
fn load(service: &Service) -> (f64, f64) {
    let before = processor_time(service.child.id());
    let started = Instant::now();
    std::thread::sleep(SPAN);
    let after = processor_time(service.child.id());
    let percent = |from: Duration, to: Duration| {
        100.0 * to.saturating_sub(from).as_secs_f64() / started.elapsed().as_secs_f64()
    };
    (percent(before.0, after.0), percent(before.1, after.1))
}

fn machine_load() -> String {
    let loads = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    loads
        .split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Takes in people by a table, as an office does.
fn import_people(home: &Home) {
    let mut table = "name,code\n".to_owned();
    for number in 0..PEOPLE {
        writeln!(table, "Person {number},P-{number}").unwrap();
    }
    let path = home.folder.path().join("people.csv");
    std::fs::write(&path, table).unwrap();
    let imported = rollcall(&home.data())
        .args(["import", "people"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(imported.status.success(), "{imported:?}");
}

/// From the start of `rollcall attach` to the first screen with everybody on it.
fn first_screen(home: &Home) -> Duration {
    let started = Instant::now();
    let mut dashboard = Dashboard::read(home, "ana", &[]);
    dashboard.wait_for(&(PEOPLE + 3).to_string());
    started.elapsed()
}

#[test]
#[ignore = "takes three minutes and says something only on a quiet machine"]
fn what_a_station_costs() {
    let _alone = alone();
    let home = Home::new(0);
    home.configure("[dashboard]\npreview = \"half-blocks\"\nframes_per_second = 10\n");
    import_people(&home);
    println!("{PEOPLE} people; load {}", machine_load());
    let mut service = Service::start_at(&home, "10");
    service.socket();
    // Until everything has been needed once: the whole film.
    std::thread::sleep(Duration::from_secs(20));

    let mut screens: Vec<Duration> = (0..10).map(|_| first_screen(&home)).collect();
    screens.sort_unstable();
    println!(
        "attach to first complete screen: median {} ms, longest {} ms of 10",
        screens[5].as_millis(),
        screens[9].as_millis()
    );

    let (alone_before, memory_alone) = (load(&service), service.memory_kb());
    let dashboards = ["ana", "ben", "eva"].map(|name| Dashboard::read(&home, name, &[]));
    std::thread::sleep(Duration::from_secs(3));
    let (watched, memory_watched) = (load(&service), service.memory_kb());
    drop(dashboards);
    std::thread::sleep(Duration::from_secs(3));
    let alone_after = load(&service);
    println!(
        "service with 0, 3 and again 0 dashboards at 10 pictures a second: {:.1} %, {:.1} %, \
         {:.1} % of a core; of that its threads for front ends: {:.2} %, {:.2} %, {:.2} %",
        alone_before.0, watched.0, alone_after.0, alone_before.1, watched.1, alone_after.1,
    );
    println!(
        "of the memory at the end: {} kB its own, {} kB of files",
        service.status_kb("RssAnon:"),
        service.status_kb("RssFile:"),
    );
    println!(
        "memory with 0 dashboards {memory_alone} kB, with 3 {memory_watched} kB; peak {} kB; load {}",
        service.status_kb("VmHWM:"),
        machine_load()
    );
    service.end();

    let data = home.folder.path().join("first");
    let mut demo = Service {
        child: rollcall(&data)
            .args(["run", "--headless", "--demo"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
        lines: std::sync::Arc::default(),
        data,
    };
    std::thread::sleep(Duration::from_secs(30));
    println!(
        "first start of the demonstration: peak {} kB; load {}",
        demo.status_kb("VmHWM:"),
        machine_load()
    );
    demo.end();
}
