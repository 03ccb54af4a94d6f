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
pub(crate) const ALL: [Entry; 33] = [
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
    entry(
        Command::Find,
        english!("find a person, filter a list"),
        Some(Key::Char('/')),
        None,
    ),
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
        Some(Key::Char('z')),
        Some(5),
    ),
    entry(
        Command::Go(Screen::Camera),
        english!("camera and its controls"),
        Some(Key::Char('m')),
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
        Command::Restart,
        english!("start the station again, with the settings as they are"),
        None,
        None,
    ),
    entry(
        Command::Suspend,
        english!("to the shell; fg comes back"),
        Some(Key::Ctrl('z')),
        None,
    ),
    entry(
        Command::Back,
        english!("back; on the live screen, leave"),
        Some(Key::Char('q')),
        None,
    ),
    entry(Command::Quit, english!("quit"), None, None),
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
    pub(crate) name: &'static str,
    /// The screens that have it; none for what is no screen's.
    pub(crate) on: &'static [Screen],
}

const fn deed(deed: Deed, key: Key, name: &'static str, on: &'static [Screen]) -> DeedEntry {
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
        english!("attendance: correct the marked day"),
        &[Screen::Attendance],
    ),
    deed(
        Deed::Only,
        Key::Char('o'),
        english!("attendance: only who is in, late, absent"),
        &[Screen::Attendance],
    ),
    deed(
        Deed::Export,
        Key::Char('x'),
        english!("attendance: export to a file"),
        &[Screen::Attendance],
    ),
    deed(
        Deed::Name,
        Key::Char('n'),
        english!("name: rename a person, say whose face it is"),
        &[Screen::Person, Screen::Review],
    ),
    deed(
        Deed::Ignore,
        Key::Char('i'),
        english!("review: ignore a face"),
        &[Screen::Review],
    ),
    deed(
        Deed::Erase,
        Key::Delete,
        english!("erase a person or a face"),
        &[Screen::Person, Screen::Review],
    ),
    deed(
        Deed::SwitchActive,
        Key::Char('!'),
        english!("person: active or not"),
        &[Screen::Person],
    ),
    deed(
        Deed::Consent,
        Key::Char('+'),
        english!("person: has agreed today"),
        &[Screen::Person],
    ),
    deed(
        Deed::Pin,
        Key::Char('#'),
        english!("person: PIN or badge"),
        &[Screen::Person],
    ),
    deed(
        Deed::Forget,
        Key::Char('f'),
        english!("person: forget what was learnt"),
        &[Screen::Person],
    ),
    deed(
        Deed::Propose,
        Key::Char('='),
        english!("take the default, or the proposed threshold"),
        &[Screen::Settings, Screen::Camera, Screen::Calibration],
    ),
    deed(
        Deed::StepBack,
        Key::Char('<'),
        english!("a whole period back, ten steps less"),
        &[Screen::Attendance, Screen::Camera],
    ),
    deed(
        Deed::StepForward,
        Key::Char('>'),
        english!("a whole period on, ten steps more"),
        &[Screen::Attendance, Screen::Camera],
    ),
    deed(Deed::Yes, YES, english!("yes, in a question"), &[]),
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
