//! Pictures that people bring, through the real networks.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not take for tests"
)]

use std::path::{Path, PathBuf};

use image::{RgbImage, imageops};
use rollcall::core::align::align;
use rollcall::core::detection::Detection;
use rollcall::core::embedding::Embedding;
use rollcall::engine::EngineOptions;
use rollcall::inference::detector::{DetectorKind, DetectorOptions};
use rollcall::inference::load::{LoadError, load_detector, load_embedder};
use rollcall::inference::manifest::{MANIFEST_FILE, Manifest};
use rollcall::inference::still::find_faces_in_still;
use rollcall::inference::{FaceDetector, FaceEmbedder};
use rollcall::picture;

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

fn fixture(name: &str) -> RgbImage {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/faces");
    picture::open(&folder.join(name)).unwrap()
}

fn detector(kind: DetectorKind) -> Box<dyn FaceDetector> {
    let manifest = Manifest::load(&models()).unwrap();
    let options = DetectorOptions::recommended(kind);
    load_detector(&manifest, kind, options, &EngineOptions::default()).unwrap()
}

fn embed(embedder: &mut dyn FaceEmbedder, image: &RgbImage, face: &Detection) -> Embedding {
    let aligned = align(image, &face.landmarks).unwrap();
    embedder.embed(&[aligned]).unwrap().remove(0)
}

/// The box of the face scaled by `scale` and nothing else.
fn tight_crop(image: &RgbImage, face: &Detection, scale: f32) -> RgbImage {
    let b = face.bounding_box.scaled(scale);
    let b = b.clamped(image.width(), image.height());
    imageops::crop_imm(
        image,
        b.left as u32,
        b.top as u32,
        b.width() as u32,
        b.height() as u32,
    )
    .to_image()
}

#[test]
fn a_tight_crop_is_found_and_is_the_same_person() {
    let manifest = Manifest::load(&models()).unwrap();
    let mut embedder = load_embedder(&manifest, &EngineOptions::default()).unwrap();
    for kind in DetectorKind::ALL {
        let mut detector = detector(kind);
        for name in ["obama.jpg", "biden.jpg", "astronaut.jpg"] {
            let image = fixture(name);
            let face = detector.detect(&image).unwrap()[0];
            let whole = embed(&mut *embedder, &image, &face);
            for scale in [1.0, 0.8, 0.65] {
                let crop = tight_crop(&image, &face, scale);
                let found = find_faces_in_still(&mut *detector, &crop).unwrap();
                assert_eq!(found.len(), 1, "{kind}, {name} at {scale}");
                let cropped = embed(&mut *embedder, &crop, &found[0]);
                let similarity = whole.similarity(&cropped).0;
                println!("{kind}, {name} at {scale}: {similarity:.2}");
                // At 65 % mouth and brow are cut: a face is there, but whose it is
                // nobody can promise.
                if scale >= 0.8 {
                    assert!(similarity > 0.5, "{kind}, {name} at {scale}: {similarity}");
                }
            }
        }
    }
}

#[test]
fn other_pictures_of_a_person_are_nearer_than_other_people() {
    let manifest = Manifest::load(&models()).unwrap();
    let mut embedder = load_embedder(&manifest, &EngineOptions::default()).unwrap();
    let mut detector = detector(DetectorKind::Scrfd);
    let mut embedding_of = |name: &str| {
        let image = fixture(name);
        let faces = find_faces_in_still(&mut *detector, &image).unwrap();
        assert_eq!(faces.len(), 1, "{name}");
        embed(&mut *embedder, &image, &faces[0])
    };
    let obama = embedding_of("obama.jpg");
    for name in ["obama2.jpg", "obama3.jpg"] {
        assert!(obama.similarity(&embedding_of(name)).0 > 0.6, "{name}");
    }
    for name in ["biden.jpg", "astronaut.jpg", "newton.jpg", "gauss.jpg"] {
        assert!(obama.similarity(&embedding_of(name)).0 < 0.3, "{name}");
    }
}

#[test]
fn no_face_is_found_where_there_is_none() {
    for kind in DetectorKind::ALL {
        let mut detector = detector(kind);
        for name in ["coffee.jpg", "rocket.jpg"] {
            let found = find_faces_in_still(&mut *detector, &fixture(name)).unwrap();
            assert_eq!(found, [], "{kind}, {name}");
        }
    }
}

#[test]
fn loading_refuses_what_cannot_work_and_names_the_file() {
    let manifest = Manifest::load(&models()).unwrap();
    let engine = EngineOptions::default();
    let options = DetectorOptions {
        input_side: 300,
        ..DetectorOptions::recommended(DetectorKind::Scrfd)
    };
    let error = load_detector(&manifest, DetectorKind::Scrfd, options, &engine)
        .err()
        .unwrap();
    assert!(matches!(error, LoadError::Options { .. }), "{error}");
    assert!(error.to_string().contains("scrfd_2.5g.onnx"), "{error}");

    // A folder with the manifest but without the weights.
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        models().join(MANIFEST_FILE),
        folder.path().join(MANIFEST_FILE),
    )
    .unwrap();
    let empty = Manifest::load(folder.path()).unwrap();
    let error = load_embedder(&empty, &engine).err().unwrap().to_string();
    assert!(
        error.contains("mobilefacenet_512.onnx is missing"),
        "{error}"
    );
}
