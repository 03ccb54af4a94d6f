//! No dashboard: one line per event on standard output, for a log or a script.

use std::time::Duration;

use rollcall_protocol::{Client, LinkState};
use rollcall_system::stop::StopFlag;

use crate::printer::Printer;
use crate::session::Left;

/// How often it is looked whether an end is asked for.
const GLANCE: Duration = Duration::from_millis(200);

/// What a reader that is gone means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithoutReader {
    /// Nobody wants to know any more: the end.
    Ends,
    /// The station goes on, and prints no more.
    GoesOn,
}

/// Prints what happens until the station ends or an end is asked for. `each_round` is called
/// several times a second.
///
/// # Errors
/// If the printing thread cannot be started, or standard output is broken and that is the end.
pub fn run(
    client: &Client,
    stop: &StopFlag,
    without_reader: WithoutReader,
    mut each_round: impl FnMut(&Client),
) -> std::io::Result<Left> {
    let mut printer = Some(Printer::start()?);
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
        if let Some(open) = &mut printer
            && let Err(error) = open.print(&lines)
        {
            if without_reader == WithoutReader::Ends {
                open.finish();
                return Err(error);
            }
            tracing::warn!(%error, "attendance goes on, but no more lines are printed");
            printer = None;
        }
        if is_over {
            if let Some(open) = &printer {
                open.finish();
            }
            return Ok(match state {
                LinkState::Ended(why) => Left::StationEnded(why),
                _ => Left::Stopped,
            });
        }
        each_round(client);
        let _ = client.news().recv_timeout(GLANCE);
    }
}
