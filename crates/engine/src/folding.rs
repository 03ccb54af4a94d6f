//! Shape arithmetic: the value of a node all of whose inputs are known numbers.

use super::attributes::Reason;
use super::graph::{Binary, Constant, Data, ElementType, Op};
use super::program::Action;
use super::shapes;

/// Works out `op` on `inputs`.
///
/// # Errors
/// If the operator is none that shape arithmetic uses.
pub(crate) fn fold(op: &Op, inputs: &[&Constant]) -> Result<Constant, Reason> {
    let first = *inputs.first().ok_or("it has no inputs")?;
    match op {
        Op::Identity => Ok(first.clone()),
        Op::Cast(element) => Ok(cast(first, *element)),
        Op::Gather { axis } => gather(first, second(inputs)?, *axis),
        Op::Concat { axis } => concat(inputs, *axis),
        Op::Binary(binary) => arithmetic(*binary, first, second(inputs)?),
        Op::Unsqueeze(axes) => {
            let axes = match axes {
                Some(axes) => axes.as_slice(),
                None => ints(second(inputs)?)?,
            };
            Ok(with_shape(first, shapes::unsqueeze(&first.shape, axes)?))
        }
        Op::Squeeze(axes) => {
            let axes = match (axes, inputs.get(1)) {
                (Some(axes), _) => Some(axes.as_slice()),
                (None, Some(axes)) => Some(ints(axes)?),
                (None, None) => None,
            };
            Ok(with_shape(first, shapes::squeeze(&first.shape, axes)?))
        }
        Op::Reshape => Ok(with_shape(
            first,
            shapes::reshape(&first.shape, ints(second(inputs)?)?)?,
        )),
        Op::Slice(attributes) => {
            let bounds = match attributes {
                Some(given) => shapes::SliceBounds {
                    starts: given.starts.clone(),
                    ends: given.ends.clone(),
                    axes: given.axes.clone(),
                    steps: None,
                },
                None => slice_bounds(inputs)?,
            };
            slice(first, &bounds)
        }
        _ => Err("it does not depend on the picture; compute it before exporting the model".into()),
    }
}

fn second<'a>(inputs: &[&'a Constant]) -> Result<&'a Constant, Reason> {
    inputs
        .get(1)
        .copied()
        .ok_or_else(|| "its second input is missing".into())
}

fn ints(constant: &Constant) -> Result<&[i64], Reason> {
    match &constant.data {
        Data::Int(values) => Ok(values),
        Data::Float(_) => Err("floats are given where integers are needed".into()),
    }
}

fn with_shape(constant: &Constant, shape: Vec<usize>) -> Constant {
    Constant {
        shape,
        data: constant.data.clone(),
    }
}

fn cast(constant: &Constant, element: ElementType) -> Constant {
    let data = match (&constant.data, element) {
        (Data::Int(values), ElementType::Float) => {
            Data::Float(values.iter().map(|&x| x as f32).collect())
        }
        (Data::Float(values), ElementType::Int) => {
            Data::Int(values.iter().map(|&x| x as i64).collect())
        }
        (same, _) => same.clone(),
    };
    Constant {
        shape: constant.shape.clone(),
        data,
    }
}

/// Picks elements of a list by index; a single index gives a scalar.
fn gather(data: &Constant, indices: &Constant, axis: i64) -> Result<Constant, Reason> {
    if data.shape.len() != 1 || shapes::axis(axis, 1)? != 0 {
        return Err(format!(
            "gathering from a value of shape {:?} is not supported, only from a list",
            data.shape
        ));
    }
    let positions = ints(indices)?
        .iter()
        .map(|&index| shapes::axis(index, data.shape[0]))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Constant {
        shape: indices.shape.clone(),
        data: pick(&data.data, &positions),
    })
}

fn pick(data: &Data, positions: &[usize]) -> Data {
    match data {
        Data::Int(values) => Data::Int(positions.iter().map(|&i| values[i]).collect()),
        Data::Float(values) => Data::Float(positions.iter().map(|&i| values[i]).collect()),
    }
}

fn concat(inputs: &[&Constant], axis: i64) -> Result<Constant, Reason> {
    let all: Vec<Vec<usize>> = inputs.iter().map(|input| input.shape.clone()).collect();
    if all.iter().any(|shape| shape.len() != 1) {
        return Err("only lists of numbers can be joined in shape arithmetic".into());
    }
    let (_, shape) = shapes::concat(axis, &all)?;
    let all_int = inputs
        .iter()
        .all(|input| matches!(input.data, Data::Int(_)));
    let data = if all_int {
        Data::Int(inputs.iter().flat_map(|i| integers(i)).collect())
    } else {
        Data::Float(
            inputs
                .iter()
                .flat_map(|i| numbers(i))
                .map(|x| x as f32)
                .collect(),
        )
    };
    Ok(Constant { shape, data })
}

fn integers(constant: &Constant) -> Vec<i64> {
    match &constant.data {
        Data::Int(values) => values.clone(),
        Data::Float(values) => values.iter().map(|&x| x as i64).collect(),
    }
}

fn numbers(constant: &Constant) -> Vec<f64> {
    match &constant.data {
        Data::Int(values) => values.iter().map(|&x| x as f64).collect(),
        Data::Float(values) => values.iter().map(|&x| f64::from(x)).collect(),
    }
}

fn arithmetic(binary: Binary, a: &Constant, b: &Constant) -> Result<Constant, Reason> {
    let shape = shapes::checked(shapes::broadcast(&a.shape, &b.shape)?)?;
    let count: usize = shape.iter().product();
    // Shapes are lists or scalars: one side has all the numbers or just one.
    let at = |len: usize, index: usize| match len {
        1 => Ok(0),
        len if len == count => Ok(index),
        _ => Err("shape arithmetic on matrices is not supported".to_owned()),
    };
    let data = match (&a.data, &b.data) {
        (Data::Int(a), Data::Int(b)) => Data::Int(
            (0..count)
                .map(|i| integer(binary, a[at(a.len(), i)?], b[at(b.len(), i)?]))
                .collect::<Result<_, _>>()?,
        ),
        (Data::Float(a), Data::Float(b)) => Data::Float(
            (0..count)
                .map(|i| Ok(float(binary, a[at(a.len(), i)?], b[at(b.len(), i)?])))
                .collect::<Result<_, Reason>>()?,
        ),
        _ => return Err("its inputs mix integers and floats".into()),
    };
    Ok(Constant { shape, data })
}

fn integer(binary: Binary, a: i64, b: i64) -> Result<i64, Reason> {
    match binary {
        Binary::Add => a.checked_add(b),
        Binary::Sub => a.checked_sub(b),
        Binary::Mul => a.checked_mul(b),
        Binary::Div => a.checked_div(b),
    }
    .ok_or_else(|| format!("{a} {binary:?} {b} has no value"))
}

fn float(binary: Binary, a: f32, b: f32) -> f32 {
    match binary {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
    }
}

fn slice_bounds(inputs: &[&Constant]) -> Result<shapes::SliceBounds, Reason> {
    let list = |index: usize| inputs.get(index).map(|c| ints(c).map(<[i64]>::to_vec));
    Ok(shapes::SliceBounds {
        starts: list(1).ok_or("starts are missing")??,
        ends: list(2).ok_or("ends are missing")??,
        axes: list(3).transpose()?,
        steps: list(4).transpose()?,
    })
}

fn slice(data: &Constant, bounds: &shapes::SliceBounds) -> Result<Constant, Reason> {
    let (action, shape) = shapes::slice(&data.shape, bounds)?;
    let (Action::Slice(ranges), 1) = (action, data.shape.len()) else {
        return Err("only lists of numbers can be cut in shape arithmetic".into());
    };
    let (start, count) = ranges[0];
    let positions: Vec<usize> = (start..start + count).collect();
    Ok(Constant {
        shape,
        data: pick(&data.data, &positions),
    })
}
