//! Pictures held in front of the camera, drawn; and how often they pass as people.
//!
//! The figures are those of ISO/IEC 30107-3: APCER, the share of attacks that pass, for
//! each kind; BPCER, the share of people who are taken for pictures. The people here are
//! photographs that fill the frame, which is how a camera sees a person who holds still.
//!
//! Deliberately absent: what cannot be drawn. Prints on matt paper under real light,
//! screens with their own light, films of a moving head, masks and make-up were not tested.

use std::sync::Arc;
use std::time::Duration;

use image::{Rgb, RgbImage, imageops};
use serde::Serialize;

use super::drawn::{FRAME, Pose, add_noise, draw, room};
use crate::core::liveness::{
    Liveness, LivenessDemand, LivenessEvidence, LivenessPolicy, Side, SpoofCue,
};
use crate::core::quality::QualityGate;
use crate::inference::InferenceError;
use crate::inference::recogniser::Recogniser;
use crate::random::SplitMix;

/// Looks of a presentation; at five a second some two and a half seconds.
const LOOKS: u32 = 12;

/// Time between two looks.
const BETWEEN: Duration = Duration::from_millis(200);

/// What is held in front of the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Person,
    PrintHeldStill,
    PrintMoved,
    PrintTilted,
    Screen,
    CloseUp,
}

const KINDS: [(Kind, &str); 6] = [
    (Kind::Person, "a person who holds still"),
    (Kind::PrintHeldStill, "a print with a margin, held still"),
    (Kind::PrintMoved, "a print, moved to and fro"),
    (Kind::PrintTilted, "a print, tilted to and fro"),
    (Kind::Screen, "a screen with bezel, moire and glare"),
    (Kind::CloseUp, "a print so near that no edge is seen"),
];

/// What became of the presentations of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindReport {
    /// What was shown.
    pub kind: &'static str,
    /// Whether it is an attack.
    pub attack: bool,
    /// Presentations in which a face was seen often enough to be judged.
    pub presentations: usize,
    /// Those that passed as live.
    pub passed: usize,
    /// Those refused by the network's score.
    pub looked_flat: usize,
    /// Those refused because they moved like a flat picture.
    pub moved_flat: usize,
    /// APCER of an attack, BPCER of a person.
    pub error_rate: f64,
}

/// Shows every picture in every way, and judges it as a station with
/// `recognition.liveness = "require"` does.
///
/// # Errors
/// If a network fails.
pub fn attack(
    pictures: &[RgbImage],
    recogniser: &mut Recogniser,
    threshold: f32,
    mut progress: impl FnMut(usize, usize),
) -> Result<Vec<KindReport>, InferenceError> {
    let policy = LivenessPolicy {
        demand: LivenessDemand::LooksLive,
        threshold,
        mirrored: false,
    };
    let total = pictures.len() * KINDS.len();
    let mut reports = Vec::new();
    for (index, (kind, name)) in KINDS.into_iter().enumerate() {
        let mut report = KindReport {
            kind: name,
            attack: kind != Kind::Person,
            presentations: 0,
            passed: 0,
            looked_flat: 0,
            moved_flat: 0,
            error_rate: 0.0,
        };
        for (number, picture) in pictures.iter().enumerate() {
            match present(picture, kind, number as u64, recogniser, &policy)? {
                Liveness::Live => report.passed += 1,
                Liveness::Spoof(SpoofCue::LooksFlat) => report.looked_flat += 1,
                Liveness::Spoof(SpoofCue::MovesFlat) => report.moved_flat += 1,
                // The face was not seen often enough; nobody would be let in either.
                Liveness::Deciding | Liveness::Challenged(_) => {}
            }
            progress(index * pictures.len() + number + 1, total);
        }
        let refused = report.looked_flat + report.moved_flat;
        report.presentations = report.passed + refused;
        let errors = if report.attack {
            report.passed
        } else {
            refused
        };
        report.error_rate = errors as f64 / report.presentations.max(1) as f64;
        reports.push(report);
    }
    Ok(reports)
}

fn present(
    picture: &RgbImage,
    kind: Kind,
    number: u64,
    recogniser: &mut Recogniser,
    policy: &LivenessPolicy,
) -> Result<Liveness, InferenceError> {
    let mut random = SplitMix::new(number, kind as u64);
    let sheet = Arc::new(sheet(picture, kind, &mut random));
    let room = match kind {
        Kind::Person | Kind::CloseUp => {
            imageops::resize(picture, FRAME.0, FRAME.1, imageops::FilterType::Triangle)
        }
        _ => room(picture),
    };
    let mut evidence = LivenessEvidence::default();
    for look in 0..LOOKS {
        let phase = look as f32 / LOOKS as f32 * std::f32::consts::TAU;
        let mut frame = draw(&sheet, &room, &pose(kind, phase, &mut random));
        add_noise(&mut frame, 3.0, &mut random);
        let detections = recogniser.detector.detect(&frame)?;
        let largest = detections
            .into_iter()
            .max_by(|a, b| a.bounding_box.area().total_cmp(&b.bounding_box.area()));
        let Some(largest) = largest else {
            continue;
        };
        let (faces, _) = recogniser.examine(&frame, &[largest], &QualityGate::RECOGNITION)?;
        for face in faces {
            evidence.look(BETWEEN * look, &face.detection.landmarks, face.liveness);
        }
    }
    Ok(evidence.judge(policy, Side::Left))
}

/// What is held up: paper, a screen, or nothing between the person and the camera.
fn sheet(picture: &RgbImage, kind: Kind, random: &mut SplitMix) -> RgbImage {
    match kind {
        Kind::Person => picture.clone(),
        Kind::CloseUp => printed(picture),
        Kind::PrintHeldStill | Kind::PrintMoved | Kind::PrintTilted => {
            framed(&printed(picture), 0.08, Rgb([235, 233, 228]))
        }
        Kind::Screen => framed(&on_screen(picture, random), 0.05, Rgb([12, 12, 14])),
    }
}

/// Ink has less contrast than light, and a camera sees its picture twice through a lens.
fn printed(picture: &RgbImage) -> RgbImage {
    let mut print = imageops::fast_blur(picture, 0.8);
    for pixel in print.pixels_mut() {
        pixel.0 = pixel.0.map(|c| (28.0 + 0.8 * f32::from(c)) as u8);
    }
    print
}

/// A bluish picture with the beat of two grids in it, and a lamp's reflection.
fn on_screen(picture: &RgbImage, random: &mut SplitMix) -> RgbImage {
    let mut screen = imageops::resize(
        picture,
        picture.width() * 2,
        picture.height() * 2,
        imageops::FilterType::Triangle,
    );
    let (width, height) = (screen.width() as f32, screen.height() as f32);
    let beat = 0.35 + 0.1 * random.signed_unit();
    let lamp = (
        width * (0.5 + 0.3 * random.signed_unit()),
        height * (0.3 + 0.2 * random.signed_unit()),
    );
    for (x, y, pixel) in screen.enumerate_pixels_mut() {
        let (x, y) = (x as f32, y as f32);
        let moire = 10.0 * ((x * beat).sin() + (y * (beat + 0.06)).sin());
        let away = (x - lamp.0).hypot(y - lamp.1) / (0.15 * width);
        let glare = 110.0 * (-away * away).exp();
        let gains = [0.95, 1.0, 1.12];
        for (channel, gain) in pixel.0.iter_mut().zip(gains) {
            *channel = (f32::from(*channel) * gain + moire + glare).clamp(0.0, 255.0) as u8;
        }
    }
    screen
}

fn framed(picture: &RgbImage, margin: f32, colour: Rgb<u8>) -> RgbImage {
    let margin = (picture.width() as f32 * margin) as u32;
    let (width, height) = (picture.width() + 2 * margin, picture.height() + 2 * margin);
    let mut framed = RgbImage::from_pixel(width, height, colour);
    imageops::replace(&mut framed, picture, margin.into(), margin.into());
    framed
}

/// Where it is held in one look; a hand is never quite still.
fn pose(kind: Kind, phase: f32, random: &mut SplitMix) -> Pose {
    let still = Pose {
        offset: (1.5 * random.signed_unit(), 1.5 * random.signed_unit()),
        height: 330.0,
        roll: 0.01 * random.signed_unit(),
        ..Pose::default()
    };
    match kind {
        Kind::Person | Kind::CloseUp => Pose {
            height: 500.0,
            ..still
        },
        Kind::PrintHeldStill | Kind::Screen => still,
        Kind::PrintMoved => Pose {
            offset: (90.0 * phase.sin(), 25.0 * phase.cos()),
            height: 330.0 * (1.0 + 0.15 * (2.0 * phase).sin()),
            ..still
        },
        Kind::PrintTilted => Pose {
            yaw: 0.6 * phase.sin(),
            ..still
        },
    }
}
