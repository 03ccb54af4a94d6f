//! How many days the attendance screen shows.

/// How many days are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Period {
    /// Today, live.
    #[default]
    Today,
    Day,
    Week,
    Month,
}
