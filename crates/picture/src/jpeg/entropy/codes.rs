//! Huffman codes and the bits that they are read from.

use super::super::JpegError;
use super::{END_OF_IMAGE, FIRST_RESTART, MALFORMED};

/// Why the walk ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Ended,
    Nonsense,
    NoRestart,
}

impl Fault {
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Ended => "they end",
            Self::Nonsense => "they make no sense",
            Self::NoRestart => "a part of them is missing",
        }
    }
}

/// Huffman tables by their number, and the distance of restart markers in units.
#[derive(Default)]
pub(super) struct Tables {
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
    pub(super) restart_interval: usize,
}

impl Tables {
    pub(super) fn dc(&self, number: usize) -> Result<&Codes, Fault> {
        let table = self.dc.get(number).and_then(Option::as_ref);
        table.ok_or(Fault::Nonsense)
    }

    pub(super) fn ac(&self, number: usize) -> Result<&Codes, Fault> {
        let table = self.ac.get(number).and_then(Option::as_ref);
        table.ok_or(Fault::Nonsense)
    }

    /// Reads a segment of tables (B.2.4.2).
    pub(super) fn define(&mut self, mut segment: &[u8]) -> Result<(), JpegError> {
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
pub(super) struct Codes {
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
pub(super) struct Bits<'a> {
    rest: &'a [u8],
    /// The next bits, from the top.
    window: u64,
    held: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self {
            rest,
            window: 0,
            held: 0,
        }
    }

    pub(super) fn symbol(&mut self, codes: &Codes) -> Result<u8, Fault> {
        self.fill();
        let ahead = (self.window >> 48) as u32;
        match codes.find(ahead) {
            Some((length, symbol)) => self.skip(length).map(|()| symbol),
            // What is ahead is filled up with zeros where the data end.
            None if self.held < 16 => Err(Fault::Ended),
            None => Err(Fault::Nonsense),
        }
    }

    pub(super) fn skip(&mut self, count: u32) -> Result<(), Fault> {
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

    /// The next `count` bits, up to 16, as a number.
    pub(super) fn take(&mut self, count: u32) -> Result<u32, Fault> {
        if count == 0 {
            return Ok(0);
        }
        self.fill();
        let value = (self.window >> (64 - count)) as u32;
        self.skip(count).map(|()| value)
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
    pub(super) fn restart(&mut self, count: usize) -> Result<(), Fault> {
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
    pub(super) fn rest_behind_scan(&self) -> &'a [u8] {
        let marker = |pair: &[u8]| pair[0] == 0xff && pair[1] != 0;
        let at = self.rest.windows(2).position(marker);
        &self.rest[at.unwrap_or(self.rest.len())..]
    }
}
