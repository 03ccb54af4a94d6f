//! Face embeddings and the similarity between them.

use std::fmt;

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
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
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

/// A face as a vector of unit length.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// Normalises the output of a network to unit length.
    ///
    /// # Errors
    /// If a component is not finite or the vector is zero.
    pub fn from_raw(mut values: Vec<f32>) -> Result<Self, EmbeddingError> {
        if let Some(index) = values.iter().position(|v| !v.is_finite()) {
            return Err(EmbeddingError::NotFinite { index });
        }
        // f64 keeps huge but finite components from overflowing the sum.
        let norm = values
            .iter()
            .map(|&v| f64::from(v).powi(2))
            .sum::<f64>()
            .sqrt();
        if norm < 1e-12 {
            return Err(EmbeddingError::Zero);
        }
        for value in &mut values {
            *value = (f64::from(*value) / norm) as f32;
        }
        Ok(Self(values))
    }

    /// Reads little-endian f32 values, as stored in the database.
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
        let values = bytes
            .chunks_exact(4)
            .map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]))
            .collect();
        Self::from_raw(values)
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
        Cosine(dot(&self.0, &other.0))
    }
}

/// Dot product in eight independent sums, which the compiler turns into SIMD.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    let (a_chunks, b_chunks) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_chunks
        .remainder()
        .iter()
        .zip(b_chunks.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
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

    proptest! {
        #[test]
        fn an_embedding_survives_the_database(values in prop::collection::vec(-3f32..3.0, 1..600)) {
            prop_assume!(values.iter().any(|v| v.abs() > 1e-3));
            let embedding = Embedding::from_raw(values).unwrap();
            let back = Embedding::from_le_bytes(&embedding.to_le_bytes(), embedding.dim()).unwrap();
            prop_assert!((embedding.similarity(&back).0 - 1.0).abs() < 1e-5);
        }
    }
}
