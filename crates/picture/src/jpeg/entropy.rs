//! Counts what the compressed data of a picture really hold.
//!
//! JPEG has no checksum, and decoders fill with grey what is missing: a picture that a
//! camera sent in half and closed with an end marker, or one that lost a packet in its
//! middle, comes out as a whole one. So the Huffman codes are walked here once more,
//! without computing a pixel, and every block must be there (ITU-T T.81, annex F.2).
//!
//! Deliberately absent: progressive and arithmetic pictures, which no camera sends. They
//! pass, and are left to the decoder.

use super::JpegError;

const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const RESTART_INTERVAL: u8 = 0xdd;
const HUFFMAN_TABLES: u8 = 0xc4;
const FIRST_RESTART: u8 = 0xd0;

/// Coefficients of a block, of which the first is the DC one.
const COEFFICIENTS: u32 = 64;

/// Some cameras drop the last bits before the end marker, for which other decoders are
/// prepared too. It costs a corner of 16 pixels.
const MAY_BE_MISSING: usize = 1;

/// Checks that every block of `picture` is there. Its markers have been walked before.
pub(super) fn check(picture: &[u8]) -> Result<(), JpegError> {
    let mut decoder = Tables::default();
    let mut frame = None;
    let mut scanned = Vec::new();
    let mut at = 2;
    while let Some((marker, segment, next)) = next_segment(picture, at) {
        at = next;
        match marker {
            END_OF_IMAGE => break,
            HUFFMAN_TABLES => decoder.define(segment)?,
            RESTART_INTERVAL => decoder.restart_interval = word(segment, 0)?,
            // Baseline and extended sequential, Huffman coded.
            0xc0 | 0xc1 => frame = Some(Frame::read(segment)?),
            0xc2..=0xcf if marker != 0xc8 && marker != 0xcc => return Ok(()),
            START_OF_SCAN => {
                let frame = frame.as_ref().ok_or(MALFORMED)?;
                let scan = Scan::read(segment, frame)?;
                let mut bits = Bits::new(&picture[at..]);
                scan.count(&decoder, &mut bits)?;
                at = picture.len() - bits.rest_behind_scan().len();
                scanned.extend(scan.parts.iter().map(|part| part.component));
            }
            _ => {}
        }
    }
    let frame = frame.ok_or(MALFORMED)?;
    let is_complete = (0..frame.components.len()).all(|component| scanned.contains(&component));
    if is_complete {
        Ok(())
    } else {
        Err(JpegError::Damaged("a colour is missing".to_owned()))
    }
}

const MALFORMED: JpegError = JpegError::Malformed("its headers contradict each other");

/// Marker, content and end of the segment at `at`.
fn next_segment(picture: &[u8], at: usize) -> Option<(u8, &[u8], usize)> {
    let filled = picture.get(at..)?;
    let fill = filled.iter().take_while(|byte| **byte == 0xff).count();
    let marker = *filled.get(fill)?;
    let begin = at + fill + 1;
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
    width: usize,
    height: usize,
    components: Vec<Component>,
}

struct Component {
    id: usize,
    horizontal: usize,
    vertical: usize,
}

impl Frame {
    fn read(segment: &[u8]) -> Result<Self, JpegError> {
        let components = (0..byte(segment, 5)?).map(|index| {
            let at = 6 + index * 3;
            let sampling = byte(segment, at + 1)?;
            Ok(Component {
                id: byte(segment, at)?,
                horizontal: sampling >> 4,
                vertical: sampling & 0xf,
            })
        });
        let frame = Self {
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

    /// Walks all units.
    fn count(&self, tables: &Tables, bits: &mut Bits<'_>) -> Result<(), JpegError> {
        let interval = tables.restart_interval;
        for unit in 0..self.units {
            let counted = if interval > 0 && unit > 0 && unit % interval == 0 {
                bits.restart(unit / interval - 1)
            } else {
                Ok(())
            }
            .and_then(|()| self.walk_unit(tables, bits));
            match counted {
                Err(Fault::Ended) if unit + MAY_BE_MISSING >= self.units => {}
                Err(fault) => {
                    return Err(JpegError::Damaged(format!(
                        "{} after {unit} of {} blocks",
                        fault.in_words(),
                        self.units
                    )));
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }

    fn walk_unit(&self, tables: &Tables, bits: &mut Bits<'_>) -> Result<(), Fault> {
        for part in &self.parts {
            let dc = tables.dc.get(part.dc_table).and_then(Option::as_ref);
            let ac = tables.ac.get(part.ac_table).and_then(Option::as_ref);
            let (dc, ac) = dc.zip(ac).ok_or(Fault::Nonsense)?;
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

/// Why the walk ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Ended,
    Nonsense,
    NoRestart,
}

impl Fault {
    fn in_words(self) -> &'static str {
        match self {
            Self::Ended => "they end",
            Self::Nonsense => "they make no sense",
            Self::NoRestart => "a part of them is missing",
        }
    }
}

/// Huffman tables by their number, and the distance of restart markers in units.
#[derive(Default)]
struct Tables {
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
    restart_interval: usize,
}

impl Tables {
    /// Reads a segment of tables (B.2.4.2).
    fn define(&mut self, mut segment: &[u8]) -> Result<(), JpegError> {
        while let Some((head, rest)) = segment.split_first() {
            let counts: &[u8; 16] = rest.first_chunk().ok_or(MALFORMED)?;
            let total: usize = counts.iter().map(|count| usize::from(*count)).sum();
            let symbols = rest.get(16..16 + total).ok_or(MALFORMED)?;
            let tables = if head >> 4 == 0 {
                &mut self.dc
            } else {
                &mut self.ac
            };
            let table = tables.get_mut(usize::from(head & 0xf)).ok_or(MALFORMED)?;
            *table = Some(Codes::new(*counts, symbols));
            segment = &rest[16 + total..];
        }
        Ok(())
    }
}

/// Canonical codes: those of one length are consecutive numbers (annex C).
struct Codes {
    /// Length and symbol by the next eight bits; length 0 where the code is longer.
    short: [(u8, u8); 256],
    /// For each length the first number that is beyond its codes, moved to the top of 16 bits.
    ends: [u32; 16],
    /// For each length what to add to a code for its place in `symbols`.
    offsets: [i32; 16],
    symbols: Vec<u8>,
}

impl Codes {
    fn new(counts: [u8; 16], symbols: &[u8]) -> Self {
        let mut codes = Self {
            short: [(0, 0); 256],
            ends: [0; 16],
            offsets: [0; 16],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0_i32, 0_i32);
        for (index, count) in counts.into_iter().enumerate() {
            codes.offsets[index] = place - code;
            code += i32::from(count);
            place += i32::from(count);
            codes.ends[index] = (code as u32) << (15 - index);
            code <<= 1;
        }
        for start in 0..256_u32 {
            if let Some((length @ 1..=8, symbol)) = codes.search(start << 8) {
                codes.short[start as usize] = (length as u8, symbol);
            }
        }
        codes
    }

    /// Length and symbol of the code at the top of `bits`, of which there are 16.
    fn find(&self, bits: u32) -> Option<(u32, u8)> {
        match self.short[(bits >> 8) as usize] {
            (0, _) => self.search(bits),
            (length, symbol) => Some((u32::from(length), symbol)),
        }
    }

    fn search(&self, bits: u32) -> Option<(u32, u8)> {
        let index = self.ends.iter().position(|end| bits < *end)?;
        let code = (bits >> (15 - index)) as i32;
        let place = usize::try_from(code + self.offsets[index]).ok()?;
        Some((index as u32 + 1, *self.symbols.get(place)?))
    }
}

/// The bits of a scan, without stuffed zeros, up to the next marker.
struct Bits<'a> {
    rest: &'a [u8],
    /// The next bits, from the top.
    window: u64,
    held: u32,
}

impl<'a> Bits<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Self {
            rest,
            window: 0,
            held: 0,
        }
    }

    fn symbol(&mut self, codes: &Codes) -> Result<u8, Fault> {
        self.fill();
        let ahead = (self.window >> 48) as u32;
        match codes.find(ahead) {
            Some((length, symbol)) => self.skip(length).map(|()| symbol),
            // What is ahead is filled up with zeros where the data end.
            None if self.held < 16 => Err(Fault::Ended),
            None => Err(Fault::Nonsense),
        }
    }

    fn skip(&mut self, count: u32) -> Result<(), Fault> {
        if count > self.held {
            self.fill();
        }
        if count > self.held {
            return Err(Fault::Ended);
        }
        self.window <<= count;
        self.held -= count;
        Ok(())
    }

    fn fill(&mut self) {
        while self.held <= 48 {
            let (byte, rest) = match self.rest {
                [0xff, 0x00, rest @ ..] => (0xff, rest),
                [0xff, ..] | [] => return,
                [byte, rest @ ..] => (*byte, rest),
            };
            self.window |= u64::from(byte) << (56 - self.held);
            self.held += 8;
            self.rest = rest;
        }
    }

    /// Goes on behind restart marker number `count`, counted from the first of the scan.
    fn restart(&mut self, count: usize) -> Result<(), Fault> {
        let marker = self.rest_behind_scan();
        let fill = marker.iter().take_while(|byte| **byte == 0xff).count();
        match marker.get(fill) {
            Some(found) if *found == FIRST_RESTART + (count % 8) as u8 => {
                *self = Self::new(&marker[fill + 1..]);
                Ok(())
            }
            Some(&END_OF_IMAGE) | None => Err(Fault::Ended),
            Some(_) => Err(Fault::NoRestart),
        }
    }

    /// From the next marker on. Cameras may fill up a scan with bytes that mean nothing.
    fn rest_behind_scan(&self) -> &'a [u8] {
        let marker = |pair: &[u8]| pair[0] == 0xff && pair[1] != 0;
        let at = self.rest.windows(2).position(marker);
        &self.rest[at.unwrap_or(self.rest.len())..]
    }
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
        check(&bytes).unwrap();
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
        check(&with_restarts(20, 19)).unwrap();
        for present in 0..19 {
            let error = decode(&with_restarts(20, present)).unwrap_err().to_string();
            assert!(error.contains("of 20 blocks"), "{error}");
        }
        let third = data_of(&whole) + 3 + 3;
        let holed = [&whole[..third], &whole[third + 3..]].concat();
        let error = decode(&holed).unwrap_err().to_string();
        assert!(error.contains("a part of them is missing"), "{error}");
    }

    #[test]
    fn every_test_picture_is_whole() {
        let faces = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/faces");
        let mut checked = 0;
        for entry in std::fs::read_dir(faces).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "jpg") {
                check(&std::fs::read(&path).unwrap()).unwrap();
                checked += 1;
            }
        }
        assert!(checked > 0);
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = check(&bytes);
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
            let _ = check(&bytes);
        }
    }
}
