//! Motion JPEG files: pictures one after the other, with or without bytes between.
//!
//! There is no container, so nothing says where a picture begins. The reader
//! looks for a start marker, walks the picture to its end, and after damage
//! looks for the next start marker. Recordings of HTTP streams with their
//! multipart boundaries are read by the same rule.

use std::io::{self, Read, Seek, SeekFrom};

use super::jpeg::{self, JpegError};
use super::limits;

/// Every JPEG picture begins with a start marker, which another marker follows.
const START: [u8; 3] = [0xff, 0xd8, 0xff];
const BLOCK: usize = 64 << 10;

/// Reads one compressed picture after the other.
#[derive(Debug)]
pub struct MjpegReader<R> {
    input: R,
    /// Bytes read but not yet handed out; at most the longest picture and one block.
    buffer: Vec<u8>,
    at_end: bool,
}

/// What was found next in a file: a picture still compressed, or damage and its reason.
pub type Found = Result<Vec<u8>, String>;

impl<R: Read + Seek> MjpegReader<R> {
    /// Reads `input` from where it stands.
    pub fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            at_end: false,
        }
    }

    /// The next compressed picture; `None` at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_picture(&mut self) -> io::Result<Option<Found>> {
        if !self.find_start()? {
            return Ok(None);
        }
        loop {
            match jpeg::dissect(&self.buffer) {
                Ok(anatomy) => {
                    let rest = self.buffer.split_off(anatomy.length);
                    return Ok(Some(Ok(std::mem::replace(&mut self.buffer, rest))));
                }
                Err(JpegError::CutOff(_))
                    if !self.at_end && self.buffer.len() < limits::MAX_COMPRESSED =>
                {
                    // Doubling keeps the repeated walks linear in the length of the picture.
                    self.read_more(self.buffer.len().max(BLOCK))?;
                }
                Err(error) => {
                    // Give up this start marker only; the next picture may begin right behind.
                    self.buffer.drain(..START.len() - 1);
                    return Ok(Some(Err(error.to_string())));
                }
            }
        }
    }

    /// Begins again at the start of the file.
    ///
    /// # Errors
    /// When the file cannot be positioned, as with a pipe.
    pub fn rewind(&mut self) -> io::Result<()> {
        self.input.seek(SeekFrom::Start(0))?;
        self.buffer.clear();
        self.at_end = false;
        Ok(())
    }

    /// Drops bytes until a start marker is at the front; `false` if there is none left.
    fn find_start(&mut self) -> io::Result<bool> {
        loop {
            let found = self.buffer.windows(START.len()).position(|w| w == START);
            if let Some(start) = found {
                self.buffer.drain(..start);
                return Ok(true);
            }
            if self.at_end {
                return Ok(false);
            }
            // The last bytes may be the first of a marker.
            let keep = self.buffer.len().min(START.len() - 1);
            self.buffer.drain(..self.buffer.len() - keep);
            self.read_more(BLOCK)?;
        }
    }

    fn read_more(&mut self, bytes: usize) -> io::Result<()> {
        let read = (&mut self.input)
            .take(bytes as u64)
            .read_to_end(&mut self.buffer)?;
        self.at_end = read < bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::super::jpeg::tests::{jpeg, picture};
    use super::*;

    fn read_all(bytes: &[u8]) -> Vec<Found> {
        let mut reader = MjpegReader::new(Cursor::new(bytes));
        std::iter::from_fn(|| reader.next_picture().unwrap()).collect()
    }

    #[test]
    fn pictures_are_found_between_other_bytes() {
        let (a, b) = (jpeg(&picture(40, 30)), jpeg(&picture(32, 32)));
        let boundary = b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n";
        let file = [&boundary[..], &a, boundary, &b, b"\r\n"].concat();
        assert_eq!(read_all(&file), [Ok(a), Ok(b)]);
    }

    #[test]
    fn a_picture_cut_off_costs_itself_only() {
        let (a, b) = (jpeg(&picture(40, 30)), jpeg(&picture(32, 32)));
        let file = [&a[..a.len() - 30], &b, &b[..b.len() / 2]].concat();
        let found = read_all(&file);
        assert!(found[0].is_err());
        assert_eq!(found[1], Ok(b));
        assert!(found[2..].iter().all(Result::is_err));
    }

    #[test]
    fn a_thumbnail_inside_a_picture_is_no_picture_of_its_own() {
        let thumbnail = jpeg(&picture(16, 16));
        let mut outer = jpeg(&picture(48, 48));
        let length = (thumbnail.len() as u16 + 2).to_be_bytes();
        let segment = [&[0xff, 0xe1], &length[..], &thumbnail].concat();
        outer.splice(2..2, segment);
        assert_eq!(read_all(&outer), [Ok(outer.clone())]);
    }

    #[test]
    fn rewinding_gives_the_same_again() {
        let a = jpeg(&picture(40, 30));
        let mut reader = MjpegReader::new(Cursor::new(a.repeat(3)));
        for _ in 0..2 {
            for _ in 0..3 {
                assert_eq!(reader.next_picture().unwrap(), Some(Ok(a.clone())));
            }
            assert_eq!(reader.next_picture().unwrap(), None);
            reader.rewind().unwrap();
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_their_end(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            // Each answer uses up at least two bytes, so this ends.
            prop_assert!(read_all(&bytes).len() <= bytes.len());
        }
    }
}
