//! `rollcall camera`: the cameras of this machine.

use anyhow::Result;
use serde::Serialize;

use super::table::{Table, print_json};
use crate::camera::usb;
use crate::cli::{CameraCommand, Outcome};

#[derive(Serialize)]
struct CameraRow {
    source: String,
    device: String,
    name: String,
    bus_path: Option<String>,
    usb: bool,
}

/// Runs the command.
pub(super) fn run(command: &CameraCommand) -> Result<Outcome> {
    let CameraCommand::List(args) = command;
    let rows: Vec<CameraRow> = usb::list()
        .into_iter()
        .map(|device| CameraRow {
            source: format!("usb:{}", device.number),
            device: format!("/dev/video{}", device.number),
            name: device.name,
            bus_path: device.bus_path,
            usb: device.is_usb,
        })
        .collect();
    if args.json {
        print_json(&rows)?;
    } else if rows.is_empty() {
        println!("No camera was found. Plug one in, or try the demonstration: rollcall --demo");
    } else {
        let mut table = Table::new(&["--source", "Device", "Name", "Kind"]);
        for row in &rows {
            let kind = if row.usb {
                "USB camera"
            } else {
                "video device"
            };
            table.row([
                row.source.clone(),
                row.device.clone(),
                row.name.clone(),
                kind.to_owned(),
            ]);
        }
        table.print()?;
    }
    Ok(Outcome::Done)
}
