//! The networks of a configuration, and the people whom they are compared with.

use std::path::{Path, PathBuf};

use rollcall_config::{Config, LivenessChoice};
use rollcall_core::embedding::ModelId;
use rollcall_core::gallery::Gallery;
use rollcall_core::person::{Person, PersonId};
use rollcall_engine::EngineOptions;
use rollcall_recognition::detector::{DetectorKind, DetectorOptions};
use rollcall_recognition::load::{load_detector_of, load_embedder_of, load_liveness};
use rollcall_recognition::manifest::{
    MANIFEST_FILE, Manifest, ModelEntry, ModelFamily, ModelKind, ModelsError,
};
use rollcall_recognition::recogniser::Recogniser;
use rollcall_store::{Store, StoreError};

use crate::context::Context;
use crate::error::CaseError;

/// How large the recogniser sees a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// A frame of the camera: as configured.
    Frame,
    /// A still picture, in which faces may be smaller and time matters less.
    Still,
}

/// Longer side of the detector's input for still pictures.
const STILL_SIDE: u32 = 640;

/// The networks that a configuration uses.
#[derive(Debug)]
pub struct ModelsInUse<'a> {
    /// Finds faces.
    pub detector: &'a ModelEntry,
    /// Describes them.
    pub embedder: &'a ModelEntry,
    /// Judges whether they are people, if that is wanted.
    pub liveness: Option<&'a ModelEntry>,
}

impl<'a> ModelsInUse<'a> {
    /// Finds them in the list.
    ///
    /// # Errors
    /// If one is not there.
    pub fn of(config: &Config, manifest: &'a Manifest) -> Result<Self, ModelsError> {
        let recognition = &config.recognition;
        let judges_liveness = recognition.liveness != LivenessChoice::Off;
        Ok(Self {
            detector: manifest.named(ModelKind::Detector, &recognition.detector)?,
            embedder: manifest.named(ModelKind::Embedder, &recognition.embedder)?,
            liveness: judges_liveness
                .then(|| manifest.find(ModelFamily::PassiveLiveness))
                .transpose()?,
        })
    }

    /// Whether this one is used.
    pub fn contains(&self, entry: &ModelEntry) -> bool {
        let all = [Some(self.detector), Some(self.embedder), self.liveness];
        all.into_iter().flatten().any(|used| used == entry)
    }
}

/// The network that describes faces, if the configuration names one that is there.
pub fn embedder_id(context: &Context) -> Option<ModelId> {
    let manifest = context.manifest().ok()?;
    let used = ModelsInUse::of(&context.config, &manifest).ok()?;
    Some(used.embedder.model_id())
}

/// The people of this station and their templates of one model.
#[derive(Debug)]
pub struct KnownPeople {
    /// Everybody who was not deleted.
    pub people: Vec<Person>,
    /// Their templates.
    pub gallery: Gallery,
}

impl KnownPeople {
    /// Reads the people and those of their templates that `model` made.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn of(store: &Store, model: &ModelId) -> Result<Self, StoreError> {
        Ok(Self {
            people: store.everybody()?,
            gallery: store.load_gallery(model)?.templates,
        })
    }

    /// The same with the templates of people who are not active: whose face a new one may be.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn to_compare(store: &Store, model: &ModelId) -> Result<Self, StoreError> {
        Ok(Self {
            people: store.everybody()?,
            gallery: store.load_everybodys_gallery(model)?.templates,
        })
    }

    /// The person with this number.
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.people.iter().find(|p| p.id == id)
    }
}

impl Context {
    /// The folder of the networks that came with the program.
    ///
    /// # Errors
    /// If it is not found.
    pub fn models_dir(&self) -> Result<PathBuf, CaseError> {
        models_dir(self.places.models_dir.as_deref())
    }

    /// The models that came with the program and those in the data folder.
    ///
    /// # Errors
    /// If a list of them is not there or not right.
    pub fn manifest(&self) -> Result<Manifest, CaseError> {
        let (shipped, installed) = (self.models_dir()?, self.installed_models_dir());
        Ok(Manifest::load_with_installed(&shipped, &installed)?)
    }

    /// Where the operator's models are: the program's own folder may be read-only.
    pub fn installed_models_dir(&self) -> PathBuf {
        self.data_dir().join("models")
    }

    /// How networks are run.
    pub fn engine_options(&self) -> EngineOptions {
        EngineOptions {
            threads: self.config.recognition.threads,
            ..EngineOptions::default()
        }
    }

    /// How faces are looked for.
    pub fn detector_options(&self, look: Look, kind: DetectorKind) -> DetectorOptions {
        let recognition = &self.config.recognition;
        DetectorOptions {
            input_side: match look {
                Look::Frame => recognition.detector_size,
                Look::Still => recognition.detector_size.max(STILL_SIDE),
            },
            score_threshold: recognition.detector_threshold,
            ..DetectorOptions::recommended(kind)
        }
    }

    /// Loads the networks of the configuration.
    ///
    /// # Errors
    /// If one is not there or cannot be used.
    pub fn recogniser(&self, look: Look) -> Result<Recogniser, CaseError> {
        let manifest = self.manifest()?;
        let engine = self.engine_options();
        let used = ModelsInUse::of(&self.config, &manifest)?;
        let kind = DetectorKind::of_family(used.detector.family).unwrap_or_default();
        let options = self.detector_options(look, kind);
        // A still picture says nothing about who stood before the camera.
        let judge_liveness = look == Look::Frame && used.liveness.is_some();
        Ok(Recogniser {
            detector: load_detector_of(&manifest, used.detector, options, &engine)?,
            embedder: load_embedder_of(&manifest, used.embedder, &engine)?,
            liveness: if judge_liveness {
                Some(load_liveness(&manifest, &engine)?)
            } else {
                None
            },
        })
    }
}

/// The networks' folder: as asked for, else here, else beside the program.
///
/// # Errors
/// If it is not found.
pub fn models_dir(named: Option<&Path>) -> Result<PathBuf, CaseError> {
    if let Some(dir) = named {
        return Ok(dir.to_path_buf());
    }
    let program = std::env::current_exe().map_err(|source| CaseError::File {
        doing: "finding the program's own path beside",
        path: PathBuf::from("models"),
        source,
    })?;
    let mut candidates = vec![PathBuf::from("models")];
    // Beside an installed program, or two levels up from target/release.
    let beside = program.ancestors().skip(1).take(3);
    candidates.extend(beside.map(|dir| dir.join("models")));
    let found = candidates
        .iter()
        .find(|dir| dir.join(MANIFEST_FILE).is_file());
    found.cloned().ok_or_else(|| {
        let tried: Vec<_> = candidates.iter().map(|d| d.display().to_string()).collect();
        CaseError::NoNetworks {
            tried: tried.join(", "),
        }
    })
}
