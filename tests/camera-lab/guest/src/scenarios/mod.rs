//! What happens to cameras on walls, and what the station must make of it.

mod access;
mod attendance;
mod endurance;
mod pictures;
mod plugging;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::station::{self, NOBODY, Station};
use crate::webcam::{Behaviour, Model, Webcam};
use crate::{Lab, Scenario};

/// The emulated processor is slow, and so is the program's start on it.
const START: Duration = Duration::from_secs(120);
/// What is promised after a camera has come back.
const RECOVERY: Duration = Duration::from_secs(2);
/// Long enough for a silent camera to be noticed.
const NOTICE: Duration = Duration::from_secs(12);
/// A camera that only falls silent is opened again after at most ten seconds.
const BACK_OFF: Duration = Duration::from_secs(16);

/// The camera that the stations here are told to use.
const SERIAL: &str = "LAB0001";
const LIVE: &str = "delivers 640x480 pictures";
const LOST: &str = "was unplugged";
const CHECKED_IN: &str = "Barack Obama checked in";

/// In this order: attendance first, and at the end whether anything happened to it.
pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "odd-format-left",
        expected: "640x480 after a killed program's YUYV at 7.5",
        run: access::odd_format_left,
    },
    Scenario {
        name: "attendance-yuyv",
        expected: "face recognised, punch written",
        run: |lab| attendance::recognised(lab, Model::YuyvOnly),
    },
    Scenario {
        name: "attendance-mjpeg",
        expected: "face recognised, punch written",
        run: |lab| attendance::recognised(lab, Model::MjpegAndYuyv),
    },
    Scenario {
        name: "kill-9",
        expected: "one punch before and after, live again",
        run: attendance::kill_and_restart,
    },
    Scenario {
        name: "absent-at-start",
        expected: "absent, then live within 2 s",
        run: plugging::absent_at_start,
    },
    Scenario {
        name: "replug",
        expected: "lost, then live within 2 s",
        run: |lab| plugging::replug(lab, 0),
    },
    Scenario {
        name: "replug-elsewhere",
        expected: "lost, then live within 2 s",
        run: |lab| plugging::replug(lab, 3),
    },
    Scenario {
        name: "twin-camera",
        expected: "the other camera is left alone",
        run: plugging::twin_camera,
    },
    Scenario {
        name: "controls",
        expected: "set when opened, and again after replug",
        run: plugging::controls,
    },
    Scenario {
        name: "busy",
        expected: "busy, then live once it is free",
        run: access::busy,
    },
    Scenario {
        name: "permission",
        expected: "forbidden, then live within 2 s",
        run: access::permission,
    },
    Scenario {
        name: "silence",
        expected: "silent, then live",
        run: |lab| pictures::trouble(lab, Behaviour::Silent, pictures::SILENT),
    },
    Scenario {
        name: "garbage",
        expected: "no broken picture shown, then live",
        run: |lab| pictures::trouble(lab, Behaviour::Garbage, pictures::UNREADABLE),
    },
    Scenario {
        name: "truncated",
        expected: "no half picture shown, then live",
        run: |lab| pictures::trouble(lab, Behaviour::Truncated, pictures::UNREADABLE),
    },
    Scenario {
        name: "truncated-with-end",
        expected: "no half picture shown, then live",
        run: |lab| pictures::trouble(lab, Behaviour::TruncatedWithEndMarker, pictures::UNREADABLE),
    },
    Scenario {
        name: "error-bits",
        expected: "no broken picture shown, then live",
        run: |lab| pictures::trouble(lab, Behaviour::ErrorBit, pictures::SILENT),
    },
    Scenario {
        name: "frozen",
        expected: "said after 10 s, over with the next picture",
        run: pictures::frozen,
    },
    Scenario {
        name: "ten-plug-cycles",
        expected: "descriptors, threads, memory flat",
        run: |lab| endurance::plug_cycles(lab, 10),
    },
    Scenario {
        name: "hundred-reconnects",
        expected: "descriptors, threads, memory flat",
        run: |lab| endurance::plug_cycles(lab, 100),
    },
    Scenario {
        name: "no-lost-attendance",
        expected: "the one punch, and nothing else",
        run: attendance::unharmed,
    },
    Scenario {
        name: "resize-storm",
        expected: "the stream goes on",
        run: endurance::resize_storm,
    },
];

fn plug(lab: &Lab) -> Result<Webcam, String> {
    plug_as(lab, 0, Model::MjpegAndYuyv, SERIAL)
}

/// Plugs a camera in and lets the stations' user open it, as a distribution's rules do.
fn plug_as(lab: &Lab, port: u32, model: Model, serial: &str) -> Result<Webcam, String> {
    let camera = plug_forbidden(lab, port, model, serial)?;
    allow(0o666)?;
    Ok(camera)
}

/// Plugs a camera in that only root may open, as the kernel makes its device file.
fn plug_forbidden(lab: &Lab, port: u32, model: Model, serial: &str) -> Result<Webcam, String> {
    let before = video_nodes().len();
    let plugged = Webcam::plug(port, model, serial, &lab.pictures);
    let camera = plugged.map_err(|error| format!("cannot plug the camera in: {error}"))?;
    // One for pictures and one for metadata.
    await_true("no video node appeared", || {
        video_nodes().len() >= before + 2
    })?;
    Ok(camera)
}

/// Pulls a camera out and waits until the kernel has forgotten it.
fn unplug(camera: Webcam) -> Result<(), String> {
    let before = video_nodes().len();
    drop(camera);
    await_true("the video nodes stayed", || {
        video_nodes().len() + 2 <= before
    })
}

fn await_true(complaint: &str, is_so: impl Fn() -> bool) -> Result<(), String> {
    let patience_ends = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        if Instant::now() > patience_ends {
            return Err(complaint.to_owned());
        }
        sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn video_nodes() -> Vec<PathBuf> {
    let nodes = (0..20).map(|number| PathBuf::from(format!("/dev/video{number}")));
    nodes.filter(|node| node.exists()).collect()
}

/// Sets the mode of every video node.
fn allow(mode: u32) -> Result<(), String> {
    for node in video_nodes() {
        fs::set_permissions(&node, fs::Permissions::from_mode(mode))
            .map_err(|error| format!("{}: {error}", node.display()))?;
    }
    Ok(())
}

/// A fresh data folder of the stations' user, in which nobody is enrolled.
fn empty_folder(name: &str) -> Result<PathBuf, String> {
    let folder = Path::new("/tmp").join(name);
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(failed)?;
    chown(&folder, Some(NOBODY), Some(NOBODY)).map_err(failed)?;
    Ok(folder)
}

/// A data folder in which somebody is enrolled, which was done before the guest was started.
fn folder_with_somebody(name: &str) -> Result<PathBuf, String> {
    let folder = empty_folder(name)?;
    for (program, arguments) in [
        ("cp", ["-a", "/enrolled/."]),
        ("chown", ["-R", "65534:65534"]),
    ] {
        let status = Command::new("/bin/busybox")
            .arg(program)
            .args(arguments)
            .arg(&folder)
            .status();
        if !status.as_ref().is_ok_and(|status| status.success()) {
            return Err(format!("{program} {}: {status:?}", folder.display()));
        }
    }
    Ok(folder)
}

/// The data folder of the station that goes from scenario to scenario.
fn standing_folder() -> Result<PathBuf, String> {
    let folder = Path::new("/tmp/standing");
    if folder.exists() {
        return Ok(folder.to_path_buf());
    }
    folder_with_somebody("standing")
}

/// A station on the standing folder. Its cooldown outlasts the lab, so that whatever the
/// camera does, one punch is all that may ever be written.
fn start_station() -> Result<Station, String> {
    let source = format!("usb:serial={SERIAL}");
    let settings = [
        ("ROLLCALL_CAMERA_SOURCE", source.as_str()),
        ("ROLLCALL_ATTENDANCE_COOLDOWN_SECS", "14400"),
        ("ROLLCALL_CAMERA_CONTROLS", "{ brightness = -7 }"),
    ];
    Station::start(&standing_folder()?, &settings)
}

/// A station without a camera: the one that was left, or a new one.
fn waiting(lab: &mut Lab) -> Result<Station, String> {
    if let Some(station) = lab.waiting.take() {
        return Ok(station);
    }
    let mut station = start_station()?;
    station.await_line("No camera matches", START)?;
    Ok(station)
}

/// A station that is live on a camera; the camera first, so that it outlives the station.
fn live(lab: &mut Lab) -> Result<(Webcam, Station), String> {
    let mut station = waiting(lab)?;
    let camera = plug(lab)?;
    station.await_line(LIVE, RECOVERY * 4)?;
    Ok((camera, station))
}

/// Leaves the station to the next scenario.
fn leave(lab: &mut Lab, camera: Webcam, mut station: Station) -> Result<(), String> {
    unplug(camera)?;
    station.await_line(LOST, NOTICE)?;
    lab.waiting = Some(station);
    Ok(())
}

fn within(limit: Duration, took: Duration) -> Result<Option<Duration>, String> {
    if took <= limit * patience() {
        Ok(Some(took))
    } else {
        Err(format!("only after {:.1} s", took.as_secs_f64()))
    }
}

/// How many times as long as on a quiet machine things may take; see the README.
fn patience() -> u32 {
    let asked = fs::read_to_string("/patience").ok();
    asked.and_then(|text| text.trim().parse().ok()).unwrap_or(1)
}

fn punches(folder: &Path) -> Result<usize, String> {
    let listed = station::ask(folder, &["attendance", "list", "--json"])?;
    Ok(listed.matches("\"E-1\"").count())
}
