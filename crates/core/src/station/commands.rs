//! Commands of front ends: each is answered exactly once.
//!
//! Most are answered when they have been taken in. Those that the database decides are
//! answered with its receipt, whoever is still there to read it.
//!
//! Only one enrolment goes on at a time, and it belongs to the front end that began it.

use std::collections::BTreeMap;

use super::{Mode, Station};
use crate::event::{CommandId, Effect, Intent, Operator, Outcome, Ticket};
use crate::frame::Moment;

/// What is still to be answered.
#[derive(Debug, Default)]
pub(super) struct Commands {
    /// The command that is being taken in.
    pub(super) current: Option<CommandId>,
    refusal: Option<String>,
    waiting: BTreeMap<Ticket, CommandId>,
    /// Who is enrolling somebody.
    pub(super) enrolling: Option<Operator>,
}

impl Commands {
    /// The command that is being taken in is refused.
    pub(super) fn refuse(&mut self, reason: String) {
        if self.current.is_some() {
            self.refusal = Some(reason);
        }
    }

    /// The command that is being taken in is answered with the receipt of `ticket`.
    pub(super) fn await_receipt(&mut self, ticket: Ticket) {
        if let Some(command) = self.current.take() {
            self.waiting.insert(ticket, command);
        }
    }

    /// Answers the command that was waiting for this receipt, if one was.
    pub(super) fn answer(&mut self, ticket: Ticket, outcome: Outcome, effects: &mut Vec<Effect>) {
        if let Some(command) = self.waiting.remove(&ticket) {
            effects.push(Effect::Reply { command, outcome });
        }
    }

    /// Answers the command that was taken in, unless it waits for a receipt.
    pub(super) fn answer_now(&mut self, effects: &mut Vec<Effect>) {
        let refusal = self.refusal.take();
        if let Some(command) = self.current.take() {
            let outcome = refusal.map_or_else(|| Ok(String::new()), Err);
            effects.push(Effect::Reply { command, outcome });
        }
    }
}

impl Station {
    /// Who is enrolling somebody at the moment.
    pub fn enrolling(&self) -> Option<&Operator> {
        let is_over = matches!(self.mode, Mode::Live);
        self.commands.enrolling.as_ref().filter(|_| !is_over)
    }

    pub(super) fn commanded(
        &mut self,
        from: &Operator,
        intent: Intent,
        now: &Moment,
        effects: &mut Vec<Effect>,
    ) {
        match intent {
            Intent::Correct(correction) => self.correct(correction, effects),
            Intent::EnterPin(pin) => self.pin_entered(pin, now, effects),
            intent => {
                if let Some(other) = self.enrolling().filter(|other| other.seat != from.seat) {
                    let name = &other.name;
                    self.commands
                        .refuse(format!("{name} is enrolling somebody at the moment"));
                    return;
                }
                self.commands.enrolling = Some(from.clone());
                self.enrolment_intended(intent, now, effects);
            }
        }
    }

    /// An enrolment whose operator is gone would block the others until its patience ends.
    pub(super) fn operator_left(&mut self, seat: u64, now: &Moment, effects: &mut Vec<Effect>) {
        if self.enrolling().is_some_and(|operator| operator.seat == seat)
            && !matches!(self.mode, Mode::Saving { .. })
        {
            self.enrolment_intended(Intent::CancelEnrolment, now, effects);
        }
    }
}
