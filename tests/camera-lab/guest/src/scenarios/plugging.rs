//! Cameras that are not there, are pulled out, and come back.

use std::thread::sleep;
use std::time::Duration;

use super::{
    LIVE, LOST, NOTICE, RECOVERY, SERIAL, START, leave, live, plug, plug_as, start_station, unplug,
    waiting, within,
};
use crate::webcam::Model;
use crate::{Lab, Seen};

pub(super) fn absent_at_start(lab: &mut Lab) -> Result<Seen, String> {
    lab.waiting = None;
    let mut station = start_station()?;
    station.await_line("No camera matches", START)?;
    // Long enough for the back-off to have grown.
    sleep(Duration::from_secs(4));
    let camera = plug(lab)?;
    let took = station.await_line(LIVE, RECOVERY * 4)?;
    leave(lab, camera, station)?;
    Ok(Seen {
        text: "absent, live".to_owned(),
        recovery: within(RECOVERY, took)?,
    })
}

pub(super) fn replug(lab: &mut Lab, port: u32) -> Result<Seen, String> {
    let (camera, mut station) = live(lab)?;
    unplug(camera)?;
    station.await_line(LOST, NOTICE)?;
    sleep(Duration::from_secs(3));
    let camera = plug_as(lab, port, Model::MjpegAndYuyv, SERIAL)?;
    let took = station.await_line(LIVE, RECOVERY * 4)?;
    leave(lab, camera, station)?;
    Ok(Seen {
        text: "live, lost, live".to_owned(),
        recovery: within(RECOVERY, took)?,
    })
}

pub(super) fn twin_camera(lab: &mut Lab) -> Result<Seen, String> {
    let mut station = waiting(lab)?;
    let twin = plug_as(lab, 0, Model::MjpegAndYuyv, "TWIN")?;
    station.expect_no_line(&[LIVE], Duration::from_secs(4))?;
    let camera = plug_as(lab, 1, Model::MjpegAndYuyv, SERIAL)?;
    let took = station.await_line(LIVE, RECOVERY * 4)?;
    sleep(Duration::from_secs(1));
    if camera.pictures_sent() == 0 || twin.pictures_sent() > 0 {
        return Err("the pictures come from the twin".to_owned());
    }
    unplug(twin)?;
    leave(lab, camera, station)?;
    Ok(Seen {
        text: "waited for its own camera".to_owned(),
        recovery: within(RECOVERY, took)?,
    })
}

pub(super) fn controls(lab: &mut Lab) -> Result<Seen, String> {
    let (camera, mut station) = live(lab)?;
    let first = camera.brightness();
    unplug(camera)?;
    station.await_line(LOST, NOTICE)?;
    let camera = plug(lab)?;
    let took = station.await_line(LIVE, RECOVERY * 4)?;
    let second = camera.brightness();
    leave(lab, camera, station)?;
    match (first, second) {
        (-7, -7) => Ok(Seen {
            text: "brightness -7, and again -7".to_owned(),
            recovery: within(RECOVERY, took)?,
        }),
        other => Err(format!("brightness was {other:?}")),
    }
}
