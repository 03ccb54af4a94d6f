//! Networks with the graphs of InsightFace's packs: what each is taken for, and
//! whether the engine computes what ONNX Runtime does.
//!
//! `script/packs.py` makes the networks and the figures.

use std::fs;

use candle_core::{Device, Tensor};
use rollcall::engine::{EngineOptions, load};
use rollcall::inference::classify::{Classification, classify};
use rollcall::inference::manifest::{ColourOrder, Manifest, ModelFamily};
use serde::Deserialize;

use crate::{in_repository, pack};

#[derive(Deserialize)]
struct Figures {
    model: String,
    side: usize,
    shapes: Vec<Vec<usize>>,
    step: usize,
    values: Vec<f32>,
}

/// What a file is taken for. Its name is not told.
fn taken_for(file: &str) -> Classification {
    classify("x.onnx", &pack(file)).unwrap()
}

fn ours(file: &str) -> (ModelFamily, String) {
    match taken_for(file) {
        Classification::Ours(found) => (found.family, found.title),
        Classification::NotOurs(reason) => panic!("{file}: {reason}"),
    }
}

fn not_ours(file: &str) -> String {
    match taken_for(file) {
        Classification::NotOurs(reason) => reason,
        Classification::Ours(found) => panic!("{file}: {found:?}"),
    }
}

#[test]
fn a_file_is_known_by_its_graph() {
    assert_eq!(ours("det_500m.onnx").0, ModelFamily::Scrfd);
    assert_eq!(ours("det_10g.onnx").0, ModelFamily::Scrfd);
    for file in ["w600k_r50.onnx", "w600k_mbf.onnx"] {
        let (family, title) = ours(file);
        assert_eq!(family, ModelFamily::Arcface);
        assert!(title.contains("64 dimensions"), "{title}");
    }
    for (file, reason) in [
        ("det_2.5g_no_kps.onnx", "without landmarks"),
        ("2d106det.onnx", "212 numbers of a picture of 192x192"),
        ("1k3d68.onnx", "3309 numbers"),
        ("genderage.onnx", "3 numbers of a picture of 96x96"),
    ] {
        let found = not_ours(file);
        assert!(found.contains(reason), "{file}: {found}");
    }
}

#[test]
fn an_embedder_takes_pictures_as_insightface_gives_them() {
    let Classification::Ours(found) = taken_for("w600k_r50.onnx") else {
        panic!("not recognised");
    };
    assert_eq!(found.input.colour_order, ColourOrder::Rgb);
    assert_eq!((found.input.mean, found.input.scale), (127.5, 1.0 / 127.5));
}

#[test]
fn the_shipped_networks_are_taken_for_what_the_manifest_says() {
    let manifest = Manifest::load(&in_repository("models")).unwrap();
    for entry in manifest.models() {
        let bytes = manifest.read(entry).unwrap();
        let Classification::Ours(found) = classify("x.onnx", &bytes).unwrap() else {
            panic!("{} was not recognised", entry.file);
        };
        assert_eq!(found.family, entry.family, "{}", entry.file);
        if entry.family == ModelFamily::Scrfd {
            assert_eq!(found.title, entry.title);
        }
    }
}

#[test]
fn the_engine_agrees_with_onnx_runtime() {
    let text = fs::read_to_string(in_repository("tests/golden/packs.json")).unwrap();
    for figures in serde_json::from_str::<Vec<Figures>>(&text).unwrap() {
        let model = &figures.model;
        let mut network = load(model, &pack(model), &EngineOptions::default()).unwrap();
        let outputs = network.run(&pattern(figures.side)).unwrap();
        let shapes: Vec<Vec<usize>> = outputs.iter().map(|o| o.dims().to_vec()).collect();
        assert_eq!(shapes, figures.shapes, "{model}");
        let found: Vec<f32> = outputs
            .iter()
            .flat_map(|o| o.flatten_all().unwrap().to_vec1::<f32>().unwrap())
            .step_by(figures.step)
            .collect();
        assert_eq!(found.len(), figures.values.len(), "{model}");
        for (found, expected) in found.iter().zip(&figures.values) {
            let tolerance = 1e-4 * expected.abs().max(1.0);
            assert!(
                (found - expected).abs() < tolerance,
                "{model}: {found} instead of {expected}"
            );
        }
    }
}

/// The same whole-number stripes as `pattern` of `script/packs.py`.
fn pattern(side: usize) -> Tensor {
    let values: Vec<f32> = (0..3 * side * side)
        .map(|i| {
            let (channel, y, x) = (i / (side * side), i / side % side, i % side);
            let stripes = (x * x + 3 * y * y + 5 * x * y + 970 * channel) / 16 % 256;
            (stripes as f32 - 127.5) / 127.5
        })
        .collect();
    Tensor::from_vec(values, (1, 3, side, side), &Device::Cpu).unwrap()
}
