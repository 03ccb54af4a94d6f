//! Commands of front ends: each is answered exactly once.
//!
//! Most are answered when they have been taken in. Those that the database decides are
//! answered with its receipt, and the start of an enrolment when the enrolment ends,
//! whoever is still there to read it.
//!
//! Only one enrolment goes on at a time, and it belongs to the front end that began it.

use crate::say;
use rollcall_messages::Message;
use std::collections::BTreeMap;

use super::{Mode, Station};
use crate::event::{CommandId, Effect, Intent, Outcome, Seat, Ticket};
use crate::frame::Moment;

/// What is still to be answered.
#[derive(Debug, Default)]
pub(super) struct Commands {
    /// The command that is being taken in.
    current: Option<CommandId>,
    refusal: Option<Message>,
    waiting: BTreeMap<Ticket, CommandId>,
    /// The command that started the enrolment which is going on.
    enrolment: Option<CommandId>,
    /// Where somebody is being enrolled, and who is there.
    enroller: Option<(Seat, String)>,
}

impl Commands {
    pub(super) fn are_answered(&self) -> bool {
        self.waiting.is_empty() && self.enrolment.is_none()
    }

    pub(super) fn begin(&mut self, command: CommandId) {
        self.current = Some(command);
    }

    /// The command that is being taken in is refused.
    pub(super) fn refuse(&mut self, reason: impl Into<Message>) {
        if self.current.is_some() {
            self.refusal = Some(reason.into());
        }
    }

    /// The command that is being taken in is answered with the receipt of `ticket`.
    pub(super) fn await_receipt(&mut self, ticket: Ticket) {
        if let Some(command) = self.current.take() {
            self.waiting.insert(ticket, command);
        }
    }

    /// The command that is being taken in is answered when the enrolment ends.
    pub(super) fn await_enrolment(&mut self) {
        self.enrolment = self.current.take();
    }

    /// The command that was waiting for one receipt waits for another.
    pub(super) fn await_another(&mut self, before: Ticket, now: Ticket) {
        if let Some(command) = self.waiting.remove(&before) {
            self.waiting.insert(now, command);
        }
    }

    /// Answers the command that was waiting for this receipt, if one was.
    pub(super) fn answer(&mut self, ticket: Ticket, outcome: Outcome, effects: &mut Vec<Effect>) {
        if let Some(command) = self.waiting.remove(&ticket) {
            effects.push(Effect::Reply { command, outcome });
        }
    }

    /// Answers the command that started the enrolment.
    pub(super) fn answer_enrolment(&mut self, outcome: Outcome, effects: &mut Vec<Effect>) {
        if let Some(command) = self.enrolment.take() {
            effects.push(Effect::Reply { command, outcome });
        }
    }

    /// Answers the command that was taken in, unless it waits for something.
    pub(super) fn answer_now(&mut self, effects: &mut Vec<Effect>) {
        let refusal = self.refusal.take();
        if let Some(command) = self.current.take() {
            let outcome = refusal.map_or_else(|| Ok(Message::default()), Err);
            effects.push(Effect::Reply { command, outcome });
        }
    }
}

impl Station {
    /// Where somebody is being enrolled at the moment, and who is there.
    pub fn enroller(&self) -> Option<(Seat, &str)> {
        let (seat, name) = self.commands.enroller.as_ref()?;
        (!matches!(self.mode, Mode::Live)).then_some((*seat, name.as_str()))
    }

    pub(super) fn commanded(
        &mut self,
        seat: Seat,
        operator: String,
        intent: Intent,
        now: &Moment,
        effects: &mut Vec<Effect>,
    ) {
        match intent {
            Intent::Correct(correction) => self.correct(correction, effects),
            Intent::EnterPin(pin) => self.pin_entered(pin, now, effects),
            intent => {
                if let Some((_, name)) = self.enroller().filter(|(other, _)| *other != seat) {
                    let refusal = say::somebody_is_enrolling(name);
                    self.commands.refuse(refusal);
                    return;
                }
                self.commands.enroller = Some((seat, operator));
                self.enrolment_intended(intent, now, effects);
            }
        }
    }

    /// An enrolment whose operator is gone would keep the others waiting until its patience
    /// ends. What is being saved is saved.
    pub(super) fn seat_left(&mut self, seat: Seat, now: &Moment, effects: &mut Vec<Effect>) {
        let is_theirs = self
            .enroller()
            .is_some_and(|(enroller, _)| enroller == seat);
        if !is_theirs {
            return;
        }
        if matches!(self.mode, Mode::Saving { .. }) {
            // If it is refused the face is held again: for whoever comes first.
            self.commands.enroller = None;
        } else {
            self.call_off(now, effects);
        }
    }
}
