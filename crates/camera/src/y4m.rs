//! y4m: uncompressed video with a one-line header (mjpegtools, `yuv4mpeg(5)`).
//!
//! Eight-bit 4:2:0, 4:1:1, 4:2:2, 4:4:4 and grey. Chroma is repeated, not
//! interpolated: where exactly a variant puts its chroma samples (`420jpeg`,
//! `420mpeg2`, `420paldv`) is at most half a pixel apart, which neither a face
//! detector nor a preview in character cells can tell.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use image::RgbImage;
use thiserror::Error;

use super::yuv::{YuvRange, rgb_from_yuv};
use super::{FrameRate, limits};

/// Longest header line that is read; real ones have less than a hundred bytes.
const MAX_LINE: u64 = 4096;

/// Why a file is not played.
#[derive(Debug, Error)]
pub enum Y4mError {
    /// Not a y4m file at all.
    #[error("it is not a y4m file")]
    NotY4m,
    /// A variant that is not read.
    #[error("the y4m file uses `{0}`; only 8-bit 420, 411, 422, 444 and mono are read")]
    Colour(String),
    /// Width or height is missing, zero or too large.
    #[error("the y4m file says its pictures are {0}x{1} pixels")]
    Size(usize, usize),
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads one picture after the other.
#[derive(Debug)]
pub struct Y4mReader<R: Read> {
    input: BufReader<R>,
    header: Header,
    first_frame_at: u64,
}

#[derive(Debug, Clone, Copy)]
struct Header {
    width: usize,
    height: usize,
    rate: Option<FrameRate>,
    chroma: Chroma,
    range: YuvRange,
}

/// How many columns and rows of pixels share one pair of chroma samples.
#[derive(Debug, Clone, Copy)]
enum Chroma {
    None,
    Shared { columns: usize, rows: usize },
}

impl<R: Read + Seek> Y4mReader<R> {
    /// Reads the header of `input`.
    ///
    /// # Errors
    /// When this is no y4m file, or one of a variant that is not read.
    pub fn open(input: R) -> Result<Self, Y4mError> {
        let mut input = BufReader::new(input);
        let line = read_line(&mut input)?.ok_or(Y4mError::NotY4m)?;
        let header = Header::parse(&line)?;
        let first_frame_at = input.stream_position()?;
        Ok(Self {
            input,
            header,
            first_frame_at,
        })
    }

    /// Pictures per second as the header says; `None` where it says "unknown".
    pub fn rate(&self) -> Option<FrameRate> {
        self.header.rate
    }

    /// Width and height in pixels.
    pub fn resolution(&self) -> (u32, u32) {
        (self.header.width as u32, self.header.height as u32)
    }

    /// The next picture; `None` at the end of the file. After damage nothing is found any
    /// more, for nothing marks the beginning of a picture.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_image(&mut self) -> io::Result<Option<Result<RgbImage, String>>> {
        let Some(line) = read_line(&mut self.input)? else {
            return Ok(None);
        };
        if !line.starts_with("FRAME") {
            self.input.seek(SeekFrom::End(0))?;
            return Ok(Some(Err("a picture does not begin with FRAME".to_owned())));
        }
        let needed = self.header.bytes_per_picture();
        let mut planes = Vec::new();
        (&mut self.input)
            .take(needed as u64)
            .read_to_end(&mut planes)?;
        if planes.len() < needed {
            return Ok(Some(Err(format!(
                "the file ends after {} of its {needed} bytes",
                planes.len()
            ))));
        }
        Ok(self.header.rgb(&planes).map(Ok))
    }

    /// Begins again with the first picture.
    ///
    /// # Errors
    /// When the file cannot be positioned.
    pub fn rewind(&mut self) -> io::Result<()> {
        self.input.seek(SeekFrom::Start(self.first_frame_at))?;
        Ok(())
    }
}

impl Header {
    fn parse(line: &str) -> Result<Self, Y4mError> {
        let mut fields = line.split_ascii_whitespace();
        if fields.next() != Some("YUV4MPEG2") {
            return Err(Y4mError::NotY4m);
        }
        let mut header = Self {
            width: 0,
            height: 0,
            rate: None,
            chroma: Chroma::Shared {
                columns: 2,
                rows: 2,
            },
            range: YuvRange::Video,
        };
        for field in fields {
            let Some((tag, value)) = field.split_at_checked(1) else {
                continue;
            };
            match tag {
                "W" => header.width = value.parse().unwrap_or(0),
                "H" => header.height = value.parse().unwrap_or(0),
                "F" => header.rate = parse_rate(value),
                "C" => header.chroma = Chroma::parse(value)?,
                "X" if value == "COLORRANGE=FULL" => header.range = YuvRange::Full,
                _ => {}
            }
        }
        if !limits::allows(header.width, header.height) {
            return Err(Y4mError::Size(header.width, header.height));
        }
        Ok(header)
    }

    fn chroma_size(&self) -> (usize, usize) {
        match self.chroma {
            Chroma::None => (0, 0),
            Chroma::Shared { columns, rows } => {
                (self.width.div_ceil(columns), self.height.div_ceil(rows))
            }
        }
    }

    fn bytes_per_picture(&self) -> usize {
        let (chroma_width, chroma_height) = self.chroma_size();
        self.width * self.height + 2 * chroma_width * chroma_height
    }

    /// The planes Y, U, V of one picture as RGB; `planes` has the right length.
    fn rgb(&self, planes: &[u8]) -> Option<RgbImage> {
        let (chroma_width, chroma_height) = self.chroma_size();
        let (luma, chroma) = planes.split_at_checked(self.width * self.height)?;
        let (u_plane, v_plane) = chroma.split_at_checked(chroma_width * chroma_height)?;
        let mut rgb = Vec::with_capacity(luma.len() * 3);
        for (y, row) in luma.chunks_exact(self.width).enumerate() {
            for (x, &luma) in row.iter().enumerate() {
                let (u, v) = match self.chroma {
                    Chroma::None => (128, 128),
                    Chroma::Shared { columns, rows } => {
                        let at = y / rows * chroma_width + x / columns;
                        (*u_plane.get(at)?, *v_plane.get(at)?)
                    }
                };
                rgb.extend(rgb_from_yuv([luma, u, v], self.range));
            }
        }
        RgbImage::from_raw(self.width as u32, self.height as u32, rgb)
    }
}

impl Chroma {
    fn parse(name: &str) -> Result<Self, Y4mError> {
        let shared = |columns, rows| Ok(Self::Shared { columns, rows });
        match name {
            "420" | "420jpeg" | "420mpeg2" | "420paldv" => shared(2, 2),
            "411" => shared(4, 1),
            "422" => shared(2, 1),
            "444" => shared(1, 1),
            "mono" => Ok(Self::None),
            other => Err(Y4mError::Colour(other.chars().take(20).collect())),
        }
    }
}

fn parse_rate(value: &str) -> Option<FrameRate> {
    let (frames, seconds) = value.split_once(':')?;
    FrameRate::from_ratio(frames.parse().ok()?, seconds.parse().ok()?)
}

/// A line without its end; `None` at the end of the file. Longer lines are cut, which the
/// caller notices because they do not say what they should.
fn read_line<R: Read>(input: &mut BufReader<R>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = input.take(MAX_LINE).read_until(b'\n', &mut line)?;
    Ok((read > 0).then(|| String::from_utf8_lossy(line.trim_ascii_end()).into_owned()))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn file(header: &str, pictures: &[&[u8]]) -> Vec<u8> {
        let mut bytes = format!("YUV4MPEG2 {header}\n").into_bytes();
        for picture in pictures {
            bytes.extend(b"FRAME Ip\n");
            bytes.extend(*picture);
        }
        bytes
    }

    fn first_image(bytes: Vec<u8>) -> RgbImage {
        let mut reader = Y4mReader::open(Cursor::new(bytes)).unwrap();
        reader.next_image().unwrap().unwrap().unwrap()
    }

    #[test]
    fn every_subsampling_finds_the_right_chroma() {
        // The left half grey, the right half red, odd width and height.
        let luma = [81_u8; 15];
        for (name, chroma_width, chroma_height) in [
            ("C420jpeg", 3, 2),
            ("C420mpeg2", 3, 2),
            ("C411", 2, 3),
            ("C422", 3, 3),
            ("C444", 5, 3),
        ] {
            let plane = |right: u8| {
                let mut row = vec![128; chroma_width];
                row[chroma_width - 1] = right;
                row.repeat(chroma_height)
            };
            let planes = [&luma[..], &plane(90), &plane(240)].concat();
            let image = first_image(file(&format!("W5 H3 F25:1 {name}"), &[&planes]));
            for y in 0..3 {
                let [r, g, _] = image.get_pixel(4, y).0;
                assert!(r > 240 && g < 10, "{name} {y}: {r} {g}");
                assert_eq!(image.get_pixel(0, y).0, [76; 3], "{name}");
            }
        }
    }

    #[test]
    fn grey_video_in_both_ranges() {
        let video = first_image(file("W2 H1 F1:1 Cmono", &[&[16, 235]]));
        assert_eq!(video.as_raw(), &[0, 0, 0, 255, 255, 255]);
        let full = first_image(file("W2 H1 Cmono XCOLORRANGE=FULL", &[&[16, 235]]));
        assert_eq!(full.as_raw(), &[16, 16, 16, 235, 235, 235]);
    }

    #[test]
    fn pictures_follow_one_another_and_again_after_rewinding() {
        let bytes = file("W1 H1 F30000:1001 Cmono", &[&[16], &[235]]);
        let mut reader = Y4mReader::open(Cursor::new(bytes)).unwrap();
        assert!((reader.rate().unwrap().frames_per_second() - 29.97).abs() < 0.01);
        for _ in 0..2 {
            for level in [0, 255] {
                let image = reader.next_image().unwrap().unwrap().unwrap();
                assert_eq!(image.as_raw(), &[level; 3]);
            }
            assert!(reader.next_image().unwrap().is_none());
            reader.rewind().unwrap();
        }
    }

    #[test]
    fn damage_is_reported_once_and_ends_the_file() {
        for tail in [
            &b"FRAME\n\x10\x10"[..],
            b"GARBAGE that goes on and on\nand on",
        ] {
            let mut bytes = file("W2 H2 Cmono", &[&[16; 4]]);
            bytes.extend(tail);
            let mut reader = Y4mReader::open(Cursor::new(bytes)).unwrap();
            assert!(reader.next_image().unwrap().unwrap().is_ok());
            assert!(reader.next_image().unwrap().unwrap().is_err());
            assert!(reader.next_image().unwrap().is_none());
        }
    }

    #[test]
    fn other_files_are_refused_by_what_they_are() {
        let message = |bytes: &[u8]| match Y4mReader::open(Cursor::new(bytes)) {
            Ok(_) => panic!("opened"),
            Err(error) => error.to_string(),
        };
        assert!(message(b"").contains("not a y4m"));
        assert!(message(&[0xff; 9000]).contains("not a y4m"));
        assert!(message(b"YUV4MPEG2 W4 H4 C420p10\n").contains("420p10"));
        assert!(message(b"YUV4MPEG2 W4 C420\n").contains("4x0"));
        assert!(message(b"YUV4MPEG2 W99999999999999999999 H4\n").contains("0x4"));
        assert!(message(b"YUV4MPEG2 W8192 H8192\n").contains("8192x8192"));
    }

    proptest! {
        #[test]
        fn any_header_and_body_end(header in "[WHFCX0-9: a-z]{0,40}", body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let bytes = [format!("YUV4MPEG2 W3 H2 {header}\nFRAME\n").as_bytes(), &body].concat();
            let length = bytes.len();
            if let Ok(mut reader) = Y4mReader::open(Cursor::new(bytes)) {
                let mut found = 0;
                while reader.next_image().unwrap().is_some() {
                    found += 1;
                    prop_assert!(found <= length);
                }
            }
        }
    }
}
