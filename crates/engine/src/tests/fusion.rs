//! What the passes make one layer of must compute what the layers did.

use proptest::prelude::*;

use super::{Sketch, Way, noise};

/// Compares every way with the reference, which fuses nothing.
fn agrees(net: &Sketch, dims: &[usize; 4], seed: u32) {
    let input = noise(dims.iter().product(), seed);
    let (shape, expected) = net.run(Way::Reference, dims, &input).unwrap();
    net.gives((dims, &input), (&shape, &expected));
}

fn weights(net: Sketch, name: &str, dims: [usize; 4], seed: u32) -> Sketch {
    // Small weights keep the sums, and so their rounding, in the range of real networks.
    let scale = 1.0 / (dims[1] * dims[2] * dims[3]) as f32;
    let count = dims.iter().product();
    let numbers: Vec<f32> = noise(count, seed).iter().map(|x| scale * x).collect();
    net.floats(name, &dims.map(|size| size as i64), &numbers)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_maximum_after_a_convolution(
        (channels, out) in (1_usize..40, 1_usize..40),
        (height, width) in (2_usize..22, 2_usize..60),
        (curve, seed) in (0..5, any::<u32>()),
    ) {
        let net = Sketch::new(&[1, channels as i64, height as i64, width as i64])
            .floats("b", &[out as i64], &noise(out, seed ^ 1))
            .floats("s", &[out as i64, 1, 1], &noise(out, seed ^ 2))
            .node("Relu", &["x"], "in");
        let net = weights(net, "w", [out, channels, 3, 3], seed ^ 3)
            .node("Conv", &["in", "w", "b"], "c")
            .with("pads", vec![1, 1, 1, 1]);
        let net = match curve {
            0 => net.node("Relu", &["c"], "d"),
            // Slopes below zero turn the order of negative numbers round.
            1 => net.node("PRelu", &["c", "s"], "d"),
            2 => net.node("Clip", &["c"], "d").with("min", -0.1).with("max", 0.3).opset(7),
            3 => net.node("HardSwish", &["c"], "d").opset(14),
            _ => net.node("Add", &["c", "c"], "d"),
        };
        let net = net
            .node("MaxPool", &["d"], "y")
            .with("kernel_shape", vec![2, 2])
            .with("strides", vec![2, 2]);
        agrees(&net, &[1, channels, height, width], seed ^ 4);
    }

    #[test]
    fn convolutions_of_the_same_picture(
        (channels, outs) in (1_usize..20, proptest::array::uniform3(1_usize..20)),
        (height, width) in (1_usize..12, 1_usize..30),
        (kernel, seed) in (prop_oneof![Just(1_usize), Just(3)], any::<u32>()),
    ) {
        let mut net = Sketch::new(&[1, channels as i64, height as i64, width as i64])
            .node("Relu", &["x"], "in");
        for (index, out) in outs.into_iter().enumerate() {
            let (w, c, t) = (format!("w{index}"), format!("c{index}"), format!("t{index}"));
            net = weights(net, &w, [out, channels, kernel, kernel], seed ^ index as u32)
                .node("Conv", &["in", &w], &c)
                .with("pads", vec![(kernel / 2) as i64; 4]);
            // As detection heads do it: pixel by pixel, as planes, and through a curve.
            net = match index {
                0 => net.node("Transpose", &[&c], "p").with("perm", vec![0, 2, 3, 1]),
                1 => net.node("Sigmoid", &[&c], "p1"),
                _ => net,
            };
            let last = ["p", "p1", &c][index];
            net = net.ints(&format!("flat{index}"), &[1, -1]).node(
                "Reshape",
                &[last, &format!("flat{index}")],
                &t,
            );
        }
        let net = net.node("Concat", &["t0", "t1", "t2"], "y").with("axis", 1);
        agrees(&net, &[1, channels, height, width], seed ^ 9);
    }
}

#[test]
fn a_sibling_that_feeds_another_picture_stays_alone() {
    let net = Sketch::new(&[1, 5, 7, 9])
        .node("Relu", &["x"], "in")
        .ints("flat", &[1, -1]);
    let net = weights(net, "w0", [6, 5, 1, 1], 1);
    let net = weights(net, "w1", [6, 5, 1, 1], 2);
    let net = weights(net, "w2", [3, 6, 3, 3], 3)
        .node("Conv", &["in", "w0"], "a")
        .node("Conv", &["in", "w1"], "b")
        .node("Conv", &["a", "w2"], "c")
        .with("pads", vec![1, 1, 1, 1])
        .node("Reshape", &["b", "flat"], "d")
        .node("Reshape", &["c", "flat"], "e")
        .node("Concat", &["d", "e"], "y")
        .with("axis", 1);
    agrees(&net, &[1, 5, 7, 9], 4);
}
