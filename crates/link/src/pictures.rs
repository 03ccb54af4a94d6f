//! Pictures for those who watch from elsewhere: JPEG, as small as they want them.
//!
//! However many watch, a picture is put into JPEG once per size. What is kept for that is
//! the JPEG alone; the frame goes when the station lets it go.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use image::RgbImage;
use rollcall_core::frame::Frame;

/// Good enough to see who it is; a fifth of the bytes of a portrait that is kept.
const QUALITY: u8 = 75;

/// Sizes and pictures that are kept.
const KEPT: usize = 8;

/// Widths that differ by less are the same, so that windows of almost the same size share.
const STEP: u32 = 16;

type Jpeg = Arc<OnceLock<Option<Arc<[u8]>>>>;

/// The latest pictures, encoded.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    kept: Mutex<VecDeque<Kept>>,
}

#[derive(Debug)]
struct Kept {
    /// Names the frame and does not keep its pixels.
    frame: Weak<Frame>,
    width: u32,
    jpeg: Jpeg,
}

impl Pictures {
    /// The picture at most so wide; none if it cannot be encoded. Waits only for another
    /// front end that has just asked for the same.
    pub(crate) fn jpeg(&self, frame: &Arc<Frame>, most: u32) -> Option<Arc<[u8]>> {
        let width = width_of(&frame.image, most);
        let slot = self.slot(frame, width);
        slot.get_or_init(|| encode(&frame.image, width)).clone()
    }

    fn slot(&self, frame: &Arc<Frame>, width: u32) -> Jpeg {
        let name = Arc::downgrade(frame);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept
            .iter()
            .find(|kept| kept.width == width && kept.frame.ptr_eq(&name));
        if let Some(known) = known {
            return Arc::clone(&known.jpeg);
        }
        if kept.len() == KEPT {
            kept.pop_front();
        }
        let jpeg = Jpeg::default();
        kept.push_back(Kept {
            frame: name,
            width,
            jpeg: Arc::clone(&jpeg),
        });
        jpeg
    }
}

fn width_of(image: &RgbImage, most: u32) -> u32 {
    if most >= image.width() {
        return image.width();
    }
    if most < 4 * STEP {
        return most.max(1);
    }
    most / STEP * STEP
}

fn encode(image: &RgbImage, width: u32) -> Option<Arc<[u8]>> {
    let encoded = if width == image.width() {
        rollcall_picture::encode_jpeg(image, QUALITY)
    } else {
        let height = u64::from(image.height()) * u64::from(width) / u64::from(image.width());
        let small = rollcall_picture::smaller(image, width, (height as u32).max(1));
        rollcall_picture::encode_jpeg(&small, QUALITY)
    };
    encoded
        .inspect_err(|error| tracing::warn!(%error, "a picture cannot be shown elsewhere"))
        .ok()
        .map(Arc::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_core::frame::{FrameId, Moment};

    fn frame(width: u32, height: u32) -> Arc<Frame> {
        let colour = |x: u32, y: u32| image::Rgb([x as u8, y as u8, 90]);
        Arc::new(Frame {
            camera: None,
            id: FrameId(1),
            captured_at: Moment {
                monotonic: std::time::Duration::ZERO,
                wall: chrono::DateTime::UNIX_EPOCH.fixed_offset(),
            },
            image: RgbImage::from_fn(width, height, colour),
        })
    }

    fn size(jpeg: &[u8]) -> (u32, u32) {
        let picture = image::load_from_memory(jpeg).unwrap();
        (picture.width(), picture.height())
    }

    #[test]
    fn pictures_are_made_smaller_and_never_larger() {
        let pictures = Pictures::default();
        let large = frame(640, 480);
        for (most, expected) in [
            (160, (160, 120)),
            (170, (160, 120)),
            (600, (592, 444)),
            (640, (640, 480)),
            (4000, (640, 480)),
            (10, (10, 7)),
            (1, (1, 1)),
        ] {
            let jpeg = pictures.jpeg(&large, most).unwrap();
            assert_eq!(size(&jpeg), expected, "{most}");
        }
    }

    #[test]
    fn a_picture_is_encoded_once_per_size_and_its_pixels_are_let_go() {
        let pictures = Pictures::default();
        let first = frame(320, 240);
        let once = pictures.jpeg(&first, 160).unwrap();
        let twice = pictures.jpeg(&first, 165).unwrap();
        assert!(Arc::ptr_eq(&once, &twice));
        assert!(!Arc::ptr_eq(&once, &pictures.jpeg(&first, 80).unwrap()));
        assert!(!Arc::ptr_eq(
            &once,
            &pictures.jpeg(&frame(320, 240), 160).unwrap()
        ));
        assert_eq!(Arc::strong_count(&first), 1);
    }

    #[test]
    fn what_has_no_pixels_is_not_shown() {
        assert!(Pictures::default().jpeg(&frame(0, 0), 100).is_none());
    }
}
