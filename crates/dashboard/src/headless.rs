//! No dashboard: one line per event on standard output, for a log or a script.

use std::time::Duration;

use rollcall_protocol::{Client, LinkState};
use rollcall_system::stop::StopFlag;

use crate::printer::Printer;
use crate::session::Left;

/// How often it is looked whether an end is asked for.
const GLANCE: Duration = Duration::from_millis(200);

/// Prints what happens until the station ends or an end is asked for. `each_round` is called
/// several times a second.
///
/// # Errors
/// If the printing thread cannot be started, or standard output is broken.
pub fn run(
    client: &Client,
    stop: &StopFlag,
    mut each_round: impl FnMut(&Client),
) -> std::io::Result<Left> {
    let mut printer = Printer::start()?;
    let mut printed = 0;
    loop {
        let state = client.state();
        let view = client.view();
        let lines: Vec<String> = view
            .log()
            .since(printed)
            .map(|entry| {
                let time = entry.at.wall.format("%Y-%m-%dT%H:%M:%S%:z");
                format!("{time} {}", entry.notice)
            })
            .collect();
        printed = view.log().written();
        let is_over = stop.is_requested() || matches!(state, LinkState::Ended(_));
        let told = printer.print(&lines);
        if is_over || told.is_err() {
            printer.finish();
            told?;
            return Ok(match state {
                LinkState::Ended(why) => Left::StationEnded(why),
                _ => Left::Stopped,
            });
        }
        each_round(client);
        let _ = client.news().recv_timeout(GLANCE);
    }
}
