//! That people are recognised, and that what was shown as written stays written.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{
    CHECKED_IN, LIVE, START, folder_with_somebody, leave, live, plug, plug_as, punches,
    standing_folder, start_station, unplug, waiting,
};
use crate::station::Station;
use crate::webcam::Model;
use crate::{Lab, Seen};

/// The networks take seconds for a picture here.
const RECOGNITION: Duration = Duration::from_secs(90);

pub(super) fn recognised(lab: &mut Lab, model: Model) -> Result<Seen, String> {
    let (camera, mut station, folder) = match model {
        Model::MjpegAndYuyv => {
            let (camera, station) = live(lab)?;
            (camera, station, standing_folder()?)
        }
        Model::YuyvOnly => {
            let folder = folder_with_somebody("yuyv")?;
            let camera = plug_as(lab, 0, model, "YUYV")?;
            let mut station = Station::start(&folder, &[])?;
            station.await_line(LIVE, START)?;
            (camera, station, folder)
        }
    };
    let took = station
        .await_line(CHECKED_IN, RECOGNITION)
        .inspect_err(|_| print_log(&folder))?;
    if model == Model::MjpegAndYuyv {
        leave(lab, camera, station)?;
    } else {
        drop(station);
        unplug(camera)?;
    }
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

/// The end of the station's log, which tells how often the networks ran.
fn print_log(folder: &Path) {
    let Ok(logs) = fs::read_dir(folder.join("logs")) else {
        return;
    };
    for log in logs.flatten() {
        let text = fs::read_to_string(log.path()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        for line in &lines[lines.len().saturating_sub(20)..] {
            println!("LOG {line}");
        }
    }
}

pub(super) fn kill_and_restart(lab: &mut Lab) -> Result<Seen, String> {
    let folder = standing_folder()?;
    let (camera, mut station) = live(lab)?;
    if punches(&folder)? == 0 {
        station.await_line(CHECKED_IN, RECOGNITION)?;
    }
    station.kill()?;
    unplug(camera)?;
    let before = punches(&folder)?;
    if before != 1 {
        return Err(format!("{before} punches after the end"));
    }
    let camera = plug(lab)?;
    let mut station = start_station()?;
    station.await_line(LIVE, START)?;
    station.expect_no_line(&[CHECKED_IN], Duration::from_secs(15))?;
    leave(lab, camera, station)?;
    match punches(&folder)? {
        1 => Ok(Seen {
            text: "one punch, live again".to_owned(),
            recovery: None,
        }),
        other => Err(format!("{other} punches after the restart")),
    }
}

/// After everything that was done to the camera of the standing station.
pub(super) fn unharmed(lab: &mut Lab) -> Result<Seen, String> {
    let folder = standing_folder()?;
    let station = waiting(lab)?;
    drop(station);
    match punches(&folder)? {
        1 => Ok(Seen {
            text: "one punch".to_owned(),
            recovery: None,
        }),
        other => Err(format!("{other} punches")),
    }
}
