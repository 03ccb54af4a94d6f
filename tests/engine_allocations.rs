//! An inference allocates its outputs and nothing else.
//!
//! A binary of its own, because the counting allocator counts for all tests in it.

#![expect(
    unsafe_code,
    reason = "an allocator is unsafe by nature; this one only counts and passes on"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use candle_core::{DType, Device, Tensor};
use rollcall::engine::{Backend, EngineOptions, load};

thread_local! {
    /// Allocations of this thread, and their bytes.
    static COUNTED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

struct Counting;

// SAFETY: everything is passed on to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is ending has no counter any more.
        let _ = COUNTED.try_with(|counted| {
            let (count, bytes) = counted.get();
            counted.set((count + 1, bytes + layout.size()));
        });
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn an_inference_allocates_only_its_outputs() {
    let cases = [
        ("scrfd_2.5g.onnx", 320, 320),
        ("centerface.onnx", 96, 128),
        ("mobilefacenet_512.onnx", 112, 112),
        ("liveness_128.onnx", 128, 128),
    ];
    for (file, height, width) in cases {
        let path = format!("{}/models/{file}", env!("CARGO_MANIFEST_DIR"));
        let options = EngineOptions {
            threads: 2,
            backend: Backend::Fused,
        };
        let mut network = load(file, &std::fs::read(path).unwrap(), &options).unwrap();
        let picture = Tensor::zeros((1, 3, height, width), DType::F32, &Device::Cpu).unwrap();
        // The first run makes the plan and the threads.
        network.run(&picture).unwrap();
        let before = COUNTED.get();
        let outputs = network.run(&picture).unwrap();
        let after = COUNTED.get();
        let (count, bytes) = (after.0 - before.0, after.1 - before.1);
        let of_outputs: usize = outputs.iter().map(|output| output.elem_count() * 4).sum();
        // Beside its numbers an output has a shape, strides and a few reference counts.
        assert!(
            count <= 8 * outputs.len() + 4,
            "{file}: {count} allocations for {} outputs",
            outputs.len()
        );
        assert!(
            bytes <= of_outputs + 1024 * (outputs.len() + 1),
            "{file}: {bytes} bytes allocated for {of_outputs} bytes of outputs"
        );
    }
}
