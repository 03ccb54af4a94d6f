//! Which screens there are. What each is and does says its file in `screens`.

/// What fills the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    Live,
    People,
    /// One person; reached from the people.
    Person,
    Attendance,
    Review,
    Calibration,
    Charts,
    Log,
    Audit,
    Camera,
    Settings,
    Doctor,
    Help,
}

impl Screen {
    /// All that have a key of their own.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 12] = [
        Self::Live,
        Self::People,
        Self::Attendance,
        Self::Review,
        Self::Calibration,
        Self::Charts,
        Self::Log,
        Self::Audit,
        Self::Camera,
        Self::Settings,
        Self::Doctor,
        Self::Help,
    ];
}
