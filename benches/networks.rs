//! One inference of each network, by input size and number of threads.
//!
//! `cargo bench --bench networks`

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot run should stop and say so"
)]

use candle_core::{Device, Tensor};
use divan::Bencher;
use rollcall::engine::Network;
use rollcall::engine::{Backend, EngineOptions, load};

fn main() {
    divan::main();
}

const THREADS: [usize; 3] = [1, 2, 4];

/// A network with a picture of its size, filled with a pattern of no meaning.
fn prepare(file: &str, threads: usize, height: usize, width: usize) -> (Box<dyn Network>, Tensor) {
    let path = format!("{}/models/{file}", env!("CARGO_MANIFEST_DIR"));
    let options = EngineOptions {
        threads,
        backend: Backend::Fused,
    };
    let network = load(file, &std::fs::read(path).unwrap(), &options).unwrap();
    let pattern = (0..3 * height * width).map(|i| (i * 37 % 256) as f32 / 128.0 - 1.0);
    let picture = Tensor::from_iter(pattern, &Device::Cpu)
        .and_then(|numbers| numbers.reshape((1, 3, height, width)))
        .unwrap();
    (network, picture)
}

fn bench(bencher: Bencher, file: &str, threads: usize, height: usize, width: usize) {
    let (mut network, picture) = prepare(file, threads, height, width);
    network.run(&picture).unwrap();
    bencher.bench_local(|| network.run(&picture).unwrap());
}

#[divan::bench(args = THREADS)]
fn scrfd_640(bencher: Bencher, threads: usize) {
    bench(bencher, "scrfd_2.5g.onnx", threads, 640, 640);
}

#[divan::bench(args = THREADS)]
fn scrfd_320(bencher: Bencher, threads: usize) {
    bench(bencher, "scrfd_2.5g.onnx", threads, 320, 320);
}

#[divan::bench(args = THREADS)]
fn centerface_640x480(bencher: Bencher, threads: usize) {
    bench(bencher, "centerface.onnx", threads, 480, 640);
}

#[divan::bench(args = THREADS)]
fn mobilefacenet_112(bencher: Bencher, threads: usize) {
    bench(bencher, "mobilefacenet_512.onnx", threads, 112, 112);
}

#[divan::bench(args = THREADS)]
fn liveness_128(bencher: Bencher, threads: usize) {
    bench(bencher, "liveness_128.onnx", threads, 128, 128);
}
