//! The station itself: the dashboard, or headless.

use crate::say;
use rollcall_messages::Message;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::data_folder::{self, DataFolder};
use super::front::{Front, take_signals};
use super::{Context, Look, attach, http, salvage};
use crate::camera::demo::{self, DemoPerson};
use crate::camera::{CameraSettings, FrameRate, Repeat, SourceOptions, SourceSpec, usb};
use crate::cases::past;
use crate::cli::{CaptureArgs, Outcome, RunArgs};
use crate::core::notice::Notice;
use crate::core::person::{PersonCode, PersonName};
use crate::inference::recogniser::Recogniser;
use crate::link::{Places, Server};
use crate::logging;
use crate::runtime::announcer::AnnouncerRules;
use crate::runtime::desk::DeskRules;
use crate::runtime::keeper::{BackupDuty, Duties};
use crate::runtime::{self, Again, Configured, Parts, Running, Settings};
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
    let mut notices = notices(&folder, is_demo);
    let at_folder = context.at(&folder.path);
    notices.extend(unagreed(&mut store, is_demo, &at_folder)?);
    let starter = Starter {
        capture: capture.clone(),
        context: at_folder.clone(),
        started: None,
        is_demo,
        lock,
    };
    let parts = starter.parts(&at_folder, store, notices)?;
    let manager = Arc::new(Mutex::new(ServiceManager::from_environment()));
    let beating = Arc::clone(&manager);
    let beat = move || telling(&beating).beat(Instant::now());
    let running = runtime::start(parts, starter.again(), Box::new(beat))?;
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

/// Makes what a station is built from, as often as it is started.
struct Starter {
    capture: CaptureArgs,
    /// With the settings of a station that has run.
    context: Context,
    /// With those that were tried last.
    started: Option<Context>,
    is_demo: bool,
    /// Held from one start to the next: nobody else takes attendance in between.
    lock: Arc<StationLock>,
}

impl Starter {
    fn parts(&self, context: &Context, store: Store, notices: Vec<Notice>) -> Result<Parts> {
        let config = &context.config;
        let source = source(&self.capture, context)?;
        let is_demo = matches!(source, SourceSpec::Demo { .. });
        anyhow::ensure!(
            is_demo == self.is_demo,
            "the demonstration has a folder of its own: end the station and start it again"
        );
        let data_dir = context.data_dir().to_path_buf();
        Ok(Parts {
            source_options: source_options(&self.capture)?,
            zone: config.zone(),
            camera: camera_settings(config.camera.settings(), &data_dir),
            recogniser: context.recogniser(Look::Frame)?,
            store,
            configured: Configured::of(context, &source)?,
            notices,
            duties: duties(context)?,
            announcer: AnnouncerRules {
                command: config.welcome.command.clone(),
                limit: Duration::from_secs(config.welcome.command_timeout_secs),
            },
            desk: DeskRules {
                context: context.clone(),
                source: source.clone(),
            },
            source,
        })
    }

    /// The same for the starts that follow.
    fn again(mut self) -> Again {
        Box::new(move |settings| {
            let context = match settings {
                Settings::New => {
                    // The one before has run.
                    if let Some(started) = self.started.take() {
                        self.context = started;
                    }
                    let config = self.context.read_config()?;
                    let clock = self.context.clock.in_zone(config.zone());
                    Context {
                        config,
                        clock,
                        ..self.context.clone()
                    }
                }
                Settings::Before => self.context.clone(),
            };
            self.started = None;
            let mut store = Store::open(context.data_dir())?;
            store.hold(Arc::clone(&self.lock));
            let notices = unagreed(&mut store, self.is_demo, &context)?;
            let parts = self.parts(&context, store, notices.into_iter().collect())?;
            self.started = Some(context);
            Ok(parts)
        })
    }
}

/// What is to be said if days are measured by settings that nobody has agreed to.
fn unagreed(store: &mut Store, is_demo: bool, context: &Context) -> Result<Option<Notice>> {
    if is_demo {
        return Ok(None);
    }
    let login = super::operator();
    let advice = past::take_notice(store, context, context.author(&login))?;
    Ok(advice.map(|advice| {
        tracing::warn!(%advice, "settings were edited");
        Notice::Warning(Message::verbatim(advice))
    }))
}

/// What a station does by itself every day.
fn duties(context: &Context) -> Result<Duties> {
    let backup = &context.config.backup;
    Ok(Duties {
        data_dir: context.data_dir().to_path_buf(),
        retention: context.config.privacy.retention(&context.config.review),
        work_plan: context.work_plan()?,
        backup: (backup.every_hours > 0).then(|| BackupDuty {
            every: Duration::from_secs(u64::from(backup.every_hours) * 3600),
            keep: backup.keep,
            folder: context.backup_folder(),
            passphrase_file: context.passphrase_file(),
        }),
    })
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
