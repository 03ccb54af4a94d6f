//! Weights in the order in which the microkernel reads them.

use super::LANES;
use super::aligned::Aligned;

/// Most groups of eight output channels that are summed together.
pub(crate) const MAX_BLOCK: usize = 3;

/// One, two or three groups of eight output channels that are summed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutBlock {
    /// The first group of eight channels.
    pub(crate) first: usize,
    /// How many groups: as many as the registers hold accumulators for.
    pub(crate) groups: usize,
    /// Where its weights start.
    pub(crate) weights: usize,
}

/// Splits `groups` groups of eight channels into blocks of two, with one of
/// three where the number is odd: a lone group would use the vector units badly.
pub(crate) fn out_blocks(groups: usize) -> Vec<(usize, usize)> {
    let mut blocks = Vec::new();
    let mut first = 0;
    if groups % 2 == 1 && groups >= 3 {
        blocks.push((0, 3));
        first = 3;
    }
    while first < groups {
        let count = 2.min(groups - first);
        blocks.push((first, count));
        first += count;
    }
    blocks
}

/// Packed weights: for every block, for every tap, one float per output channel.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) blocks: Vec<OutBlock>,
    pub(crate) weights: Aligned,
    /// One per channel, filled up with zeros to whole groups.
    pub(crate) bias: Aligned,
}

impl Packed {
    /// Packs `taps` numbers per output channel; `weight(channel, tap)` gives each.
    pub(crate) fn new(bias: &[f32], taps: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        let channels = bias.len();
        let padded = channels.next_multiple_of(LANES);
        let mut weights = Vec::with_capacity(padded * taps);
        let mut blocks = Vec::new();
        for (first, groups) in out_blocks(channels.div_ceil(LANES)) {
            blocks.push(OutBlock {
                first,
                groups,
                weights: weights.len(),
            });
            for tap in 0..taps {
                for channel in first * LANES..(first + groups) * LANES {
                    weights.push(if channel < channels {
                        weight(channel, tap)
                    } else {
                        0.0
                    });
                }
            }
        }
        Self {
            blocks,
            weights: Aligned::new(&weights),
            bias: per_channel(bias, 0.0),
        }
    }

    /// How many groups of eight output channels there are.
    pub(crate) fn groups(&self) -> usize {
        self.bias.len() / LANES
    }
}

/// One number per channel, filled up to whole groups of eight.
pub(crate) fn per_channel(numbers: &[f32], fill: f32) -> Aligned {
    let mut padded = numbers.to_vec();
    padded.resize(numbers.len().next_multiple_of(LANES), fill);
    Aligned::new(&padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_all_groups_once() {
        for groups in 1..40 {
            let blocks = out_blocks(groups);
            assert!(
                blocks
                    .iter()
                    .all(|&(_, count)| (1..=MAX_BLOCK).contains(&count))
            );
            let covered: Vec<usize> = blocks
                .into_iter()
                .flat_map(|(first, count)| first..first + count)
                .collect();
            assert_eq!(covered, (0..groups).collect::<Vec<_>>());
        }
    }
}
