//! Eight floats in one AVX register as on AVX2, and sixteen sums in one of AVX-512.
//!
//! Only the microkernel uses the wide registers: what it gains in multiplications
//! per cycle is most of what there is, and every other kernel waits for memory.

use std::arch::x86_64::{
    __m512, _mm512_castps512_ps256, _mm512_extractf32x8_ps, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_set1_ps, _mm512_setzero_ps,
};

use super::avx2::Avx2;
use super::{LANES, Lanes, Row};

/// Eight floats.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(Avx2);

// SAFETY of all methods here: the caller vouches for AVX2, FMA and AVX-512 (F, DQ
// and VL), and for the pointers.
impl Lanes for Avx512 {
    type Two = Pair;
    type Three = PairAndOne;

    const HOLDS_TWELVE_PIXELS: bool = true;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { Avx2::load(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { self.0.store(to) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self(unsafe { Avx2::splat(x) })
    }

    #[inline(always)]
    unsafe fn fma(self, a: Self, b: Self) -> Self {
        Self(unsafe { self.0.fma(a.0, b.0) })
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(unsafe { self.0.add(other.0) })
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(unsafe { self.0.sub(other.0) })
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(unsafe { self.0.mul(other.0) })
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(unsafe { self.0.div(other.0) })
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        Self(unsafe { self.0.max(other.0) })
    }

    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        Self(unsafe { self.0.min(other.0) })
    }
}

/// Two groups in one register.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair(__m512);

impl Row<Avx512> for Pair {
    const GROUPS: usize = 2;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn zero() -> Self {
        Self(unsafe { _mm512_setzero_ps() })
    }

    #[inline(always)]
    unsafe fn fma(self, x: f32, weights: Self) -> Self {
        Self(unsafe { _mm512_fmadd_ps(_mm512_set1_ps(x), weights.0, self.0) })
    }

    #[inline(always)]
    unsafe fn group(self, index: usize) -> Avx512 {
        Avx512(Avx2::from(unsafe {
            match index {
                0 => _mm512_castps512_ps256(self.0),
                _ => _mm512_extractf32x8_ps::<1>(self.0),
            }
        }))
    }
}

/// Three groups: a register of two, and one of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PairAndOne(Pair, [Avx512; 1]);

impl Row<Avx512> for PairAndOne {
    const GROUPS: usize = 3;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Self(Pair::load(from), Row::load(from.add(2 * LANES))) }
    }

    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { Self(Pair::zero(), Row::zero()) }
    }

    #[inline(always)]
    unsafe fn fma(self, x: f32, weights: Self) -> Self {
        unsafe { Self(self.0.fma(x, weights.0), self.1.fma(x, weights.1)) }
    }

    #[inline(always)]
    unsafe fn group(self, index: usize) -> Avx512 {
        match index {
            2 => self.1[0],
            _ => unsafe { self.0.group(index) },
        }
    }
}
