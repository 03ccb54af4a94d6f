//! Cameras that are there and send nothing, or nothing usable.

use std::time::Duration;

use super::{BACK_OFF, LIVE, NOTICE, RECOVERY, leave, live, within};
use crate::webcam::Behaviour;
use crate::{Lab, Seen};

pub(super) const SILENT: &str = "sends no usable picture";
pub(super) const UNREADABLE: &str = "none can be read";
const FROZEN: &str = "same picture again and again";

/// A camera that behaves like this until it behaves well; the station says `said`, once.
pub(super) fn trouble(lab: &mut Lab, behaviour: Behaviour, said: &str) -> Result<Seen, String> {
    let (camera, mut station) = live(lab)?;
    camera.behave(behaviour);
    let noticed = station.await_line(said, NOTICE)?;
    station.expect_no_line(&[LIVE, said], Duration::from_secs(8))?;
    camera.behave(Behaviour::Good);
    let took = station.await_line(LIVE, BACK_OFF)?;
    leave(lab, camera, station)?;
    Ok(Seen {
        text: format!("said after {:.1} s, live", noticed.as_secs_f64()),
        recovery: Some(took),
    })
}

pub(super) fn frozen(lab: &mut Lab) -> Result<Seen, String> {
    let (camera, mut station) = live(lab)?;
    camera.behave(Behaviour::Frozen);
    let noticed = station.await_line(FROZEN, Duration::from_secs(20))?;
    camera.behave(Behaviour::Good);
    let took = station.await_line(LIVE, RECOVERY * 4)?;
    leave(lab, camera, station)?;
    Ok(Seen {
        text: format!("said after {:.1} s, live", noticed.as_secs_f64()),
        recovery: within(RECOVERY, took)?,
    })
}
