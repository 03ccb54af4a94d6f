//! Makes a network that was exported for one picture size run at any.
//!
//! SCRFD's file fixes 640×640: its `Resize` nodes carry the sizes their results
//! had in that one case. Relative to the declared input they are factors, and
//! factors fit every input. (`Reshape` targets with fixed lengths adapt where
//! shapes are worked out: see [`reshape`](super::shapes::reshape).)

use super::error::EngineError;
use super::graph::{Constant, Data, Graph, Op, Value, ValueId};
use super::program::Program;
use super::specialise::specialise;

/// Where a `Resize` takes its output size from.
const SIZES_INPUT: usize = 3;

/// Turns stored `Resize` sizes into factors relative to the declared input
/// shape; a file that leaves its shape open has nothing to turn.
///
/// # Errors
/// If the network does not even fit the input shape it declares.
pub(crate) fn make_relative(graph: &mut Graph) -> Result<(), EngineError> {
    let Some(declared) = declared_picture(graph) else {
        return Ok(());
    };
    let program = specialise(graph, &declared)?;
    for index in 0..graph.nodes.len() {
        if let Some(factors) = factors_of(graph, &program, index) {
            let id = ValueId(graph.values.len());
            graph.values.push(Value {
                name: format!("{} relative to its input", graph.nodes[index].label),
                constant: Some(factors),
            });
            let inputs = &mut graph.nodes[index].inputs;
            inputs.truncate(SIZES_INPUT);
            inputs[2] = Some(id);
        }
    }
    Ok(())
}

/// The declared input shape for one picture, if the file states all of it.
pub(crate) fn declared_picture(graph: &Graph) -> Option<Vec<usize>> {
    let mut shape: Vec<usize> = graph.input_shape.iter().copied().collect::<Option<_>>()?;
    shape[0] = 1;
    Some(shape)
}

/// The factors of a `Resize` whose sizes are stored in the file.
fn factors_of(graph: &Graph, program: &Program, index: usize) -> Option<Constant> {
    let node = &graph.nodes[index];
    let Op::Resize(_) = node.op else {
        return None;
    };
    let sizes = node.inputs.get(SIZES_INPUT).copied().flatten()?;
    graph.value(sizes).constant.as_ref()?;
    let from = program.shape(node.inputs[0]?);
    let to = program.shape(node.output);
    // Pictures are at most a few thousand pixels wide, so a float holds the ratio well.
    let factors = from
        .iter()
        .zip(to)
        .map(|(&from, &to)| to as f32 / from as f32);
    Some(Constant {
        shape: vec![from.len()],
        data: Data::Float(factors.collect()),
    })
}
