//! From a program to layers: weights are looked up and special cases told apart.

use super::layer::{Affine, Convolution, Finish, Kind, Layer, Network, Operand};
use crate::attributes::Reason;
use crate::error::EngineError;
use crate::graph::{Activation, Binary, Constant, Data, Gemm, Graph, ValueId, Window};
use crate::kernels::LANES;
use crate::kernels::finish::Curve;
use crate::kernels::plain::Product;
use crate::kernels::pooling::Keep;
use crate::program::{Action, Program, Step};

/// Makes layers of the program's steps.
///
/// # Errors
/// If a step uses its operator in a way only the reference backend can do.
pub(crate) fn lower(graph: &Graph, program: &Program) -> Result<Network, EngineError> {
    let mut lowering = Lowering {
        graph,
        network: Network {
            layers: Vec::with_capacity(program.steps.len()),
            shapes: program.shapes.clone(),
            input: graph.input,
            outputs: graph.outputs.clone(),
            next_value: graph.values.len(),
        },
    };
    for step in &program.steps {
        lowering.add(step).map_err(|reason| EngineError::Node {
            model: graph.model.clone(),
            node: step.label.clone(),
            reason,
        })?;
    }
    Ok(lowering.network)
}

struct Lowering<'a> {
    graph: &'a Graph,
    network: Network,
}

impl<'a> Lowering<'a> {
    fn add(&mut self, step: &Step) -> Result<(), Reason> {
        let kind = match &step.action {
            Action::Conv(window) => Kind::Conv(self.convolution(step, *window, 0)?),
            Action::ConvTranspose(window) => {
                Kind::ConvTranspose(self.convolution(step, *window, 1)?)
            }
            Action::BatchNormalization { epsilon } => {
                let affine = self.normalization(step, *epsilon)?;
                self.affine(step.inputs[0], affine)
            }
            Action::Activation(activation) => self.activation(step, *activation),
            Action::PRelu => self.prelu(step)?,
            Action::Binary(binary) => return self.binary(step, *binary),
            Action::MaxPool(pool) => Kind::Pool {
                pool: *pool,
                keep: Keep::Maximum,
            },
            Action::AveragePool(pool) => Kind::Pool {
                pool: *pool,
                keep: Keep::Average,
            },
            Action::GlobalAveragePool => Kind::GlobalAverage,
            Action::Resize { rows, columns } => Kind::Resize {
                rows: rows.clone(),
                columns: columns.clone(),
                finish: Finish::default(),
            },
            Action::Reshape => Kind::Reshape,
            Action::Transpose(perm) => Kind::Transpose(perm.clone()),
            Action::MatMul => {
                let gemm = Gemm {
                    alpha: 1.0,
                    beta: 0.0,
                    transpose_a: false,
                    transpose_b: false,
                };
                return self.product(step, gemm);
            }
            Action::Gemm(gemm) => return self.product(step, *gemm),
            Action::Softmax { length, stride } => Kind::Softmax {
                length: *length,
                stride: *stride,
            },
            Action::Concat { axis } => self.concat(step, *axis)?,
            Action::Slice(ranges) => Kind::Slice(ranges.clone()),
        };
        let inputs = self.dynamic(step).collect();
        self.push(step, kind, inputs, step.output);
        Ok(())
    }

    fn push(&mut self, step: &Step, kind: Kind, inputs: Vec<ValueId>, output: ValueId) {
        self.network.layers.push(Layer {
            label: step.label.clone(),
            kind,
            inputs,
            output,
        });
    }

    fn shape(&self, id: ValueId) -> &[usize] {
        self.network.shape(id)
    }

    fn constant(&self, id: ValueId) -> Option<(&'a [f32], &'a [usize])> {
        match self.graph.values.get(id.0)?.constant.as_ref()? {
            Constant {
                shape,
                data: Data::Float(numbers),
            } => Some((numbers, shape)),
            Constant { .. } => None,
        }
    }

    /// The numbers of input `index`, which must be stored in the file.
    fn stored(&self, step: &Step, index: usize) -> Result<&'a [f32], Reason> {
        let constant = step.inputs.get(index).and_then(|&id| self.constant(id));
        constant.map(|(numbers, _)| numbers).ok_or_else(|| {
            format!("input {index} is computed; only weights stored in the file are supported")
        })
    }

    /// The inputs of a step that are not stored in the file.
    fn dynamic<'s>(&self, step: &'s Step) -> impl Iterator<Item = ValueId> + use<'s, 'a> {
        let graph = self.graph;
        let is_dynamic = move |id: &ValueId| {
            let value = graph.values.get(id.0);
            value.is_none_or(|value| value.constant.is_none())
        };
        step.inputs.iter().copied().filter(is_dynamic)
    }

    fn convolution(
        &self,
        step: &Step,
        window: Window,
        channel_axis: usize,
    ) -> Result<Convolution, Reason> {
        let weights = self.stored(step, 1)?.to_vec();
        let out_channels = match channel_axis {
            0 => self.shape(step.inputs[1])[0],
            _ => self.shape(step.inputs[1])[1] * window.groups,
        };
        let bias = match step.inputs.get(2) {
            Some(_) => self.stored(step, 2)?.to_vec(),
            None => vec![0.0; out_channels],
        };
        Ok(Convolution {
            window,
            weights,
            bias,
            finish: Finish::default(),
            pooled: false,
        })
    }

    /// A batch normalisation as the scale and shift it amounts to.
    fn normalization(&self, step: &Step, epsilon: f32) -> Result<Affine, Reason> {
        let (scale, shift) = (self.stored(step, 1)?, self.stored(step, 2)?);
        let (mean, variance) = (self.stored(step, 3)?, self.stored(step, 4)?);
        let scale: Vec<f32> = scale
            .iter()
            .zip(variance)
            .map(|(scale, variance)| scale / (variance + epsilon).sqrt())
            .collect();
        let shift = (0..scale.len())
            .map(|c| shift[c] - mean[c] * scale[c])
            .collect();
        Ok(Affine { scale, shift })
    }

    fn affine(&self, x: ValueId, affine: Affine) -> Kind {
        if self.network.extent(x).is_some() {
            Kind::Affine {
                affine,
                finish: Finish::default(),
            }
        } else {
            Kind::PlainAffine(affine)
        }
    }

    fn activation(&self, step: &Step, activation: Activation) -> Kind {
        let is_picture = self.network.extent(step.inputs[0]).is_some();
        match curve(activation) {
            Some(curve) if is_picture => Kind::Curve(Finish {
                curve,
                slopes: slopes_of(activation, self.shape(step.inputs[0])),
                residual: false,
            }),
            _ => Kind::Map(activation),
        }
    }

    fn prelu(&self, step: &Step) -> Result<Kind, Reason> {
        let slopes = self.stored(step, 1)?;
        let x = self.shape(step.inputs[0]);
        let per_channel = per_channel(slopes, self.shape(step.inputs[1]), x)
            .ok_or("slopes must be one per channel")?;
        if self.network.extent(step.inputs[0]).is_none() {
            return Ok(Kind::PlainSlopes(per_channel));
        }
        Ok(Kind::Curve(Finish {
            curve: Curve::Slopes,
            slopes: per_channel,
            residual: false,
        }))
    }

    fn binary(&mut self, step: &Step, binary: Binary) -> Result<(), Reason> {
        let &[a, b] = step.inputs.as_slice() else {
            return Err("it needs two inputs".into());
        };
        let (kind, inputs) = match (self.constant(a), self.constant(b)) {
            (None, None) => self.of_two(binary, a, b),
            (None, Some((numbers, shape))) => {
                let kind = self.with_stored(binary, a, (numbers, shape), true);
                (kind, vec![a])
            }
            (Some((numbers, shape)), _) => {
                let kind = self.with_stored(binary, b, (numbers, shape), false);
                (kind, vec![b])
            }
        };
        self.push(step, kind, inputs, step.output);
        Ok(())
    }

    /// A function of two computed values.
    fn of_two(&self, binary: Binary, a: ValueId, b: ValueId) -> (Kind, Vec<ValueId>) {
        let finish = Finish::default();
        if let (Some(of_a), Some(of_b)) = (self.network.extent(a), self.network.extent(b)) {
            let is_vector_for = |small: super::Extent, large: super::Extent| {
                small.pixels() == 1 && small.channels == large.channels
            };
            if of_a == of_b {
                return (Kind::Binary { binary, finish }, vec![a, b]);
            }
            if is_vector_for(of_b, of_a) {
                return (Kind::PerChannel { binary, finish }, vec![a, b]);
            }
            if is_vector_for(of_a, of_b) && matches!(binary, Binary::Add | Binary::Mul) {
                return (Kind::PerChannel { binary, finish }, vec![b, a]);
            }
        }
        let operands = [Operand::Input, Operand::Input];
        (Kind::PlainBinary { binary, operands }, vec![a, b])
    }

    /// A function of a computed value and stored numbers: an affine one if it can be.
    fn with_stored(
        &self,
        binary: Binary,
        x: ValueId,
        (numbers, shape): (&[f32], &[usize]),
        stored_is_second: bool,
    ) -> Kind {
        let of_x = self.shape(x);
        if let Some(numbers) = per_channel(numbers, shape, of_x) {
            let ones = || vec![1.0; numbers.len()];
            let zeros = || vec![0.0; numbers.len()];
            let affine = match (binary, stored_is_second) {
                (Binary::Add, _) => Some((ones(), numbers.clone())),
                (Binary::Mul, _) => Some((numbers.clone(), zeros())),
                (Binary::Sub, true) => Some((ones(), numbers.iter().map(|x| -x).collect())),
                (Binary::Sub, false) => Some((vec![-1.0; numbers.len()], numbers.clone())),
                (Binary::Div, true) => Some((numbers.iter().map(|x| 1.0 / x).collect(), zeros())),
                (Binary::Div, false) => None,
            };
            if let Some((scale, shift)) = affine {
                return self.affine(x, Affine { scale, shift });
            }
        }
        let stored = Operand::Stored {
            numbers: numbers.to_vec(),
            shape: shape.to_vec(),
        };
        let operands = if stored_is_second {
            [Operand::Input, stored]
        } else {
            [stored, Operand::Input]
        };
        Kind::PlainBinary { binary, operands }
    }

    fn product(&mut self, step: &Step, gemm: Gemm) -> Result<(), Reason> {
        let (a, b) = (step.inputs[0], step.inputs[1]);
        let shape = self.shape(step.output).to_vec();
        let (Some(&columns), &[b0, b1]) = (shape.last(), self.shape(b)) else {
            return Err("only products with a single right-hand matrix are supported".into());
        };
        if self.constant(a).is_some() {
            return Err("a stored left-hand matrix is not supported".into());
        }
        let product = Product {
            gemm,
            rows: shape[..shape.len() - 1].iter().product(),
            inner: if gemm.transpose_b { b1 } else { b0 },
            columns,
        };
        let right = match self.constant(b) {
            Some((numbers, shape)) => Operand::Stored {
                numbers: numbers.to_vec(),
                shape: shape.to_vec(),
            },
            None => Operand::Input,
        };
        let mut inputs = vec![a];
        inputs.extend(matches!(right, Operand::Input).then_some(b));
        let kind = Kind::Product { product, right };
        if step.inputs.len() < 3 {
            self.push(step, kind, inputs, step.output);
            return Ok(());
        }
        let bias: Vec<f32> = self
            .stored(step, 2)?
            .iter()
            .map(|x| x * gemm.beta)
            .collect();
        let bias_shape = self.shape(step.inputs[2]).to_vec();
        let sum = self.network.new_value(shape);
        self.push(step, kind, inputs, sum);
        let kind = self.with_stored(Binary::Add, sum, (&bias, &bias_shape), true);
        self.push(step, kind, vec![sum], step.output);
        Ok(())
    }

    fn concat(&self, step: &Step, axis: usize) -> Result<Kind, Reason> {
        if self.dynamic(step).count() != step.inputs.len() {
            return Err("joining stored numbers is not supported".into());
        }
        let (_, all_but_last) = step.inputs.split_last().ok_or("it has no inputs")?;
        let whole_groups = all_but_last.iter().all(|&id| {
            self.network
                .extent(id)
                .is_some_and(|e| e.channels % LANES == 0)
        });
        let is_picture = self.network.extent(step.output).is_some();
        Ok(if axis == 1 && is_picture && whole_groups {
            Kind::Stack
        } else {
            Kind::Concat { axis }
        })
    }
}

/// The vector version of an activation, if it has one.
fn curve(activation: Activation) -> Option<Curve> {
    match activation {
        Activation::Relu => Some(Curve::Relu),
        Activation::LeakyRelu { .. } => Some(Curve::Slopes),
        Activation::Clip { min, max } => Some(Curve::Clip { min, max }),
        Activation::HardSigmoid { alpha, beta } => Some(Curve::HardSigmoid { alpha, beta }),
        Activation::HardSwish => Some(Curve::HardSwish),
        Activation::Sigmoid | Activation::Tanh => None,
    }
}

fn slopes_of(activation: Activation, shape: &[usize]) -> Vec<f32> {
    match activation {
        Activation::LeakyRelu { slope } => vec![slope; shape[1]],
        _ => Vec::new(),
    }
}

/// `numbers` of shape `shape` as one per channel of `x`, if broadcasting makes them that.
fn per_channel(numbers: &[f32], shape: &[usize], x: &[usize]) -> Option<Vec<f32>> {
    let channels = *x.get(1)?;
    if let &[number] = numbers {
        return (shape.len() <= x.len()).then(|| vec![number; channels]);
    }
    // Broadcasting aligns at the end; the channel axis is the second of x.
    let channel_at = (shape.len() + 1).checked_sub(x.len())?;
    let only_channels = shape
        .iter()
        .enumerate()
        .all(|(d, &size)| size == if d == channel_at { channels } else { 1 });
    (only_channels && numbers.len() == channels).then(|| numbers.to_vec())
}
