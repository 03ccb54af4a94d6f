//! How much memory the C library keeps back.
//!
//! A network is prepared in buffers of megabytes that are needed for a moment. By its defaults
//! glibc keeps such a buffer's place in its heap once one has been freed, and keeps a heap for
//! each thread; a station then holds half as much again as it uses. What that costs and saves
//! is measured by `script/measure-station`.

/// Lets large buffers go as soon as they are freed. To be called before there are threads.
pub fn keep_little_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::tune();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    /// From this size on a buffer has a mapping of its own, which goes with it. A picture of
    /// 640×480 is smaller: those come and go all the time and are better kept.
    const OWN_MAPPING: libc::c_int = 1 << 20;
    /// So much free memory may stay at the end of a heap.
    const KEPT_AT_THE_END: libc::c_int = 1 << 17;
    /// Heaps that threads share.
    const HEAPS: libc::c_int = 2;

    #[expect(unsafe_code, reason = "the C library has no other way to be told")]
    pub(super) fn tune() {
        let settings = [
            (libc::M_MMAP_THRESHOLD, OWN_MAPPING),
            (libc::M_TRIM_THRESHOLD, KEPT_AT_THE_END),
            (libc::M_ARENA_MAX, HEAPS),
        ];
        for (parameter, value) in settings {
            // SAFETY: takes two numbers, touches only the allocator's own settings, and is
            // called before there is another thread. A value it does not like it ignores.
            unsafe { libc::mallopt(parameter, value) };
        }
    }
}
