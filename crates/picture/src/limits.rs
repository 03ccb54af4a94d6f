//! How much a file or a camera may ask for.

/// Widest and highest picture that is decoded, in pixels.
pub const MAX_SIDE: usize = 8192;
/// Most pixels of one picture; 32 megapixels are 96 MB of RGB.
pub const MAX_PIXELS: usize = 32 << 20;
/// Longest compressed picture, in bytes.
pub const MAX_COMPRESSED: usize = 16 << 20;

/// Whether a picture of this size is decoded at all.
pub fn allows(width: usize, height: usize) -> bool {
    (1..=MAX_SIDE).contains(&width)
        && (1..=MAX_SIDE).contains(&height)
        && width * height <= MAX_PIXELS
}
