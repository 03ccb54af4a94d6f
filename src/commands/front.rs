//! What a station is watched and operated with: a dashboard, lines of words, or nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::Context;
use super::station::{language, language_of, telling};
use crate::camera::SourceSpec;
use crate::cli::CaptureArgs;
use crate::core::worktime::DayState;
use crate::protocol::{Client, Guest, Host as _, PreviewMode};
use crate::runtime::Running;
use crate::service_manager::ServiceManager;
use crate::stop::StopFlag;
use crate::ui::headless::WithoutReader;
use crate::ui::session::{self, Left, SessionOptions};
use crate::ui::{Charset, ColourDepth, Language, Terminal, UiOptions, headless, plain};

/// How it is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Front {
    Dashboard,
    Plain,
    Headless,
}

/// A front end that can be used.
pub(super) enum OpenFront {
    Dashboard(Box<(Terminal, SessionOptions)>),
    Plain(&'static Language),
    Headless,
}

/// How often a station without a terminal looks whether it shall end.
const GLANCE: Duration = Duration::from_millis(100);

impl Front {
    pub(super) fn of(capture: &CaptureArgs) -> Self {
        if capture.plain {
            Self::Plain
        } else {
            Self::Dashboard
        }
    }

    /// Takes the terminal, if one is needed.
    pub(super) fn open(self, capture: &CaptureArgs, context: &Context) -> Result<OpenFront> {
        Ok(match self {
            Self::Headless => OpenFront::Headless,
            Self::Plain => OpenFront::Plain(language(context)?),
            Self::Dashboard => {
                let options = session_options((None, capture.preview_kbps), context)?;
                let asks = asks_for_pixels(context.config.dashboard.preview);
                OpenFront::Dashboard(Box::new((Terminal::open(asks)?, options)))
            }
        })
    }
}

impl OpenFront {
    /// Watches a station in this process until it or whoever watches it ends.
    pub(super) fn watch(
        self,
        running: &Running,
        source: &SourceSpec,
        (manager, hang_up): (&Mutex<ServiceManager>, &AtomicBool),
    ) -> Result<()> {
        let stop = running.stop_flag();
        let client = running.hub().join(Guest {
            operator: super::operator(),
            watches_only: false,
            peer: None,
        });
        let left = match self {
            Self::Headless => {
                let each_round = |client: &Client| {
                    if hang_up.swap(false, Ordering::SeqCst) {
                        // What a service manager means by it; a terminal that is closed is
                        // nobody's reason to stop taking attendance either.
                        reload(running, manager);
                    }
                    telling(manager).status(&in_one_line(client, running.hub().guests()));
                };
                let without_reader = if is_lasting(source) {
                    WithoutReader::GoesOn
                } else {
                    WithoutReader::Ends
                };
                headless::run(&client, stop, without_reader, each_round)
                    .context("writing to standard output")?
            }
            Self::Plain(language) => {
                plain::run(client, language, stop).context("writing to standard output")?
            }
            Self::Dashboard(opened) => {
                let (mut terminal, mut options) = *opened;
                options.may_stop = !is_lasting(source);
                let left = session::run(&mut terminal, client, options, stop);
                // The screen is given back before anything is printed.
                drop(terminal);
                left?
            }
        };
        if let Left::TerminalLost(reason) = left
            && is_lasting(source)
        {
            stay(running, &reason);
        }
        Ok(())
    }
}

/// Reads the configuration again.
fn reload(running: &Running, manager: &Mutex<ServiceManager>) {
    telling(manager).reloading();
    running.hub().reload();
    telling(manager).ready();
}

/// How a station does, for the service manager: without names.
fn in_one_line(client: &Client, guests: usize) -> String {
    let view = client.view();
    let now = client.now();
    let rows = view.today(&now);
    let inside = rows.iter().filter(|row| row.report.state == DayState::In);
    let trouble = view.health.trouble.as_ref();
    format!(
        "camera {}; {} of {} people in; {} dashboards{}{}",
        view.health.camera.label,
        inside.count(),
        view.roster.people.len(),
        // This front end is none.
        guests.saturating_sub(1),
        if trouble.is_some() { "; " } else { "" },
        trouble.map_or_else(String::new, ToString::to_string),
    )
}

/// The language of a front end: the one asked for, or that of the settings.
pub(super) fn language_for(asked: Option<&str>, context: &Context) -> Result<&'static Language> {
    match asked {
        Some(asked) => language_of(asked, context),
        None => language(context),
    }
}

/// Whether a terminal is asked if it shows pictures.
pub(super) fn asks_for_pixels(preview: Option<PreviewMode>) -> bool {
    matches!(preview, None | Some(PreviewMode::Pixels))
}

/// Makes signals mean what they mean to a station, before anybody can know that it runs. What
/// is returned is set by a hang-up; a terminal that is closed says so to whoever reads it, too.
pub(super) fn take_signals(stop: &StopFlag) -> Result<Arc<AtomicBool>> {
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, stop.as_atomic())
            .context("registering a signal handler")?;
    }
    let hang_up = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGHUP, Arc::clone(&hang_up))
        .context("registering a signal handler")?;
    Ok(hang_up)
}

/// Attendance goes on without anybody who watches, until an end is asked for.
fn stay(running: &Running, reason: &str) {
    tracing::warn!("attendance goes on without the terminal: {reason}");
    while !running.stop_flag().sleep(GLANCE) && !running.has_ended() {}
}

/// Whether a station takes attendance of people, and not of a film.
fn is_lasting(source: &SourceSpec) -> bool {
    matches!(
        source,
        SourceSpec::Usb(_) | SourceSpec::Http(_) | SourceSpec::None
    )
}

pub(super) fn session_options(
    asked: (Option<&str>, Option<u32>),
    context: &Context,
) -> Result<SessionOptions> {
    let environment = |name: &str| std::env::var(name).ok();
    let (language, preview_kbps) = asked;
    let own = language_for(language, context)?;
    let is_chosen = language.is_some();
    let folder = context.clone();
    Ok(SessionOptions {
        ui: UiOptions {
            language: own,
            operator: super::operator(),
            colours: ColourDepth::detect(environment),
            charset: Charset::detect(environment),
            // The station says the rest.
            ..UiOptions::default()
        },
        language_of: Box::new(move |setting| {
            if is_chosen {
                return own;
            }
            // A catalogue that cannot be read was refused when the setting was made.
            language_of(setting, &folder).unwrap_or(own)
        }),
        preview_kbps,
        least_banner: Duration::ZERO,
        may_stop: true,
    })
}
