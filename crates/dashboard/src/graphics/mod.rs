//! Pictures on terminals that show them: which protocol a terminal speaks, and the bytes.
//!
//! Invariant: nothing is assumed of a terminal. It is asked, and what it does not answer
//! it does not have.
//!
//! Protocols: kitty graphics (<https://sw.kovidgoyal.net/kitty/graphics-protocol/>),
//! inline images of iTerm2 (<https://iterm2.com/documentation-images.html>), sixel (DEC
//! VT330/VT340 Programmer Reference Manual, chapter 14).

mod encode;
mod paint;

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use ratatui::layout::Rect;

pub(super) use encode::{Encoder, clear};
pub(super) use paint::{FaceMark, paint};

/// How a terminal takes pictures; the one of the fewest bytes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Protocol {
    /// Pixels.
    Sixel,
    /// Compressed pixels.
    Kitty,
    /// JPEG.
    Iterm2,
}

/// A terminal that shows pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Graphics {
    pub(super) protocol: Protocol,
    /// Width and height of a character cell in pixels.
    pub(super) cell: (u16, u16),
}

/// Where the picture of this drawing belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Canvas {
    pub(crate) cells: Rect,
}

/// Asks for kitty's graphics, for iTerm2's cell size, for the cell size in pixels, and last
/// for the primary device attributes, which every terminal answers and so ends the wait.
const QUERY: &[u8] = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\
    \x1b]1337;ReportCellSize\x1b\\\x1b[16t\x1b[c";

/// A terminal at the other end of the world answers within this.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Longer answers are none.
const MOST_BYTES: usize = 4096;

/// A picture with cells beyond these would be absurd.
const CELL_SIDES: std::ops::RangeInclusive<u16> = 2..=128;

/// What a terminal has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Answer {
    /// The best of those offered.
    protocol: Option<Protocol>,
    cell: Option<(u16, u16)>,
    /// Whether the last question is answered.
    is_complete: bool,
}

/// Asks the terminal, which has to be in raw mode with nobody else reading from it.
pub(super) fn ask(out: &mut impl Write) -> io::Result<Option<Graphics>> {
    out.write_all(QUERY)?;
    out.flush()?;
    let stdin = io::stdin();
    let until = Instant::now() + PATIENCE;
    let mut read = Vec::new();
    let mut answer = Answer::default();
    while !answer.is_complete && read.len() < MOST_BYTES {
        let left = until.saturating_duration_since(Instant::now());
        let mut watched = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
        let wait = u16::try_from(left.as_millis()).unwrap_or(u16::MAX);
        if left.is_zero() {
            break;
        }
        match poll(&mut watched, wait) {
            Ok(0) => break,
            Ok(_) => {}
            // A window that is being resized interrupts the wait.
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let mut bytes = [0; 256];
        // Not through `Stdin`, whose buffer would keep keys from those who read it later.
        let count = nix::unistd::read(&stdin, &mut bytes)?;
        if count == 0 {
            break;
        }
        read.extend_from_slice(&bytes[..count]);
        answer = parse(&read);
    }
    Ok(answer.graphics())
}

impl Answer {
    fn offer(&mut self, protocol: Protocol) {
        self.protocol = self.protocol.max(Some(protocol));
    }

    fn graphics(self) -> Option<Graphics> {
        Some(Graphics {
            protocol: self.protocol?,
            cell: self.cell?,
        })
    }
}

/// Reads the escape sequences among `bytes`, whatever stands between them.
fn parse(bytes: &[u8]) -> Answer {
    let mut answer = Answer::default();
    let text = String::from_utf8_lossy(bytes);
    for sequence in text.split('\x1b').skip(1) {
        if let Some(report) = sequence.strip_prefix("_G") {
            if report.starts_with("i=31;OK") {
                answer.offer(Protocol::Kitty);
            }
        } else if let Some(report) = sequence.strip_prefix("]1337;ReportCellSize=") {
            answer.offer(Protocol::Iterm2);
            let mut sides = report
                .trim_end_matches(['\x07', '\\'])
                .split(';')
                .map(|side| side.trim().parse::<f32>().unwrap_or(0.0));
            let (height, width, scale) = (sides.next(), sides.next(), sides.next());
            let scale = scale.unwrap_or(1.0).clamp(1.0, 4.0);
            let pixels = |side: Option<f32>| (side.unwrap_or(0.0) * scale) as u16;
            answer.cell = answer.cell.or(cell(pixels(width), pixels(height)));
        } else if let Some(report) = sequence.strip_prefix('[') {
            device_report(report, &mut answer);
        }
    }
    answer
}

/// `6;HEIGHT;WIDTHt`, and `?CLASS;ATTRIBUTE;...c`, where attribute 4 is sixel.
fn device_report(report: &str, answer: &mut Answer) {
    if let Some(attributes) = report.strip_prefix('?')
        && let Some((attributes, _)) = attributes.split_once('c')
        && attributes.bytes().all(|b| b.is_ascii_digit() || b == b';')
    {
        answer.is_complete = true;
        if attributes.split(';').skip(1).any(|one| one == "4") {
            answer.offer(Protocol::Sixel);
        }
    } else if let Some(sides) = report.strip_prefix("6;")
        && let Some((sides, _)) = sides.split_once('t')
        && let Some((height, width)) = sides.split_once(';')
        && let (Ok(height), Ok(width)) = (height.parse(), width.parse())
    {
        answer.cell = cell(width, height).or(answer.cell);
    }
}

fn cell(width: u16, height: u16) -> Option<(u16, u16)> {
    (CELL_SIDES.contains(&width) && CELL_SIDES.contains(&height)).then_some((width, height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers_tell_the_protocol() {
        let known = |bytes: &[u8]| parse(bytes).graphics();
        let with = |protocol, cell| Some(Graphics { protocol, cell });
        for (name, bytes, graphics) in [
            (
                "kitty",
                &b"\x1b_Gi=31;OK\x1b\\\x1b[6;18;9t\x1b[?62;c"[..],
                with(Protocol::Kitty, (9, 18)),
            ),
            (
                "iTerm2",
                b"\x1b]1337;ReportCellSize=17.0;8.0;2.0\x07\x1b[?62;4c",
                with(Protocol::Iterm2, (16, 34)),
            ),
            (
                "foot",
                b"\x1b[6;20;10t\x1b[?62;4;22c",
                with(Protocol::Sixel, (10, 20)),
            ),
            ("xterm without sixel", b"\x1b[6;20;10t\x1b[?64;1;2c", None),
            (
                "kitty that refuses",
                b"\x1b_Gi=31;EINVAL:x\x1b\\\x1b[6;18;9t\x1b[?6c",
                None,
            ),
            ("sixel without a cell size", b"\x1b[?62;4c", None),
            ("a cell of nothing", b"\x1b[6;0;0t\x1b[?62;4c", None),
            ("class 4 is no attribute 4", b"\x1b[6;20;10t\x1b[?4c", None),
            (
                "keys in between",
                b"qe\x1b[6;20;10tx\x1b[?62;4cz",
                with(Protocol::Sixel, (10, 20)),
            ),
            ("Linux console", b"\x1b[?6c", None),
        ] {
            assert_eq!(known(bytes), graphics, "{name}");
            assert!(parse(bytes).is_complete, "{name}");
            for end in 0..bytes.len() {
                parse(&bytes[..end]);
            }
        }
        assert!(!parse(b"\x1b[?62;4").is_complete);
    }

    proptest! {
        #[test]
        fn no_answer_is_a_panic(bytes: Vec<u8>) {
            parse(&bytes);
            parse(&[&b"\x1b[6;"[..], &bytes, b"t\x1b[?62;4c"].concat());
        }
    }
}
