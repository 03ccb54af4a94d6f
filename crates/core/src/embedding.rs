//! Face embeddings and the similarity between them.
//!
//! An embedding is a vector of fixed-point numbers: whole multiples of a power of
//! two, [`COMPONENT_BITS`] bits each, kept as `f32` values that hold them exactly.
//! Rounding the output of a network to them moves a similarity by about 10⁻⁷, as
//! much as the network's own rounding does, and buys two things. The products and
//! sums of a similarity fit into an `f64` without rounding, so that it is the same
//! number in whatever order and on whatever machine it is computed; and the
//! gallery can keep 2.5 bytes a component instead of four and lose nothing.

use std::fmt;

/// Bits of a component, its sign among them.
pub const COMPONENT_BITS: u32 = 20;

/// Which network made an embedding: the first 16 hexadecimal digits of the
/// SHA-256 of its weights. Embeddings of different models are never compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(String);

impl ModelId {
    /// Takes the identity from a whole SHA-256 in hexadecimal, or from its prefix.
    pub fn from_sha256(sha256_hex: &str) -> Self {
        Self(sha256_hex.chars().take(16).collect())
    }

    /// The 16 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Cosine similarity of two embeddings, −1..=1; larger is more alike.
#[derive(
    Debug, Clone, Copy, PartialEq, PartialOrd, Default, serde::Serialize, serde::Deserialize,
)]
pub struct Cosine(pub f32);

impl fmt::Display for Cosine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A similarity is read to two digits; honour an explicit precision.
        write!(f, "{:.*}", f.precision().unwrap_or(2), self.0)
    }
}

/// Why a vector is not an embedding.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EmbeddingError {
    /// A component is NaN or infinite.
    #[error("component {index} of the embedding is not a finite number")]
    NotFinite {
        /// Position of the first such component.
        index: usize,
    },
    /// The vector has no direction.
    #[error("the embedding has length zero")]
    Zero,
    /// A blob does not hold the stated number of values.
    #[error("the embedding has {bytes} bytes; {dim} values of 4 bytes were expected")]
    WrongSize {
        /// Bytes found.
        bytes: usize,
        /// Values expected.
        dim: usize,
    },
}

/// How far from 1 the length of an embedding can be. Rounding 512 components to
/// their grid moves the length by 5·10⁻⁵ at the very most; a stored vector
/// within this bound is one of ours and is taken as it is.
pub(super) const LENGTH_TOLERANCE: f64 = 1e-3;

/// A face as a vector of unit length, on a grid of [`COMPONENT_BITS`] bits.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// Normalises the output of a network to unit length and rounds it to its grid.
    ///
    /// # Errors
    /// If a component is not finite or the vector is zero.
    pub fn from_raw(values: Vec<f32>) -> Result<Self, EmbeddingError> {
        let length = length(&values)?;
        Ok(Self(rounded_to_grid(values, length)))
    }

    /// Reads little-endian f32 values, as stored in the database. What
    /// [`Self::to_le_bytes`] wrote comes back bit by bit.
    ///
    /// # Errors
    /// If the size is not 4 × `dim` bytes or the values are no embedding.
    pub fn from_le_bytes(bytes: &[u8], dim: usize) -> Result<Self, EmbeddingError> {
        if bytes.len() != dim * 4 {
            return Err(EmbeddingError::WrongSize {
                bytes: bytes.len(),
                dim,
            });
        }
        let values: Vec<f32> = bytes
            .chunks_exact(4)
            .map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]))
            .collect();
        let length = length(&values)?;
        let is_unit = (length - 1.0).abs() <= LENGTH_TOLERANCE;
        Ok(Self(rounded_to_grid(
            values,
            if is_unit { 1.0 } else { length },
        )))
    }

    /// The values as little-endian f32, 4 × [`Self::dim`] bytes.
    pub fn to_le_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    /// Number of dimensions.
    pub fn dim(&self) -> usize {
        self.0.len()
    }

    /// The components; their squares add up to one.
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }

    /// Cosine similarity with `other`. Embeddings of different size have none and give −1.
    pub fn similarity(&self, other: &Embedding) -> Cosine {
        if self.dim() != other.dim() {
            return Cosine(-1.0);
        }
        Cosine(dot(&self.0, &other.0) as f32)
    }

    /// The embedding whose components are these whole multiples of `step`; the
    /// inverse of [`Self::fixed_point`].
    pub(super) fn of_fixed_point(whole: &[i32], step: f64) -> Self {
        Self(
            whole
                .iter()
                .map(|&k| (f64::from(k) * step) as f32)
                .collect(),
        )
    }

    /// The components as whole multiples of a step, which is a power of two.
    pub(super) fn fixed_point(&self) -> (Vec<i32>, f64) {
        let step = grid_step(&self.0);
        let whole = |&v: &f32| (f64::from(v) / step) as i32;
        (self.0.iter().map(whole).collect(), step)
    }
}

/// The length of a vector that has one.
fn length(values: &[f32]) -> Result<f64, EmbeddingError> {
    if let Some(index) = values.iter().position(|v| !v.is_finite()) {
        return Err(EmbeddingError::NotFinite { index });
    }
    // f64 keeps huge but finite components from overflowing the sum.
    let squares: f64 = values.iter().map(|&v| f64::from(v).powi(2)).sum();
    let length = squares.sqrt();
    if length < 1e-12 {
        return Err(EmbeddingError::Zero);
    }
    Ok(length)
}

/// The values divided by `length`, each rounded to the nearest point of the grid.
fn rounded_to_grid(mut values: Vec<f32>, length: f64) -> Vec<f32> {
    let unit: Vec<f64> = values.iter().map(|&v| f64::from(v) / length).collect();
    let round = |step: f64, values: &mut [f32]| {
        for (value, exact) in values.iter_mut().zip(&unit) {
            *value = ((exact / step).round() * step) as f32;
        }
    };
    let peak = unit.iter().fold(0f64, |peak, v| peak.max(v.abs())) as f32;
    let step = grid_step(&[peak]);
    round(step, &mut values);
    // A largest component that was rounded up to the next power of two needs the coarser grid.
    let step_now = grid_step(&values);
    if step_now > step {
        round(step_now, &mut values);
    }
    values
}

/// The step of the grid of `values`: the power of two by which the largest of
/// them takes at most [`COMPONENT_BITS`] bits with its sign.
fn grid_step(values: &[f32]) -> f64 {
    let peak = values.iter().fold(0f32, |peak, v| peak.max(v.abs()));
    // The exponent field of an IEEE 754 number x says x < 2^(field − 126).
    let exponent = (peak.to_bits() >> 23) as i32 - 126;
    2f64.powi(exponent - (COMPONENT_BITS as i32 - 1))
}

/// Dot product of two embeddings' components, without any rounding.
///
/// A product of two components is a multiple of a power of two below 2³⁸; up to
/// 2¹⁵ of them add up to less than 2⁵³ such multiples, which an f64 holds exactly.
/// Eight independent sums let the compiler use SIMD; exact sums have no order.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    let product = |(&x, &y): (&f32, &f32)| f64::from(x) * f64::from(y);
    let rest: f64 = a_rest.iter().zip(b_rest).map(product).sum();
    let mut sums = [0f64; 8];
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..8 {
            sums[lane] += f64::from(x[lane]) * f64::from(y[lane]);
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rejects_what_is_no_direction() {
        assert_eq!(Embedding::from_raw(vec![0.0; 4]), Err(EmbeddingError::Zero));
        assert_eq!(Embedding::from_raw(vec![]), Err(EmbeddingError::Zero));
        assert_eq!(
            Embedding::from_raw(vec![1.0, f32::NAN]),
            Err(EmbeddingError::NotFinite { index: 1 })
        );
        assert!(matches!(
            Embedding::from_le_bytes(&[0; 7], 2),
            Err(EmbeddingError::WrongSize { bytes: 7, dim: 2 })
        ));
    }

    #[test]
    fn embeddings_of_different_size_are_never_alike() {
        let two = Embedding::from_raw(vec![1.0, 0.0]).unwrap();
        let three = Embedding::from_raw(vec![1.0, 0.0, 0.0]).unwrap();
        assert_eq!(two.similarity(&three), Cosine(-1.0));
    }

    #[test]
    fn a_component_at_a_power_of_two_is_kept() {
        let axis = Embedding::from_raw(vec![0.0, -3.0, 0.0]).unwrap();
        assert_eq!(axis.as_slice(), [0.0, -1.0, 0.0]);
        assert_eq!(axis.similarity(&axis), Cosine(1.0));
        // The largest component is just below 0.5 and is rounded up to it.
        let below = Embedding::from_le_bytes(
            &[0.499_999_97_f32, 0.5, 0.5, 0.5]
                .map(f32::to_le_bytes)
                .concat(),
            4,
        );
        assert_eq!(below.unwrap().as_slice(), [0.5; 4]);
    }

    /// Vectors as a network makes them, and ones with a few dominant components.
    fn directions() -> impl Strategy<Value = Vec<f32>> {
        let component = prop_oneof![9 => -3f32..3.0, 1 => -90f32..90.0];
        prop::collection::vec(component, 1..600)
            .prop_filter("a direction", |v| v.iter().any(|x| x.abs() > 1e-3))
    }

    proptest! {
        #[test]
        fn an_embedding_survives_the_database(values in directions()) {
            let embedding = Embedding::from_raw(values).unwrap();
            let bytes = embedding.to_le_bytes();
            let back = Embedding::from_le_bytes(&bytes, embedding.dim()).unwrap();
            prop_assert_eq!(&back, &embedding);
            prop_assert!((embedding.similarity(&back).0 - 1.0).abs() < 1e-5);
        }

        #[test]
        fn rounding_moves_a_component_by_half_a_step_at_most(values in directions()) {
            let length = length(&values).unwrap();
            let embedding = Embedding::from_raw(values.clone()).unwrap();
            let (whole, step) = embedding.fixed_point();
            prop_assert_eq!(&Embedding::of_fixed_point(&whole, step), &embedding);
            for ((&raw, &kept), &whole) in values.iter().zip(embedding.as_slice()).zip(&whole) {
                let exact = f64::from(raw) / length;
                prop_assert!((exact - f64::from(kept)).abs() <= step / 2.0 + 1e-15);
                prop_assert_eq!(f64::from(whole) * step, f64::from(kept));
                prop_assert!(whole.abs() < 1 << (COMPONENT_BITS - 1));
            }
        }

        #[test]
        fn a_similarity_is_the_same_in_any_order(
            pairs in prop::collection::vec((-3f32..3.0, -3f32..3.0), 1..600),
        ) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            prop_assume!(length(&a).is_ok() && length(&b).is_ok());
            let (a, b) = (Embedding::from_raw(a).unwrap(), Embedding::from_raw(b).unwrap());
            let backwards: f64 = a.as_slice().iter().zip(b.as_slice()).rev()
                .map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
            prop_assert_eq!(a.similarity(&b), Cosine(backwards as f32));
            let ((a, a_step), (b, b_step)) = (a.fixed_point(), b.fixed_point());
            let whole: i64 = a.iter().zip(&b).map(|(&x, &y)| i64::from(x) * i64::from(y)).sum();
            prop_assert_eq!(whole as f64 * a_step * b_step, backwards);
        }
    }
}
