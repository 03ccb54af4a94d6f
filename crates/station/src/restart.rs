//! One station after the other: the parts are started again, and front ends stay where they are.
//!
//! # Invariants
//! - Nothing is under way when a station ends for a new start: every punch is on the disk and
//!   every command answered. Commands that come meanwhile wait for the next one.
//! - A station that cannot be started with the new settings is started with those of before.
//! - Numbers that front ends remember go on: of events, of pictures, of the monotonic clock.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use crossbeam_channel::Receiver;

use rollcall_core::event::CommandId;
use rollcall_core::event::Event;
use rollcall_core::frame::Frame;
use rollcall_core::notice::{Log, Notice};
use rollcall_system::clock::Clock;
use rollcall_system::latest::Latest;
use rollcall_system::stop::StopFlag;

use crate::hub::{Commanded, Hub};
use crate::{Parts, Runtime, said, say};
use rollcall_messages::Message;

/// How long the end of what is under way is waited for: a database may be in trouble, and a row
/// of PINs takes its time, a part of a second each.
const UNDER_WAY: Duration = Duration::from_secs(15);

/// How long the people are waited for before an empty station is shown.
const FIRST_READING: Duration = Duration::from_secs(5);

/// Which settings the next start has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settings {
    /// Those that the configuration has now.
    New,
    /// Those of before.
    Before,
}

/// Makes the parts of another start.
pub type Again = Box<dyn FnMut(Settings) -> Result<Parts> + Send>;

/// What stays while a station is started again.
pub(crate) struct Standing {
    pub(crate) hub: Hub,
    pub(crate) commands: Receiver<Commanded>,
    pub(crate) pictures: Latest<Arc<Frame>>,
    pub(crate) quit: StopFlag,
    /// Its monotonic time goes on.
    pub(crate) clock: Clock,
    pub(crate) log: Log,
}

/// How a station has ended.
pub(crate) struct Ended {
    pub(crate) outcome: Result<()>,
    /// Who wants it to be started again.
    pub(crate) restart: Option<CommandId>,
    pub(crate) log: Log,
}

impl Standing {
    /// What a first start begins with.
    pub(crate) fn of(parts: &Parts) -> (Self, Hub) {
        let clock = Clock::start_in(parts.zone);
        let pictures = Latest::new();
        let (hub, commands) = Hub::new(pictures.clone());
        let standing = Self {
            hub: hub.clone(),
            commands,
            pictures,
            quit: StopFlag::new(),
            clock,
            log: Log::default(),
        };
        (standing, hub)
    }
}

/// Runs one station after the other until one ends for good.
pub(crate) fn run(
    mut runtime: Runtime,
    mut standing: Standing,
    mut again: Again,
    mut beat: Box<dyn FnMut() + Send>,
) -> Result<()> {
    let hub = standing.hub.clone();
    let outcome = loop {
        let ended = runtime.run(&mut beat);
        standing.log = ended.log;
        match (ended.outcome, ended.restart) {
            (Ok(()), Some(wanted)) => match next(&standing, &mut again, wanted, &mut beat) {
                Ok(started) => runtime = started,
                Err(error) => break Err(error),
            },
            (outcome, _) => break outcome,
        }
    };
    hub.end(outcome.as_ref().err().map(said::of));
    outcome
}

/// The next station, with the new settings if they can be used.
fn next(
    standing: &Standing,
    again: &mut Again,
    wanted: CommandId,
    beat: &mut dyn FnMut(),
) -> Result<Runtime> {
    let mut start = |settings| {
        beat();
        again(settings).and_then(|parts| Runtime::start(parts, standing))
    };
    let (mut runtime, outcome) = match start(Settings::New) {
        Ok(runtime) => (runtime, Ok(say::STATION_RESTARTED.into())),
        Err(error) => {
            let why = rollcall_camera::credentials_hidden(&format!("{error:#}"));
            let why = say::settings_of_before(why);
            tracing::error!("{why}");
            let mut runtime = start(Settings::Before)?;
            runtime.take_in(Event::Notice(Notice::Warning(why.clone())));
            (runtime, Err(why))
        }
    };
    let now = runtime.now().monotonic;
    runtime.is_silent_until = Some(now + FIRST_READING);
    runtime.answers.push((wanted, outcome));
    tracing::info!("the station has started again");
    Ok(runtime)
}

impl Runtime {
    /// Takes in that somebody wants the station to be started again.
    pub(crate) fn restart_wanted(&mut self, id: CommandId) {
        let refused = if self.restart.is_some() {
            Some(Message::from(say::RESTARTS_ALREADY))
        } else {
            let enroller = self.station.enroller();
            enroller.map(|(_, name)| say::somebody_enrols(name))
        };
        if let Some(reason) = refused {
            self.hub.reply_with(id, Err(reason));
            return;
        }
        let words = Message::from(say::STATION_RESTARTS);
        if let Some((test, _)) = self.camera_test.take() {
            self.hub.reply_with(test, Err(words.clone()));
        }
        self.take_in(Event::Notice(Notice::Info(words)));
        self.restart = Some((id, self.now().monotonic));
    }

    /// Whether it is to be started again and nothing is under way. What does not come to an end
    /// is not cut off: then it is not started again.
    pub(crate) fn can_restart(&mut self) -> bool {
        let Some((id, since)) = self.restart else {
            return false;
        };
        if self.station.is_settled() {
            return true;
        }
        if self.now().monotonic.saturating_sub(since) > UNDER_WAY {
            self.restart = None;
            self.hub.reply_with(id, Err(say::STILL_WRITING.into()));
        }
        false
    }

    pub(crate) fn takes_commands(&self) -> bool {
        self.restart.is_none() && self.is_silent_until.is_none()
    }

    /// Whether the people are still to be read after a new start. Nobody is shown an empty
    /// station in between.
    pub(crate) fn is_silent(&mut self, now: Duration) -> bool {
        let Some(until) = self.is_silent_until else {
            return false;
        };
        let has_read = self.station.revisions().people > 0;
        if has_read || now >= until {
            self.is_silent_until = None;
        }
        self.is_silent_until.is_some()
    }
}
