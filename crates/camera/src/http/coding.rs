//! How the body of an answer is compressed (RFC 9110, 8.4). It is asked for without, but small
//! servers compress whatever they send.

use std::io::{self, Write};

use flate2::write::{MultiGzDecoder, ZlibDecoder};

use super::trouble::NetworkTrouble;
use crate::limits;

/// Takes the compression off a body that comes piece by piece.
#[derive(Debug)]
pub(super) enum Coding {
    None,
    Gzip(Box<MultiGzDecoder<Sink>>),
    Deflate(Box<ZlibDecoder<Sink>>),
}

impl Coding {
    /// By the name in the header `Content-Encoding`.
    pub(super) fn of(name: &str) -> Result<Self, NetworkTrouble> {
        match name {
            "" | "identity" | "none" => Ok(Self::None),
            "gzip" | "x-gzip" => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(Sink::default())))),
            "deflate" => Ok(Self::Deflate(Box::new(ZlibDecoder::new(Sink::default())))),
            other => Err(NetworkTrouble::OtherCoding(other.to_owned())),
        }
    }

    /// Adds what `piece` holds to `into`.
    pub(super) fn unwrap_into(
        &mut self,
        piece: &[u8],
        into: &mut Vec<u8>,
    ) -> Result<(), NetworkTrouble> {
        // All that a piece holds is wanted at once: a picture must not wait for the next one.
        let (written, sink) = match self {
            Self::None => {
                into.extend_from_slice(piece);
                return Ok(());
            }
            Self::Gzip(decoder) => (
                decoder.write_all(piece).and_then(|()| decoder.flush()),
                decoder.get_mut(),
            ),
            Self::Deflate(decoder) => (
                decoder.write_all(piece).and_then(|()| decoder.flush()),
                decoder.get_mut(),
            ),
        };
        into.append(&mut sink.bytes);
        written.map_err(|error| {
            NetworkTrouble::Nonsense(format!("its compressed pictures are damaged: {error}"))
        })
    }
}

/// Takes no more of one piece than the longest picture: a few bytes may stand for gigabytes.
#[derive(Debug, Default)]
pub(super) struct Sink {
    bytes: Vec<u8>,
}

impl Write for Sink {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + buffer.len() > limits::MAX_COMPRESSED {
            return Err(io::Error::other("they are endless"));
        }
        self.bytes.extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    #[test]
    fn what_was_flushed_comes_out_at_once_however_it_is_cut() {
        for (name, cut) in [("gzip", 1), ("x-gzip", 7), ("deflate", 1000)] {
            let mut coding = Coding::of(name).unwrap();
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
            let mut unwrapped = Vec::new();
            for part in [&b"one picture"[..], b"and another"] {
                let wire = if name == "deflate" {
                    zlib.write_all(part).unwrap();
                    zlib.flush().unwrap();
                    std::mem::take(zlib.get_mut())
                } else {
                    gzip.write_all(part).unwrap();
                    gzip.flush().unwrap();
                    std::mem::take(gzip.get_mut())
                };
                for piece in wire.chunks(cut) {
                    coding.unwrap_into(piece, &mut unwrapped).unwrap();
                }
                assert!(unwrapped.ends_with(part), "{name}");
            }
        }
    }

    #[test]
    fn damage_bombs_and_unknown_names_are_told() {
        let mut into = Vec::new();
        let mut coding = Coding::of("gzip").unwrap();
        let error = coding
            .unwrap_into(b"no gzip at all", &mut into)
            .unwrap_err();
        assert!(error.to_string().contains("damaged"), "{error}");
        let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
        bomb.write_all(&vec![0; 64 << 20]).unwrap();
        let bomb = bomb.finish().unwrap();
        let mut coding = Coding::of("gzip").unwrap();
        let error = coding.unwrap_into(&bomb, &mut into).unwrap_err();
        assert!(error.to_string().contains("endless"), "{error}");
        let error = Coding::of("br").unwrap_err().to_string();
        assert!(
            error.contains("br") && error.contains("settings"),
            "{error}"
        );
    }
}
