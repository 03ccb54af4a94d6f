//! Puts models that an operator has into the data folder.
//!
//! Invariants:
//! - All or nothing: files are written under temporary names, and the manifest,
//!   which alone says what is installed, is replaced last and in one step.
//! - A model is never replaced by another one of the same id.
//! - Nothing is installed that this engine has not run once.
//! - A running station is not touched: it has read its models at its start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use image::{Rgb, RgbImage};
use serde::Serialize;
use tempfile::NamedTempFile;

use super::FaceEmbedder;
use super::arcface::ArcFaceEmbedder;
use super::classify::{Classification, Recognised, classify};
use super::detector::{DetectorKind, DetectorOptions};
use super::load::{LoadError, detector_around};
use super::manifest::{
    Licence, MANIFEST_FILE, Manifest, ModelEntry, ModelFamily, ModelKind, ModelName, ModelSource,
    ModelsError, sha256_hex,
};
use super::package::{PackageError, PackagedFile, visit_files};
use rollcall_core::align::{ALIGNED_SIDE, AlignedFace};
use rollcall_core::geometry::Similarity2d;
use rollcall_engine::{EngineError, EngineOptions};

/// What the licence says where nothing else is known.
const UNKNOWN_LICENCE: &str = "unknown: ask its publisher";

/// What everybody who installs one of the usual packs has to know.
const LICENCE_NOTE: &str = "The models of InsightFace's packs (buffalo, antelope) are for \
                            non-commercial research only.";

const LOCK_FILE: &str = "install.lock";

/// Longest line of a licence that is taken over.
const LONGEST_LICENCE: usize = 80;

/// What to install, and where.
#[derive(Debug)]
pub struct Request<'a> {
    /// A file, a folder or a zip archive.
    pub package: &'a Path,
    /// The id to give it, if the package has one usable model.
    pub id: Option<&'a ModelName>,
    /// The day, for the manifest.
    pub day: NaiveDate,
    /// The models there are already.
    pub known: &'a Manifest,
    /// The folder of installed models; made if it is not there.
    pub folder: &'a Path,
}

/// One file of a package and what becomes of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// Its name within the package.
    pub file: String,
    /// Length.
    pub size_bytes: u64,
    /// SHA-256.
    pub sha256: String,
    /// What was found out.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What becomes of a file of a package.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// It is, or in a dry run would be, installed.
    Install {
        /// What the configuration calls it.
        id: String,
        /// What it is.
        title: String,
        /// What it is for.
        kind: ModelKind,
    },
    /// It is there already.
    Present {
        /// What the configuration calls it.
        id: String,
    },
    /// It is nothing for Rollcall.
    NotOurs {
        /// Why.
        reason: String,
    },
    /// It is a network that the engine cannot run.
    Unsupported {
        /// Why; names the node.
        reason: String,
    },
}

/// Why nothing was installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The package cannot be read.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The manifest of the installed models cannot be read.
    #[error(transparent)]
    Models(#[from] ModelsError),
    /// A model of the package is truncated or damaged.
    #[error("nothing was installed: {0}")]
    Damaged(EngineError),
    /// The id belongs to another model.
    #[error(
        "nothing was installed: there is another model called {id} (SHA-256 {there}…, not {new}…); \
         install the file alone and give it a name with --id"
    )]
    Taken {
        /// The id.
        id: String,
        /// Start of the hash of the model that is there.
        there: String,
        /// Start of the hash of the new one.
        new: String,
    },
    /// The id cannot be given.
    #[error("nothing was installed: {0}")]
    Id(String),
    /// Something cannot be written.
    #[error("{doing} {}: {source}", path.display())]
    Write {
        /// What was being done.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The manifest cannot be expressed.
    #[error("writing the manifest of installed models: {0}")]
    Manifest(#[from] toml::ser::Error),
}

/// Looks at every file of a package and installs nothing.
///
/// # Errors
/// If the package or a model in it is damaged, or an id is taken.
pub fn look(request: &Request<'_>) -> Result<Vec<Listed>, InstallError> {
    let mut intake = Intake::new(request, None);
    visit_files(request.package, |file| intake.take(file))?;
    Ok(intake.finish()?.0)
}

/// Installs every usable model of a package, or nothing.
///
/// # Errors
/// As [`look`], and if something cannot be written.
pub fn install(request: &Request<'_>) -> Result<Vec<Listed>, InstallError> {
    let folder = request.folder;
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
        .create(folder)
        .map_err(write_error("making the folder", folder))?;
    let _lock = lock(folder)?;
    // Read again under the lock: another installation may have ended just now.
    let mut installed = Manifest::load_if_present(folder)?.models().to_vec();
    let mut intake = Intake::new(request, Some(folder));
    visit_files(request.package, |file| intake.take(file))?;
    let (listed, staged) = intake.finish()?;
    if staged.is_empty() {
        return Ok(listed);
    }
    for model in &staged {
        if let Some(there) = installed
            .iter()
            .find(|there| there.file == model.entry.file)
        {
            return Err(taken(there, &model.entry));
        }
    }
    let mut written = Vec::new();
    let result = put_in_place(folder, staged, &mut installed, &mut written);
    if result.is_err() {
        // The manifest does not list them, so nobody reads them.
        for path in written {
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %error, "a model was left behind");
            }
        }
    }
    result.map(|()| listed)
}

/// A model under a temporary name.
struct Staged {
    entry: ModelEntry,
    file: NamedTempFile,
}

/// Collects the models of a package.
struct Intake<'a> {
    request: &'a Request<'a>,
    /// Where to write what is to be installed; `None` in a dry run.
    folder: Option<&'a Path>,
    listed: Vec<Listed>,
    entries: Vec<ModelEntry>,
    staged: Vec<NamedTempFile>,
    licence: Option<String>,
}

impl<'a> Intake<'a> {
    fn new(request: &'a Request<'a>, folder: Option<&'a Path>) -> Self {
        Self {
            request,
            folder,
            listed: Vec::new(),
            entries: Vec::new(),
            staged: Vec::new(),
            licence: None,
        }
    }

    fn take(&mut self, file: PackagedFile) -> Result<(), InstallError> {
        if let Some(licence) = licence_of(&file) {
            self.licence = Some(licence);
            return Ok(());
        }
        let sha256 = sha256_hex(&file.bytes);
        let verdict = self.judge(&file, &sha256)?;
        self.listed.push(Listed {
            size_bytes: file.bytes.len() as u64,
            file: file.name,
            sha256,
            verdict,
        });
        Ok(())
    }

    fn judge(&mut self, file: &PackagedFile, sha256: &str) -> Result<Verdict, InstallError> {
        let same = |model: &&ModelEntry| model.sha256 == sha256;
        let known = self.request.known.models();
        if let Some(there) = known.iter().chain(&self.entries).find(same) {
            return Ok(Verdict::Present {
                id: there.id().to_owned(),
            });
        }
        let recognised = match classify(&file.name, &file.bytes) {
            // There is one way of judging liveness, and it is tuned to one network.
            Ok(Classification::Ours(found)) if found.family == ModelFamily::PassiveLiveness => {
                let reason = "a liveness network; the one that comes with Rollcall is used";
                return Ok(Verdict::NotOurs {
                    reason: reason.to_owned(),
                });
            }
            Ok(Classification::Ours(recognised)) => recognised,
            Ok(Classification::NotOurs(reason)) => return Ok(Verdict::NotOurs { reason }),
            Err(error @ EngineError::Decode { .. }) if is_called_onnx(&file.name) => {
                return Err(InstallError::Damaged(error));
            }
            Err(EngineError::Decode { .. }) => {
                let reason = "it is no ONNX file, or a truncated one".to_owned();
                return Ok(Verdict::NotOurs { reason });
            }
            Err(error) => return Ok(unsupported(&error)),
        };
        let entry = self.entry(file, sha256, &recognised)?;
        if let Err(error) = try_out(&entry, &file.bytes) {
            return Ok(unsupported(&error));
        }
        if let Some(folder) = self.folder {
            self.staged.push(stage(folder, &file.bytes)?);
        }
        self.entries.push(entry);
        Ok(Verdict::Install {
            id: self.entries[self.entries.len() - 1].id().to_owned(),
            title: recognised.title,
            kind: recognised.family.kind(),
        })
    }

    fn entry(
        &self,
        file: &PackagedFile,
        sha256: &str,
        recognised: &Recognised,
    ) -> Result<ModelEntry, InstallError> {
        let id = match self.request.id {
            Some(id) => id.as_str().to_owned(),
            None => id_of(&file.name, recognised.family, sha256),
        };
        let package = self.request.package;
        let package = fs::canonicalize(package).unwrap_or_else(|_| package.to_owned());
        let entry = ModelEntry {
            file: format!("{id}.onnx"),
            title: recognised.title.clone(),
            kind: recognised.family.kind(),
            family: recognised.family,
            sha256: sha256.to_owned(),
            size_bytes: file.bytes.len() as u64,
            output: recognised.output.clone(),
            source: ModelSource {
                registry: "installed from".into(),
                package: package.display().to_string(),
                version: format!("on {}", self.request.day),
                member: file.name.clone(),
            },
            licence: Licence {
                declared: UNKNOWN_LICENCE.into(),
                note: Some(LICENCE_NOTE.into()),
            },
            input: recognised.input,
            dir: self.request.folder.to_owned(),
        };
        let known = self.request.known.models();
        if let Some(there) = known.iter().chain(&self.entries).find(|m| m.id() == id) {
            return Err(taken(there, &entry));
        }
        if known.iter().any(|m| m.family.name() == id) {
            let reason = format!("{id} is the name of a family; give another one with --id");
            return Err(InstallError::Id(reason));
        }
        Ok(entry)
    }

    fn finish(mut self) -> Result<(Vec<Listed>, Vec<Staged>), InstallError> {
        if self.request.id.is_some() && self.entries.len() > 1 {
            let reason = format!(
                "--id names one model, and {} has {}",
                self.request.package.display(),
                self.entries.len()
            );
            return Err(InstallError::Id(reason));
        }
        if let Some(licence) = self.licence {
            for entry in &mut self.entries {
                entry.licence.declared.clone_from(&licence);
            }
        }
        let staged = self.entries.into_iter().zip(self.staged);
        Ok((
            self.listed,
            staged.map(|(entry, file)| Staged { entry, file }).collect(),
        ))
    }
}

/// Renames the staged files and then the manifest.
fn put_in_place(
    folder: &Path,
    staged: Vec<Staged>,
    installed: &mut Vec<ModelEntry>,
    written: &mut Vec<PathBuf>,
) -> Result<(), InstallError> {
    for model in staged {
        let path = folder.join(&model.entry.file);
        // What the manifest does not list is left over from an interrupted installation.
        model
            .file
            .persist(&path)
            .map_err(|error| write_error("writing", &path)(error.error))?;
        written.push(path);
        installed.push(model.entry);
    }
    let path = folder.join(MANIFEST_FILE);
    let mut file =
        NamedTempFile::new_in(folder).map_err(write_error("making a file in", folder))?;
    let text = Manifest::to_toml(installed)?;
    write!(file, "# Written by `rollcall models install`.\n\n{text}")
        .and_then(|()| file.as_file().sync_all())
        .map_err(write_error("writing", &path))?;
    file.persist(&path)
        .map_err(|error| write_error("writing", &path)(error.error))?;
    // The names are on disk only when the folder is.
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(write_error("writing", folder))
}

/// Writes a model under a temporary name, which goes away with the value.
fn stage(folder: &Path, bytes: &[u8]) -> Result<NamedTempFile, InstallError> {
    let mut file =
        NamedTempFile::new_in(folder).map_err(write_error("making a file in", folder))?;
    let path = file.path().to_owned();
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(write_error("writing", &path))?;
    Ok(file)
}

/// Runs a network once on a grey picture, through all that a station does with it.
fn try_out(entry: &ModelEntry, bytes: &[u8]) -> Result<(), LoadError> {
    let network = rollcall_engine::load(&entry.file, bytes, &EngineOptions::default())?;
    if let Some(kind) = DetectorKind::of_family(entry.family) {
        let options = DetectorOptions::recommended(kind);
        detector_around(network, entry, options)?.detect(&grey(320, 240))?;
    } else {
        let face = AlignedFace {
            image: grey(ALIGNED_SIDE, ALIGNED_SIDE),
            crop_from_frame: Similarity2d::IDENTITY,
        };
        ArcFaceEmbedder::new(entry, network)?.embed(&[face])?;
    }
    Ok(())
}

fn grey(width: u32, height: u32) -> RgbImage {
    RgbImage::from_pixel(width, height, Rgb([127; 3]))
}

/// One installation at a time; the kernel releases the lock if the process dies.
fn lock(folder: &Path) -> Result<File, InstallError> {
    let path = folder.join(LOCK_FILE);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(write_error("locking", &path))?;
    file.lock().map_err(write_error("locking", &path))?;
    Ok(file)
}

/// An id from the name of a file, or one from what it is where the name gives none.
fn id_of(file: &str, family: ModelFamily, sha256: &str) -> String {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let plain: String = stem
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
                c
            } else {
                '_'
            }
        })
        .collect();
    ModelName::parse(&plain).map_or_else(
        |_| format!("{}_{}", family.name(), &sha256[..8]),
        |name| name.as_str().to_owned(),
    )
}

/// The first line of a file that holds the terms of its package.
fn licence_of(file: &PackagedFile) -> Option<String> {
    let name = file.name.to_ascii_uppercase();
    if !["LICENSE", "LICENCE", "COPYING"]
        .iter()
        .any(|start| name.starts_with(start))
    {
        return None;
    }
    let text = std::str::from_utf8(&file.bytes).ok()?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let plain = line.chars().filter(|c| !c.is_control());
    Some(format!(
        "{}: {}",
        file.name,
        plain.take(LONGEST_LICENCE).collect::<String>()
    ))
}

fn is_called_onnx(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"))
}

fn unsupported(error: &impl std::fmt::Display) -> Verdict {
    Verdict::Unsupported {
        reason: error.to_string(),
    }
}

fn taken(there: &ModelEntry, new: &ModelEntry) -> InstallError {
    InstallError::Taken {
        id: new.id().to_owned(),
        there: there.model_id().to_string(),
        new: new.model_id().to_string(),
    }
}

fn write_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> InstallError {
    let path = path.to_owned();
    move |source| InstallError::Write {
        doing,
        path,
        source,
    }
}
