//! Tells a badge reader from a person by how fast its characters come.
//!
//! A reader types its number and Enter, each within some milliseconds of the one before.
//! Letters are commands on most screens, so the characters are held back until it is clear
//! what they are: for a person that is a twentieth of a second after the first one, and
//! nothing at all while typing goes on. Whatever is no badge is given on, in order.
//!
//! Like the decoder it has no clock, and is told only when nothing waits to be read: a
//! machine that is slow to read makes no difference to what came together.

use std::time::Duration;

use super::{Input, Key};
use rollcall_core::pin::Pin;

/// Characters of a reader follow each other within this.
const GAP: Duration = Duration::from_millis(50);

/// Nobody types this many characters at such a pace; from here on a line that stutters is
/// waited for.
const SURELY_A_READER: usize = 4;

/// How long the rest of a number is waited for.
const STUTTER: Duration = Duration::from_millis(250);

/// A number starts after a pause; what comes sooner belongs to what was typed before.
const PAUSE: Duration = Duration::from_millis(150);

/// The first character of a frame of a magnetic stripe: track 2, track 1, track 3.
const SENTINELS: [char; 3] = [';', '%', '+'];

/// The last one of each track.
const END_SENTINEL: char = '?';

/// The three tracks have 79, 40 and 107 characters.
const LONGEST_FRAME: usize = 256;

/// A number without a frame, with separators.
const LONGEST_NUMBER: usize = 64;

/// Characters that are held back.
#[derive(Debug, Default)]
pub(super) struct BurstReader {
    held: String,
    /// When the latest character came, held or not.
    last: Option<Duration>,
}

impl BurstReader {
    /// Takes an input that came at `at`.
    pub(super) fn take(&mut self, input: Input, at: Duration, inputs: &mut Vec<Input>) {
        let Input::Key(key) = input else {
            // A resize says nothing about what is typed.
            if !matches!(input, Input::Resized) {
                self.let_go(inputs);
            }
            inputs.push(input);
            return;
        };
        match key {
            Key::Char(c) if self.belongs(c, at) => {
                self.held.push(c);
                self.last = Some(at);
                if self.held.len() > self.most() || self.is_a_key_held_down() {
                    self.let_go(inputs);
                }
            }
            Key::Enter if self.is_badge() => {
                inputs.push(Input::Badge(std::mem::take(&mut self.held)));
            }
            key => {
                self.let_go(inputs);
                if matches!(key, Key::Char(_)) {
                    self.last = Some(at);
                }
                inputs.push(Input::Key(key));
            }
        }
    }

    /// When [`BurstReader::elapse`] is to be called if nothing comes until then.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let patience = match self.held.chars().count() {
            0 => return None,
            1..SURELY_A_READER => GAP,
            _ => STUTTER,
        };
        Some(self.last? + patience)
    }

    /// Nothing more waits to be read at `now`: what is held back is decided about.
    pub(super) fn elapse(&mut self, now: Duration, inputs: &mut Vec<Input>) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        // Some readers send no Enter behind a frame, which has an end of its own.
        if self.is_frame() && self.held.contains(END_SENTINEL) && self.is_badge() {
            inputs.push(Input::Badge(std::mem::take(&mut self.held)));
        } else {
            self.let_go(inputs);
        }
    }

    /// Whether `c` may start a number, or go on with the one that is held.
    fn belongs(&self, c: char, at: Duration) -> bool {
        if self.is_frame() {
            return c == ' ' || c.is_ascii_graphic();
        }
        if self.held.is_empty() {
            let is_after_pause = self.last.is_none_or(|last| at.saturating_sub(last) > PAUSE);
            return is_after_pause && (c.is_ascii_alphanumeric() || SENTINELS.contains(&c));
        }
        c.is_ascii_alphanumeric() || matches!(c, ':' | '-')
    }

    fn is_frame(&self) -> bool {
        self.held.starts_with(SENTINELS)
    }

    fn most(&self) -> usize {
        if self.is_frame() {
            LONGEST_FRAME
        } else {
            LONGEST_NUMBER
        }
    }

    /// A letter that repeats itself from the start is a key that scrolls.
    fn is_a_key_held_down(&self) -> bool {
        let mut letters = self.held.chars();
        let first = letters.next();
        first.is_some_and(char::is_alphabetic)
            && self.held.len() > 2
            && letters.all(|c| Some(c) == first)
    }

    fn is_badge(&self) -> bool {
        Pin::parse(&self.held).is_ok()
    }

    fn let_go(&mut self, inputs: &mut Vec<Input>) {
        let held = std::mem::take(&mut self.held);
        inputs.extend(held.chars().map(|c| Input::Key(Key::Char(c))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What somebody types, with so many milliseconds before each character, becomes.
    fn typed(text: &str, gap: u64) -> Vec<Input> {
        typed_unevenly(&text.chars().map(|c| (gap, c)).collect::<Vec<_>>())
    }

    fn typed_unevenly(keys: &[(u64, char)]) -> Vec<Input> {
        let (mut reader, mut inputs) = (BurstReader::default(), Vec::new());
        let mut now = Duration::from_secs(100);
        for (gap, c) in keys {
            let next = now + Duration::from_millis(*gap);
            // The thread looks after each deadline that passes without a key.
            while let Some(deadline) = reader.deadline().filter(|deadline| *deadline <= next) {
                reader.elapse(deadline, &mut inputs);
            }
            now = next;
            let key = match c {
                '\n' => Key::Enter,
                '^' => Key::Up,
                c => Key::Char(*c),
            };
            reader.take(Input::Key(key), now, &mut inputs);
        }
        reader.elapse(now + Duration::from_secs(1), &mut inputs);
        assert_eq!(reader.deadline(), None);
        inputs
    }

    fn keys(text: &str) -> Vec<Input> {
        let key = |c| match c {
            '\n' => Key::Enter,
            '^' => Key::Up,
            c => Key::Char(c),
        };
        text.chars().map(|c| Input::Key(key(c))).collect()
    }

    fn badge(text: &str) -> Vec<Input> {
        vec![Input::Badge(text.to_owned())]
    }

    #[test]
    fn a_reader_is_recognised_by_its_pace() {
        for number in [
            "0012345678",
            "04A22B9A115C80",
            "04:a2:2b:9a",
            "EMP00123",
            ";0012345678?",
            "%0012345678?;0012345678?",
        ] {
            for gap in [0, 1, 8, 20, 40] {
                let line = format!("{number}\n");
                assert_eq!(typed(&line, gap), badge(number), "{number} at {gap} ms");
            }
        }
        assert_eq!(
            typed(";0012345678?", 8),
            badge(";0012345678?"),
            "without Enter"
        );
        let mut stutters: Vec<(u64, char)> = "0012345678\n".chars().map(|c| (10, c)).collect();
        stutters[6].0 = 200;
        assert_eq!(typed_unevenly(&stutters), badge("0012345678"));
    }

    #[test]
    fn what_a_person_types_arrives_as_it_was_typed() {
        for text in ["0012345678\n", "Ana Torres\n", "deadbeef01\n", ";12%+?\n"] {
            for gap in [70, 120, 400] {
                assert_eq!(typed(text, gap), keys(text), "{text:?} at {gap} ms");
            }
        }
        for text in [
            // Too short, no number, or no end.
            "12345\n",
            "Ana Torres\n",
            "settings\n",
            "0012345678",
            ";00\n",
            "08:02\n",
            // A key that is held down, and one that is no character.
            "jjjjjjjjjjjjjjjj",
            "001234^5678\n",
        ] {
            assert_eq!(typed(text, 5), keys(text), "{text:?}");
        }
        let long = "1".repeat(1100) + "\n";
        assert_eq!(typed(&long, 0), keys(&long));
    }

    #[test]
    fn a_number_that_goes_on_from_typing_is_none() {
        let mut text: Vec<(u64, char)> = vec![(500, 'x'), (100, 'y')];
        text.extend("0012345678\n".chars().map(|c| (5, c)));
        assert_eq!(typed_unevenly(&text), keys("xy0012345678\n"));
    }

    #[test]
    fn a_held_key_scrolls_without_waiting() {
        let mut reader = BurstReader::default();
        let mut inputs = Vec::new();
        for press in 0..30 {
            let at = Duration::from_millis(1000 + press * 33);
            reader.take(Input::Key(Key::Char('j')), at, &mut inputs);
        }
        assert_eq!(inputs.len(), 30);
    }
}
