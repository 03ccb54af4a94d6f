//! How well faces are told apart: the verification protocol of Labeled Faces in
//! the Wild (Huang et al., 2007) on anybody's pictures.
//!
//! A list of pairs says which pictures show the same person; every picture is
//! embedded once; [`statistics`] turns the similarities into accuracy and error
//! rates. A picture without a face is not passed over in silence: its pairs
//! have no similarity and are counted as wrong.

pub mod attacks;
mod drawn;
pub mod open_set;
pub mod pairs;
pub mod statistics;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use image::RgbImage;
use serde::Serialize;

use self::pairs::{PairList, PairsError, PictureName};
use self::statistics::{Scored, Statistics};
use crate::core::align::align;
use crate::core::detection::Detection;
use crate::core::embedding::Embedding;
use crate::inference::still::find_faces_in_still;
use crate::inference::{FaceDetector, FaceEmbedder, InferenceError};
use crate::picture::{self, PictureError};
use crate::read_bounded;

/// How pairs with a picture without a face are treated; part of every report.
const TREATMENT: &str = "pairs with a picture in which no face was found have no similarity: \
    they are counted as wrong in the accuracies, as refused in the true accept rate, \
    and left out of the false match rate";

/// The outcome of an evaluation.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The embedder that was measured.
    pub model_id: String,
    /// Different pictures in the list.
    pub pictures: usize,
    /// Those in which no face was found.
    pub pictures_without_face: Vec<String>,
    /// How their pairs are treated, in words.
    pub treatment_of_pictures_without_face: &'static str,
    /// Accuracy and error rates.
    #[serde(flatten)]
    pub statistics: Statistics,
}

/// Why an evaluation stopped.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The list of pairs cannot be read.
    #[error("reading the pairs {}: {source}", path.display())]
    ReadPairs {
        /// The list.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The list of pairs is none.
    #[error("reading the pairs {}: {source}", path.display())]
    ParsePairs {
        /// The list.
        path: PathBuf,
        /// What is wrong in which line.
        #[source]
        source: PairsError,
    },
    /// A picture of the list cannot be used.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A network failed on a picture.
    #[error("looking at {}: {source}", path.display())]
    Inference {
        /// The picture.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: Box<InferenceError>,
    },
}

/// The networks that are measured.
pub struct Networks<'a> {
    /// Finds the faces.
    pub detector: &'a mut dyn FaceDetector,
    /// Embeds them.
    pub embedder: &'a mut dyn FaceEmbedder,
}

/// Reads a list of pairs in LFW's format.
///
/// # Errors
/// If the file cannot be read or is not in that format.
pub fn read_pairs(path: &Path) -> Result<PairList, EvalError> {
    let text = read_bounded::file_or_pipe(path, read_bounded::TEXT_BYTES)
        .and_then(read_bounded::as_text)
        .map_err(|source| EvalError::ReadPairs {
            path: path.to_owned(),
            source,
        })?;
    pairs::parse(&text).map_err(|source| EvalError::ParsePairs {
        path: path.to_owned(),
        source,
    })
}

/// Embeds every picture of `list` under `images_dir` (`Name/Name_0001.jpg`) and
/// compares the pairs. `progress` is told (pictures done, pictures in all).
///
/// # Errors
/// If a picture is missing or damaged, or a network fails.
pub fn evaluate(
    list: &PairList,
    images_dir: &Path,
    networks: &mut Networks<'_>,
    mut progress: impl FnMut(usize, usize),
) -> Result<Report, EvalError> {
    let names: BTreeSet<&PictureName> = list
        .pairs
        .iter()
        .flat_map(|pair| [&pair.first, &pair.second])
        .collect();
    let total = names.len();
    let mut embeddings: BTreeMap<&PictureName, Option<Embedding>> = BTreeMap::new();
    progress(0, total);
    for (done, name) in names.into_iter().enumerate() {
        embeddings.insert(name, embed_picture(&name.path_in(images_dir), networks)?);
        progress(done + 1, total);
    }

    let embedding_of = |name| embeddings.get(name).and_then(Option::as_ref);
    let scored: Vec<Scored> = list
        .pairs
        .iter()
        .map(|pair| Scored {
            genuine: pair.genuine,
            fold: pair.fold,
            similarity: embedding_of(&pair.first)
                .zip(embedding_of(&pair.second))
                .map(|(a, b)| a.similarity(b).0),
        })
        .collect();
    Ok(Report {
        model_id: networks.embedder.model_id().to_string(),
        pictures: total,
        pictures_without_face: embeddings
            .iter()
            .filter(|(_, embedding)| embedding.is_none())
            .map(|(name, _)| name.to_string())
            .collect(),
        treatment_of_pictures_without_face: TREATMENT,
        statistics: statistics::summarise(&scored, list.folds),
    })
}

fn embed_picture(path: &Path, networks: &mut Networks<'_>) -> Result<Option<Embedding>, EvalError> {
    let inference_error = |source| EvalError::Inference {
        path: path.to_owned(),
        source: Box::new(source),
    };
    let image = picture::open(path)?;
    let faces = find_faces_in_still(networks.detector, &image).map_err(inference_error)?;
    let aligned = main_face(&faces, &image).and_then(|face| align(&image, &face.landmarks));
    let Some(aligned) = aligned else {
        return Ok(None);
    };
    let embeddings = networks
        .embedder
        .embed(&[aligned])
        .map_err(inference_error)?;
    Ok(embeddings.into_iter().next())
}

/// The face the picture is about: large, and near the middle, where LFW puts it.
fn main_face<'a>(faces: &'a [Detection], image: &RgbImage) -> Option<&'a Detection> {
    let (middle_x, middle_y) = (image.width() as f32 / 2.0, image.height() as f32 / 2.0);
    let weight = |face: &Detection| {
        let centre = face.bounding_box.centre();
        let squared_distance = (centre.x - middle_x).powi(2) + (centre.y - middle_y).powi(2);
        face.bounding_box.area() - 2.0 * squared_distance
    };
    faces.iter().max_by(|a, b| weight(a).total_cmp(&weight(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    use crate::core::align::{ARCFACE_TEMPLATE, AlignedFace};
    use crate::core::embedding::ModelId;
    use crate::core::geometry::BoundingBox;
    use image::Rgb;

    /// Sees a face in every picture that is not black.
    struct Sees;

    impl FaceDetector for Sees {
        fn detect(&mut self, image: &RgbImage) -> Result<Vec<Detection>, InferenceError> {
            let is_seen = image.pixels().any(|p| p.0 != [0; 3] && p.0 != [127; 3]);
            let face = Detection {
                bounding_box: BoundingBox::new(0.0, 0.0, 112.0, 112.0),
                score: 0.9,
                landmarks: ARCFACE_TEMPLATE,
            };
            Ok(if is_seen { vec![face] } else { Vec::new() })
        }
    }

    /// The mean colour is who it is.
    struct ByColour(ModelId, usize);

    impl FaceEmbedder for ByColour {
        fn embed(&mut self, faces: &[AlignedFace]) -> Result<Vec<Embedding>, InferenceError> {
            self.1 += faces.len();
            Ok(faces
                .iter()
                .map(|face| {
                    let colour = face.image.get_pixel(56, 56).0.map(f32::from);
                    Embedding::from_raw(colour.to_vec()).unwrap()
                })
                .collect())
        }

        fn model_id(&self) -> &ModelId {
            &self.0
        }

        fn dim(&self) -> usize {
            3
        }
    }

    fn folder(pictures: &[(&str, [u8; 3])]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, colour) in pictures {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let image = RgbImage::from_pixel(112, 112, Rgb(*colour));
            fs::write(path, picture::encode_jpeg(&image, 95).unwrap()).unwrap();
        }
        dir
    }

    /// The report, the number of faces embedded and the steps of the progress.
    type Outcome = (Report, usize, Vec<(usize, usize)>);

    fn run(dir: &Path, text: &str) -> Result<Outcome, EvalError> {
        let list = pairs::parse(text).unwrap();
        let mut embedder = ByColour(ModelId::from_sha256("00112233"), 0);
        let mut steps = Vec::new();
        let mut networks = Networks {
            detector: &mut Sees,
            embedder: &mut embedder,
        };
        let report = evaluate(&list, dir, &mut networks, |done, all| {
            steps.push((done, all));
        })?;
        Ok((report, embedder.1, steps))
    }

    #[test]
    fn every_picture_is_embedded_once_and_missing_faces_are_told() {
        let dir = folder(&[
            ("Ana/Ana_0001.jpg", [200, 20, 20]),
            ("Ana/Ana_0002.jpg", [180, 20, 20]),
            ("Bob/Bob_0001.jpg", [20, 20, 200]),
            ("Bob/Bob_0002.jpg", [0, 0, 0]),
        ]);
        let text = "1\t2\nAna\t1\t2\nBob\t1\t2\nAna\t1\tBob\t1\nAna\t2\tBob\t1\n";
        let (report, embedded, steps) = run(dir.path(), text).unwrap();
        assert_eq!(embedded, 3);
        assert_eq!(steps, [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]);
        assert_eq!(report.pictures_without_face, ["Bob_0002"]);
        assert_eq!(report.statistics.pairs_without_similarity, 1);
        assert_eq!(report.statistics.best.correct_pairs, 3);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["accuracy"], 0.75);
    }

    #[test]
    fn a_missing_picture_is_named() {
        let dir = folder(&[("Ana/Ana_0001.jpg", [200, 20, 20])]);
        let error = run(dir.path(), "1 1\nAna 1 7\n").unwrap_err().to_string();
        assert!(error.contains("Ana_0007.jpg"), "{error}");
        let error = read_pairs(&dir.path().join("pairs.txt")).unwrap_err();
        assert!(error.to_string().contains("pairs.txt"), "{error}");
    }

    #[test]
    fn the_main_face_is_large_and_central() {
        let face = |left: f32, top: f32, side: f32| Detection {
            bounding_box: BoundingBox::new(left, top, left + side, top + side),
            score: 0.9,
            landmarks: ARCFACE_TEMPLATE,
        };
        let image = RgbImage::new(250, 250);
        let faces = [
            face(0.0, 0.0, 100.0),
            face(80.0, 80.0, 90.0),
            face(120.0, 120.0, 10.0),
        ];
        assert_eq!(main_face(&faces, &image), Some(&faces[1]));
        assert_eq!(main_face(&[], &image), None);
    }
}
