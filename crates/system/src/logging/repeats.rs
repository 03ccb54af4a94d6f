//! Lines that repeat: told some times, then counted, and summed up once a minute.
//!
//! What has gone wrong with one picture goes wrong with the next, thirty times a second, and
//! would push everything else out of the log. Lines are alike when they come from the same
//! place in the sources, whatever they say.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// How long is counted before it is summed up.
pub(super) const WINDOW: Duration = Duration::from_secs(60);

/// Lines of one kind that are told in that time.
const MOST_LINES: u32 = 20;

/// The same for errors, each of which may be about somebody else.
const MOST_ERRORS: u32 = 100;

/// Longest message in a summary.
const LONGEST: usize = 200;

/// Counts lines, and lets pass what is not too much.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    windows: Mutex<HashMap<Identifier, Window>>,
}

#[derive(Debug)]
struct Window {
    level: Level,
    since: Instant,
    told: u32,
    held_back: u64,
    /// The first that was held back.
    example: String,
}

/// What was held back of one kind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) level: Level,
    pub(super) text: String,
}

impl Repeats {
    /// Sums up what is over; at the end everything is.
    pub(super) fn sum_up(&self, now: Instant, is_end: bool) -> Vec<Summary> {
        // Every method leaves the map valid, so a panic elsewhere has not torn it.
        let lock = self.windows.lock();
        let mut windows = lock.unwrap_or_else(PoisonError::into_inner);
        let mut summaries = Vec::new();
        windows.retain(|_, window| {
            if !is_end && now.saturating_duration_since(window.since) < WINDOW {
                return true;
            }
            summaries.extend(window.summary(now));
            false
        });
        summaries
    }

    /// Whether a line is told.
    fn passes(
        &self,
        metadata: &Metadata<'_>,
        now: Instant,
        message: impl FnOnce() -> String,
    ) -> bool {
        let lock = self.windows.lock();
        let mut windows = lock.unwrap_or_else(PoisonError::into_inner);
        let window = windows
            .entry(metadata.callsite())
            .or_insert_with(|| Window {
                level: *metadata.level(),
                since: now,
                told: 0,
                held_back: 0,
                example: String::new(),
            });
        let most = if window.level == Level::ERROR {
            MOST_ERRORS
        } else {
            MOST_LINES
        };
        if window.told < most {
            window.told += 1;
            return true;
        }
        if window.held_back == 0 {
            window.example = message();
        }
        window.held_back += 1;
        false
    }
}

impl Window {
    fn summary(&self, now: Instant) -> Option<Summary> {
        if self.held_back == 0 {
            return None;
        }
        let seconds = now.saturating_duration_since(self.since).as_secs().max(1);
        Some(Summary {
            level: self.level,
            text: format!(
                "{} more lines like this one in {seconds} s: {}",
                self.held_back, self.example
            ),
        })
    }
}

/// Puts [`Repeats`] before all that writes.
pub(super) struct RepeatsLayer(pub(super) std::sync::Arc<Repeats>);

impl<S: Subscriber> Layer<S> for RepeatsLayer {
    fn event_enabled(&self, event: &Event<'_>, _context: Context<'_, S>) -> bool {
        // Whoever asks for more detail than there is by default wants all of it.
        if *event.metadata().level() > Level::INFO {
            return true;
        }
        self.0.passes(event.metadata(), Instant::now(), || {
            let mut words = Words(String::new());
            event.record(&mut words);
            words.0
        })
    }
}

/// An event's message and fields as text.
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.0.len() >= LONGEST {
            return;
        }
        let gap = if self.0.is_empty() { "" } else { " " };
        // Writing into a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{gap}{value:?}"),
            name => write!(self.0, "{gap}{name}={value:?}"),
        };
        if let Some((cut, _)) = self.0.char_indices().nth(LONGEST) {
            self.0.truncate(cut);
            self.0.push('…');
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// Messages that got through.
    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);

    struct Teller(Arc<Told>);

    impl<S: Subscriber> Layer<S> for Teller {
        fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
            let mut words = Words(String::new());
            event.record(&mut words);
            self.0.0.lock().unwrap().push(words.0);
        }
    }

    fn with_layers(body: impl FnOnce()) -> (Arc<Repeats>, Vec<String>) {
        let (repeats, told) = (Arc::new(Repeats::default()), Arc::new(Told::default()));
        let subscriber = tracing_subscriber::registry()
            .with(Teller(Arc::clone(&told)))
            .with(RepeatsLayer(Arc::clone(&repeats)));
        tracing::subscriber::with_default(subscriber, body);
        let told = std::mem::take(&mut *told.0.lock().unwrap());
        (repeats, told)
    }

    #[test]
    fn what_repeats_is_counted_and_what_does_not_gets_through() {
        let (repeats, told) = with_layers(|| {
            for number in 0..10_000 {
                tracing::warn!(number, "a damaged picture");
                if number % 5000 == 0 {
                    tracing::warn!("something else");
                }
            }
            for _ in 0..100 {
                tracing::debug!("asked for");
            }
        });
        let details = told.iter().filter(|told| *told == "asked for").count();
        assert_eq!((told.len(), details), (MOST_LINES as usize + 102, 100));
        let summaries = repeats.sum_up(Instant::now(), true);
        let [summary] = &summaries[..] else {
            panic!("{summaries:?}");
        };
        assert_eq!(summary.level, Level::WARN);
        assert!(
            summary.text.starts_with("9980 more lines"),
            "{}",
            summary.text
        );
        assert!(
            summary.text.ends_with("a damaged picture number=20"),
            "{}",
            summary.text
        );
        assert!(repeats.sum_up(Instant::now(), true).is_empty());
    }

    #[test]
    fn after_a_minute_it_is_summed_up_and_told_again() {
        let repeats = Repeats::default();
        let begin = Instant::now();
        let metadata = &METADATA;
        let told = |at: Duration| repeats.passes(metadata, begin + at, || "again".to_owned());
        let first = (0..100).filter(|_| told(Duration::ZERO)).count();
        assert_eq!(first, MOST_LINES as usize);
        assert!(repeats.sum_up(begin + WINDOW / 2, false).is_empty());
        let summed_up = repeats.sum_up(begin + WINDOW, false);
        assert_eq!(
            summed_up[0].text,
            "80 more lines like this one in 60 s: again"
        );
        assert!(told(WINDOW));
    }

    #[test]
    fn endless_messages_are_cut() {
        let (repeats, _) = with_layers(|| {
            for _ in 0..=MOST_LINES {
                tracing::warn!("{}", "é".repeat(100_000));
            }
        });
        assert!(repeats.sum_up(Instant::now(), true)[0].text.len() < 3 * LONGEST);
    }

    struct Callsite;

    impl tracing::callsite::Callsite for Callsite {
        fn set_interest(&self, _interest: tracing::subscriber::Interest) {}

        fn metadata(&self) -> &Metadata<'_> {
            &METADATA
        }
    }

    static CALLSITE: Callsite = Callsite;
    static METADATA: Metadata<'static> = tracing::metadata! {
        name: "test",
        target: "test",
        level: Level::WARN,
        fields: &[],
        callsite: &CALLSITE,
        kind: tracing::metadata::Kind::EVENT,
    };
}
