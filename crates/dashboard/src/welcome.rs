//! What the person at the camera should notice from two metres: the banner and the bell.

use std::time::Duration;

use rollcall_core::attendance::Direction;
use rollcall_core::notice::{LogEntry, Notice};
use rollcall_core::person::{PersonId, PersonName};

/// Somebody who has just punched.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Greeting {
    pub(crate) person: PersonId,
    pub(crate) name: PersonName,
    pub(crate) direction: Direction,
    pub(crate) at: chrono::DateTime<chrono::FixedOffset>,
    since: Duration,
}

/// Whom to greet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Welcome {
    greeting: Option<Greeting>,
    has_news: bool,
}

impl Welcome {
    /// Takes in an event.
    pub(crate) fn take(&mut self, entry: &LogEntry) {
        if let Notice::Punched {
            person,
            name,
            direction,
            at,
            ..
        } = &entry.notice
        {
            self.has_news = true;
            self.greeting = Some(Greeting {
                person: *person,
                name: name.clone(),
                direction: *direction,
                at: *at,
                since: entry.at.monotonic,
            });
        }
    }

    /// Whom to greet at `now`, if greetings last so long.
    pub(crate) fn greeting(&self, now: Duration, lasts: Duration) -> Option<&Greeting> {
        let greeting = self.greeting.as_ref()?;
        (now.saturating_sub(greeting.since) < lasts).then_some(greeting)
    }

    /// The banner is taken away.
    pub(crate) fn dismiss(&mut self) {
        self.greeting = None;
    }

    /// Whether somebody has punched since this was asked last.
    pub(crate) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }
}
