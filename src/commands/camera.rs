//! `rollcall camera`: the cameras of this machine, how well one works, its controls.

mod controls;
mod formats;
mod test;

use anyhow::{Result, bail};
use serde::Serialize;

use super::Context;
use super::table::{Table, print_json};
use crate::camera::{CameraChoice, SourceSpec, usb};
use crate::cli::{CameraCommand, JsonArgs, Outcome};

#[derive(Serialize)]
struct CameraRow {
    source: String,
    device: String,
    name: String,
    bus_path: Option<String>,
    serial: Option<String>,
    usb: bool,
}

/// Runs the command.
pub(super) fn run(command: &CameraCommand, context: &Context) -> Result<Outcome> {
    match command {
        CameraCommand::List(args) => list(*args),
        CameraCommand::Test(args) => test::run(args, context),
        CameraCommand::Controls(args) => controls::run(args, context),
        CameraCommand::Formats(args) => formats::run(args, context),
    }
}

fn list(args: JsonArgs) -> Result<Outcome> {
    let rows: Vec<CameraRow> = usb::list()
        .into_iter()
        .map(|device| CameraRow {
            source: format!("usb:{}", device.number),
            device: device.device_file().display().to_string(),
            name: device.name,
            bus_path: device.bus_path,
            serial: device.serial,
            usb: device.is_usb,
        })
        .collect();
    if args.json {
        print_json(&rows)?;
    } else if rows.is_empty() {
        println!("No camera was found. Plug one in, or try the demonstration: rollcall --demo");
    } else {
        let mut table = Table::new(&["--source", "Device", "Name", "Socket", "Serial", "Kind"]);
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "—".to_owned());
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
                or_dash(&row.bus_path),
                or_dash(&row.serial),
                kind.to_owned(),
            ]);
        }
        table.print()?;
        println!(
            "A number may change when cameras are plugged in; usb:serial=, usb:bus= and usb:NAME stay."
        );
    }
    Ok(Outcome::Done)
}

/// The USB camera that `--source`, or else the configuration, names.
fn usb_choice(source: Option<&String>, context: &Context) -> Result<CameraChoice> {
    match source.unwrap_or(&context.config.camera.source).parse()? {
        SourceSpec::Usb(choice) => Ok(choice),
        other => bail!("{other} is no USB camera; say which with --source"),
    }
}
