//! Who is where at what time.

use std::f32::consts::TAU;

use super::cast::cast;
use rollcall_system::random::SplitMix;

/// Seconds until everybody has been there and it begins again.
pub(super) const CYCLE_SECS: f32 = 52.0;

const APPROACH_SECS: f32 = 2.5;
const LEAVE_SECS: f32 = 2.0;
const FADE_SECS: f32 = 0.4;
/// The camera hangs at eye height, so heads stay at this row however far away they are.
const EYE_ROW: f32 = 205.0;
const FAR_FACE_HEIGHT: f32 = 56.0;

/// A person in the scene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pose {
    /// Index into the cast.
    pub(super) person: usize,
    /// Centre of the face, in pixels of the scene.
    pub(super) face_centre: (f32, f32),
    /// Height of the face, in pixels of the scene.
    pub(super) face_height: f32,
    /// Tilt of the head, in radians.
    pub(super) tilt: f32,
    /// 0 is invisible, 1 is there.
    pub(super) opacity: f32,
}

/// A way from the doorway to the camera and back.
#[derive(Debug, Clone, Copy)]
struct Path {
    enters_at_x: f32,
    stands_at_x: f32,
    leaves_at_x: f32,
    standing_face_height: f32,
}

#[derive(Debug, Clone, Copy)]
enum Visitor {
    /// Index into the cast: always this person.
    Stranger(usize),
    /// Place in the order of the enrolled people, which changes from cycle to cycle.
    Enrolled(usize),
}

#[derive(Debug, Clone, Copy)]
struct Visit {
    visitor: Visitor,
    path: Path,
    starts_at_secs: f32,
    stands_for_secs: f32,
}

const CENTRE: Path = Path {
    enters_at_x: 320.0,
    stands_at_x: 320.0,
    leaves_at_x: 430.0,
    standing_face_height: 180.0,
};
const LEFT: Path = Path {
    enters_at_x: 225.0,
    stands_at_x: 175.0,
    leaves_at_x: 225.0,
    standing_face_height: 150.0,
};
const RIGHT: Path = Path {
    enters_at_x: 415.0,
    stands_at_x: 465.0,
    leaves_at_x: 415.0,
    standing_face_height: 150.0,
};

/// Strangers come alone and stay long enough to be enrolled; the others come in pairs.
const VISITS: [Visit; 6] = [
    visit(Visitor::Stranger(0), CENTRE, 0.0, 10.0),
    visit(Visitor::Enrolled(0), LEFT, 14.0, 5.0),
    visit(Visitor::Enrolled(1), RIGHT, 17.0, 4.0),
    visit(Visitor::Stranger(1), CENTRE, 25.5, 10.0),
    visit(Visitor::Enrolled(2), LEFT, 39.5, 5.0),
    visit(Visitor::Enrolled(3), RIGHT, 42.5, 4.0),
];

const fn visit(visitor: Visitor, path: Path, starts_at_secs: f32, stands_for_secs: f32) -> Visit {
    Visit {
        visitor,
        path,
        starts_at_secs,
        stands_for_secs,
    }
}

/// Everybody in the scene at a time, the farthest first.
pub(super) fn poses_at(seed: u64, secs: f32) -> Vec<Pose> {
    let cycle = (secs / CYCLE_SECS).floor();
    let secs_in_cycle = secs - cycle * CYCLE_SECS;
    let mut random = SplitMix::new(seed, 1000 + cycle as u64);
    let mut order: Vec<usize> = (0..cast().len()).filter(|i| cast()[*i].enrolled).collect();
    random.shuffle(&mut order);
    let mut poses = Vec::new();
    for visit in &VISITS {
        // Drawn for every visit, seen or not, so that each has its own share of chance.
        let habits = Habits::draw(&mut random);
        let person = match visit.visitor {
            Visitor::Stranger(person) => Some(person),
            Visitor::Enrolled(place) => order.get(place).copied(),
        };
        if let Some(person) = person {
            poses.extend(visit.pose(person, habits, secs_in_cycle));
        }
    }
    poses.sort_by(|a, b| a.face_height.total_cmp(&b.face_height));
    poses
}

/// What makes one visit unlike the next.
#[derive(Debug, Clone, Copy)]
struct Habits {
    aside: f32,
    closeness: f32,
    phase: f32,
}

impl Habits {
    fn draw(random: &mut SplitMix) -> Self {
        Self {
            aside: 12.0 * random.signed_unit(),
            closeness: 1.0 + 0.08 * random.signed_unit(),
            phase: TAU * random.signed_unit(),
        }
    }
}

impl Visit {
    /// Where the visitor is; `None` before and after the visit.
    fn pose(&self, person: usize, habits: Habits, secs_in_cycle: f32) -> Option<Pose> {
        let secs = secs_in_cycle - self.starts_at_secs;
        let leaves_at = APPROACH_SECS + self.stands_for_secs;
        let ends_at = leaves_at + LEAVE_SECS;
        if !(0.0..ends_at).contains(&secs) {
            return None;
        }
        // How near: 0 in the doorway, 1 at the camera.
        let (nearness, far_x) = if secs < leaves_at {
            (smooth(secs / APPROACH_SECS), self.path.enters_at_x)
        } else {
            (smooth((ends_at - secs) / LEAVE_SECS), self.path.leaves_at_x)
        };
        let near_height = self.path.standing_face_height * habits.closeness;
        // Walking at a constant speed looks like this: size grows by a factor per step.
        let height = FAR_FACE_HEIGHT * (near_height / FAR_FACE_HEIGHT).powf(nearness);
        let near_x = self.path.stands_at_x + habits.aside;
        let closeness = (height - FAR_FACE_HEIGHT) / (near_height - FAR_FACE_HEIGHT);
        let wave =
            |period_secs: f32, shift: f32| (TAU * secs / period_secs + habits.phase + shift).sin();
        let walking = 1.0 - (2.0 * nearness - 1.0).abs();
        let bob = 0.05 * walking * wave(0.55, 0.0) + 0.012 * wave(3.7, 1.0);
        let sway = 0.02 * walking * wave(1.1, 0.0) + 0.02 * wave(5.3, 2.0);
        Some(Pose {
            person,
            face_centre: (
                far_x + (near_x - far_x) * closeness + sway * height,
                EYE_ROW + bob * height,
            ),
            face_height: height * (1.0 + 0.01 * wave(4.1, 0.5)),
            tilt: 0.035 * wave(4.7, 3.0),
            opacity: (secs / FADE_SECS)
                .min((ends_at - secs) / FADE_SECS)
                .clamp(0.0, 1.0),
        })
    }
}

fn smooth(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycle(seed: u64) -> impl Iterator<Item = Vec<Pose>> {
        (0..(CYCLE_SECS * 15.0) as u32).map(move |i| poses_at(seed, i as f32 / 15.0))
    }

    #[test]
    fn everyone_comes_once_a_cycle_and_a_stranger_first() {
        for seed in 0..20 {
            let mut seen = std::collections::HashSet::new();
            for poses in cycle(seed) {
                seen.extend(poses.iter().map(|p| p.person));
                assert!(poses.len() <= 2);
            }
            assert_eq!(seen.len(), cast().len());
            assert!(!cast()[poses_at(seed, 1.0)[0].person].enrolled);
        }
    }

    #[test]
    fn faces_do_not_cover_each_other_or_leave_the_picture() {
        for seed in 0..50 {
            for poses in cycle(seed) {
                for pose in &poses {
                    assert!((45.0..=250.0).contains(&pose.face_height));
                    let (x, y) = pose.face_centre;
                    let half = pose.face_height / 2.0;
                    assert!(x - half > 10.0 && x + half < 630.0 && y - half > 10.0);
                }
                if let [a, b] = poses[..] {
                    let apart = (a.face_centre.0 - b.face_centre.0).abs();
                    assert!(apart > 0.5 * (a.face_height + b.face_height), "{a:?} {b:?}");
                }
            }
        }
    }

    #[test]
    fn a_stranger_stands_alone_long_enough_to_be_enrolled() {
        for stranger in 0..2 {
            let alone = cycle(3)
                .filter(|poses| matches!(poses[..], [p] if p.person == stranger && p.face_height > 155.0))
                .count();
            assert!(alone > 9 * 15, "{alone} pictures");
        }
    }
}
