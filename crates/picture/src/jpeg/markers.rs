//! Where a picture ends and what it contains, found by walking its markers (T.81, annex B).

use super::{END_OF_IMAGE, HUFFMAN_TABLES, JpegError, START_OF_IMAGE, START_OF_SCAN};

/// What the markers of a picture say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anatomy {
    /// Length in bytes, with the end marker if there is one.
    pub length: usize,
    /// Where the first scan begins, if there is one.
    pub first_scan: Option<usize>,
    /// Whether Huffman tables come before the first scan.
    pub has_huffman_tables: bool,
    /// Without one, only the blocks tell whether the picture is whole.
    pub has_end: bool,
}

/// A walk that goes on where the data ended, so that a picture that comes in many
/// pieces is walked once.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    /// What lies before has been walked.
    at: usize,
    is_in_scan: bool,
    first_scan: Option<usize>,
    has_huffman_tables: bool,
}

/// Walks the picture at the start of `buffer` to its end, which is that of the buffer if the
/// end marker is missing.
///
/// # Errors
/// When this is no picture, or one that ends before its image data.
pub fn dissect(buffer: &[u8]) -> Result<Anatomy, JpegError> {
    let mut walk = Walk::default();
    match walk.go_on(buffer) {
        Err(cut_off @ JpegError::CutOff(_)) => walk.end_here(buffer).ok_or(cut_off),
        walked => walked,
    }
}

impl Walk {
    /// Goes on in `buffer`, which begins with the bytes of the call before.
    ///
    /// # Errors
    /// [`JpegError::CutOff`] if the data end before the picture, after which it can go on
    /// with more; [`JpegError::Malformed`] if this is no picture.
    pub fn go_on(&mut self, buffer: &[u8]) -> Result<Anatomy, JpegError> {
        let cut_off = || JpegError::CutOff(buffer.len());
        let byte_at = |at: usize| buffer.get(at).copied().ok_or_else(cut_off);
        if self.at == 0 {
            if byte_at(0)? != 0xff || byte_at(1)? != START_OF_IMAGE {
                return Err(JpegError::Malformed("the start marker is missing"));
            }
            self.at = 2;
        }
        loop {
            if self.is_in_scan {
                self.at = end_of_scan(buffer, self.at).ok_or_else(|| {
                    // The last byte may be the first of a marker.
                    self.at = self.at.max(buffer.len().saturating_sub(1));
                    cut_off()
                })?;
                self.is_in_scan = false;
            }
            let mut at = self.at;
            if byte_at(at)? != 0xff {
                return Err(JpegError::Malformed(STRAY_BYTES));
            }
            // Any number of 0xff may fill the space before a marker.
            while byte_at(at)? == 0xff {
                at += 1;
            }
            let marker = byte_at(at)?;
            at += 1;
            match marker {
                END_OF_IMAGE => return Ok(self.anatomy(at, true)),
                // Some cameras leave out the end marker. Whether the picture is whole is for
                // its blocks to tell.
                START_OF_IMAGE if self.first_scan.is_some() => {
                    return Ok(self.anatomy(self.at, false));
                }
                START_OF_IMAGE => {
                    return Err(JpegError::Malformed("another picture begins inside it"));
                }
                // Markers without a length: TEM and stray restarts.
                0x01 | 0xd0..=0xd7 => {
                    self.at = at;
                    continue;
                }
                0x00 => return Err(JpegError::Malformed(STRAY_BYTES)),
                _ => {}
            }
            let length = usize::from(u16::from_be_bytes([byte_at(at)?, byte_at(at + 1)?]));
            if length < 2 {
                return Err(JpegError::Malformed(
                    "a segment is shorter than its own length",
                ));
            }
            match marker {
                HUFFMAN_TABLES if self.first_scan.is_none() => self.has_huffman_tables = true,
                START_OF_SCAN => {
                    self.first_scan.get_or_insert(self.at);
                    self.is_in_scan = true;
                }
                _ => {}
            }
            self.at = at + length;
        }
    }
}

impl Walk {
    /// Whether there is anything of a picture besides its start marker, which by chance is
    /// found in other bytes too.
    pub fn has_passed_a_segment(&self) -> bool {
        self.at > 2
    }

    /// No more bytes will come: what there is of the picture, if there is some of its image
    /// data.
    pub fn end_here(&self, buffer: &[u8]) -> Option<Anatomy> {
        // The last byte may be the first of an end marker.
        let length = buffer.len() - usize::from(buffer.ends_with(&[0xff]));
        self.is_in_scan.then(|| self.anatomy(length, false))
    }

    fn anatomy(&self, length: usize, has_end: bool) -> Anatomy {
        Anatomy {
            length,
            first_scan: self.first_scan,
            has_huffman_tables: self.has_huffman_tables,
            has_end,
        }
    }
}

const STRAY_BYTES: &str = "there are stray bytes between segments";

/// First marker at or after `from` that ends entropy-coded data: stuffed zeros and restarts do not.
fn end_of_scan(buffer: &[u8], from: usize) -> Option<usize> {
    let data = buffer.get(from..)?;
    data.windows(2)
        .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | 0xff))
        .map(|offset| from + offset)
}
