//! The commands, one file each, and what they share.

mod album;
mod attach;
mod attendance;
mod audit;
mod backup;
mod bench;
mod calibrate;
mod camera;
mod clock_repair;
mod correction;
mod data_folder;
mod desk_commands;
mod doctor;
mod doctor_heads;
mod enrol;
mod enrol_camera;
mod enrol_folder;
mod eval;
mod export;
mod front;
mod http;
mod identify;
mod import;
mod import_identity;
mod install_models;
mod models;
mod past;
mod people;
mod picture_groups;
mod pin;
mod re_embed;
mod report;
mod review;
mod salvage;
mod service;
mod setting_check;
mod settings;
mod station;
mod stills;
mod table;
mod token;
mod vault;
mod workdays;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::{DateTime, FixedOffset, NaiveDate};
use signal_hook::consts::SIGPIPE;

use crate::camera::without_credentials;
use crate::cli::{Cli, Command, Outcome, Places};
use crate::clock::Clock;
use crate::config::{self, Config, ConfigError, LivenessChoice};
use crate::core::consent;
use crate::core::embedding::ModelId;
use crate::core::gallery::Gallery;
use crate::core::person::{Person, PersonId};
use crate::core::worktime::plan::WorkPlan;
use crate::engine::EngineOptions;
use crate::inference::detector::{DetectorKind, DetectorOptions};
use crate::inference::load::{load_detector_of, load_embedder_of, load_liveness};
use crate::inference::manifest::{Manifest, ModelEntry, ModelFamily, ModelKind};
use crate::inference::recogniser::Recogniser;
use crate::runtime::keeper::{BackupDuty, Duties};
use crate::runtime::review::ReviewRules;
use crate::store::{Author, Store};

/// What every command starts from.
#[derive(Clone)]
pub(crate) struct Context {
    places: Places,
    config: Config,
    clock: Clock,
}

/// Runs the command line.
///
/// # Errors
/// With a message for the user.
pub fn run(cli: Cli) -> Result<Outcome> {
    let Cli {
        places,
        capture,
        command,
    } = cli;
    // It has places of its own: the configuration here may be another station's.
    if let Some(Command::Service(command)) = &command {
        end_quietly_when_nobody_reads()?;
        return service::run(command, &places);
    }
    let loaded = Config::load(places.config.as_deref(), &places.data_dir, |name| {
        std::env::var(name).ok()
    });
    let config = match loaded {
        // The service's is not for everybody to read; how it wants to be shown, it says itself.
        Err(ConfigError::Read { source, .. })
            if source.kind() == ErrorKind::PermissionDenied
                && matches!(command, Some(Command::Attach(_))) =>
        {
            Config::default()
        }
        loaded => loaded?,
    };
    let clock = Clock::start_in(config.zone());
    let context = Context {
        places,
        config,
        clock,
    };
    if !matches!(command, None | Some(Command::Run(_) | Command::Attach(_))) {
        end_quietly_when_nobody_reads()?;
    }
    match command {
        None => station::run_dashboard(&capture, &context),
        Some(Command::Run(args)) => station::run(&args, &context),
        Some(Command::EnrolDemonstration) => station::enrol_demonstration(&context),
        Some(Command::Attach(args)) => attach::run(&args, &context),
        Some(Command::Enrol(args)) => enrol::run(&args, &context),
        Some(Command::People(command)) => people::run(&command, &context),
        Some(Command::Attendance(command)) => attendance::run(&command, &context),
        Some(Command::Audit(command)) => audit::run(&command, &context),
        Some(Command::Identify(args)) => identify::run(&args, &context),
        Some(Command::Eval(args)) => eval::run(&args, &context),
        Some(Command::Models(command)) => models::run(&command, &context),
        Some(Command::Camera(command)) => camera::run(&command, &context),
        Some(Command::Import(command)) => import::run(&command, &context),
        Some(Command::Backup(args)) => backup::back_up_now(&args, &context),
        Some(Command::Calibrate(args)) => calibrate::run(&args, &context),
        Some(Command::Review(command)) => review::run(&command, &context),
        Some(Command::Restore(args)) => backup::restore(&args, &context),
        Some(Command::Encrypt(args)) => vault::encrypt(&args, &context),
        Some(Command::Decrypt) => vault::decrypt(&context),
        Some(Command::Service(command)) => service::run(&command, &context.places),
        Some(Command::Token(command)) => token::run(&command, &context),
        Some(Command::Doctor(args)) => doctor::run(args, &context),
        Some(Command::Bench(args)) => bench::run(&args, &context),
        Some(Command::Config {
            accept: true, yes, ..
        }) => past::accept(yes, &context),
        Some(Command::Config { sample, .. }) => print_config(sample, &context.config),
    }
}

/// Lets `rollcall people list | head` end as other programs do, when `head` has seen
/// enough. A station must not die of that: punches may be on their way.
fn end_quietly_when_nobody_reads() -> Result<()> {
    let always = Arc::new(AtomicBool::new(true));
    signal_hook::flag::register_conditional_default(SIGPIPE, always)
        .context("preparing for a closed pipe")?;
    Ok(())
}

fn print_config(sample: bool, config: &Config) -> Result<Outcome> {
    if sample {
        print!("{}", crate::config::SAMPLE);
    } else {
        let mut shown = config.clone();
        shown.camera.source = without_credentials(&shown.camera.source);
        print!("{}", toml::to_string(&shown)?);
    }
    Ok(Outcome::Done)
}

/// The people of this station and their templates of one model.
struct KnownPeople {
    people: Vec<Person>,
    gallery: Gallery,
}

impl KnownPeople {
    /// Reads the people and those of their templates that `model` made.
    fn of(store: &Store, model: &ModelId) -> Result<Self> {
        Ok(Self {
            people: store.everybody()?,
            gallery: store.load_gallery(model)?.templates,
        })
    }

    /// The same with the templates of people who are not active: whose face a new one may be.
    fn to_compare(store: &Store, model: &ModelId) -> Result<Self> {
        Ok(Self {
            people: store.everybody()?,
            gallery: store.load_everybodys_gallery(model)?.templates,
        })
    }

    fn person(&self, id: PersonId) -> Option<&Person> {
        self.people.iter().find(|p| p.id == id)
    }
}

/// Who somebody is, for a sentence about a face.
fn described(person: &Person) -> String {
    let (name, code) = (&person.name, &person.code);
    if person.active {
        format!("{name} ({code})")
    } else {
        format!("{name} ({code}, deactivated; `people activate {code}` undoes that)")
    }
}

/// The networks that a configuration uses.
struct ModelsInUse<'a> {
    detector: &'a ModelEntry,
    embedder: &'a ModelEntry,
    liveness: Option<&'a ModelEntry>,
}

impl<'a> ModelsInUse<'a> {
    fn of(config: &Config, manifest: &'a Manifest) -> Result<Self> {
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

    fn contains(&self, entry: &ModelEntry) -> bool {
        let all = [Some(self.detector), Some(self.embedder), self.liveness];
        all.into_iter().flatten().any(|used| used == entry)
    }
}

/// The network that describes faces, if the configuration names one that is there.
fn embedder_id(context: &Context) -> Option<ModelId> {
    let manifest = context.manifest().ok()?;
    let used = ModelsInUse::of(&context.config, &manifest).ok()?;
    Some(used.embedder.model_id())
}

/// How large the recogniser sees a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// A frame of the camera: as configured.
    Frame,
    /// A still picture, in which faces may be smaller and time matters less.
    Still,
}

/// Longer side of the detector's input for still pictures.
const STILL_SIDE: u32 = 640;

impl Context {
    fn data_dir(&self) -> &Path {
        &self.places.data_dir
    }

    /// Where backups go.
    fn backup_folder(&self) -> PathBuf {
        // `join` takes an absolute folder as it is.
        self.data_dir().join(&self.config.backup.folder)
    }

    fn passphrase_file(&self) -> Option<PathBuf> {
        let file = &self.config.backup.passphrase_file;
        (!file.is_empty()).then(|| PathBuf::from(file))
    }

    /// What a station in `data_dir` does by itself every day.
    fn duties(&self, data_dir: &Path) -> Result<Duties> {
        let backup = &self.config.backup;
        Ok(Duties {
            data_dir: data_dir.to_path_buf(),
            retention: self.config.privacy.retention(&self.config.review),
            work_plan: self.config.work_plan(data_dir)?,
            backup: (backup.every_hours > 0).then(|| BackupDuty {
                every: Duration::from_secs(u64::from(backup.every_hours) * 3600),
                keep: backup.keep,
                folder: data_dir.join(&backup.folder),
                passphrase_file: self.passphrase_file(),
            }),
        })
    }

    /// The configuration's file, which need not be there.
    fn config_file(&self) -> PathBuf {
        let named = self.places.config.clone();
        named.unwrap_or_else(|| self.data_dir().join(config::FILE_NAME))
    }

    /// What is checked when a face is given a name afterwards.
    fn review_rules(&self) -> Result<ReviewRules> {
        let policies = self.config.policies();
        Ok(ReviewRules {
            model: embedder_id(self).context("the configured embedder is not there")?,
            matching: policies.matching,
            attendance: policies.attendance,
            consent_required: self.config.privacy.consent_required,
        })
    }

    /// What days are measured by.
    fn work_plan(&self) -> Result<WorkPlan> {
        Ok(self.config.work_plan(self.data_dir())?)
    }

    /// Opens the database to read it.
    fn store_to_read(&self) -> Result<Store> {
        Ok(Store::open_read_only(self.data_dir())?)
    }

    /// Opens the database to change what is in it.
    fn store_to_change(&self) -> Result<Store> {
        // A mistyped folder should not become a new, empty station.
        drop(self.store_to_read()?);
        let mut store = Store::open_existing(self.data_dir())?;
        past::say_notice(&mut store, self);
        Ok(store)
    }

    /// Reads a local time as an operator writes it.
    fn parse_time(&self, text: &str) -> Result<DateTime<FixedOffset>> {
        correction::parse_time(text, &self.clock)
    }

    /// Reads when somebody has agreed: "today" or a day that is not to come.
    fn parse_consent(&self, text: &str) -> Result<NaiveDate> {
        Ok(consent::parse(text, self.clock.now().wall.date_naive())?)
    }

    fn author<'a>(&self, operator: &'a str) -> Author<'a> {
        Author {
            name: operator,
            at: self.clock.now().wall,
        }
    }

    fn models_dir(&self) -> Result<PathBuf> {
        models_dir(&self.places)
    }

    /// The models that came with the program and those in the data folder.
    fn manifest(&self) -> Result<Manifest> {
        let (shipped, installed) = (self.models_dir()?, self.installed_models_dir());
        Ok(Manifest::load_with_installed(&shipped, &installed)?)
    }

    /// Where the operator's models are: the program's own folder may be read-only.
    fn installed_models_dir(&self) -> PathBuf {
        self.data_dir().join("models")
    }

    fn engine_options(&self) -> EngineOptions {
        EngineOptions {
            threads: self.config.recognition.threads,
            ..EngineOptions::default()
        }
    }

    fn detector_options(&self, look: Look, kind: DetectorKind) -> DetectorOptions {
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

    fn recogniser(&self, look: Look) -> Result<Recogniser> {
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
fn models_dir(places: &Places) -> Result<PathBuf> {
    if let Some(dir) = &places.models_dir {
        return Ok(dir.clone());
    }
    let program = std::env::current_exe().context("finding the program's own path")?;
    let mut candidates = vec![PathBuf::from("models")];
    // Beside an installed program, or two levels up from target/release.
    candidates.extend(
        program
            .ancestors()
            .skip(1)
            .take(3)
            .map(|dir| dir.join("models")),
    );
    candidates
        .iter()
        .find(|dir| {
            dir.join(crate::inference::manifest::MANIFEST_FILE)
                .is_file()
        })
        .cloned()
        .with_context(|| {
            let tried: Vec<_> = candidates.iter().map(|d| d.display().to_string()).collect();
            format!(
                "the networks were not found in {}; say where they are with --models-dir",
                tried.join(", ")
            )
        })
}

/// Who changes something at the command line: the operator's login, where it is known.
fn operator() -> String {
    ["ROLLCALL_OPERATOR", "SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|name| !name.trim().is_empty())
        .unwrap_or_else(|| "operator".to_owned())
}
