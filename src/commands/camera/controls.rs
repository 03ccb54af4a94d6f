//! `rollcall camera controls`: lists the controls of a camera, and sets them.

use anyhow::{Context as _, Result};

use super::super::Context;
use super::super::table::{Table, print_json};
use super::usb_choice;
use crate::camera::usb;
use crate::camera::usb::controls::{self, Control};
use crate::cli::{CameraControlsArgs, Outcome};

pub(super) fn run(args: &CameraControlsArgs, context: &Context) -> Result<Outcome> {
    let choice = usb_choice(args.source.as_ref(), context)?;
    let device = usb::find(&choice)?;
    for assignment in &args.assignments {
        let (name, value) = parse(assignment)?;
        let control = controls::set(&device, name, value)?;
        // So that it is the same after the camera was unplugged; where there is no station
        // yet there is nothing that would open the camera again.
        if context.data_dir().is_dir() {
            let file = context.data_dir().join(controls::FILE_NAME);
            controls::remember(&file, name, control.value)?;
        }
    }
    let controls = controls::read(&device)?;
    if args.json {
        print_json(&controls)?;
    } else if controls.is_empty() {
        println!("{device} has no controls.");
    } else {
        table(&controls).print()?;
    }
    Ok(Outcome::Done)
}

fn parse(assignment: &str) -> Result<(&str, i64)> {
    let parts = assignment.split_once('=');
    let (name, value) = parts.with_context(|| format!("`{assignment}`: write NAME=VALUE"))?;
    let number = value.trim().parse();
    let number = number.with_context(|| format!("`{assignment}`: the value is a whole number"))?;
    Ok((name.trim(), number))
}

fn table(controls: &[Control]) -> Table {
    let mut table = Table::new(&["Control", "Value", "Default", "Possible", ""]);
    for control in controls {
        let possible = if control.choices.is_empty() {
            format!("{} to {}", control.minimum, control.maximum)
        } else {
            let choices = control
                .choices
                .iter()
                .map(|(n, name)| format!("{n} {name}"));
            choices.collect::<Vec<_>>().join(", ")
        };
        let remark = if control.changeable {
            ""
        } else {
            "decided by the camera"
        };
        table.row([
            control.name.clone(),
            control.value.to_string(),
            control.default.to_string(),
            possible,
            remark.to_owned(),
        ]);
    }
    table
}
