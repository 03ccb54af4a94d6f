//! A picture as the bytes of each protocol.

use std::io::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

use super::Protocol;

/// The number of our picture among the terminal's.
const KITTY_ID: u32 = 7521;

/// Most bytes of a chunk, as the protocol has it.
const KITTY_CHUNK: usize = 4096;

/// Of each value of a pixel.
const KEPT_BITS: u8 = 0xF0;

/// A moving picture needs no more.
const JPEG_QUALITY: u8 = 70;

/// Levels of each channel of the sixel palette. It is the same in all pictures, so that
/// colours do not flicker, and dithering hides that it is small.
const LEVELS: u16 = 6;

/// Bayer's 4×4 matrix.
const BAYER: [[u16; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];

/// Encodes one picture after the other, in memory that is kept.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    bytes: Vec<u8>,
    base64: String,
    indices: Vec<u8>,
    pixels: Vec<u8>,
}

impl Encoder {
    /// The bytes that show `image` over `columns` by `rows` cells from the cursor on.
    pub(crate) fn encode(
        &mut self,
        protocol: Protocol,
        image: &RgbImage,
        (columns, rows): (u16, u16),
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        match protocol {
            Protocol::Kitty => self.kitty(image, (columns, rows), out),
            Protocol::Iterm2 => self.iterm2(image, (columns, rows), out),
            Protocol::Sixel => self.sixel(image, out),
        }
    }

    /// Compressed pixels, in chunks. Text stays over it (`z=-1`), the cursor where it is
    /// (`C=1`), the terminal silent (`q=2`).
    fn kitty(
        &mut self,
        image: &RgbImage,
        (columns, rows): (u16, u16),
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        self.bytes.clear();
        // The lowest bits are the camera's noise, which no compression makes smaller.
        self.pixels.clear();
        self.pixels
            .extend(image.as_raw().iter().map(|v| v & KEPT_BITS));
        let mut zlib = ZlibEncoder::new(&mut self.bytes, Compression::fast());
        zlib.write_all(&self.pixels)?;
        zlib.finish()?;
        self.base64.clear();
        BASE64.encode_string(&self.bytes, &mut self.base64);
        let (width, height) = image.dimensions();
        let chunks = self.base64.as_bytes().chunks(KITTY_CHUNK);
        let last = chunks.len().saturating_sub(1);
        for (index, chunk) in chunks.enumerate() {
            let more = u8::from(index < last);
            if index == 0 {
                write!(
                    out,
                    "\x1b_Ga=T,q=2,i={KITTY_ID},p=1,C=1,z=-1,f=24,o=z,s={width},v={height},\
                     c={columns},r={rows},m={more};"
                )?;
            } else {
                write!(out, "\x1b_Gm={more};")?;
            }
            out.extend_from_slice(chunk);
            out.extend_from_slice(b"\x1b\\");
        }
        Ok(())
    }

    fn iterm2(
        &mut self,
        image: &RgbImage,
        (columns, rows): (u16, u16),
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        self.bytes.clear();
        JpegEncoder::new_with_quality(&mut self.bytes, JPEG_QUALITY)
            .encode_image(image)
            .map_err(io::Error::other)?;
        self.base64.clear();
        BASE64.encode_string(&self.bytes, &mut self.base64);
        write!(
            out,
            "\x1b]1337;File=inline=1;size={};width={columns};height={rows};\
             preserveAspectRatio=0;doNotMoveCursor=1:{}\x07",
            self.bytes.len(),
            self.base64
        )
    }

    /// Bands of six rows; in each band a line of characters for each colour in it.
    fn sixel(&mut self, image: &RgbImage, out: &mut Vec<u8>) -> io::Result<()> {
        let (width, height) = (image.width() as usize, image.height() as usize);
        // P2=1: what is not drawn stays as it was. The raster attributes: square pixels, size.
        write!(out, "\x1bP0;1;0q\"1;1;{width};{height}")?;
        self.indices.clear();
        let pixels = image.enumerate_pixels();
        self.indices
            .extend(pixels.map(|(x, y, pixel)| palette_index(pixel.0, x, y)));
        let mut is_used = [false; COLOURS];
        for index in &self.indices {
            is_used[usize::from(*index)] = true;
        }
        for (index, _) in is_used.iter().enumerate().filter(|(_, used)| **used) {
            // In per cent.
            let [r, g, b] = levels_of(index as u16).map(|level| level * 100 / (LEVELS - 1));
            write!(out, "#{index};2;{r};{g};{b}")?;
        }
        for band in self.indices.chunks(width * 6) {
            let mut in_band = [false; COLOURS];
            for index in band {
                in_band[usize::from(*index)] = true;
            }
            for (colour, _) in in_band.iter().enumerate().filter(|(_, used)| **used) {
                write!(out, "#{colour}")?;
                write_row(band, width, colour as u8, out)?;
                // Back to the beginning of the band.
                out.push(b'$');
            }
            out.push(b'-');
        }
        out.extend_from_slice(b"\x1b\\");
        Ok(())
    }
}

/// One colour of one band, run lengths counted.
fn write_row(band: &[u8], width: usize, colour: u8, out: &mut Vec<u8>) -> io::Result<()> {
    let sixel = |x: usize| {
        let rows = band.chunks(width).enumerate();
        let bits = rows.map(|(row, pixels)| u8::from(pixels.get(x) == Some(&colour)) << row);
        b'?' + bits.sum::<u8>()
    };
    let mut x = 0;
    while x < width {
        let symbol = sixel(x);
        let run = 1 + (x + 1..width).take_while(|x| sixel(*x) == symbol).count();
        x += run;
        // What is empty up to the edge needs not be said.
        if symbol == b'?' && x == width {
            break;
        }
        if run > 3 {
            write!(out, "!{run}")?;
            out.push(symbol);
        } else {
            out.extend(std::iter::repeat_n(symbol, run));
        }
    }
    Ok(())
}

/// Colours of the palette.
const COLOURS: usize = (LEVELS * LEVELS * LEVELS) as usize;

fn palette_index(rgb: [u8; 3], x: u32, y: u32) -> u8 {
    // Between two levels, the place in the pattern decides which.
    let threshold = BAYER[y as usize % 4][x as usize % 4] * 16 + 8;
    let [r, g, b] = rgb.map(|value| (u16::from(value) * (LEVELS - 1) + threshold) / 256);
    ((r.min(LEVELS - 1) * LEVELS + g.min(LEVELS - 1)) * LEVELS + b.min(LEVELS - 1)) as u8
}

fn levels_of(index: u16) -> [u16; 3] {
    [
        index / (LEVELS * LEVELS),
        index / LEVELS % LEVELS,
        index % LEVELS,
    ]
}

/// Takes the picture away where text does not: only kitty keeps it apart from the cells.
pub(crate) fn clear(protocol: Protocol, out: &mut Vec<u8>) -> io::Result<()> {
    match protocol {
        Protocol::Kitty => write!(out, "\x1b_Ga=d,d=I,i={KITTY_ID},q=2\x1b\\"),
        Protocol::Iterm2 | Protocol::Sixel => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use image::Rgb;

    fn doorway(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            if x < width / 3 {
                Rgb([230, 30, 20])
            } else {
                Rgb([(x % 256) as u8, (y * 3 % 256) as u8, 90])
            }
        })
    }

    fn encoded(protocol: Protocol, image: &RgbImage) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = Encoder::default();
        encoder
            .encode(protocol, &doorway(9, 9), (1, 1), &mut out)
            .unwrap();
        out.clear();
        encoder.encode(protocol, image, (20, 8), &mut out).unwrap();
        out
    }

    #[test]
    fn kitty_gets_the_pixels_but_their_noise_in_small_chunks() {
        let image = doorway(200, 150);
        let bytes = encoded(Protocol::Kitty, &image);
        let text = String::from_utf8(bytes).unwrap();
        let mut payload = String::new();
        let chunks: Vec<&str> = text.split_terminator("\x1b\\").collect();
        for (index, chunk) in chunks.iter().enumerate() {
            let (control, data) = chunk
                .strip_prefix("\x1b_G")
                .unwrap()
                .split_once(';')
                .unwrap();
            assert!(data.len() <= KITTY_CHUNK);
            let more = if index + 1 < chunks.len() {
                "m=1"
            } else {
                "m=0"
            };
            assert!(control.ends_with(more), "{control}");
            payload.push_str(data);
        }
        assert!(chunks.len() > 1 && chunks[0].contains("s=200,v=150,c=20,r=8"));
        let compressed = BASE64.decode(payload).unwrap();
        let mut pixels = Vec::new();
        flate2::read::ZlibDecoder::new(&compressed[..])
            .read_to_end(&mut pixels)
            .unwrap();
        let kept: Vec<u8> = image.as_raw().iter().map(|v| v & KEPT_BITS).collect();
        assert_eq!(pixels, kept);
    }

    #[test]
    fn iterm2_gets_a_jpeg_of_the_size_it_says() {
        let text = String::from_utf8(encoded(Protocol::Iterm2, &doorway(120, 90))).unwrap();
        let (head, data) = text.strip_suffix('\x07').unwrap().split_once(':').unwrap();
        let jpeg = BASE64.decode(data).unwrap();
        assert!(
            head.contains(&format!("size={};width=20;height=8", jpeg.len())),
            "{head}"
        );
        let decoded = image::load_from_memory(&jpeg).unwrap().into_rgb8();
        assert_eq!(decoded.dimensions(), (120, 90));
        let [r, g, b] = decoded.get_pixel(10, 10).0;
        assert!(r > 200 && g < 70 && b < 70, "{r} {g} {b}");
    }

    #[test]
    fn another_decoder_sees_the_sixels_as_the_picture() {
        for (width, height) in [(90, 66), (91, 60), (1, 6)] {
            let image = doorway(width, height);
            let bytes = encoded(Protocol::Sixel, &image);
            let decoded = icy_sixel::SixelImage::decode(&bytes).unwrap();
            assert_eq!(decoded.dimensions(), (width as usize, height as usize));
            let mean = |pixels: &mut dyn Iterator<Item = [u8; 3]>| {
                let mut sum = [0u64; 3];
                let mut count = 0;
                for pixel in pixels {
                    for (total, value) in sum.iter_mut().zip(pixel) {
                        *total += u64::from(value);
                    }
                    count += 1;
                }
                sum.map(|total| total as f64 / f64::from(count))
            };
            let seen = mean(&mut decoded.pixels.chunks_exact(4).map(|p| [p[0], p[1], p[2]]));
            let meant = mean(&mut image.pixels().map(|p| p.0));
            for (seen, meant) in seen.iter().zip(meant) {
                let allowed = if width == 1 { 26.0 } else { 5.0 };
                assert!((seen - meant).abs() < allowed, "{seen} {meant}");
            }
            assert!(
                decoded.pixels.chunks_exact(4).all(|p| p[3] == 255),
                "no hole"
            );
        }
    }
}
