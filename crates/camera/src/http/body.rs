//! How the body of an answer is framed (RFC 9112): up to the end of the connection, with
//! a length, or in chunks, which small cameras send whatever was asked for.

use httparse::Status;

/// A line of a chunked body longer than this is no such line.
const LONGEST_LINE: usize = 1024;

/// Takes the framing off a body that comes piece by piece.
#[derive(Debug)]
pub(super) enum Framing {
    /// The body goes on until the connection ends.
    ToTheEnd,
    /// So many bytes are left.
    Length(u64),
    /// In chunks.
    Chunked(Chunk),
}

/// Where in a chunked body one is.
#[derive(Debug)]
pub(super) enum Chunk {
    /// In the line that says how long the next one is.
    Head(Vec<u8>),
    /// So many bytes of it are left.
    Data(u64),
    /// In the line break behind it.
    Tail,
    /// Behind the last one.
    Over,
}

impl Chunk {
    /// Before the first chunk.
    pub(super) fn first() -> Self {
        Self::Head(Vec::new())
    }
}

impl Framing {
    /// Adds what `piece` has of the body to `into`.
    pub(super) fn unwrap_into(
        &mut self,
        mut piece: &[u8],
        into: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        match self {
            Self::ToTheEnd => into.extend_from_slice(piece),
            Self::Length(left) => into.extend_from_slice(split_off(&mut piece, left)),
            Self::Chunked(chunk) => {
                while !piece.is_empty() && !matches!(chunk, Chunk::Over) {
                    chunk.go_on(&mut piece, into)?;
                }
            }
        }
        Ok(())
    }

    /// Whether all of the body has come, although the connection goes on.
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunk::Over))
    }
}

impl Chunk {
    fn go_on(&mut self, piece: &mut &[u8], into: &mut Vec<u8>) -> Result<(), &'static str> {
        match self {
            Self::Head(line) => {
                let end = piece.iter().position(|b| *b == b'\n').map(|at| at + 1);
                let (head, rest) = piece.split_at(end.unwrap_or(piece.len()));
                *piece = rest;
                line.extend_from_slice(head);
                if line.len() > LONGEST_LINE {
                    return Err("a chunk's length is endless");
                }
                if end.is_some() {
                    // Of an empty line the parser says that the length is 0.
                    if !line.first().is_some_and(u8::is_ascii_hexdigit) {
                        return Err("a chunk's length is missing");
                    }
                    *self = match httparse::parse_chunk_size(line) {
                        Ok(Status::Complete((_, 0))) => Self::Over,
                        Ok(Status::Complete((_, length))) => Self::Data(length),
                        _ => return Err("a chunk's length is missing"),
                    };
                }
            }
            Self::Data(left) => {
                into.extend_from_slice(split_off(piece, left));
                if *left == 0 {
                    *self = Self::Tail;
                }
            }
            Self::Tail => {
                let (byte, rest) = piece.split_at(1);
                *piece = rest;
                match byte {
                    b"\r" => {}
                    b"\n" => *self = Self::first(),
                    _ => return Err("a chunk is longer than it says"),
                }
            }
            Self::Over => {}
        }
        Ok(())
    }
}

/// Up to `left` bytes from the front of `piece`.
fn split_off<'a>(piece: &mut &'a [u8], left: &mut u64) -> &'a [u8] {
    let length = usize::try_from(*left).map_or(piece.len(), |left| left.min(piece.len()));
    let (front, rest) = piece.split_at(length);
    *piece = rest;
    *left -= length as u64;
    front
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unwrapped(mut framing: Framing, pieces: &[&[u8]]) -> Result<(Vec<u8>, bool), &'static str> {
        let mut body = Vec::new();
        for piece in pieces {
            framing.unwrap_into(piece, &mut body)?;
        }
        Ok((body, framing.is_over()))
    }

    #[test]
    fn a_length_ends_the_body() {
        let (body, is_over) = unwrapped(Framing::Length(5), &[b"abc", b"defg"]).unwrap();
        assert_eq!((&body[..], is_over), (&b"abcde"[..], true));
        let (_, is_over) = unwrapped(Framing::Length(5), &[b"abc"]).unwrap();
        assert!(!is_over);
    }

    #[test]
    fn nonsense_between_chunks_is_an_error() {
        for body in [
            &b"\r\nabc"[..],
            b"xyz\r\n",
            b"3\r\nabcd\r\n",
            b"-1\r\n",
            &[b'1'; 2000],
        ] {
            let chunked = Framing::Chunked(Chunk::first());
            assert!(unwrapped(chunked, &[body]).is_err(), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn chunks_come_out_whole_however_they_are_cut(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..300), 0..6),
            cut in 1..50_usize,
        ) {
            let mut wire = Vec::new();
            for chunk in &chunks {
                wire.extend(format!("{:X};name=value\r\n", chunk.len()).bytes());
                wire.extend(chunk);
                wire.extend(b"\r\n");
            }
            wire.extend(b"0\r\n\r\n");
            let pieces: Vec<&[u8]> = wire.chunks(cut).collect();
            let expected = (chunks.concat(), true);
            prop_assert_eq!(unwrapped(Framing::Chunked(Chunk::first()), &pieces), Ok(expected));
        }

        #[test]
        fn any_bytes_end_and_never_grow(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
            let mut body = Vec::new();
            let _ = Framing::Chunked(Chunk::first()).unwrap_into(&bytes, &mut body);
            prop_assert!(body.len() <= bytes.len());
        }
    }
}
