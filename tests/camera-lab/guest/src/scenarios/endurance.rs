//! What only shows when it happens often.

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{
    BACK_OFF, LIVE, LOST, NOTICE, RECOVERY, START, empty_folder, leave, live, plug, unplug, within,
};
use crate::station::{self, Holdings, Station};
use crate::terminal::Terminal;
use crate::webcam::Webcam;
use crate::{Lab, Seen};

/// Growth that is noise of the allocator, over all cycles.
const LEAK_KIB: i64 = 1024;

/// Plugs and unplugs the camera and looks at what the process holds.
pub(super) fn plug_cycles(lab: &mut Lab, cycles: usize) -> Result<Seen, String> {
    let (mut camera, mut station) = live(lab)?;
    // The first cycles allocate what later ones use again.
    for _ in 0..3 {
        (camera, _) = cycle(lab, camera, &mut station)?;
    }
    let before = station.holdings()?;
    let mut slowest = Duration::ZERO;
    for _ in 0..cycles {
        let took;
        (camera, took) = cycle(lab, camera, &mut station)?;
        slowest = slowest.max(took);
    }
    let after = station.holdings()?;
    leave(lab, camera, station)?;
    Ok(Seen {
        text: compared(&before, &after)?,
        recovery: within(RECOVERY, slowest)?,
    })
}

/// Pulls the camera out and plugs it in; how long it took to be live again.
fn cycle(lab: &Lab, camera: Webcam, station: &mut Station) -> Result<(Webcam, Duration), String> {
    unplug(camera)?;
    station.await_line(LOST, NOTICE)?;
    let camera = plug(lab)?;
    let took = station.await_line(LIVE, BACK_OFF)?;
    Ok((camera, took))
}

fn compared(before: &Holdings, after: &Holdings) -> Result<String, String> {
    let (fewer, more) = (before.descriptors.len(), after.descriptors.len());
    let growth_kib = after.resident_kib - before.resident_kib;
    let text = format!(
        "{fewer}→{more} descriptors, {}→{} threads, {growth_kib:+} kB",
        before.threads, after.threads,
    );
    if more > fewer {
        let new = after.descriptors.iter();
        let new = new.filter(|path| !before.descriptors.contains(path));
        return Err(format!("{text}: {:?}", new.collect::<Vec<_>>()));
    }
    if after.threads > before.threads || growth_kib > LEAK_KIB {
        return Err(text);
    }
    Ok(text)
}

/// The dashboard in a window whose size changes all the time.
pub(super) fn resize_storm(lab: &mut Lab) -> Result<Seen, String> {
    let failed = |error: std::io::Error| format!("the dashboard's terminal: {error}");
    lab.waiting = None;
    let folder = empty_folder("resize")?;
    let camera = plug(lab)?;
    let terminal = Terminal::open().map_err(failed)?;
    let inner = station::command(&folder, &[]);
    let settings = inner.get_envs();
    let mut dashboard = Command::new("/bin/busybox")
        .args(["setsid", "-c"])
        .arg(inner.get_program())
        .args(inner.get_args())
        .envs(settings.filter_map(|(name, value)| Some((name, value?))))
        .env("TERM", "xterm-256color")
        .stdin(terminal.stdio().map_err(failed)?)
        .stdout(terminal.stdio().map_err(failed)?)
        .stderr(terminal.stdio().map_err(failed)?)
        .spawn()
        .map_err(|error| format!("cannot start the dashboard: {error}"))?;
    let outcome = weather(&camera, &terminal);
    let is_running = matches!(dashboard.try_wait(), Ok(None));
    station::terminate(&mut dashboard);
    unplug(camera)?;
    let (resizes, before, during) = outcome?;
    if !is_running {
        return Err("the dashboard ended".to_owned());
    }
    // Half of what a quiet window gets is enough: the resizing itself costs a processor.
    if during * 2 < before {
        return Err(format!(
            "{before} pictures in 10 quiet seconds, {during} in the storm"
        ));
    }
    Ok(Seen {
        text: format!("{resizes} resizes, {during} pictures meanwhile"),
        recovery: None,
    })
}

/// How many resizes there were, and how many pictures were taken before and during them.
fn weather(camera: &Webcam, terminal: &Terminal) -> Result<(usize, u64, u64), String> {
    const STORM: Duration = Duration::from_secs(10);
    let patience_ends = Instant::now() + START;
    while camera.pictures_sent() < 5 {
        if Instant::now() > patience_ends {
            return Err("the dashboard takes no pictures".to_owned());
        }
        sleep(Duration::from_millis(100));
    }
    let quiet_from = camera.pictures_sent();
    sleep(STORM);
    let storm_from = camera.pictures_sent();
    let (began, mut resizes) = (Instant::now(), 0);
    while began.elapsed() < STORM {
        let resized = terminal.resize(60 + resizes % 60);
        resized.map_err(|error| format!("resizing: {error}"))?;
        resizes += 1;
    }
    let during = camera.pictures_sent() - storm_from;
    Ok((resizes, storm_from - quiet_from, during))
}
