//! From a face in sight to a person in the records.
//!
//! Choosing → Enrolling → Confirming → Saving. A step back, or the end, is always possible
//! until the database has been asked; what is refused goes back to the face that was chosen.

use super::{Camera, Mode, Station};
use crate::consensus::{Track, TrackId};
use crate::embedding::{Cosine, Embedding};
use crate::enrolment::identity::AnotherPerson;
use crate::enrolment::{Choosing, Confirmation, Enrolment, EnrolmentPolicy, FrozenFace, Progress};
use crate::event::{Effect, Intent, Ticket};
use crate::frame::Moment;
use crate::gallery::{LOOKALIKES, Template};
use crate::notice::Notice;
use crate::observation::Observation;
use crate::person::{PersonCode, PersonId, PersonName};
use crate::say;
use rollcall_messages::{Message, Said};

/// A face so like the one that is being enrolled is it.
const ENROLLED_FACE: Cosine = Cosine(0.4);

impl Mode {
    /// The face an enrolment is about, if one was chosen.
    pub fn chosen_face(&self) -> Option<&FrozenFace> {
        match self {
            Mode::Live | Mode::Choosing(_) => None,
            Mode::Enrolling(enrolment) => enrolment.face.as_ref(),
            Mode::Confirming(confirmation) => confirmation.face.as_ref(),
            Mode::Saving { face, .. } => face.as_ref(),
        }
    }

    /// Whether a track is of the face that is being enrolled, and no news therefore.
    pub(super) fn is_about(&self, track: &Track) -> bool {
        let is_it = |face: &FrozenFace| {
            let likeness = track
                .last_embedding()
                .map(|now| face.look.embedding.similarity(now));
            track.id == face.track || likeness.is_some_and(|likeness| likeness >= ENROLLED_FACE)
        };
        match self {
            Mode::Choosing(choosing) => choosing.faces.iter().any(is_it),
            _ => self.chosen_face().is_some_and(is_it),
        }
    }
}

impl Station {
    pub(super) fn enrolment_intended(
        &mut self,
        intent: Intent,
        now: &Moment,
        effects: &mut Vec<Effect>,
    ) {
        match (intent, &mut self.mode) {
            (Intent::ChooseFace, Mode::Live | Mode::Choosing(_)) => {
                // Only the own camera's faces are on a screen to choose from.
                self.enrolling_at = None;
                let tracker = &self.watches.own().tracker;
                self.mode = Mode::Choosing(Box::new(Choosing::start(tracker, now)));
            }
            (Intent::AwaitFace, Mode::Choosing(choosing)) => choosing.wait(now),
            (
                Intent::Enrol {
                    name,
                    code,
                    face,
                    camera,
                },
                Mode::Live | Mode::Choosing(_),
            ) => match self.start_enrolment((&name, &code), (face, camera), now) {
                Ok(()) => self.commands.await_enrolment(),
                Err(reason) => {
                    let refused = Notice::EnrolmentRefused { name, reason };
                    self.commands.refuse(refused.said());
                    self.log.push(now, refused);
                }
            },
            (Intent::ConfirmEnrolment { code, another_than }, Mode::Confirming(_)) => {
                self.confirmed(&code, another_than, effects);
            }
            (
                Intent::CancelEnrolment,
                Mode::Choosing(_) | Mode::Enrolling(_) | Mode::Confirming(_),
            ) => self.call_off(now, effects),
            // Twice is as good as once.
            (Intent::CancelEnrolment, Mode::Live) => {}
            // A second enrolment waits for the first, and what is being saved can no longer be
            // called off. What is not about enrolment is not asked here.
            _ => self.commands.refuse(say::NOT_THE_TIME),
        }
    }

    /// Ends an enrolment without a person.
    pub(super) fn call_off(&mut self, now: &Moment, effects: &mut Vec<Effect>) {
        if let Some(name) = self.mode.name().cloned() {
            self.enrolment_failed(Notice::EnrolmentCancelled { name }, now, effects);
        }
        self.mode = Mode::Live;
    }

    /// Says why an enrolment has ended without a person.
    fn enrolment_failed(&mut self, why: Notice, now: &Moment, effects: &mut Vec<Effect>) {
        self.commands.answer_enrolment(Err(why.said()), effects);
        self.log.push(now, why);
    }

    fn start_enrolment(
        &mut self,
        (name, code): (&PersonName, &PersonCode),
        (face, camera): (Option<TrackId>, Camera),
        now: &Moment,
    ) -> Result<(), Message> {
        let holder = self.people.values().find(|p| p.code == *code);
        if let Some(holder) = holder {
            return Err(say::code_belongs_to(code, &holder.name));
        }
        if self.is_code_taken(code) {
            return Err(say::code_was_deleted(code));
        }
        let chosen = match (face, &self.mode) {
            (Some(track), Mode::Choosing(choosing)) => choosing.face(track).cloned(),
            _ => None,
        };
        if face.is_some() && chosen.is_none() {
            return Err(say::FACE_NOT_HELD.into());
        }
        if chosen.is_some() && camera != self.enrolling_at {
            return Err(say::FACE_NOT_HELD.into());
        }
        let policy = EnrolmentPolicy {
            mirrored: self.policies.enrolment.mirrored && camera.is_none(),
            ..self.policies.enrolment
        };
        self.enrolling_at = camera;
        let who = (name.clone(), code.clone());
        self.mode = Mode::Enrolling(Box::new(Enrolment::start(who, chosen, policy, *now)));
        Ok(())
    }

    /// Takes in a frame.
    pub(super) fn enrol_from(
        &mut self,
        observation: &Observation,
        now: &Moment,
        effects: &mut Vec<Effect>,
    ) {
        let Some(watch) = self.watches.of(&observation.frame.camera) else {
            return;
        };
        let tracker = &watch.tracker;
        let enrolment = match &mut self.mode {
            Mode::Choosing(choosing) => return choosing.observe(observation, tracker),
            Mode::Enrolling(enrolment) => enrolment,
            Mode::Live | Mode::Confirming(_) | Mode::Saving { .. } => return,
        };
        match enrolment.observe(observation, tracker, now) {
            Progress::Continue => {}
            Progress::GaveUp => self.give_up(now, effects),
            Progress::Complete => {
                let Mode::Enrolling(enrolment) = std::mem::replace(&mut self.mode, Mode::Live)
                else {
                    return;
                };
                let matching = &self.policies.matching;
                let asked = Confirmation::of(*enrolment, &self.gallery, matching, now);
                self.mode = Mode::Confirming(Box::new(asked));
            }
        }
    }

    /// Ends what nobody goes on with.
    pub(super) fn end_stale_enrolment(&mut self, now: &Moment, effects: &mut Vec<Effect>) {
        match &self.mode {
            Mode::Choosing(choosing) if choosing.is_over(now) => self.mode = Mode::Live,
            Mode::Enrolling(enrolment) if enrolment.give_up(now).is_some() => {
                self.give_up(now, effects);
            }
            Mode::Confirming(confirmation) if confirmation.is_over(now) => {
                let name = confirmation.name.clone();
                let reason = say::NOBODY_CONFIRMED.into();
                let refused = Notice::EnrolmentRefused { name, reason };
                self.enrolment_failed(refused, now, effects);
                self.choose_again(now);
            }
            _ => {}
        }
    }

    fn give_up(&mut self, now: &Moment, effects: &mut Vec<Effect>) {
        if let Some(name) = self.mode.name().cloned() {
            self.enrolment_failed(Notice::EnrolmentTimedOut { name }, now, effects);
        }
        self.choose_again(now);
    }

    /// Goes back to the face that was chosen, so that the operator can try again with it.
    fn choose_again(&mut self, now: &Moment) {
        let face = self.mode.chosen_face().cloned();
        self.mode = face.map_or(Mode::Live, |face| {
            Mode::Choosing(Box::new(Choosing::again(face, now)))
        });
    }

    /// Writes what was confirmed, unless the samples are taken for somebody else and it was
    /// not stated that this is another person.
    fn confirmed(
        &mut self,
        code: &PersonCode,
        another_than: Option<PersonId>,
        effects: &mut Vec<Effect>,
    ) {
        let Mode::Confirming(asked) = &mut self.mode else {
            return;
        };
        if asked.code != *code {
            self.commands.refuse(say::OTHER_PICTURES_TO_CONFIRM);
            return;
        }
        // Somebody may have been enrolled since the question was put.
        let matching = &self.policies.matching;
        let Ok(admission) = asked.check(&self.gallery, matching, another_than) else {
            self.commands.refuse(say::PICTURES_TAKEN_FOR_ANOTHER);
            return;
        };
        let stated = admission.overruled.and_then(|other| {
            Some(AnotherPerson {
                than: self.people.get(&other.person)?.code.clone(),
                similarity: other.similarity,
            })
        });
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.commands.await_receipt(ticket);
        let saving = Mode::Saving {
            name: asked.name.clone(),
            face: asked.face.clone(),
            ticket,
        };
        effects.push(Effect::Enrol {
            ticket,
            name: asked.name.clone(),
            code: asked.code.clone(),
            samples: std::mem::take(&mut asked.samples),
            stated,
        });
        self.mode = saving;
    }

    /// Who is so similar to a new face that the two could be taken for each other.
    pub(super) fn lookalike_of(&self, templates: &[Template]) -> Option<(PersonName, Cosine)> {
        let faces: Vec<&Embedding> = templates.iter().map(|t| &t.embedding).collect();
        let nearest = self.gallery.search_all(&faces).into_iter().flatten();
        let candidate = nearest.max_by(|a, b| a.similarity.0.total_cmp(&b.similarity.0))?;
        let other = self.people.get(&candidate.person)?;
        (candidate.similarity >= LOOKALIKES).then(|| (other.name.clone(), candidate.similarity))
    }

    /// Takes in that the database has refused a person.
    pub(super) fn enrolment_refused(
        &mut self,
        answered: Ticket,
        reason: Message,
        now: &Moment,
        effects: &mut Vec<Effect>,
    ) {
        let Mode::Saving { name, ticket, .. } = &self.mode else {
            return;
        };
        if *ticket == answered {
            let name = name.clone();
            self.enrolment_failed(Notice::EnrolmentRefused { name, reason }, now, effects);
            self.choose_again(now);
        }
    }

    pub(super) fn end_saving(&mut self, answered: Ticket) {
        if matches!(self.mode, Mode::Saving { ticket, .. } if ticket == answered) {
            self.mode = Mode::Live;
        }
    }
}

impl Mode {
    /// Who is being enrolled.
    pub fn name(&self) -> Option<&PersonName> {
        match self {
            Mode::Live | Mode::Choosing(_) => None,
            Mode::Enrolling(enrolment) => Some(&enrolment.name),
            Mode::Confirming(confirmation) => Some(&confirmation.name),
            Mode::Saving { name, .. } => Some(name),
        }
    }
}
