//! Digits on the live screen: a PIN, or a badge held to a reader that types slowly.
//!
//! What a quick reader types comes as [`super::Input::Badge`]. A person may walk away
//! half-way. What was typed is shown as its number of characters only.
//!
//! Invariant: once a number is begun, letters belong to it and are no commands.

use std::time::Duration;

use super::input::Key;
use rollcall_core::pin::{Pin, PinError};

/// What was typed, and when the last character was.
#[derive(Debug, Clone, Default)]
pub(crate) struct PinEntry {
    typed: String,
    last_key: Duration,
}

/// What a key led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PinStep {
    /// The key means nothing here.
    Pass,
    /// The key was taken.
    Taken,
    /// Enter was pressed behind a number.
    Entered(Result<Pin, PinError>),
}

/// More than any frame of a magnetic stripe has; so that too long a number is refused as such.
const MOST_TYPED: usize = 256;

/// After this long, what was typed belongs to somebody who has left.
const PATIENCE: Duration = Duration::from_secs(15);

impl PinEntry {
    /// Number of characters typed, to be shown at `monotonic`.
    pub(crate) fn digits(&self, monotonic: Duration) -> usize {
        if self.is_stale(monotonic) {
            0
        } else {
            self.typed.len()
        }
    }

    pub(crate) fn handle(&mut self, key: Key, monotonic: Duration) -> PinStep {
        if self.is_stale(monotonic) {
            self.typed.clear();
        }
        match key {
            Key::Char(c) if self.belongs(c) => {
                if self.typed.len() < MOST_TYPED {
                    self.typed.push(c);
                }
                self.last_key = monotonic;
                PinStep::Taken
            }
            _ if self.typed.is_empty() => PinStep::Pass,
            Key::Backspace => {
                self.typed.pop();
                self.last_key = monotonic;
                PinStep::Taken
            }
            Key::Esc => {
                self.typed.clear();
                PinStep::Taken
            }
            Key::Enter => PinStep::Entered(Pin::parse(&std::mem::take(&mut self.typed))),
            _ => PinStep::Pass,
        }
    }

    /// A number begins with a digit, or as the frame of a magnetic stripe does.
    fn belongs(&self, c: char) -> bool {
        if self.typed.is_empty() {
            c.is_ascii_digit() || matches!(c, ';' | '%')
        } else {
            c == ' ' || c.is_ascii_graphic()
        }
    }

    fn is_stale(&self, monotonic: Duration) -> bool {
        monotonic.saturating_sub(self.last_key) > PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(entry: &mut PinEntry, keys: &str, at: u64) -> PinStep {
        let mut step = PinStep::Pass;
        for c in keys.chars() {
            let key = match c {
                '\n' => Key::Enter,
                '<' => Key::Backspace,
                '!' => Key::Esc,
                c => Key::Char(c),
            };
            step = entry.handle(key, Duration::from_secs(at));
        }
        step
    }

    #[test]
    fn digits_and_enter_are_a_pin() {
        let mut entry = PinEntry::default();
        let pin = Pin::parse("0483920").unwrap();
        assert_eq!(
            typed(&mut entry, "048392<20\n", 100),
            PinStep::Entered(Ok(pin))
        );
        assert_eq!(entry.digits(Duration::from_secs(100)), 0);
        assert_eq!(
            typed(&mut entry, "12\n", 100),
            PinStep::Entered(Err(PinError::Shape))
        );
        let hexadecimal = Pin::parse("04A22B9A").unwrap();
        assert_eq!(
            typed(&mut entry, "04a22b9a\n", 100),
            PinStep::Entered(Ok(hexadecimal))
        );
        let framed = Pin::parse("0012345678").unwrap();
        assert_eq!(
            typed(&mut entry, ";0012345678?\n", 100),
            PinStep::Entered(Ok(framed))
        );
        let long = "1".repeat(40) + "\n";
        assert_eq!(
            typed(&mut entry, &long, 100),
            PinStep::Entered(Err(PinError::Shape))
        );
    }

    #[test]
    fn other_keys_keep_their_meaning() {
        let mut entry = PinEntry::default();
        for key in ["e", "q", "a", "\n", "<", "!"] {
            assert_eq!(typed(&mut entry, key, 100), PinStep::Pass, "{key:?}");
        }
        assert_eq!(typed(&mut entry, "48!", 100), PinStep::Taken);
        assert_eq!(typed(&mut entry, "!", 100), PinStep::Pass);
    }

    #[test]
    fn digits_of_somebody_who_left_are_forgotten() {
        let mut entry = PinEntry::default();
        typed(&mut entry, "483", 100);
        assert_eq!(entry.digits(Duration::from_secs(110)), 3);
        assert_eq!(entry.digits(Duration::from_secs(116)), 0);
        let pin = Pin::parse("592013").unwrap();
        assert_eq!(
            typed(&mut entry, "592013\n", 120),
            PinStep::Entered(Ok(pin))
        );
    }
}
