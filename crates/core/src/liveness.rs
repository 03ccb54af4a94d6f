//! Whether a face is a person in front of the camera or a picture of one.
//!
//! Two kinds of evidence are gathered over the looks of a track:
//!
//! - the score of the passive network, averaged, because a single look errs;
//! - how the nose moves against the plane through eyes and mouth. Whatever is done to a
//!   flat picture, turned, tilted, brought nearer, its points move by one affine map, up
//!   to perspective, and the place of the nose relative to eyes and mouth stays the same.
//!   The nose of a head stands out of that plane and moves as soon as the head turns.
//!
//! Deliberately absent: certainty. A screen that plays a film of a turning head passes
//! the second, and a good enough picture the first.

use crate::say;
use rollcall_messages::{Message, Said, Text};
use std::collections::VecDeque;
use std::time::Duration;

use super::geometry::{Landmarks, Point};

/// What is asked of a face before it may punch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LivenessPolicy {
    /// How much is asked.
    pub demand: LivenessDemand,
    /// Least mean score of the passive network.
    pub threshold: f32,
    /// Whether the picture shows left and right exchanged.
    pub mirrored: bool,
}

/// How much is asked of a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LivenessDemand {
    /// Nothing.
    Nothing,
    /// It must look live to the network and not move like a flat picture.
    LooksLive,
    /// That, and the head must be turned to the side that is asked for.
    TurnsTheHead,
}

/// What is known of a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Liveness {
    /// Not enough looks yet.
    Deciding,
    /// It is waited for the head to turn.
    Challenged(Side),
    /// As live as the policy asks.
    Live,
    /// A picture, for this reason.
    Spoof(SpoofCue),
}

/// Left or right, as the person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Side {
    /// The person's own left.
    Left,
    /// The person's own right.
    Right,
}

/// Why a face is taken for a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum SpoofCue {
    /// The network says so.
    LooksFlat,
    /// It moves like a flat picture.
    MovesFlat,
}

impl Side {
    /// What it is called.
    pub fn text(self) -> Text {
        match self {
            Self::Left => say::SIDE_LEFT,
            Self::Right => say::SIDE_RIGHT,
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text().fmt(f)
    }
}

impl Said for Side {
    fn said(&self) -> Message {
        self.text().into()
    }
}

impl SpoofCue {
    /// What the operator is told.
    pub fn text(self) -> Text {
        match self {
            Self::LooksFlat => say::SPOOF_LOOKS_FLAT,
            Self::MovesFlat => say::SPOOF_MOVES_FLAT,
        }
    }
}

impl std::fmt::Display for SpoofCue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text().fmt(f)
    }
}

impl Said for SpoofCue {
    fn said(&self) -> Message {
        self.text().into()
    }
}

/// Looks whose scores are averaged.
const SCORES: usize = 10;

/// Fewer scores than this say nothing.
const LEAST_SCORES: usize = 3;

/// Landmarks are remembered for so long: turning one's head takes a second.
const MEMORY: Duration = Duration::from_secs(4);

/// Most landmarks that are remembered.
const MOST_SHAPES: usize = 64;

/// Below this distance between the eyes, landmarks jump by more than a nose moves.
const LEAST_EYE_DISTANCE: f32 = 30.0;

/// A change of proportions that is more than the detector's noise: a turn by some 25°.
const FORESHORTENED: f32 = 1.10;

/// A head that is turned so far moves the nose by 0.2 and more; noise, averaged, by 0.02.
const STILL_NOSE: f32 = 0.035;

/// How far the nose must move for a turn of the head that was asked for: some 15°.
const TURNED_NOSE: f32 = 0.12;

/// What is gathered over the looks at one face.
#[derive(Debug, Clone, Default)]
pub struct LivenessEvidence {
    scores: VecDeque<f32>,
    shapes: VecDeque<(Duration, Shape)>,
    /// Where the nose was at first, once that is known.
    nose_at_first: Option<f32>,
    turned: Option<Side>,
}

/// The proportions of a face, none of which an affine map of the picture changes but
/// `aspect`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shape {
    /// The nose along the line of the eyes, in eye distances from their middle.
    nose_along: f32,
    /// The nose on the way from the eyes to the mouth: 0 at the eyes, 1 at the mouth.
    nose_down: f32,
    /// Distance of the eyes by that from eyes to mouth.
    aspect: f32,
}

impl Shape {
    /// `None` if the points lie on a line.
    fn of(landmarks: &Landmarks) -> Option<Self> {
        let eyes = middle(landmarks.left_eye(), landmarks.right_eye());
        let mouth = middle(landmarks.left_mouth(), landmarks.right_mouth());
        let across = minus(landmarks.right_eye(), landmarks.left_eye());
        let down = minus(mouth, eyes);
        let nose = minus(landmarks.nose(), eyes);
        let area = across.x * down.y - across.y * down.x;
        let (width, height) = (across.x.hypot(across.y), down.x.hypot(down.y));
        if area.abs() < 0.1 * width * height || !area.is_finite() || area == 0.0 {
            return None;
        }
        Some(Self {
            nose_along: (nose.x * down.y - nose.y * down.x) / area,
            nose_down: (across.x * nose.y - across.y * nose.x) / area,
            aspect: width / height,
        })
    }
}

impl LivenessEvidence {
    /// Takes in where the face's landmarks are at `now`, and the network's score if it was asked.
    pub fn look(&mut self, now: Duration, landmarks: &Landmarks, score: Option<f32>) {
        if let Some(score) = score {
            if self.scores.len() == SCORES {
                self.scores.pop_front();
            }
            self.scores.push_back(score);
        }
        while let Some((at, _)) = self.shapes.front()
            && (now.saturating_sub(*at) > MEMORY || self.shapes.len() == MOST_SHAPES)
        {
            self.shapes.pop_front();
        }
        if landmarks.eye_distance() < LEAST_EYE_DISTANCE {
            return;
        }
        if let Some(shape) = Shape::of(landmarks) {
            self.shapes.push_back((now, shape));
            self.watch_the_nose();
        }
    }

    /// The network's mean score over the latest looks.
    pub fn score(&self) -> Option<f32> {
        let count = self.scores.len();
        (count > 0).then(|| self.scores.iter().sum::<f32>() / count as f32)
    }

    /// What the evidence is worth. `challenge` is the side that this face is asked to turn to.
    pub fn judge(&self, policy: &LivenessPolicy, challenge: Side) -> Liveness {
        if policy.demand == LivenessDemand::Nothing {
            return Liveness::Live;
        }
        if self.moves_flat() {
            return Liveness::Spoof(SpoofCue::MovesFlat);
        }
        match self.score() {
            Some(score) if self.scores.len() >= LEAST_SCORES => {
                if score < policy.threshold {
                    return Liveness::Spoof(SpoofCue::LooksFlat);
                }
            }
            _ => return Liveness::Deciding,
        }
        if policy.demand == LivenessDemand::LooksLive {
            return Liveness::Live;
        }
        let seen_side = if policy.mirrored {
            challenge.other()
        } else {
            challenge
        };
        if self.turned == Some(seen_side) {
            Liveness::Live
        } else {
            Liveness::Challenged(challenge)
        }
    }

    /// Whether the proportions have changed as by a turn, and the nose has not moved.
    pub fn moves_flat(&self) -> bool {
        let mut shapes: Vec<Shape> = self.shapes.iter().map(|(_, shape)| *shape).collect();
        let few = shapes.len() / 4;
        if few < 3 {
            return false;
        }
        shapes.sort_by(|a, b| a.aspect.total_cmp(&b.aspect));
        let (narrow, wide) = (mean(&shapes[..few]), mean(&shapes[shapes.len() - few..]));
        wide.aspect / narrow.aspect >= FORESHORTENED
            && (wide.nose_along - narrow.nose_along).abs() < STILL_NOSE
            && (wide.nose_down - narrow.nose_down).abs() < STILL_NOSE
    }

    fn watch_the_nose(&mut self) {
        let latest: Vec<Shape> = self.shapes.iter().rev().take(3).map(|(_, s)| *s).collect();
        if latest.len() < 3 {
            return;
        }
        let now = mean(&latest).nose_along;
        let first = *self.nose_at_first.get_or_insert(now);
        // In the picture the person's left is on the right.
        if now - first >= TURNED_NOSE {
            self.turned = Some(Side::Left);
        } else if first - now >= TURNED_NOSE {
            self.turned = Some(Side::Right);
        }
    }
}

impl Side {
    fn other(self) -> Self {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }
}

fn mean(shapes: &[Shape]) -> Shape {
    let count = shapes.len().max(1) as f32;
    let of = |part: fn(&Shape) -> f32| shapes.iter().map(part).sum::<f32>() / count;
    Shape {
        nose_along: of(|s| s.nose_along),
        nose_down: of(|s| s.nose_down),
        aspect: of(|s| s.aspect),
    }
}

fn middle(a: Point, b: Point) -> Point {
    Point::new(f32::midpoint(a.x, b.x), f32::midpoint(a.y, b.y))
}

fn minus(a: Point, b: Point) -> Point {
    Point::new(a.x - b.x, a.y - b.y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REQUIRE: LivenessPolicy = LivenessPolicy {
        demand: LivenessDemand::LooksLive,
        threshold: 0.5,
        mirrored: false,
    };

    /// A head in eye distances: eyes, nose, mouth; z towards the camera.
    const HEAD: [[f32; 3]; 5] = [
        [-0.5, 0.0, 0.0],
        [0.5, 0.0, 0.0],
        [0.0, 0.55, 0.55],
        [-0.4, 1.1, 0.05],
        [0.4, 1.1, 0.05],
    ];

    /// Seen by a pinhole camera 7 eye distances away, after a turn about the upright
    /// (positive: the nose to the right of the picture) and a nod.
    fn seen(
        points: [[f32; 3]; 5],
        turn: f32,
        nod: f32,
        noise: &mut impl FnMut() -> f32,
    ) -> Landmarks {
        Landmarks {
            points: points.map(|[x, y, z]| {
                let (x, z) = (
                    x * turn.cos() + z * turn.sin(),
                    z * turn.cos() - x * turn.sin(),
                );
                let (y, z) = (y * nod.cos() - z * nod.sin(), z * nod.cos() + y * nod.sin());
                let scale = 80.0 * 7.0 / (7.0 - z);
                Point::new(320.0 + x * scale + noise(), 200.0 + y * scale + noise())
            }),
        }
    }

    fn flat(points: [[f32; 3]; 5]) -> [[f32; 3]; 5] {
        points.map(|[x, y, _]| [x, y, 0.0])
    }

    /// Small, repeatable and without a mean.
    fn noise(size: f32) -> impl FnMut() -> f32 {
        let mut state = 1_u32;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) as f32 / 65_536.0 - 0.5) * 2.0 * size
        }
    }

    /// Twenty looks while turning and nodding from nothing to these angles.
    fn evidence(points: [[f32; 3]; 5], turn: f32, nod: f32) -> LivenessEvidence {
        let mut noise = noise(1.5);
        let mut evidence = LivenessEvidence::default();
        for step in 0..24_u16 {
            let share = f32::from(step.saturating_sub(4).min(15)) / 15.0;
            let landmarks = seen(points, turn * share, nod * share, &mut noise);
            evidence.look(
                Duration::from_millis(u64::from(step) * 100),
                &landmarks,
                Some(0.9),
            );
        }
        evidence
    }

    #[test]
    fn a_turned_photograph_moves_flat_and_a_head_does_not() {
        for (turn, nod) in [(0.55, 0.0), (-0.6, 0.0), (0.0, 0.6), (0.6, 0.2)] {
            assert!(
                evidence(flat(HEAD), turn, nod).moves_flat(),
                "photograph {turn} {nod}"
            );
            assert!(!evidence(HEAD, turn, nod).moves_flat(), "head {turn} {nod}");
        }
        assert!(!evidence(HEAD, 0.0, 0.0).moves_flat());
        assert!(
            !evidence(flat(HEAD), 0.0, 0.0).moves_flat(),
            "nothing has moved"
        );
    }

    #[test]
    fn a_flat_picture_is_refused_whatever_the_network_says() {
        let judged = evidence(flat(HEAD), 0.6, 0.0).judge(&REQUIRE, Side::Left);
        assert_eq!(judged, Liveness::Spoof(SpoofCue::MovesFlat));
    }

    #[test]
    fn scores_are_averaged_and_few_say_nothing() {
        let landmarks = seen(HEAD, 0.0, 0.0, &mut || 0.0);
        let judged = |scores: &[f32]| {
            let mut evidence = LivenessEvidence::default();
            for score in scores {
                evidence.look(Duration::ZERO, &landmarks, Some(*score));
            }
            evidence.judge(&REQUIRE, Side::Left)
        };
        assert_eq!(judged(&[]), Liveness::Deciding);
        assert_eq!(judged(&[0.9, 0.9]), Liveness::Deciding);
        assert_eq!(judged(&[0.9, 0.2, 0.9]), Liveness::Live);
        assert_eq!(
            judged(&[0.1, 0.2, 0.9]),
            Liveness::Spoof(SpoofCue::LooksFlat)
        );
        // Only the latest ten count.
        let mut scores = vec![0.0; 10];
        scores.extend([0.9; 10]);
        assert_eq!(judged(&scores), Liveness::Live);
    }

    #[test]
    fn the_head_has_to_turn_to_the_side_that_is_asked_for() {
        let policy = LivenessPolicy {
            demand: LivenessDemand::TurnsTheHead,
            ..REQUIRE
        };
        let mirrored = LivenessPolicy {
            mirrored: true,
            ..policy
        };
        let to_the_left = evidence(HEAD, 0.4, 0.0);
        assert_eq!(to_the_left.judge(&policy, Side::Left), Liveness::Live);
        assert_eq!(to_the_left.judge(&mirrored, Side::Right), Liveness::Live);
        let asked_right = Liveness::Challenged(Side::Right);
        assert_eq!(to_the_left.judge(&policy, Side::Right), asked_right);
        assert_eq!(
            evidence(HEAD, 0.0, 0.0).judge(&policy, Side::Right),
            asked_right
        );
        // A photograph cannot do it: at a steep turn it is seen to be flat, before that its nose stays.
        for turn in [0.1, 0.2, 0.3, 0.4, 0.7] {
            let judged = evidence(flat(HEAD), turn, 0.0).judge(&policy, Side::Left);
            assert_ne!(judged, Liveness::Live, "{turn}");
        }
    }

    #[test]
    fn nothing_is_asked_if_the_policy_asks_nothing() {
        let policy = LivenessPolicy {
            demand: LivenessDemand::Nothing,
            ..REQUIRE
        };
        assert_eq!(
            LivenessEvidence::default().judge(&policy, Side::Left),
            Liveness::Live
        );
    }

    proptest! {
        #[test]
        fn an_affine_map_moves_no_nose(
            a in 0.5f32..2.0, b in -0.4f32..0.4, c in -0.4f32..0.4, d in 0.5f32..2.0,
        ) {
            let original = seen(flat(HEAD), 0.0, 0.0, &mut || 0.0);
            let mapped = Landmarks {
                points: original.points.map(|p| Point::new(a * p.x + b * p.y, c * p.x + d * p.y)),
            };
            let (before, after) = (Shape::of(&original).unwrap(), Shape::of(&mapped).unwrap());
            prop_assert!((before.nose_along - after.nose_along).abs() < 1e-3);
            prop_assert!((before.nose_down - after.nose_down).abs() < 1e-3);
        }

        #[test]
        fn any_landmarks_are_taken(points in prop::array::uniform10(-1e4f32..1e4)) {
            let at = |i: usize| Point::new(points[2 * i], points[2 * i + 1]);
            let landmarks = Landmarks { points: [at(0), at(1), at(2), at(3), at(4)] };
            let mut evidence = LivenessEvidence::default();
            for step in 0..20 {
                evidence.look(Duration::from_millis(step), &landmarks, None);
            }
            prop_assert!(!evidence.moves_flat());
        }
    }
}
