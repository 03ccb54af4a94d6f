//! Convolution and pooling as nested loops, straight from their definitions.

use crate::graph::{Pool, Window};

/// A picture: channels, height, width, and its numbers.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) data: Vec<f32>,
}

impl Picture {
    pub(super) fn zeros([channels, height, width]: [usize; 3]) -> Self {
        Self {
            channels,
            height,
            width,
            data: vec![0.0; channels * height * width],
        }
    }

    pub(super) fn shape(&self) -> [usize; 4] {
        [1, self.channels, self.height, self.width]
    }

    /// The number at a place that may lie outside.
    fn get(&self, c: usize, y: isize, x: isize) -> Option<f32> {
        let y = usize::try_from(y).ok().filter(|&y| y < self.height)?;
        let x = usize::try_from(x).ok().filter(|&x| x < self.width)?;
        Some(self.data[(c * self.height + y) * self.width + x])
    }

    fn put(&mut self, c: usize, y: usize, x: usize, value: f32) {
        self.data[(c * self.height + y) * self.width + x] = value;
    }
}

/// Where tap `k` of the window at output `at` falls along dimension `d`.
fn tap(window: &Window, d: usize, at: usize, k: usize) -> isize {
    (at * window.strides[d] + k * window.dilations[d]) as isize - window.pads_before[d] as isize
}

/// Sizes of the output of a window without `ceil_mode`.
pub(super) fn out_size(window: &Window, d: usize, size: usize) -> usize {
    let reach = window.dilations[d] * (window.kernel[d] - 1) + 1;
    (size + window.pads_before[d] + window.pads_after[d] - reach) / window.strides[d] + 1
}

pub(super) fn conv(window: &Window, input: &Picture, weights: &[f32], bias: &[f32]) -> Picture {
    let mut output = Picture::zeros([
        bias.len(),
        out_size(window, 0, input.height),
        out_size(window, 1, input.width),
    ]);
    let per_group = input.channels / window.groups;
    let [kernel_h, kernel_w] = window.kernel;
    for out in 0..bias.len() {
        let group = out / (bias.len() / window.groups);
        for y in 0..output.height {
            for x in 0..output.width {
                let mut sum = f64::from(bias[out]);
                for c in 0..per_group {
                    for ky in 0..kernel_h {
                        for kx in 0..kernel_w {
                            let (iy, ix) = (tap(window, 0, y, ky), tap(window, 1, x, kx));
                            let value = input.get(group * per_group + c, iy, ix).unwrap_or(0.0);
                            let w = ((out * per_group + c) * kernel_h + ky) * kernel_w + kx;
                            sum += f64::from(value) * f64::from(weights[w]);
                        }
                    }
                }
                output.put(out, y, x, sum as f32);
            }
        }
    }
    output
}

/// Every input pixel adds its multiple of the kernel to the output.
pub(super) fn conv_transpose(
    window: &Window,
    output_padding: [usize; 2],
    input: &Picture,
    weights: &[f32],
    bias: &[f32],
) -> Picture {
    let size = |d: usize, size: usize| {
        (size - 1) * window.strides[d]
            + window.dilations[d] * (window.kernel[d] - 1)
            + 1
            + output_padding[d]
            - window.pads_before[d]
            - window.pads_after[d]
    };
    let mut output = Picture::zeros([bias.len(), size(0, input.height), size(1, input.width)]);
    let plane = output.height * output.width;
    for (c, bias) in bias.iter().enumerate() {
        output.data[c * plane..(c + 1) * plane].fill(*bias);
    }
    let (in_group, out_group) = (input.channels / window.groups, bias.len() / window.groups);
    let [kernel_h, kernel_w] = window.kernel;
    for c in 0..input.channels {
        for out in 0..out_group {
            for (y, x) in pairs(input.height, input.width) {
                for (ky, kx) in pairs(kernel_h, kernel_w) {
                    let (oy, ox) = (tap(window, 0, y, ky), tap(window, 1, x, kx));
                    let to = c / in_group * out_group + out;
                    let weight = weights[((c * out_group + out) * kernel_h + ky) * kernel_w + kx];
                    if let Some(sum) = output.get(to, oy, ox) {
                        let value = input.data[(c * input.height + y) * input.width + x];
                        output.put(to, oy as usize, ox as usize, sum + value * weight);
                    }
                }
            }
        }
    }
    output
}

/// Maximum and average of every window, for an output of `[height, width]`.
pub(super) fn pool(pool: &Pool, input: &Picture, out: [usize; 2]) -> (Picture, Picture) {
    let mut maxima = Picture::zeros([input.channels, out[0], out[1]]);
    let mut averages = maxima.clone();
    let window = &pool.window;
    for c in 0..input.channels {
        for (y, x) in pairs(out[0], out[1]) {
            let (mut max, mut sum, mut count) = (f32::NEG_INFINITY, 0.0, 0.0);
            for (ky, kx) in pairs(window.kernel[0], window.kernel[1]) {
                let (iy, ix) = (tap(window, 0, y, ky), tap(window, 1, x, kx));
                let inside_pads = iy < (input.height + window.pads_after[0]) as isize
                    && ix < (input.width + window.pads_after[1]) as isize;
                match input.get(c, iy, ix) {
                    Some(value) => {
                        max = max.max(value);
                        sum += value;
                        count += 1.0;
                    }
                    None if pool.count_include_pad && inside_pads => count += 1.0,
                    None => {}
                }
            }
            maxima.put(c, y, x, max);
            averages.put(c, y, x, sum / count);
        }
    }
    (maxima, averages)
}

fn pairs(a: usize, b: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..a).flat_map(move |i| (0..b).map(move |j| (i, j)))
}
