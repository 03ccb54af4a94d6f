//! The scans of a progressive picture (ITU-T T.81, annex G).
//!
//! A scan brings a band of coefficients, or one more bit of a band that came before. How many
//! bits a refinement has depends on which coefficients are not zero by then, so one bit of
//! each is remembered.

use super::codes::{Bits, Fault, Tables};
use super::{COEFFICIENTS, Component, JpegError, MALFORMED, Scan, byte};

/// What is known of a component by now.
#[derive(Debug)]
pub(super) struct Progress {
    /// For each coefficient the bits that are still to come; `None` before its first scan.
    bits_to_come: [Option<u8>; COEFFICIENTS as usize],
    /// For each block, row by row, which of its coefficients are not zero.
    nonzero: Vec<u64>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            bits_to_come: [None; COEFFICIENTS as usize],
            nonzero: Vec::new(),
        }
    }
}

impl Progress {
    /// Whether everything of the component at this place in its frame has come.
    pub(super) fn is_whole(&self, index: usize) -> bool {
        let (first, others) = self.bits_to_come.split_at(1);
        // A picture in a single tone of colour may have nothing but its first coefficients.
        let may_be_left_out = index > 0;
        first == [Some(0)]
            && others
                .iter()
                .all(|bits| *bits == Some(0) || bits.is_none() && may_be_left_out)
    }
}

/// A scan that is being walked.
pub(super) struct Run<'a> {
    band: Band,
    /// Which coefficients of the only component are not zero; empty in scans of first ones.
    nonzero: &'a mut [u64],
    /// Blocks of which nothing more comes.
    ended_blocks: u32,
}

#[derive(Debug, Clone, Copy)]
struct Band {
    first: u32,
    last: u32,
    is_refinement: bool,
}

/// Notes what a scan is about to bring.
pub(super) fn begin<'a>(
    components: &'a mut [Component],
    scan: &Scan,
    segment: &[u8],
) -> Result<Run<'a>, JpegError> {
    let parameters = 1 + scan.parts.len() * 2;
    let (first, last) = (byte(segment, parameters)?, byte(segment, parameters + 1)?);
    let approximation = byte(segment, parameters + 2)?;
    let (before, to_come) = ((approximation >> 4) as u8, (approximation & 0xf) as u8);
    let is_band = if first == 0 {
        last == 0
    } else {
        first <= last && last < COEFFICIENTS as usize && scan.parts.len() == 1
    };
    if !is_band {
        return Err(MALFORMED);
    }
    let is_refinement = before > 0;
    for part in &scan.parts {
        for bits in &mut components[part.component].progress.bits_to_come[first..=last] {
            let follows = match *bits {
                None => !is_refinement,
                Some(bits) => is_refinement && bits == before && to_come + 1 == before,
            };
            if !follows {
                return Err(MALFORMED);
            }
            *bits = Some(to_come);
        }
    }
    let nonzero = match (first, &scan.parts[..]) {
        (1.., [only]) => {
            let nonzero = &mut components[only.component].progress.nonzero;
            if nonzero.is_empty() {
                *nonzero = vec![0; scan.units];
            }
            &mut nonzero[..]
        }
        _ => &mut [],
    };
    Ok(Run {
        band: Band {
            first: first as u32,
            last: last as u32,
            is_refinement,
        },
        nonzero,
        ended_blocks: 0,
    })
}

impl Run<'_> {
    /// Behind a restart marker nothing is left of what was before.
    pub(super) fn restart(&mut self) {
        self.ended_blocks = 0;
    }

    pub(super) fn walk_unit(
        &mut self,
        unit: usize,
        scan: &Scan,
        tables: &Tables,
        bits: &mut Bits<'_>,
    ) -> Result<(), Fault> {
        if self.band.first > 0 {
            let table = scan.parts.first().map_or(0, |part| part.ac_table);
            let nonzero = self.nonzero.get_mut(unit).ok_or(Fault::Nonsense)?;
            let ended = &mut self.ended_blocks;
            return if self.band.is_refinement {
                refine(self.band, nonzero, ended, (tables, table), bits)
            } else {
                first_bits(self.band, nonzero, ended, (tables, table), bits)
            };
        }
        for part in &scan.parts {
            for _ in 0..part.blocks {
                if self.band.is_refinement {
                    bits.skip(1)?;
                    continue;
                }
                let size = bits.symbol(tables.dc(part.dc_table)?)?;
                if size > 16 {
                    return Err(Fault::Nonsense);
                }
                bits.skip(u32::from(size))?;
            }
        }
        Ok(())
    }
}

/// The first bits of a band of one block (G.1.2.2).
fn first_bits(
    band: Band,
    nonzero: &mut u64,
    ended_blocks: &mut u32,
    (tables, table): (&Tables, usize),
    bits: &mut Bits<'_>,
) -> Result<(), Fault> {
    if *ended_blocks > 0 {
        *ended_blocks -= 1;
        return Ok(());
    }
    let codes = tables.ac(table)?;
    let mut coefficient = band.first;
    while coefficient <= band.last {
        let symbol = bits.symbol(codes)?;
        let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 0xf));
        match (zeros, size) {
            (15, 0) => coefficient += 16,
            (_, 0) => {
                *ended_blocks = (1 << zeros) + bits.take(zeros)? - 1;
                return Ok(());
            }
            _ => {
                coefficient += zeros;
                if coefficient > band.last {
                    return Err(Fault::Nonsense);
                }
                *nonzero |= 1 << coefficient;
                coefficient += 1;
                bits.skip(size)?;
            }
        }
    }
    Ok(())
}

/// One more bit of a band of one block (G.1.2.3).
fn refine(
    band: Band,
    nonzero: &mut u64,
    ended_blocks: &mut u32,
    (tables, table): (&Tables, usize),
    bits: &mut Bits<'_>,
) -> Result<(), Fault> {
    let mut coefficient = band.first;
    if *ended_blocks == 0 {
        let codes = tables.ac(table)?;
        while coefficient <= band.last {
            let symbol = bits.symbol(codes)?;
            let (zeros, size) = (u32::from(symbol >> 4), symbol & 0xf);
            match (zeros, size) {
                (0..15, 0) => {
                    *ended_blocks = (1 << zeros) + bits.take(zeros)?;
                    break;
                }
                // The sign of the one that is not zero from now on.
                (_, 1) => bits.skip(1)?,
                (15, 0) => {}
                _ => return Err(Fault::Nonsense),
            }
            coefficient = over_zeros(coefficient, band.last, zeros, *nonzero, bits)?;
            if size == 1 {
                if coefficient > band.last {
                    return Err(Fault::Nonsense);
                }
                *nonzero |= 1 << coefficient;
            }
            coefficient += 1;
        }
    }
    if *ended_blocks > 0 {
        *ended_blocks -= 1;
        let rest = (coefficient..=band.last).filter(|at| *nonzero >> at & 1 == 1);
        bits_of(rest.count() as u32, bits)?;
    }
    Ok(())
}

/// Goes over `zeros` coefficients that are zero, to the next that is zero, and over the bits
/// of those in between that are not.
fn over_zeros(
    mut coefficient: u32,
    last: u32,
    mut zeros: u32,
    nonzero: u64,
    bits: &mut Bits<'_>,
) -> Result<u32, Fault> {
    while coefficient <= last {
        if nonzero >> coefficient & 1 == 1 {
            bits.skip(1)?;
        } else if zeros == 0 {
            break;
        } else {
            zeros -= 1;
        }
        coefficient += 1;
    }
    Ok(coefficient)
}

fn bits_of(count: u32, bits: &mut Bits<'_>) -> Result<(), Fault> {
    for _ in 0..count {
        bits.skip(1)?;
    }
    Ok(())
}
