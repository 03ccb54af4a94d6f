//! What front ends want of the station itself, and what was read of a changed configuration.

use crate::say;
use rollcall_messages::Message;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, LocalResult, NaiveDateTime};

use rollcall_camera::credentials_hidden;
use rollcall_cases::CaseError;
use rollcall_core::correction::When;
use rollcall_core::event::{CommandId, Event};
use rollcall_core::notice::Notice;
use rollcall_system::clock::Clock;

use crate::Runtime;
use crate::camera_test::CameraTest;
use crate::configured::Configured;
use crate::hub::{Commanded, Wanted};

impl Runtime {
    pub(crate) fn commanded(&mut self, Commanded { id, what }: Commanded) {
        match what {
            Wanted::Intent { operator, intent } => {
                let policy = self.station.policies().attendance;
                let clock = self.clock;
                let moment = |local| {
                    let at = moment_of(local, &clock)?;
                    let local_day = policy.local_day(&at);
                    Ok(When { at, local_day })
                };
                match intent.resolved(moment) {
                    Ok(intent) => self.take_in(Event::Command {
                        id,
                        operator,
                        intent,
                    }),
                    Err(reason) => self.hub.reply_with(id, Err(reason)),
                }
            }
            Wanted::CameraTest => {
                let test = CameraTest::begin(self.now().monotonic, self.camera.stats());
                if let Some((before, _)) = self.camera_test.replace((id, test)) {
                    let another = say::ANOTHER_CAMERA_TEST.into();
                    self.hub.reply_with(before, Err(another));
                }
            }
            Wanted::Reconfigure(read) => self.reconfigure(*read),
            Wanted::Restart => self.restart_wanted(id),
        }
    }

    fn reconfigure(&mut self, read: Result<Configured, CaseError>) {
        match read {
            Ok(new) => {
                self.consent = new.consent;
                self.keeps_strangers = new.keeps_strangers;
                self.publisher.set_facts(new.facts);
                let rules = Box::new((new.policies, new.work_plan));
                self.take_in(Event::Reconfigured(rules));
                tracing::info!("the configuration was read again");
            }
            Err(error) => {
                // What is wrong may quote an address with its password.
                let error = credentials_hidden(&format!("{error}"));
                let warning = say::configuration_not_in_use(error);
                tracing::warn!("{warning}");
                self.take_in(Event::Notice(Notice::Warning(warning)));
            }
        }
    }

    pub(crate) fn finish_camera_test(&mut self, now: Duration) {
        let stats = self.camera.stats();
        let outcome = |(_, test): &(CommandId, CameraTest)| test.outcome(now, &stats);
        if let Some(outcome) = self.camera_test.as_ref().and_then(outcome)
            && let Some((id, _)) = self.camera_test.take()
        {
            self.hub.reply_with(id, outcome);
        }
    }
}

/// The moment that a time on the wall means.
fn moment_of(local: NaiveDateTime, clock: &Clock) -> Result<DateTime<FixedOffset>, Message> {
    match clock.moments_of(local) {
        LocalResult::Single(at) => Ok(at),
        LocalResult::Ambiguous(..) => Err(say::time_occurs_twice(local.to_string())),
        LocalResult::None => Err(say::time_does_not_occur(local.to_string())),
    }
}
