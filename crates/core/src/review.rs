//! Faces without a name, put together for somebody to look at.

use chrono::{DateTime, FixedOffset};
use image::RgbImage;

use super::attendance::Direction;
use super::embedding::{Cosine, Embedding};
use super::person::PersonCode;

/// Somebody without a name, seen once or more.
#[derive(Debug, Clone, PartialEq)]
pub struct Visitor {
    /// Numbers of the sightings, that with the best face first.
    pub sightings: Vec<i64>,
    /// When the first one was.
    pub first: DateTime<FixedOffset>,
    /// And the last one.
    pub last: DateTime<FixedOffset>,
    /// Why there was no name, in a word or two.
    pub reason: String,
    /// Name of the most similar person, and how similar.
    pub nearest: Option<(String, Cosine)>,
    /// The best face, if it is kept.
    pub picture: Option<RgbImage>,
}

/// What somebody decides about sightings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewDeed {
    /// They do not matter.
    Ignore {
        /// Which.
        sightings: Vec<i64>,
        /// Who says so.
        by: String,
    },
    /// They shall be erased.
    Delete {
        /// Which.
        sightings: Vec<i64>,
        /// Who says so.
        by: String,
    },
    /// They were somebody.
    Assign(Assignment),
}

/// Who was seen, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The sightings.
    pub sightings: Vec<i64>,
    /// Code of the person.
    pub code: PersonCode,
    /// Whether the best of the faces becomes a sample.
    pub add: bool,
    /// Whether it was stated that this is another person than the one the face is like.
    pub another_person: bool,
    /// The punch that was missed, if one shall be added.
    pub punch: Option<Direction>,
    /// Why it is added.
    pub reason: Option<String>,
    /// Who says so.
    pub by: String,
}

/// Faces so similar are shown as one person: far above strangers (0 ± 0.1), and where a
/// person is split into two groups nothing is lost.
const SAME_VISITOR: Cosine = Cosine(0.45);

/// Groups of faces that look alike, as places in `faces`; the largest group first, in each
/// the best face (by `quality`) first. Faces of other sizes are never alike.
pub fn group(faces: &[(&Embedding, f32)]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..faces.len()).collect();
    order.sort_by(|&a, &b| faces[b].1.total_cmp(&faces[a].1).then(a.cmp(&b)));
    let mut groups: Vec<(Vec<f32>, Vec<usize>)> = Vec::new();
    for index in order {
        let face = faces[index].0;
        let nearest = groups
            .iter_mut()
            .filter(|(sum, _)| sum.len() == face.dim())
            .filter_map(|group| {
                Some((
                    Embedding::from_raw(group.0.clone()).ok()?.similarity(face),
                    group,
                ))
            })
            .max_by(|a, b| a.0.0.total_cmp(&b.0.0))
            .filter(|(similarity, _)| *similarity >= SAME_VISITOR);
        if let Some((_, (sum, members))) = nearest {
            for (sum, value) in sum.iter_mut().zip(face.as_slice()) {
                *sum += value;
            }
            members.push(index);
        } else {
            groups.push((face.as_slice().to_vec(), vec![index]));
        }
    }
    let mut groups: Vec<Vec<usize>> = groups.into_iter().map(|(_, members)| members).collect();
    groups.sort_by_key(|members| std::cmp::Reverse(members.len()));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A unit vector whose similarity to `axis` is `similarity`; the rest on an axis of its own.
    fn face(axis: usize, similarity: f32, own: usize) -> Embedding {
        let mut values = vec![0.0; 32];
        values[axis] = similarity;
        values[16 + own] += (1.0 - similarity * similarity).sqrt();
        Embedding::from_raw(values).unwrap()
    }

    #[test]
    fn faces_that_look_alike_are_one_group_and_its_best_comes_first() {
        let faces = [
            face(0, 0.9, 0),
            face(1, 0.9, 1),
            face(0, 0.8, 2),
            face(0, 0.85, 3),
            face(2, 0.9, 4),
        ];
        let quality = [0.5, 0.9, 0.8, 0.2, 0.1];
        let faces: Vec<(&Embedding, f32)> = faces.iter().zip(quality).collect();
        assert_eq!(group(&faces), [vec![2, 0, 3], vec![1], vec![4]]);
        assert!(group(&[]).is_empty());
    }

    #[test]
    fn vectors_of_another_network_are_a_group_of_their_own() {
        let other = Embedding::from_raw(vec![1.0; 8]).unwrap();
        let face = face(0, 0.9, 0);
        assert_eq!(group(&[(&face, 0.5), (&other, 0.4)]).len(), 2);
    }
}
