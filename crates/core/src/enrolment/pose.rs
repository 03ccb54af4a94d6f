//! Which way the head should be turned for the next sample.
//!
//! People do not look into the camera when they walk past; templates of several poses
//! recognise them all the same. Nobody is forced, though: whoever cannot turn, or does
//! not want to, is asked for a while and then taken as he or she stands.

use std::time::Duration;

use crate::liveness::Side;

/// How long the person is asked for a pose before another one will do.
pub const POSE_PATIENCE: Duration = Duration::from_secs(3);

/// Below this turn, in eye distances, a head faces the camera.
const FRONTAL: f32 = 0.10;

/// Frontal samples that are wanted before anything else.
const FRONTAL_FIRST: usize = 2;

/// A pose of the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pose {
    /// Facing the camera.
    Frontal,
    /// Turned to the side as the person sees it.
    Turned(Side),
}

impl Pose {
    /// The pose of a head turned so far, in eye distances to the right of the picture.
    pub fn of(turn: f32, mirrored: bool) -> Self {
        match turn {
            _ if turn.abs() < FRONTAL => Pose::Frontal,
            _ if (turn > 0.0) != mirrored => Pose::Turned(Side::Left),
            _ => Pose::Turned(Side::Right),
        }
    }
}

/// What the person is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct PosePlan {
    /// What was asked for in vain.
    given_up: Vec<Pose>,
}

impl PosePlan {
    /// The pose that the next sample should have; `None` if any will do.
    pub(super) fn next(&self, taken: &[Pose]) -> Option<Pose> {
        let has = |pose: Pose| taken.iter().filter(|t| **t == pose).count();
        let wanted = [
            (Pose::Frontal, FRONTAL_FIRST),
            (Pose::Turned(Side::Left), 1),
            (Pose::Turned(Side::Right), 1),
        ];
        wanted
            .into_iter()
            .find(|&(pose, count)| has(pose) < count && !self.given_up.contains(&pose))
            .map(|(pose, _)| pose)
    }

    /// Asks for this pose no more.
    pub(super) fn give_up(&mut self, pose: Pose) {
        self.given_up.push(pose);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: Pose = Pose::Turned(Side::Left);
    const RIGHT: Pose = Pose::Turned(Side::Right);

    #[test]
    fn the_persons_left_is_on_the_right_of_the_picture() {
        assert_eq!(Pose::of(0.2, false), LEFT);
        assert_eq!(Pose::of(-0.2, false), RIGHT);
        assert_eq!(Pose::of(0.2, true), RIGHT);
        assert_eq!(Pose::of(0.05, false), Pose::Frontal);
    }

    #[test]
    fn all_sides_are_asked_for_and_what_is_given_up_is_not() {
        let mut plan = PosePlan::default();
        assert_eq!(plan.next(&[]), Some(Pose::Frontal));
        assert_eq!(plan.next(&[Pose::Frontal, LEFT]), Some(Pose::Frontal));
        let two = [Pose::Frontal, Pose::Frontal];
        assert_eq!(plan.next(&two), Some(LEFT));
        plan.give_up(LEFT);
        assert_eq!(plan.next(&two), Some(RIGHT));
        assert_eq!(plan.next(&[Pose::Frontal, Pose::Frontal, RIGHT]), None);
    }
}
