//! `rollcall calibrate`: what the threshold costs at this station.

use anyhow::{Result, bail};

use super::Context;
use super::table::print_json;
use crate::cases::calibration;
use crate::cli::{CalibrateArgs, Outcome};
use crate::ui::Charset;

/// Runs the command.
pub(super) fn run(args: &CalibrateArgs, context: &Context) -> Result<Outcome> {
    if !(args.target > 0.0 && args.target < 1.0) {
        bail!(
            "--target {}: a probability between 0 and 1, e.g. 0.0001",
            args.target
        );
    }
    let report = calibration::measure(args.target, context)?;
    if args.json {
        print_json(&report)?;
    } else {
        let charset = Charset::detect(|name| std::env::var(name).ok());
        for line in calibration::lines(&report) {
            let words = line.words.to_string();
            let words = match charset {
                Charset::Unicode => words,
                Charset::Ascii => calibration::in_ascii(&words),
            };
            match line.term.to_string().as_str() {
                "" => println!("{words}"),
                term => println!("{term:>10} {words}"),
            }
        }
    }
    if args.write {
        let setting = calibration::write(context, &report)?;
        let path = context.config_file().path;
        println!("recognition.threshold = {setting} is in {}", path.display());
    }
    Ok(Outcome::Done)
}
