//! The fast backend against the reference backend on the shipped networks.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not take for tests"
)]

use candle_core::{Device, Tensor};
use rollcall::engine::Network;
use rollcall::engine::{Backend, EngineOptions, load};

/// Largest difference allowed, relative to the output's largest number.
const TOLERANCE: f32 = 1e-4;

fn network(file: &str, backend: Backend, threads: usize) -> Box<dyn Network> {
    let path = format!("{}/models/{file}", env!("CARGO_MANIFEST_DIR"));
    let options = EngineOptions { threads, backend };
    load(file, &std::fs::read(path).unwrap(), &options).unwrap()
}

/// Smooth waves with some noise, between -1 and 1, times `scale`.
fn picture(height: usize, width: usize, scale: f32) -> Tensor {
    let mut noise = 1_u32;
    let numbers = (0..3 * height * width).map(|index| {
        let (y, x) = (index / width % height, index % width);
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        let wave = (x as f32 * 0.11).sin() * (y as f32 * 0.07 + index as f32 * 1e-5).cos();
        scale * (0.8 * wave + 0.2 * (noise >> 8) as f32 / (1 << 24) as f32)
    });
    Tensor::from_iter(numbers, &Device::Cpu)
        .and_then(|numbers| numbers.reshape((1, 3, height, width)))
        .unwrap()
}

fn numbers(output: &Tensor) -> Vec<f32> {
    output.flatten_all().unwrap().to_vec1().unwrap()
}

fn assert_agree(ours: &[Tensor], reference: &[Tensor], what: &str) {
    assert_eq!(ours.len(), reference.len());
    for (index, (ours, reference)) in ours.iter().zip(reference).enumerate() {
        assert_eq!(ours.dims(), reference.dims(), "{what}, output {index}");
        let (ours, reference) = (numbers(ours), numbers(reference));
        let largest = reference.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
        for (a, b) in ours.iter().zip(&reference) {
            assert!(
                (a - b).abs() <= TOLERANCE * largest,
                "{what}, output {index}: {a} instead of {b}"
            );
        }
    }
}

fn assert_backends_agree(file: &str, sizes: &[(usize, usize)], scale: f32) {
    let mut reference = network(file, Backend::Reference, 1);
    for &(height, width) in sizes {
        let picture = picture(height, width, scale);
        let expected = reference.run(&picture).unwrap();
        for threads in [1, 2, 4] {
            let ours = network(file, Backend::Fused, threads)
                .run(&picture)
                .unwrap();
            let what = format!("{file} at {width}x{height} on {threads} threads");
            assert_agree(&ours, &expected, &what);
        }
    }
}

#[test]
fn scrfd() {
    assert_backends_agree("scrfd_2.5g.onnx", &[(320, 320), (96, 160), (32, 32)], 1.0);
}

#[test]
fn centerface() {
    assert_backends_agree("centerface.onnx", &[(96, 128), (160, 32)], 255.0);
}

#[test]
fn mobilefacenet() {
    assert_backends_agree("mobilefacenet_512.onnx", &[(112, 112)], 1.0);
}

#[test]
fn liveness() {
    assert_backends_agree("liveness_128.onnx", &[(128, 128)], 255.0);
}

#[test]
fn engines_that_run_at_the_same_time_do_not_disturb_each_other() {
    let picture = picture(96, 96, 1.0);
    let expected = network("scrfd_2.5g.onnx", Backend::Fused, 1)
        .run(&picture)
        .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut engine = network("scrfd_2.5g.onnx", Backend::Fused, 3);
                for _ in 0..10 {
                    assert_agree(&engine.run(&picture).unwrap(), &expected, "scrfd");
                }
            });
        }
    });
}

#[test]
fn a_face_at_a_time_or_all_at_once_is_the_same() {
    let mut engine = network("mobilefacenet_512.onnx", Backend::Fused, 2);
    let faces = [picture(112, 112, 1.0), picture(112, 112, 0.5)];
    let one_by_one: Vec<Vec<f32>> = faces
        .iter()
        .map(|face| numbers(&engine.run(face).unwrap()[0]))
        .collect();
    let together = engine.run(&Tensor::cat(&faces, 0).unwrap()).unwrap();
    assert_eq!(together[0].dims(), [2, 512]);
    assert_eq!(numbers(&together[0]), one_by_one.concat());
}
