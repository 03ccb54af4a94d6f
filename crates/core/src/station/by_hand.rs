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
        outcome: Result<Box<Corrected>, String>,
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
                self.commands
                    .answer(ticket, Ok(corrected.to_string()), effects);
                corrected
            }
            Err(reason) => {
                self.commands.answer(ticket, Err(reason.clone()), effects);
                Notice::CorrectionRefused(reason)
            }
        };
        self.log.push(now, notice);
    }

    fn describe(&self, corrected: &Corrected) -> String {
        let say = |event: &AttendanceEvent| {
            let person = self.people.get(&event.person);
            let name = person.map_or("somebody", |p| p.name.as_str());
            // With its date: most corrections are about another day than today.
            let time = event.at.format("%Y-%m-%d %H:%M:%S");
            format!("{name} {} {time}", event.direction)
        };
        match (&corrected.voided, &corrected.added) {
            (Some(old), Some(new)) => format!("{} in place of {}", say(new), say(old)),
            (Some(old), None) if corrected.disowned => {
                format!("{} voided; that face is theirs no more", say(old))
            }
            (Some(old), None) => format!("{} voided", say(old)),
            (None, Some(new)) => format!("{} added", say(new)),
            (None, None) => "nothing".to_owned(),
        }
    }

    pub(super) fn pin_entered(&mut self, pin: Pin, now: &Moment, effects: &mut Vec<Effect>) {
        let guard = self.pin_guard.unwrap_or_default();
        if let Some(left) = guard.closed_for(now.monotonic) {
            let reason = format!(
                "too many wrong ones; wait {} seconds",
                left.as_secs_f64().ceil()
            );
            let refused = Notice::PinRefused(reason);
            self.commands.refuse(refused.to_string());
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
        holder: Result<Option<PersonId>, String>,
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
                Some("nobody has this one".to_owned())
            }
            Ok(Some(person)) => {
                self.pin_guard.get_or_insert_default().right();
                self.punch_by_pin(person, entered_at, effects)
            }
        };
        match refusal {
            Some(reason) => {
                let refused = Notice::PinRefused(reason);
                self.commands
                    .answer(ticket, Err(refused.to_string()), effects);
                self.log.push(now, refused);
            }
            // Whoever has entered it is told when the punch is on disk.
            None => {
                if let Some(Effect::RecordPunch { ticket: punch, .. }) = effects.last() {
                    self.commands.await_another(ticket, *punch);
                } else {
                    // The day has turned meanwhile, and the new one asks for no punch.
                    let none = Err("the person has punched already".to_owned());
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
    ) -> Option<String> {
        let name = match self.people.get(&person) {
            Some(person) if person.active => person.name.clone(),
            Some(person) => return Some(format!("{} is not active", person.name)),
            // Somebody added by another program, whom the next snapshot brings.
            None => return Some("this person is not known here yet; try again".to_owned()),
        };
        if self.punching.is_under_way_for(person) {
            return Some(format!("a punch of {name} is being saved"));
        }
        let day = self.days.entry(person).or_default();
        match self.policies.attendance.decide(day, &entered_at) {
            Decision::Cooldown { left } => {
                let minutes = left.as_secs().div_ceil(60);
                Some(format!("{name} has just punched; again in {minutes} min"))
            }
            Decision::AlreadyPresent => Some(format!("{name} is checked in today already")),
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
            detail: format!("by {detail}, to {}", at.to_rfc3339()),
        }]
    }
}
