//! Every operator once, on numbers small enough to check by hand.

use super::{Sketch, Way, noise};

const ROW: [usize; 4] = [1, 1, 1, 5];
const DIMS: [i64; 4] = [1, 1, 1, 5];
const X: [f32; 5] = [-4.0, -1.0, 0.0, 1.0, 8.0];

fn element_wise(op: &str, expected: &[f32]) {
    let net = Sketch::new(&DIMS).node(op, &["x"], "y");
    net.gives((&ROW, &X), (&ROW, expected));
}

#[test]
fn activations() {
    element_wise("Relu", &[0.0, 0.0, 0.0, 1.0, 8.0]);
    element_wise("HardSwish", &[0.0, -1.0 / 3.0, 0.0, 2.0 / 3.0, 8.0]);
    element_wise("HardSigmoid", &[0.0, 0.3, 0.5, 0.7, 1.0]);
    let sigmoid = X.map(|x| 1.0 / (1.0 + (-x).exp()));
    element_wise("Sigmoid", &sigmoid);
    element_wise("Tanh", &X.map(f32::tanh));
    element_wise("LeakyRelu", &[-0.04, -0.01, 0.0, 1.0, 8.0]);
    let net = Sketch::new(&DIMS)
        .node("LeakyRelu", &["x"], "y")
        .with("alpha", 0.5);
    net.gives((&ROW, &X), (&ROW, &[-2.0, -0.5, 0.0, 1.0, 8.0]));
}

#[test]
fn clip_takes_its_bounds_from_attributes_or_inputs() {
    let old = Sketch::new(&DIMS)
        .opset(10)
        .node("Clip", &["x"], "y")
        .with("max", 6.0)
        .with("min", 0.0);
    old.gives((&ROW, &X), (&ROW, &[0.0, 0.0, 0.0, 1.0, 6.0]));
    let new = Sketch::new(&DIMS)
        .floats("six", &[], &[6.0])
        .node("Clip", &["x", "", "six"], "y");
    new.gives((&ROW, &X), (&ROW, &[-4.0, -1.0, 0.0, 1.0, 6.0]));
}

#[test]
fn prelu_has_a_slope_per_channel_or_one_for_all() {
    let net = |dims: &[i64], slopes: &[f32]| {
        Sketch::new(&[1, 2, 1, 2])
            .floats("s", dims, slopes)
            .node("PRelu", &["x", "s"], "y")
    };
    let x: (&[usize], &[f32]) = (&[1, 2, 1, 2], &[-4.0, 4.0, -4.0, 4.0]);
    net(&[2, 1, 1], &[0.5, -1.0]).gives(x, (&[1, 2, 1, 2], &[-2.0, 4.0, 4.0, 4.0]));
    net(&[1], &[0.25]).gives(x, (&[1, 2, 1, 2], &[-1.0, 4.0, -1.0, 4.0]));
}

#[test]
fn arithmetic_broadcasts() {
    let with = |op: &str, dims: &[i64], b: &[f32]| {
        Sketch::new(&[1, 2, 1, 2])
            .floats("b", dims, b)
            .node(op, &["x", "b"], "y")
    };
    let x: (&[usize], &[f32]) = (&[1, 2, 1, 2], &[1.0, 2.0, 3.0, 4.0]);
    let shape: &[usize] = &[1, 2, 1, 2];
    with("Add", &[2, 1, 1], &[10.0, 20.0]).gives(x, (shape, &[11.0, 12.0, 23.0, 24.0]));
    with("Sub", &[1], &[1.0]).gives(x, (shape, &[0.0, 1.0, 2.0, 3.0]));
    with("Mul", &[1, 2, 1, 1], &[2.0, 3.0]).gives(x, (shape, &[2.0, 4.0, 9.0, 12.0]));
    with("Div", &[], &[2.0]).gives(x, (shape, &[0.5, 1.0, 1.5, 2.0]));
    with("Add", &[2], &[10.0, 20.0]).gives(x, (shape, &[11.0, 22.0, 13.0, 24.0]));
    let both = Sketch::new(&[1, 2, 1, 2])
        .node("Relu", &["x"], "r")
        .node("Add", &["r", "x"], "y");
    both.gives(x, (shape, &[2.0, 4.0, 6.0, 8.0]));
}

#[test]
fn a_channel_is_weighed_by_its_own_mean() {
    let net = Sketch::new(&[1, 2, 1, 2])
        .node("GlobalAveragePool", &["x"], "m")
        .node("Mul", &["x", "m"], "y");
    net.gives(
        (&[1, 2, 1, 2], &[1.0, 3.0, 5.0, 7.0]),
        (&[1, 2, 1, 2], &[2.0, 6.0, 30.0, 42.0]),
    );
}

#[test]
fn batch_normalization_uses_the_stored_statistics() {
    let net = Sketch::new(&[1, 2, 1, 2])
        .floats("scale", &[2], &[2.0, 1.0])
        .floats("shift", &[2], &[1.0, 0.0])
        .floats("mean", &[2], &[1.0, -1.0])
        .floats("var", &[2], &[3.0, 0.0])
        .node(
            "BatchNormalization",
            &["x", "scale", "shift", "mean", "var"],
            "y",
        )
        .with("epsilon", 1.0);
    net.gives(
        (&[1, 2, 1, 2], &[1.0, 3.0, 5.0, 7.0]),
        (&[1, 2, 1, 2], &[1.0, 3.0, 6.0, 8.0]),
    );
}

#[test]
fn a_pool_in_ceil_mode_looks_over_the_edge() {
    let net = |op: &str| {
        Sketch::new(&[1, 1, 3, 3])
            .node(op, &["x"], "y")
            .with("kernel_shape", vec![2, 2])
            .with("strides", vec![2, 2])
            .with("ceil_mode", 1)
    };
    let x: Vec<f32> = (1..=9).map(|x| x as f32).collect();
    net("MaxPool").gives((&[1, 1, 3, 3], &x), (&[1, 1, 2, 2], &[5.0, 6.0, 8.0, 9.0]));
    net("AveragePool").gives((&[1, 1, 3, 3], &x), (&[1, 1, 2, 2], &[3.0, 4.5, 7.5, 9.0]));
}

#[test]
fn resize_repeats_pixels() {
    let by = |factors: &[f32]| {
        Sketch::new(&[1, 1, 1, 2])
            .floats("roi", &[0], &[])
            .floats("f", &[4], factors)
            .node("Resize", &["x", "roi", "f"], "y")
            .with("mode", "nearest")
    };
    let x: (&[usize], &[f32]) = (&[1, 1, 1, 2], &[1.0, 2.0]);
    let floor = by(&[1.0, 1.0, 2.0, 3.0])
        .with("coordinate_transformation_mode", "asymmetric")
        .with("nearest_mode", "floor");
    let doubled = [1.0, 1.0, 1.0, 2.0, 2.0, 2.0].repeat(2);
    floor.gives(x, (&[1, 1, 2, 6], &doubled));
    // By half pixels, sources lie at -0.17, 0.5 and 1.17; a half is rounded down.
    by(&[1.0, 1.0, 1.0, 1.5]).gives(x, (&[1, 1, 1, 3], &[1.0, 1.0, 2.0]));
}

#[test]
fn a_resize_to_fixed_sizes_follows_the_input() {
    let net = Sketch::new(&[1, 1, 2, 2])
        .floats("none", &[0], &[])
        .ints("sizes", &[1, 1, 4, 4])
        .node("Resize", &["x", "none", "none", "sizes"], "y")
        .with("coordinate_transformation_mode", "asymmetric")
        .with("nearest_mode", "floor");
    net.gives((&[1, 1, 1, 1], &[7.0]), (&[1, 1, 2, 2], &[7.0; 4]));
    net.gives(
        (&[1, 1, 1, 2], &[7.0, 8.0]),
        (&[1, 1, 2, 4], &[7.0, 7.0, 8.0, 8.0, 7.0, 7.0, 8.0, 8.0]),
    );
}

#[test]
fn a_reshape_to_a_fixed_length_follows_the_input() {
    let net = Sketch::new(&[1, 2, 2, 4])
        .ints("target", &[1, 8, 2])
        .node("Transpose", &["x"], "t")
        .with("perm", vec![0, 2, 3, 1])
        .node("Reshape", &["t", "target"], "y");
    net.gives(
        (&[1, 2, 1, 2], &[1.0, 2.0, 3.0, 4.0]),
        (&[1, 2, 2], &[1.0, 3.0, 2.0, 4.0]),
    );
}

#[test]
fn reshape_keeps_dimensions_marked_zero() {
    let net = Sketch::new(&[1, 2, 1, 2]).ints("target", &[0, 0, -1]).node(
        "Reshape",
        &["x", "target"],
        "y",
    );
    net.gives(
        (&[1, 2, 1, 2], &[1.0, 2.0, 3.0, 4.0]),
        (&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]),
    );
}

#[test]
fn flatten_squeeze_and_unsqueeze_change_only_the_shape() {
    let x: (&[usize], &[f32]) = (&[1, 2, 1, 1], &[1.0, 2.0]);
    let input = || Sketch::new(&[1, 2, 1, 1]);
    input()
        .node("Flatten", &["x"], "y")
        .gives(x, (&[1, 2], &[1.0, 2.0]));
    input()
        .opset(11)
        .node("Squeeze", &["x"], "y")
        .with("axes", vec![2, -1])
        .gives(x, (&[1, 2], &[1.0, 2.0]));
    input()
        .ints("axes", &[0, 5])
        .node("Unsqueeze", &["x", "axes"], "y")
        .gives(x, (&[1, 1, 2, 1, 1, 1], &[1.0, 2.0]));
    input()
        .node("Dropout", &["x"], "d")
        .node("Identity", &["d"], "y")
        .gives(x, (&[1, 2, 1, 1], &[1.0, 2.0]));
}

#[test]
fn matrices_are_multiplied() {
    let input = || {
        Sketch::new(&[1, 2, 1, 1])
            .node("Flatten", &["x"], "v")
            .floats("m", &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
            .floats("t", &[3, 2], &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0])
            .floats("c", &[3], &[10.0, 20.0, 30.0])
    };
    let x: (&[usize], &[f32]) = (&[1, 2, 1, 1], &[1.0, 10.0]);
    let product: [f32; 3] = [41.0, 52.0, 63.0];
    input()
        .node("MatMul", &["v", "m"], "y")
        .gives(x, (&[1, 3], &product));
    input()
        .node("Gemm", &["v", "m"], "y")
        .gives(x, (&[1, 3], &product));
    input()
        .node("Gemm", &["v", "t", "c"], "y")
        .with("transB", 1)
        .with("alpha", 2.0)
        .with("beta", 0.5)
        .gives(x, (&[1, 3], &[87.0, 114.0, 141.0]));
}

#[test]
fn softmax_sums_to_one_along_its_axis() {
    let x: (&[usize], &[f32]) = (&[1, 2, 1, 2], &[0.0, 0.0, 0.0, 3.0_f32]);
    let e = 3.0_f32.exp();
    let along = Sketch::new(&[1, 2, 1, 2])
        .node("Softmax", &["x"], "y")
        .with("axis", 1);
    let high = e / (1.0 + e);
    along.gives(x, (&[1, 2, 1, 2], &[0.5, 1.0 - high, 0.5, high]));
    let low = 1.0 / (3.0 + e);
    let from = along.opset(12);
    from.gives(x, (&[1, 2, 1, 2], &[low, low, low, low * e]));
}

#[test]
fn concat_and_slice_undo_each_other() {
    let net = Sketch::new(&[1, 2, 1, 2])
        .node("Relu", &["x"], "r")
        .node("Concat", &["x", "r"], "c")
        .with("axis", 1)
        .ints("from", &[1])
        .ints("to", &[-1])
        .ints("axes", &[1])
        .node("Slice", &["c", "from", "to", "axes"], "y");
    net.gives(
        (&[1, 2, 1, 2], &[1.0, -2.0, -3.0, 4.0]),
        (&[1, 2, 1, 2], &[-3.0, 4.0, 1.0, 0.0]),
    );
}

#[test]
fn shape_arithmetic_is_folded_away() {
    // What PyTorch writes for `x.view(x.size(0), -1)`.
    let net = Sketch::new(&[1, 2, 1, 2])
        .opset(11)
        .ints("rest", &[-1])
        .ints("zero", &[0])
        .node("Shape", &["x"], "s")
        .node("Gather", &["s", "zero"], "n")
        .node("Concat", &["n", "rest"], "target")
        .with("axis", 0)
        .node("Reshape", &["x", "target"], "y");
    net.gives(
        (&[1, 2, 1, 2], &[1.0, 2.0, 3.0, 4.0]),
        (&[1, 4], &[1.0, 2.0, 3.0, 4.0]),
    );
}

#[test]
fn a_resize_may_compute_its_sizes_from_another_map() {
    // What PyTorch writes for `interpolate(x, size=other.shape[2:])`.
    let net = Sketch::new(&[1, 1, -1, -1])
        .floats("none", &[0], &[])
        .ints("two", &[2])
        .ints("four", &[4])
        .ints("factor", &[2, 3])
        .node("Shape", &["x"], "shape")
        .node("Slice", &["shape", "zero", "two"], "head")
        .ints("zero", &[0])
        .node("Slice", &["shape", "two", "four"], "tail")
        .node("Mul", &["tail", "factor"], "size")
        .node("Cast", &["size"], "cast")
        .with("to", 7)
        .node("Concat", &["head", "cast"], "sizes")
        .with("axis", 0)
        .node("Resize", &["x", "none", "none", "sizes"], "y")
        .with("coordinate_transformation_mode", "asymmetric")
        .with("nearest_mode", "floor");
    net.gives((&[1, 1, 1, 1], &[7.0]), (&[1, 1, 2, 3], &[7.0; 6]));
}

#[test]
fn backends_agree_on_a_small_network() {
    let conv = |net: Sketch, name: &str, dims: [i64; 4], seed: u32| {
        let count = dims.iter().product::<i64>() as usize;
        // Small weights keep the sums, and so their rounding, in the range of real networks.
        let weights: Vec<f32> = noise(count, seed).iter().map(|x| 0.2 * x).collect();
        net.floats(name, &dims, &weights)
    };
    let net = Sketch::new(&[1, 3, 32, 32]);
    let net = conv(net, "w0", [12, 3, 3, 3], 1);
    let net = conv(net, "w1", [12, 12, 3, 3], 2);
    let net = conv(net, "w2", [20, 12, 1, 1], 3)
        .node("Conv", &["x", "w0"], "a")
        .with("pads", vec![1, 1, 1, 1])
        .with("strides", vec![2, 2])
        .node("Relu", &["a"], "b")
        .node("Conv", &["b", "w1"], "c")
        .with("pads", vec![1, 1, 1, 1])
        .node("Add", &["c", "b"], "d")
        .node("Relu", &["d"], "e")
        .node("Conv", &["e", "w2"], "f")
        .node("Sigmoid", &["f"], "y");
    let input = noise(3 * 37 * 30, 9);
    let dims = [1, 3, 37, 30];
    let (shape, expected) = net.run(Way::Reference, &dims, &input).unwrap();
    net.gives((&dims, &input), (&shape, &expected));
}

#[test]
fn channels_that_never_change_are_left_out_unnoticed() {
    // Channels 1 and 5 of the first layer are dead, channel 2 of the second one;
    // dead channels still carry the second layer's bias to the third.
    let mut expand = noise(10 * 3, 1);
    let mut bias = noise(10, 2);
    for dead in [1, 5] {
        expand[dead * 3..(dead + 1) * 3].fill(0.0);
        bias[dead] = 0.0;
    }
    let mut depthwise = noise(10 * 9, 3);
    depthwise[18..27].fill(0.0);
    let net = |kernel: i64, pads: Vec<i64>| {
        Sketch::new(&[1, 3, 9, 9])
            .floats("w0", &[10, 3, 1, 1], &expand)
            .floats("b0", &[10], &bias)
            .floats("s0", &[10, 1, 1], &noise(10, 4))
            .floats("w1", &[10, 1, 3, 3], &depthwise)
            .floats("b1", &[10], &noise(10, 5))
            .floats("s1", &[10, 1, 1], &noise(10, 6))
            .floats(
                "w2",
                &[6, 10, kernel, kernel],
                &noise(60 * (kernel * kernel) as usize, 7),
            )
            .node("Relu", &["x"], "in")
            .node("Conv", &["in", "w0", "b0"], "a")
            .node("PRelu", &["a", "s0"], "b")
            .node("Conv", &["b", "w1", "b1"], "c")
            .with("group", 10)
            .with("pads", vec![1, 1, 1, 1])
            .node("PRelu", &["c", "s1"], "d")
            .node("Conv", &["d", "w2"], "y")
            .with("pads", pads)
    };
    let dims = [1, 3, 9, 9];
    let input = noise(3 * 81, 8);
    for net in [net(1, vec![0; 4]), net(3, vec![1; 4])] {
        let (shape, expected) = net.run(Way::Reference, &dims, &input).unwrap();
        net.gives((&dims, &input), (&shape, &expected));
    }
}
