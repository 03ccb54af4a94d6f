//! Messages in parts, each with its length before it.
//!
//! ```text
//! 4 bytes   length of the part, most significant byte first; the uppermost bit says that
//!           more parts of the same message follow
//! 1 byte    kind: J for JSON, P for a picture, X for a message that is abandoned
//! …         the part
//! ```
//!
//! So a large message is written without being held as a whole, and one that turns out to
//! be too large, or impossible to write, is abandoned without ending the connection.
//!
//! # Invariants
//! - Nothing is taken from the other side on trust: a part has at most 64 kB, only the last
//!   part may be empty, and a message ends the connection when it exceeds what is allowed.
//! - A reader keeps no more memory than an ordinary message needs.

use std::io::{self, BufReader, ErrorKind, Read, Write};

use serde::Serialize;

/// Bytes of a part.
const LONGEST_PART: usize = 64 << 10;

/// Kept for the next message.
const KEPT: usize = 64 << 10;

const HEADER: usize = 5;
const MORE: u32 = 1 << 31;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text.
    Json,
    /// A picture with a header of [`PictureHeader::BYTES`].
    Picture,
}

const ABANDONED: u8 = b'X';

impl Kind {
    fn byte(self) -> u8 {
        match self {
            Self::Json => b'J',
            Self::Picture => b'P',
        }
    }
}

/// Why a message cannot be read. The connection cannot be used any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// A read has failed.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The connection ended in the middle of a message.
    #[error("the connection ended in the middle of a message")]
    CutOff,
    /// Something else speaks here, or it is broken.
    #[error("these bytes are no message of this protocol")]
    Garbage,
    /// More than is allowed.
    #[error("a message of more than {0} bytes")]
    TooLarge(usize),
}

/// A whole message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) kind: Kind,
    pub(crate) bytes: &'a [u8],
}

/// Reads messages.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    from: BufReader<R>,
    most: usize,
    message: Vec<u8>,
}

impl<R: Read> Reader<R> {
    /// Reads messages of at most `most` bytes.
    pub(crate) fn new(from: R, most: usize) -> Self {
        Self {
            from: BufReader::new(from),
            most,
            message: Vec::new(),
        }
    }

    /// From now on messages of so many bytes are read.
    pub(crate) fn allow(&mut self, most: usize) {
        self.most = most;
    }

    /// What is read from.
    pub(crate) fn get_mut(&mut self) -> &mut R {
        self.from.get_mut()
    }

    /// The next message; none if the connection has ended.
    pub(crate) fn next(&mut self) -> Result<Option<Message<'_>>, WireError> {
        loop {
            self.message.clear();
            self.message.shrink_to(KEPT);
            match self.read_message()? {
                End::Closed => return Ok(None),
                End::Abandoned => {}
                End::Whole(kind) => {
                    let bytes = &self.message;
                    return Ok(Some(Message { kind, bytes }));
                }
            }
        }
    }

    fn read_message(&mut self) -> Result<End, WireError> {
        let mut kind = None;
        loop {
            let Some(header) = self.header(kind.is_none())? else {
                return Ok(End::Closed);
            };
            if header.kind == ABANDONED {
                let is_well_formed = kind.is_some() && header.length == 0 && !header.more;
                return is_well_formed
                    .then_some(End::Abandoned)
                    .ok_or(WireError::Garbage);
            }
            let part = match header.kind {
                b'J' => Kind::Json,
                b'P' => Kind::Picture,
                _ => return Err(WireError::Garbage),
            };
            if *kind.get_or_insert(part) != part {
                return Err(WireError::Garbage);
            }
            self.part(header.length)?;
            if !header.more {
                return Ok(End::Whole(part));
            }
        }
    }

    /// None if the connection has ended where it may: between two messages.
    fn header(&mut self, is_first: bool) -> Result<Option<Header>, WireError> {
        let mut bytes = [0; HEADER];
        let mut read = 0;
        while read < HEADER {
            match self.from.read(&mut bytes[read..]) {
                Ok(0) if read == 0 && is_first => return Ok(None),
                Ok(0) => return Err(WireError::CutOff),
                Ok(count) => read += count,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        let [a, b, c, d, kind] = bytes;
        let word = u32::from_be_bytes([a, b, c, d]);
        let header = Header {
            length: (word & !MORE) as usize,
            more: word & MORE != 0,
            kind,
        };
        if header.length > LONGEST_PART || (header.more && header.length == 0) {
            return Err(WireError::Garbage);
        }
        Ok(Some(header))
    }

    fn part(&mut self, length: usize) -> Result<(), WireError> {
        if self.message.len() + length > self.most {
            return Err(WireError::TooLarge(self.most));
        }
        // Memory is taken for what has arrived, not for what was announced.
        let mut part = (&mut self.from).take(length as u64);
        if part.read_to_end(&mut self.message)? < length {
            return Err(WireError::CutOff);
        }
        Ok(())
    }
}

struct Header {
    length: usize,
    more: bool,
    kind: u8,
}

enum End {
    Whole(Kind),
    Abandoned,
    Closed,
}

/// Why a message was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// The connection cannot be used any more.
    #[error(transparent)]
    Write(io::Error),
    /// It would be too large, and was abandoned.
    #[error("a message of more than {0} bytes")]
    TooLarge(usize),
    /// It cannot be put into words, and was abandoned.
    #[error("a message that cannot be written: {0}")]
    Encode(serde_json::Error),
}

/// Writes messages.
#[derive(Debug)]
pub(crate) struct Writer<W> {
    to: W,
    most: usize,
    /// The part that is being filled, with room for its header.
    part: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes messages of at most `most` bytes.
    pub(crate) fn new(to: W, most: usize) -> Self {
        Self {
            to,
            most,
            part: Vec::new(),
        }
    }

    /// Writes a message as it is put into words, so that it is never held as a whole.
    pub(crate) fn json<T: Serialize>(&mut self, message: &T) -> Result<(), SendError> {
        let mut parts = Parts::new(self, Kind::Json);
        match serde_json::to_writer(&mut parts, message) {
            Ok(()) => parts.finish().map_err(SendError::Write),
            Err(error) => parts.give_up(error),
        }
    }

    /// Writes a picture.
    pub(crate) fn picture(&mut self, header: PictureHeader, jpeg: &[u8]) -> Result<(), SendError> {
        let mut parts = Parts::new(self, Kind::Picture);
        let written = parts
            .write_all(&header.to_bytes())
            .and_then(|()| parts.write_all(jpeg));
        match written {
            Ok(()) => parts.finish().map_err(SendError::Write),
            Err(error) => parts.give_up(serde_json::Error::io(error)),
        }
    }

    fn send_part(&mut self, kind: u8, more: bool) -> io::Result<()> {
        let length = (self.part.len() - HEADER) as u32;
        let word = if more { length | MORE } else { length };
        self.part[..4].copy_from_slice(&word.to_be_bytes());
        self.part[4] = kind;
        let sent = self.to.write_all(&self.part);
        self.part.truncate(HEADER);
        sent
    }
}

/// One message on its way.
struct Parts<'a, W> {
    writer: &'a mut Writer<W>,
    kind: Kind,
    written: usize,
    is_begun: bool,
    is_too_large: bool,
}

impl<'a, W: Write> Parts<'a, W> {
    fn new(writer: &'a mut Writer<W>, kind: Kind) -> Self {
        writer.part.clear();
        writer.part.resize(HEADER, 0);
        Self {
            writer,
            kind,
            written: 0,
            is_begun: false,
            is_too_large: false,
        }
    }

    fn finish(self) -> io::Result<()> {
        self.writer.send_part(self.kind.byte(), false)
    }

    fn give_up(self, error: serde_json::Error) -> Result<(), SendError> {
        if error.is_io() && !self.is_too_large {
            return Err(SendError::Write(error.into()));
        }
        if self.is_begun {
            self.writer.part.truncate(HEADER);
            self.writer
                .send_part(ABANDONED, false)
                .map_err(SendError::Write)?;
        }
        Err(if self.is_too_large {
            SendError::TooLarge(self.writer.most)
        } else {
            SendError::Encode(error)
        })
    }
}

impl<W: Write> Write for Parts<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written + bytes.len() > self.writer.most {
            self.is_too_large = true;
            return Err(io::Error::other("too large"));
        }
        // A part goes only when something follows it, so that the last one can say so.
        if self.writer.part.len() == HEADER + LONGEST_PART {
            self.writer.send_part(self.kind.byte(), true)?;
            self.is_begun = true;
        }
        let room = HEADER + LONGEST_PART - self.writer.part.len();
        let taken = bytes.len().min(room);
        self.writer.part.extend_from_slice(&bytes[..taken]);
        self.written += taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is said of a picture before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PictureHeader {
    /// Its number.
    pub(crate) number: u64,
    /// When it was taken, in nanoseconds of the station's monotonic clock.
    pub(crate) captured: u64,
}

impl PictureHeader {
    pub(crate) const BYTES: usize = 16;

    fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.number.to_be_bytes());
        bytes[8..].copy_from_slice(&self.captured.to_be_bytes());
        bytes
    }

    /// The header of a picture, and the picture.
    pub(crate) fn split(message: &[u8]) -> Option<(Self, &[u8])> {
        let (number, rest) = message.split_first_chunk()?;
        let (captured, jpeg) = rest.split_first_chunk()?;
        let header = Self {
            number: u64::from_be_bytes(*number),
            captured: u64::from_be_bytes(*captured),
        };
        Some((header, jpeg))
    }
}

#[cfg(test)]
mod tests;
