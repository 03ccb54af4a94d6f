//! Motion JPEG: pictures one after the other, with or without bytes between. Some network
//! cameras send PNG pictures in the same way.
//!
//! There is no container, so nothing says where a picture begins. A start marker
//! is looked for, the picture is walked to its end, and after damage the next
//! start marker is looked for. HTTP streams and their recordings are read by the
//! same rule: what cameras write between the pictures (boundaries that are not the
//! announced ones, lengths that are wrong or missing) need not be believed.

use std::io::{self, Read, Seek, SeekFrom};

use super::jpeg::{JpegError, Walk};
use super::limits;

/// Every JPEG picture begins with a start marker, which another marker follows.
const START: [u8; 3] = [0xff, 0xd8, 0xff];
/// Every PNG picture begins with these (ISO 15948, 5.2).
pub(super) const PNG_START: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
const BLOCK: usize = 64 << 10;

/// What was found next: a picture still compressed, or damage and its reason.
pub type Found = Result<Vec<u8>, String>;

/// Finds pictures in bytes that come piece by piece. How they are cut makes no difference.
#[derive(Debug, Default)]
pub struct PictureFinder {
    /// At most the longest picture and one piece.
    buffer: Vec<u8>,
    /// What lies before has been handed out.
    begin: usize,
    /// The picture that has begun at `begin`.
    walk: Option<Walking>,
}

#[derive(Debug)]
enum Walking {
    Jpeg(Walk),
    Png(PngWalk),
}

impl Walking {
    /// The length of the picture at the start of `bytes`.
    fn go_on(&mut self, bytes: &[u8]) -> Result<usize, JpegError> {
        match self {
            Self::Jpeg(walk) => walk.go_on(bytes).map(|anatomy| anatomy.length),
            Self::Png(walk) => walk.go_on(bytes),
        }
    }

    /// Whether there is anything of a picture besides its start.
    fn is_more_than_a_start(&self) -> bool {
        match self {
            Self::Jpeg(walk) => walk.has_passed_a_segment(),
            Self::Png(walk) => walk.at > PNG_START.len(),
        }
    }

    /// The length of a picture that lacks nothing but its end marker, as far as that is known.
    fn end_here(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Jpeg(walk) => walk.end_here(bytes).map(|anatomy| anatomy.length),
            Self::Png(_) => None,
        }
    }
}

/// Goes from chunk to chunk; their checksums are for the decoder.
#[derive(Debug)]
struct PngWalk {
    at: usize,
}

impl PngWalk {
    fn go_on(&mut self, bytes: &[u8]) -> Result<usize, JpegError> {
        const LENGTH_NAME_AND_CHECKSUM: usize = 12;
        loop {
            let head = bytes.get(self.at..self.at + 8);
            let [l0, l1, l2, l3, name @ ..] = head.ok_or(JpegError::CutOff(bytes.len()))? else {
                return Err(JpegError::CutOff(bytes.len()));
            };
            let length = u32::from_be_bytes([*l0, *l1, *l2, *l3]) as usize;
            if length > limits::MAX_COMPRESSED || !name.iter().all(u8::is_ascii_alphabetic) {
                return Err(JpegError::Malformed("its chunks make no sense"));
            }
            let is_last = name == b"IEND";
            let end = self.at + length + LENGTH_NAME_AND_CHECKSUM;
            if bytes.len() < end {
                return Err(JpegError::CutOff(bytes.len()));
            }
            self.at = end;
            if is_last {
                return Ok(end);
            }
        }
    }
}

impl PictureFinder {
    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        // Seldom enough that moving what is left costs no more than having read it.
        if self.begin > self.buffer.len() / 2 {
            self.buffer.drain(..self.begin);
            self.begin = 0;
        }
        self.buffer.extend_from_slice(piece);
    }

    /// The next picture or damage; `None` until more bytes have come.
    pub fn take(&mut self) -> Option<Found> {
        loop {
            if self.walk.is_none() && !self.find_start() {
                return None;
            }
            let picture = &self.buffer[self.begin..];
            let walk = self.walk.as_mut()?;
            match walk.go_on(picture) {
                Ok(length) => {
                    let whole = picture[..length].to_vec();
                    self.go_on_behind(length);
                    return Some(Ok(whole));
                }
                Err(JpegError::CutOff(length)) if length < limits::MAX_COMPRESSED => return None,
                // Nothing in it is looked at again, or each byte would cost another walk.
                Err(JpegError::CutOff(length)) => {
                    self.go_on_behind(length);
                    return Some(Err("the picture is too long".to_owned()));
                }
                // This start marker only is given up; the next picture may begin right behind.
                Err(error) => {
                    let is_picture = walk.is_more_than_a_start();
                    self.go_on_behind(START.len() - 1);
                    if is_picture {
                        return Some(Err(error.to_string()));
                    }
                }
            }
        }
    }

    /// No more bytes will come: hands out a picture that only lacks its end marker, as far as
    /// its markers tell, or gives up one that has begun, in which others may be.
    pub fn give_up(&mut self) -> Option<Found> {
        let picture = &self.buffer[self.begin..];
        if let Some(length) = self.walk.take()?.end_here(picture) {
            let whole = picture[..length].to_vec();
            self.go_on_behind(picture.len());
            return Some(Ok(whole));
        }
        let length = picture.len();
        self.go_on_behind(START.len() - 1);
        Some(Err(JpegError::CutOff(length).to_string()))
    }

    /// Whether a picture has begun whose end has not come yet.
    pub fn has_begun(&self) -> bool {
        self.walk.is_some()
    }

    /// Goes to the next start of a picture; `false` if none has come yet.
    fn find_start(&mut self) -> bool {
        let rest = &self.buffer[self.begin..];
        for (at, byte) in rest.iter().enumerate() {
            let ahead = &rest[at..];
            let walk = match byte {
                0xff if ahead.starts_with(&START) => Walking::Jpeg(Walk::default()),
                0x89 if ahead.starts_with(&PNG_START) => Walking::Png(PngWalk {
                    at: PNG_START.len(),
                }),
                // The last bytes may be the first of one.
                0xff if START.starts_with(ahead) => return self.wait_at(at),
                0x89 if PNG_START.starts_with(ahead) => return self.wait_at(at),
                _ => continue,
            };
            self.begin += at;
            self.walk = Some(walk);
            return true;
        }
        self.begin = self.buffer.len();
        false
    }

    fn wait_at(&mut self, at: usize) -> bool {
        self.begin += at;
        false
    }

    fn go_on_behind(&mut self, length: usize) {
        self.begin += length;
        self.walk = None;
    }
}

/// Reads one compressed picture after the other from a file.
#[derive(Debug)]
pub struct MjpegReader<R> {
    input: R,
    finder: PictureFinder,
    block: Vec<u8>,
}

impl<R: Read + Seek> MjpegReader<R> {
    /// Reads `input` from where it stands.
    pub fn new(input: R) -> Self {
        Self {
            input,
            finder: PictureFinder::default(),
            block: vec![0; BLOCK],
        }
    }

    /// The next compressed picture; `None` at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_picture(&mut self) -> io::Result<Option<Found>> {
        loop {
            if let Some(found) = self.finder.take() {
                return Ok(Some(found));
            }
            match self.input.read(&mut self.block) {
                Ok(0) => return Ok(self.finder.give_up()),
                Ok(read) => self.finder.push(&self.block[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Begins again at the start of the file.
    ///
    /// # Errors
    /// When the file cannot be positioned, as with a pipe.
    pub fn rewind(&mut self) -> io::Result<()> {
        self.input.seek(SeekFrom::Start(0))?;
        self.finder = PictureFinder::default();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;
    use crate::drawn::{jpeg, picture};
    use rollcall_picture::jpeg::decode;

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
        // Its markers do not tell; its blocks do.
        let is_whole = |found: &Found| found.as_ref().is_ok_and(|found| decode(found).is_ok());
        assert!(!is_whole(&found[0]));
        assert_eq!(found[1], Ok(b));
        assert!(!found[2..].iter().any(is_whole));
    }

    #[test]
    fn pictures_without_end_markers_are_found() {
        let (a, b) = (jpeg(&picture(40, 30)), jpeg(&picture(32, 32)));
        let (open_a, open_b) = (&a[..a.len() - 2], &b[..b.len() - 2]);
        let boundary = b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n";
        for between in [&b""[..], boundary] {
            let file = [open_a, between, open_b, between, &a, between, open_b].concat();
            let decoded: Vec<_> = read_all(&file)
                .into_iter()
                .map(|found| decode(&found.unwrap()).unwrap())
                .collect();
            let (a, b) = (decode(&a).unwrap(), decode(&b).unwrap());
            assert_eq!(decoded, [a.clone(), b.clone(), a, b]);
        }
    }

    #[test]
    fn png_pictures_are_found_among_others() {
        let a = jpeg(&picture(40, 30));
        let mut png = Cursor::new(Vec::new());
        picture(20, 10)
            .write_to(&mut png, image::ImageFormat::Png)
            .unwrap();
        let png = png.into_inner();
        let boundary = b"\r\n--frame\r\nContent-Type: image/png\r\n\r\n";
        let file = [&png[..], boundary, &a, &png, &png[..png.len() - 9], &a].concat();
        let found: Vec<Vec<u8>> = read_all(&file).into_iter().flatten().collect();
        assert_eq!(found, [png.clone(), a.clone(), png, a]);
    }

    #[test]
    fn start_markers_in_other_bytes_are_no_pictures() {
        let a = jpeg(&picture(40, 30));
        let sound = START.repeat(500);
        let file = [&sound[..], &a, &sound, &a].concat();
        assert_eq!(read_all(&file), [Ok(a.clone()), Ok(a)]);
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
    fn a_picture_without_end_does_not_fill_the_memory() {
        let mut finder = PictureFinder::default();
        finder.push(&[0xff, 0xd8, 0xff, 0xda, 0, 2]);
        let piece = vec![0; 1 << 20];
        let mut complaints = 0;
        for _ in 0..40 {
            finder.push(&piece);
            complaints += usize::from(finder.take().is_some_and(|found| found.is_err()));
            assert!(finder.buffer.len() <= limits::MAX_COMPRESSED + 2 * piece.len());
        }
        assert_eq!(complaints, 1);
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

        #[test]
        fn how_the_bytes_are_cut_makes_no_difference(
            kinds in proptest::collection::vec(0..5_u8, 1..8),
            cuts in proptest::collection::vec(1..400_usize, 1..40),
        ) {
            let (a, b) = (jpeg(&picture(24, 16)), jpeg(&picture(16, 16)));
            let pieces = kinds.iter().map(|kind| match kind {
                0 => a.clone(),
                1 => b.clone(),
                2 => a[..a.len() - 40].to_vec(),
                3 => b"\r\n--frame\r\nContent-Length: 7\r\n\r\n".to_vec(),
                _ => vec![0xff, 0xd8, 0xff, 0x00, 0xff],
            });
            let bytes = pieces.collect::<Vec<_>>().concat();
            let mut finder = PictureFinder::default();
            let mut found = Vec::new();
            let (mut rest, mut cuts) = (&bytes[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let (piece, later) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                finder.push(piece);
                found.extend(std::iter::from_fn(|| finder.take()));
                rest = later;
            }
            while let Some(given_up) = finder.give_up() {
                found.push(given_up);
                found.extend(std::iter::from_fn(|| finder.take()));
            }
            prop_assert_eq!(found, read_all(&bytes));
        }
    }
}
