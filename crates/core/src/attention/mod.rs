//! Which frames are worth a look of the detector.
//!
//! Most of the day nobody is there, and a detector that looks at every frame of an
//! empty hall heats the machine for nothing. Nobody may wait for it, though:
//!
//! - While a face is in sight, and for a while after, every frame is looked at.
//! - Otherwise a frame is looked at if something in it has moved since the last one
//!   that was looked at, however slowly.
//! - Otherwise one is looked at in time for [`LONGEST_UNSEEN`], whatever has or has
//!   not moved. What nothing else notices, a face that appears as the light comes
//!   up, is found then; and if the measure of motion were wrong, no more than that
//!   would be lost.
//!
//! A picture full of noise looks like motion: the mistakes go to the safe side.

pub mod appearance;
pub mod faces;

use std::time::Duration;

use image::RgbImage;

/// A face is looked at no later than so long after it came into sight.
pub const LONGEST_UNSEEN: Duration = Duration::from_millis(300);

/// Frames are looked at so often: what is left of [`LONGEST_UNSEEN`] is for frames
/// that come late.
const LONGEST_PAUSE: Duration = Duration::from_millis(280);

/// How long after the last face every frame is looked at: as long as a track
/// outlives its face, so that somebody who turns away is found again at once.
const LINGER: Duration = Duration::from_secs(2);

/// Cells of the picture that are compared.
const COLUMNS: u32 = 40;
const ROWS: u32 = 30;

/// Pixels that are looked at along each side of a cell. The mean of 64 of them
/// shows an eighth of the sensor's noise.
const SAMPLES: u32 = 8;

/// Change of a cell's mean brightness, of 255, that is more than noise.
const CHANGED: u8 = 8;

/// Changed cells that are motion. A face near enough to be recognised covers dozens.
const MOVING_CELLS: usize = 3;

/// Decides frame by frame.
#[derive(Debug, Default)]
pub struct Attention {
    face_seen_at: Option<Duration>,
    last_look: Option<Look>,
    frame_taken_at: Option<Duration>,
}

/// A frame that was looked at.
#[derive(Debug)]
struct Look {
    at: Duration,
    brightness: Vec<u8>,
}

impl Attention {
    /// Whether the detector should look at `image`, taken at `now` on the monotonic
    /// clock. The answer yes is taken as a promise to look.
    pub fn is_drawn_to(&mut self, image: &RgbImage, now: Duration) -> bool {
        let gap = self
            .frame_taken_at
            .replace(now)
            .map_or(Duration::MAX, |last| now.saturating_sub(last));
        let brightness = brightness(image);
        let looks = match &self.last_look {
            None => true,
            Some(last) => {
                let next_frame = now.saturating_sub(last.at).saturating_add(gap);
                self.has_company(now)
                    || next_frame > LONGEST_PAUSE
                    || has_moved(&last.brightness, &brightness)
            }
        };
        if looks {
            self.last_look = Some(Look {
                at: now,
                brightness,
            });
        }
        looks
    }

    /// Takes in that faces were found in a frame taken at `now`.
    pub fn found_faces(&mut self, now: Duration) {
        self.face_seen_at = Some(now);
    }

    fn has_company(&self, now: Duration) -> bool {
        self.face_seen_at
            .is_some_and(|last| now.saturating_sub(last) <= LINGER)
    }
}

fn has_moved(before: &[u8], after: &[u8]) -> bool {
    let changed = before.iter().zip(after);
    changed
        .filter(|(before, after)| before.abs_diff(**after) > CHANGED)
        .count()
        >= MOVING_CELLS
}

/// Mean brightness of each cell, from the green of some of its pixels.
fn brightness(image: &RgbImage) -> Vec<u8> {
    let (width, height) = image.dimensions();
    if width == 0 || height == 0 {
        return Vec::new();
    }
    let pixels = image.as_raw();
    let position = |step: u32, steps: u32, length: u32| {
        (u64::from(step) * u64::from(length) / u64::from(steps)) as usize
    };
    let columns: Vec<usize> = (0..COLUMNS * SAMPLES)
        .map(|step| 3 * position(step, COLUMNS * SAMPLES, width) + 1)
        .collect();
    let mut cells = Vec::with_capacity((COLUMNS * ROWS) as usize);
    for row in 0..ROWS {
        let mut sums = [0u32; COLUMNS as usize];
        for sample in 0..SAMPLES {
            let y = position(row * SAMPLES + sample, ROWS * SAMPLES, height);
            let line = &pixels[3 * width as usize * y..][..3 * width as usize];
            for (sum, columns) in sums.iter_mut().zip(columns.chunks(SAMPLES as usize)) {
                *sum += columns.iter().map(|&x| u32::from(line[x])).sum::<u32>();
            }
        }
        cells.extend(sums.map(|sum| (sum / (SAMPLES * SAMPLES)) as u8));
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use proptest::prelude::*;

    const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 15);

    fn hall() -> RgbImage {
        RgbImage::from_fn(640, 480, |x, y| Rgb([((x / 7 + y / 5) % 200) as u8; 3]))
    }

    /// The hall with a grey square of `side` pixels at (`x`, 200).
    fn hall_with_somebody(x: u32, side: u32) -> RgbImage {
        let mut picture = hall();
        let somebody = RgbImage::from_pixel(side, side, Rgb([230; 3]));
        image::imageops::replace(&mut picture, &somebody, i64::from(x), 200);
        picture
    }

    /// Noise of a dark room, different in every frame.
    fn noisy(picture: &RgbImage, seed: u32, amplitude: i32) -> RgbImage {
        let mut state = seed.wrapping_mul(2_654_435_761).max(1);
        let mut picture = picture.clone();
        for value in picture.iter_mut() {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let noise = (state % (2 * amplitude as u32 + 1)) as i32 - amplitude;
            *value = (i32::from(*value) + noise).clamp(0, 255) as u8;
        }
        picture
    }

    /// How many of `frames` frames are looked at.
    fn looks(attention: &mut Attention, frames: u32, picture: impl Fn(u32) -> RgbImage) -> usize {
        (0..frames)
            .filter(|&n| attention.is_drawn_to(&picture(n), FRAME * n))
            .count()
    }

    #[test]
    fn an_empty_hall_is_looked_at_four_times_a_second() {
        let mut attention = Attention::default();
        let found = looks(&mut attention, 150, |_| hall());
        assert!((30..=40).contains(&found), "{found} looks in ten seconds");
    }

    #[test]
    fn noise_of_a_usual_camera_is_not_motion() {
        let hall = hall();
        let mut attention = Attention::default();
        let found = looks(&mut attention, 45, |n| noisy(&hall, n + 1, 12));
        assert!(found <= 12, "{found} looks in three seconds");
    }

    #[test]
    fn whoever_walks_in_is_looked_at_at_once() {
        for side in [40, 60, 120] {
            let mut attention = Attention::default();
            looks(&mut attention, 2, |_| hall());
            assert!(attention.is_drawn_to(&hall_with_somebody(100, side), FRAME * 2));
        }
    }

    #[test]
    fn slow_motion_adds_up() {
        let mut attention = Attention::default();
        // A tenth of a cell a frame.
        let found = looks(&mut attention, 45, |n| hall_with_somebody(100 + 3 * n, 100));
        assert!(found > 15, "{found} looks in three seconds");
    }

    #[test]
    fn every_frame_is_looked_at_while_a_face_is_in_sight_and_a_while_after() {
        let mut attention = Attention::default();
        assert!(attention.is_drawn_to(&hall(), Duration::ZERO));
        attention.found_faces(Duration::ZERO);
        for n in 1..=30 {
            assert!(attention.is_drawn_to(&hall(), FRAME * n), "frame {n}");
        }
        let later = (31..61).filter(|&n| attention.is_drawn_to(&hall(), FRAME * n));
        assert!(later.count() < 10);
    }

    #[test]
    fn a_picture_of_another_size_or_of_none_is_no_defect() {
        let mut attention = Attention::default();
        for (n, (width, height)) in [(640, 480), (3, 2), (0, 0), (1, 900), (1280, 720)]
            .into_iter()
            .enumerate()
        {
            attention.is_drawn_to(&RgbImage::new(width, height), FRAME * n as u32);
        }
    }

    proptest! {
        /// A face that no motion gives away, at any steady rate of at least 7 frames a second.
        #[test]
        fn nothing_goes_unseen_for_longer_than_promised(
            frame_millis in 10u64..140, appears_at in 0u64..60,
        ) {
            let picture = RgbImage::from_pixel(64, 48, Rgb([90; 3]));
            let mut attention = Attention::default();
            let appears = Duration::from_millis(frame_millis * appears_at);
            let seen = (0..200u64)
                .map(|n| Duration::from_millis(frame_millis * n))
                .filter(|&at| attention.is_drawn_to(&picture, at))
                .find(|&at| at >= appears);
            prop_assert!(seen.unwrap() <= appears + LONGEST_UNSEEN);
        }
    }
}
