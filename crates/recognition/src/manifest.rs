//! The manifest of the weights: where they come from, under which terms, and
//! whether the files on disk are the ones that were tested.
//!
//! Weights are read through [`Manifest::read`] only, which refuses a file whose
//! size or SHA-256 is not the manifest's: a truncated download would otherwise
//! show itself as strangers being let in. Nothing here downloads anything.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use rollcall_core::embedding::ModelId;
use rollcall_system::read_bounded;

#[cfg(test)]
mod tests;

/// Name of the manifest inside the folder of the weights.
pub const MANIFEST_FILE: &str = "manifest.toml";

/// The weights that Rollcall came with, those an operator has installed beside
/// them, and what is known of them.
#[derive(Debug, Clone)]
pub struct Manifest {
    dir: PathBuf,
    models: Vec<ModelEntry>,
}

/// What the configuration says for a network: the name of a family, which stands
/// for the network of that family that Rollcall came with, or the id of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName(String);

/// Longest id of a model.
pub const LONGEST_MODEL_NAME: usize = 64;

impl ModelName {
    /// Takes a name of letters, digits, `-`, `_` and `.`.
    ///
    /// # Errors
    /// The sentence to show to the user.
    pub fn parse(name: &str) -> Result<Self, String> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty()
            || name.len() > LONGEST_MODEL_NAME
            || name.starts_with('.')
            || !name.chars().all(is_plain)
        {
            return Err(format!(
                "{name:?} is no name of a model: 1 to {LONGEST_MODEL_NAME} letters, digits, '-', '_' and '.'"
            ));
        }
        Ok(Self(name.to_owned()))
    }

    /// The network of `family` that Rollcall came with.
    pub fn of_family(family: ModelFamily) -> Self {
        Self(family.name().to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ModelName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::parse(&name)
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> Self {
        name.0
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Name of the file inside the folder.
    pub file: String,
    /// What people call the network.
    pub title: String,
    /// What it is for.
    pub kind: ModelKind,
    /// Which pre- and post-processing it needs.
    pub family: ModelFamily,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Length of the file.
    pub size_bytes: u64,
    /// What the output means, in words.
    pub output: String,
    /// Where to get it again.
    pub source: ModelSource,
    /// Under which terms.
    pub licence: Licence,
    /// How a picture enters it.
    pub input: InputSpec,
    /// The folder of the manifest it was read from.
    #[serde(skip)]
    pub dir: PathBuf,
}

impl ModelEntry {
    /// What the configuration calls it: the name of its file without the ending.
    pub fn id(&self) -> &str {
        self.file.rsplit_once('.').map_or(&self.file, |(id, _)| id)
    }

    /// The identity stored with every template this network makes.
    pub fn model_id(&self) -> ModelId {
        ModelId::from_sha256(&self.sha256)
    }
}

/// What a network is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// Finds faces.
    Detector,
    /// Turns an aligned face into an embedding.
    Embedder,
    /// Judges whether a face is live.
    Liveness,
}

impl ModelKind {
    /// The name used in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detector => "detector",
            Self::Embedder => "embedder",
            Self::Liveness => "liveness",
        }
    }
}

/// Which pre- and post-processing a network needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelFamily {
    /// SCRFD with five landmarks.
    Scrfd,
    /// CenterFace.
    Centerface,
    /// Any embedder trained on `ArcFace` alignment.
    Arcface,
    /// A three-class liveness net whose first class is "live".
    PassiveLiveness,
}

impl ModelFamily {
    /// What networks of this family are for.
    pub fn kind(self) -> ModelKind {
        match self {
            Self::Scrfd | Self::Centerface => ModelKind::Detector,
            Self::Arcface => ModelKind::Embedder,
            Self::PassiveLiveness => ModelKind::Liveness,
        }
    }

    /// The name used in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scrfd => "scrfd",
            Self::Centerface => "centerface",
            Self::Arcface => "arcface",
            Self::PassiveLiveness => "passive-liveness",
        }
    }
}

/// The package a file was taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSource {
    /// Which registry, by name.
    pub registry: String,
    /// Name of the package.
    pub package: String,
    /// Version of the package.
    pub version: String,
    /// The file inside the package.
    pub member: String,
}

/// The terms of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// What the package declares.
    pub declared: String,
    /// What a user has to know beyond that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How a picture enters a network: `(v − mean) · scale` for a pixel value `v` of 0..=255.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// Width and height.
    pub side: InputSide,
    /// Order of the channels.
    pub colour_order: ColourOrder,
    /// Subtracted from every value.
    pub mean: f32,
    /// Multiplied with the difference.
    pub scale: f32,
}

/// Size of a network's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum InputSide {
    /// A square of so many pixels.
    Pixels(u32),
    /// Whatever suits the picture.
    Free(FreeSide),
}

/// What a free input size has to keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FreeSide {
    /// Width and height are multiples of 32, the coarsest stride of the detectors.
    #[serde(rename = "any multiple of 32")]
    MultipleOf32,
}

/// Order of the colour channels in the input tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColourOrder {
    /// Red first.
    Rgb,
    /// Blue first, as `OpenCV` decodes pictures.
    Bgr,
}

/// What [`Manifest::verify`] found about one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Name of the file.
    pub file: String,
    /// `true` if the file is the one that was tested.
    pub ok: bool,
    /// What is wrong and what to do, if something is.
    pub problem: Option<String>,
}

/// Why weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelsError {
    /// The manifest or a weight file cannot be read.
    #[error("reading {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The manifest is not what it should be; the message has line and column.
    #[error("reading {}: {source}", path.display())]
    Parse {
        /// The manifest.
        path: PathBuf,
        /// What is wrong where.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// The manifest parses but makes no sense.
    #[error("{}: {reason}", path.display())]
    Invalid {
        /// The manifest.
        path: PathBuf,
        /// What makes no sense.
        reason: String,
    },
    /// No network of the wanted family is in the manifest.
    #[error("{} lists no model of the family {family}", path.display())]
    NoSuchFamily {
        /// The manifest.
        path: PathBuf,
        /// The family looked for.
        family: &'static str,
    },
    /// No network has the name that the configuration gives.
    #[error(
        "there is no {} called {name}; there are {} (`rollcall models list`)",
        kind.name(), known.join(", ")
    )]
    NoSuchModel {
        /// What it should do.
        kind: ModelKind,
        /// The name asked for.
        name: ModelName,
        /// The names there are.
        known: Vec<String>,
    },
    /// A weight file is not there.
    #[error("the model {} is missing; {}", path.display(), REMEDY)]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// A weight file has the wrong length.
    #[error(
        "the model {} has {found} bytes instead of {expected}: it is {}; {}",
        path.display(), if found < expected { "truncated" } else { "another file" }, REMEDY
    )]
    WrongSize {
        /// The file.
        path: PathBuf,
        /// Length by the manifest.
        expected: u64,
        /// Length on disk.
        found: u64,
    },
    /// A weight file has the right length but other contents.
    #[error(
        "the model {} is damaged or another one: its SHA-256 is {found}, the manifest has {expected}; {}",
        path.display(), REMEDY
    )]
    WrongHash {
        /// The file.
        path: PathBuf,
        /// SHA-256 by the manifest.
        expected: String,
        /// SHA-256 of the file.
        found: String,
    },
}

/// What a user can do about every bad weight file.
const REMEDY: &str = "get it again as README.md in the same folder describes";

impl Manifest {
    /// Reads `manifest.toml` in `dir`. The weights themselves are not touched.
    ///
    /// # Errors
    /// If the manifest cannot be read, does not parse or contradicts itself.
    pub fn load(dir: &Path) -> Result<Self, ModelsError> {
        let path = dir.join(MANIFEST_FILE);
        let text = read_bounded::text(&path, read_bounded::TEXT_BYTES).map_err(|source| {
            ModelsError::Read {
                path: path.clone(),
                source,
            }
        })?;
        let parsed: ManifestFile = toml::from_str(&text).map_err(|source| ModelsError::Parse {
            path: path.clone(),
            source: Box::new(source),
        })?;
        if let Some(reason) = find_contradiction(&parsed.model) {
            return Err(ModelsError::Invalid { path, reason });
        }
        let mut models = parsed.model;
        for model in &mut models {
            dir.clone_into(&mut model.dir);
        }
        Ok(Self {
            dir: dir.to_owned(),
            models,
        })
    }

    /// Reads the manifest in `dir`, and after it the one in `installed`, if there is one.
    ///
    /// # Errors
    /// As [`Self::load`], for either.
    pub fn load_with_installed(dir: &Path, installed: &Path) -> Result<Self, ModelsError> {
        let mut manifest = Self::load(dir)?;
        manifest
            .models
            .extend(Self::load_if_present(installed)?.models);
        Ok(manifest)
    }

    /// Reads the manifest in `dir`; no manifest lists no models.
    ///
    /// # Errors
    /// As [`Self::load`], but for a manifest that is not there.
    pub fn load_if_present(dir: &Path) -> Result<Self, ModelsError> {
        match Self::load(dir) {
            Err(ModelsError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(Self {
                    dir: dir.to_owned(),
                    models: Vec::new(),
                })
            }
            result => result,
        }
    }

    /// The manifest as a file of the same folder.
    ///
    /// # Errors
    /// If the entries cannot be written as TOML.
    pub fn to_toml(models: &[ModelEntry]) -> Result<String, toml::ser::Error> {
        toml::to_string(&ManifestFile {
            model: models.to_vec(),
        })
    }

    /// All networks, in the order of the manifest.
    pub fn models(&self) -> &[ModelEntry] {
        &self.models
    }

    /// The folder of the weights.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the weights of `entry` are.
    pub fn path_of(&self, entry: &ModelEntry) -> PathBuf {
        entry.dir.join(&entry.file)
    }

    /// The network of `kind` that the configuration calls `name`. What Rollcall
    /// came with goes before what was installed.
    ///
    /// # Errors
    /// If there is none.
    pub fn named(&self, kind: ModelKind, name: &ModelName) -> Result<&ModelEntry, ModelsError> {
        let of_kind = || self.models.iter().filter(|model| model.kind == kind);
        of_kind()
            .find(|model| model.family.name() == name.as_str())
            .or_else(|| of_kind().find(|model| model.id() == name.as_str()))
            .ok_or_else(|| ModelsError::NoSuchModel {
                kind,
                name: name.clone(),
                known: of_kind().map(|model| model.id().to_owned()).collect(),
            })
    }

    /// The first network of `family`.
    ///
    /// # Errors
    /// If there is none.
    pub fn find(&self, family: ModelFamily) -> Result<&ModelEntry, ModelsError> {
        self.models
            .iter()
            .find(|m| m.family == family)
            .ok_or_else(|| ModelsError::NoSuchFamily {
                path: self.dir.join(MANIFEST_FILE),
                family: family.name(),
            })
    }

    /// The weights of `entry`, which are exactly those the manifest describes.
    ///
    /// # Errors
    /// If the file is missing, cannot be read, or has another size or hash.
    pub fn read(&self, entry: &ModelEntry) -> Result<Vec<u8>, ModelsError> {
        let path = self.path_of(entry);
        let found = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                return Err(ModelsError::Missing { path });
            }
            Err(source) => return Err(ModelsError::Read { path, source }),
        };
        // The size is compared first: it is free, and it tells a truncated file from a changed one.
        if found != entry.size_bytes {
            return Err(ModelsError::WrongSize {
                path,
                expected: entry.size_bytes,
                found,
            });
        }
        let bytes =
            read_bounded::file(&path, entry.size_bytes).map_err(|source| ModelsError::Read {
                path: path.clone(),
                source,
            })?;
        let found = sha256_hex(&bytes);
        if found != entry.sha256 {
            return Err(ModelsError::WrongHash {
                path,
                expected: entry.sha256.clone(),
                found,
            });
        }
        Ok(bytes)
    }

    /// Checks every file and reports on each, in the order of the manifest.
    pub fn verify(&self) -> Vec<Verification> {
        self.models
            .iter()
            .map(|entry| {
                let problem = self.read(entry).err().map(|e| e.to_string());
                Verification {
                    file: entry.file.clone(),
                    ok: problem.is_none(),
                    problem,
                }
            })
            .collect()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFile {
    model: Vec<ModelEntry>,
}

fn find_contradiction(models: &[ModelEntry]) -> Option<String> {
    for (index, model) in models.iter().enumerate() {
        let file = &model.file;
        let is_plain_name = Path::new(file)
            .file_name()
            .is_some_and(|n| n == file.as_str());
        if !is_plain_name {
            return Some(format!("{file:?} is not a plain file name"));
        }
        if models[..index].iter().any(|m| m.file == *file) {
            return Some(format!("{file} is listed twice"));
        }
        let is_hash = model.sha256.len() == 64
            && model
                .sha256
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hash {
            return Some(format!(
                "sha256 of {file} is not 64 lower-case hexadecimal digits"
            ));
        }
        if model.kind != model.family.kind() {
            return Some(format!(
                "{file} is of the family {}, which is not of the kind given",
                model.family.name()
            ));
        }
        if model.input.side == InputSide::Pixels(0) {
            return Some(format!("the input of {file} has a side of 0 pixels"));
        }
        if !model.input.mean.is_finite() || !model.input.scale.is_normal() {
            return Some(format!("mean or scale of {file} is not usable"));
        }
    }
    None
}

pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
