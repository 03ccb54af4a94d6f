//! Eight floats at a time: the one small trait every kernel is written against.
//!
//! [`Lanes`] serves eight channels of one pixel. The microkernel, where most of
//! the time goes, sums several such groups at once; a [`Row`] lets a CPU with
//! wider registers hold two of them in one.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
mod plain;

use std::fmt::Debug;

pub(crate) use self::plain::Plain;

/// How many channels lie side by side in the engine's layout, and how many
/// floats a [`Lanes`] holds.
pub(crate) const LANES: usize = 8;

/// A vector of eight floats.
///
/// # Safety
/// The methods of an implementation may use instructions that not every CPU
/// has. A caller must make sure that this one has them; kernels get that
/// promise from [`Isa::run`](super::Isa::run), the only place that chooses an
/// implementation. `load` and `store` also need eight valid floats behind the pointer.
pub(crate) trait Lanes: Copy + Debug {
    /// Two groups side by side.
    type Two: Row<Self>;
    /// Three groups side by side.
    type Three: Row<Self>;

    /// Whether the CPU has registers for the sums of twelve pixels at a time
    /// instead of six.
    const HOLDS_TWELVE_PIXELS: bool;

    /// Reads eight floats; no alignment is needed.
    unsafe fn load(from: *const f32) -> Self;
    /// Writes eight floats; no alignment is needed.
    unsafe fn store(self, to: *mut f32);
    /// Eight times the same float.
    unsafe fn splat(x: f32) -> Self;
    /// `self + a · b`, rounded once where the CPU can.
    unsafe fn fma(self, a: Self, b: Self) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    unsafe fn min(self, other: Self) -> Self;
}

/// One to three groups of eight floats side by side: the sums of one pixel, or
/// the weights that one input channel contributes to them.
///
/// # Safety
/// As for [`Lanes`]; `load` reads `8 · GROUPS` floats.
pub(crate) trait Row<L>: Copy {
    /// How many groups.
    const GROUPS: usize;
    /// Reads all groups; no alignment is needed.
    unsafe fn load(from: *const f32) -> Self;
    /// Nothing but zeros.
    unsafe fn zero() -> Self;
    /// `self + x · weights`.
    unsafe fn fma(self, x: f32, weights: Self) -> Self;
    /// The group at `index`.
    unsafe fn group(self, index: usize) -> L;
}

impl<L: Lanes, const GROUPS: usize> Row<L> for [L; GROUPS] {
    const GROUPS: usize = GROUPS;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for the CPU and the floats.
        unsafe {
            let mut row = Self::zero();
            for (index, group) in row.iter_mut().enumerate() {
                *group = L::load(from.add(index * LANES));
            }
            row
        }
    }

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller vouches for the CPU.
        unsafe { [L::splat(0.0); GROUPS] }
    }

    #[inline(always)]
    unsafe fn fma(mut self, x: f32, weights: Self) -> Self {
        // SAFETY: the caller vouches for the CPU.
        unsafe {
            let x = L::splat(x);
            for (sum, weights) in self.iter_mut().zip(weights) {
                *sum = sum.fma(x, weights);
            }
        }
        self
    }

    #[inline(always)]
    unsafe fn group(self, index: usize) -> L {
        self[index]
    }
}
