//! The way out to the terminal: what commands print, and their errors.
//!
//! `println!`, `print!`, `eprintln!` and `eprint!` of this crate stand in the place of the
//! standard library's (`#[macro_use] extern crate rollcall_system`), so that nothing which
//! came from a file, a camera or an operator can send the terminal a command
//! ([`rollcall_core::printable`]). A template without a line break prints exactly one line,
//! whatever is filled in.
//!
//! Unlike the standard library's they do not panic where standard output is closed or its
//! disk is full: [`failure`] tells `main`, which ends with an error.

use std::fmt::{self, Arguments};
use std::io::{self, Write};
use std::sync::OnceLock;

use rollcall_core::printable::{printable, printable_line};

/// Where a line goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// What a template allows in what is filled into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaks {
    /// One line, whatever it is filled with.
    Refused,
    /// Several lines.
    Kept,
}

impl Breaks {
    /// What the text of a template allows.
    pub const fn of(template: &str) -> Self {
        let bytes = template.as_bytes();
        let mut index = 0;
        while index < bytes.len() {
            if bytes[index] == b'\n' {
                return Self::Kept;
            }
            index += 1;
        }
        Self::Refused
    }
}

/// Writes words and the end of their line; for the macros.
pub fn line(stream: Stream, words: Arguments<'_>, breaks: Breaks) {
    let words = words.to_string();
    let shown = match breaks {
        Breaks::Refused => printable_line(&words),
        Breaks::Kept => printable(&words),
    };
    write_to(stream, format_args!("{shown}\n"));
}

/// Writes words as they are, line breaks included; for the macros.
pub fn words(stream: Stream, words: Arguments<'_>) {
    write_to(stream, format_args!("{}", printable(&words.to_string())));
}

/// Prints a picture made of characters: its colours are this program's own, and nothing in
/// it is text from elsewhere.
pub fn picture(drawn: &str) {
    write_to(Stream::Out, format_args!("{drawn}"));
}

/// Says on standard error why a command failed. What is in several lines is indented, so
/// that no line of it can pass for another message.
pub fn error(error: &impl fmt::Display) {
    let words = format!("{error:#}").replace('\n', "\n  ");
    words_of_error(&words);
}

fn words_of_error(text: &str) {
    write_to(Stream::Err, format_args!("rollcall: {}\n", printable(text)));
}

fn write_to(stream: Stream, words: Arguments<'_>) {
    match stream {
        Stream::Out => {
            let written = io::stdout().lock().write_fmt(words);
            if let Err(error) = written {
                FAILURE.get_or_init(|| error.to_string());
            }
        }
        // There is nowhere left to say that standard error is closed.
        Stream::Err => drop(io::stderr().lock().write_fmt(words)),
    }
}

/// The first thing that went wrong with standard output.
static FAILURE: OnceLock<String> = OnceLock::new();

/// Why something that was to be printed is not on standard output, if that happened.
pub fn failure() -> Option<&'static str> {
    // What is left in the buffer fails now or never.
    if let Err(error) = io::stdout().lock().flush() {
        FAILURE.get_or_init(|| error.to_string());
    }
    FAILURE.get().map(String::as_str)
}

/// A writer that lets nothing through which a terminal would obey.
#[derive(Debug)]
pub struct Printable<W> {
    inner: W,
    /// The beginning of a character whose end has not been written yet.
    begun: Vec<u8>,
}

impl<W: Write> Printable<W> {
    /// Writes to `inner`.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            begun: Vec::new(),
        }
    }
}

impl<W: Write> Write for Printable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.begun) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.begun.len(),
        };
        let text = String::from_utf8_lossy(&self.begun[..whole]);
        self.inner.write_all(printable(&text).as_bytes())?;
        self.begun.drain(..whole);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// As the standard library's, without what a terminal would obey.
#[macro_export]
macro_rules! println {
    () => { $crate::print::words($crate::print::Stream::Out, ::core::format_args!("\n")) };
    ($template:literal $($rest:tt)*) => {
        $crate::print::line(
            $crate::print::Stream::Out,
            ::core::format_args!($template $($rest)*),
            $crate::print::Breaks::of($template),
        )
    };
}

/// As the standard library's, without what a terminal would obey.
#[macro_export]
macro_rules! eprintln {
    () => { $crate::print::words($crate::print::Stream::Err, ::core::format_args!("\n")) };
    ($template:literal $($rest:tt)*) => {
        $crate::print::line(
            $crate::print::Stream::Err,
            ::core::format_args!($template $($rest)*),
            $crate::print::Breaks::of($template),
        )
    };
}

/// As the standard library's, without what a terminal would obey; for several lines.
#[macro_export]
macro_rules! print {
    ($($words:tt)*) => {
        $crate::print::words($crate::print::Stream::Out, ::core::format_args!($($words)*))
    };
}

/// As the standard library's, without what a terminal would obey; for several lines.
#[macro_export]
macro_rules! eprint {
    ($($words:tt)*) => {
        $crate::print::words($crate::print::Stream::Err, ::core::format_args!($($words)*))
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_of_one_line_stays_one_line() {
        assert_eq!(Breaks::of("{}: {}"), Breaks::Refused);
        assert_eq!(Breaks::of("\n{}"), Breaks::Kept);
    }

    #[test]
    fn a_writer_spells_out_what_a_terminal_would_obey() {
        let mut writer = Printable::new(Vec::new());
        writer.write_all("E-1,\u{1b}[31mAna\n".as_bytes()).unwrap();
        assert_eq!(writer.inner, b"E-1,\\u001b[31mAna\n");
    }

    #[test]
    fn characters_that_are_cut_in_two_stay_whole() {
        let mut writer = Printable::new(Vec::new());
        for byte in "José \u{202e}\u{9b}m".as_bytes() {
            writer.write_all(&[*byte]).unwrap();
        }
        writer.write_all(b"\xff.").unwrap();
        let written = String::from_utf8(writer.inner).unwrap();
        assert_eq!(written, "José \\u202e\\u009bm\u{fffd}.");
    }
}
