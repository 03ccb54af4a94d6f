//! What the station decides to do, done.

use crate::{said, say};
use rollcall_core::event::{Effect, Event, PunchOutcome, Receipt};
use rollcall_store::worker::Taken;
use rollcall_store::{NewTemplate, StoreRequest};

use crate::Runtime;

impl Runtime {
    pub(crate) fn perform(&mut self, effect: Effect) {
        let request = match effect {
            Effect::RecordPunch { ticket, punch } => StoreRequest::Punch { ticket, punch },
            Effect::RecordSighting(mut sighting) => {
                // The frame is not kept waiting: behind a full disk it would fill the memory.
                let look = sighting.look.take().filter(|_| self.keeps_strangers);
                let face = look.and_then(|look| self.sighted_face(look));
                StoreRequest::Sighting(sighting, face)
            }
            Effect::Adapt {
                person,
                embedding,
                quality,
            } => StoreRequest::Adapt {
                person,
                template: NewTemplate {
                    embedding,
                    model: self.model.clone(),
                    quality,
                    jpeg: None,
                },
            },
            Effect::CheckPin { ticket, pin } => StoreRequest::CheckPin { ticket, pin },
            Effect::Correct { ticket, correction } => StoreRequest::Correct { ticket, correction },
            Effect::Reply { command, outcome } => return self.answers.push((command, outcome)),
            Effect::Note { action, detail } => StoreRequest::Note { action, detail },
            Effect::Reload { local_day } => StoreRequest::Reload { local_day },
            Effect::Enrol {
                ticket,
                name,
                code,
                samples,
                stated,
            } => match self.new_person(name, code, &samples) {
                Ok(person) => StoreRequest::Enrol {
                    ticket,
                    person,
                    stated,
                },
                Err(error) => {
                    let reason = said::of(&error);
                    self.take_in(Event::Receipt(Receipt::EnrolmentRefused { ticket, reason }));
                    return;
                }
            },
        };
        self.ask(request);
    }

    /// Asks the store, or answers in its place that too much is waiting.
    pub(crate) fn ask(&mut self, request: StoreRequest) {
        let Taken::No(request) = self.store.send(request) else {
            return;
        };
        let reason = say::STORE_TOO_BUSY.into();
        let receipt = match *request {
            StoreRequest::Punch { ticket, .. } => Receipt::Punch {
                ticket,
                outcome: PunchOutcome::Refused(reason),
            },
            StoreRequest::Enrol { ticket, .. } => Receipt::EnrolmentRefused { ticket, reason },
            StoreRequest::CheckPin { ticket, .. } => Receipt::PinChecked {
                ticket,
                holder: Err(reason),
            },
            StoreRequest::Correct { ticket, .. } => Receipt::Corrected {
                ticket,
                outcome: Err(reason),
            },
            // Asked again soon, or said in the log file.
            request => {
                tracing::warn!(?request, "not taken by the store");
                return;
            }
        };
        self.take_in(Event::Receipt(receipt));
    }
}
