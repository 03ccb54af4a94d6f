//! The station itself: the dashboard, or headless.

use crate::say;
use rollcall_messages::Message;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::data_folder::{self, DataFolder};
use super::desk_commands::StationCommands;
use super::front::{Front, take_signals};
use super::{Context, Look, attach, http, past, salvage};
use crate::camera::demo::{self, DemoPerson};
use crate::camera::{CameraSettings, FrameRate, Repeat, SourceOptions, SourceSpec, usb};
use crate::cli::{CaptureArgs, Outcome, RunArgs};
use crate::core::notice::Notice;
use crate::core::person::{PersonCode, PersonName};
use crate::inference::recogniser::Recogniser;
use crate::link::{Places, Server};
use crate::logging;
use crate::protocol::Facts;
use crate::runtime::announcer::AnnouncerRules;
use crate::runtime::desk::DeskRules;
use crate::runtime::review::ReviewRules;
use crate::runtime::{self, Consent, Parts, Running};
use crate::service_manager::ServiceManager;
use crate::stop::StopFlag;
use crate::store::{Author, NewPerson, StationLock, Store};
use crate::ui::Language;

/// `rollcall` without a command.
pub(super) fn run_dashboard(capture: &CaptureArgs, context: &Context) -> Result<Outcome> {
    if let Some(outcome) = attach::instead(capture, context)? {
        return Ok(outcome);
    }
    start(capture, context, Front::of(capture))
}

/// `rollcall run`.
pub(super) fn run(args: &RunArgs, context: &Context) -> Result<Outcome> {
    let front = if args.headless {
        Front::Headless
    } else {
        Front::of(&args.capture)
    };
    if args.start_fresh {
        salvage::begin_anew(context)?;
    }
    start(&args.capture, context, front)
}

fn start(capture: &CaptureArgs, context: &Context, front: Front) -> Result<Outcome> {
    // The terminal first: without one, nothing is started.
    let front = front.open(capture, context)?;
    let source = source(capture, context)?;
    let source_options = source_options(capture)?;
    let is_demo = matches!(source, SourceSpec::Demo { .. });
    let folder = if is_demo {
        data_folder::for_demo(context)?
    } else {
        data_folder::for_work(context)
            .map_err(|error| salvage::set_aside_if_damaged(error, context))?
    };
    let mut store = Store::open(&folder.path)
        .map_err(|error| salvage::set_aside_if_damaged(error.into(), context))?;
    // Held until this function returns, after the last write.
    let lock = Arc::new(StationLock::take(&folder.path)?);
    store.hold(Arc::clone(&lock));
    let _log = logging::start(&folder.path, &context.config.log.filter)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %source, "starting");

    if is_demo {
        enrol_cast_apart(&store, &folder.path, context)?;
    }
    let recogniser = context.recogniser(Look::Frame)?;
    let mut notices = notices(&folder, is_demo);
    if !is_demo && let Some(advice) = past::take_notice(&mut store, context)? {
        tracing::warn!(%advice, "settings were edited");
        notices.push(Notice::Warning(Message::verbatim(advice)));
    }
    let consent = consent(context, is_demo);
    let mut at_folder = context.clone();
    at_folder.places.data_dir.clone_from(&folder.path);
    let parts = Parts {
        source: source.clone(),
        source_options,
        zone: context.config.zone(),
        camera: camera_settings(context.config.camera.settings(), &folder.path),
        recogniser,
        store,
        policies: context.config.policies(),
        work_plan: context.config.work_plan(&folder.path)?,
        notices,
        duties: context.duties(&folder.path)?,
        consent,
        announcer: AnnouncerRules {
            command: context.config.welcome.command.clone(),
            limit: Duration::from_secs(context.config.welcome.command_timeout_secs),
        },
        keeps_strangers: context.config.review.keep_days > 0,
        desk: DeskRules {
            data_dir: folder.path.clone(),
            work_plan: context.config.work_plan(&folder.path)?,
            review: ReviewRules {
                consent_required: consent == Consent::Asked,
                ..context.review_rules()?
            },
            commands: Arc::new(StationCommands::on(context, &folder.path, &source)),
        },
        facts: facts(&source, consent, &at_folder),
    };
    let manager = Arc::new(Mutex::new(ServiceManager::from_environment()));
    let beating = Arc::clone(&manager);
    let beat = move || telling(&beating).beat(Instant::now());
    let running = runtime::start(parts, Box::new(beat))?;
    let hang_up = match take_signals(running.stop_flag()) {
        Ok(hang_up) => hang_up,
        Err(error) => return runtime::both(Err(error), running.finish()).map(|()| Outcome::Done),
    };
    let link = serve(&folder.path, &running);
    let server = match http::serve(&context.config, &folder.path, &running) {
        Ok(server) => server,
        Err(error) => return runtime::both(Err(error), running.finish()).map(|()| Outcome::Done),
    };
    telling(&manager).ready();
    let run = front.watch(&running, &source, (&manager, &hang_up));
    telling(&manager).stopping();
    // Who waits for the outcome of a picture is told before the station ends.
    drop(server);
    let finished = running.finish();
    drop(link);
    runtime::both(run, finished)?;
    Ok(Outcome::Done)
}

/// Lets other front ends attach. A station that cannot be attached to takes attendance all
/// the same.
fn serve(data_dir: &Path, running: &Running) -> Option<Server> {
    let host = Arc::new(running.hub().clone());
    let served = Places::new()
        .to_serve(data_dir)
        .and_then(|place| Server::start(&place, host, StopFlag::new()));
    match served {
        Ok(server) => {
            tracing::info!(socket = %server.socket().display(), "front ends can attach");
            Some(server)
        }
        Err(error) => {
            tracing::warn!(%error, "no other dashboard can attach");
            None
        }
    }
}

/// What the service manager is told is complete after each of its calls.
pub(super) fn telling(manager: &Mutex<ServiceManager>) -> MutexGuard<'_, ServiceManager> {
    manager.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What front ends are told.
pub(super) fn facts(source: &SourceSpec, consent: Consent, context: &Context) -> Facts {
    let config = &context.config;
    Facts {
        station_name: config.station.name.clone(),
        source: source.to_string(),
        models: format!(
            "{} at {}",
            config.recognition.detector, config.recognition.detector_size
        ),
        zone: config.attendance.time_zone.clone(),
        asks_consent: consent == Consent::Asked,
        data_dir: context.data_dir().display().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process: std::process::id(),
        screen: config.screen(),
    }
}

/// Whether whoever is enrolled at the camera is asked; the demonstration's people are not.
pub(super) fn consent(context: &Context, is_demo: bool) -> Consent {
    if context.config.privacy.consent_required && !is_demo {
        Consent::Asked
    } else {
        Consent::NotAsked
    }
}

fn source(capture: &CaptureArgs, context: &Context) -> Result<SourceSpec> {
    let text = match (&capture.source, capture.demo) {
        (_, true) => "demo",
        (Some(source), false) => source,
        (None, false) => &context.config.camera.source,
    };
    Ok(text.parse()?)
}

/// The configured settings, and the file of controls changed while Rollcall ran.
pub(super) fn camera_settings(configured: CameraSettings, data_folder: &Path) -> CameraSettings {
    CameraSettings {
        controls_file: Some(data_folder.join(usb::controls::FILE_NAME)),
        ..configured
    }
}

fn source_options(capture: &CaptureArgs) -> Result<SourceOptions> {
    let rate = capture
        .rate
        .map(|rate| {
            FrameRate::new(rate)
                .with_context(|| format!("--rate {rate}: from 0.01 to 240 pictures a second"))
        })
        .transpose()?;
    Ok(SourceOptions {
        rate,
        repeat: if capture.once {
            Repeat::Once
        } else {
            Repeat::Forever
        },
    })
}

fn notices(folder: &DataFolder, is_demo: bool) -> Vec<Notice> {
    let mut notices: Vec<Notice> = folder
        .remark
        .clone()
        .map(Notice::Info)
        .into_iter()
        .collect();
    if is_demo {
        notices.push(Notice::Info(say::DEMO_HINT.into()));
    }
    notices
}

/// The people of the demonstration who are not there yet.
fn missing_cast(store: &Store) -> Result<Vec<(&'static DemoPerson, PersonCode)>> {
    let known = store.everybody()?;
    let mut missing = Vec::new();
    for person in demo::cast().iter().filter(|person| person.enrolled) {
        let code = PersonCode::parse(person.code)?;
        if known.iter().all(|p| p.code != code) {
            missing.push((person, code));
        }
    }
    Ok(missing)
}

/// Enrols them in a process of its own: photographs take twice the memory of a station, and a
/// process that has had it does not give it back.
fn enrol_cast_apart(store: &Store, data_dir: &Path, context: &Context) -> Result<()> {
    if missing_cast(store)?.is_empty() {
        return Ok(());
    }
    let program = std::env::current_exe().context("finding this program")?;
    let mut command = std::process::Command::new(program);
    command.arg("--data-dir").arg(data_dir);
    for (option, value) in [
        ("--config", &context.places.config),
        ("--models-dir", &context.places.models_dir),
    ] {
        if let Some(value) = value {
            command.arg(option).arg(value);
        }
    }
    let output = command
        .arg("enrol-demonstration")
        .stdin(std::process::Stdio::null())
        .output()
        .context("enrolling the demonstration's people")?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(
        output.status.success(),
        "the demonstration's people could not be enrolled: {}",
        said.trim()
    );
    Ok(())
}

/// `rollcall enrol-demonstration`, which `--demo` runs.
pub(super) fn enrol_demonstration(context: &Context) -> Result<Outcome> {
    let mut store = Store::open_existing(context.data_dir())?;
    enrol_cast(&mut store, context)?;
    Ok(Outcome::Done)
}

/// Enrols the people of the demonstration who are not there yet, from their portraits.
fn enrol_cast(store: &mut Store, context: &Context) -> Result<()> {
    let author = Author {
        name: "demo",
        at: context.clock.now().wall,
    };
    let missing = missing_cast(store)?;
    if missing.is_empty() {
        return Ok(());
    }
    let mut recogniser = context.recogniser(Look::Still)?;
    for (person, code) in missing {
        let new = demo_person(person, code, &mut recogniser)
            .with_context(|| format!("enrolling {} for the demonstration", person.name))?;
        // Somebody the operator has deleted stays deleted.
        match store.add_person(&new, author) {
            Ok(_) | Err(crate::store::StoreError::CodeRetired { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn demo_person(
    person: &DemoPerson,
    code: PersonCode,
    recogniser: &mut Recogniser,
) -> Result<NewPerson> {
    let image = crate::picture::decode(person.portrait, std::path::Path::new(person.name))?;
    let still = super::stills::examine(image, recogniser)?;
    let face = still.faces.first().context("no face in the portrait")?;
    Ok(NewPerson {
        name: PersonName::parse(person.name)?,
        code,
        consent_at: None,
        templates: vec![still.template_of(face, recogniser)?],
    })
}

/// The operator's language; catalogues in the data folder go before the program's own.
pub(super) fn language(context: &Context) -> Result<&'static Language> {
    language_of(&context.config.dashboard.language, context)
}

/// The language of a setting.
pub(super) fn language_of(setting: &str, context: &Context) -> Result<&'static Language> {
    let folder = context.data_dir().join("languages");
    let environment = |name: &str| std::env::var(name).ok();
    Ok(Language::load(setting, &folder, environment)?)
}
