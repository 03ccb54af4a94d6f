//! The other side of a connection without any of our own code, to say what it should not.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

pub const HELLO: &str = r#"{"hello":{"protocol":{"major":2,"minor":0},"build":"0.0.1","features":[],"operator":"Raw","watches_only":false}}"#;

/// A message in one part.
pub fn framed(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut parts = payload.chunks(60_000).peekable();
    if payload.is_empty() {
        bytes.extend_from_slice(&[0, 0, 0, 0, kind]);
    }
    while let Some(part) = parts.next() {
        let more = if parts.peek().is_some() { 1 << 31 } else { 0 };
        bytes.extend_from_slice(&(part.len() as u32 | more).to_be_bytes());
        bytes.push(kind);
        bytes.extend_from_slice(part);
    }
    bytes
}

pub fn text(json: &str) -> Vec<u8> {
    framed(b'J', json.as_bytes())
}

pub struct Raw(pub UnixStream);

impl Raw {
    pub fn connect(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        Self(stream)
    }

    /// As a client of this version.
    pub fn attach(socket: &Path) -> Self {
        let mut raw = Self::connect(socket);
        raw.say(HELLO);
        let answer = raw.hear().unwrap().unwrap();
        assert!(answer.starts_with(r#"{"hello":"#), "{answer}");
        raw
    }

    /// As a station: takes in the next client and hears its hello.
    pub fn accept(listener: &UnixListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let mut raw = Self(stream);
        raw.hear().unwrap().unwrap();
        raw
    }

    pub fn say(&mut self, json: &str) {
        self.0.write_all(&text(json)).unwrap();
    }

    /// The next message of text, none at the end; pictures are passed over.
    pub fn hear(&mut self) -> io::Result<Option<String>> {
        let mut message = Vec::new();
        loop {
            let mut header = [0; 5];
            match self.0.read(&mut header[..1])? {
                0 => return Ok(None),
                _ => self.0.read_exact(&mut header[1..])?,
            }
            let word = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
            let mut part = vec![0; (word & !(1 << 31)) as usize];
            self.0.read_exact(&mut part)?;
            message.extend(part);
            if word >> 31 == 0 {
                if header[4] == b'J' {
                    return Ok(Some(String::from_utf8(message).unwrap()));
                }
                message.clear();
            }
        }
    }

    /// The next message with this name.
    pub fn hear_of(&mut self, name: &str) -> Option<String> {
        let start = format!("{{\"{name}\":");
        loop {
            // What is cut off has ended, too.
            let message = self.hear().ok().flatten()?;
            if message.starts_with(&start) {
                return Some(message);
            }
        }
    }
}
