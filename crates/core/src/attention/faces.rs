//! Which faces of a frame are worth the embedder and the liveness network.
//!
//! A face that stands before the camera looks nearly the same in every frame; after
//! the first looks another one tells little. So a face is looked at closely
//!
//! - in its first [`FIRST_LOOKS`] frames, from which it gets its name,
//! - then every [`SOON`] up to [`MANY_LOOKS`], for whoever is hard to recognise,
//! - then every [`LONGEST_UNEXAMINED`], so that a name never stays for long on a face that
//!   has become another one,
//! - at once when it is seen better than ever before,
//! - at once when it was away for a frame or looks otherwise than a frame before: it may be
//!   another face in the same place, as after a cut, and
//! - in every frame while another face is near: they may cross.
//!
//! Faces are told from each other by place and by [`Appearance`] here, frame by frame. What
//! was not followed so has no name until a close look has given it one, and no punch is made
//! without a look at the very frame.

use std::time::Duration;

use super::appearance::Appearance;
use crate::geometry::BoundingBox;

/// Looks that a new face gets, frame by frame: more than a name needs.
pub const FIRST_LOOKS: u32 = 8;

/// Pause between looks at a face that has had those.
pub const SOON: Duration = Duration::from_millis(150);

/// Looks after which nothing new is expected.
pub const MANY_LOOKS: u32 = 24;

/// Longest time for which a face that is in sight is not looked at closely.
pub const LONGEST_UNEXAMINED: Duration = Duration::from_millis(400);

/// A face that overlaps less with every one of the last frame is new.
const SAME_PLACE_IOU: f32 = 0.4;

/// A face that was not seen for so long is new when it comes back.
const FORGOTTEN: Duration = Duration::from_millis(700);

/// A face that was seen last before so long may be another one by now.
const UNFOLLOWED: Duration = Duration::from_millis(500);

/// By how much a face must be seen better than before.
const BETTER: f32 = 1.15;

/// Faces whose boxes, enlarged so, touch each other may cross.
const NEAR: f32 = 1.5;

/// A face as the detector and the quality measures see it.
#[derive(Debug, Clone, Copy)]
pub struct Glance {
    /// Where it is.
    pub bounding_box: BoundingBox,
    /// How good it is, 0..=1.
    pub quality: f32,
    /// Whether it is good enough to be looked at closely at all.
    pub is_good: bool,
    /// What it looks like, roughly.
    pub appearance: Appearance,
}

/// What is to be done about a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attention {
    /// Whether it is worth a close look.
    pub is_wanted: bool,
    /// Whether it is the face of the frame before, by place and by appearance.
    pub is_followed: bool,
}

/// Remembers the faces of the last frames.
#[derive(Debug, Default)]
pub struct FaceAttention {
    faces: Vec<Acquaintance>,
    /// When the frame before was taken.
    before: Option<Duration>,
}

#[derive(Debug, Clone, Copy)]
struct Acquaintance {
    bounding_box: BoundingBox,
    appearance: Appearance,
    seen_at: Duration,
    looked_at: Option<Duration>,
    looks: u32,
    best: f32,
}

impl FaceAttention {
    /// Which of the faces of the frame taken at `now` to look at closely.
    pub fn choose(&mut self, glances: &[Glance], now: Duration) -> Vec<Attention> {
        self.faces
            .retain(|face| now.saturating_sub(face.seen_at) <= FORGOTTEN);
        let last_frame = self.before.replace(now);
        let mut before = std::mem::take(&mut self.faces);
        let mut chosen = Vec::with_capacity(glances.len());
        for (index, glance) in glances.iter().enumerate() {
            let known = take_nearest(&mut before, &glance.bounding_box);
            let is_followed = known.is_some_and(|face| {
                Some(face.seen_at) == last_frame
                    && now.saturating_sub(face.seen_at) <= UNFOLLOWED
                    && face.appearance.is_like(&glance.appearance)
            });
            // Another appearance is another face: it gets the looks of a new one.
            let known = known.filter(|face| face.appearance.is_like(&glance.appearance));
            let mut face = known.unwrap_or_else(|| Acquaintance::new(glance, now));
            let is_crowded = glances.iter().enumerate().any(|(other, neighbour)| {
                other != index && are_near(&glance.bounding_box, &neighbour.bounding_box)
            });
            let is_due = is_crowded || !is_followed || face.is_due(glance.quality, now);
            let is_wanted = glance.is_good && is_due;
            face.bounding_box = glance.bounding_box;
            face.appearance = glance.appearance;
            face.seen_at = now;
            if is_wanted {
                face.looked_at = Some(now);
                face.looks = face.looks.saturating_add(1);
                face.best = face.best.max(glance.quality);
            }
            self.faces.push(face);
            chosen.push(Attention {
                is_wanted,
                is_followed,
            });
        }
        // Who is hidden for a frame is not new in the next.
        self.faces.extend(before);
        chosen
    }
}

impl Acquaintance {
    fn new(glance: &Glance, now: Duration) -> Self {
        Self {
            bounding_box: glance.bounding_box,
            appearance: glance.appearance,
            seen_at: now,
            looked_at: None,
            looks: 0,
            best: 0.0,
        }
    }

    fn is_due(&self, quality: f32, now: Duration) -> bool {
        let Some(looked_at) = self.looked_at else {
            return true;
        };
        let pause = match self.looks {
            ..FIRST_LOOKS => return true,
            FIRST_LOOKS..MANY_LOOKS => SOON,
            MANY_LOOKS.. => LONGEST_UNEXAMINED,
        };
        // A clock that stands still or goes back must not end the looks.
        let has_passed = now
            .checked_sub(looked_at)
            .is_none_or(|since| since >= pause);
        has_passed || quality > BETTER * self.best
    }
}

fn take_nearest(faces: &mut Vec<Acquaintance>, place: &BoundingBox) -> Option<Acquaintance> {
    let overlap = |face: &Acquaintance| face.bounding_box.iou(place);
    let (index, nearest) = faces
        .iter()
        .enumerate()
        .max_by(|(_, a), (_, b)| overlap(a).total_cmp(&overlap(b)))?;
    if overlap(nearest) < SAME_PLACE_IOU {
        return None;
    }
    Some(faces.swap_remove(index))
}

fn are_near(a: &BoundingBox, b: &BoundingBox) -> bool {
    a.scaled(NEAR).iou(&b.scaled(NEAR)) > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;
    use proptest::prelude::*;

    fn at(x: f32, quality: f32) -> Glance {
        Glance {
            bounding_box: BoundingBox::new(x, 50.0, x + 100.0, 170.0),
            quality,
            is_good: true,
            appearance: Appearance::of(&RgbImage::from_fn(112, 112, |x, y| {
                image::Rgb([((x * 7 + y * 3) % 200) as u8; 3])
            })),
        }
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// At which of these frames, 66 ms apart, a face is looked at.
    fn looks(frames: impl Iterator<Item = Glance>) -> Vec<bool> {
        let mut attention = FaceAttention::default();
        let frames = (0..).zip(frames);
        frames
            .map(|(frame, glance)| attention.choose(&[glance], ms(66 * frame))[0].is_wanted)
            .collect()
    }

    #[test]
    fn who_stands_there_is_looked_at_less_and_less() {
        let looks = looks((0..300).map(|_| at(100.0, 0.8)));
        let count = |range: std::ops::Range<usize>| looks[range].iter().filter(|l| **l).count();
        assert_eq!(count(0..8), 8);
        assert_eq!(count(8..56), 16);
        // 2.2 a second instead of 15.
        assert!((30..=36).contains(&count(60..285)), "{}", count(60..285));
    }

    #[test]
    fn a_new_face_is_looked_at_at_once() {
        let looks = looks((0..200).map(|frame| at(if frame < 150 { 100.0 } else { 160.0 }, 0.8)));
        assert!(looks[150..158].iter().all(|looked| *looked));
    }

    #[test]
    fn a_better_view_is_looked_at() {
        let quality = |frame| if frame == 100 { 0.95 } else { 0.7 };
        let looks = looks((0..102).map(|frame| at(100.0, quality(frame))));
        assert!(looks[100] && !looks[101]);
    }

    #[test]
    fn faces_that_may_cross_are_looked_at_in_every_frame() {
        let mut attention = FaceAttention::default();
        for frame in 0..100 {
            let pair = [at(100.0, 0.8), at(220.0, 0.8), at(600.0, 0.8)];
            let chosen = attention.choose(&pair, ms(66 * frame));
            assert!(chosen[0].is_wanted && chosen[1].is_wanted, "frame {frame}");
            assert!(chosen[2].is_wanted || frame >= 8);
        }
    }

    #[test]
    fn a_poor_face_is_not_looked_at_and_counts_for_nothing() {
        let poor = |frame| Glance {
            is_good: frame >= 50,
            ..at(100.0, 0.8)
        };
        let looks = looks((0..60).map(poor));
        assert!(looks[..50].iter().all(|looked| !looked));
        assert!(looks[50..58].iter().all(|looked| *looked));
    }

    #[test]
    fn another_face_in_the_same_place_is_looked_at_at_once_and_is_not_followed() {
        let other = |glance: Glance| Glance {
            appearance: Appearance::of(&RgbImage::from_fn(112, 112, |x, y| {
                image::Rgb([((x * 2 + y * 5) % 180) as u8; 3])
            })),
            ..glance
        };
        let mut attention = FaceAttention::default();
        let mut seen = |glance: Option<Glance>, frame: u64| {
            let glances: Vec<Glance> = glance.into_iter().collect();
            attention.choose(&glances, ms(66 * frame)).first().copied()
        };
        let settled = Attention {
            is_wanted: false,
            is_followed: true,
        };
        let doubtful = Attention {
            is_wanted: true,
            is_followed: false,
        };
        let stands = (0..100).map(|frame| seen(Some(at(100.0, 0.8)), frame));
        assert!(stands.filter(|s| *s == Some(settled)).count() > 60);
        assert_eq!(
            seen(Some(other(at(100.0, 0.8))), 100),
            Some(doubtful),
            "a cut"
        );
        assert!(seen(Some(other(at(100.0, 0.8))), 101).unwrap().is_followed);
        seen(None, 102);
        let again = seen(Some(other(at(100.0, 0.8))), 103);
        assert_eq!(again, Some(doubtful), "it was away for a frame");
        // Poor as it is, it cannot be looked at; it is not followed all the same.
        let poor = Glance {
            is_good: false,
            ..at(100.0, 0.8)
        };
        let poor = seen(Some(poor), 104).unwrap();
        assert!(!poor.is_wanted && !poor.is_followed);
    }

    proptest! {
        #[test]
        fn nobody_goes_unexamined_for_long(
            gaps in prop::collection::vec(1_u64..300, 1..120), x in 0f32..50.0,
        ) {
            let mut attention = FaceAttention::default();
            let (mut now, mut last) = (Duration::ZERO, Duration::ZERO);
            for gap in gaps {
                let before = now;
                now += ms(gap);
                if attention.choose(&[at(x, 0.5)], now)[0].is_wanted {
                    last = now;
                }
                // The frame at which it was due is the one after this at the latest.
                prop_assert!(before.saturating_sub(last) < LONGEST_UNEXAMINED);
            }
        }
    }
}
