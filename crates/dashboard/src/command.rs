//! Everything the operator can do from anywhere, each with its name and its keys.
//!
//! The keys, the palette and the help all read this one list.

use super::app::{PreviewMode, Screen};
use super::input::Key;
use super::reports::Period;
use super::text;
use super::theme::Theme;

/// Something that can be done from every screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Go(Screen),
    Enrol,
    Find,
    Report(Period),
    Export,
    Explain,
    NextPreview,
    Preview(PreviewMode),
    Undo,
    Suspend,
    Palette,
    Quit,
}

/// A command, what it is called, its letter and its function key, if it has one.
pub(crate) struct Entry {
    pub(crate) command: Command,
    pub(crate) name: &'static str,
    pub(crate) letter: Option<Key>,
    pub(crate) function: Option<u8>,
}

const fn entry(
    command: Command,
    name: &'static str,
    letter: Option<Key>,
    function: Option<u8>,
) -> Entry {
    Entry {
        command,
        name,
        letter,
        function,
    }
}

/// All of them, in the order of the palette.
pub(crate) const ALL: [Entry; 31] = [
    entry(
        Command::Go(Screen::Live),
        english!("live: camera, today, log"),
        Some(Key::Char('h')),
        None,
    ),
    entry(
        Command::Enrol,
        english!("enrol the face at the camera"),
        Some(Key::Char('e')),
        None,
    ),
    entry(
        Command::Go(Screen::People),
        english!("people"),
        Some(Key::Char('p')),
        Some(2),
    ),
    entry(Command::Find, english!("find a person"), None, None),
    entry(
        Command::Go(Screen::Attendance),
        english!("attendance: today"),
        Some(Key::Char('t')),
        Some(3),
    ),
    entry(
        Command::Report(Period::Day),
        english!("attendance: a day"),
        None,
        None,
    ),
    entry(
        Command::Report(Period::Week),
        english!("attendance: a week"),
        None,
        None,
    ),
    entry(
        Command::Report(Period::Month),
        english!("attendance: a month"),
        None,
        None,
    ),
    entry(
        Command::Export,
        english!("write the attendance that is shown into a file"),
        None,
        None,
    ),
    entry(
        Command::Go(Screen::Review),
        english!("review: faces without a name"),
        Some(Key::Char('r')),
        Some(4),
    ),
    entry(
        Command::Go(Screen::Calibration),
        english!("calibration: what the threshold costs"),
        Some(Key::Char('g')),
        Some(5),
    ),
    entry(
        Command::Go(Screen::Camera),
        english!("camera and its controls"),
        Some(Key::Char('c')),
        Some(6),
    ),
    entry(
        Command::Go(Screen::Log),
        english!("log of this run"),
        Some(Key::Char('l')),
        Some(7),
    ),
    entry(
        Command::Go(Screen::Audit),
        english!("audit: who did what"),
        Some(Key::Char('a')),
        Some(8),
    ),
    entry(
        Command::Go(Screen::Settings),
        english!("settings"),
        Some(Key::Char('s')),
        Some(9),
    ),
    entry(
        Command::Go(Screen::Doctor),
        english!("doctor: what works and what does not"),
        Some(Key::Char('d')),
        Some(10),
    ),
    entry(
        Command::Go(Screen::Charts),
        english!("charts"),
        Some(Key::Char('b')),
        Some(11),
    ),
    entry(
        Command::Explain,
        english!("why each face has its name"),
        Some(Key::Char('w')),
        None,
    ),
    entry(
        Command::NextPreview,
        english!("preview: the next kind"),
        Some(Key::Char('v')),
        None,
    ),
    entry(
        Command::Preview(PreviewMode::Pixels),
        english!("preview: pixels"),
        None,
        None,
    ),
    entry(
        Command::Preview(PreviewMode::HalfBlocks),
        english!("preview: half-blocks"),
        None,
        None,
    ),
    entry(
        Command::Preview(PreviewMode::Quadrants),
        english!("preview: quadrants"),
        None,
        None,
    ),
    entry(
        Command::Preview(PreviewMode::Braille),
        english!("preview: braille dots"),
        None,
        None,
    ),
    entry(
        Command::Preview(PreviewMode::Ascii),
        english!("preview: ASCII"),
        None,
        None,
    ),
    entry(
        Command::Preview(PreviewMode::Off),
        english!("preview: off"),
        None,
        None,
    ),
    entry(
        Command::Undo,
        english!("undo the last change"),
        Some(Key::Char('u')),
        None,
    ),
    entry(
        Command::Go(Screen::Help),
        english!("help"),
        Some(Key::Char('?')),
        Some(1),
    ),
    entry(
        Command::Palette,
        english!("all commands"),
        Some(Key::Char(':')),
        None,
    ),
    entry(
        Command::Palette,
        english!("all commands"),
        Some(Key::Ctrl('p')),
        None,
    ),
    entry(
        Command::Suspend,
        english!("to the shell; fg comes back"),
        Some(Key::Ctrl('z')),
        None,
    ),
    entry(Command::Quit, english!("quit"), Some(Key::Char('q')), None),
];

/// What `key` means wherever nothing nearer takes it.
pub(crate) fn of_key(key: Key) -> Option<Command> {
    let is_it = |entry: &&Entry| match key {
        Key::F(number) => entry.function == Some(number),
        key => entry.letter == Some(key),
    };
    ALL.iter().find(is_it).map(|entry| entry.command)
}

/// The commands whose names in the operator's language hold every word of `wanted`; each
/// once.
pub(crate) fn matching(wanted: &str, theme: Theme) -> Vec<&'static Entry> {
    let wanted = text::folded(wanted);
    let words: Vec<&str> = wanted.split_whitespace().collect();
    let mut found: Vec<&Entry> = Vec::new();
    for entry in &ALL {
        let name = text::folded(theme.t(entry.name));
        let is_new = entry.command != Command::Palette
            && found.iter().all(|other| other.command != entry.command);
        if is_new && words.iter().all(|word| name.contains(word)) {
            found.push(entry);
        }
    }
    found
}

impl Entry {
    /// "p F2", as a keyboard names them.
    pub(crate) fn keys(&self) -> String {
        let letter = match self.letter {
            Some(Key::Char(c)) => c.to_string(),
            Some(Key::Ctrl(c)) => format!("Ctrl-{}", c.to_ascii_uppercase()),
            _ => String::new(),
        };
        match self.function {
            Some(number) => format!("{letter} F{number}").trim_start().to_owned(),
            None => letter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Charset, ColourDepth, Language};

    #[test]
    fn no_key_means_two_things() {
        for (index, one) in ALL.iter().enumerate() {
            for other in &ALL[index + 1..] {
                assert!(
                    one.letter.is_none() || one.letter != other.letter,
                    "{}",
                    one.name
                );
                assert!(
                    one.function.is_none() || one.function != other.function,
                    "{}",
                    one.name
                );
            }
        }
        assert_eq!(of_key(Key::F(9)), Some(Command::Go(Screen::Settings)));
        assert_eq!(of_key(Key::Char('Z')), None);
    }

    #[test]
    fn every_screen_has_a_key_and_a_few_letters_find_it() {
        let theme = Theme {
            depth: ColourDepth::True,
            charset: Charset::Unicode,
            language: Language::english(),
            cell_aspect: 2.0,
            has_pixels: false,
        };
        for screen in Screen::ALL {
            let has_key = |e: &&Entry| e.command == Command::Go(screen) && e.letter.is_some();
            assert!(ALL.iter().any(|e| has_key(&e)), "{screen:?}");
        }
        let names: Vec<&str> = matching("att MON", theme).iter().map(|e| e.name).collect();
        assert_eq!(names, ["attendance: a month"]);
        assert!(matching("xyzzy", theme).is_empty());
        assert!(matching("", theme).len() > 25);
    }
}
