//! What keys mean on a screen for the people at the door: digits are a PIN, a badge is a
//! badge, and nothing else means anything.

use super::{Action, App};
use crate::input::{Input, Key};
use crate::pin_entry::PinStep;
use rollcall_core::event::Intent;
use rollcall_core::frame::Moment;
use rollcall_core::pin::Pin;
use rollcall_messages::Said as _;
use rollcall_protocol::Command;

impl App {
    pub(super) fn handle_at_the_door(&mut self, input: Input, now: &Moment) -> Vec<Action> {
        let punch = |pin| vec![Action::Send(Command::Intent(Intent::EnterPin(pin)))];
        match input {
            // The way out for whoever has set it up.
            Input::Key(Key::Ctrl('c')) => vec![Action::Quit],
            Input::Key(key) => {
                self.remark = None;
                self.pin_problem = None;
                match self.pin.handle(key, now.monotonic) {
                    PinStep::Entered(Ok(pin)) => punch(pin),
                    PinStep::Entered(Err(problem)) => {
                        self.pin_problem = Some(problem.said());
                        Vec::new()
                    }
                    PinStep::Pass | PinStep::Taken => Vec::new(),
                }
            }
            Input::Badge(typed) => Pin::parse(&typed).map_or_else(
                |problem| {
                    self.pin_problem = Some(problem.said());
                    Vec::new()
                },
                punch,
            ),
            Input::Paste(_) | Input::Resized => Vec::new(),
            Input::Lost(reason) => vec![Action::TerminalLost(reason)],
        }
    }
}
