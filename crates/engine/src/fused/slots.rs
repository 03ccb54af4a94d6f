//! Which part of the workspace each buffer gets.

use super::operation::Instruction;
use super::plan::BufferId;
use crate::kernels::aligned::LINE;

/// A part of the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) start: usize,
    pub(crate) len: usize,
}

/// Gives every buffer a slot; buffers that never live together may share one.
pub(crate) fn assign_slots(
    lengths: &[usize],
    instructions: &[Instruction],
    kept: &[BufferId],
) -> (Vec<Slot>, usize) {
    let mut last_use = vec![0; lengths.len()];
    for (index, instruction) in instructions.iter().enumerate() {
        for buffer in instruction.inputs.iter().chain([&instruction.output]) {
            last_use[buffer.0] = index;
        }
    }
    for buffer in kept {
        last_use[buffer.0] = usize::MAX;
    }
    let mut slot_of = vec![None; lengths.len()];
    let mut sizes: Vec<usize> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    for (index, instruction) in instructions.iter().enumerate() {
        let output = instruction.output.0;
        if slot_of[output].is_none() {
            let need = lengths[output].next_multiple_of(LINE);
            // The free slot that wastes least; growing one costs more than waste.
            let waste = |slot: usize| {
                let size = sizes[slot];
                if size >= need {
                    size - need
                } else {
                    (need - size) * 4
                }
            };
            let best = (0..free.len()).min_by_key(|&at| waste(free[at]));
            let slot = if let Some(at) = best {
                free.swap_remove(at)
            } else {
                sizes.push(0);
                sizes.len() - 1
            };
            sizes[slot] = sizes[slot].max(need);
            slot_of[output] = Some(slot);
        }
        let mut used: Vec<usize> = instruction.inputs.iter().map(|buffer| buffer.0).collect();
        used.push(output);
        used.sort_unstable();
        used.dedup();
        for buffer in used {
            if let Some(slot) = slot_of[buffer].filter(|_| last_use[buffer] == index) {
                free.push(slot);
            }
        }
    }
    let mut starts = Vec::with_capacity(sizes.len());
    let mut floats = 0;
    for size in &sizes {
        starts.push(floats);
        // Slots whose distance is a power of two would compete for cache sets.
        floats += size + LINE;
    }
    let slots = slot_of
        .iter()
        .zip(lengths)
        .map(|(slot, &len)| Slot {
            start: slot.map_or(0, |slot: usize| starts[slot]),
            len,
        })
        .collect();
    (slots, floats)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fused::operation::Operation;
    use crate::graph::Activation;

    fn step(inputs: &[usize], output: usize) -> Instruction {
        Instruction {
            operation: Operation::Map(Activation::Relu),
            inputs: inputs.iter().copied().map(BufferId).collect(),
            output: BufferId(output),
        }
    }

    fn overlap(a: Slot, b: Slot) -> bool {
        a.start < b.start + b.len && b.start < a.start + a.len
    }

    #[test]
    fn a_chain_needs_two_places() {
        let chain: Vec<_> = (0..6).map(|i| step(&[i], i + 1)).collect();
        let (slots, floats) = assign_slots(&[64; 7], &chain, &[BufferId(6)]);
        assert!(floats < 3 * 64, "{floats} floats for two places of 64");
        for pair in slots[1..].windows(2) {
            assert!(!overlap(pair[0], pair[1]));
        }
    }

    #[test]
    fn what_is_still_needed_is_not_overwritten() {
        // 1 is read again at the end, and 2 is an output of the network.
        let steps = [
            step(&[0], 1),
            step(&[1], 2),
            step(&[2], 3),
            step(&[3, 1], 4),
        ];
        let (slots, _) = assign_slots(&[16, 100, 20, 100, 50], &steps, &[BufferId(2), BufferId(4)]);
        for (a, b) in [(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)] {
            assert!(!overlap(slots[a], slots[b]), "{a} and {b} share a place");
        }
    }
}
