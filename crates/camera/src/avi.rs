//! AVI files with Motion JPEG video (Microsoft RIFF; `OpenDML` 1.02 for long files).
//!
//! The file is read as a flat row of chunks: the lists that matter (`hdrl`,
//! `strl`, `movi`, `rec `, and the `AVIX` segments of files over 1 GB) are
//! entered by ignoring their length, and the index is not used. A recorder that
//! lost power leaves zero lengths and no index; such a file still plays up to
//! its last whole picture. After garbage the reader looks for the next chunk of
//! the video stream.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use thiserror::Error;

use super::mjpeg::Found;
use super::{FrameRate, limits};

type FourCc = [u8; 4];

/// Header chunks are read up to here; what a future version appends is skipped.
const HEADER_BYTES: u64 = 64;

/// Why a file is not played.
#[derive(Debug, Error)]
pub enum AviError {
    /// Not an AVI file at all.
    #[error("it is not an AVI file")]
    NotAvi,
    /// No stream of pictures in it.
    #[error("the AVI file holds no video stream")]
    NoVideo,
    /// Video that is not Motion JPEG.
    #[error(
        "the AVI file holds {0} video; only Motion JPEG is read (`ffmpeg -i FILE -c:v mjpeg -q:v 3 NEW.avi` converts it)"
    )]
    Codec(String),
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads one compressed picture after the other.
#[derive(Debug)]
pub struct AviReader<R: Read> {
    input: BufReader<R>,
    video: VideoStream,
    /// Where the pictures begin.
    first_chunk_at: u64,
    /// A chunk that claims to go on behind this is damaged.
    file_length: u64,
}

#[derive(Debug, Clone, Copy)]
struct VideoStream {
    /// Chunks of the stream are called by its number: `00dc`, `00db`.
    chunk_prefix: [u8; 2],
    rate: Option<FrameRate>,
}

#[derive(Debug, Clone, Copy)]
struct Chunk {
    id: FourCc,
    length: u32,
}

impl<R: Read + Seek> AviReader<R> {
    /// Reads the headers of `input`.
    ///
    /// # Errors
    /// When this is no AVI file, or one without Motion JPEG video.
    pub fn open(input: R) -> Result<Self, AviError> {
        let mut input = BufReader::new(input);
        let file_length = input.seek(SeekFrom::End(0))?;
        input.rewind()?;
        let riff = read_chunk(&mut input)?.ok_or(AviError::NotAvi)?;
        let form = read_fourcc(&mut input)?;
        if riff.id != *b"RIFF" || form != Some(*b"AVI ") {
            return Err(AviError::NotAvi);
        }
        let video = read_headers(&mut input)?;
        let first_chunk_at = input.stream_position()?;
        Ok(Self {
            input,
            video,
            first_chunk_at,
            file_length,
        })
    }

    /// Pictures per second as the file's header says; `None` if it makes no sense.
    pub fn rate(&self) -> Option<FrameRate> {
        self.video.rate
    }

    /// The next compressed picture; `None` at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_picture(&mut self) -> io::Result<Option<Found>> {
        while let Some(chunk) = read_chunk(&mut self.input)? {
            if chunk.is_transparent_list() {
                self.input.seek_relative(4)?;
            } else if self.is_video(chunk.id) {
                // An empty chunk says that the picture before it stays; there is nothing to show.
                if chunk.length > 0 {
                    return self.read_picture(chunk.length).map(Some);
                }
            } else if chunk.has_a_name() {
                skip(&mut self.input, chunk)?;
            } else if !self.find_video_chunk()? {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Begins again with the first picture.
    ///
    /// # Errors
    /// When the file cannot be positioned.
    pub fn rewind(&mut self) -> io::Result<()> {
        self.input.seek(SeekFrom::Start(self.first_chunk_at))?;
        Ok(())
    }

    fn is_video(&self, id: FourCc) -> bool {
        id[..2] == self.video.chunk_prefix && matches!(&id[2..], b"dc" | b"db")
    }

    fn read_picture(&mut self, length: u32) -> io::Result<Found> {
        // Where the length is damaged, the reader goes on right behind it: the next picture
        // is more likely to be found there than at a place that the length names.
        if length as usize > limits::MAX_COMPRESSED {
            return Ok(Err(format!("its length of {length} bytes is impossible")));
        }
        let left = self
            .file_length
            .saturating_sub(self.input.stream_position()?);
        if u64::from(length) > left {
            return Ok(Err(format!(
                "the file ends after {left} of its {length} bytes"
            )));
        }
        let mut picture = vec![0; length as usize];
        self.input.read_exact(&mut picture)?;
        skip_padding(&mut self.input, length)?;
        Ok(Ok(picture))
    }

    /// Goes on byte by byte until a chunk of the video stream begins; `false` at the end.
    fn find_video_chunk(&mut self) -> io::Result<bool> {
        // Begin behind the first byte of the eight that made no sense.
        self.input.seek_relative(-7)?;
        let mut window = [0_u8; 4];
        let mut byte = [0_u8; 1];
        while self.input.read(&mut byte)? == 1 {
            window.rotate_left(1);
            window[3] = byte[0];
            if self.is_video(window) {
                self.input.seek_relative(-4)?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Chunk {
    fn is_transparent_list(self) -> bool {
        // Whatever a list is for, it is entered: those without pictures (`INFO`, `odml`)
        // hold chunks that are skipped one by one.
        matches!(&self.id, b"RIFF" | b"LIST")
    }

    fn has_a_name(self) -> bool {
        self.id
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || *b == b' ' || *b == b'_')
    }
}

/// Reads up to the list of pictures; the input then stands at its first chunk.
fn read_headers<R: Read + Seek>(input: &mut BufReader<R>) -> Result<VideoStream, AviError> {
    let mut streams = 0_u8;
    let mut video: Option<VideoStream> = None;
    let mut codec: Option<FourCc> = None;
    let mut describes_video = false;
    while let Some(chunk) = read_chunk(input)? {
        match &chunk.id {
            b"LIST" => {
                if read_fourcc(input)? == Some(*b"movi") {
                    let video = video.ok_or(AviError::NoVideo)?;
                    return check_codec(codec).map(|()| video);
                }
            }
            b"strh" => {
                let header = read_header(input, chunk)?;
                describes_video = video.is_none() && header.get(..4) == Some(b"vids");
                if describes_video {
                    video = Some(VideoStream {
                        chunk_prefix: [b'0' + streams / 10 % 10, b'0' + streams % 10],
                        rate: rate_in(&header),
                    });
                    codec = fourcc_at(&header, 4);
                }
                streams = streams.saturating_add(1);
            }
            b"strf" => {
                let format = read_header(input, chunk)?;
                // What the picture header says counts; the stream header is often left empty.
                if describes_video {
                    codec = fourcc_at(&format, 16).or(codec);
                }
            }
            _ => skip(input, chunk)?,
        }
    }
    Err(AviError::NoVideo)
}

fn check_codec(codec: Option<FourCc>) -> Result<(), AviError> {
    let codec = codec.unwrap_or_default();
    let upper = codec.map(|b| b.to_ascii_uppercase());
    // `AVRn` is Avid's and `LJPG` and `JPEG` are others' name for the same thing.
    if matches!(&upper, b"MJPG" | b"AVRN" | b"JPEG" | b"LJPG" | b"DMB1") {
        return Ok(());
    }
    let name: String = match codec {
        [0, 0, 0, 0] => "uncompressed".to_owned(),
        _ => codec
            .iter()
            .flat_map(|b| b.escape_ascii())
            .map(char::from)
            .collect(),
    };
    Err(AviError::Codec(name))
}

/// `dwRate / dwScale` of a stream header.
fn rate_in(header: &[u8]) -> Option<FrameRate> {
    let scale = u32::from_le_bytes(fourcc_at(header, 20)?);
    let rate = u32::from_le_bytes(fourcc_at(header, 24)?);
    FrameRate::from_ratio(rate, scale)
}

fn fourcc_at(bytes: &[u8], at: usize) -> Option<FourCc> {
    bytes.get(at..at + 4)?.try_into().ok()
}

/// The next chunk's name and length; `None` at the end of the file.
fn read_chunk<R: Read>(input: &mut R) -> io::Result<Option<Chunk>> {
    let Some(id) = read_fourcc(input)? else {
        return Ok(None);
    };
    Ok(read_fourcc(input)?.map(|length| Chunk {
        id,
        length: u32::from_le_bytes(length),
    }))
}

fn read_fourcc<R: Read>(input: &mut R) -> io::Result<Option<FourCc>> {
    let mut fourcc = [0; 4];
    match input.read_exact(&mut fourcc) {
        Ok(()) => Ok(Some(fourcc)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The first bytes of a header chunk, the input being moved behind all of it.
fn read_header<R: Read + Seek>(input: &mut BufReader<R>, chunk: Chunk) -> io::Result<Vec<u8>> {
    let wanted = u64::from(chunk.length).min(HEADER_BYTES);
    let mut header = Vec::new();
    input.take(wanted).read_to_end(&mut header)?;
    input.seek_relative(i64::from(chunk.length) - wanted.cast_signed())?;
    skip_padding(input, chunk.length)?;
    Ok(header)
}

fn skip<R: Read + Seek>(input: &mut BufReader<R>, chunk: Chunk) -> io::Result<()> {
    input.seek_relative(i64::from(chunk.length))?;
    skip_padding(input, chunk.length)
}

/// Goes on to the next chunk behind one of this length. A chunk of odd length is filled up
/// with a byte, which some recorders forget: then a name begins right behind it.
fn skip_padding<R: Read + Seek>(input: &mut BufReader<R>, length: u32) -> io::Result<()> {
    if length.is_multiple_of(2) {
        return Ok(());
    }
    let mut ahead = Vec::new();
    input.by_ref().take(5).read_to_end(&mut ahead)?;
    let has_padding = match ahead[..] {
        [a, b, c, d, e] => is_known(&[b, c, d, e]) || !is_known(&[a, b, c, d]),
        [a, b, c, d] => !is_known(&[a, b, c, d]),
        _ => true,
    };
    let read = ahead.len() as i64;
    input.seek_relative(i64::from(has_padding).min(read) - read)
}

/// Names that chunks have in such files.
fn is_known(id: &FourCc) -> bool {
    const NAMES: [&FourCc; 10] = [
        b"RIFF", b"LIST", b"JUNK", b"idx1", b"strh", b"strf", b"strd", b"strn", b"indx", b"avih",
    ];
    let is_of_stream = id[..2].iter().all(u8::is_ascii_digit)
        && id[2..].iter().all(u8::is_ascii_alphabetic)
        || id.starts_with(b"ix") && id[2..].iter().all(u8::is_ascii_digit);
    NAMES.contains(&id) || is_of_stream
}

#[cfg(test)]
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "byte-string literals, which names of chunks are written as, are references"
)]
pub(super) mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;
    use crate::drawn::{jpeg, picture};

    fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let padding = &[0][..body.len() % 2];
        [id, &(body.len() as u32).to_le_bytes()[..], body, padding].concat()
    }

    fn list(id: &[u8; 4], form: &[u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
        chunk(id, &[&form[..], &chunks.concat()].concat())
    }

    fn stream(kind: &[u8; 4], codec: &[u8; 4]) -> Vec<u8> {
        let mut header = [0_u8; 56];
        header[..4].copy_from_slice(kind);
        header[20..24].copy_from_slice(&1001_u32.to_le_bytes());
        header[24..28].copy_from_slice(&12_012_u32.to_le_bytes());
        let mut format = [0_u8; 40];
        format[16..20].copy_from_slice(codec);
        list(
            b"LIST",
            b"strl",
            &[chunk(b"strh", &header), chunk(b"strf", &format)],
        )
    }

    /// An AVI file with sound before the video, so that the video is stream 1.
    pub(in super::super) fn avi(codec: &[u8; 4], pictures: &[Vec<u8>]) -> Vec<u8> {
        let header = list(
            b"LIST",
            b"hdrl",
            &[
                chunk(b"avih", &[0; 56]),
                stream(b"auds", &[0; 4]),
                stream(b"vids", codec),
            ],
        );
        let mut movie = vec![chunk(b"JUNK", &[7; 13])];
        for picture in pictures {
            movie.push(chunk(b"00wb", &[1; 5]));
            movie.push(chunk(b"01dc", picture));
        }
        let movie = list(b"LIST", b"movi", &movie);
        let info = list(b"LIST", b"INFO", &[chunk(b"ISFT", b"test")]);
        list(
            b"RIFF",
            b"AVI ",
            &[header, info, movie, chunk(b"idx1", &[0; 32])],
        )
    }

    fn read_all(file: &[u8]) -> Vec<Found> {
        let mut reader = AviReader::open(Cursor::new(file)).unwrap();
        std::iter::from_fn(|| reader.next_picture().unwrap()).collect()
    }

    fn pictures() -> Vec<Vec<u8>> {
        vec![jpeg(&picture(40, 30)), jpeg(&picture(32, 32))]
    }

    #[test]
    fn pictures_and_rate_of_a_whole_file() {
        let file = avi(b"MJPG", &pictures());
        let mut reader = AviReader::open(Cursor::new(&file)).unwrap();
        assert_eq!(reader.rate(), FrameRate::new(12.0));
        for _ in 0..2 {
            for wanted in pictures() {
                assert_eq!(reader.next_picture().unwrap(), Some(Ok(wanted)));
            }
            assert_eq!(reader.next_picture().unwrap(), None);
            reader.rewind().unwrap();
        }
    }

    #[test]
    fn a_second_segment_of_a_long_file_is_read_too() {
        let more = list(
            b"LIST",
            b"movi",
            &[list(b"LIST", b"rec ", &[chunk(b"01db", &pictures()[0])])],
        );
        let file = [avi(b"mjpg", &pictures()), list(b"RIFF", b"AVIX", &[more])].concat();
        let found = read_all(&file);
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(Result::is_ok));
    }

    #[test]
    fn list_lengths_that_were_never_written_do_not_matter() {
        let mut file = avi(b"MJPG", &pictures());
        let movie = file.windows(4).position(|w| w == b"movi").unwrap();
        file[movie - 4..movie].fill(0);
        file[4..8].fill(0);
        assert_eq!(read_all(&file).len(), 2);
    }

    #[test]
    fn a_file_cut_anywhere_gives_the_pictures_before_the_cut() {
        let file = avi(b"MJPG", &pictures());
        let header = file.windows(4).position(|w| w == b"movi").unwrap() + 4;
        for length in 0..file.len() {
            let cut = Cursor::new(&file[..length]);
            match AviReader::open(cut) {
                Err(_) => assert!(length < header, "{length}"),
                Ok(mut reader) => {
                    while let Some(found) = reader.next_picture().unwrap() {
                        assert!(found.is_err() || pictures().contains(&found.unwrap()));
                    }
                }
            }
        }
    }

    #[test]
    fn chunks_without_padding_are_read() {
        let odd = |picture: Vec<u8>| match picture.len() % 2 {
            // Bytes behind the end marker do no harm.
            0 => [&picture[..], &[0]].concat(),
            _ => picture,
        };
        let pictures: Vec<Vec<u8>> = pictures().into_iter().map(odd).collect();
        let bare =
            |id: &[u8; 4], body: &[u8]| [id, &(body.len() as u32).to_le_bytes()[..], body].concat();
        let whole = avi(b"MJPG", &[]);
        let movie = whole.windows(4).position(|w| w == b"movi").unwrap() + 4;
        let mut file = whole[..movie].to_vec();
        file.extend(bare(b"JUNK", &[7; 13]));
        for picture in &pictures {
            file.extend(bare(b"00wb", &[1; 5]));
            file.extend(bare(b"01dc", picture));
        }
        file.extend(bare(b"idx1", &[0; 31]));
        let found: Vec<Vec<u8>> = read_all(&file).into_iter().map(Result::unwrap).collect();
        assert_eq!(found, pictures);
    }

    #[test]
    fn garbage_between_pictures_is_stepped_over() {
        let mut file = avi(b"MJPG", &pictures());
        let second = file.windows(4).rposition(|w| w == b"00wb").unwrap();
        file.splice(second..second, [0xfe, 0, 1, 0x80, 0xff, 9, 9, 9, 9, 9, 9]);
        assert_eq!(read_all(&file).len(), 2);
    }

    #[test]
    fn an_impossible_length_is_damage_and_reading_goes_on() {
        let mut file = avi(b"MJPG", &pictures());
        let first = file.windows(4).position(|w| w == b"01dc").unwrap();
        file[first + 4..first + 8].fill(0xff);
        let found = read_all(&file);
        assert!(found[0].is_err());
        assert_eq!(found[1].as_ref().unwrap(), &pictures()[1]);
    }

    #[test]
    fn other_files_are_refused_by_what_they_are() {
        let message = |file: &[u8]| match AviReader::open(Cursor::new(file)) {
            Ok(_) => panic!("opened"),
            Err(error) => error.to_string(),
        };
        assert!(message(&avi(b"H264", &pictures())).contains("H264"));
        assert!(message(&avi(&[0; 4], &pictures())).contains("uncompressed"));
        assert!(message(b"RIFF\x04\0\0\0WAVE").contains("not an AVI"));
        assert!(message(b"").contains("not an AVI"));
        let mut no_video = avi(b"MJPG", &pictures());
        let kind = no_video.windows(4).position(|w| w == b"vids").unwrap();
        no_video[kind..kind + 4].copy_from_slice(b"txts");
        assert!(message(&no_video).contains("no video"));
    }

    proptest! {
        #[test]
        fn damaged_files_are_read_to_their_end(
            flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        ) {
            let mut file = avi(b"MJPG", &pictures());
            for (at, value) in flips {
                let at = at.index(file.len());
                file[at] = value;
            }
            if let Ok(mut reader) = AviReader::open(Cursor::new(&file)) {
                let mut found = 0;
                while reader.next_picture().unwrap().is_some() {
                    found += 1;
                    prop_assert!(found <= file.len());
                }
            }
        }
    }
}
