//! Every key and what it means.
//!
//! Invariant: a letter has one meaning. The screens name what they can do ([`Command`],
//! [`Deed`], [`Motion`]) and ask here which key that is; no other file says a letter. The
//! hints, the palette and the help read the same lists, and a test compares README.md.

use super::input::Key;
use super::period::Period;
use super::screen::Screen;
use super::text;
use super::theme::Theme;
use crate::say;
use rollcall_messages::Text;
use rollcall_protocol::PreviewMode;

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
    /// Starts the station again, if that is confirmed.
    Restart,
    Suspend,
    Palette,
    /// One screen back; from the live screen out of the dashboard, if that is confirmed.
    Back,
    /// Out of the dashboard, if that is confirmed.
    Quit,
}

/// A command, what it is called, its letter and its function key, if it has one.
pub(crate) struct Entry {
    pub(crate) command: Command,
    pub(crate) name: Text,
    pub(crate) letter: Option<Key>,
    pub(crate) function: Option<u8>,
}

const fn entry(command: Command, name: Text, letter: Option<Key>, function: Option<u8>) -> Entry {
    Entry {
        command,
        name,
        letter,
        function,
    }
}

/// All of them, in the order of the palette.
pub(crate) const ALL: [Entry; 33] = [
    entry(
        Command::Go(Screen::Live),
        say::COMMAND_LIVE,
        Some(Key::Char('h')),
        None,
    ),
    entry(
        Command::Enrol,
        say::COMMAND_ENROL,
        Some(Key::Char('e')),
        None,
    ),
    entry(
        Command::Go(Screen::People),
        say::PEOPLE,
        Some(Key::Char('p')),
        Some(2),
    ),
    entry(Command::Find, say::COMMAND_FIND, Some(Key::Char('/')), None),
    entry(
        Command::Go(Screen::Attendance),
        say::COMMAND_TODAY,
        Some(Key::Char('t')),
        Some(3),
    ),
    entry(Command::Report(Period::Day), say::COMMAND_DAY, None, None),
    entry(Command::Report(Period::Week), say::COMMAND_WEEK, None, None),
    entry(
        Command::Report(Period::Month),
        say::COMMAND_MONTH,
        None,
        None,
    ),
    entry(Command::Export, say::COMMAND_WRITE_FILE, None, None),
    entry(
        Command::Go(Screen::Review),
        say::COMMAND_REVIEW,
        Some(Key::Char('r')),
        Some(4),
    ),
    entry(
        Command::Go(Screen::Calibration),
        say::COMMAND_CALIBRATION,
        Some(Key::Char('z')),
        Some(5),
    ),
    entry(
        Command::Go(Screen::Camera),
        say::COMMAND_CAMERA,
        Some(Key::Char('m')),
        Some(6),
    ),
    entry(
        Command::Go(Screen::Log),
        say::COMMAND_LOG,
        Some(Key::Char('l')),
        Some(7),
    ),
    entry(
        Command::Go(Screen::Audit),
        say::COMMAND_AUDIT,
        Some(Key::Char('a')),
        Some(8),
    ),
    entry(
        Command::Go(Screen::Settings),
        say::SETTINGS,
        Some(Key::Char('s')),
        Some(9),
    ),
    entry(
        Command::Go(Screen::Doctor),
        say::COMMAND_DOCTOR,
        Some(Key::Char('d')),
        Some(10),
    ),
    entry(
        Command::Go(Screen::Charts),
        say::CHARTS,
        Some(Key::Char('b')),
        Some(11),
    ),
    entry(
        Command::Explain,
        say::COMMAND_WHY,
        Some(Key::Char('w')),
        None,
    ),
    entry(
        Command::NextPreview,
        say::COMMAND_PREVIEW_NEXT,
        Some(Key::Char('v')),
        None,
    ),
    entry(
        Command::Preview(PreviewMode::Pixels),
        say::COMMAND_PREVIEW_PIXELS,
        None,
        None,
    ),
    entry(
        Command::Preview(PreviewMode::HalfBlocks),
        say::COMMAND_PREVIEW_HALF_BLOCKS,
        None,
        None,
    ),
    entry(
        Command::Preview(PreviewMode::Quadrants),
        say::COMMAND_PREVIEW_QUADRANTS,
        None,
        None,
    ),
    entry(
        Command::Preview(PreviewMode::Braille),
        say::COMMAND_PREVIEW_BRAILLE,
        None,
        None,
    ),
    entry(
        Command::Preview(PreviewMode::Ascii),
        say::COMMAND_PREVIEW_ASCII,
        None,
        None,
    ),
    entry(
        Command::Preview(PreviewMode::Off),
        say::COMMAND_PREVIEW_OFF,
        None,
        None,
    ),
    entry(Command::Undo, say::COMMAND_UNDO, Some(Key::Char('u')), None),
    entry(
        Command::Go(Screen::Help),
        say::HELP,
        Some(Key::Char('?')),
        Some(1),
    ),
    entry(
        Command::Palette,
        say::ALL_COMMANDS,
        Some(Key::Char(':')),
        None,
    ),
    entry(
        Command::Palette,
        say::ALL_COMMANDS,
        Some(Key::Ctrl('p')),
        None,
    ),
    entry(Command::Restart, say::COMMAND_RESTART, None, None),
    entry(
        Command::Suspend,
        say::COMMAND_SUSPEND,
        Some(Key::Ctrl('z')),
        None,
    ),
    entry(Command::Back, say::COMMAND_BACK, Some(Key::Char('q')), None),
    entry(Command::Quit, say::QUIT, None, None),
];

/// What is done to what is marked, on the screens that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Corrects the marked day of the marked person.
    Correct,
    /// Shows only some of the people.
    Only,
    /// Writes what is shown into a file.
    Export,
    /// Gives a name: another one to a person, somebody's to a face.
    Name,
    /// Ignores a face.
    Ignore,
    /// Erases a face or a person.
    Erase,
    /// Whether a person is recognised.
    SwitchActive,
    /// Notes that a person has agreed.
    Consent,
    /// Sets a PIN or badge.
    Pin,
    /// Forgets what the station has learnt of a person.
    Forget,
    /// Takes the value that is proposed: the default, the calibrated threshold.
    Propose,
    /// A big step back: a whole period, ten steps of a value.
    StepBack,
    /// A big step forward.
    StepForward,
    /// Says yes to a question.
    Yes,
}

/// A deed, its key, and what it is called.
pub(crate) struct DeedEntry {
    pub(crate) deed: Deed,
    pub(crate) key: Key,
    pub(crate) name: Text,
    /// The screens that have it; none for what is no screen's.
    pub(crate) on: &'static [Screen],
}

const fn deed(deed: Deed, key: Key, name: Text, on: &'static [Screen]) -> DeedEntry {
    DeedEntry {
        deed,
        key,
        name,
        on,
    }
}

/// All of them.
pub(crate) const DEEDS: [DeedEntry; 14] = [
    deed(
        Deed::Correct,
        Key::Char('c'),
        say::COMMAND_CORRECT,
        &[Screen::Attendance],
    ),
    deed(
        Deed::Only,
        Key::Char('o'),
        say::COMMAND_ONLY,
        &[Screen::Attendance],
    ),
    deed(
        Deed::Export,
        Key::Char('x'),
        say::COMMAND_EXPORT,
        &[Screen::Attendance],
    ),
    deed(
        Deed::Name,
        Key::Char('n'),
        say::COMMAND_NAME,
        &[Screen::Person, Screen::Review],
    ),
    deed(
        Deed::Ignore,
        Key::Char('i'),
        say::COMMAND_IGNORE,
        &[Screen::Review],
    ),
    deed(
        Deed::Erase,
        Key::Delete,
        say::COMMAND_ERASE,
        &[Screen::Person, Screen::Review],
    ),
    deed(
        Deed::SwitchActive,
        Key::Char('!'),
        say::COMMAND_ACTIVE,
        &[Screen::Person],
    ),
    deed(
        Deed::Consent,
        Key::Char('+'),
        say::COMMAND_CONSENT,
        &[Screen::Person],
    ),
    deed(
        Deed::Pin,
        Key::Char('#'),
        say::COMMAND_PIN,
        &[Screen::Person],
    ),
    deed(
        Deed::Forget,
        Key::Char('f'),
        say::COMMAND_FORGET,
        &[Screen::Person],
    ),
    deed(
        Deed::Propose,
        Key::Char('='),
        say::COMMAND_DEFAULT,
        &[Screen::Settings, Screen::Camera, Screen::Calibration],
    ),
    deed(
        Deed::StepBack,
        Key::Char('<'),
        say::COMMAND_BACK_PERIOD,
        &[Screen::Attendance, Screen::Camera],
    ),
    deed(
        Deed::StepForward,
        Key::Char('>'),
        say::COMMAND_ON_PERIOD,
        &[Screen::Attendance, Screen::Camera],
    ),
    deed(Deed::Yes, YES, say::COMMAND_YES, &[]),
];

/// Where the mark of a list or the top of a text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Motion {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
}

/// Rows that Page Up and Page Down move by.
const PAGE: usize = 10;

/// The keys of all motions.
const MOTIONS: [(Key, Motion); 10] = [
    (Key::Up, Motion::Up),
    (Key::Char('k'), Motion::Up),
    (Key::Down, Motion::Down),
    (Key::Char('j'), Motion::Down),
    (Key::PageUp, Motion::PageUp),
    (Key::PageDown, Motion::PageDown),
    (Key::Home, Motion::First),
    (Key::Char('g'), Motion::First),
    (Key::End, Motion::Last),
    (Key::Char('G'), Motion::Last),
];

impl Motion {
    /// The motion that `key` means, if any.
    pub(crate) fn of(key: Key) -> Option<Self> {
        MOTIONS
            .iter()
            .find(|(its, _)| *its == key)
            .map(|(_, motion)| *motion)
    }

    /// The row it leads to from `row`, where `last` is the last one.
    pub(crate) fn from(self, row: usize, last: usize) -> usize {
        let row = match self {
            Self::Up => row.saturating_sub(1),
            Self::Down => row.saturating_add(1),
            Self::PageUp => row.saturating_sub(PAGE),
            Self::PageDown => row.saturating_add(PAGE),
            Self::First => 0,
            Self::Last => last,
        };
        row.min(last)
    }
}

impl Deed {
    /// What `key` does, if it does anything to what is marked.
    pub(crate) fn of(key: Key) -> Option<Self> {
        DEEDS
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| entry.deed)
    }

    /// Its key, as a keyboard names it.
    pub(crate) fn label(self) -> String {
        let entry = DEEDS.iter().find(|entry| entry.deed == self);
        entry.map_or_else(String::new, |entry| label(entry.key))
    }

    /// Whether `screen` has it.
    pub(crate) fn is_on(self, screen: Screen) -> bool {
        let entry = DEEDS.iter().find(|entry| entry.deed == self);
        entry.is_some_and(|entry| entry.on.contains(&screen))
    }
}

impl Command {
    /// Its letter, as a keyboard names it.
    pub(crate) fn label(self) -> String {
        let entry = ALL.iter().find(|entry| entry.command == self);
        let letter = entry.and_then(|entry| entry.letter);
        letter.map_or_else(String::new, label)
    }
}

/// The key of a clear yes.
pub(crate) const YES: Key = Key::Char('y');

/// Whether `key` is a clear yes to a question.
pub(crate) fn is_yes(key: Key) -> bool {
    Deed::of(key) == Some(Deed::Yes)
}

/// "p", "Ctrl-P", "Del"
fn label(key: Key) -> String {
    match key {
        Key::Char(c) => c.to_string(),
        Key::Ctrl(c) => format!("Ctrl-{}", c.to_ascii_uppercase()),
        Key::Delete => "Del".to_owned(),
        other => format!("{other:?}"),
    }
}

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
        let letter = self.letter.map_or_else(String::new, label);
        match self.function {
            Some(number) => format!("{letter} F{number}").trim_start().to_owned(),
            None => letter,
        }
    }
}

#[cfg(test)]
mod tests;
