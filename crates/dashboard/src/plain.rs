//! The dashboard in lines of words, for screen readers: what happened, and the answers to
//! a few typed commands.

use std::fmt::Display;

use super::language::Language;
use super::text;
use super::widgets::state_word;
use rollcall_core::frame::Moment;
use rollcall_core::notice::LogEntry;
use rollcall_core::worktime::DayState;
use rollcall_protocol::StationView;

/// What can be typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// What can be typed.
    Help,
    /// Everybody's day.
    Today,
    /// Who is in.
    In,
    /// How the camera is.
    Camera,
    /// The end.
    Quit,
}

/// Each command, its word, and what it does.
const COMMANDS: [(Command, &str, &str); 5] = [
    (
        Command::Today,
        english!("today"),
        english!("everybody's day"),
    ),
    (Command::In, english!("in"), english!("who is in")),
    (
        Command::Camera,
        english!("camera"),
        english!("how the camera is"),
    ),
    (Command::Help, english!("help"), english!("this list")),
    (
        Command::Quit,
        english!("quit"),
        english!("ends the station"),
    ),
];

impl Command {
    /// The command that a typed word means, in the operator's language or in English.
    pub fn parse(typed: &str, language: &Language) -> Option<Self> {
        let typed = text::folded(typed.trim());
        let is_it = |word: &str| text::folded(word) == typed;
        COMMANDS
            .iter()
            .find(|(_, word, _)| is_it(word) || is_it(language.text(word)))
            .map(|(command, ..)| *command)
    }
}

/// The first line.
pub fn greeting(language: &Language) -> String {
    language
        .text("Rollcall is running. Type help and Enter for what can be asked; digits are a PIN.")
        .to_owned()
}

/// What another room has said.
pub fn sentence(said: &impl Display, language: &Language) -> String {
    language.sentence(&said.to_string()).into_owned()
}

/// A line of the log.
pub fn entry(entry: &LogEntry, language: &Language) -> String {
    let time = entry.at.wall.format("%H:%M:%S");
    format!("{time} {}", sentence(&entry.notice, language))
}

/// What can be typed.
pub fn help(language: &Language) -> Vec<String> {
    let lines = COMMANDS
        .iter()
        .map(|(_, word, does)| format!("{}: {}", language.text(word), language.text(does)));
    lines.collect()
}

/// Everybody's day, a line each.
pub fn today(station: &StationView, now: &Moment, language: &Language) -> Vec<String> {
    let rows = station.today(now);
    if rows.is_empty() {
        return vec![language.text("nobody is enrolled yet").to_owned()];
    }
    let lines = rows.iter().map(|row| {
        let state = language.text(state_word(row.report.state)).to_owned();
        let mut parts = vec![row.person.name.to_string(), state];
        for (template, at) in [
            (english!("in at {}"), row.report.first_in),
            (english!("out at {}"), row.report.last_out),
        ] {
            parts.extend(at.map(|at| language.fill(template, &[&at.format("%H:%M")])));
        }
        let minutes = row.report.worked.as_secs() / 60;
        if minutes > 0 {
            let (hours, minutes) = (minutes / 60, minutes % 60);
            parts.push(language.fill("{} hours {} minutes", &[&hours, &minutes]));
        }
        parts.join(", ")
    });
    lines.collect()
}

/// Who is in, in one line.
pub fn who_is_in(station: &StationView, now: &Moment, language: &Language) -> Vec<String> {
    let rows = station.today(now);
    let names: Vec<&str> = rows
        .iter()
        .filter(|row| row.report.state == DayState::In)
        .map(|row| row.person.name.as_str())
        .collect();
    let words = if names.is_empty() {
        language.text("nobody is in").to_owned()
    } else {
        language.fill(
            "{} of {} in: {}",
            &[&names.len(), &rows.len(), &names.join(", ")],
        )
    };
    vec![words]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood_in_both_languages() {
        let folder = std::path::Path::new("/nowhere");
        let spanish = Language::load("es", folder, |_| None).unwrap();
        for (typed, command) in [
            ("QUIT ", Some(Command::Quit)),
            ("hoy", Some(Command::Today)),
            ("today", Some(Command::Today)),
            ("cámara", Some(Command::Camera)),
            ("xyzzy", None),
        ] {
            assert_eq!(Command::parse(typed, spanish), command, "{typed:?}");
        }
        assert_eq!(help(Language::english()).len(), COMMANDS.len());
    }
}
