//! Reading a node's attributes so that none is overlooked.
//!
//! An attribute that is ignored silently computes something else than the file
//! says. Every attribute is therefore taken by name with its type checked, and
//! [`Attributes::finish`] refuses the node if one is left over.

use std::collections::BTreeMap;

use candle_onnx::onnx::attribute_proto::AttributeType;
use candle_onnx::onnx::{AttributeProto, NodeProto, TensorProto};

/// Why an attribute cannot be used; the caller adds the node and the file.
pub(crate) type Reason = String;

/// The attributes of one node that nobody has asked for yet.
pub(crate) struct Attributes<'a> {
    remaining: BTreeMap<&'a str, &'a AttributeProto>,
}

impl<'a> Attributes<'a> {
    pub(crate) fn of(node: &'a NodeProto) -> Self {
        Self {
            remaining: node
                .attribute
                .iter()
                .map(|attribute| (attribute.name.as_str(), attribute))
                .collect(),
        }
    }

    /// Drops attributes that change nothing at inference.
    pub(crate) fn ignore(&mut self, names: &[&'a str]) {
        for name in names {
            self.remaining.remove(*name);
        }
    }

    pub(crate) fn int(&mut self, name: &str) -> Result<Option<i64>, Reason> {
        Ok(self.take(name, AttributeType::Int)?.map(|a| a.i))
    }

    pub(crate) fn int_or(&mut self, name: &str, default: i64) -> Result<i64, Reason> {
        Ok(self.int(name)?.unwrap_or(default))
    }

    /// An integer that may only be 0 or 1.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, Reason> {
        match self.int_or(name, 0)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(format!("attribute {name} is {other}, neither 0 nor 1")),
        }
    }

    pub(crate) fn float(&mut self, name: &str) -> Result<Option<f32>, Reason> {
        Ok(self.take(name, AttributeType::Float)?.map(|a| a.f))
    }

    pub(crate) fn float_or(&mut self, name: &str, default: f32) -> Result<f32, Reason> {
        Ok(self.float(name)?.unwrap_or(default))
    }

    pub(crate) fn ints(&mut self, name: &str) -> Result<Option<Vec<i64>>, Reason> {
        Ok(self
            .take(name, AttributeType::Ints)?
            .map(|a| a.ints.clone()))
    }

    pub(crate) fn floats(&mut self, name: &str) -> Result<Option<Vec<f32>>, Reason> {
        Ok(self
            .take(name, AttributeType::Floats)?
            .map(|a| a.floats.clone()))
    }

    pub(crate) fn tensor(&mut self, name: &str) -> Result<Option<&'a TensorProto>, Reason> {
        Ok(self
            .take(name, AttributeType::Tensor)?
            .and_then(|a| a.t.as_ref()))
    }

    pub(crate) fn text_or(&mut self, name: &str, default: &'a str) -> Result<&'a str, Reason> {
        match self.take(name, AttributeType::String)? {
            None => Ok(default),
            Some(attribute) => std::str::from_utf8(&attribute.s)
                .map_err(|_| format!("attribute {name} is not UTF-8")),
        }
    }

    /// As many non-negative integers as asked for, or `default` if absent.
    pub(crate) fn sizes<const N: usize>(
        &mut self,
        name: &str,
        default: [usize; N],
    ) -> Result<[usize; N], Reason> {
        let Some(ints) = self.ints(name)? else {
            return Ok(default);
        };
        let sizes: Vec<usize> = ints
            .iter()
            .map(|&i| usize::try_from(i).map_err(|_| format!("attribute {name} contains {i}")))
            .collect::<Result<_, _>>()?;
        <[usize; N]>::try_from(sizes).map_err(|sizes| {
            format!(
                "attribute {name} has {} values; only {N} (two-dimensional pictures) are supported",
                sizes.len()
            )
        })
    }

    /// Refuses attributes that nobody asked for.
    pub(crate) fn finish(self) -> Result<(), Reason> {
        match self.remaining.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("attribute {name} is not supported")),
        }
    }

    fn take(
        &mut self,
        name: &str,
        expected: AttributeType,
    ) -> Result<Option<&'a AttributeProto>, Reason> {
        let Some(attribute) = self.remaining.remove(name) else {
            return Ok(None);
        };
        // Files of the first IR version leave the type undefined.
        match attribute.r#type() {
            AttributeType::Undefined => Ok(Some(attribute)),
            found if found == expected => Ok(Some(attribute)),
            found => Err(format!(
                "attribute {name} is of type {}, not {}",
                found.as_str_name(),
                expected.as_str_name()
            )),
        }
    }
}
