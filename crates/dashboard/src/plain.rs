//! The dashboard in lines of words, for screen readers: what happened, and the answers to
//! a few typed commands.

use crate::say;
use chrono::{DateTime, FixedOffset};
use rollcall_messages::Text;
use std::collections::BTreeSet;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::time::Duration;

use crossbeam_channel::{Sender, bounded, select};

use super::language::Language;
use super::printer::Printer;
use super::session::Left;
use super::text;
use super::widgets::state_word;
use rollcall_core::event::Intent;
use rollcall_core::frame::Moment;
use rollcall_core::notice::LogEntry;
use rollcall_core::pin::Pin;
use rollcall_core::worktime::DayState;
use rollcall_protocol::{
    self as protocol, Client, LinkState, RefusalCode, Reply, StationView, Told,
};
use rollcall_system::stop::StopFlag;

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
const COMMANDS: [(Command, Text, Text); 5] = [
    (Command::Today, say::TODAY, say::PLAIN_EVERYBODY),
    (Command::In, say::PLAIN_IN, say::PLAIN_WHO_IS_IN),
    (Command::Camera, say::CAMERA, say::PLAIN_CAMERA),
    (Command::Help, say::HELP, say::PLAIN_THIS_LIST),
    (Command::Quit, say::QUIT, say::PLAIN_ENDS),
];

impl Command {
    /// The command that a typed word means, in the operator's language or in English.
    pub fn parse(typed: &str, language: &Language) -> Option<Self> {
        let typed = text::folded(typed.trim());
        let is_it = |word: &str| text::folded(word) == typed;
        COMMANDS
            .iter()
            .find(|(_, word, _)| is_it(word.english()) || is_it(language.text(*word)))
            .map(|(command, ..)| *command)
    }
}

/// The first line.
pub fn greeting(language: &Language) -> String {
    language.text(say::PLAIN_HELLO).to_owned()
}

/// A line of the log.
pub fn entry(entry: &LogEntry, language: &Language) -> String {
    let time = entry.at.wall.format("%H:%M:%S");
    format!("{time} {}", language.said(&entry.notice))
}

/// What can be typed.
pub fn help(language: &Language) -> Vec<String> {
    let lines = COMMANDS
        .iter()
        .map(|(_, word, does)| format!("{}: {}", language.text(*word), language.text(*does)));
    lines.collect()
}

/// Everybody's day, a line each.
pub fn today(station: &StationView, now: &Moment, language: &Language) -> Vec<String> {
    let rows = station.today(now);
    if rows.is_empty() {
        return vec![language.text(say::NOBODY_ENROLLED).to_owned()];
    }
    let lines = rows.iter().map(|row| {
        let state = language.text(state_word(row.report.state)).to_owned();
        let mut parts = vec![row.person.name.to_string(), state];
        let time = |at: DateTime<FixedOffset>| at.format("%H:%M").to_string();
        let (first, last) = (row.report.first_in, row.report.last_out);
        parts.extend(first.map(|at| language.say(&say::in_at(time(at)))));
        parts.extend(last.map(|at| language.say(&say::out_at(time(at)))));
        let minutes = row.report.worked.as_secs() / 60;
        if minutes > 0 {
            let (hours, minutes) = (minutes / 60, minutes % 60);
            parts.push(language.say(&say::hours_minutes(hours, minutes)));
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
        language.text(say::NOBODY_IN).to_owned()
    } else {
        language.say(&say::in_of(names.len(), rows.len(), names.join(", ")))
    };
    vec![words]
}

/// What there is to say of the way to the station since the round before, if anything.
fn link(state: &LinkState, was_lost: &mut bool, language: &Language) -> Option<String> {
    let is_lost = matches!(state, LinkState::Lost(_));
    if std::mem::replace(was_lost, is_lost) == is_lost {
        return None;
    }
    match state {
        LinkState::Lost(why) => Some(language.say(&say::plain_not_connected(why))),
        LinkState::Connected => Some(language.text(say::CONNECTED_AGAIN).to_owned()),
        LinkState::Ended(_) => None,
    }
}

/// Lines that may wait.
const LINES_WAITING: usize = 16;

/// How often it is looked whether an end is asked for.
const GLANCE: Duration = Duration::from_millis(200);

/// What the keyboard's thread has read.
enum Typed {
    Line(String),
    /// The end of what is typed; by a person, or of a file.
    End {
        was_typed: bool,
    },
}

/// Prints what happens and answers what is typed, until somebody leaves or an end is asked
/// for.
///
/// # Errors
/// If a thread cannot be started, or standard output is broken.
pub fn run(mut client: Client, language: &'static Language, stop: &StopFlag) -> io::Result<Left> {
    let (sender, lines) = bounded(LINES_WAITING);
    // It ends with the process: a read of a terminal cannot be interrupted.
    std::thread::Builder::new()
        .name("input".into())
        .spawn(move || read(&sender))?;
    let mut printer = Printer::start()?;
    printer.print(&[greeting(language)])?;
    let mut printed = 0;
    let mut station = client.view().facts.process;
    let mut was_lost = false;
    let mut asked = BTreeSet::new();
    let news = client.news().clone();
    let left = loop {
        let state = client.state();
        let view = client.view();
        let mut new: Vec<String> = link(&state, &mut was_lost, language).into_iter().collect();
        if std::mem::replace(&mut station, view.facts.process) != view.facts.process {
            // One that was started again counts its lines anew.
            printed = 0;
        }
        let happened = view
            .log()
            .since(printed)
            .map(|happened| entry(happened, language));
        new.extend(happened);
        printed = view.log().written();
        for Told { number, reply } in client.replies() {
            // What the station has decided is among what happened.
            if asked.remove(&number)
                && let Reply::Refused(why) = reply
                && why.code != RefusalCode::Refused
            {
                new.push(language.say(&why.said));
            }
        }
        printer.print(&new)?;
        match state {
            LinkState::Ended(why) => break Left::StationEnded(why),
            _ if stop.is_requested() => break Left::Stopped,
            _ => {}
        }
        select! {
            recv(lines) -> typed => match typed {
                Ok(Typed::Line(line)) => match answer(&line, &client, language) {
                    Answered::Lines(said) => printer.print(&said)?,
                    Answered::Pin(pin) => {
                        asked.insert(client.send(protocol::Command::Intent(Intent::EnterPin(pin))));
                    }
                    Answered::Quit => break Left::ByOperator,
                },
                Ok(Typed::End { was_typed: true }) => break Left::ByOperator,
                // A file that was read to its end, or a reader that has died.
                Ok(Typed::End { was_typed: false }) | Err(_) => {}
            },
            recv(news) -> _ => {}
            default(GLANCE) => {}
        }
    };
    printer.finish();
    Ok(left)
}

fn read(lines: &Sender<Typed>) {
    let stdin = io::stdin();
    for line in stdin.lock().lines().map_while(Result::ok) {
        if lines.send(Typed::Line(line)).is_err() {
            return;
        }
    }
    let was_typed = stdin.is_terminal();
    // Nobody receives it if the station has ended meanwhile.
    let _ = lines.send(Typed::End { was_typed });
    // A closed channel would be read without end.
    if !was_typed {
        loop {
            std::thread::park();
        }
    }
}

/// What a typed line leads to.
enum Answered {
    Lines(Vec<String>),
    Pin(Pin),
    Quit,
}

fn answer(line: &str, client: &Client, language: &'static Language) -> Answered {
    let line = line.trim();
    let Some(command) = Command::parse(line, language) else {
        return match Pin::parse(line) {
            Ok(pin) => Answered::Pin(pin),
            Err(problem) if line.starts_with(|c: char| c.is_ascii_digit()) => {
                Answered::Lines(vec![language.said(&problem)])
            }
            Err(_) => Answered::Lines(help(language)),
        };
    };
    let view = client.view();
    Answered::Lines(match command {
        Command::Quit => return Answered::Quit,
        Command::Help => help(language),
        Command::Today => today(&view, &client.now(), language),
        Command::In => who_is_in(&view, &client.now(), language),
        Command::Camera => vec![language.say(&view.health.camera.sentence)],
    })
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
