//! Points, boxes, landmarks and similarity transforms in the plane.

/// A point in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

impl Point {
    /// Creates a point from its coordinates.
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// Euclidean distance to `other`, in pixels.
    pub fn distance(self, other: Point) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// An axis-aligned rectangle in pixels: `left ≤ right`, `top ≤ bottom`.
///
/// It may reach over the border of the picture it was found in.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BoundingBox {
    /// Smallest x.
    pub left: f32,
    /// Smallest y.
    pub top: f32,
    /// Largest x.
    pub right: f32,
    /// Largest y.
    pub bottom: f32,
}

impl BoundingBox {
    /// Creates a box from its edges.
    pub const fn new(left: f32, top: f32, right: f32, bottom: f32) -> Self {
        Self {
            left,
            top,
            right,
            bottom,
        }
    }

    /// Width in pixels, never negative.
    pub fn width(&self) -> f32 {
        (self.right - self.left).max(0.0)
    }

    /// Height in pixels, never negative.
    pub fn height(&self) -> f32 {
        (self.bottom - self.top).max(0.0)
    }

    /// Area in square pixels.
    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// The middle of the box.
    pub fn centre(&self) -> Point {
        Point::new(
            f32::midpoint(self.left, self.right),
            f32::midpoint(self.top, self.bottom),
        )
    }

    /// Intersection over union with `other`, in 0..=1.
    pub fn iou(&self, other: &BoundingBox) -> f32 {
        let overlap = BoundingBox::new(
            self.left.max(other.left),
            self.top.max(other.top),
            self.right.min(other.right),
            self.bottom.min(other.bottom),
        )
        .area();
        let union = self.area() + other.area() - overlap;
        if union > 0.0 { overlap / union } else { 0.0 }
    }

    /// The box scaled by `factor` about its centre.
    #[must_use]
    pub fn scaled(&self, factor: f32) -> BoundingBox {
        let centre = self.centre();
        let (dx, dy) = (self.width() * factor / 2.0, self.height() * factor / 2.0);
        BoundingBox::new(centre.x - dx, centre.y - dy, centre.x + dx, centre.y + dy)
    }

    /// The part of the box inside a picture of `width` × `height` pixels.
    #[must_use]
    pub fn clamped(&self, width: u32, height: u32) -> BoundingBox {
        let (w, h) = (width as f32, height as f32);
        BoundingBox::new(
            self.left.clamp(0.0, w),
            self.top.clamp(0.0, h),
            self.right.clamp(0.0, w),
            self.bottom.clamp(0.0, h),
        )
    }
}

/// The five facial landmarks, as seen in the image (so the "left" eye is the
/// one nearer the left border, the person's own right eye).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Landmarks {
    /// Left eye, right eye, nose tip, left mouth corner, right mouth corner.
    pub points: [Point; 5],
}

impl Landmarks {
    /// Left eye.
    pub fn left_eye(&self) -> Point {
        self.points[0]
    }

    /// Right eye.
    pub fn right_eye(&self) -> Point {
        self.points[1]
    }

    /// Tip of the nose.
    pub fn nose(&self) -> Point {
        self.points[2]
    }

    /// Left corner of the mouth.
    pub fn left_mouth(&self) -> Point {
        self.points[3]
    }

    /// Right corner of the mouth.
    pub fn right_mouth(&self) -> Point {
        self.points[4]
    }

    /// Distance between the eyes, in pixels.
    pub fn eye_distance(&self) -> f32 {
        self.left_eye().distance(self.right_eye())
    }
}

/// A rotation, uniform scale and translation of the plane:
/// `x' = a·x − b·y + tx`, `y' = b·x + a·y + ty`.
///
/// Named after the spaces it connects, e.g. `crop_from_frame`, so that
/// `point_in_crop = crop_from_frame.apply(point_in_frame)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity2d {
    /// Scale times the cosine of the rotation.
    pub a: f32,
    /// Scale times the sine of the rotation.
    pub b: f32,
    /// Translation along x.
    pub tx: f32,
    /// Translation along y.
    pub ty: f32,
}

impl Similarity2d {
    /// The transform that changes nothing.
    pub const IDENTITY: Similarity2d = Similarity2d {
        a: 1.0,
        b: 0.0,
        tx: 0.0,
        ty: 0.0,
    };

    /// Maps a point from the right-hand space to the left-hand one.
    pub fn apply(&self, p: Point) -> Point {
        Point::new(
            self.a * p.x - self.b * p.y + self.tx,
            self.b * p.x + self.a * p.y + self.ty,
        )
    }

    /// The uniform scale.
    pub fn scale(&self) -> f32 {
        self.a.hypot(self.b)
    }

    /// The transform back, or `None` if the scale is zero or not finite.
    pub fn inverse(&self) -> Option<Similarity2d> {
        let squared_scale = self.a * self.a + self.b * self.b;
        if !squared_scale.is_normal() {
            return None;
        }
        let (a, b) = (self.a / squared_scale, -self.b / squared_scale);
        Some(Similarity2d {
            a,
            b,
            tx: -(a * self.tx - b * self.ty),
            ty: -(b * self.tx + a * self.ty),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn iou_of_equal_apart_and_half_overlapping_boxes() {
        let unit = BoundingBox::new(0.0, 0.0, 2.0, 2.0);
        assert!((unit.iou(&unit) - 1.0).abs() < 1e-6);
        assert_eq!(unit.iou(&BoundingBox::new(5.0, 5.0, 6.0, 6.0)), 0.0);
        let half = BoundingBox::new(1.0, 0.0, 3.0, 2.0);
        assert!((unit.iou(&half) - 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(BoundingBox::default().iou(&BoundingBox::default()), 0.0);
    }

    proptest! {
        #[test]
        fn a_similarity_times_its_inverse_is_the_identity(
            scale in 0.05f32..20.0, angle in -3.1f32..3.1, tx in -500f32..500.0, ty in -500f32..500.0,
            x in -1000f32..1000.0, y in -1000f32..1000.0,
        ) {
            let t = Similarity2d { a: scale * angle.cos(), b: scale * angle.sin(), tx, ty };
            let back = t.inverse().unwrap().apply(t.apply(Point::new(x, y)));
            prop_assert!((back.x - x).abs() < 0.2 && (back.y - y).abs() < 0.2, "{back:?}");
        }

        #[test]
        fn iou_is_symmetric_and_within_zero_and_one(
            a in prop::array::uniform4(0f32..100.0), b in prop::array::uniform4(0f32..100.0),
        ) {
            let make = |v: [f32; 4]| BoundingBox::new(v[0].min(v[2]), v[1].min(v[3]), v[0].max(v[2]), v[1].max(v[3]));
            let (a, b) = (make(a), make(b));
            prop_assert!((a.iou(&b) - b.iou(&a)).abs() < 1e-6);
            prop_assert!((0.0..=1.0 + 1e-6).contains(&a.iou(&b)));
        }
    }
}
