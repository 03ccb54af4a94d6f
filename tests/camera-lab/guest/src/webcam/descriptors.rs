//! What the camera says of itself: USB 2.0 chapter 9 and USB Video Class 1.0.

use super::Model;

/// Payloads are sent through this endpoint, towards the host.
pub(super) const STREAM_ENDPOINT: u8 = 0x81;
/// The unit that holds the picture controls.
pub(super) const PROCESSING_UNIT: u8 = 2;
/// Width and height of every picture.
pub(super) const SIZE: (u16, u16) = (640, 480);
/// Bytes of a raw picture, and the most that a compressed one may have.
pub(super) const PICTURE_BYTES: u32 = SIZE.0 as u32 * SIZE.1 as u32 * 2;
/// Frame intervals on offer, in units of 100 ns: 30, 15, 10 and 7.5 pictures a second.
pub(super) const INTERVALS: [u32; 4] = [333_333, 666_666, 1_000_000, 1_333_333];

const CAMERA_TERMINAL: u8 = 1;
const OUTPUT_TERMINAL: u8 = 3;
const CLASS_VIDEO: u8 = 0x0e;
const CLASS_SPECIFIC_INTERFACE: u8 = 0x24;

/// Formats by their index in the streaming interface, which counts from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamFormat {
    Mjpeg,
    Yuyv,
}

impl Model {
    pub(super) fn formats(self) -> &'static [StreamFormat] {
        match self {
            Self::MjpegAndYuyv => &[StreamFormat::Mjpeg, StreamFormat::Yuyv],
            Self::YuyvOnly => &[StreamFormat::Yuyv],
        }
    }
}

/// The device descriptor. The class says that interfaces belong together.
pub(super) fn device() -> Vec<u8> {
    let (vendor, product) = (0x1209_u16.to_le_bytes(), 0x0001_u16.to_le_bytes());
    let mut bytes = vec![18, 1, 0x00, 0x02, 0xef, 2, 1, 64];
    bytes.extend(vendor);
    bytes.extend(product);
    // Release 1.0; strings 1, 2 and 3; one configuration.
    bytes.extend([0, 1, 1, 2, 3, 1]);
    bytes
}

/// String descriptor `index`; 0 lists the languages.
pub(super) fn string(index: u8, serial: &str) -> Vec<u8> {
    let text = match index {
        0 => return vec![4, 3, 0x09, 0x04],
        1 => "Rollcall",
        2 => "Lab Webcam",
        _ => serial,
    };
    let mut bytes = vec![0, 3];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    bytes[0] = bytes.len() as u8;
    bytes
}

/// The configuration with both interfaces of a camera: control and streaming.
pub(super) fn configuration(model: Model) -> Vec<u8> {
    let mut bytes = vec![9, 2, 0, 0, 2, 1, 0, 0x80, 250];
    // Interface association: two video interfaces, a video collection.
    bytes.extend([8, 0x0b, 0, 2, CLASS_VIDEO, 3, 0, 0]);
    bytes.extend([9, 4, 0, 0, 0, CLASS_VIDEO, 1, 0, 0]);
    bytes.extend(control_interface());
    bytes.extend([9, 4, 1, 0, 1, CLASS_VIDEO, 2, 0, 0]);
    bytes.extend(streaming_interface(model));
    // A bulk endpoint of 512 bytes.
    bytes.extend([7, 5, STREAM_ENDPOINT, 2, 0x00, 0x02, 0]);
    let length = (bytes.len() as u16).to_le_bytes();
    bytes[2..4].copy_from_slice(&length);
    bytes
}

/// Sensor → processing unit → USB.
fn control_interface() -> Vec<u8> {
    let specific = CLASS_SPECIFIC_INTERFACE;
    let mut units = vec![18, specific, 2, CAMERA_TERMINAL, 0x01, 0x02, 0, 0];
    units.extend([0, 0, 0, 0, 0, 0, 3, 0, 0, 0]);
    // Control bits 0 and 10: brightness and power line frequency.
    units.extend([11, specific, 5, PROCESSING_UNIT, CAMERA_TERMINAL, 0, 0, 2]);
    units.extend([0x01, 0x04, 0]);
    units.extend([
        9,
        specific,
        3,
        OUTPUT_TERMINAL,
        0x01,
        0x01,
        0,
        PROCESSING_UNIT,
        0,
    ]);
    let mut bytes = vec![13, specific, 1, 0x00, 0x01];
    bytes.extend((13 + units.len() as u16).to_le_bytes());
    bytes.extend(48_000_000_u32.to_le_bytes());
    bytes.extend([1, 1]);
    bytes.extend(units);
    bytes
}

fn streaming_interface(model: Model) -> Vec<u8> {
    let formats = model.formats();
    let mut body = Vec::new();
    for (index, format) in (1..).zip(formats) {
        body.extend(format_and_frame(index, *format));
    }
    let header_length = 13 + formats.len();
    let total = (header_length + body.len()) as u16;
    let mut bytes = vec![
        header_length as u8,
        CLASS_SPECIFIC_INTERFACE,
        1,
        formats.len() as u8,
    ];
    bytes.extend(total.to_le_bytes());
    bytes.extend([STREAM_ENDPOINT, 0, OUTPUT_TERMINAL, 0, 0, 0, 1]);
    bytes.extend(formats.iter().map(|_| 0));
    bytes.extend(body);
    bytes
}

fn format_and_frame(index: u8, format: StreamFormat) -> Vec<u8> {
    let specific = CLASS_SPECIFIC_INTERFACE;
    let (mut bytes, frame_subtype) = match format {
        StreamFormat::Mjpeg => (vec![11, specific, 6, index, 1, 1, 1, 0, 0, 0, 0], 7),
        StreamFormat::Yuyv => {
            let mut bytes = vec![27, specific, 4, index, 1];
            // The GUID of YUY2: its code, then the suffix that all such codes share.
            bytes.extend(b"YUY2");
            bytes.extend([0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
            bytes.extend([16, 1, 0, 0, 0, 0]);
            (bytes, 5)
        }
    };
    bytes.extend(frame(frame_subtype));
    // Colours: BT.709 primaries and transfer, BT.601 matrix.
    bytes.extend([6, specific, 0x0d, 1, 1, 4]);
    bytes
}

fn frame(subtype: u8) -> Vec<u8> {
    let length = 26 + 4 * INTERVALS.len();
    let mut bytes = vec![length as u8, CLASS_SPECIFIC_INTERFACE, subtype, 1, 0];
    bytes.extend(SIZE.0.to_le_bytes());
    bytes.extend(SIZE.1.to_le_bytes());
    bytes.extend((PICTURE_BYTES * 8 * 7).to_le_bytes());
    bytes.extend((PICTURE_BYTES * 8 * 30).to_le_bytes());
    bytes.extend(PICTURE_BYTES.to_le_bytes());
    bytes.extend(INTERVALS[0].to_le_bytes());
    bytes.push(INTERVALS.len() as u8);
    bytes.extend(INTERVALS.iter().flat_map(|interval| interval.to_le_bytes()));
    bytes
}
