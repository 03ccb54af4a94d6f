//! PINs and badge numbers, for people who will not or cannot use their face.
//!
//! A number alone says who somebody is, so it is unique, long enough not to be
//! hit by chance, and wrong tries cost time.

use std::fmt;
use std::time::Duration;

/// Least digits. With a hundred people, a guess of six digits hits one of them
/// once in ten thousand tries.
pub const LEAST_DIGITS: usize = 6;

/// Most digits; badges have up to twenty.
pub const MOST_DIGITS: usize = 20;

/// A PIN or badge number. It is never shown, logged or stored as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

/// Why digits are no PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Something else than digits, or too few or too many.
    #[error("a PIN or badge number has {LEAST_DIGITS} to {MOST_DIGITS} digits and nothing else")]
    Shape,
    /// Everybody tries these first.
    #[error("this PIN is too easy to guess: take one that is not all the same or in a row")]
    Easy,
}

impl Pin {
    /// Takes what was typed or read.
    ///
    /// # Errors
    /// If it is not 6 to 20 digits.
    pub fn parse(text: &str) -> Result<Self, PinError> {
        let text = text.trim();
        let is_number = text.bytes().all(|b| b.is_ascii_digit());
        if is_number && (LEAST_DIGITS..=MOST_DIGITS).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(PinError::Shape)
        }
    }

    /// Takes a PIN that shall be given to somebody.
    ///
    /// # Errors
    /// As [`Pin::parse`], and if it is one that is guessed first.
    pub fn parse_new(text: &str) -> Result<Self, PinError> {
        let pin = Self::parse(text)?;
        let steps: Vec<i16> = pin
            .0
            .as_bytes()
            .windows(2)
            .map(|pair| i16::from(pair[1]) - i16::from(pair[0]))
            .collect();
        let is_easy = [0, 1, -1]
            .iter()
            .any(|step| steps.iter().all(|s| s == step));
        if is_easy {
            Err(PinError::Easy)
        } else {
            Ok(pin)
        }
    }

    /// The digits, for whoever hashes them.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

/// Makes trying PINs slow: after a few wrong ones none is taken for a while.
#[derive(Debug, Clone, Copy, Default)]
pub struct PinGuard {
    wrong: u32,
    /// Monotonic time until which none is taken.
    closed_until: Duration,
}

/// Wrong tries that cost nothing: fingers slip.
const FREE_TRIES: u32 = 3;

/// The first wait; each further wrong try doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(15);

/// The longest wait; people have to get in at some time.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

impl PinGuard {
    /// How long no PIN is taken, if none is taken at `monotonic`.
    pub fn closed_for(&self, monotonic: Duration) -> Option<Duration> {
        let left = self.closed_until.checked_sub(monotonic)?;
        (!left.is_zero()).then_some(left)
    }

    /// A wrong PIN was tried.
    pub fn wrong(&mut self, monotonic: Duration) {
        self.wrong += 1;
        if let Some(beyond) = self.wrong.checked_sub(FREE_TRIES) {
            let wait = FIRST_WAIT.saturating_mul(2u32.saturating_pow(beyond));
            self.closed_until = monotonic + wait.min(LONGEST_WAIT);
        }
    }

    /// A right PIN was tried. One wrong try is forgiven for it, not all: somebody
    /// who guesses must not reset the count with a PIN of their own.
    pub fn right(&mut self) {
        self.wrong = self.wrong.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_some_length_are_pins() {
        for good in ["483920", " 0012345678 ", "12345678901234567890"] {
            assert!(Pin::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "48392",
            "123456789012345678901",
            "48 3920",
            "48392a",
            "٤٨٣٩٢٠",
        ] {
            assert_eq!(Pin::parse(bad), Err(PinError::Shape), "{bad}");
        }
        for easy in ["000000", "123456", "987654"] {
            assert_eq!(Pin::parse_new(easy), Err(PinError::Easy), "{easy}");
        }
        assert!(Pin::parse_new("483920").is_ok());
        assert_eq!(format!("{:?}", Pin::parse("483920").unwrap()), "Pin(…)");
    }

    #[test]
    fn guessing_gets_slower_and_slower() {
        let mut guard = PinGuard::default();
        let mut now = Duration::from_secs(100);
        for _ in 0..FREE_TRIES - 1 {
            guard.wrong(now);
            assert_eq!(guard.closed_for(now), None);
        }
        let mut waits = Vec::new();
        for _ in 0..9 {
            guard.wrong(now);
            let wait = guard.closed_for(now).unwrap();
            waits.push(wait.as_secs());
            now += wait;
            assert_eq!(guard.closed_for(now), None);
        }
        assert_eq!(waits, [15, 30, 60, 120, 240, 480, 900, 900, 900]);
        guard.right();
        guard.wrong(now);
        assert!(
            guard.closed_for(now).is_some(),
            "a right one does not forgive all"
        );
    }
}
