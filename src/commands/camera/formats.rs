//! `rollcall camera formats`: what a camera can be asked for.

use anyhow::Result;

use super::super::Context;
use super::super::table::{Table, print_json};
use super::usb_choice;
use crate::camera::usb;
use crate::cli::{CameraFormatsArgs, Outcome};

pub(super) fn run(args: &CameraFormatsArgs, context: &Context) -> Result<Outcome> {
    let device = usb::find(&usb_choice(args.source.as_ref(), context)?)?;
    let offers = usb::offers(&device)?;
    if args.json {
        print_json(&offers)?;
        return Ok(Outcome::Done);
    }
    let mut table = Table::new(&["Size", "Encoding", "Pictures per second"]);
    for offer in &offers {
        let rates: Vec<String> = offer.rates.iter().map(u32::to_string).collect();
        table.row([
            format!("{}x{}", offer.width, offer.height),
            offer.format.clone(),
            rates.join(", "),
        ]);
    }
    table.print()?;
    Ok(Outcome::Done)
}
