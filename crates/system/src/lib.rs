//! The little that every room needs of the machine: time, a stop flag, a mailbox, whole files, bounded reading, the log.
//!
//! # Invariants
//! - [`mod@print`] lets nothing reach a terminal that it would obey.
//! - [`clock`] is the only reader of the time of day in the whole program.
//! - No channel here is unbounded: a [`mailbox`] holds one thing, the newest.

pub mod allocator;
pub mod clock;
pub mod latest;
pub mod lock_file;
pub mod logging;
pub mod mailbox;
pub mod outlet;
pub mod print;
pub mod random;
pub mod read_bounded;
pub mod service_manager;
pub mod stop;
pub mod whole_file;
pub mod zone;
