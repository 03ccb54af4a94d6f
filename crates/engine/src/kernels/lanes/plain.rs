//! Eight floats in plain Rust.

use super::{LANES, Lanes};

/// Eight floats in plain Rust: for every CPU, and the yardstick for the others.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
pub(crate) struct Plain([f32; LANES]);

impl Plain {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

impl Lanes for Plain {
    type Two = [Self; 2];
    type Three = [Self; 3];

    const HOLDS_TWELVE_PIXELS: bool = false;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for eight floats; an array of floats needs no more alignment.
        Self(unsafe { *from.cast::<[f32; LANES]>() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as in `load`.
        unsafe { *to.cast::<[f32; LANES]>() = self.0 }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self([x; LANES])
    }

    #[inline(always)]
    unsafe fn fma(self, a: Self, b: Self) -> Self {
        // Without hardware support `mul_add` is a slow library call.
        let fused = cfg!(any(target_feature = "fma", target_arch = "aarch64"));
        Self(std::array::from_fn(|i| {
            if fused {
                a.0[i].mul_add(b.0[i], self.0[i])
            } else {
                a.0[i] * b.0[i] + self.0[i]
            }
        }))
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }
}
