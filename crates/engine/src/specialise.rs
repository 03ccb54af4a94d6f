//! From a graph and an input shape to a flat program in which every shape is known.
//!
//! Exporters surround networks with shape arithmetic (`Shape`, `Gather`,
//! `Concat`, …) that only depends on the input's shape. It is worked out here,
//! once per shape, so that what is left are the steps that touch pictures.

use std::collections::HashMap;

use super::attributes::Reason;
use super::error::EngineError;
use super::folding;
use super::graph::{Activation, Constant, Data, Graph, Node, Op, ValueId};
use super::program::{Action, Program, Step};
use super::shapes;

/// Works out all shapes of `graph` for an input of shape `input`.
///
/// # Errors
/// If the input does not suit the network; the message names the first node it does not suit.
pub(crate) fn specialise(graph: &Graph, input: &[usize]) -> Result<Program, EngineError> {
    let mut specialiser = Specialiser {
        graph,
        shapes: HashMap::from([(graph.input, input.to_vec())]),
        known: HashMap::new(),
        steps: Vec::new(),
    };
    for node in &graph.nodes {
        specialiser.add(node).map_err(|reason| EngineError::Node {
            model: graph.model.clone(),
            node: node.label.clone(),
            reason,
        })?;
    }
    for &output in &graph.outputs {
        if !specialiser.shapes.contains_key(&output) {
            return Err(EngineError::Model {
                model: graph.model.clone(),
                reason: format!(
                    "output {} does not depend on the picture",
                    graph.value(output).name
                ),
            });
        }
    }
    Ok(Program {
        steps: specialiser.steps,
        shapes: specialiser.shapes,
    })
}

struct Specialiser<'a> {
    graph: &'a Graph,
    /// Shapes of the input and of what the steps make.
    shapes: HashMap<ValueId, Vec<usize>>,
    /// Contents of what shape arithmetic made.
    known: HashMap<ValueId, Constant>,
    steps: Vec<Step>,
}

impl Specialiser<'_> {
    fn add(&mut self, node: &Node) -> Result<(), Reason> {
        if let Some(constant) = self.fold(node)? {
            self.known.insert(node.output, constant);
            return Ok(());
        }
        let (action, shape) = self.act(node)?;
        let inputs = self.tensors_of(node, &action)?;
        let shape = shapes::checked(shape)?;
        self.shapes.insert(node.output, shape);
        self.steps.push(Step {
            label: node.label.clone(),
            action,
            inputs,
            output: node.output,
        });
        Ok(())
    }

    /// The value of a node that only depends on shapes and stored numbers.
    fn fold(&self, node: &Node) -> Result<Option<Constant>, Reason> {
        if node.op == Op::Shape {
            let shape = self.shape_of(node, 0)?;
            return Ok(Some(Constant {
                shape: vec![shape.len()],
                data: Data::Int(
                    shape
                        .iter()
                        .map(|&size| size.cast_signed() as i64)
                        .collect(),
                ),
            }));
        }
        // An input left out in the middle would shift those behind it.
        let contents: Option<Vec<&Constant>> =
            node.inputs.iter().map(|&id| self.content(id?)).collect();
        match contents {
            Some(contents) => folding::fold(&node.op, &contents).map(Some),
            None => Ok(None),
        }
    }

    /// What the node does to pictures, and the shape it makes.
    fn act(&self, node: &Node) -> Result<(Action, Vec<usize>), Reason> {
        let x = self.shape_of(node, 0)?;
        Ok(match &node.op {
            Op::Conv(window) => {
                let weights = self.shape_of(node, 1)?;
                let window = shapes::with_kernel(*window, &weights)?;
                let out = shapes::conv(&window, &x, &weights, self.bias_shape(node)?)?;
                (Action::Conv(window), out)
            }
            Op::ConvTranspose {
                window,
                output_padding,
            } => {
                let weights = self.shape_of(node, 1)?;
                let window = shapes::with_kernel(*window, &weights)?;
                let bias = self.bias_shape(node)?;
                let out = shapes::conv_transpose(&window, *output_padding, &x, &weights, bias)?;
                (Action::ConvTranspose(window), out)
            }
            Op::BatchNormalization { epsilon } => {
                for index in 1..5 {
                    shapes::per_channel(&x, &self.shape_of(node, index)?)?;
                }
                (Action::BatchNormalization { epsilon: *epsilon }, x)
            }
            Op::Activation(activation) => (Action::Activation(*activation), x),
            Op::ClipByInputs => (
                Action::Activation(Activation::Clip {
                    min: self.bound(node, 1)?.unwrap_or(f32::NEG_INFINITY),
                    max: self.bound(node, 2)?.unwrap_or(f32::INFINITY),
                }),
                x,
            ),
            Op::PRelu => {
                let slope = self.shape_of(node, 1)?;
                if shapes::broadcast(&x, &slope)? != x {
                    return Err(format!("slopes of shape {slope:?} do not fit {x:?}"));
                }
                (Action::PRelu, x)
            }
            Op::Binary(binary) => {
                let out = shapes::broadcast(&x, &self.shape_of(node, 1)?)?;
                (Action::Binary(*binary), out)
            }
            Op::MaxPool(pool) => (Action::MaxPool(*pool), shapes::pool(pool, &x)?),
            Op::AveragePool(pool) => (Action::AveragePool(*pool), shapes::pool(pool, &x)?),
            Op::GlobalAveragePool => {
                let [n, c, _, _] = shapes::picture(&x)?;
                (Action::GlobalAveragePool, vec![n, c, 1, 1])
            }
            Op::Resize(resize) => {
                let factors = self.optional_floats(node, resize.scales_input)?;
                let sizes = self.optional_ints(node, 3)?;
                shapes::resize(resize, &x, factors.as_deref(), sizes.as_deref())?
            }
            Op::MatMul => {
                let out = shapes::matmul(&x, &self.shape_of(node, 1)?)?;
                (Action::MatMul, out)
            }
            Op::Gemm(gemm) => {
                let out = shapes::gemm(gemm, &x, &self.shape_of(node, 1)?, self.bias_shape(node)?)?;
                (Action::Gemm(*gemm), out)
            }
            Op::Softmax(softmax) => (shapes::softmax(*softmax, &x)?, x),
            _ => return self.rearrange(node, x),
        })
    }

    /// What a node that computes nothing does: it moves numbers or passes them on.
    fn rearrange(&self, node: &Node, x: Vec<usize>) -> Result<(Action, Vec<usize>), Reason> {
        Ok(match &node.op {
            Op::Reshape => {
                let target = self.ints(node, 1)?;
                (Action::Reshape, shapes::reshape(&x, &target)?)
            }
            Op::Flatten { axis } => (Action::Reshape, shapes::flatten(&x, *axis)?),
            Op::Squeeze(axes) => {
                let axes = self.axes(node, axes.as_ref())?;
                (Action::Reshape, shapes::squeeze(&x, axes.as_deref())?)
            }
            Op::Unsqueeze(axes) => {
                let axes = self.axes(node, axes.as_ref())?.unwrap_or_default();
                (Action::Reshape, shapes::unsqueeze(&x, &axes)?)
            }
            Op::Identity | Op::Cast(super::graph::ElementType::Float) => (Action::Reshape, x),
            Op::Transpose(perm) => {
                let perm = perm.clone().unwrap_or_else(|| (0..x.len()).rev().collect());
                let out = shapes::transpose(&x, &perm)?;
                (Action::Transpose(perm), out)
            }
            Op::Concat { axis } => {
                let all = (0..node.inputs.len())
                    .map(|index| self.shape_of(node, index))
                    .collect::<Result<Vec<_>, _>>()?;
                shapes::concat(*axis, &all)?
            }
            Op::Slice(attributes) => {
                let bounds = match attributes {
                    Some(given) => shapes::SliceBounds {
                        starts: given.starts.clone(),
                        ends: given.ends.clone(),
                        axes: given.axes.clone(),
                        steps: None,
                    },
                    None => shapes::SliceBounds {
                        starts: self.ints(node, 1)?,
                        ends: self.ints(node, 2)?,
                        axes: self.optional_ints(node, 3)?,
                        steps: self.optional_ints(node, 4)?,
                    },
                };
                shapes::slice(&x, &bounds)?
            }
            _ => {
                return Err("it is only supported in shape arithmetic, not on pictures".into());
            }
        })
    }

    /// The inputs that hold pictures or weights; the numbers of the others are
    /// already part of the action.
    fn tensors_of(&mut self, node: &Node, action: &Action) -> Result<Vec<ValueId>, Reason> {
        let count = match action {
            Action::Activation(_)
            | Action::MaxPool(_)
            | Action::AveragePool(_)
            | Action::GlobalAveragePool
            | Action::Resize { .. }
            | Action::Reshape
            | Action::Transpose(_)
            | Action::Softmax { .. }
            | Action::Slice(_) => 1,
            _ => node.inputs.len(),
        };
        let mut tensors = Vec::with_capacity(count);
        for id in node.inputs.iter().take(count).flatten().copied() {
            if let Some(constant) = self.content(id) {
                if matches!(constant.data, Data::Int(_)) {
                    return Err(format!(
                        "its input {} holds integers where floats are needed",
                        self.graph.value(id).name
                    ));
                }
                if self.known.contains_key(&id) {
                    return Err(format!(
                        "its input {} is computed from shapes, which is not supported here",
                        self.graph.value(id).name
                    ));
                }
                let shape = constant.shape.clone();
                self.shapes.insert(id, shape);
            }
            tensors.push(id);
        }
        Ok(tensors)
    }

    fn content(&self, id: ValueId) -> Option<&Constant> {
        self.known
            .get(&id)
            .or_else(|| self.graph.value(id).constant.as_ref())
    }

    fn input(node: &Node, index: usize) -> Option<ValueId> {
        node.inputs.get(index).copied().flatten()
    }

    fn shape_of(&self, node: &Node, index: usize) -> Result<Vec<usize>, Reason> {
        let id = Self::input(node, index).ok_or_else(|| format!("input {index} is missing"))?;
        if let Some(constant) = self.content(id) {
            return Ok(constant.shape.clone());
        }
        self.shapes
            .get(&id)
            .cloned()
            .ok_or_else(|| format!("the shape of input {index} is not known"))
    }

    fn bias_shape(&self, node: &Node) -> Result<Option<Vec<usize>>, Reason> {
        match Self::input(node, 2) {
            Some(_) => self.shape_of(node, 2).map(Some),
            None => Ok(None),
        }
    }

    fn ints(&self, node: &Node, index: usize) -> Result<Vec<i64>, Reason> {
        self.optional_ints(node, index)?
            .ok_or_else(|| format!("input {index} is missing"))
    }

    fn optional_ints(&self, node: &Node, index: usize) -> Result<Option<Vec<i64>>, Reason> {
        match self.optional_content(node, index)? {
            None => Ok(None),
            Some(Data::Int(values)) => Ok(Some(values.clone())),
            Some(Data::Float(_)) => Err(format!("input {index} holds floats, not integers")),
        }
    }

    fn optional_floats(&self, node: &Node, index: usize) -> Result<Option<Vec<f32>>, Reason> {
        match self.optional_content(node, index)? {
            None => Ok(None),
            Some(Data::Float(values)) => Ok(Some(values.clone())),
            Some(Data::Int(_)) => Err(format!("input {index} holds integers, not floats")),
        }
    }

    /// The numbers of an input that must be known before the network runs.
    fn optional_content(&self, node: &Node, index: usize) -> Result<Option<&Data>, Reason> {
        let Some(id) = Self::input(node, index) else {
            return Ok(None);
        };
        match self.content(id) {
            Some(constant) => Ok(Some(&constant.data)),
            None => Err(format!(
                "input {index} depends on the picture; only stored numbers and shapes are supported"
            )),
        }
    }

    /// A bound of `Clip`: a stored scalar.
    fn bound(&self, node: &Node, index: usize) -> Result<Option<f32>, Reason> {
        match self.optional_floats(node, index)?.as_deref() {
            None => Ok(None),
            Some(&[bound]) => Ok(Some(bound)),
            Some(values) => Err(format!(
                "input {index} has {} values, not one",
                values.len()
            )),
        }
    }

    fn axes(&self, node: &Node, axes: Option<&Vec<i64>>) -> Result<Option<Vec<i64>>, Reason> {
        match axes {
            Some(axes) => Ok(Some(axes.clone())),
            None => self.optional_ints(node, 1),
        }
    }
}
