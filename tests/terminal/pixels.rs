//! Terminals that show pictures: what they answer, and that the camera's picture comes out
//! of the bytes they are sent.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::RgbImage;
use portable_pty::PtySize;

use super::{Line, PATIENCE};

/// Cells are 9 pixels wide and 18 high.
const SIZE: PtySize = PtySize {
    rows: 40,
    cols: 120,
    pixel_width: 1080,
    pixel_height: 720,
};

/// A terminal that answers as it is told to and keeps what it is sent.
struct FakeTerminal {
    received: Vec<u8>,
    output: Receiver<Vec<u8>>,
    input: Box<dyn std::io::Write + Send>,
    line: Line,
    _data: tempfile::TempDir,
}

impl FakeTerminal {
    fn start(answer: &str) -> Self {
        let picture = Path::new("tests/fixtures/faces/astronaut.jpg");
        Self::playing(
            answer,
            &["--source", picture.to_str().unwrap(), "--rate", "5"],
            12,
        )
    }

    fn playing(answer: &str, source: &[&str], frames: u32) -> Self {
        let data = tempfile::tempdir().unwrap();
        let frames = frames.to_string();
        let environment = [("ROLLCALL_DASHBOARD_FRAMES_PER_SECOND", frames.as_str())];
        let line = Line::start(SIZE, data.path(), &environment, source);
        let mut terminal = Self {
            received: Vec::new(),
            output: line.output(),
            input: line.keys(),
            line,
            _data: data,
        };
        // The last question is for the device attributes.
        terminal.waits_for(|received| find(received, b"\x1b[c").is_some());
        terminal.input.write_all(answer.as_bytes()).unwrap();
        terminal
    }

    fn waits_for(&mut self, is_there: impl Fn(&[u8]) -> bool) {
        let started = Instant::now();
        while !is_there(&self.received) {
            let left = PATIENCE.saturating_sub(started.elapsed());
            let bytes = self.output.recv_timeout(left).unwrap_or_else(|error| {
                let text = String::from_utf8_lossy(&self.received).into_owned();
                panic!("{error} after {text:.3000}")
            });
            self.received.extend(bytes);
        }
    }

    fn ends(mut self) -> Vec<u8> {
        // It asks whether the station shall end.
        self.input.write_all(b"qy").unwrap();
        // Read to the end: a full line would keep the program from ending.
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.received.extend(bytes);
        }
        assert!(self.line.child.wait().unwrap().success());
        self.received
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// What stands between `start` and `end`.
fn between<'a>(bytes: &'a [u8], start: &[u8], end: &[u8]) -> Option<&'a [u8]> {
    let from = find(bytes, start)? + start.len();
    let length = find(&bytes[from..], end)?;
    Some(&bytes[from..from + length])
}

/// That the picture is the one in front of the camera, but for what is painted on it.
fn assert_is_the_astronaut(seen: &RgbImage) {
    let original = image::open("tests/fixtures/faces/astronaut.jpg")
        .unwrap()
        .into_rgb8();
    let small = |image: &RgbImage| image::imageops::thumbnail(image, 16, 16);
    let (seen, original) = (small(seen), small(&original));
    let difference: u64 = seen
        .as_raw()
        .iter()
        .zip(original.as_raw())
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    let mean = difference as f64 / seen.as_raw().len() as f64;
    assert!(mean < 20.0, "mean difference {mean}");
}

#[test]
fn kitty_shows_the_picture() {
    let mut terminal = FakeTerminal::start("\x1b_Gi=31;OK\x1b\\\x1b[6;18;9t\x1b[?62;c");
    terminal.waits_for(|received| find(received, b"m=0;").is_some());
    let received = terminal.ends();
    let control = between(&received, b"\x1b_Ga=T,", b";").unwrap();
    let control = String::from_utf8_lossy(control).into_owned();
    let number = |key: &str| -> u32 {
        let pair = control.split(',').find(|pair| pair.starts_with(key));
        pair.unwrap()[key.len()..].parse().unwrap()
    };
    let mut payload = Vec::new();
    let mut rest = &received[find(&received, b"\x1b_Ga=T,").unwrap()..];
    loop {
        let chunk = between(rest, b"\x1b_G", b"\x1b\\").unwrap();
        let is_last = find(chunk, b"m=0;").is_some();
        payload.extend(&chunk[chunk.iter().position(|b| *b == b';').unwrap() + 1..]);
        rest = &rest[find(rest, b"\x1b\\").unwrap() + 2..];
        if is_last {
            break;
        }
    }
    let mut pixels = Vec::new();
    flate2::read::ZlibDecoder::new(&BASE64.decode(payload).unwrap()[..])
        .read_to_end(&mut pixels)
        .unwrap();
    let image = RgbImage::from_raw(number("s="), number("v="), pixels).unwrap();
    assert_is_the_astronaut(&image);
    let aspect = f64::from(number("c=") * 9) / f64::from(number("r=") * 18);
    assert!((0.9..1.1).contains(&aspect), "a square picture: {aspect}");
    let last_picture = received
        .windows(6)
        .rposition(|w| w == b"\x1b_Ga=T")
        .unwrap();
    let alternate = find(&received[last_picture..], b"\x1b[?1049l");
    assert!(alternate.is_some(), "the screen is given back");
}

#[test]
fn iterm2_shows_the_picture() {
    let mut terminal = FakeTerminal::start("\x1b]1337;ReportCellSize=18.0;9.0;1.0\x07\x1b[?62;4c");
    terminal.waits_for(|received| between(received, b"doNotMoveCursor=1:", b"\x07").is_some());
    let received = terminal.ends();
    let jpeg = between(&received, b"doNotMoveCursor=1:", b"\x07").unwrap();
    let image = image::load_from_memory(&BASE64.decode(jpeg).unwrap()).unwrap();
    assert_is_the_astronaut(&image.into_rgb8());
}

#[test]
fn sixel_shows_the_picture() {
    let mut terminal = FakeTerminal::start("\x1b[6;18;9t\x1b[?62;4;22c");
    terminal.waits_for(|received| between(received, b"\x1bP0;1;0q", b"\x1b\\").is_some());
    let received = terminal.ends();
    let sixels = between(&received, b"\x1bP0;1;0q", b"\x1b\\").unwrap();
    let whole = [b"\x1bP0;1;0q", sixels, b"\x1b\\"].concat();
    let decoded = icy_sixel::SixelImage::decode(&whole).unwrap();
    let (width, height) = decoded.dimensions();
    let rgb = decoded
        .pixels
        .chunks_exact(4)
        .flat_map(|p| [p[0], p[1], p[2]]);
    let image = RgbImage::from_raw(width as u32, height as u32, rgb.collect()).unwrap();
    assert_is_the_astronaut(&image);
}

#[test]
fn a_terminal_without_pictures_gets_blocks() {
    let mut terminal = FakeTerminal::start("\x1b[?6c");
    terminal.waits_for(|received| find(received, "▀".as_bytes()).is_some());
    let received = terminal.ends();
    assert!(find(&received, b"\x1bP0;1;0q").is_none());
    assert!(find(&received, b"\x1b_Ga=T").is_none());
}

/// `cargo test --release --test terminal -- --ignored --nocapture`
#[test]
#[ignore = "measures for minutes"]
fn bytes_a_second_of_the_demonstration() {
    const SECONDS: u64 = 20;
    for (name, answer) in [
        (
            "iTerm2",
            "\x1b]1337;ReportCellSize=18.0;9.0;1.0\x07\x1b[?62;c",
        ),
        ("kitty", "\x1b_Gi=31;OK\x1b\\\x1b[6;18;9t\x1b[?62;c"),
        ("sixel", "\x1b[6;18;9t\x1b[?62;4;22c"),
    ] {
        for frames in [5, 10] {
            let mut terminal = FakeTerminal::playing(answer, &["--demo"], frames);
            let wait = |terminal: &mut FakeTerminal, seconds| {
                let started = Instant::now();
                while started.elapsed() < Duration::from_secs(seconds) {
                    if let Ok(bytes) = terminal.output.recv_timeout(Duration::from_millis(50)) {
                        terminal.received.extend(bytes);
                    }
                }
                terminal.received.len() as u64
            };
            let before = wait(&mut terminal, 8);
            let after = wait(&mut terminal, SECONDS);
            println!(
                "{name:8} {frames:2}/s {:4} kB/s",
                (after - before) / SECONDS / 1000
            );
            terminal.ends();
        }
    }
}
