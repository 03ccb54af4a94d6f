//! The kernels: loops over pictures in the engine's own layout.
//!
//! A picture of C channels lies in memory as `[⌈C/8⌉, height, width, 8]`: eight
//! channels of one pixel side by side, so that one vector instruction serves
//! eight channels and no kernel ever gathers. No padding is stored around it.
//! The lanes behind the last channel hold numbers without meaning, which no
//! kernel lets into a result.
//!
//! A kernel is a [`Task`]: it is cut into parts that write disjoint numbers, so
//! that threads can share it. Tasks are plain data prepared by the plan; they
//! allocate nothing.
#![expect(
    unsafe_code,
    reason = "vector instructions, and loads whose bounds are proven by the plan and not by each load"
)]
#![expect(
    clippy::inline_always,
    reason = "a kernel must be inlined into the one function that enables the CPU's vector \
              instructions; what is not inlined is compiled without them and is thirty times slower"
)]

pub(crate) mod aligned;
pub(crate) mod depthwise;
pub(crate) mod direct;
pub(crate) mod elementwise;
pub(crate) mod finish;
pub(crate) mod lanes;
pub(crate) mod microkernel;
pub(crate) mod packing;
pub(crate) mod plain;
pub(crate) mod pointwise;
pub(crate) mod pooling;
pub(crate) mod resize;
pub(crate) mod threads;
pub(crate) mod winograd;

use std::marker::PhantomData;

pub(crate) use self::lanes::LANES;
use self::lanes::{Lanes, Plain};
use self::threads::Crew;

/// Work that can be cut into parts.
pub(crate) trait Task: Sync {
    /// How many parts there are.
    fn parts(&self) -> usize;

    /// Whether everything the parts read and write lies inside the operands.
    /// This is what the kernels' unchecked loads rely on.
    fn fits(&self) -> bool;

    /// Does part `part`, using `scratch` for what does not outlive it.
    ///
    /// Implementations are `#[inline(always)]`, and so is everything they call.
    ///
    /// # Safety
    /// The task [`fits`](Self::fits), the CPU has the instructions of `L`, the
    /// scratch is as large as the layer asks for, and no two parts use the same
    /// scratch at the same time.
    unsafe fn run<L: Lanes>(&self, part: usize, scratch: Sink<'_>);
}

/// Does all of `task`, shared among the threads of `crew`. Every thread gets
/// `scratch_each` floats of `scratch`.
///
/// # Panics
/// If the task does not fit its operands or the scratch is too small; both
/// would be mistakes of the plan, and going on would write over foreign memory.
pub(crate) fn execute<T: Task>(
    crew: &Crew<'_>,
    isa: Isa,
    task: &T,
    scratch: &mut [f32],
    scratch_each: usize,
) {
    assert!(task.fits(), "a task exceeds its operands");
    assert!(
        scratch.len() >= crew.size() * scratch_each,
        "the scratch is too small"
    );
    let scratch = Sink::new(scratch);
    crew.run(task.parts(), &|part, worker| {
        // SAFETY: it was just checked that the task fits and that there is scratch
        // for every worker; a worker does one part at a time; an `Isa` only stands
        // for instructions this CPU has.
        unsafe {
            let own = scratch.part(worker * scratch_each, scratch_each);
            isa.run(task, part, own);
        }
    });
}

/// The vector instructions to use. One that exists stands for what this CPU has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Isa(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Isa {
    /// Whatever the compiler makes of plain loops.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self(Kind::Plain);

    /// The best with registers of eight floats, as most CPUs have.
    #[cfg(test)]
    pub(crate) fn narrow() -> Self {
        let best = Self::detect();
        #[cfg(target_arch = "x86_64")]
        if best.0 == Kind::Avx512 {
            return Self(Kind::Avx2);
        }
        best
    }

    /// The best that this CPU has.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            let has_wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            return Self(if has_wide { Kind::Avx512 } else { Kind::Avx2 });
        }
        #[cfg(target_arch = "aarch64")]
        return Self(Kind::Neon);
        #[cfg(not(target_arch = "aarch64"))]
        Self(Kind::Plain)
    }

    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            Kind::Plain => "plain",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2+fma",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => "neon",
        }
    }

    /// Does one part of `task` with these instructions.
    ///
    /// # Safety
    /// As [`Task::run`], except for the instructions.
    unsafe fn run<T: Task>(self, task: &T, part: usize, scratch: Sink<'_>) {
        match self.0 {
            // SAFETY: `Plain` needs no particular CPU; the rest is the caller's promise.
            Kind::Plain => unsafe { task.run::<Plain>(part, scratch) },
            // SAFETY: `detect` has seen these instructions; the rest is the caller's promise.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { run_avx2(task, part, scratch) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { run_avx512(task, part, scratch) },
            // SAFETY: every aarch64 this compiles for has NEON; the rest is the caller's promise.
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => unsafe { task.run::<lanes::neon::Neon>(part, scratch) },
        }
    }
}

/// The one function that is compiled for AVX2; the kernels are inlined into it.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2<T: Task>(task: &T, part: usize, scratch: Sink<'_>) {
    // SAFETY: inside this function the instructions exist; the rest is the caller's promise.
    unsafe { task.run::<lanes::avx2::Avx2>(part, scratch) }
}

/// The one function that is compiled for AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512dq,avx512vl")]
unsafe fn run_avx512<T: Task>(task: &T, part: usize, scratch: Sink<'_>) {
    // SAFETY: as in `run_avx2`.
    unsafe { task.run::<lanes::avx512::Avx512>(part, scratch) }
}

/// Floats to read, checked against their bounds in debug builds only.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    start: *const f32,
    len: usize,
    lifetime: PhantomData<&'a [f32]>,
}

// SAFETY: it stands for a shared slice of floats.
unsafe impl Send for Source<'_> {}
// SAFETY: it stands for a shared slice of floats.
unsafe impl Sync for Source<'_> {}

impl<'a> Source<'a> {
    pub(crate) fn new(slice: &'a [f32]) -> Self {
        Self {
            start: slice.as_ptr(),
            len: slice.len(),
            lifetime: PhantomData,
        }
    }

    /// Whether there are at least `count`.
    pub(crate) fn holds(self, count: usize) -> bool {
        self.len >= count
    }

    /// A pointer to the `count` floats at `at`.
    ///
    /// # Safety
    /// They must lie inside.
    #[inline(always)]
    pub(crate) unsafe fn at(self, at: usize, count: usize) -> *const f32 {
        debug_assert!(at + count <= self.len, "reads {at}+{count} of {}", self.len);
        // SAFETY: the caller's promise.
        unsafe { self.start.add(at) }
    }

    #[inline(always)]
    pub(crate) unsafe fn lanes<L: Lanes>(self, at: usize) -> L {
        // SAFETY: the caller's promise.
        unsafe { L::load(self.at(at, LANES)) }
    }
}

/// Floats to write, shared by parts that write disjoint ones; checked against
/// their bounds in debug builds only.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sink<'a> {
    start: *mut f32,
    len: usize,
    lifetime: PhantomData<&'a mut [f32]>,
}

// SAFETY: whoever writes through it promises to write where nobody else does.
unsafe impl Send for Sink<'_> {}
// SAFETY: as above.
unsafe impl Sync for Sink<'_> {}

impl<'a> Sink<'a> {
    pub(crate) fn new(slice: &'a mut [f32]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            len: slice.len(),
            lifetime: PhantomData,
        }
    }

    /// Whether there are at least `count`.
    pub(crate) fn holds(self, count: usize) -> bool {
        self.len >= count
    }

    /// The `len` floats from `at` on.
    ///
    /// # Safety
    /// They must lie inside, and nobody else may use them meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn part(self, at: usize, len: usize) -> Self {
        Self {
            // SAFETY: the caller's promise.
            start: unsafe { self.at(at, len) },
            len,
            lifetime: PhantomData,
        }
    }

    /// The same floats, to read.
    ///
    /// # Safety
    /// Nobody may write them meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn as_source(self) -> Source<'a> {
        Source {
            start: self.start,
            len: self.len,
            lifetime: PhantomData,
        }
    }

    /// A pointer to the `count` floats at `at`.
    ///
    /// # Safety
    /// They must lie inside, and nobody else may use them meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn at(self, at: usize, count: usize) -> *mut f32 {
        debug_assert!(
            at + count <= self.len,
            "writes {at}+{count} of {}",
            self.len
        );
        // SAFETY: the caller's promise.
        unsafe { self.start.add(at) }
    }

    #[inline(always)]
    pub(crate) unsafe fn put<L: Lanes>(self, at: usize, value: L) {
        // SAFETY: the caller's promise.
        unsafe { value.store(self.at(at, LANES)) }
    }
}

/// A picture's size in the engine's layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
}

impl Extent {
    /// How many groups of eight channels there are.
    pub(crate) fn blocks(self) -> usize {
        self.channels.div_ceil(LANES)
    }

    /// Pixels of one channel.
    pub(crate) fn pixels(self) -> usize {
        self.height * self.width
    }

    /// Floats in memory.
    pub(crate) fn floats(self) -> usize {
        self.blocks() * self.pixels() * LANES
    }
}
