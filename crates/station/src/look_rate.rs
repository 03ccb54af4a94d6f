//! How often the detector looks, smoothed.

use std::time::Duration;

/// How often the detector looks, smoothed.
#[derive(Debug, Default)]
pub(crate) struct LookRate {
    last: Option<Duration>,
    gap: Option<Duration>,
}

impl LookRate {
    pub(crate) fn count(&mut self, at: Duration) {
        if let Some(last) = self.last.replace(at) {
            let gap = at.saturating_sub(last);
            self.gap = Some(self.gap.map_or(gap, |mean| (mean * 3 + gap) / 4));
        }
    }

    pub(crate) fn per_second(&self) -> Option<f32> {
        let gap = self.gap.filter(|gap| !gap.is_zero())?;
        Some(1.0 / gap.as_secs_f32())
    }
}
