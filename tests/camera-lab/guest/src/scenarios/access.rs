//! Cameras that another program has, has had, or that this user may not open.

use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{
    BACK_OFF, LIVE, RECOVERY, SERIAL, allow, empty_folder, leave, plug, plug_forbidden, unplug,
    waiting, within,
};
use crate::station;
use crate::webcam::{Model, Webcam};
use crate::{Lab, Seen};

/// Starts a program that looks through the camera, and waits until it gets pictures.
fn other_program(camera: &Webcam, settings: &[(&str, &str)]) -> Result<Child, String> {
    let folder = empty_folder("other-program")?;
    let before = camera.pictures_sent();
    let mut command = station::command(&folder, &["camera", "test", "--seconds", "60"]);
    let spawned = command
        .envs(settings.iter().copied())
        .stdout(Stdio::null())
        .spawn();
    let mut other = spawned.map_err(|error| format!("cannot start the other program: {error}"))?;
    let patience_ends = Instant::now() + Duration::from_secs(30);
    while camera.pictures_sent() < before + 3 {
        if Instant::now() > patience_ends {
            station::terminate(&mut other);
            return Err("the other program gets no pictures".to_owned());
        }
        sleep(Duration::from_millis(50));
    }
    Ok(other)
}

pub(super) fn odd_format_left(lab: &mut Lab) -> Result<Seen, String> {
    lab.waiting = None;
    let camera = plug(lab)?;
    let odd = [
        ("ROLLCALL_CAMERA_FORMAT", "yuyv"),
        ("ROLLCALL_CAMERA_FRAMES_PER_SECOND", "7.5"),
    ];
    let mut other = other_program(&camera, &odd)?;
    // Without a chance to put anything back.
    other.kill().map_err(|error| error.to_string())?;
    other.wait().map_err(|error| error.to_string())?;
    let folder = empty_folder("odd")?;
    let arguments = ["camera", "test", "--seconds", "5", "--json"];
    let report = station::ask(&folder, &arguments)?;
    unplug(camera)?;
    if report.contains("640x480") || report.contains("\"width\": 640") {
        Ok(Seen {
            text: "live after YUYV at 7.5 pictures a second".to_owned(),
            recovery: None,
        })
    } else {
        Err(report)
    }
}

pub(super) fn busy(lab: &mut Lab) -> Result<Seen, String> {
    let mut station = waiting(lab)?;
    // Held still, so that the other program is the first.
    station.pause()?;
    let camera = plug(lab)?;
    let mut other = other_program(&camera, &[])?;
    station.resume()?;
    station.await_line("in use by another program", RECOVERY * 4)?;
    station.expect_no_line(&[LIVE], Duration::from_secs(3))?;
    station::terminate(&mut other);
    let took = station.await_line(LIVE, BACK_OFF)?;
    leave(lab, camera, station)?;
    Ok(Seen {
        text: "busy, live".to_owned(),
        recovery: Some(took),
    })
}

pub(super) fn permission(lab: &mut Lab) -> Result<Seen, String> {
    let mut station = waiting(lab)?;
    let camera = plug_forbidden(lab, 0, Model::MjpegAndYuyv, SERIAL)?;
    station.await_line("Permission denied on", RECOVERY * 4)?;
    sleep(Duration::from_secs(4));
    allow(0o666)?;
    let took = station.await_line(LIVE, RECOVERY * 4)?;
    leave(lab, camera, station)?;
    Ok(Seen {
        text: "forbidden, live".to_owned(),
        recovery: within(RECOVERY, took)?,
    })
}
