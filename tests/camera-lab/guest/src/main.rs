//! Runs in the lab's virtual machine: goes through the scenarios and reports each.
//!
//! A line that begins with `RESULT` is a row of the table; `LAB DONE` comes after
//! the last one, so that a guest that died on the way is not taken for a success.

mod scenarios;
mod station;
mod terminal;
mod webcam;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use station::Station;
use webcam::Pictures;

/// What was seen in a scenario that went as expected.
pub(crate) struct Seen {
    text: String,
    /// From the camera's coming back to the first picture.
    recovery: Option<Duration>,
}

/// One scenario.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) expected: &'static str,
    pub(crate) run: fn(&mut Lab) -> Result<Seen, String>,
}

/// What the scenarios work with.
pub(crate) struct Lab {
    pub(crate) pictures: Arc<Pictures>,
    /// A station without a camera, which a scenario has left for the next one: starting
    /// one takes half a minute here, and stations on walls are not restarted either.
    pub(crate) waiting: Option<Station>,
}

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let pictures = match Pictures::read(Path::new("/pictures")) {
        Ok(pictures) => Arc::new(pictures),
        Err(error) => {
            println!("RESULT|lab|pictures to send|MISS: {error}|");
            return ExitCode::FAILURE;
        }
    };
    let mut lab = Lab {
        pictures,
        waiting: None,
    };
    let mut misses = 0;
    for scenario in scenarios::ALL {
        let is_wanted = wanted.is_empty() || wanted.iter().any(|w| scenario.name.contains(w));
        if is_wanted && !report(scenario, &mut lab) {
            misses += 1;
        }
    }
    println!("LAB DONE {misses} missed");
    if misses == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs one scenario and prints its row; `true` if it went as expected.
fn report(scenario: &Scenario, lab: &mut Lab) -> bool {
    let began = Instant::now();
    println!("BEGIN {}", scenario.name);
    let result = (scenario.run)(lab);
    let took = began.elapsed().as_secs();
    let (seen, recovery) = match &result {
        Ok(seen) => (seen.text.clone(), seen.recovery),
        Err(reason) => (format!("MISS: {}", reason.replace(['|', '\n'], " ")), None),
    };
    let recovery = recovery.map_or(String::new(), |r| format!("{:.1} s", r.as_secs_f64()));
    println!(
        "RESULT|{}|{}|{seen}|{recovery}|{took} s",
        scenario.name, scenario.expected
    );
    result.is_ok()
}
