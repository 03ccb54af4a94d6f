//! Convolution and pooling of random geometry against nested loops.

use proptest::prelude::*;

use super::naive::{self, Picture};
use super::{Sketch, Way, assert_close, noise};
use crate::graph::{Pool, Window};

/// A geometry and the picture it is applied to.
#[derive(Debug, Clone)]
struct Case {
    window: Window,
    /// Channels of the input and output are multiples of the number of groups.
    channels: usize,
    out_channels: usize,
    height: usize,
    width: usize,
    seed: u32,
}

impl Case {
    fn input(&self) -> Picture {
        Picture {
            channels: self.channels,
            height: self.height,
            width: self.width,
            data: noise(self.channels * self.height * self.width, self.seed),
        }
    }
}

/// Kernels that networks use more often than others, so that the fast paths are tried, too.
fn window() -> impl Strategy<Value = Window> {
    let common = (
        prop_oneof![Just([1, 1]), Just([3, 3])],
        1_usize..3,
        Just(1_usize),
    )
        .prop_map(|(kernel, stride, groups)| Window {
            kernel,
            strides: [stride; 2],
            dilations: [1; 2],
            pads_before: kernel.map(|k| k / 2),
            pads_after: kernel.map(|k| k / 2),
            groups,
        });
    let any_pair = |range: std::ops::Range<usize>| [range.clone(), range];
    let any = (
        any_pair(1..5),
        any_pair(1..4),
        any_pair(1..3),
        any_pair(0..3),
        any_pair(0..3),
        1_usize..4,
    )
        .prop_map(
            |(kernel, strides, dilations, pads_before, pads_after, groups)| Window {
                kernel,
                strides,
                dilations,
                pads_before,
                pads_after,
                groups,
            },
        );
    prop_oneof![common, any]
}

fn case() -> impl Strategy<Value = Case> {
    (
        window(),
        prop_oneof![1_usize..4, 7_usize..18],
        prop_oneof![1_usize..4, 7_usize..26],
        1_usize..24,
        1_usize..24,
        any::<u32>(),
    )
        .prop_map(
            |(window, channels, out_channels, height, width, seed)| Case {
                channels: channels * window.groups,
                out_channels: out_channels * window.groups,
                window,
                height,
                width,
                seed,
            },
        )
        .prop_filter("the kernel must fit", |case| {
            let size = [case.height, case.width];
            (0..2).all(|d| {
                let w = &case.window;
                size[d] + w.pads_before[d] + w.pads_after[d] > w.dilations[d] * (w.kernel[d] - 1)
            })
        })
}

fn geometry(sketch: Sketch, window: &Window) -> Sketch {
    let ints = |sizes: &[usize]| sizes.iter().map(|&s| s as i64).collect::<Vec<i64>>();
    sketch
        .with("kernel_shape", ints(&window.kernel))
        .with("strides", ints(&window.strides))
        .with("dilations", ints(&window.dilations))
        .with(
            "pads",
            ints(&[window.pads_before, window.pads_after].concat()),
        )
}

fn dims(sizes: &[usize]) -> Vec<i64> {
    sizes.iter().map(|&size| size as i64).collect()
}

fn check(sketch: &Sketch, input: &Picture, expected: &Picture) {
    for way in Way::ALL {
        let (shape, numbers) = sketch.run(way, &input.shape(), &input.data).unwrap();
        assert_eq!(shape, expected.shape());
        assert_close(&numbers, &expected.data, way);
    }
}

fn conv_case(case: &Case) {
    let input = case.input();
    let [kernel_h, kernel_w] = case.window.kernel;
    let per_group = case.channels / case.window.groups;
    let shape = [case.out_channels, per_group, kernel_h, kernel_w];
    let weights = noise(shape.iter().product(), case.seed ^ 1);
    let bias = noise(case.out_channels, case.seed ^ 2);
    let sketch = Sketch::new(&dims(&input.shape()))
        .floats("w", &dims(&shape), &weights)
        .floats("b", &dims(&[bias.len()]), &bias);
    let conv = |sketch: Sketch, of: &str| {
        let sketch = sketch.node("Conv", &[of, "w", "b"], "y");
        geometry(
            sketch.with("group", case.window.groups as i64),
            &case.window,
        )
    };
    // The first layer of a network reads planes, the others the engine's own layout.
    let expected = naive::conv(&case.window, &input, &weights, &bias);
    check(&conv(sketch.clone(), "x"), &input, &expected);
    let positive = Picture {
        data: input.data.iter().map(|x| x.max(0.0)).collect(),
        ..input.clone()
    };
    let expected = naive::conv(&case.window, &positive, &weights, &bias);
    let second = sketch.node("Relu", &["x"], "second");
    check(&conv(second, "second"), &input, &expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_convolution_equals_its_definition(case in case()) {
        conv_case(&case);
    }

    #[test]
    fn a_depthwise_convolution_equals_its_definition(
        channels in 1_usize..20,
        stride in 1_usize..3,
        size in [1_usize..20, 1..20],
        seed in any::<u32>(),
    ) {
        conv_case(&Case {
            window: Window {
                kernel: [3; 2],
                strides: [stride; 2],
                dilations: [1; 2],
                pads_before: [1; 2],
                pads_after: [1; 2],
                groups: channels,
            },
            channels,
            out_channels: channels,
            height: size[0],
            width: size[1],
            seed,
        });
    }

    #[test]
    fn a_transposed_convolution_equals_its_definition(case in case(), more in any::<bool>()) {
        let mut window = case.window;
        let output_padding = [0, 1].map(|d| {
            usize::from(more && window.strides[d].max(window.dilations[d]) > 1)
        });
        for d in 0..2 {
            // Pads must leave something of the result over.
            window.pads_before[d] = window.pads_before[d].min(window.kernel[d] / 2);
            window.pads_after[d] = window.pads_after[d].min((window.kernel[d] - 1) / 2);
        }
        let input = case.input();
        let per_group = case.out_channels / window.groups;
        let shape = [case.channels, per_group, window.kernel[0], window.kernel[1]];
        let weights = noise(shape.iter().product(), case.seed ^ 1);
        let bias = noise(case.out_channels, case.seed ^ 2);
        let sketch = Sketch::new(&dims(&input.shape()))
            .floats("w", &dims(&shape), &weights)
            .floats("b", &dims(&[bias.len()]), &bias)
            .node("ConvTranspose", &["x", "w", "b"], "y")
            .with("group", window.groups as i64)
            .with("output_padding", dims(&output_padding));
        let expected = naive::conv_transpose(&window, output_padding, &input, &weights, &bias);
        check(&geometry(sketch, &window), &input, &expected);
    }

    #[test]
    fn pooling_equals_its_definition(case in case(), count_include_pad in any::<bool>()) {
        let mut window = case.window;
        for d in 0..2 {
            window.pads_before[d] = window.pads_before[d].min(window.kernel[d] - 1);
            window.pads_after[d] = window.pads_after[d].min(window.kernel[d] - 1);
            // A window of nothing but padding has no average.
            window.dilations[d] = 1;
        }
        let input = case.input();
        prop_assume!((0..2).all(|d| {
            [input.height, input.width][d] + window.pads_before[d] + window.pads_after[d] >= window.kernel[d]
        }));
        let out = [
            naive::out_size(&window, 0, input.height),
            naive::out_size(&window, 1, input.width),
        ];
        let pool = Pool { window, ceil_mode: false, count_include_pad };
        let (maxima, averages) = naive::pool(&pool, &input, out);
        let sketch = Sketch::new(&dims(&input.shape()));
        let max = geometry(sketch.clone().node("MaxPool", &["x"], "y"), &window);
        check(&max, &input, &maxima);
        let average = sketch
            .opset(19)
            .node("AveragePool", &["x"], "y")
            .with("count_include_pad", i64::from(count_include_pad));
        check(&geometry(average, &window), &input, &averages);
    }
}
