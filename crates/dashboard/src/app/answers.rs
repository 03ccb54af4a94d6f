//! What becomes of what was asked for: replies to commands, and what the records say.

use chrono::NaiveDateTime;

use super::{App, Enrolling, MOST_UNDO, PIN_REMARK};
use crate::screen::Screen;
use rollcall_core::event::{Intent, Outcome};
use rollcall_core::frame::Moment;
use rollcall_core::person::PersonCode;
use rollcall_messages::Message;
use rollcall_protocol::{Agreement, Answer, Asked, Command, Question, Reply};

use crate::dialog::Dialog;

impl App {
    /// Takes in what became of a command.
    pub fn answered(&mut self, command: &Command, reply: Reply, now: &Moment) {
        match (command, reply) {
            (_, Reply::Answer(answer)) => self.take(answer),
            (_, Reply::Controls { rows, remark }) => self.controls.show(rows, remark),
            (Command::Ask(question), Reply::Refused(why)) => self.take(question.refused(why.said)),
            (Command::ReadControls | Command::ChangeControl(_), Reply::Refused(why)) => {
                self.controls.show(Vec::new(), why.said);
            }
            (Command::Intent(intent), Reply::Done(said)) => {
                self.intent_answered(intent, Ok(said), now);
            }
            (Command::Intent(intent), Reply::Refused(why)) => {
                self.intent_answered(intent, Err(why.said), now);
            }
            (_, Reply::Done(said)) if said.is_empty() => {}
            (_, Reply::Done(said)) => self.tell(Ok(said)),
            (_, Reply::Refused(why)) => self.tell(Err(why.said)),
        }
    }

    fn intent_answered(&mut self, intent: &Intent<NaiveDateTime>, outcome: Outcome, now: &Moment) {
        match (intent, outcome) {
            (Intent::Enrol { code, .. }, outcome) => self.enrolment_ended(code, outcome.err()),
            // Whoever has entered it waits for that, whatever screen the operator has left
            // behind.
            (Intent::EnterPin(_), said) => {
                self.remark = Some(said);
                self.remark_ends = Some(now.monotonic + PIN_REMARK);
            }
            (Intent::Correct(_), Ok(said)) => {
                self.correcting.done();
                self.tell(Ok(said));
            }
            (Intent::Correct(_), Err(reason)) => self.correcting.refused(reason),
            (Intent::ChooseFace | Intent::AwaitFace, Err(reason)) => {
                if matches!(self.enrolling, Enrolling::Form(_)) {
                    self.enrolling = Enrolling::No;
                }
                self.tell(Err(reason));
            }
            (Intent::ConfirmEnrolment { .. } | Intent::CancelEnrolment, Err(reason)) => {
                self.tell(Err(reason));
            }
            (_, Ok(_)) => {}
        }
    }

    /// A refused enrolment brings the form back, with what was typed and the reason.
    fn enrolment_ended(&mut self, enrolled: &PersonCode, refusal: Option<Message>) {
        let Enrolling::Submitted { form, code } = &self.enrolling else {
            return;
        };
        if code != enrolled {
            return;
        }
        self.enrolling = match refusal {
            None => Enrolling::No,
            Some(reason) => {
                let form = form.clone().refused(reason.clone());
                // Whoever is typing elsewhere goes on there; the form waits on the live screen.
                if self.screen != Screen::Live {
                    self.remark = Some(Err(reason));
                }
                Enrolling::Form(form)
            }
        };
    }

    /// Takes what has to be agreed to.
    fn take_asked(&mut self, asked: Asked) {
        match (asked.agreed, asked.agreement) {
            (Question::ChangeSetting(change), Agreement::AltersThePast(alteration)) => {
                self.changing = self.changing.saturating_sub(1);
                // Also if it was undone from another screen.
                self.show(Screen::Settings);
                self.settings.ask(change, alteration);
            }
            (agreed, agreement) => {
                if agreed.is_change() {
                    self.changing = self.changing.saturating_sub(1);
                } else {
                    // The form stays as it is, whatever is answered.
                    self.review.asked();
                }
                self.dialog = Some(Dialog::Agree(Box::new(Asked { agreement, agreed })));
            }
        }
    }

    /// Takes what was read or done.
    pub fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Report(query, days) if self.weeks.is_asked(query) => self.weeks.take(days),
            Answer::Report(query, days) => self.reports.take(query, days),
            Answer::Visitors(visitors) => self.review.show(visitors),
            Answer::Page(kind, lines) => self.page.take(kind, lines),
            Answer::Person(file) => self.person.take(*file),
            Answer::Settings(rows) => self.settings.take(rows),
            Answer::Reviewed(told) => self.review.told(told),
            Answer::Asks(asked) => self.take_asked(*asked),
            Answer::Done(done) => {
                self.changing = self.changing.saturating_sub(1);
                self.remark = Some(done.map(|done| {
                    if done.needs_restart {
                        self.dialog = Some(Dialog::Restart);
                    }
                    if let Some(undo) = done.undo {
                        if self.undo.len() == MOST_UNDO {
                            self.undo.remove(0);
                        }
                        self.undo.push(undo);
                    }
                    done.said
                }));
                // What is shown is not true any more.
                self.settings.ask_again();
                self.person.ask_again();
            }
        }
    }
}
