//! The bytes of a terminal, decoded into keys and pastes.
//!
//! A state machine without a clock: time is an argument. Nothing in it waits without a
//! limit: a sequence that does not end, a paste whose end never comes and an answer to a
//! question nobody asked are given up, and Ctrl-C works in the middle of every sequence.
//!
//! crossterm's reader is not used: it reads 1,024 bytes, sleeps until new ones arrive with
//! the rest still waiting, and blocks in `read` until a paste ends, if it ever does.

use std::time::Duration;

use super::{Input, Key};

/// After this silence a lone Escape was the key. Longer than the bytes of one sequence are
/// apart on a slow line, shorter than anybody presses two keys.
const SEQUENCE_PATIENCE: Duration = Duration::from_millis(50);

/// After this silence a paste or an answer has lost its end.
const TEXT_PATIENCE: Duration = Duration::from_millis(1000);

/// Parameters of a key's sequence have at most this many bytes; more belong to no key.
const MOST_PARAMETERS: usize = 32;

/// Kept of a paste; no field takes as much.
const MOST_PASTED: usize = 64 * 1024;

/// What ends a paste.
const END_OF_PASTE: &[u8] = b"\x1b[201~";

/// What the bytes so far are part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Ground,
    /// Behind an Escape.
    Escape,
    /// Behind `ESC [`.
    Csi,
    /// Behind `ESC O`.
    Ss3,
    /// In the text of an answer, which ends with BEL or `ESC \`.
    Answer,
    /// In a bracketed paste.
    Paste,
}

/// The decoder.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    state: State,
    /// Bytes of an unfinished character, or parameters of a sequence.
    pending: Vec<u8>,
    /// What was pasted so far.
    pasted: Vec<u8>,
    /// How much of the end of the paste the latest bytes are.
    matched: usize,
    /// When the latest byte came.
    last_byte: Duration,
    /// Whether that was a carriage return: a line feed right behind it is the same Enter.
    is_after_return: bool,
}

impl Decoder {
    /// Takes `bytes` that were read at `at`.
    pub(super) fn take(&mut self, bytes: &[u8], at: Duration, inputs: &mut Vec<Input>) {
        for &byte in bytes {
            if self.is_after_return && at.saturating_sub(self.last_byte) > SEQUENCE_PATIENCE {
                self.is_after_return = false;
            }
            self.last_byte = at;
            self.byte(byte, inputs);
        }
    }

    /// When [`Decoder::elapse`] is to be called if nothing comes until then.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let patience = match self.state {
            State::Ground if self.pending.is_empty() => return None,
            State::Paste | State::Answer => TEXT_PATIENCE,
            _ => SEQUENCE_PATIENCE,
        };
        Some(self.last_byte + patience)
    }

    /// Nothing more waits to be read at `now`: gives up what has lost its end.
    pub(super) fn elapse(&mut self, now: Duration, inputs: &mut Vec<Input>) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.state {
            State::Escape => inputs.push(Input::Key(Key::Esc)),
            State::Paste => self.end_paste(self.pasted.len(), inputs),
            _ => {}
        }
        self.rest();
    }

    fn rest(&mut self) {
        self.state = State::Ground;
        self.pending.clear();
    }

    fn byte(&mut self, byte: u8, inputs: &mut Vec<Input>) {
        match (self.state, byte) {
            (State::Paste, _) => self.paste(byte, inputs),
            // Ctrl-C, whatever it interrupts.
            (_, 0x03) => {
                self.rest();
                inputs.push(Input::Key(Key::Ctrl('c')));
            }
            (State::Ground, _) => self.ground(byte, inputs),
            (State::Escape, _) => self.escape(byte, inputs),
            (State::Answer, 0x07 | 0x18 | 0x1a) => self.rest(),
            // The Escape of its end, or of another sequence.
            (_, 0x1b) => {
                self.rest();
                self.state = State::Escape;
            }
            (State::Answer, _) => {}
            (State::Csi, _) => self.csi(byte, inputs),
            (State::Ss3, _) => {
                self.rest();
                inputs.extend(ss3(byte).map(Input::Key));
            }
        }
    }

    fn ground(&mut self, byte: u8, inputs: &mut Vec<Input>) {
        if !self.pending.is_empty() || byte >= 0x80 {
            return self.character(byte, inputs);
        }
        let was_return = std::mem::replace(&mut self.is_after_return, byte == b'\r');
        let key = match byte {
            0x1b => {
                self.state = State::Escape;
                return;
            }
            b'\n' if was_return => return,
            b'\r' | b'\n' => Key::Enter,
            b'\t' => Key::Tab,
            0x08 | 0x7f => Key::Backspace,
            0x01..=0x1a => Key::Ctrl(char::from(byte - 1 + b'a')),
            0x20..=0x7e => Key::Char(char::from(byte)),
            _ => return,
        };
        inputs.push(Input::Key(key));
    }

    /// A byte of a character beyond ASCII. What is no UTF-8 is left out.
    fn character(&mut self, byte: u8, inputs: &mut Vec<Input>) {
        let is_continuation = byte & 0xc0 == 0x80;
        if is_continuation == self.pending.is_empty() {
            self.pending.clear();
            if !is_continuation {
                self.byte_of_new_character(byte, inputs);
            }
            return;
        }
        self.pending.push(byte);
        match std::str::from_utf8(&self.pending) {
            Ok(text) => {
                inputs.extend(text.chars().map(|c| Input::Key(Key::Char(c))));
                self.pending.clear();
            }
            Err(error) if error.error_len().is_some() => self.pending.clear(),
            // More of its bytes are to come.
            Err(_) => {}
        }
    }

    fn byte_of_new_character(&mut self, byte: u8, inputs: &mut Vec<Input>) {
        if byte >= 0x80 {
            self.is_after_return = false;
            self.pending.push(byte);
        } else {
            self.ground(byte, inputs);
        }
    }

    fn escape(&mut self, byte: u8, inputs: &mut Vec<Input>) {
        self.state = match byte {
            b'[' => State::Csi,
            b'O' => State::Ss3,
            b']' | b'P' | b'_' | b'^' | b'X' => State::Answer,
            // Two Escapes: the first was the key.
            0x1b => {
                inputs.push(Input::Key(Key::Esc));
                State::Escape
            }
            // A key with Alt, or the end of an answer: neither means anything here.
            _ => State::Ground,
        };
    }

    fn csi(&mut self, byte: u8, inputs: &mut Vec<Input>) {
        match byte {
            // F1 to F5 on the Linux console: `ESC [ [ A`.
            b'[' if self.pending.is_empty() => self.pending.push(byte),
            b'A'..=b'E' if self.pending == b"[" => {
                self.rest();
                inputs.push(Input::Key(Key::F(byte - b'A' + 1)));
            }
            0x20..=0x3f if self.pending.len() < MOST_PARAMETERS => self.pending.push(byte),
            0x20..=0x3f => {}
            0x40..=0x7e => {
                let parameters = std::mem::take(&mut self.pending);
                self.rest();
                if byte == b'~' && parameters == b"200" {
                    self.state = State::Paste;
                    self.pasted.clear();
                    self.matched = 0;
                } else {
                    inputs.extend(csi_key(&parameters, byte).map(Input::Key));
                }
            }
            _ => self.rest(),
        }
    }

    fn paste(&mut self, byte: u8, inputs: &mut Vec<Input>) {
        if self.pasted.len() < MOST_PASTED + END_OF_PASTE.len() {
            self.pasted.push(byte);
        }
        self.matched = if byte == END_OF_PASTE[self.matched] {
            self.matched + 1
        } else {
            // Escape stands only at its start.
            usize::from(byte == END_OF_PASTE[0])
        };
        if self.matched == END_OF_PASTE.len() {
            let kept = self.pasted.len() - END_OF_PASTE.len();
            self.end_paste(kept, inputs);
            self.rest();
        }
    }

    fn end_paste(&mut self, kept: usize, inputs: &mut Vec<Input>) {
        let kept = kept.min(MOST_PASTED);
        let text = String::from_utf8_lossy(&self.pasted[..kept]).into_owned();
        self.pasted = Vec::new();
        inputs.push(Input::Paste(text));
    }
}

/// `ESC O` and a letter: a terminal in application mode, and the number pad.
fn ss3(byte: u8) -> Option<Key> {
    match byte {
        b'M' => Some(Key::Enter),
        b'p'..=b'y' => Some(Key::Char(char::from(byte - b'p' + b'0'))),
        _ => letter_key(byte),
    }
}

fn letter_key(byte: u8) -> Option<Key> {
    Some(match byte {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        b'P'..=b'S' => Key::F(byte - b'P' + 1),
        _ => return None,
    })
}

/// `ESC [`, parameters and a letter. Modifiers of arrows mean nothing here.
fn csi_key(parameters: &[u8], last: u8) -> Option<Key> {
    let text = std::str::from_utf8(parameters).ok()?;
    let mut parts = text.split(';');
    let first = parts.next().unwrap_or("");
    match last {
        b'Z' => Some(Key::BackTab),
        b'~' => Some(match first.parse().ok()? {
            1 | 7 => Key::Home,
            3 => Key::Delete,
            4 | 8 => Key::End,
            5 => Key::PageUp,
            6 => Key::PageDown,
            number @ 11..=15 => Key::F(number - 10),
            number @ 17..=21 => Key::F(number - 11),
            number @ 23..=24 => Key::F(number - 12),
            _ => return None,
        }),
        b'u' => described_key(first, parts.next().unwrap_or("1")),
        _ if text.is_empty() || first == "1" => letter_key(last),
        _ => None,
    }
}

/// A key of the protocol that names the character and the modifiers: `ESC [ 97 ; 5 u`.
fn described_key(code: &str, modifiers: &str) -> Option<Key> {
    let character = char::from_u32(code.split(':').next()?.parse().ok()?)?;
    let mut modifiers = modifiers.split(':');
    let held = modifiers.next()?.parse::<u16>().ok()?.saturating_sub(1);
    if modifiers.next() == Some("3") {
        // It was let go.
        return None;
    }
    let (shift, alt, ctrl) = (held & 1 != 0, held & 2 != 0, held & 4 != 0);
    Some(match character {
        _ if alt => return None,
        '\r' => Key::Enter,
        '\t' if shift => Key::BackTab,
        '\t' => Key::Tab,
        '\u{1b}' => Key::Esc,
        '\u{8}' | '\u{7f}' => Key::Backspace,
        c if c.is_control() => return None,
        c if ctrl => Key::Ctrl(c.to_ascii_lowercase()),
        c if shift => Key::Char(c.to_uppercase().next().unwrap_or(c)),
        c => Key::Char(c),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// What chunks of bytes, each some milliseconds after the one before, become, and what
    /// is there after two seconds of silence.
    fn decoded(chunks: &[(u64, &[u8])]) -> Vec<Input> {
        let (mut decoder, mut inputs, mut now) = (Decoder::default(), Vec::new(), ms(1000));
        for (later, bytes) in chunks {
            now += ms(*later);
            decoder.elapse(now, &mut inputs);
            decoder.take(bytes, now, &mut inputs);
        }
        decoder.elapse(now + ms(2000), &mut inputs);
        assert_eq!(decoder.deadline(), None, "nothing is waited for any more");
        inputs
    }

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let keys = |input| match input {
            Input::Key(key) => key,
            other => panic!("{other:?} is no key"),
        };
        decoded(&[(0, bytes)]).into_iter().map(keys).collect()
    }

    #[test]
    fn keys_of_all_kinds() {
        for (bytes, expected) in [
            (
                &b"a\xc3\xa9\xe6\x9d\x8e"[..],
                &[Key::Char('a'), Key::Char('é'), Key::Char('李')][..],
            ),
            (b"\r", &[Key::Enter]),
            (b"\n", &[Key::Enter]),
            (b"\r\n", &[Key::Enter]),
            (b"\n\n", &[Key::Enter, Key::Enter]),
            (b"\t\x1b[Z", &[Key::Tab, Key::BackTab]),
            (b"\x7f\x08", &[Key::Backspace, Key::Backspace]),
            (
                b"\x03\x1a\x15",
                &[Key::Ctrl('c'), Key::Ctrl('z'), Key::Ctrl('u')],
            ),
            (b"\x1b", &[Key::Esc]),
            (b"\x1b\x1b[A", &[Key::Esc, Key::Up]),
            (
                b"\x1b[B\x1bOC\x1b[1;5D",
                &[Key::Down, Key::Right, Key::Left],
            ),
            (
                b"\x1b[H\x1b[4~\x1bOF\x1b[7~",
                &[Key::Home, Key::End, Key::End, Key::Home],
            ),
            (
                b"\x1b[5~\x1b[6~\x1b[3~",
                &[Key::PageUp, Key::PageDown, Key::Delete],
            ),
            (b"\x1bOP\x1b[[B\x1b[13~", &[Key::F(1), Key::F(2), Key::F(3)]),
            (
                b"\x1b[15~\x1b[17~\x1b[21~\x1b[24;2~",
                &[Key::F(5), Key::F(6), Key::F(10), Key::F(12)],
            ),
            (
                b"\x1bOM\x1bOp\x1bOy",
                &[Key::Enter, Key::Char('0'), Key::Char('9')],
            ),
            (
                b"\x1b[99;5u\x1b[97;1:3u\x1b[27u\x1b[101;2u",
                &[Key::Ctrl('c'), Key::Esc, Key::Char('E')],
            ),
            // With Alt, unknown, and answers that come late.
            (
                b"\x1bq\x1b[2~\x1b[?62;4c\x1b]1337;ReportCellSize=1\x07\x1b_Gi=31;OK\x1b\\x",
                &[Key::Char('x')],
            ),
            // No UTF-8, and a character that lost its end.
            (b"\xff\xc3a\x80b\xe6\x9d", &[Key::Char('a'), Key::Char('b')]),
        ] {
            assert_eq!(keys(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_sequence_may_come_in_pieces_and_an_escape_alone() {
        assert_eq!(
            decoded(&[(0, b"\x1b"), (20, b"["), (20, b"5"), (20, b"~")]),
            [Input::Key(Key::PageUp)]
        );
        assert_eq!(
            decoded(&[(0, b"\x1b"), (60, b"q")]),
            [Input::Key(Key::Esc), Input::Key(Key::Char('q'))]
        );
        assert_eq!(
            decoded(&[(0, b"\r"), (500, b"\n")]),
            [Input::Key(Key::Enter), Input::Key(Key::Enter)],
            "two lines of which each ends in its own way"
        );
    }

    #[test]
    fn a_paste_is_one_text_in_any_pieces() {
        let paste = |text: &str| Input::Paste(text.to_owned());
        let pieces: Vec<(u64, &[u8])> = b"\x1b[200~a\x1b[20b\rq\x1b[201~x"
            .chunks(1)
            .map(|byte| (10, byte))
            .collect();
        assert_eq!(
            decoded(&pieces),
            [paste("a\u{1b}[20b\rq"), Input::Key(Key::Char('x'))]
        );
        assert_eq!(decoded(&[(0, b"\x1b[200~\x1b[201~")]), [paste("")]);
    }

    #[test]
    fn an_unfinished_paste_is_given_up_and_what_was_read_is_kept() {
        assert_eq!(
            decoded(&[(0, b"\x1b[200~Ana Torres\x1b[20"), (1500, b"\x03")]),
            [
                Input::Paste("Ana Torres\u{1b}[20".into()),
                Input::Key(Key::Ctrl('c'))
            ]
        );
        let book = vec![b'x'; 3 * MOST_PASTED];
        let inputs = decoded(&[(0, b"\x1b[200~"), (0, &book), (10, b"\x1b[201~q")]);
        let [Input::Paste(kept), Input::Key(Key::Char('q'))] = &inputs[..] else {
            panic!("{} inputs", inputs.len());
        };
        assert_eq!(kept.len(), MOST_PASTED, "the rest is left out");
    }

    #[test]
    fn nothing_that_does_not_end_keeps_the_keyboard() {
        for start in [
            &b"\x1b["[..],
            b"\x1bO",
            b"\x1b]52;c;",
            b"\x1b_G",
            b"\x1bP",
            b"\xf0\x9f",
            b"\x1b[11111111111111111111111111111111111111111111111",
        ] {
            let interrupted = decoded(&[(0, start), (1, b"\x03")]);
            assert_eq!(interrupted, [Input::Key(Key::Ctrl('c'))], "{start:?}");
            let later = decoded(&[(0, start), (1500, b"j")]);
            assert_eq!(later, [Input::Key(Key::Char('j'))], "{start:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_in_any_pieces_leave_a_keyboard_that_works(
            pieces in proptest::collection::vec(
                (0u64..300, proptest::collection::vec(proptest::prelude::any::<u8>(), 0..20)), 0..20,
            ),
        ) {
            let mut chunks: Vec<(u64, &[u8])> =
                pieces.iter().map(|(later, bytes)| (*later, bytes.as_slice())).collect();
            chunks.push((1500, b"\x03"));
            let inputs = decoded(&chunks);
            proptest::prop_assert_eq!(inputs.last(), Some(&Input::Key(Key::Ctrl('c'))));
        }
    }
}
