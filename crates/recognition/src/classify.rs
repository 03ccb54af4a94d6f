//! What a model file is: by the shapes and operators of its graph, never by its name.

use super::manifest::{ColourOrder, FreeSide, InputSide, InputSpec, ModelFamily};
use rollcall_core::align::ALIGNED_SIDE;
use rollcall_engine::EngineError;
use rollcall_engine::signature::{OutputSignature, Signature};

/// What was found out about a model file.
#[derive(Debug, Clone, PartialEq)]
pub enum Classification {
    /// One that Rollcall can use.
    Ours(Recognised),
    /// A network that Rollcall has no use for, and why.
    NotOurs(String),
}

/// A network that Rollcall can use.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognised {
    /// Its pre- and post-processing.
    pub family: ModelFamily,
    /// What to call it.
    pub title: String,
    /// What the output means, in words.
    pub output: String,
    /// How a picture enters it, as networks of its kind are usually trained.
    pub input: InputSpec,
}

/// Two pictures on which a detector's outputs are looked at: they follow the
/// picture, or it is no detector.
const DETECTOR_PICTURES: [(usize, usize); 2] = [(640, 640), (256, 320)];

/// The picture for which InsightFace counts a detector's operations.
const NAMING_PICTURE: (usize, usize) = (480, 640);

/// Sides that the other networks of InsightFace's packs take, and the liveness net's.
const SIDES_TO_TRY: [usize; 5] = [ALIGNED_SIDE as usize, LIVENESS_SIDE, 96, 192, 224];

const LIVENESS_SIDE: usize = 128;
const LIVENESS_CLASSES: usize = 3;

/// Fewer numbers are classes or angles, not an embedding.
const SMALLEST_EMBEDDING: usize = 64;

/// Finds out what the ONNX model in `bytes` is; `model_name` is for messages.
///
/// # Errors
/// If the bytes are no ONNX model, or one that the engine cannot run.
pub fn classify(model_name: &str, bytes: &[u8]) -> Result<Classification, EngineError> {
    let signature = Signature::read(model_name, bytes)?;
    if let [Some(channels), ..] = signature.declared_picture()
        && channels != 3
    {
        let reason = format!("it takes pictures of {channels} channels, not colour pictures");
        return Ok(Classification::NotOurs(reason));
    }
    if let Some(detector) = as_detector(&signature)? {
        return Ok(detector);
    }
    Ok(as_classifier(&signature))
}

/// A detector, or nothing if its outputs do not follow the picture as one's do.
fn as_detector(signature: &Signature) -> Result<Option<Classification>, EngineError> {
    let mut kinds = Vec::new();
    for (height, width) in DETECTOR_PICTURES {
        // A network for one size only is no detector.
        let Ok(outputs) = signature.outputs(height, width) else {
            return Ok(None);
        };
        kinds.push(detector_kind(&outputs, height, width));
    }
    let Some(kind) = kinds[0].filter(|_| kinds[0] == kinds[1]) else {
        return Ok(None);
    };
    let products = signature.convolution_products(NAMING_PICTURE.0, NAMING_PICTURE.1)?;
    let scrfd = scrfd_name(products);
    Ok(Some(match kind {
        DetectorShape::Scrfd => Classification::Ours(Recognised {
            family: ModelFamily::Scrfd,
            title: scrfd,
            output: "per stride 8, 16, 32: face score, box distances and five landmarks, two anchors a cell".into(),
            input: detector_input(127.5, 1.0 / 128.0),
        }),
        DetectorShape::Centerface => Classification::Ours(Recognised {
            family: ModelFamily::Centerface,
            title: "CenterFace".into(),
            output: "at stride 4: heat map, log height and width, centre offsets, five landmarks relative to the box".into(),
            input: detector_input(0.0, 1.0),
        }),
        DetectorShape::ScrfdWithoutLandmarks => Classification::NotOurs(format!(
            "a detector like {scrfd} without landmarks; faces are aligned by their landmarks"
        )),
        DetectorShape::ScrfdOfLogits => Classification::NotOurs(
            "an SCRFD detector whose scores are no probabilities: it lacks the sigmoid at its end".into(),
        ),
    }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DetectorShape {
    Scrfd,
    ScrfdWithoutLandmarks,
    ScrfdOfLogits,
    Centerface,
}

fn detector_kind(
    outputs: &[OutputSignature],
    height: usize,
    width: usize,
) -> Option<DetectorShape> {
    let shapes: Vec<&[usize]> = outputs.iter().map(|o| without_batch(&o.shape)).collect();
    let scrfd = |parts: &[usize]| -> Vec<[usize; 2]> {
        let levels = [8, 16, 32].map(|stride| 2 * (height / stride) * (width / stride));
        let values = parts.iter();
        values
            .flat_map(|&values| levels.map(|anchors| [anchors, values]))
            .collect()
    };
    let (rows, columns) = (height / 4, width / 4);
    let scores_are_probabilities = outputs.iter().take(3).all(|o| o.is_probability);
    if shapes == scrfd(&[1, 4, 10]) {
        return Some(if scores_are_probabilities {
            DetectorShape::Scrfd
        } else {
            DetectorShape::ScrfdOfLogits
        });
    }
    if shapes == scrfd(&[1, 4]) {
        return Some(DetectorShape::ScrfdWithoutLandmarks);
    }
    (shapes == [1, 2, 2, 10].map(|channels| [channels, rows, columns]))
        .then_some(DetectorShape::Centerface)
}

/// The name of the member of the family that needs about so many products.
fn scrfd_name(products: u64) -> String {
    let published = [
        (0.5e9, "500M"),
        (1e9, "1G"),
        (2.5e9, "2.5G"),
        (10e9, "10G"),
        (34e9, "34G"),
    ];
    let products = products as f64;
    let about = |count: f64| (0.8..1.25).contains(&(products / count));
    published
        .iter()
        .find(|(count, _)| about(*count))
        .map_or("SCRFD of another size".to_owned(), |(_, name)| {
            format!("SCRFD-{name}")
        })
}

/// Some exports keep the batch as a first axis of one, others do not.
fn without_batch(shape: &[usize]) -> &[usize] {
    match shape {
        [1, rest @ ..] if rest.len() > 1 => rest,
        shape => shape,
    }
}

/// An embedder or the liveness net: one picture of a fixed size, one row of numbers.
fn as_classifier(signature: &Signature) -> Classification {
    let [_, height, width] = signature.declared_picture();
    let side = match (height, width) {
        (Some(height), Some(width)) if height != width => {
            return Classification::NotOurs(format!(
                "it takes pictures of {width}x{height} pixels"
            ));
        }
        (side, other) => side.or(other),
    };
    let sides = side.map_or(SIDES_TO_TRY.to_vec(), |side| vec![side]);
    let found = sides
        .into_iter()
        .find_map(|side| Some((side, signature.outputs(side, side).ok()?)));
    let Some((side, outputs)) = found else {
        return Classification::NotOurs(
            "its outputs are those of no detector, and it takes none of the usual sizes of a face"
                .into(),
        );
    };
    match outputs.as_slice() {
        [output] => match output.shape[..] {
            [1, dim] if side == ALIGNED_SIDE as usize && dim >= SMALLEST_EMBEDDING => {
                Classification::Ours(embedder(signature, dim))
            }
            [1, LIVENESS_CLASSES] if side == LIVENESS_SIDE => Classification::Ours(liveness()),
            [1, dim] => Classification::NotOurs(format!(
                "it makes {dim} numbers of a picture of {side}x{side} pixels; an embedder takes \
                 {ALIGNED_SIDE}x{ALIGNED_SIDE} pixels and makes at least {SMALLEST_EMBEDDING}"
            )),
            ref shape => Classification::NotOurs(format!("its output has the shape {shape:?}")),
        },
        outputs => Classification::NotOurs(format!(
            "its {} outputs are not those of a detector that Rollcall knows",
            outputs.len()
        )),
    }
}

/// InsightFace's convention, which embedders trained on `ArcFace` alignment follow.
fn embedder(signature: &Signature, dim: usize) -> Recognised {
    let (mean, scale) = if signature.normalises_its_input() {
        (0.0, 1.0)
    } else {
        (127.5, 1.0 / 127.5)
    };
    Recognised {
        family: ModelFamily::Arcface,
        title: format!(
            "ArcFace embedder, {dim} dimensions, {:.1} million weights",
            signature.weights() as f64 / 1e6
        ),
        output: format!(
            "{dim} values; divided by their L2 norm they are the embedding, compared by cosine"
        ),
        input: InputSpec {
            side: InputSide::Pixels(ALIGNED_SIDE),
            colour_order: ColourOrder::Rgb,
            mean,
            scale,
        },
    }
}

fn liveness() -> Recognised {
    Recognised {
        family: ModelFamily::PassiveLiveness,
        title: "Passive liveness".into(),
        output: "3 logits; the first after softmax is the probability of a live face".into(),
        input: InputSpec {
            side: InputSide::Pixels(LIVENESS_SIDE as u32),
            colour_order: ColourOrder::Bgr,
            mean: 0.0,
            scale: 1.0,
        },
    }
}

fn detector_input(mean: f32, scale: f32) -> InputSpec {
    InputSpec {
        side: InputSide::Free(FreeSide::MultipleOf32),
        colour_order: ColourOrder::Rgb,
        mean,
        scale,
    }
}
