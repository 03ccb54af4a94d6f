//! The fast backend: a plan of fused kernels over one preallocated workspace.
//!
//! ```text
//! Program ──lower──► layers ──passes──► fewer layers ──plan──► instructions over slots
//! ```
//!
//! The plan for an input shape is made on the first run with it and kept; plans share their
//! weights. The workspace is one candle tensor, that of the plan that ran last; a whole
//! inference is one in-place operation on it, so that nothing is allocated but the outputs.

mod layer;
mod lower;
mod operation;
mod passes;
mod plan;
mod prune;
mod slots;

use candle_core::{CpuStorage, DType, Device, InplaceOp2, Layout, Result as CandleResult, Tensor};

use self::operation::{Context, Inputs};
use self::plan::Plan;
use self::slots::Slot;
use super::Prepare;
use super::error::EngineError;
use super::graph::Graph;
use super::kernels::aligned::{LINE, Shelf, line_offset};
use super::kernels::threads::Crew;
use super::kernels::{Extent, Isa};
use super::specialise::specialise;

/// The fast backend.
#[derive(Debug)]
pub(crate) struct Fused {
    threads: usize,
    isa: Isa,
    shelf: Shelf,
    /// Plans that were made.
    plans: u64,
    /// The memory of an inference, and the number of the plan that it belongs to.
    workspace: Option<(u64, Tensor)>,
}

impl Fused {
    pub(crate) fn new(threads: usize) -> Self {
        Self::on(Isa::detect(), threads)
    }

    /// With other vector instructions than the best.
    #[cfg(test)]
    pub(crate) fn with(isa: Isa, threads: usize) -> Self {
        Self::on(isa, threads)
    }

    fn on(isa: Isa, threads: usize) -> Self {
        Self {
            threads,
            isa,
            shelf: Shelf::default(),
            plans: 0,
            workspace: None,
        }
    }

    /// The workspace of this plan. Another plan's is let go of first: it has another size, and
    /// what it holds must not be taken for the zeros around pictures.
    fn workspace(&mut self, ready: &Ready) -> CandleResult<&mut Tensor> {
        if self
            .workspace
            .as_ref()
            .is_none_or(|(plan, _)| *plan != ready.number)
        {
            self.workspace = None;
        }
        match &mut self.workspace {
            Some((_, workspace)) => Ok(workspace),
            none => {
                let zeros = Tensor::zeros(ready.floats, DType::F32, &Device::Cpu)?;
                let (_, workspace) = none.insert((ready.number, zeros));
                Ok(workspace)
            }
        }
    }
}

impl Prepare for Fused {
    type Prepared = Ready;

    fn prepare(&mut self, graph: &Graph, shape: &[usize]) -> Result<Ready, EngineError> {
        let program = specialise(graph, shape)?;
        let mut network = lower::lower(graph, &program)?;
        passes::optimise(&mut network);
        self.shelf.tidy();
        let plan = plan::plan(&graph.model, network, self.threads, &mut self.shelf)?;
        self.plans += 1;
        Ok(Ready {
            number: self.plans,
            floats: plan.floats + plan.scratch_each * self.threads + LINE,
            plan,
        })
    }

    fn run(
        &mut self,
        graph: &Graph,
        ready: &mut Ready,
        picture: &Tensor,
    ) -> Result<Vec<Tensor>, EngineError> {
        let inference = Inference {
            plan: &ready.plan,
            crew: Crew::gather(self.threads),
            isa: self.isa,
        };
        self.workspace(ready)
            .and_then(|workspace| {
                workspace.inplace_op2(picture, &inference)?;
                ready.outputs(workspace, picture)
            })
            .map_err(|source| tensor_error(graph, source))
    }
}

fn tensor_error(graph: &Graph, source: candle_core::Error) -> EngineError {
    EngineError::Tensor {
        model: graph.model.clone(),
        node: "workspace".into(),
        source: Box::new(source),
    }
}

/// A plan and how much memory it works in: slots, then scratch for every thread.
#[derive(Debug)]
pub(crate) struct Ready {
    number: u64,
    floats: usize,
    plan: Plan,
}

impl Ready {
    fn outputs(&self, workspace: &Tensor, input: &Tensor) -> CandleResult<Vec<Tensor>> {
        let (storage, _) = workspace.storage_and_layout();
        let workspace = match &*storage {
            candle_core::Storage::Cpu(storage) => aligned(storage.as_slice()?),
            _ => candle_core::bail!("the workspace is not in main memory"),
        };
        self.plan
            .outputs
            .iter()
            .map(|(buffer, shape)| {
                if *buffer == plan::INPUT {
                    return input.reshape(shape.as_slice());
                }
                let Slot { start, len } = self.plan.slots[buffer.0];
                let numbers = &workspace[start..start + len];
                Tensor::from_slice(numbers, shape.as_slice(), &Device::Cpu)
            })
            .collect()
    }
}

/// One run of a plan, as candle sees it: an operation on the workspace.
struct Inference<'a> {
    plan: &'a Plan,
    crew: Crew<'static>,
    isa: Isa,
}

impl InplaceOp2 for Inference<'_> {
    fn name(&self) -> &'static str {
        "inference"
    }

    fn cpu_fwd(
        &self,
        workspace: &mut CpuStorage,
        _: &Layout,
        input: &CpuStorage,
        layout: &Layout,
    ) -> CandleResult<()> {
        let CpuStorage::F32(workspace) = workspace else {
            candle_core::bail!("the workspace does not hold 32-bit floats");
        };
        let Some((start, end)) = layout.contiguous_offsets() else {
            candle_core::bail!("the input is not contiguous");
        };
        let offset = line_offset(workspace);
        self.run(&mut workspace[offset..], &input.as_slice()?[start..end]);
        Ok(())
    }
}

impl Inference<'_> {
    fn run(&self, workspace: &mut [f32], network_input: &[f32]) {
        let (buffers, scratch) = workspace.split_at_mut(self.plan.floats);
        let mut context = Context {
            crew: &self.crew,
            isa: self.isa,
            scratch,
            scratch_each: self.plan.scratch_each,
        };
        for instruction in &self.plan.instructions {
            let Slot { start, len } = self.plan.slots[instruction.output.0];
            // The output's slot is cut out, so that the inputs can be read beside it.
            let (before, rest) = buffers.split_at_mut(start);
            let (output, after) = rest.split_at_mut(len);
            let inputs = Inputs {
                instruction,
                slots: &self.plan.slots,
                network_input,
                before,
                after,
                after_start: start + len,
            };
            instruction.operation.run(&mut context, &inputs, output);
        }
    }
}

/// The part of the workspace that starts on a cache line.
fn aligned(workspace: &[f32]) -> &[f32] {
    &workspace[line_offset(workspace)..]
}
