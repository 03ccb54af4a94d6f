use super::*;
use image::codecs::gif::GifEncoder;
use image::{Frame, GrayAlphaImage, GrayImage, ImageBuffer, Luma, LumaA, Rgb, Rgba, RgbaImage};

fn encode(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn opened(bytes: &[u8]) -> Result<RgbImage, PictureError> {
    // The name lies on purpose: contents decide.
    let mut file = tempfile::Builder::new().suffix(".txt").tempfile().unwrap();
    io::Write::write_all(&mut file, bytes).unwrap();
    let result = open(file.path());
    if let Err(error) = &result {
        let name = file.path().display().to_string();
        assert!(error.to_string().contains(&name), "{error}");
    }
    result
}

/// Left half red, right half blue.
fn two_colours(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| {
        Rgb(if x < width / 2 {
            [250, 5, 5]
        } else {
            [5, 5, 250]
        })
    })
}

fn is_near(a: Rgb<u8>, b: [u8; 3]) -> bool {
    a.0.iter().zip(b).all(|(a, b)| a.abs_diff(b) < 12)
}

/// Puts an EXIF segment with nothing but an orientation behind the first marker.
fn with_exif_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut segment = vec![0xFF, 0xE1, 0, 34];
    segment.extend(b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x01");
    segment.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    segment.extend([0; 4]);
    [&jpeg[..2], &segment, &jpeg[2..]].concat()
}

#[test]
fn exif_orientation_is_applied() {
    let jpeg = encode_jpeg(&two_colours(64, 32), 95).unwrap();
    let upright = opened(&with_exif_orientation(&jpeg, 1)).unwrap();
    assert_eq!(upright.dimensions(), (64, 32));
    // 6: the camera was held upright; rotate by 90 degrees clockwise.
    let rotated = opened(&with_exif_orientation(&jpeg, 6)).unwrap();
    assert_eq!(rotated.dimensions(), (32, 64));
    assert!(is_near(*rotated.get_pixel(16, 8), [250, 5, 5]));
    assert!(is_near(*rotated.get_pixel(16, 56), [5, 5, 250]));
    let upside_down = opened(&with_exif_orientation(&jpeg, 3)).unwrap();
    assert!(is_near(*upside_down.get_pixel(8, 16), [5, 5, 250]));
}

#[test]
fn grey_pictures_become_colour_ones() {
    let grey = GrayImage::from_pixel(4, 3, Luma([90]));
    let png = opened(&encode(grey.clone(), ImageFormat::Png)).unwrap();
    assert_eq!(png.get_pixel(1, 1).0, [90; 3]);
    let jpeg = opened(&encode(grey, ImageFormat::Jpeg)).unwrap();
    assert!(is_near(*jpeg.get_pixel(1, 1), [90; 3]));
}

#[test]
fn sixteen_bits_become_eight() {
    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> =
        ImageBuffer::from_pixel(3, 3, Rgb([0xFFFF, 0x8080, 0]));
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let read = opened(&encode(deep.clone(), format)).unwrap();
        assert_eq!(read.get_pixel(2, 2).0, [255, 128, 0], "{format:?}");
    }
}

#[test]
fn transparent_parts_become_white() {
    let image = RgbaImage::from_fn(2, 1, |x, _| {
        Rgba(if x == 0 {
            [10, 20, 30, 0]
        } else {
            [0, 0, 0, 127]
        })
    });
    let read = opened(&encode(image, ImageFormat::Png)).unwrap();
    assert_eq!(read.get_pixel(0, 0).0, [255; 3]);
    assert_eq!(read.get_pixel(1, 0).0, [128; 3]);
    let grey = GrayAlphaImage::from_pixel(1, 1, LumaA([7, 255]));
    let read = opened(&encode(grey, ImageFormat::Png)).unwrap();
    assert_eq!(read.get_pixel(0, 0).0, [7; 3]);
}

#[test]
fn of_an_animation_the_first_picture_is_read() {
    let mut bytes = Vec::new();
    {
        let mut encoder = GifEncoder::new(&mut bytes);
        for colour in [[200, 0, 0, 255], [0, 200, 0, 255]] {
            let frame = Frame::new(RgbaImage::from_pixel(5, 5, Rgba(colour)));
            encoder.encode_frame(frame).unwrap();
        }
    }
    assert!(is_near(
        *opened(&bytes).unwrap().get_pixel(2, 2),
        [200, 0, 0]
    ));
}

#[test]
fn a_cmyk_jpeg_is_read_in_its_colours() {
    let read = opened(include_bytes!(
        "../../../tests/fixtures/pictures/cmyk_red.jpg"
    ))
    .unwrap();
    assert_eq!(read.dimensions(), (16, 16));
    assert!(
        is_near(*read.get_pixel(8, 8), [250, 10, 10]),
        "{:?}",
        read.get_pixel(8, 8)
    );
}

#[test]
fn every_format_that_is_promised_is_read() {
    let image = two_colours(32, 32);
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
        ImageFormat::Gif,
    ] {
        let read = opened(&encode(image.clone(), format)).unwrap();
        assert!(is_near(*read.get_pixel(4, 4), [250, 5, 5]), "{format:?}");
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    for bytes in [&b""[..], b"hello, I am text", &[0xFF; 40]] {
        let error = opened(bytes).unwrap_err();
        assert!(matches!(error, PictureError::NotAPicture { .. }), "{error}");
    }
    // Recognised, but its decoder is not built in.
    let radiance = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n....";
    let error = opened(radiance).unwrap_err();
    assert!(matches!(error, PictureError::NotAPicture { .. }), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, PictureError::NotAFile { .. }), "{error}");
    let absent = folder.path().join("absent.jpg");
    let error = open(&absent).unwrap_err().to_string();
    assert!(error.contains("absent.jpg"), "{error}");
}

#[test]
fn truncated_pictures_are_refused_at_any_length() {
    let image = RgbImage::from_fn(64, 64, |x, y| Rgb([(x * y) as u8, x as u8, (y * 7) as u8]));
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Bmp,
        ImageFormat::WebP,
    ] {
        let whole = encode(image.clone(), format);
        let exif = with_exif_orientation(&whole, 6);
        let whole = if format == ImageFormat::Jpeg {
            exif
        } else {
            whole
        };
        assert!(opened(&whole).is_ok(), "{format:?}");
        for percent in [10, 40, 60, 90] {
            let cut = &whole[..whole.len() * percent / 100];
            assert!(opened(cut).is_err(), "{format:?} cut to {percent} %");
        }
    }
    let jpeg = encode_jpeg(&image, 90).unwrap();
    let error = opened(&jpeg[..jpeg.len() / 2]).unwrap_err();
    assert!(error.to_string().contains("truncated"), "{error}");
}

/// A PNG of which only the header is there.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut png = encode(GrayImage::new(1, 1), ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            }
        })
    })
}

#[test]
fn huge_and_empty_pictures_are_refused_by_their_header() {
    assert_eq!(opened(&png_header(1, 1)).unwrap().dimensions(), (1, 1));
    for (width, height) in [(20_000, 20_000), (1_000_000, 1_000), (60_000, 60_000)] {
        let error = opened(&png_header(width, height)).unwrap_err();
        assert!(matches!(error, PictureError::TooLarge { .. }), "{error}");
        assert!(error.to_string().contains(&width.to_string()), "{error}");
    }
    for (width, height) in [(0, 0), (0, 5), (5, 0)] {
        assert!(opened(&png_header(width, height)).is_err());
    }
    let path = Path::new("no.tiff");
    assert!(matches!(
        check_size(0, 3, 0, path),
        Err(PictureError::NoPixels { .. })
    ));
}

#[test]
fn jpeg_has_limits_that_are_told() {
    let bytes = encode_jpeg(&two_colours(20, 10), 200).unwrap();
    assert_eq!(opened(&bytes).unwrap().dimensions(), (20, 10));
    let error = encode_jpeg(&RgbImage::new(70_000, 1), 80).unwrap_err();
    assert!(error.to_string().contains("70000x1"), "{error}");
    assert!(encode_jpeg(&RgbImage::new(0, 0), 80).is_err());
}

#[test]
fn half_a_jpeg_is_refused_whatever_closes_it() {
    let image = RgbImage::from_fn(96, 64, |x, y| {
        Rgb([(x * y) as u8, (x * 3) as u8, (y * 7) as u8])
    });
    let baseline = encode_jpeg(&image, 90).unwrap();
    let progressive = include_bytes!("../../../tests/fixtures/pictures/progressive.jpg");
    for whole in [&baseline[..], progressive] {
        assert!(opened(whole).is_ok());
        // Complete but for its end marker.
        assert!(opened(&whole[..whole.len() - 2]).is_ok());
        // What telephones append does no harm.
        assert!(opened(&[whole, b"trailer", whole].concat()).is_ok());
        for percent in [40, 60, 80, 95] {
            let cut = &whole[..whole.len() * percent / 100];
            assert!(opened(cut).is_err(), "cut to {percent} %");
            let error = opened(&[cut, &[0xff, 0xd9]].concat()).unwrap_err();
            assert!(
                matches!(error, PictureError::Damaged { .. }),
                "closed at {percent} %: {error}"
            );
            assert!(error.to_string().contains("another copy"), "{error}");
        }
    }
}

#[test]
fn every_kind_of_progressive_picture_is_read() {
    for bytes in [
        &include_bytes!("../../../tests/fixtures/pictures/progressive.jpg")[..],
        include_bytes!("../../../tests/fixtures/pictures/progressive_grey.jpg"),
        include_bytes!("../../../tests/fixtures/pictures/progressive_restarts.jpg"),
    ] {
        assert_eq!(opened(bytes).unwrap().dimensions(), (83, 61));
    }
}

#[test]
fn what_is_larger_than_faces_need_is_scaled_down() {
    let wide = two_colours(8001, 2400);
    let read = opened(&encode(wide, ImageFormat::Png)).unwrap();
    assert_eq!(read.dimensions(), (4000, 1200));
    assert!(is_near(*read.get_pixel(100, 600), [250, 5, 5]));
    assert!(is_near(*read.get_pixel(3900, 600), [5, 5, 250]));
    let mean = halved(
        &RgbImage::from_raw(2, 2, vec![0, 1, 9, 4, 3, 9, 8, 5, 9, 1, 6, 9]).unwrap(),
        1,
        1,
    );
    assert_eq!(mean.get_pixel(0, 0).0, [3, 4, 9]);
}

#[test]
fn pictures_that_take_much_memory_are_refused_by_their_header() {
    // Grey with 16 bits: small in its file, and large when it becomes colour.
    let mut png = encode(
        ImageBuffer::<Luma<u16>, Vec<u16>>::new(1, 1),
        ImageFormat::Png,
    );
    png[16..20].copy_from_slice(&8000_u32.to_be_bytes());
    png[20..24].copy_from_slice(&8000_u32.to_be_bytes());
    let checksum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    let error = opened(&png).unwrap_err();
    assert!(matches!(error, PictureError::TooLarge { .. }), "{error}");
    assert!(error.to_string().contains("MB"), "{error}");
}
