//! Whether a picture can show a face at all: dark, glaring, covered, blurred or frozen.
//!
//! The measures are cheap (a few thousand pixels of a frame) and the limits are
//! far from any usable scene, for a warning that is often wrong is not read any
//! more. A condition is believed after it has lasted, and ends only when the
//! picture is clearly better, so that it does not flicker.

use crate::say;
use rollcall_messages::{Message, Said, Text};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use image::RgbImage;

/// What is wrong with the picture of a camera that works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum PictureCondition {
    /// Next to no light.
    Dark,
    /// Most of it is white.
    Glaring,
    /// Nothing to be seen but one colour.
    Covered,
    /// No edge in it is sharp.
    Blurred,
    /// Bit by bit the same for a while, which no camera with a living sensor is.
    Frozen,
}

impl PictureCondition {
    /// One word for a narrow status bar.
    pub fn word(self) -> Text {
        match self {
            Self::Dark => say::PICTURE_DARK,
            Self::Glaring => say::PICTURE_GLARE,
            Self::Covered => say::PICTURE_COVERED,
            Self::Blurred => say::PICTURE_BLURRED,
            Self::Frozen => say::PICTURE_FROZEN,
        }
    }
}

impl PictureCondition {
    /// What is and what to do, without the full stop.
    pub fn text(self) -> Text {
        match self {
            Self::Dark => say::PICTURE_DARK_ADVICE,
            Self::Glaring => say::PICTURE_GLARE_ADVICE,
            Self::Covered => say::PICTURE_COVERED_ADVICE,
            Self::Blurred => say::PICTURE_BLURRED_ADVICE,
            Self::Frozen => say::PICTURE_FROZEN_ADVICE,
        }
    }
}

impl fmt::Display for PictureCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

impl Said for PictureCondition {
    fn said(&self) -> Message {
        self.text().into()
    }
}

/// What is measured of one picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PictureMeasures {
    /// Mean luma, 0..=255.
    pub brightness: f32,
    /// Standard deviation of luma.
    pub contrast: f32,
    /// Share of pixels at the upper end of luma, where no detail is left, 0..=1.
    pub white_share: f32,
    /// How steep the sharpest edges are: the largest step over two pixels as a share
    /// of the whole edge, 0..=1. `None` if there are too few edges to tell.
    pub edge_steepness: Option<f32>,
    /// Equal for equal pictures.
    pub fingerprint: u64,
}

/// Side of the grid that light is measured on.
const GRID: u32 = 64;
/// Luma from which no detail is left.
const WHITE: f32 = 250.0;
/// Pixels over which an edge is looked for.
const EDGE_SPAN: usize = 16;
/// Difference in luma that makes an edge.
const EDGE_STEP: f32 = 48.0;
/// Every how many lines edges are looked for.
const EDGE_LINES: u32 = 8;
/// Fewer edges say nothing. Photographs at 640x480 have a steepness of 0.9; out of focus by a
/// Gaussian of 2, 4 and 8 pixels they have 0.5, 0.35 and 0.22.
const LEAST_EDGES: usize = 40;

impl PictureMeasures {
    /// Measures `image`.
    pub fn of(image: &RgbImage) -> Self {
        let light = light(image);
        let mut hasher = DefaultHasher::new();
        let line = (image.width() as usize * 3).max(1);
        // No two pictures of a living sensor agree in a quarter of their lines.
        for pixels in image.as_raw().chunks(line).step_by(4) {
            pixels.hash(&mut hasher);
        }
        Self {
            brightness: light.mean,
            contrast: light.deviation,
            white_share: light.white_share,
            edge_steepness: edge_steepness(image),
            fingerprint: hasher.finish(),
        }
    }
}

/// Follows the pictures of one camera and says when their condition changes.
#[derive(Debug, Default)]
pub struct ConditionWatch {
    condition: Option<PictureCondition>,
    /// What the pictures look like now, and since when, if that is not `condition`.
    candidate: Option<(Option<PictureCondition>, Duration)>,
    /// The latest fingerprint and since when it is the same.
    unchanged: Option<(u64, Duration)>,
}

/// How long a condition must last to be believed.
const BELIEVED_AFTER: Duration = Duration::from_secs(3);
/// How long the picture must be better for a condition to end.
const OVER_AFTER: Duration = Duration::from_secs(2);
/// After this long without any change a picture is frozen.
const FROZEN_AFTER: Duration = Duration::from_secs(10);

impl ConditionWatch {
    /// What is wrong at present.
    pub fn condition(&self) -> Option<PictureCondition> {
        self.condition
    }

    /// Takes in a picture; `true` if the condition has changed with it.
    pub fn observe(&mut self, measures: &PictureMeasures, now: Duration) -> bool {
        let seen = if self.is_frozen(measures.fingerprint, now) {
            // It has lasted already, and ends with the first other picture.
            Some(PictureCondition::Frozen)
        } else {
            judge(measures, self.condition)
        };
        if seen == self.condition {
            self.candidate = None;
            return false;
        }
        let since = match self.candidate {
            Some((candidate, since)) if candidate == seen => since,
            _ => now,
        };
        self.candidate = Some((seen, since));
        let lasts = now.saturating_sub(since);
        let frozen = Some(PictureCondition::Frozen);
        let needed = match seen {
            _ if seen == frozen || self.condition == frozen => Duration::ZERO,
            Some(_) => BELIEVED_AFTER,
            None => OVER_AFTER,
        };
        if lasts < needed {
            return false;
        }
        self.condition = seen;
        self.candidate = None;
        true
    }

    fn is_frozen(&mut self, fingerprint: u64, now: Duration) -> bool {
        match self.unchanged {
            Some((same, since)) if same == fingerprint => now.saturating_sub(since) >= FROZEN_AFTER,
            _ => {
                self.unchanged = Some((fingerprint, now));
                false
            }
        }
    }
}

/// The condition of one picture. What is the case already is held on to a little longer.
fn judge(
    measures: &PictureMeasures,
    present: Option<PictureCondition>,
) -> Option<PictureCondition> {
    use PictureCondition::{Blurred, Covered, Dark, Glaring};
    let limit = |condition, enter: f32, leave: f32| {
        if present == Some(condition) {
            leave
        } else {
            enter
        }
    };
    let m = measures;
    if m.brightness < limit(Dark, 20.0, 30.0) && m.white_share < 0.01 {
        Some(Dark)
    } else if m.white_share > limit(Glaring, 0.6, 0.4) {
        Some(Glaring)
    } else if m.contrast < limit(Covered, 6.0, 10.0) {
        Some(Covered)
    } else if m.edge_steepness? < limit(Blurred, 0.34, 0.40) {
        Some(Blurred)
    } else {
        None
    }
}

struct Light {
    mean: f32,
    deviation: f32,
    white_share: f32,
}

fn light(image: &RgbImage) -> Light {
    let (width, height) = image.dimensions();
    let (across, down) = (width.clamp(1, GRID), height.clamp(1, GRID));
    let (mut sum, mut squares, mut white, mut count) = (0.0_f64, 0.0_f64, 0_u32, 0_u32);
    for row in 0..down {
        for column in 0..across {
            let Some(pixel) = image.get_pixel_checked(column * width / across, row * height / down)
            else {
                continue;
            };
            let luma = luma(pixel.0);
            sum += f64::from(luma);
            squares += f64::from(luma) * f64::from(luma);
            white += u32::from(luma >= WHITE);
            count += 1;
        }
    }
    let count = f64::from(count.max(1));
    let mean = sum / count;
    Light {
        mean: mean as f32,
        deviation: (squares / count - mean * mean).max(0.0).sqrt() as f32,
        white_share: (f64::from(white) / count) as f32,
    }
}

/// The steepness that one edge in ten exceeds; `None` if there are too few edges.
fn edge_steepness(image: &RgbImage) -> Option<f32> {
    let width = image.width() as usize;
    let mut steepness = Vec::new();
    let mut line = Vec::with_capacity(width);
    for pixels in image.rows().step_by(EDGE_LINES as usize) {
        line.clear();
        line.extend(pixels.map(|pixel| luma(pixel.0)));
        for span in line.windows(EDGE_SPAN + 1).step_by(EDGE_SPAN / 2) {
            let (lowest, highest) = span.iter().fold((f32::MAX, f32::MIN), |(low, high), luma| {
                (low.min(*luma), high.max(*luma))
            });
            let whole = highest - lowest;
            if whole < EDGE_STEP {
                continue;
            }
            let steps = span.windows(3).map(|w| (w[2] - w[0]).abs());
            let steepest = steps.fold(0.0, f32::max);
            steepness.push((steepest / whole).min(1.0));
        }
    }
    if steepness.len() < LEAST_EDGES {
        return None;
    }
    let rank = steepness.len() * 9 / 10;
    let (_, value, _) = steepness.select_nth_unstable_by(rank, f32::total_cmp);
    Some(*value)
}

/// ITU-R BT.601 luma.
fn luma([r, g, b]: [u8; 3]) -> f32 {
    0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b)
}

#[cfg(test)]
mod tests {
    use image::{Rgb, imageops};

    use super::*;

    fn plain(level: u8) -> RgbImage {
        RgbImage::from_pixel(320, 240, Rgb([level; 3]))
    }

    /// Squares of 40 pixels, dark and light, with an unevenness that tells pictures apart.
    fn squares(dark: u8, light: u8, seed: u8) -> RgbImage {
        RgbImage::from_fn(320, 240, |x, y| {
            let level = if (x / 40 + y / 40) % 2 == 0 {
                dark
            } else {
                light
            };
            Rgb([level.saturating_add(seed % 3); 3])
        })
    }

    fn judged(image: &RgbImage) -> Option<PictureCondition> {
        judge(&PictureMeasures::of(image), None)
    }

    fn secs(tenths: u64) -> Duration {
        Duration::from_millis(tenths * 100)
    }

    #[test]
    fn each_condition_is_seen_in_a_drawn_picture() {
        let usable = squares(60, 180, 0);
        for (image, expected) in [
            (usable.clone(), None),
            (plain(3), Some(PictureCondition::Dark)),
            (squares(2, 30, 0), Some(PictureCondition::Dark)),
            (plain(252), Some(PictureCondition::Glaring)),
            (plain(128), Some(PictureCondition::Covered)),
            (
                imageops::blur(&usable, 6.0),
                Some(PictureCondition::Blurred),
            ),
            (imageops::blur(&usable, 1.2), None),
        ] {
            assert_eq!(
                judged(&image),
                expected,
                "{:?}",
                PictureMeasures::of(&image)
            );
        }
    }

    #[test]
    fn photographs_of_people_are_usable_and_blurred_ones_are_not() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/faces");
        let mut seen = 0;
        for name in ["obama.jpg", "obama2.jpg", "astronaut.jpg", "gauss.jpg"] {
            let photograph = image::open(format!("{folder}/{name}")).unwrap();
            let photograph = photograph.thumbnail(640, 480).into_rgb8();
            assert_eq!(judged(&photograph), None, "{name}");
            let blurred = imageops::blur(&photograph, 6.0);
            assert_eq!(judged(&blurred), Some(PictureCondition::Blurred), "{name}");
            seen += 1;
        }
        assert_eq!(seen, 4);
    }

    #[test]
    fn empty_and_tiny_pictures_are_measured_too() {
        for (width, height) in [(0, 0), (1, 1), (3, 900)] {
            let measures = PictureMeasures::of(&RgbImage::new(width, height));
            assert_eq!(measures.edge_steepness, None);
            assert_eq!(measures.brightness, 0.0);
        }
    }

    #[test]
    fn a_condition_is_believed_after_it_lasted_and_ends_after_it_was_over() {
        let mut watch = ConditionWatch::default();
        let (dark, light) = (squares(1, 5, 0), squares(60, 180, 0));
        let mut at = |image: &RgbImage, tenths: u64| {
            // Each picture is another one, as those of a camera are.
            let mut measures = PictureMeasures::of(image);
            measures.fingerprint = tenths;
            watch.observe(&measures, secs(tenths));
            watch.condition()
        };
        assert_eq!(at(&light, 0), None);
        assert_eq!(at(&dark, 10), None);
        assert_eq!(at(&dark, 39), None);
        assert_eq!(at(&dark, 40), Some(PictureCondition::Dark));
        assert_eq!(at(&light, 50), Some(PictureCondition::Dark));
        assert_eq!(at(&dark, 60), Some(PictureCondition::Dark), "a flash");
        assert_eq!(at(&light, 70), Some(PictureCondition::Dark));
        assert_eq!(at(&light, 89), Some(PictureCondition::Dark));
        assert_eq!(at(&light, 90), None);
    }

    #[test]
    fn a_picture_at_the_limit_does_not_flicker() {
        let mut watch = ConditionWatch::default();
        let mut changes = 0;
        for tenths in 0..1000 {
            let measures = PictureMeasures {
                brightness: if tenths / 40 % 2 == 0 { 19.0 } else { 21.0 },
                contrast: 20.0,
                white_share: 0.0,
                edge_steepness: None,
                fingerprint: tenths,
            };
            changes += u32::from(watch.observe(&measures, secs(tenths)));
        }
        assert_eq!(changes, 1);
        assert_eq!(watch.condition(), Some(PictureCondition::Dark));
    }

    #[test]
    fn the_same_picture_again_and_again_is_frozen_until_another_comes() {
        let mut watch = ConditionWatch::default();
        let still = PictureMeasures::of(&squares(60, 180, 0));
        let other = PictureMeasures::of(&squares(60, 180, 1));
        assert_ne!(still.fingerprint, other.fingerprint);
        for tenths in 0..100 {
            assert!(!watch.observe(&still, secs(tenths)));
        }
        assert!(watch.observe(&still, secs(100)));
        assert_eq!(watch.condition(), Some(PictureCondition::Frozen));
        assert!(watch.observe(&other, secs(101)));
        assert_eq!(watch.condition(), None);
    }
}
