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
mod doctor;
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
mod settings;
mod station;
mod stills;
mod table;
mod token;
mod vault;
mod workdays;

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context as _, Result};
use rollcall_messages::Text;
use signal_hook::consts::SIGPIPE;

use crate::camera::without_credentials;
pub(crate) use crate::cases::Context;
use crate::cases::review::described;
use crate::cases::{self, KnownPeople, Languages, Look, ModelsInUse, Words};
use crate::cli::{Cli, Command, Outcome};
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::store::Store;
use crate::ui::Language;

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
        places: cases::Places {
            data_dir: places.data_dir.clone(),
            config: places.config.clone(),
            models_dir: places.models_dir.clone(),
        },
        config,
        clock,
        languages: Arc::new(Catalogues),
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
        Some(Command::Service(command)) => service::run(&command, &places),
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

/// Opens the database to change what is in it, and says if days are measured by settings that
/// nobody has agreed to.
fn store_to_change(context: &Context) -> Result<Store> {
    let mut store = context.store_to_change()?;
    past::say_notice(&mut store, context);
    Ok(store)
}

/// The catalogues of the dashboard.
struct Catalogues;

impl Languages for Catalogues {
    fn find(&self, setting: &str, data_dir: &Path) -> Result<Box<dyn Words>, String> {
        let environment = |name: &str| std::env::var(name).ok();
        let found = Language::load(setting, &data_dir.join("languages"), environment);
        found
            .map(|language| Box::new(Catalogue(language)) as Box<dyn Words>)
            .map_err(|error| error.to_string())
    }
}

/// One of them.
struct Catalogue(&'static Language);

impl Words for Catalogue {
    fn text(&self, text: Text) -> String {
        self.0.text(text).to_owned()
    }
}

/// Who changes something at the command line: the operator's login, where it is known.
fn operator() -> String {
    ["ROLLCALL_OPERATOR", "SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|name| !name.trim().is_empty())
        .unwrap_or_else(|| "operator".to_owned())
}
