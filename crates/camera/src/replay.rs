//! Pictures from files, at a chosen rate, once or again and again.
//!
//! A picture, a folder of pictures in natural order (`9.jpg` before `10.jpg`),
//! a Motion JPEG stream, an AVI file with Motion JPEG, or a y4m file. What a
//! file is, its first bytes say; only a bare stream of JPEG pictures is told
//! from one JPEG picture by its name.

use std::cmp::Ordering;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use image::RgbImage;

use super::avi::{AviError, AviReader};
use super::mjpeg::{Found, MjpegReader};
use super::pace::Pacer;
use super::y4m::{Y4mError, Y4mReader};
use super::{
    CameraError, Delivery, FrameRate, FrameSource, OpenSource, Repeat, SourceDescription,
    SourceOptions, compressed,
};
use rollcall_picture as picture;
use rollcall_system::read_bounded;
use rollcall_system::stop::StopFlag;

/// Rate of pictures that have none of their own.
const DEFAULT_FRAMES_PER_SECOND: f64 = 10.0;

const PICTURE_EXTENSIONS: [&str; 8] = ["jpg", "jpeg", "png", "bmp", "gif", "tif", "tiff", "webp"];
const STREAM_EXTENSIONS: [&str; 3] = ["mjpg", "mjpeg", "mjpe"];

/// Opens [`ReplaySource`]s.
#[derive(Debug, Clone)]
pub struct ReplayOpener {
    path: PathBuf,
    options: SourceOptions,
}

impl ReplayOpener {
    /// Replays `path`.
    pub fn new(path: PathBuf, options: SourceOptions) -> Self {
        Self { path, options }
    }
}

impl OpenSource for ReplayOpener {
    fn open(&self, stop: &StopFlag) -> Result<Box<dyn FrameSource>, CameraError> {
        let source = ReplaySource::open(&self.path, self.options, stop.clone())?;
        Ok(Box::new(source))
    }

    fn comes_back(&self) -> bool {
        false
    }
}

/// Delivers what a file or folder holds.
#[derive(Debug)]
pub struct ReplaySource {
    path: PathBuf,
    reel: Reel,
    repeat: Repeat,
    pacer: Pacer,
    /// Pictures delivered and pictures found damaged since the file last began.
    whole: u64,
    damaged: u64,
    ended: bool,
}

#[derive(Debug)]
enum Reel {
    Pictures(Pictures),
    Mjpeg(MjpegReader<File>),
    Avi(AviReader<File>),
    Y4m(Y4mReader<File>),
}

#[derive(Debug)]
struct Pictures {
    paths: Vec<PathBuf>,
    next: usize,
    /// A single picture is decoded once, however often it is shown.
    only: Option<RgbImage>,
}

impl ReplaySource {
    /// Opens a file or folder and finds out what it is.
    ///
    /// # Errors
    /// When it cannot be read, holds nothing to show, or is a kind of video that is not read.
    pub fn open(path: &Path, options: SourceOptions, stop: StopFlag) -> Result<Self, CameraError> {
        let metadata = fs::metadata(path).map_err(CameraError::file("open", path))?;
        let reel = if metadata.is_dir() {
            Reel::Pictures(Pictures::new(pictures_in(path)?))
        } else {
            Reel::of_file(path)?
        };
        let rate = options
            .rate
            .or_else(|| reel.rate())
            .or_else(|| FrameRate::new(DEFAULT_FRAMES_PER_SECOND));
        let rate = rate.ok_or_else(|| unsupported(path, &"it has no frame rate"))?;
        Ok(Self {
            path: path.to_path_buf(),
            reel,
            repeat: options.repeat,
            pacer: Pacer::new(rate, stop),
            whole: 0,
            damaged: 0,
            ended: false,
        })
    }

    fn rewind(&mut self) -> Result<(), CameraError> {
        self.whole = 0;
        self.damaged = 0;
        self.reel
            .rewind()
            .map_err(CameraError::file("rewind", &self.path))
    }

    fn no_pictures(&self) -> CameraError {
        CameraError::NoPictures {
            path: self.path.clone(),
            damaged: self.damaged,
        }
    }
}

impl FrameSource for ReplaySource {
    fn describe(&self) -> SourceDescription {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        SourceDescription {
            name: name.to_string_lossy().into_owned(),
            resolution: match &self.reel {
                Reel::Y4m(reader) => Some(reader.resolution()),
                _ => None,
            },
            rate: Some(self.pacer.rate()),
        }
    }

    fn next_image(&mut self) -> Result<Delivery, CameraError> {
        if self.ended {
            return Ok(Delivery::End);
        }
        loop {
            match self.reel.next(&self.path)? {
                Some(Ok(image)) => {
                    self.whole += 1;
                    self.pacer.wait();
                    return Ok(Delivery::Image(image));
                }
                Some(Err(reason)) => {
                    self.damaged += 1;
                    // Damage takes its time too, or a film of nothing else would keep the
                    // machine busy.
                    self.pacer.wait();
                    return Ok(Delivery::Damaged(reason));
                }
                // Without this a file of nothing but damage would be read for ever.
                None if self.whole == 0 => return Err(self.no_pictures()),
                None if self.repeat == Repeat::Once => {
                    self.ended = true;
                    return Ok(Delivery::End);
                }
                None => self.rewind()?,
            }
        }
    }
}

impl Reel {
    fn of_file(path: &Path) -> Result<Self, CameraError> {
        let open = || read_bounded::open(path).map_err(CameraError::file("open", path));
        let mut start = Vec::new();
        open()?
            .take(16)
            .read_to_end(&mut start)
            .map_err(CameraError::file("read", path))?;
        if start.starts_with(b"RIFF") && start.get(8..12) == Some(b"AVI ") {
            let reader = AviReader::open(open()?).map_err(|error| match error {
                AviError::Io(source) => CameraError::file("read", path)(source),
                other => unsupported(path, &other),
            })?;
            return Ok(Self::Avi(reader));
        }
        if start.starts_with(b"YUV4MPEG2") {
            let reader = Y4mReader::open(open()?).map_err(|error| match error {
                Y4mError::Io(source) => CameraError::file("read", path)(source),
                other => unsupported(path, &other),
            })?;
            return Ok(Self::Y4m(reader));
        }
        let is_jpeg = start.starts_with(&[0xff, 0xd8]);
        if has_extension(path, &STREAM_EXTENSIONS)
            || is_jpeg && !has_extension(path, &PICTURE_EXTENSIONS)
        {
            return Ok(Self::Mjpeg(MjpegReader::new(open()?)));
        }
        if let Some(kind) = foreign_video(&start) {
            return Err(unsupported(
                path,
                &format!(
                    "it is {kind}; only Motion JPEG in AVI and y4m are read (`ffmpeg -i FILE -c:v mjpeg -q:v 3 NEW.avi` converts it)"
                ),
            ));
        }
        Ok(Self::Pictures(Pictures::new(vec![path.to_path_buf()])))
    }

    fn rate(&self) -> Option<FrameRate> {
        match self {
            Self::Avi(reader) => reader.rate(),
            Self::Y4m(reader) => reader.rate(),
            Self::Pictures(_) | Self::Mjpeg(_) => None,
        }
    }

    /// The next picture or why it is none; `None` at the end.
    fn next(&mut self, path: &Path) -> Result<Option<Result<RgbImage, String>>, CameraError> {
        let found = match self {
            Self::Pictures(pictures) => return Ok(pictures.next()),
            Self::Mjpeg(reader) => reader.next_picture().map(|found| found.map(decode)),
            Self::Avi(reader) => reader.next_picture().map(|found| found.map(decode)),
            Self::Y4m(reader) => reader.next_image(),
        };
        found.map_err(CameraError::file("read", path))
    }

    fn rewind(&mut self) -> io::Result<()> {
        match self {
            Self::Pictures(pictures) => {
                pictures.next = 0;
                Ok(())
            }
            Self::Mjpeg(reader) => reader.rewind(),
            Self::Avi(reader) => reader.rewind(),
            Self::Y4m(reader) => reader.rewind(),
        }
    }
}

impl Pictures {
    fn new(paths: Vec<PathBuf>) -> Self {
        Self {
            paths,
            next: 0,
            only: None,
        }
    }

    fn next(&mut self) -> Option<Result<RgbImage, String>> {
        let path = self.paths.get(self.next)?;
        self.next += 1;
        if let Some(image) = &self.only {
            return Some(Ok(image.clone()));
        }
        let opened = picture::open(path).map_err(|error| error.to_string());
        if let (Ok(image), 1) = (&opened, self.paths.len()) {
            self.only = Some(image.clone());
        }
        Some(opened)
    }
}

fn decode(found: Found) -> Result<RgbImage, String> {
    compressed::decode(&found?)
}

/// The pictures of a folder in natural order; hidden files and other kinds are left out.
fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>, CameraError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(CameraError::file("list", folder))? {
        let entry = entry.map_err(CameraError::file("list", folder))?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let path = entry.path();
        if !hidden && path.is_file() && has_extension(&path, &PICTURE_EXTENSIONS) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(CameraError::NoPictures {
            path: folder.to_path_buf(),
            damaged: 0,
        });
    }
    paths.sort_by(|a, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(paths)
}

/// Compares runs of digits by their value and everything else by character.
fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    loop {
        let (number_a, after_a) = split_digits(rest_a);
        let (number_b, after_b) = split_digits(rest_b);
        if !number_a.is_empty() && !number_b.is_empty() {
            let (a, b) = (
                number_a.trim_start_matches('0'),
                number_b.trim_start_matches('0'),
            );
            match a.len().cmp(&b.len()).then_with(|| a.cmp(b)) {
                Ordering::Equal => (rest_a, rest_b) = (after_a, after_b),
                unequal => return unequal,
            }
            continue;
        }
        let (mut chars_a, mut chars_b) = (rest_a.chars(), rest_b.chars());
        match (chars_a.next(), chars_b.next()) {
            // Names that differ in leading zeros only still need one fixed order.
            (None, None) => return a.cmp(b),
            (x, y) if x != y => return x.cmp(&y),
            _ => (rest_a, rest_b) = (chars_a.as_str(), chars_b.as_str()),
        }
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| extensions.iter().any(|e| extension.eq_ignore_ascii_case(e)))
}

/// Names the containers people are most likely to try.
fn foreign_video(start: &[u8]) -> Option<&'static str> {
    if start.get(4..8) == Some(b"ftyp") {
        Some("an MP4 or QuickTime video")
    } else if start.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
        Some("a Matroska or WebM video")
    } else if start.starts_with(&[0, 0, 1, 0xba]) || start.starts_with(&[0, 0, 1, 0xb3]) {
        Some("an MPEG video")
    } else {
        None
    }
}

fn unsupported(path: &Path, what: &dyn std::fmt::Display) -> CameraError {
    CameraError::Unsupported {
        path: path.to_path_buf(),
        what: what.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::avi::tests::avi;
    use super::*;
    use crate::drawn::{jpeg, picture};

    /// As fast as rates go, so that no test waits.
    fn fast(repeat: Repeat) -> SourceOptions {
        SourceOptions {
            rate: FrameRate::new(240.0),
            repeat,
        }
    }

    fn open(path: &Path, repeat: Repeat) -> Result<ReplaySource, CameraError> {
        ReplaySource::open(path, fast(repeat), StopFlag::new())
    }

    /// Widths of the pictures; 0 for a damaged one.
    fn widths(source: &mut ReplaySource, most: usize) -> Vec<u32> {
        let mut widths = Vec::new();
        while widths.len() < most {
            match source.next_image().unwrap() {
                Delivery::Image(image) => widths.push(image.width()),
                Delivery::Damaged(_) => widths.push(0),
                Delivery::End => break,
            }
        }
        widths
    }

    #[test]
    fn a_folder_plays_in_natural_order_and_skips_what_is_no_picture() {
        let folder = tempfile::tempdir().unwrap();
        for width in [9, 10, 100] {
            let path = folder.path().join(format!("{width}.png"));
            picture(width, 8).save(path).unwrap();
        }
        fs::write(folder.path().join("50.jpg"), b"not a picture").unwrap();
        fs::write(folder.path().join(".hidden.jpg"), b"").unwrap();
        fs::write(folder.path().join("notes.txt"), b"").unwrap();
        let mut once = open(folder.path(), Repeat::Once).unwrap();
        assert_eq!(widths(&mut once, 99), [9, 10, 0, 100]);
        assert_eq!(once.next_image().unwrap(), Delivery::End);
        let mut again = open(folder.path(), Repeat::Forever).unwrap();
        assert_eq!(widths(&mut again, 6), [9, 10, 0, 100, 9, 10]);
    }

    #[test]
    fn each_kind_of_file_is_known_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (jpeg(&picture(40, 30)), jpeg(&picture(32, 32)));
        let y4m = b"YUV4MPEG2 W2 H1 F5:1 Cmono\nFRAME\n\x10\x10FRAME\n\x20\x20".to_vec();
        for (name, bytes, expected) in [
            (
                "film.bin",
                avi(b"MJPG", &[a.clone(), b.clone()]),
                &[40, 32][..],
            ),
            ("stream.mjpg", [&a[..], &b].concat(), &[40, 32]),
            ("stream", [&a[..], &b].concat(), &[40, 32]),
            ("one.jpg", a.clone(), &[40]),
            ("raw.dat", y4m, &[2, 2]),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            let mut source = open(&path, Repeat::Once).unwrap();
            assert_eq!(widths(&mut source, 9), expected, "{name}");
            assert_eq!(source.describe().name, name);
        }
    }

    #[test]
    fn a_file_says_its_own_rate_unless_told_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.avi");
        fs::write(&path, avi(b"MJPG", &[jpeg(&picture(16, 16))])).unwrap();
        let rate = |options| {
            let source = ReplaySource::open(&path, options, StopFlag::new()).unwrap();
            source.describe().rate.unwrap().frames_per_second()
        };
        assert_eq!(rate(SourceOptions::default()), 12.0);
        assert_eq!(rate(fast(Repeat::Once)), 240.0);
    }

    #[test]
    fn nothing_to_show_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let message = |error: CameraError| error.to_string();
        let empty = open(folder.path(), Repeat::Once).map(drop).unwrap_err();
        assert!(message(empty).contains("holds no picture"));
        let missing = folder.path().join("missing.avi");
        let error = open(&missing, Repeat::Once).map(drop).unwrap_err();
        assert!(message(error).contains("missing.avi"));
        for (name, bytes) in [
            ("broken.avi", avi(b"MJPG", &[b"no jpeg".to_vec()])),
            ("broken.mjpg", vec![1; 100]),
            ("broken.jpg", vec![]),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            let mut source = open(&path, Repeat::Forever).unwrap();
            let error = loop {
                match source.next_image() {
                    Ok(Delivery::Damaged(_)) => {}
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => break error.to_string(),
                }
            };
            assert!(error.contains(name), "{error}");
        }
        let film = folder.path().join("film.mp4");
        fs::write(&film, b"\0\0\0\x20ftypisom\0\0\0\0").unwrap();
        let error = open(&film, Repeat::Once).map(drop).unwrap_err();
        assert!(message(error).contains("MP4"));
    }

    #[test]
    fn natural_order_is_an_order() {
        let sorted = [
            "",
            "a",
            "a01",
            "a1",
            "a2",
            "a10",
            "a10b",
            "b",
            "b9",
            "b99999999999999999999",
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(natural_order(a, b), i.cmp(&j), "{a} {b}");
            }
        }
    }
}
