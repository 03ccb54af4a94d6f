//! Rollcall's numbers against those of ONNX Runtime and `OpenCV`.
//!
//! `script/golden.py` makes the figures in `tests/golden/`; it shares no code
//! with Rollcall. The tolerances are those that the station is built on: raw
//! outputs within 1e-3, boxes and landmarks within a pixel, embeddings within a
//! cosine of 0.9999, liveness within 0.01.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not take for tests"
)]

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use image::RgbImage;
use rollcall::core::align::align;
use rollcall::core::detection::Detection;
use rollcall::core::embedding::Embedding;
use rollcall::engine::EngineOptions;
use rollcall::inference::detector::{DetectorKind, DetectorOptions};
use rollcall::inference::load::{load_detector, load_embedder, load_liveness, load_network};
use rollcall::inference::manifest::Manifest;
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct RawFigures {
    model: String,
    width: usize,
    height: usize,
    mean: f32,
    scale: f32,
    shapes: Vec<Vec<usize>>,
    step: usize,
    file: String,
}

#[derive(Deserialize)]
struct DetectionFigures {
    picture: String,
    detector: DetectorKind,
    side: u32,
    faces: Vec<FaceFigures>,
}

#[derive(Deserialize)]
struct FaceFigures {
    score: f32,
    #[serde(rename = "box")]
    edges: [f32; 4],
    landmarks: [f32; 10],
}

#[derive(Deserialize)]
struct EmbeddingFigures {
    picture: String,
    liveness: f32,
    embedding: Vec<f32>,
}

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn figures<T: DeserializeOwned>(name: &str) -> T {
    let path = in_repository("tests/golden").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn manifest() -> Manifest {
    Manifest::load(&in_repository("models")).unwrap()
}

fn picture(name: &str) -> RgbImage {
    let path = in_repository("tests/fixtures/faces").join(name);
    image::open(path).unwrap().into_rgb8()
}

/// The same whole-number stripes as `pattern` of `script/golden.py`.
fn pattern(figures: &RawFigures) -> Tensor {
    let (width, height) = (figures.width, figures.height);
    let values: Vec<f32> = (0..3 * height * width)
        .map(|i| {
            let (channel, y, x) = (i / (height * width), i / width % height, i % width);
            let stripes = (x * x + 3 * y * y + 5 * x * y + 970 * channel) / 16 % 256;
            (stripes as f32 - figures.mean) * figures.scale
        })
        .collect();
    Tensor::from_vec(values, (1, 3, height, width), &Device::Cpu).unwrap()
}

#[test]
fn raw_outputs_of_every_network_agree() {
    let manifest = manifest();
    for figures in figures::<Vec<RawFigures>>("raw.json") {
        let entry = manifest
            .models()
            .iter()
            .find(|m| m.file == figures.model)
            .unwrap();
        let mut network = load_network(&manifest, entry, &EngineOptions::default()).unwrap();
        let outputs = network.run(&pattern(&figures)).unwrap();
        let shapes: Vec<Vec<usize>> = outputs.iter().map(|o| o.dims().to_vec()).collect();
        assert_eq!(shapes, figures.shapes, "{}", figures.file);

        let found: Vec<f32> = outputs
            .iter()
            .flat_map(|o| o.flatten_all().unwrap().to_vec1::<f32>().unwrap())
            .step_by(figures.step)
            .collect();
        let bytes = fs::read(in_repository("tests/golden").join(&figures.file)).unwrap();
        let expected: Vec<f32> = bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect();
        assert_eq!(found.len(), expected.len(), "{}", figures.file);
        let worst = found
            .iter()
            .zip(&expected)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, |worst, d| if d <= worst { worst } else { d });
        assert!(worst < 1e-3, "{} is off by {worst}", figures.file);
        println!("{}: largest difference {worst:e}", figures.file);
    }
}

#[test]
fn boxes_and_landmarks_agree() {
    let manifest = manifest();
    let all: Vec<DetectionFigures> = figures("detections.json");
    for kind in DetectorKind::ALL {
        for side in [320, 640] {
            let options = DetectorOptions {
                input_side: side,
                ..DetectorOptions::recommended(kind)
            };
            let mut detector =
                load_detector(&manifest, kind, options, &EngineOptions::default()).unwrap();
            let wanted: Vec<_> = all
                .iter()
                .filter(|f| f.detector == kind && f.side == side)
                .collect();
            assert!(wanted.len() >= 5, "{kind} at {side}");
            for figures in wanted {
                let found = detector.detect(&picture(&figures.picture)).unwrap();
                let name = format!("{kind} at {side} on {}", figures.picture);
                compare_detections(&name, &found, &figures.faces);
            }
        }
    }
}

fn compare_detections(name: &str, found: &[Detection], expected: &[FaceFigures]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let mut worst = 0f32;
    for face in expected {
        let distance = found
            .iter()
            .map(|d| largest_difference(d, face))
            .fold(f32::INFINITY, f32::min);
        assert!(distance < 1.0, "{name}: off by {distance} pixels");
        worst = worst.max(distance);
    }
    println!("{name}: {} faces within {worst:.3} pixels", found.len());
}

/// In pixels; infinite if the scores tell that it is not the same face.
fn largest_difference(found: &Detection, expected: &FaceFigures) -> f32 {
    if (found.score - expected.score).abs() > 0.02 {
        return f32::INFINITY;
    }
    let b = found.bounding_box;
    let edges = [b.left, b.top, b.right, b.bottom];
    let landmarks = found.landmarks.points.iter().flat_map(|p| [p.x, p.y]);
    edges
        .into_iter()
        .chain(landmarks)
        .zip(expected.edges.iter().chain(&expected.landmarks))
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

#[test]
fn embeddings_and_liveness_agree_from_the_picture_on() {
    let manifest = manifest();
    let engine = EngineOptions::default();
    let options = DetectorOptions::recommended(DetectorKind::Scrfd);
    let mut detector = load_detector(&manifest, DetectorKind::Scrfd, options, &engine).unwrap();
    let mut embedder = load_embedder(&manifest, &engine).unwrap();
    let mut liveness = load_liveness(&manifest, &engine).unwrap();
    let all: Vec<EmbeddingFigures> = figures("faces.json");
    assert!(all.len() >= 5);
    for figures in all {
        let image = picture(&figures.picture);
        let face = detector.detect(&image).unwrap()[0];
        let aligned = align(&image, &face.landmarks).unwrap();
        let embedding = &embedder.embed(&[aligned]).unwrap()[0];
        assert_eq!(embedding.dim(), embedder.dim());
        let expected = Embedding::from_raw(figures.embedding).unwrap();
        let cosine = embedding.similarity(&expected).0;
        assert!(cosine >= 0.9999, "{}: cosine {cosine}", figures.picture);

        let score = liveness.score(&image, &face.bounding_box).unwrap();
        let off = (score - figures.liveness).abs();
        assert!(off < 0.01, "{}: liveness {score}", figures.picture);
        println!(
            "{}: cosine {cosine:.6}, liveness off by {off:.5}",
            figures.picture
        );
    }
}
