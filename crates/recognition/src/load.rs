//! From a manifest to networks that are ready to use.

use super::arcface::ArcFaceEmbedder;
use super::centerface::CenterFaceHead;
use super::detector::{DetectorKind, DetectorOptions, LetterboxedDetector};
use super::liveness::PassiveLiveness;
use super::manifest::{InputSide, Manifest, ModelEntry, ModelFamily, ModelsError};
use super::scrfd::ScrfdHead;
use super::{FaceDetector, FaceEmbedder, InferenceError, LivenessModel};
use rollcall_core::align::ALIGNED_SIDE;
use rollcall_engine::Network;
use rollcall_engine::{EngineError, EngineOptions};

/// Why a network is not ready. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The weights are not what the manifest says.
    #[error(transparent)]
    Models(#[from] ModelsError),
    /// The engine cannot run the network.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The network runs but is none of its family.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// The options cannot work.
    #[error("loading {model}: {reason}")]
    Options {
        /// File name of the model.
        model: String,
        /// What is wrong with them.
        reason: String,
    },
}

/// Loads the detector of the given kind that Rollcall came with.
///
/// # Errors
/// As [`load_detector_of`].
pub fn load_detector(
    manifest: &Manifest,
    kind: DetectorKind,
    options: DetectorOptions,
    engine_options: &EngineOptions,
) -> Result<Box<dyn FaceDetector>, LoadError> {
    load_detector_of(
        manifest,
        manifest.find(kind.family())?,
        options,
        engine_options,
    )
}

/// Loads the detector of `entry`.
///
/// # Errors
/// If the options cannot work, or the weights are missing, damaged, not supported
/// or none of a detector.
pub fn load_detector_of(
    manifest: &Manifest,
    entry: &ModelEntry,
    options: DetectorOptions,
    engine_options: &EngineOptions,
) -> Result<Box<dyn FaceDetector>, LoadError> {
    check_detector(entry, options)?;
    let network = load_network(manifest, entry, engine_options)?;
    detector_around(network, entry, options)
}

/// The detector of `entry` around its network, loaded already.
///
/// # Errors
/// If the options cannot work or the entry is none of a detector.
pub(super) fn detector_around(
    network: Box<dyn Network>,
    entry: &ModelEntry,
    options: DetectorOptions,
) -> Result<Box<dyn FaceDetector>, LoadError> {
    let (model, input) = (entry.file.clone(), entry.input);
    Ok(match check_detector(entry, options)? {
        DetectorKind::Scrfd => Box::new(LetterboxedDetector {
            head: ScrfdHead {
                model: model.clone(),
            },
            model,
            network,
            input,
            options,
        }),
        DetectorKind::Centerface => Box::new(LetterboxedDetector {
            head: CenterFaceHead {
                model: model.clone(),
            },
            model,
            network,
            input,
            options,
        }),
    })
}

fn check_detector(entry: &ModelEntry, options: DetectorOptions) -> Result<DetectorKind, LoadError> {
    options
        .validate()
        .map_err(|reason| options_error(entry, reason))?;
    if let InputSide::Pixels(side) = entry.input.side {
        let reason = format!("a detector takes any multiple of 32, not {side} pixels only");
        return Err(options_error(entry, reason));
    }
    DetectorKind::of_family(entry.family)
        .ok_or_else(|| options_error(entry, "it is no detector".to_owned()))
}

/// Loads the embedder that Rollcall came with.
///
/// # Errors
/// As [`load_embedder_of`].
pub fn load_embedder(
    manifest: &Manifest,
    engine_options: &EngineOptions,
) -> Result<Box<dyn FaceEmbedder>, LoadError> {
    load_embedder_of(
        manifest,
        manifest.find(ModelFamily::Arcface)?,
        engine_options,
    )
}

/// Loads the embedder of `entry`.
///
/// # Errors
/// If the weights are missing, damaged, not supported, or no embedder.
pub fn load_embedder_of(
    manifest: &Manifest,
    entry: &ModelEntry,
    engine_options: &EngineOptions,
) -> Result<Box<dyn FaceEmbedder>, LoadError> {
    if entry.input.side != InputSide::Pixels(ALIGNED_SIDE) {
        let reason = format!("an embedder takes faces of {ALIGNED_SIDE} pixels");
        return Err(options_error(entry, reason));
    }
    let network = load_network(manifest, entry, engine_options)?;
    Ok(Box::new(ArcFaceEmbedder::new(entry, network)?))
}

/// Loads the liveness model.
///
/// # Errors
/// If the weights are missing, damaged or not supported.
pub fn load_liveness(
    manifest: &Manifest,
    engine_options: &EngineOptions,
) -> Result<Box<dyn LivenessModel>, LoadError> {
    let entry = manifest.find(ModelFamily::PassiveLiveness)?;
    let InputSide::Pixels(side) = entry.input.side else {
        let reason = "a liveness model needs a fixed input size".to_owned();
        return Err(options_error(entry, reason));
    };
    let network = load_network(manifest, entry, engine_options)?;
    Ok(Box::new(PassiveLiveness::new(entry, network, side)))
}

/// Loads the bare network of `entry`, after checking its weights.
///
/// # Errors
/// If the weights are missing, damaged or not supported.
pub fn load_network(
    manifest: &Manifest,
    entry: &ModelEntry,
    engine_options: &EngineOptions,
) -> Result<Box<dyn Network>, LoadError> {
    let bytes = manifest.read(entry)?;
    Ok(rollcall_engine::load(&entry.file, &bytes, engine_options)?)
}

fn options_error(entry: &ModelEntry, reason: String) -> LoadError {
    LoadError::Options {
        model: entry.file.clone(),
        reason,
    }
}
