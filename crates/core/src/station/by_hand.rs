//! What people do to the station besides showing their face: they type a PIN, put
//! a punch right, set the clock.

use super::Station;
use super::punching::Named;
use crate::attendance::AttendanceEvent;
use crate::clock_trust::say_shift;
use crate::correction::{Corrected, Correction, Deed};
use crate::day::{Decision, PersonDay};
use crate::event::{Effect, Ticket};
use crate::frame::Moment;
use crate::notice::Notice;
use crate::person::PersonId;
use crate::pin::Pin;
use crate::say;
use rollcall_messages::{Message, Said};

impl Station {
    /// Asks the database to put an event right.
    pub(super) fn correct(&mut self, correction: Box<Correction>, effects: &mut Vec<Effect>) {
        let ticket = self.next_ticket();
        self.commands.await_receipt(ticket);
        effects.push(Effect::Correct {
            ticket,
            correction: self.with_face(correction),
        });
    }

    pub(super) fn next_ticket(&mut self) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        ticket
    }

    /// The correction with the face that it is about, if that is remembered.
    fn with_face(&self, mut correction: Box<Correction>) -> Box<Correction> {
        if let Deed::Disown { event } = correction.deed {
            let mut events = self.days.values().flat_map(PersonDay::events);
            let face = events
                .find(|known| known.id == event)
                .and_then(|known| self.punching.face_of(known));
            correction.face = face.map(|face| (face.clone(), self.model.clone()));
        }
        correction
    }

    pub(super) fn corrected(
        &mut self,
        ticket: Ticket,
        outcome: Result<Box<Corrected>, Message>,
        now: &Moment,
        effects: &mut Vec<Effect>,
    ) {
        let notice = match outcome {
            Ok(corrected) => {
                // Its place in the order of the day is found by reading the day again.
                effects.push(Effect::Reload {
                    local_day: self.local_day,
                });
                let corrected = Notice::Corrected(self.describe(&corrected));
                self.commands.answer(ticket, Ok(corrected.said()), effects);
                corrected
            }
            Err(reason) => {
                self.commands.answer(ticket, Err(reason.clone()), effects);
                Notice::CorrectionRefused(reason)
            }
        };
        self.log.push(now, notice);
    }

    fn describe(&self, corrected: &Corrected) -> Message {
        let it = |event: &AttendanceEvent| {
            let person = self.people.get(&event.person);
            let name = say::or_somebody(person.map(|p| &p.name));
            // With its date: most corrections are about another day than today.
            let time = event.at.format("%Y-%m-%d %H:%M:%S");
            say::correction_event(name, event.direction.text(), time.to_string())
        };
        match (&corrected.voided, &corrected.added) {
            (Some(old), Some(new)) => say::correction_in_place_of(it(new), it(old)),
            (Some(old), None) if corrected.disowned => say::correction_disowned(it(old)),
            (Some(old), None) => say::correction_voided(it(old)),
            (None, Some(new)) => say::correction_added(it(new)),
            (None, None) => say::NOTHING.into(),
        }
    }

    pub(super) fn pin_entered(&mut self, pin: Pin, now: &Moment, effects: &mut Vec<Effect>) {
        let guard = self.pin_guard.unwrap_or_default();
        if let Some(left) = guard.closed_for(now.monotonic) {
            let seconds = left.as_secs_f64().ceil() as u64;
            let refused = Notice::PinRefused(say::pin_wait(seconds));
            self.commands.refuse(refused.said());
            self.log.push(now, refused);
            return;
        }
        let ticket = self.next_ticket();
        self.commands.await_receipt(ticket);
        self.pins.insert(ticket, *now);
        effects.push(Effect::CheckPin { ticket, pin });
    }

    pub(super) fn pin_checked(
        &mut self,
        ticket: Ticket,
        holder: Result<Option<PersonId>, Message>,
        now: &Moment,
        effects: &mut Vec<Effect>,
    ) {
        let Some(entered_at) = self.pins.remove(&ticket) else {
            return;
        };
        let refusal = match holder {
            Err(reason) => Some(reason),
            Ok(None) => {
                self.pin_guard.get_or_insert_default().wrong(now.monotonic);
                Some(say::PIN_NOBODY.into())
            }
            Ok(Some(person)) => {
                self.pin_guard.get_or_insert_default().right();
                self.punch_by_pin(person, entered_at, effects)
            }
        };
        match refusal {
            Some(reason) => {
                let refused = Notice::PinRefused(reason);
                self.commands.answer(ticket, Err(refused.said()), effects);
                self.log.push(now, refused);
            }
            // Whoever has entered it is told when the punch is on disk.
            None => {
                if let Some(Effect::RecordPunch { ticket: punch, .. }) = effects.last() {
                    self.commands.await_another(ticket, *punch);
                } else {
                    // The day has turned meanwhile, and the new one asks for no punch.
                    let none = Err(say::PUNCHED_ALREADY.into());
                    self.commands.answer(ticket, none, effects);
                }
            }
        }
    }

    /// Decides as for a face, but says why if there is no punch: whoever has
    /// typed a PIN waits for an answer. It may be the second of one visit.
    fn punch_by_pin(
        &mut self,
        person: PersonId,
        entered_at: Moment,
        effects: &mut Vec<Effect>,
    ) -> Option<Message> {
        let name = match self.people.get(&person) {
            Some(person) if person.active => person.name.clone(),
            Some(person) => return Some(say::person_not_active(&person.name)),
            // Somebody added by another program, whom the next snapshot brings.
            None => return Some(say::PIN_PERSON_UNKNOWN.into()),
        };
        if self.punching.is_under_way_for(person) {
            return Some(say::punch_being_saved(&name));
        }
        let day = self.days.entry(person).or_default();
        match self.policies.attendance.decide(day, &entered_at) {
            Decision::Cooldown { left } => {
                let minutes = left.as_secs().div_ceil(60);
                Some(say::punched_just_now(&name, minutes))
            }
            Decision::AlreadyPresent => Some(say::checked_in_today(&name)),
            Decision::Punch { .. } => {
                self.punch_again(Named::by_pin(person, entered_at), effects);
                None
            }
        }
    }

    pub(super) fn watch_the_clock(&mut self, now: &Moment) -> Vec<Effect> {
        let Some(jump) = self.clock.observe(now) else {
            return Vec::new();
        };
        let detail = say_shift(jump);
        let at = now.wall;
        self.log.push(now, Notice::ClockSet { jump });
        vec![Effect::Note {
            action: "clock.set",
            detail: say::clock_set_to(detail, at.to_rfc3339()).to_string(),
        }]
    }
}
