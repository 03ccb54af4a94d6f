//! Content lines and the components that they make (RFC 5545, 3.1 and 3.4).
//!
//! Lines may end with CR LF, LF or CR and be folded anywhere, even inside a character.
//! Names are in upper case here, whatever they are in the file.

use super::HolidayError;

/// Components inside of each other; a calendar has three levels.
const DEEPEST: usize = 8;

/// From `BEGIN` to `END`.
#[derive(Debug, Clone, Default)]
pub(super) struct Component {
    pub(super) name: String,
    /// Line of its `BEGIN`.
    pub(super) line: usize,
    pub(super) properties: Vec<Line>,
    pub(super) children: Vec<Component>,
}

/// `NAME;PARAMETER=VALUE:VALUE`.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// In the file, from 1.
    pub(super) number: usize,
    pub(super) name: String,
    parameters: Vec<(String, String)>,
    pub(super) value: String,
}

impl Line {
    /// The value of a parameter, without its quotes.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    /// An error about this line.
    pub(super) fn refused(&self, reason: impl std::fmt::Display) -> HolidayError {
        HolidayError::new(self.number, format!("{}: {reason}", self.name))
    }
}

/// The outermost components of a file.
pub(super) fn components(file: &[u8]) -> Result<Vec<Component>, HolidayError> {
    if file.starts_with(&[0xff, 0xfe]) || file.starts_with(&[0xfe, 0xff]) {
        return Err(HolidayError::new(1, "it is UTF-16 text: save it as UTF-8"));
    }
    let mut roots = Vec::new();
    let mut open: Vec<Component> = Vec::new();
    for (number, bytes) in unfolded(file) {
        // What people read may be in any encoding; what decides is ASCII.
        let text = String::from_utf8_lossy(&bytes);
        if text.trim().is_empty() {
            continue;
        }
        let line = Line::read(number, &text)?;
        match line.name.as_str() {
            "BEGIN" if open.len() == DEEPEST => {
                return Err(line.refused("components are nested too deeply"));
            }
            "BEGIN" => open.push(Component {
                name: line.value.trim().to_ascii_uppercase(),
                line: number,
                ..Component::default()
            }),
            "END" => {
                let name = line.value.trim().to_ascii_uppercase();
                match open.pop() {
                    Some(closed) if closed.name == name => match open.last_mut() {
                        Some(parent) => parent.children.push(closed),
                        None => roots.push(checked_root(closed)?),
                    },
                    _ => return Err(line.refused(format!("{name:?} was not begun"))),
                }
            }
            _ => match open.last_mut() {
                Some(component) => component.properties.push(line),
                None => return Err(line.refused("it stands outside of BEGIN:VCALENDAR")),
            },
        }
    }
    match open.pop() {
        Some(open) => Err(HolidayError::new(
            open.line,
            format!("BEGIN: {:?} has no end: the file is incomplete", open.name),
        )),
        None => Ok(roots),
    }
}

fn checked_root(root: Component) -> Result<Component, HolidayError> {
    if root.name == "VCALENDAR" {
        return Ok(root);
    }
    Err(HolidayError::new(
        root.line,
        format!("BEGIN: {:?} stands outside of BEGIN:VCALENDAR", root.name),
    ))
}

impl Line {
    fn read(number: usize, text: &str) -> Result<Self, HolidayError> {
        let wrong = |reason: &str| HolidayError::new(number, format!("{:?} {reason}", start(text)));
        let is_name = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        let (head, value) = split_unquoted(text, ':')
            .ok_or_else(|| wrong("is no line of a calendar: it has no colon"))?;
        let (name, mut rest) = match split_unquoted(head, ';') {
            Some((name, rest)) => (name, Some(rest)),
            None => (head, None),
        };
        if !is_name(name.trim()) {
            return Err(wrong("does not begin with the name of a property"));
        }
        let mut parameters = Vec::new();
        while let Some(text) = rest {
            let (parameter, later) = match split_unquoted(text, ';') {
                Some((parameter, later)) => (parameter, Some(later)),
                None => (text, None),
            };
            let (key, value) = parameter
                .split_once('=')
                .filter(|(key, _)| is_name(key.trim()))
                .ok_or_else(|| wrong("has a parameter without a name and a value"))?;
            parameters.push((key.trim().to_ascii_uppercase(), unquoted(value)));
            rest = later;
        }
        Ok(Self {
            number,
            name: name.trim().to_ascii_uppercase(),
            parameters,
            value: value.to_owned(),
        })
    }
}

/// Splits at the first `separator` that is not between quotes.
fn split_unquoted(text: &str, separator: char) -> Option<(&str, &str)> {
    let mut is_quoted = false;
    let at = text.find(|c: char| {
        is_quoted ^= c == '"';
        c == separator && !is_quoted
    })?;
    Some((&text[..at], &text[at + separator.len_utf8()..]))
}

fn unquoted(value: &str) -> String {
    value.trim().trim_matches('"').to_owned()
}

/// The first words of a line, for messages.
fn start(text: &str) -> String {
    let visible = text.trim().chars().filter(|c| !c.is_control());
    visible.take(30).collect()
}

/// Whole lines with the number of their first; one that begins with a blank continues the
/// one before.
fn unfolded(file: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let mut lines: Vec<(usize, Vec<u8>)> = Vec::new();
    for (number, line) in (1..).zip(physical(file)) {
        match (line, lines.last_mut()) {
            ([b' ' | b'\t', rest @ ..], Some((_, before))) => before.extend_from_slice(rest),
            _ => lines.push((number, line.to_vec())),
        }
    }
    lines
}

/// Splits at CR LF, LF and CR.
fn physical(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(file);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(at) = text.iter().position(|b| matches!(b, b'\n' | b'\r')) else {
            rest = None;
            return Some(text);
        };
        let ending = if text[at..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        rest = Some(&text[at + ending..]);
        Some(&text[..at])
    })
}
