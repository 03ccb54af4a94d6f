//! A front end of a station that runs in another process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::Context;
use super::front::{asks_for_pixels, language_for, session_options};
use crate::cli::{AttachArgs, CaptureArgs, Outcome};
use crate::link::{self, Found, Hello, Places};
use crate::stop::StopFlag;
use crate::ui::session::{self, Left};
use crate::ui::{Leaving, Terminal, plain};

/// How long a greeting stays on the screen at the door.
const KIOSK_GREETING: Duration = Duration::from_secs(6);

/// `rollcall attach`.
pub(super) fn run(args: &AttachArgs, context: &Context) -> Result<Outcome> {
    let data_dir = context.data_dir();
    let Some(socket) = station_of(data_dir)?.or_else(only_service) else {
        bail!(
            "no station runs for {}; `rollcall` starts one, and --data-dir names another folder",
            data_dir.display()
        );
    };
    attach(&socket, args, context)
}

/// Attaches instead of starting a station, if one runs already and nothing else was asked
/// for than to see it.
pub(super) fn instead(capture: &CaptureArgs, context: &Context) -> Result<Option<Outcome>> {
    let wants_its_own = capture.demo || capture.source.is_some() || capture.rate.is_some();
    if wants_its_own || capture.once {
        return Ok(None);
    }
    let Some(socket) = station_of(context.data_dir())? else {
        return Ok(None);
    };
    let args = AttachArgs {
        plain: capture.plain,
        preview_kbps: capture.preview_kbps,
        ..AttachArgs::default()
    };
    attach(&socket, &args, context).map(Some)
}

/// The socket of the station that has this data folder, if one runs.
pub(super) fn station_of(data_dir: &Path) -> Result<Option<PathBuf>> {
    match Places::new().find(data_dir) {
        Found::Live(socket) => Ok(Some(socket)),
        Found::None => Ok(None),
        Found::Barred(socket) => bail!(
            "a station runs there, but you may not talk to it ({}): join its group with \
             `sudo usermod -aG rollcall $USER` and log in again",
            socket.display()
        ),
    }
}

/// The service of this machine, if there is just one.
fn only_service() -> Option<PathBuf> {
    let mut services = Places::new().services();
    (services.len() == 1).then(|| services.remove(0))
}

fn attach(socket: &Path, args: &AttachArgs, context: &Context) -> Result<Outcome> {
    // Two seconds are long enough for an end that a signal asks for.
    let stop = StopFlag::new();
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, stop.as_atomic())
            .context("registering a signal handler")?;
    }
    let hello = Hello {
        operator: super::operator(),
        watches_only: args.kiosk,
    };
    let left = if args.plain {
        let client = link::attach(socket, hello)?;
        let language = language_for(args.language.as_deref(), context)?;
        plain::run(client, language, &stop).context("writing to standard output")?
    } else {
        let asked = (args.language.as_deref(), args.preview_kbps);
        let mut options = session_options(asked, context)?;
        options.ui.leaving = Leaving::LeavesItRunning;
        if args.kiosk {
            options.ui.is_kiosk = true;
            // Whoever walks on has seen it; whoever stays wants to read it.
            options.least_banner = KIOSK_GREETING;
        }
        // What it has to say is read before the terminal is taken.
        let client = link::attach(socket, hello)?;
        let asks = asks_for_pixels(client.view().facts.screen.preview);
        let mut terminal = Terminal::open(asks)?;
        let left = session::run(&mut terminal, client, options, &stop);
        drop(terminal);
        left?
    };
    match left {
        Left::StationEnded(Some(why)) => bail!(why),
        _ => Ok(Outcome::Done),
    }
}
