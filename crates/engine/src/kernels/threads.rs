//! The threads that help with an inference.
//!
//! A network is some fifty short operations; waking threads anew for each would
//! cost more than it gains. So helpers are woken once per inference, spin from
//! operation to operation, and park again when it is over: an idle station
//! spends nothing on them. All engines share one set of helpers. Whoever comes
//! while they are taken works alone instead of crowding the CPU.

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::thread::{self, Thread};

/// The helpers of this process.
static POOL: Pool = Pool::new();

/// How often a waiting thread looks again before it offers its time to others.
const SPINS: u32 = 2000;

/// The threads at work on one inference: the caller and its helpers.
pub(crate) struct Crew<'a> {
    pool: &'a Pool,
    /// Held for as long as the helpers are ours; `None` if we work alone.
    helpers: Option<MutexGuard<'a, Vec<Thread>>>,
    size: usize,
}

impl Crew<'static> {
    /// Gathers up to `threads` threads, the caller included.
    pub(crate) fn gather(threads: usize) -> Self {
        POOL.gather(threads)
    }
}

impl Crew<'_> {
    /// How many threads there are, the caller included.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Calls `work(part, worker)` for every part; returns when all are done.
    /// No two calls at the same time have the same `worker`, which is below
    /// [`size`](Self::size).
    pub(crate) fn run(&self, parts: usize, work: &(dyn Fn(usize, usize) + Sync)) {
        if self.size == 1 || parts == 1 {
            for part in 0..parts {
                work(part, 0);
            }
            return;
        }
        self.pool.shared.run(parts, self.size, work);
    }
}

impl Drop for Crew<'_> {
    fn drop(&mut self) {
        if self.helpers.is_some() {
            self.pool.shared.wanted.store(0, Ordering::Release);
        }
    }
}

struct Pool {
    /// The helpers that exist; whoever holds the lock commands them.
    helpers: Mutex<Vec<Thread>>,
    shared: Shared,
}

impl Pool {
    const fn new() -> Self {
        Self {
            helpers: Mutex::new(Vec::new()),
            shared: Shared::new(),
        }
    }

    fn gather(&'static self, threads: usize) -> Crew<'static> {
        let alone = Crew {
            pool: self,
            helpers: None,
            size: 1,
        };
        if threads <= 1 {
            return alone;
        }
        let mut helpers = match self.helpers.try_lock() {
            Ok(helpers) => helpers,
            // A list of threads cannot be torn by a panic elsewhere.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return alone,
        };
        while helpers.len() + 1 < threads {
            let worker = helpers.len() + 1;
            let spawned = thread::Builder::new()
                .name(format!("inference-{worker}"))
                .spawn(move || self.shared.help(worker));
            // Without another thread the work is done by those there are.
            let Ok(handle) = spawned else { break };
            helpers.push(handle.thread().clone());
        }
        let helping = helpers.len().min(threads - 1);
        self.shared.wanted.store(helping, Ordering::Release);
        for helper in &helpers[..helping] {
            helper.unpark();
        }
        Crew {
            pool: self,
            helpers: Some(helpers),
            size: helping + 1,
        }
    }
}

/// One operation: what to do, in how many parts, and by how many threads.
#[derive(Clone, Copy)]
struct Job {
    work: *const (dyn Fn(usize, usize) + Sync),
    parts: usize,
    workers: usize,
}

/// What the commanding thread and the helpers share.
///
/// `gate` holds how many helpers are inside the current job, whether it is open
/// to them, and its number. Helpers enter only while it is open; the commander
/// closes it, waits until nobody is inside, and only then lets go of the job.
struct Shared {
    gate: AtomicU64,
    job: UnsafeCell<Option<Job>>,
    /// The next part nobody has taken.
    next: AtomicUsize,
    /// Helpers numbered up to this one stay awake.
    wanted: AtomicUsize,
    panicked: AtomicBool,
}

// SAFETY: `job` is written only by the commander (there is one, because it holds
// the pool's lock) while the gate is closed and nobody is inside, and read only
// by those inside.
unsafe impl Sync for Shared {}

/// Layout of the gate.
const OPEN: u64 = 1 << 16;
const INSIDE: u64 = OPEN - 1;
const NUMBER: u64 = 1 << 17;

impl Shared {
    const fn new() -> Self {
        Self {
            gate: AtomicU64::new(0),
            job: UnsafeCell::new(None),
            next: AtomicUsize::new(0),
            wanted: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
        }
    }

    fn run(&self, parts: usize, workers: usize, work: &(dyn Fn(usize, usize) + Sync)) {
        // SAFETY: only the lifetime is erased. `Closing` waits, on return and on
        // unwinding alike, until no helper uses the job any more.
        let work: *const (dyn Fn(usize, usize) + Sync) =
            unsafe { std::mem::transmute::<&(dyn Fn(usize, usize) + Sync), _>(work) };
        let job = Job {
            work,
            parts,
            workers,
        };
        // SAFETY: the gate is closed and nobody is inside, see `Closing`.
        unsafe { *self.job.get() = Some(job) };
        self.next.store(0, Ordering::Relaxed);
        let number = self.gate.load(Ordering::Relaxed) & !(NUMBER - 1);
        self.gate
            .store(number.wrapping_add(NUMBER) | OPEN, Ordering::Release);
        let closing = Closing(self);
        // SAFETY: this is the job's own thread.
        unsafe { self.take_parts(job, 0) };
        drop(closing);
        assert!(
            !self.panicked.swap(false, Ordering::Relaxed),
            "a kernel panicked on a helper thread"
        );
    }

    /// Does parts until none is left.
    ///
    /// # Safety
    /// The job must not end meanwhile: the caller commands it or is inside.
    unsafe fn take_parts(&self, job: Job, worker: usize) {
        // SAFETY: the job's work lives as long as the job.
        let work = unsafe { &*job.work };
        loop {
            let part = self.next.fetch_add(1, Ordering::Relaxed);
            if part >= job.parts {
                return;
            }
            work(part, worker);
        }
    }

    /// The life of a helper.
    fn help(&self, worker: usize) {
        let mut last_number = 0;
        let mut spins = 0;
        loop {
            if self.wanted.load(Ordering::Acquire) < worker {
                thread::park();
                spins = 0;
                continue;
            }
            let gate = self.gate.load(Ordering::Acquire);
            let number = gate & !(NUMBER - 1);
            if gate & OPEN == 0 || number == last_number {
                wait_a_moment(&mut spins);
                continue;
            }
            let entered =
                self.gate
                    .compare_exchange(gate, gate + 1, Ordering::AcqRel, Ordering::Relaxed);
            if entered.is_ok() {
                last_number = number;
                spins = 0;
                self.help_inside(worker);
                self.gate.fetch_sub(1, Ordering::Release);
            }
        }
    }

    fn help_inside(&self, worker: usize) {
        // SAFETY: we are inside, so the job stays as it is.
        let job = unsafe { *self.job.get() };
        let Some(job) = job else { return };
        if worker >= job.workers {
            // We saw that we were wanted, and only then this smaller crew took over.
            return;
        }
        // SAFETY: we are inside.
        let outcome = catch_unwind(AssertUnwindSafe(|| unsafe { self.take_parts(job, worker) }));
        if outcome.is_err() {
            self.panicked.store(true, Ordering::Relaxed);
        }
    }
}

/// Ends a job: closes the gate and waits until the last helper has left.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.gate.fetch_and(!OPEN, Ordering::AcqRel);
        let mut spins = 0;
        while self.0.gate.load(Ordering::Acquire) & INSIDE != 0 {
            wait_a_moment(&mut spins);
        }
    }
}

fn wait_a_moment(spins: &mut u32) {
    *spins += 1;
    if (*spins).is_multiple_of(SPINS) {
        thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(crew: &Crew<'_>, parts: usize) -> Vec<usize> {
        let counts: Vec<AtomicUsize> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
        crew.run(parts, &|part, worker| {
            assert!(worker < crew.size());
            counts[part].fetch_add(1, Ordering::Relaxed);
        });
        counts.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn every_part_is_done_once() {
        for threads in 1..5 {
            let crew = Crew::gather(threads);
            for parts in 0..50 {
                assert_eq!(counts(&crew, parts), vec![1; parts]);
            }
        }
    }

    #[test]
    fn a_worker_does_one_part_at_a_time() {
        let crew = Crew::gather(4);
        let busy: Vec<AtomicBool> = (0..crew.size()).map(|_| AtomicBool::new(false)).collect();
        for _ in 0..200 {
            crew.run(16, &|_, worker| {
                assert!(!busy[worker].swap(true, Ordering::AcqRel));
                busy[worker].store(false, Ordering::Release);
            });
        }
    }

    #[test]
    fn a_helper_that_comes_late_keeps_out_of_a_smaller_crew() {
        static DONE: AtomicUsize = AtomicUsize::new(0);
        let shared = Shared::new();
        let work = |_: usize, _: usize| {
            DONE.fetch_add(1, Ordering::Relaxed);
        };
        // SAFETY: nobody else knows of `shared`.
        unsafe {
            *shared.job.get() = Some(Job {
                work: &raw const work,
                parts: 5,
                workers: 2,
            });
        }
        shared.help_inside(2);
        assert_eq!(DONE.load(Ordering::Relaxed), 0);
        shared.help_inside(1);
        assert_eq!(DONE.load(Ordering::Relaxed), 5);
    }

    #[test]
    fn crews_of_all_sizes_take_turns() {
        for turn in 0..5000 {
            let crew = Crew::gather(2 + turn % 4);
            assert_eq!(counts(&crew, 5), vec![1; 5]);
        }
    }

    #[test]
    fn engines_that_come_together_all_finish() {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let crew = Crew::gather(3);
                        assert_eq!(counts(&crew, 7), vec![1; 7]);
                    }
                });
            }
        });
    }

    #[test]
    fn a_panic_in_a_part_reaches_the_caller_and_the_crew_lives_on() {
        let outcome = catch_unwind(|| {
            let crew = Crew::gather(3);
            crew.run(64, &|part, _| assert_ne!(part, 13, "the unlucky part"));
        });
        assert!(outcome.is_err());
        assert_eq!(counts(&Crew::gather(3), 9), vec![1; 9]);
    }
}
