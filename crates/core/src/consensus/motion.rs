//! Where a face is expected in the next frame: a filter of constant velocity.
//!
//! This is the alpha-beta filter (P. R. Kalata, "The tracking index", IEEE
//! Transactions on Aerospace and Electronic Systems 20(2), 1984), a Kalman filter in its
//! steady state, with the position taken as measured: the detector places a box to a
//! fraction of the face, and people change their pace faster than it errs.

use std::time::Duration;

use crate::geometry::BoundingBox;

/// Weight of the latest step in the velocity.
const BETA: f32 = 0.5;

/// A face is expected no further away than it goes in this time.
const LONGEST_STEP: Duration = Duration::from_millis(500);

/// How a face moves, in pixels a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Motion {
    velocity: Option<(f32, f32)>,
}

impl Motion {
    /// Takes in that the face has gone from one box to another in this time.
    pub(super) fn moved(&mut self, from: &BoundingBox, to: &BoundingBox, time: Duration) {
        let seconds = time.as_secs_f32();
        if seconds <= f32::EPSILON {
            return;
        }
        let (a, b) = (from.centre(), to.centre());
        let step = ((b.x - a.x) / seconds, (b.y - a.y) / seconds);
        let blend = |old: f32, new: f32| old + BETA * (new - old);
        self.velocity = Some(match self.velocity {
            Some((x, y)) => (blend(x, step.0), blend(y, step.1)),
            None => step,
        });
    }

    /// Where a face that was last seen in `last` is to be expected.
    pub(super) fn expected(&self, last: &BoundingBox, ahead: Duration) -> BoundingBox {
        let Some((x, y)) = self.velocity else {
            return *last;
        };
        let seconds = ahead.min(LONGEST_STEP).as_secs_f32();
        BoundingBox::new(
            last.left + x * seconds,
            last.top + y * seconds,
            last.right + x * seconds,
            last.bottom + y * seconds,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face_at(x: f32) -> BoundingBox {
        BoundingBox::new(x, 100.0, x + 80.0, 200.0)
    }

    #[test]
    fn who_walks_is_expected_further_on() {
        let mut motion = Motion::default();
        let frame = Duration::from_millis(100);
        for step in 0_u8..5 {
            let x = 30.0 * f32::from(step);
            motion.moved(&face_at(x), &face_at(x + 30.0), frame);
        }
        let expected = motion.expected(&face_at(150.0), frame);
        assert!((expected.left - 180.0).abs() < 1.0, "{expected:?}");
        let long_after = motion.expected(&face_at(150.0), Duration::from_secs(9));
        assert!((long_after.left - 300.0).abs() < 1.0, "{long_after:?}");
    }

    #[test]
    fn who_has_just_come_is_expected_where_seen() {
        let expected = Motion::default().expected(&face_at(7.0), Duration::from_millis(100));
        assert_eq!(expected, face_at(7.0));
    }
}
