//! PINs and badge numbers, for people who will not or cannot use their face.
//!
//! A number alone says who somebody is, so it is unique, long enough not to be
//! hit by chance, and wrong tries cost time.
//!
//! Readers write the same number in many ways: in the frame of a magnetic stripe, in
//! hexadecimal digits of either case, with separators. [`Pin::parse`] brings all of them
//! into one form, which alone is compared. A decimal number stays as it is, leading zeros
//! included. Deliberately absent: taking a decimal number for a hexadecimal one; two
//! readers that disagree about that have to be set alike.

use crate::say;
use rollcall_messages::{Message, Said};
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};

use super::frame::Moment;

/// Least characters. With a hundred people, a guess of six digits hits one of them
/// once in ten thousand tries.
pub const LEAST_DIGITS: usize = 6;

/// Most characters: those of a number of 128 bits in hexadecimal digits.
pub const MOST_DIGITS: usize = 32;

/// From this length on a number of hexadecimal digits may happen to have letters only.
const LETTERS_ONLY: usize = 8;

/// A PIN or badge number. It is never shown, logged or stored as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

/// Why digits are no PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.said())]
pub enum PinError {
    /// Something else than a number, or too short or too long.
    Shape,
    /// Everybody tries these first.
    Easy,
}

impl Said for PinError {
    fn said(&self) -> Message {
        match self {
            Self::Shape => say::pin_shape(LEAST_DIGITS, MOST_DIGITS),
            Self::Easy => say::PIN_EASY.into(),
        }
    }
}

impl Pin {
    /// Takes what was typed or read, whichever way the reader writes it:
    ///
    /// ```
    /// use rollcall_core::pin::Pin;
    /// let number = Pin::parse("0012345678")?;
    /// assert_eq!(Pin::parse(";0012345678?")?, number);
    /// assert_eq!(Pin::parse("%B0012345678^TORRES/ANA^2612101?")?, number);
    /// assert_eq!(Pin::parse("04:a2:2b:9a")?, Pin::parse("04A22B9A")?);
    /// # Ok::<(), rollcall_core::pin::PinError>(())
    /// ```
    ///
    /// # Errors
    /// If it is no number of 6 to 32 digits, or of letters and digits.
    pub fn parse(text: &str) -> Result<Self, PinError> {
        let text = text.trim();
        let mut frames = [(';', '='), ('%', '^'), ('+', '=')]
            .into_iter()
            .filter_map(|(start, end)| framed(text, start, end))
            .peekable();
        if frames.peek().is_none() {
            return Self::number(text).ok_or(PinError::Shape);
        }
        frames.find_map(Self::number).ok_or(PinError::Shape)
    }

    fn number(text: &str) -> Option<Self> {
        let number = pairs(text).unwrap_or_else(|| text.to_ascii_uppercase());
        let is_long_enough = (LEAST_DIGITS..=MOST_DIGITS).contains(&number.len());
        let has_digit = number.bytes().any(|b| b.is_ascii_digit());
        let is_hexadecimal = number.bytes().all(|b| b.is_ascii_hexdigit());
        let is_number = has_digit || (is_hexadecimal && number.len() >= LETTERS_ONLY);
        let is_plain = number.bytes().all(|b| b.is_ascii_alphanumeric());
        (is_long_enough && is_plain && is_number).then_some(Self(number))
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

    /// The number in the form in which it is compared, for whoever hashes it.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

/// The number in the frame of a magnetic stripe (ISO/IEC 7811-2): behind `;` up to `=` on
/// track 2, behind `%` and the letter of its format up to `^` on track 1, behind `+` on
/// track 3. Track 2 comes first, for it holds digits only.
fn framed(text: &str, start: char, end: char) -> Option<&str> {
    let mut tracks = text.split_inclusive('?').map(str::trim);
    let body = tracks.find_map(|track| track.strip_prefix(start))?;
    let number = body.split([end, '?']).next()?;
    let is_formatted = start == '%' && body.contains(end);
    let without_format = number.strip_prefix(|c: char| c.is_ascii_uppercase());
    Some(without_format.filter(|_| is_formatted).unwrap_or(number))
}

/// "04:a2:2b:9a", "04-A2-2B-9A" and "04 a2 2b 9a" without what separates the pairs, and
/// "0x04a22b9a" without its prefix.
fn pairs(text: &str) -> Option<String> {
    if let Some(number) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return Some(number.to_ascii_uppercase());
    }
    let separator = text.chars().find(|c| matches!(c, ':' | '-' | ' '))?;
    let mut pairs = text.split(separator);
    let are_pairs =
        pairs.all(|pair| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit()));
    are_pairs.then(|| text.replace(separator, "").to_ascii_uppercase())
}

/// Makes trying PINs slow: after a few wrong ones none is taken for a while.
#[derive(Debug, Clone, Copy, Default)]
pub struct PinGuard {
    wrong: u32,
    /// Monotonic time until which none is taken.
    closed_until: Duration,
    /// Monotonic time of the last wrong one.
    last_wrong: Duration,
}

/// The same as it is kept over a restart, by the clock on the wall.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PinTries {
    /// Wrong ones that count.
    pub wrong: u32,
    /// When the last of them was tried.
    pub last_at: Option<DateTime<FixedOffset>>,
}

/// Wrong tries that cost nothing: fingers slip.
const FREE_TRIES: u32 = 3;

/// The first wait; each further wrong try doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(15);

/// The longest wait; people have to get in at some time.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// After so long without a wrong one, all are forgotten: slips of months must not add up.
/// Whoever guesses has more tries by going on in the longest waits.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);

/// How long none is taken after so many wrong ones.
fn wait_after(wrong: u32) -> Duration {
    wrong
        .checked_sub(FREE_TRIES)
        .map_or(Duration::ZERO, |beyond| {
            let wait = FIRST_WAIT.saturating_mul(2u32.saturating_pow(beyond));
            wait.min(LONGEST_WAIT)
        })
}

impl PinGuard {
    /// Goes on where a station that ended left off.
    pub fn resumed(tries: &PinTries, now: &Moment) -> Self {
        let since = tries.since(&now.wall);
        let wrong = if since < FORGOTTEN_AFTER {
            tries.wrong
        } else {
            0
        };
        Self {
            wrong,
            closed_until: now.monotonic + wait_after(wrong).saturating_sub(since),
            last_wrong: now.monotonic.saturating_sub(since),
        }
    }

    /// How long no PIN is taken, if none is taken at `monotonic`.
    pub fn closed_for(&self, monotonic: Duration) -> Option<Duration> {
        let left = self.closed_until.checked_sub(monotonic)?;
        (!left.is_zero()).then_some(left)
    }

    /// A wrong PIN was tried.
    pub fn wrong(&mut self, monotonic: Duration) {
        if monotonic.saturating_sub(self.last_wrong) >= FORGOTTEN_AFTER {
            self.wrong = 0;
        }
        self.wrong += 1;
        self.last_wrong = monotonic;
        self.closed_until = monotonic + wait_after(self.wrong);
    }

    /// A right PIN was tried. One wrong try is forgiven for it, not all: somebody
    /// who guesses must not reset the count with a PIN of their own.
    pub fn right(&mut self) {
        self.wrong = self.wrong.saturating_sub(1);
    }
}

impl PinTries {
    /// How long none is taken, if none is taken at `at`.
    pub fn closed_for(&self, at: &DateTime<FixedOffset>) -> Option<Duration> {
        let left = wait_after(self.wrong).checked_sub(self.since(at))?;
        (!left.is_zero()).then_some(left)
    }

    /// After another wrong one.
    #[must_use]
    pub fn after_wrong(&self, at: DateTime<FixedOffset>) -> Self {
        let counts = self.since(&at) < FORGOTTEN_AFTER;
        Self {
            wrong: if counts { self.wrong } else { 0 }.saturating_add(1),
            last_at: Some(at),
        }
    }

    /// After a right one.
    #[must_use]
    pub fn after_right(&self) -> Self {
        Self {
            wrong: self.wrong.saturating_sub(1),
            ..*self
        }
    }

    /// Time since the last wrong one; none where a clock was set back, which must not help.
    fn since(&self, at: &DateTime<FixedOffset>) -> Duration {
        let last = self.last_at.unwrap_or(*at);
        (*at - last).to_std().unwrap_or(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_some_length_are_pins() {
        for good in [
            "483920",
            " 0012345678 ",
            "12345678901234567890",
            "04A22B9A115C80",
            "EMP00123",
            "DEADBEEF",
        ] {
            assert!(Pin::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "48392",
            "123456789012345678901234567890123",
            "48 3920",
            "4839_2",
            "settings",
            "facade",
            "2026-11-23",
            "٤٨٣٩٢٠",
            ";?",
            "%E?",
            ";E?",
            "%B^TORRES/ANA^?",
        ] {
            assert_eq!(Pin::parse(bad), Err(PinError::Shape), "{bad}");
        }
        for easy in ["000000", "123456", "987654", ";111111?"] {
            assert_eq!(Pin::parse_new(easy), Err(PinError::Easy), "{easy}");
        }
        assert!(Pin::parse_new("483920").is_ok());
        assert_eq!(format!("{:?}", Pin::parse("483920").unwrap()), "Pin(…)");
    }

    #[test]
    fn one_number_has_one_form_whatever_the_reader_writes() {
        for (form, spellings) in [
            (
                "0012345678",
                &[
                    ";0012345678?",
                    ";0012345678=99121010000?",
                    ";0012345678?4",
                    "%0012345678?",
                    "%B0012345678^TORRES/ANA^99121010000?",
                    "%B0012345678^TORRES/ANA^9912?;0012345678=9912?+0012345678?",
                    "%B0012345678^TORRES/ANA^9912?;E?",
                    "%E?;0012345678?",
                    "+0012345678?",
                    "\t0012345678\r\n",
                ][..],
            ),
            (
                "04A22B9A",
                &[
                    "04a22b9a",
                    "04:A2:2b:9a",
                    "04-a2-2b-9a",
                    "04 A2 2B 9A",
                    "0x04a22b9a",
                    ";04a22b9a?",
                ],
            ),
            ("EMP00123", &["emp00123", "%EMP00123?", ";EMP00123?"]),
        ] {
            for spelling in spellings {
                assert_eq!(
                    Pin::parse(spelling).map(|pin| pin.0).as_deref(),
                    Ok(form),
                    "{spelling}"
                );
            }
        }
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

    #[test]
    fn slips_of_another_hour_are_forgotten() {
        let mut guard = PinGuard::default();
        for hour in 0..20 {
            let now = FORGOTTEN_AFTER * (hour + 1);
            guard.wrong(now);
            assert_eq!(guard.closed_for(now), None, "slip {hour}");
        }
    }

    #[test]
    fn a_restart_forgets_no_wrong_try_and_shortens_no_wait() {
        let time = |text: &str| DateTime::parse_from_rfc3339(text).unwrap();
        let first = time("2026-11-23T08:00:00+01:00");
        let mut tries = PinTries::default();
        for _ in 0..5 {
            tries = tries.after_wrong(first);
        }
        assert_eq!(tries.closed_for(&first), Some(Duration::from_secs(60)));
        let resumed = |wall: &str| {
            let now = Moment {
                monotonic: Duration::from_secs(7),
                wall: time(wall),
            };
            PinGuard::resumed(&tries, &now).closed_for(now.monotonic)
        };
        for (wall, left) in [
            ("2026-11-23T08:00:20+01:00", Some(40)),
            ("2026-11-23T08:01:00+01:00", None),
            // A clock that was set back, or has not been set yet.
            ("2026-11-22T08:00:00+01:00", Some(60)),
            ("1970-01-01T00:00:00Z", Some(60)),
        ] {
            assert_eq!(resumed(wall), left.map(Duration::from_secs), "{wall}");
        }
        // The next one after a restart waits longer, not as if it were the first.
        let now = Moment {
            monotonic: Duration::from_secs(7),
            wall: time("2026-11-23T08:02:00+01:00"),
        };
        let mut guard = PinGuard::resumed(&tries, &now);
        guard.wrong(now.monotonic);
        assert_eq!(
            guard.closed_for(now.monotonic),
            Some(Duration::from_secs(120))
        );
        assert_eq!(tries.after_right().wrong, 4);
        assert_eq!(
            tries.after_wrong(time("2026-11-23T09:00:00+01:00")).wrong,
            1
        );
    }
}
