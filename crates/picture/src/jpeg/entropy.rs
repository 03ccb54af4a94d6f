//! Counts what the compressed data of a picture really hold.
//!
//! JPEG has no checksum, and decoders fill with grey what is missing: a picture that a
//! camera sent in half and closed with an end marker, or one that lost a packet in its
//! middle, comes out as a whole one. So the Huffman codes are walked here once more,
//! without computing a pixel, and every block must be there (ITU-T T.81, annex F.2).
//!
//! Progressive pictures, which people have, are walked scan by scan ([`progressive`]). In the
//! end all that was begun must have been refined to its last bit: where a file was cut
//! between two scans, the rest of it would only look out of focus.
//!
//! Deliberately absent: arithmetic, lossless and hierarchical pictures, which hardly anybody
//! has. They pass, and are left to the decoder, which refuses them.

mod codes;
mod progressive;

use super::JpegError;
use codes::{Bits, Codes, Fault, Tables};
use progressive::Progress;

const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const RESTART_INTERVAL: u8 = 0xdd;
const HUFFMAN_TABLES: u8 = 0xc4;
const FIRST_RESTART: u8 = 0xd0;

/// Coefficients of a block, of which the first is the DC one.
const COEFFICIENTS: u32 = 64;

/// A note of a bit for each coefficient is kept of progressive pictures, which is a fraction
/// of what a decoder keeps of them.
const MOST_PROGRESSIVE_PIXELS: usize = 100_000_000;

/// Encoders make about ten. A scan of a few bytes may stand for a million blocks, so their
/// number is what a hostile picture could keep a machine busy with.
const MOST_SCANS: usize = 200;

/// Some cameras drop the last bits before the end marker, for which other decoders are
/// prepared too. It costs a corner of 16 pixels.
const MAY_BE_MISSING: usize = 1;

/// Whether the last unit may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The picture has an end marker.
    Marked,
    /// It has none, so that only its blocks tell whether it is whole.
    Unmarked,
}

/// Checks that every block of `picture` is there. Returns the bytes that a decoder keeps of
/// it besides the pixels.
pub(super) fn check(picture: &[u8], ending: Ending) -> Result<u64, JpegError> {
    let mut walker = Walker {
        tables: Tables::default(),
        frame: None,
        scans: 0,
        may_be_missing: match ending {
            Ending::Marked => MAY_BE_MISSING,
            Ending::Unmarked => 0,
        },
    };
    let mut at = 2;
    while let Some((marker, segment, next)) = next_segment(picture, at) {
        at = next;
        match marker {
            END_OF_IMAGE => break,
            HUFFMAN_TABLES => walker.tables.define(segment)?,
            RESTART_INTERVAL => walker.tables.restart_interval = word(segment, 0)?,
            0xc0..=0xcf if marker != 0xc8 && marker != 0xcc => {
                let Some(coding) = Coding::of(marker) else {
                    return Ok(0);
                };
                if walker.frame.is_some() {
                    return Err(MALFORMED);
                }
                walker.frame = Some(Frame::read(segment, coding)?);
            }
            START_OF_SCAN => {
                let mut bits = Bits::new(&picture[at..]);
                walker.scan(segment, &mut bits)?;
                at = picture.len() - bits.rest_behind_scan().len();
            }
            _ => {}
        }
    }
    let frame = walker.frame.ok_or(MALFORMED)?;
    frame.check_complete()?;
    Ok(frame.coefficient_bytes())
}

/// What is known while the segments are walked.
struct Walker {
    tables: Tables,
    frame: Option<Frame>,
    scans: usize,
    may_be_missing: usize,
}

impl Walker {
    /// Walks one scan of the picture.
    fn scan(&mut self, segment: &[u8], bits: &mut Bits<'_>) -> Result<(), JpegError> {
        self.scans += 1;
        if self.scans > MOST_SCANS {
            return Err(JpegError::Malformed("it has too many scans"));
        }
        let frame = self.frame.as_mut().ok_or(MALFORMED)?;
        let scan = Scan::read(segment, frame)?;
        let interval = self.tables.restart_interval;
        let mut run = frame.begin(&scan, segment)?;
        for unit in 0..scan.units {
            let walked = if interval > 0 && unit > 0 && unit % interval == 0 {
                run.restart();
                bits.restart(unit / interval - 1)
            } else {
                Ok(())
            }
            .and_then(|()| run.walk_unit(unit, &scan, &self.tables, bits));
            match walked {
                Err(Fault::Ended) if unit + self.may_be_missing >= scan.units => {}
                Err(fault) => {
                    return Err(JpegError::Damaged(format!(
                        "{} after {unit} of {} blocks",
                        fault.in_words(),
                        scan.units
                    )));
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }
}

/// How the blocks of a frame are spread over scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// Each block in one scan: baseline and extended.
    Sequential,
    Progressive,
}

impl Coding {
    /// `None` for those that are not walked.
    fn of(marker: u8) -> Option<Self> {
        match marker {
            0xc0 | 0xc1 => Some(Self::Sequential),
            0xc2 => Some(Self::Progressive),
            _ => None,
        }
    }
}

/// What a scan adds to the frame while it is walked.
enum Run<'a> {
    Sequential,
    Progressive(progressive::Run<'a>),
}

impl Run<'_> {
    fn restart(&mut self) {
        if let Self::Progressive(run) = self {
            run.restart();
        }
    }

    fn walk_unit(
        &mut self,
        unit: usize,
        scan: &Scan,
        tables: &Tables,
        bits: &mut Bits<'_>,
    ) -> Result<(), Fault> {
        match self {
            Self::Sequential => scan.walk_unit(tables, bits),
            Self::Progressive(run) => run.walk_unit(unit, scan, tables, bits),
        }
    }
}

const MALFORMED: JpegError = JpegError::Malformed("its headers contradict each other");

/// Marker, content and end of the segment at or after `at`. Like decoders it steps over
/// stray bytes, which some programs leave between segments.
fn next_segment(picture: &[u8], at: usize) -> Option<(u8, &[u8], usize)> {
    let rest = picture.get(at..)?;
    let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xff);
    let stray = rest.windows(2).position(is_marker)?;
    let marker = rest[stray + 1];
    let begin = at + stray + 2;
    if matches!(marker, 0x01 | 0xd0..=END_OF_IMAGE) {
        return Some((marker, &[], begin));
    }
    let length = [*picture.get(begin)?, *picture.get(begin + 1)?];
    let end = begin + usize::from(u16::from_be_bytes(length));
    Some((marker, picture.get(begin + 2..end)?, end))
}

fn byte(segment: &[u8], at: usize) -> Result<usize, JpegError> {
    segment.get(at).map(|b| usize::from(*b)).ok_or(MALFORMED)
}

fn word(segment: &[u8], at: usize) -> Result<usize, JpegError> {
    Ok(byte(segment, at)? << 8 | byte(segment, at + 1)?)
}

/// Size of the picture and of its components' blocks.
struct Frame {
    coding: Coding,
    width: usize,
    height: usize,
    components: Vec<Component>,
}

struct Component {
    id: usize,
    horizontal: usize,
    vertical: usize,
    /// Whether a scan of a sequential picture had it.
    is_scanned: bool,
    progress: Progress,
}

impl Frame {
    fn read(segment: &[u8], coding: Coding) -> Result<Self, JpegError> {
        let components = (0..byte(segment, 5)?).map(|index| {
            let at = 6 + index * 3;
            let sampling = byte(segment, at + 1)?;
            Ok(Component {
                id: byte(segment, at)?,
                horizontal: sampling >> 4,
                vertical: sampling & 0xf,
                is_scanned: false,
                progress: Progress::default(),
            })
        });
        let frame = Self {
            coding,
            width: word(segment, 3)?,
            height: word(segment, 1)?,
            components: components.collect::<Result<_, JpegError>>()?,
        };
        let is_sampled =
            |c: &Component| (1..=4).contains(&c.horizontal) && (1..=4).contains(&c.vertical);
        if frame.components.is_empty() || !frame.components.iter().all(is_sampled) {
            return Err(MALFORMED);
        }
        Ok(frame)
    }

    /// Notes what `scan` is about to bring.
    fn begin(&mut self, scan: &Scan, segment: &[u8]) -> Result<Run<'_>, JpegError> {
        match self.coding {
            Coding::Sequential => {
                for part in &scan.parts {
                    self.components[part.component].is_scanned = true;
                }
                Ok(Run::Sequential)
            }
            Coding::Progressive => {
                if self.width * self.height > MOST_PROGRESSIVE_PIXELS {
                    return Err(JpegError::TooLarge(self.width, self.height));
                }
                progressive::begin(&mut self.components, scan, segment).map(Run::Progressive)
            }
        }
    }

    /// Checks that the scans brought everything.
    fn check_complete(&self) -> Result<(), JpegError> {
        let missing = |what: &str| Err(JpegError::Damaged(what.to_owned()));
        match self.coding {
            Coding::Sequential if self.components.iter().all(|c| c.is_scanned) => Ok(()),
            Coding::Sequential => missing("a colour is missing"),
            Coding::Progressive => {
                let mut components = self.components.iter().enumerate();
                if components.all(|(index, component)| component.progress.is_whole(index)) {
                    Ok(())
                } else {
                    missing("its last scans are missing")
                }
            }
        }
    }

    /// What a decoder keeps of a progressive picture: two bytes for each coefficient.
    fn coefficient_bytes(&self) -> u64 {
        if self.coding == Coding::Sequential {
            return 0;
        }
        let (across, down) = self.most_samples();
        let units = self.width.div_ceil(across * 8) * self.height.div_ceil(down * 8);
        let blocks: usize = self
            .components
            .iter()
            .map(|c| c.horizontal * c.vertical)
            .sum();
        (units * blocks) as u64 * u64::from(COEFFICIENTS) * 2
    }

    /// The greatest sampling factors, across and down.
    fn most_samples(&self) -> (usize, usize) {
        let across = self.components.iter().map(|c| c.horizontal).max();
        let down = self.components.iter().map(|c| c.vertical).max();
        (across.unwrap_or(1), down.unwrap_or(1))
    }
}

/// What one scan holds: units, each with some blocks of every component in it.
struct Scan {
    units: usize,
    parts: Vec<Part>,
}

struct Part {
    /// Index in the frame.
    component: usize,
    blocks: usize,
    dc_table: usize,
    ac_table: usize,
}

impl Scan {
    fn read(segment: &[u8], frame: &Frame) -> Result<Self, JpegError> {
        let parts = (0..byte(segment, 0)?).map(|index| {
            let id = byte(segment, 1 + index * 2)?;
            let tables = byte(segment, 2 + index * 2)?;
            let component = frame
                .components
                .iter()
                .position(|c| c.id == id)
                .ok_or(MALFORMED)?;
            let Component {
                horizontal,
                vertical,
                ..
            } = frame.components[component];
            Ok(Part {
                component,
                blocks: horizontal * vertical,
                dc_table: tables >> 4,
                ac_table: tables & 0xf,
            })
        });
        let mut parts: Vec<Part> = parts.collect::<Result<_, JpegError>>()?;
        let (across, down) = frame.most_samples();
        let units = match &mut parts[..] {
            [] => return Err(MALFORMED),
            // A component on its own has only the blocks that show something (A.2.2).
            [only] => {
                only.blocks = 1;
                let Component {
                    horizontal,
                    vertical,
                    ..
                } = frame.components[only.component];
                (frame.width * horizontal).div_ceil(across * 8)
                    * (frame.height * vertical).div_ceil(down * 8)
            }
            _ => frame.width.div_ceil(across * 8) * frame.height.div_ceil(down * 8),
        };
        Ok(Self { units, parts })
    }

    fn walk_unit(&self, tables: &Tables, bits: &mut Bits<'_>) -> Result<(), Fault> {
        for part in &self.parts {
            let (dc, ac) = (tables.dc(part.dc_table)?, tables.ac(part.ac_table)?);
            for _ in 0..part.blocks {
                walk_block(dc, ac, bits)?;
            }
        }
        Ok(())
    }
}

fn walk_block(dc: &Codes, ac: &Codes, bits: &mut Bits<'_>) -> Result<(), Fault> {
    let size = bits.symbol(dc)?;
    if size > 16 {
        return Err(Fault::Nonsense);
    }
    bits.skip(u32::from(size))?;
    let mut coefficient = 1;
    while coefficient < COEFFICIENTS {
        let symbol = bits.symbol(ac)?;
        let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 0xf));
        match (zeros, size) {
            // The rest of the block is zero.
            (0, 0) => return Ok(()),
            (15, 0) => coefficient += 16,
            (_, 0) => return Err(Fault::Nonsense),
            _ => coefficient += zeros + 1,
        }
        bits.skip(size)?;
    }
    if coefficient > COEFFICIENTS {
        return Err(Fault::Nonsense);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{jpeg, picture};
    use super::super::{STANDARD_HUFFMAN_TABLES, decode};
    use super::*;

    /// Where the first scan's data begin.
    fn data_of(bytes: &[u8]) -> usize {
        let mut at = 2;
        while let Some((marker, _, next)) = next_segment(bytes, at) {
            at = next;
            if marker == START_OF_SCAN {
                break;
            }
        }
        at
    }

    /// A grey picture of 8×8 blocks side by side, with a restart after every block. A block
    /// is "no difference" (00) and "nothing follows" (1010), filled up with ones.
    fn with_restarts(blocks: u8, present: u8) -> Vec<u8> {
        const BLOCK: u8 = 0b0010_1011;
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
        bytes.extend([16; 64]);
        bytes.extend(STANDARD_HUFFMAN_TABLES);
        bytes.extend([0xff, RESTART_INTERVAL, 0, 4, 0, 1]);
        bytes.extend([0xff, 0xc0, 0, 11, 8, 0, 8, 0, blocks * 8, 1, 1, 0x11, 0]);
        bytes.extend([0xff, START_OF_SCAN, 0, 8, 1, 1, 0, 0, 63, 0]);
        for block in 0..present {
            if block > 0 {
                bytes.extend([0xff, FIRST_RESTART + (block - 1) % 8]);
            }
            bytes.push(BLOCK);
        }
        bytes.extend([0xff, END_OF_IMAGE]);
        bytes
    }

    #[test]
    fn an_end_marker_does_not_make_half_a_picture_whole() {
        let bytes = jpeg(&picture(64, 48));
        check(&bytes, Ending::Marked).unwrap();
        // The bits of the last unit may be missing; it is the smallest part of these bytes.
        let last_unit = bytes.len() - 2 - 40;
        for end in data_of(&bytes)..last_unit {
            let closed = [&bytes[..end], &[0xff, END_OF_IMAGE]].concat();
            // A cut between 0xff and its stuffed zero makes another marker of the two.
            assert!(
                decode(&closed).is_err(),
                "cut after {end} of {}",
                bytes.len()
            );
        }
    }

    #[test]
    fn a_hole_in_the_middle_is_found() {
        let bytes = jpeg(&picture(64, 48));
        let (from, to) = (data_of(&bytes), bytes.len() - 2);
        let length = (to - from) / 4;
        for start in from..to - length - 40 {
            let holed = [&bytes[..start], &bytes[start + length..]].concat();
            assert!(decode(&holed).is_err(), "{start}");
        }
    }

    #[test]
    fn bytes_that_mean_nothing_before_the_end_do_no_harm() {
        let bytes = jpeg(&picture(64, 48));
        let (data, end) = bytes.split_at(bytes.len() - 2);
        let filled = [data, &[0; 100], end].concat();
        assert_eq!(decode(&filled).unwrap(), decode(&bytes).unwrap());
    }

    #[test]
    fn a_missing_restart_interval_is_found() {
        let whole = with_restarts(20, 20);
        assert_eq!(decode(&whole).unwrap().dimensions(), (160, 8));
        check(&with_restarts(20, 19), Ending::Marked).unwrap();
        for present in 0..19 {
            let error = decode(&with_restarts(20, present)).unwrap_err().to_string();
            assert!(error.contains("of 20 blocks"), "{error}");
        }
        let third = data_of(&whole) + 3 + 3;
        let holed = [&whole[..third], &whole[third + 3..]].concat();
        let error = decode(&holed).unwrap_err().to_string();
        assert!(error.contains("a part of them is missing"), "{error}");
    }

    /// Made with `cjpeg -progressive` from a picture of waves and slopes.
    const PROGRESSIVE: [&[u8]; 3] = [
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/pictures/progressive.jpg"
        )),
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/pictures/progressive_grey.jpg"
        )),
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/pictures/progressive_restarts.jpg"
        )),
    ];

    #[test]
    fn a_progressive_picture_is_whole_only_with_all_of_its_scans() {
        for bytes in PROGRESSIVE {
            check(bytes, Ending::Marked).unwrap();
            check(&bytes[..bytes.len() - 2], Ending::Unmarked).unwrap();
            for end in data_of(bytes)..bytes.len() - 12 {
                let closed = [&bytes[..end], &[0xff, END_OF_IMAGE]].concat();
                assert!(check(&closed, Ending::Marked).is_err(), "cut after {end}");
            }
        }
    }

    #[test]
    fn a_hole_in_a_progressive_picture_is_found() {
        for bytes in PROGRESSIVE {
            let length = bytes.len() / 4;
            for start in data_of(bytes)..bytes.len() - length - 12 {
                let holed = [&bytes[..start], &bytes[start + length..]].concat();
                assert!(check(&holed, Ending::Marked).is_err(), "{start}");
            }
        }
    }

    #[test]
    fn many_scans_of_nothing_are_refused() {
        let bytes = PROGRESSIVE[0];
        let scan = bytes
            .windows(2)
            .position(|w| w == [0xff, START_OF_SCAN])
            .unwrap();
        let head = &bytes[..scan];
        // A scan of the first coefficients without a single bit, again and again.
        let empty = [0xff, START_OF_SCAN, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 0];
        let bomb = [head, &empty.repeat(10_000), &[0xff, END_OF_IMAGE]].concat();
        assert!(check(&bomb, Ending::Marked).is_err());
    }

    #[test]
    fn every_test_picture_is_whole() {
        let faces = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/faces");
        let mut checked = 0;
        for entry in std::fs::read_dir(faces).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "jpg") {
                check(&std::fs::read(&path).unwrap(), Ending::Marked).unwrap();
                checked += 1;
            }
        }
        assert!(checked > 0);
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = check(&bytes, Ending::Marked);
        }

        #[test]
        fn any_damage_ends(
            flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let mut bytes = with_restarts(12, 12);
            for (at, value) in flips {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let _ = check(&bytes, Ending::Marked);
        }
    }
}
