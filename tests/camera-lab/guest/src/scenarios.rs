//! What happens to cameras on walls, and what the station must make of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::station::{self, Holdings, Station, User};
use crate::webcam::{Behaviour, Model, Webcam};
use crate::{Lab, Scenario, Seen};

/// The emulated processor is slow, and so is the program's start on it.
const START: Duration = Duration::from_secs(90);
/// What the issue of self-care promises after a camera has come back.
const RECOVERY: Duration = Duration::from_secs(2);
/// Long enough for a silent camera to be noticed.
const NOTICE: Duration = Duration::from_secs(12);
/// A camera that was not there when the back-off was long is still found at once; one
/// that only falls silent is opened again after at most ten seconds.
const BACK_OFF: Duration = Duration::from_secs(16);
/// Growth that is noise of the allocator, over all cycles.
const LEAK_KIB: i64 = 1024;

const LIVE: &str = "delivers 640x480 pictures";
const LOST: &str = "was unplugged";
const SILENT: &str = "sends no usable picture";
const FROZEN: &str = "same picture again and again";
const CHECKED_IN: &str = "Barack Obama checked in";

/// In this order, which begins with what the others rely on.
pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "attendance-mjpeg",
        expected: "face recognised, punch written",
        run: |lab| attendance(lab, Model::MjpegAndYuyv),
    },
    Scenario {
        name: "attendance-yuyv",
        expected: "face recognised, punch written",
        run: |lab| attendance(lab, Model::YuyvOnly),
    },
    Scenario {
        name: "absent-at-start",
        expected: "live within 2 s of plugging in",
        run: absent_at_start,
    },
    Scenario {
        name: "replug",
        expected: "lost, then live within 2 s",
        run: |lab| replug(lab, 0),
    },
    Scenario {
        name: "replug-elsewhere",
        expected: "lost, then live within 2 s",
        run: |lab| replug(lab, 3),
    },
    Scenario {
        name: "twin-camera",
        expected: "the other camera is left alone",
        run: twin_camera,
    },
    Scenario {
        name: "silence",
        expected: "silent, then live",
        run: |lab| trouble(lab, Behaviour::Silent),
    },
    Scenario {
        name: "garbage",
        expected: "no broken picture shown, then live",
        run: |lab| trouble(lab, Behaviour::Garbage),
    },
    Scenario {
        name: "truncated",
        expected: "no half picture shown, then live",
        run: |lab| trouble(lab, Behaviour::Truncated),
    },
    Scenario {
        name: "truncated-with-end",
        expected: "no half picture shown, then live",
        run: |lab| trouble(lab, Behaviour::TruncatedWithEndMarker),
    },
    Scenario {
        name: "error-bits",
        expected: "no broken picture shown, then live",
        run: |lab| trouble(lab, Behaviour::ErrorBit),
    },
    Scenario {
        name: "frozen",
        expected: "said after 10 s, over with the next picture",
        run: frozen,
    },
    Scenario {
        name: "busy",
        expected: "busy, then live once it is free",
        run: busy,
    },
    Scenario {
        name: "permission",
        expected: "forbidden, then live within 2 s",
        run: permission,
    },
    Scenario {
        name: "odd-format-left",
        expected: "live at 640x480",
        run: odd_format_left,
    },
    Scenario {
        name: "controls",
        expected: "set when opened, and again after replug",
        run: controls,
    },
    Scenario {
        name: "kill-9",
        expected: "one punch before and after, live again",
        run: kill_and_restart,
    },
    Scenario {
        name: "resize-storm",
        expected: "the stream goes on",
        run: resize_storm,
    },
    Scenario {
        name: "ten-plug-cycles",
        expected: "descriptors, threads, memory flat",
        run: |lab| plug_cycles(lab, 10),
    },
    Scenario {
        name: "hundred-reconnects",
        expected: "descriptors, threads, memory flat",
        run: |lab| plug_cycles(lab, 100),
    },
];

fn plug(lab: &Lab) -> Result<Webcam, String> {
    plug_as(lab, 0, Model::MjpegAndYuyv, "LAB0001")
}

fn plug_as(lab: &Lab, port: u32, model: Model, serial: &str) -> Result<Webcam, String> {
    let plugged = Webcam::plug(port, model, serial, &lab.pictures);
    plugged.map_err(|error| format!("cannot plug the camera in: {error}"))
}

/// A fresh data folder, in which nobody is enrolled.
fn empty_folder(name: &str) -> Result<PathBuf, String> {
    let folder = Path::new("/tmp").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(folder)
}

fn folder_with_somebody(name: &str) -> Result<PathBuf, String> {
    let folder = empty_folder(name)?;
    let arguments = [
        "enrol",
        "--name",
        "Barack Obama",
        "--code",
        "E-1",
        "/pictures/portrait",
    ];
    station::ask(&folder, &arguments)?;
    Ok(folder)
}

/// A station that is live on a camera; the camera first, so that it outlives the station.
fn live(lab: &Lab, name: &str) -> Result<(Webcam, Station), String> {
    let camera = plug(lab)?;
    let mut station = Station::start(&empty_folder(name)?, User::Root, &[])?;
    station.await_line(LIVE, START)?;
    Ok((camera, station))
}

fn within(limit: Duration, took: Duration) -> Result<Option<Duration>, String> {
    if took <= limit {
        Ok(Some(took))
    } else {
        Err(format!("only after {:.1} s", took.as_secs_f64()))
    }
}

fn punches(folder: &Path) -> Result<usize, String> {
    let listed = station::ask(folder, &["attendance", "list", "--json"])?;
    Ok(listed.matches("\"E-1\"").count())
}

fn attendance(lab: &Lab, model: Model) -> Result<Seen, String> {
    let folder = folder_with_somebody("attendance")?;
    let _camera = plug_as(lab, 0, model, "LAB0001")?;
    let mut station = Station::start(&folder, User::Root, &[])?;
    station.await_line(LIVE, START)?;
    let took = station.await_line(CHECKED_IN, Duration::from_secs(120))?;
    drop(station);
    match punches(&folder)? {
        1 => Ok(Seen {
            text: format!(
                "checked in {:.0} s after the first picture",
                took.as_secs_f64()
            ),
            recovery: None,
        }),
        other => Err(format!("{other} punches in the database")),
    }
}

fn absent_at_start(lab: &Lab) -> Result<Seen, String> {
    let mut station = Station::start(&empty_folder("absent")?, User::Root, &[])?;
    station.await_line("No camera matches", START)?;
    // Long enough for the back-off to have grown.
    sleep(Duration::from_secs(4));
    let _camera = plug(lab)?;
    let took = station.await_line(LIVE, RECOVERY * 4)?;
    Ok(Seen {
        text: "absent, live".to_owned(),
        recovery: within(RECOVERY, took)?,
    })
}

fn replug(lab: &Lab, port: u32) -> Result<Seen, String> {
    let (camera, mut station) = live(lab, "replug")?;
    drop(camera);
    station.await_line(LOST, NOTICE)?;
    sleep(Duration::from_secs(3));
    let _camera = plug_as(lab, port, Model::MjpegAndYuyv, "LAB0001")?;
    let took = station.await_line(LIVE, RECOVERY * 4)?;
    Ok(Seen {
        text: "live, lost, live".to_owned(),
        recovery: within(RECOVERY, took)?,
    })
}

fn twin_camera(lab: &Lab) -> Result<Seen, String> {
    let folder = empty_folder("twin")?;
    let _twin = plug_as(lab, 0, Model::MjpegAndYuyv, "TWIN")?;
    sleep(Duration::from_secs(1));
    let camera = plug_as(lab, 1, Model::MjpegAndYuyv, "MINE")?;
    let settings = [("ROLLCALL_CAMERA_SOURCE", "usb:serial=MINE")];
    let mut station = Station::start(&folder, User::Root, &settings)?;
    station.await_line(LIVE, START)?;
    drop(camera);
    station.await_line(LOST, NOTICE)?;
    station.expect_no_line(LIVE, Duration::from_secs(4))?;
    let camera = plug_as(lab, 4, Model::MjpegAndYuyv, "MINE")?;
    let took = station.await_line(LIVE, RECOVERY * 4)?;
    sleep(Duration::from_secs(1));
    if camera.pictures_sent() == 0 {
        return Err("the pictures come from the twin".to_owned());
    }
    Ok(Seen {
        text: "waited for its own camera".to_owned(),
        recovery: within(RECOVERY, took)?,
    })
}

fn trouble(lab: &Lab, behaviour: Behaviour) -> Result<Seen, String> {
    let (camera, mut station) = live(lab, "trouble")?;
    camera.behave(behaviour);
    let noticed = station.await_line(SILENT, NOTICE)?;
    station.expect_no_line(LIVE, Duration::from_secs(5))?;
    camera.behave(Behaviour::Good);
    let took = station.await_line(LIVE, BACK_OFF)?;
    Ok(Seen {
        text: format!("silent after {:.1} s, live", noticed.as_secs_f64()),
        recovery: Some(took),
    })
}

fn frozen(lab: &Lab) -> Result<Seen, String> {
    let (camera, mut station) = live(lab, "frozen")?;
    camera.behave(Behaviour::Frozen);
    let noticed = station.await_line(FROZEN, Duration::from_secs(20))?;
    camera.behave(Behaviour::Good);
    let took = station.await_line(LIVE, RECOVERY * 4)?;
    Ok(Seen {
        text: format!("said after {:.1} s, live", noticed.as_secs_f64()),
        recovery: within(RECOVERY, took)?,
    })
}

fn busy(lab: &Lab) -> Result<Seen, String> {
    let (_camera, first) = live(lab, "busy-first")?;
    let mut second = Station::start(&empty_folder("busy-second")?, User::Root, &[])?;
    second.await_line("in use by another program", START)?;
    drop(first);
    let took = second.await_line(LIVE, BACK_OFF)?;
    Ok(Seen {
        text: "busy, live".to_owned(),
        recovery: Some(took),
    })
}

fn permission(lab: &Lab) -> Result<Seen, String> {
    let folder = empty_folder("permission")?;
    let allow = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(|error| format!("{}: {error}", path.display()))
    };
    allow(&folder, 0o777)?;
    let _camera = plug(lab)?;
    let device = device_file()?;
    allow(&device, 0o600)?;
    let mut station = Station::start(&folder, User::Nobody, &[])?;
    station.await_line("Permission denied on", START)?;
    sleep(Duration::from_secs(4));
    allow(&device, 0o666)?;
    let took = station.await_line(LIVE, RECOVERY * 4)?;
    Ok(Seen {
        text: "forbidden, live".to_owned(),
        recovery: within(RECOVERY, took)?,
    })
}

/// The first video node that appears.
fn device_file() -> Result<PathBuf, String> {
    let patience_ends = Instant::now() + Duration::from_secs(5);
    while Instant::now() < patience_ends {
        let nodes = (0..10).map(|n| PathBuf::from(format!("/dev/video{n}")));
        if let Some(node) = nodes.into_iter().find(|node| node.exists()) {
            return Ok(node);
        }
        sleep(Duration::from_millis(50));
    }
    Err("no video node appeared".to_owned())
}

fn odd_format_left(lab: &Lab) -> Result<Seen, String> {
    let folder = empty_folder("odd")?;
    let _camera = plug(lab)?;
    device_file()?;
    let settings = [
        ("ROLLCALL_CAMERA_FORMAT", "yuyv"),
        ("ROLLCALL_CAMERA_FRAMES_PER_SECOND", "7.5"),
    ];
    let mut other = Station::start(&folder, User::Root, &settings)?;
    other.await_line(LIVE, START)?;
    // Without a chance to put anything back.
    other.kill()?;
    let mut station = Station::start(&folder, User::Root, &[])?;
    station.await_line(LIVE, START)?;
    Ok(Seen {
        text: "live after YUYV at 7.5 pictures a second".to_owned(),
        recovery: None,
    })
}

fn controls(lab: &Lab) -> Result<Seen, String> {
    let folder = empty_folder("controls")?;
    let configuration = "[camera.controls]\nbrightness = -7\n";
    fs::write(folder.join("config.toml"), configuration).map_err(|e| e.to_string())?;
    let camera = plug(lab)?;
    let mut station = Station::start(&folder, User::Root, &[])?;
    station.await_line(LIVE, START)?;
    let first = camera.brightness();
    drop(camera);
    station.await_line(LOST, NOTICE)?;
    let camera = plug(lab)?;
    let took = station.await_line(LIVE, RECOVERY * 4)?;
    match (first, camera.brightness()) {
        (-7, -7) => Ok(Seen {
            text: "brightness -7, and again -7".to_owned(),
            recovery: within(RECOVERY, took)?,
        }),
        other => Err(format!("brightness was {other:?}")),
    }
}

fn kill_and_restart(lab: &Lab) -> Result<Seen, String> {
    let folder = folder_with_somebody("kill")?;
    let _camera = plug(lab)?;
    let mut station = Station::start(&folder, User::Root, &[])?;
    station.await_line(CHECKED_IN, START + START)?;
    station.kill()?;
    if punches(&folder)? != 1 {
        return Err("the punch was shown and is not there".to_owned());
    }
    let mut station = Station::start(&folder, User::Root, &[])?;
    station.await_line(LIVE, START)?;
    station.expect_no_line(CHECKED_IN, Duration::from_secs(10))?;
    drop(station);
    match punches(&folder)? {
        1 => Ok(Seen {
            text: "one punch, live again".to_owned(),
            recovery: None,
        }),
        other => Err(format!("{other} punches after the restart")),
    }
}

/// The dashboard on a serial line whose size changes all the time.
fn resize_storm(lab: &Lab) -> Result<Seen, String> {
    const TERMINAL: &str = "/dev/ttyS1";
    const STORM: Duration = Duration::from_secs(10);
    let failed = |error: std::io::Error| format!("{TERMINAL}: {error}");
    let resize = |columns: usize| {
        let arguments = [
            "stty",
            "-F",
            TERMINAL,
            "rows",
            "40",
            "cols",
            &columns.to_string(),
        ];
        let status = Command::new("/bin/busybox").args(arguments).status();
        status.map(drop).map_err(failed)
    };
    let folder = empty_folder("resize")?;
    let camera = plug(lab)?;
    resize(100)?;
    let terminal = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(TERMINAL)
        .map_err(failed)?;
    let inner = station::command(&folder, &[]);
    let mut dashboard = Command::new("/bin/busybox")
        .args(["setsid", "-c"])
        .arg(inner.get_program())
        .args(inner.get_args())
        .envs(
            inner
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("TERM", "vt100")
        .env("ROLLCALL_DASHBOARD_PREVIEW", "off")
        .stdin(Stdio::from(terminal.try_clone().map_err(failed)?))
        .stdout(Stdio::from(terminal.try_clone().map_err(failed)?))
        .stderr(Stdio::from(terminal))
        .spawn()
        .map_err(|error| format!("cannot start the dashboard: {error}"))?;
    let outcome = weather(&camera, STORM, resize);
    let is_running = matches!(dashboard.try_wait(), Ok(None));
    station::terminate(&mut dashboard);
    let (resizes, before, during) = outcome?;
    if !is_running {
        return Err("the dashboard ended".to_owned());
    }
    // Half of what a quiet terminal gets is enough: the resizing itself costs a processor.
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
fn weather(
    camera: &Webcam,
    storm: Duration,
    resize: impl Fn(usize) -> Result<(), String>,
) -> Result<(usize, u64, u64), String> {
    let patience_ends = Instant::now() + START;
    while camera.pictures_sent() < 5 {
        if Instant::now() > patience_ends {
            return Err("the dashboard takes no pictures".to_owned());
        }
        sleep(Duration::from_millis(100));
    }
    let quiet_from = camera.pictures_sent();
    sleep(storm);
    let storm_from = camera.pictures_sent();
    let (began, mut resizes) = (Instant::now(), 0);
    while began.elapsed() < storm {
        resize(60 + resizes % 60)?;
        resizes += 1;
    }
    let during = camera.pictures_sent() - storm_from;
    Ok((resizes, storm_from - quiet_from, during))
}

fn plug_cycles(lab: &Lab, cycles: usize) -> Result<Seen, String> {
    let (camera, mut station) = live(lab, "cycles")?;
    let mut camera = Some(camera);
    let mut slowest = Duration::ZERO;
    let mut cycle = |station: &mut Station| {
        camera = None;
        station.await_line(LOST, NOTICE)?;
        camera = Some(plug(lab)?);
        let took = station.await_line(LIVE, BACK_OFF)?;
        slowest = slowest.max(took);
        Ok::<_, String>(())
    };
    // The first cycles allocate what later ones use again.
    for _ in 0..3 {
        cycle(&mut station)?;
    }
    sleep(Duration::from_secs(2));
    let before = station.holdings()?;
    for _ in 0..cycles {
        cycle(&mut station)?;
    }
    sleep(Duration::from_secs(2));
    let after = station.holdings()?;
    let text = compared(before, after)?;
    Ok(Seen {
        text,
        recovery: within(RECOVERY, slowest)?,
    })
}

fn compared(before: Holdings, after: Holdings) -> Result<String, String> {
    let text = format!(
        "{}→{} descriptors, {}→{} threads, {:+} kB",
        before.descriptors,
        after.descriptors,
        before.threads,
        after.threads,
        after.resident_kib - before.resident_kib
    );
    let is_flat = after.descriptors <= before.descriptors
        && after.threads <= before.threads
        && after.resident_kib - before.resident_kib <= LEAK_KIB;
    if is_flat { Ok(text) } else { Err(text) }
}
