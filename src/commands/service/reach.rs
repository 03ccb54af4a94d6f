//! What the service has to reach from inside of its sandbox, with the rights of its user:
//! found out before it is installed, for afterwards it would only be found in its log.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::machine::Machine;
use super::steps::typed_path;
use super::unit::{Unit, is_in_home, state_directory};
use super::{DATA_FOLDER, NAME};
use crate::cases::models_dir;
use crate::cli::Places;
use crate::config::{Config, ConfigError, FILE_NAME};
use crate::store::{DATABASE_FILE, Store};

/// What files and folders must allow, as the last digit of their mode says it.
const READ: u32 = 0o4;
const ENTER: u32 = 0o1;

/// Folders that a service sees empty, or that are empty after the next start of the machine.
const TEMPORARY: [&str; 4] = ["/tmp", "/var/tmp", "/dev/shm", "/run"];

/// Groups that a program which announces punches may need: for pins, and for sound.
const ANNOUNCING_GROUPS: [&str; 2] = ["gpio", "audio"];

/// What an operator wants installed. All paths are absolute.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) program: PathBuf,
    pub(super) data_folder: PathBuf,
    pub(super) models: PathBuf,
    pub(super) config: Option<PathBuf>,
    /// The data folder that commands without a service would use here.
    pub(super) local_data: Option<PathBuf>,
}

impl Request {
    /// What the command line asks for.
    pub(super) fn of(places: &Places) -> Result<Self> {
        let is_named = places.is_data_dir_named;
        Ok(Self {
            program: std::env::current_exe().context("finding the program's own path")?,
            data_folder: if is_named {
                absolute(&places.data_dir)?
            } else {
                PathBuf::from(DATA_FOLDER)
            },
            models: absolute(&models_dir(places.models_dir.as_deref())?)?,
            config: places.config.as_deref().map(absolute).transpose()?,
            local_data: (!is_named)
                .then(|| absolute(&places.data_dir))
                .transpose()?,
        })
    }
}

/// A unit, and what its operator should know.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) unit: Unit,
    pub(super) remarks: Vec<String>,
}

/// Plans the unit for a request.
///
/// # Errors
/// If the service could not start.
pub(super) fn plan(request: &Request, machine: &Machine) -> Result<Planned> {
    let mut remarks = Vec::new();
    check_program(request, machine)?;
    check_models(&request.models, machine)?;
    check_data_folder(&request.data_folder, machine)?;
    let config = configuration(request, machine, &mut remarks)?;

    let mut shown = vec![request.program.clone(), request.models.clone()];
    shown.extend(request.config.clone());
    shown.extend(files_named(&config));
    if let Some(key) = key(&request.data_folder, machine) {
        if !may(&key, READ, machine) {
            remarks.push(format!(
                "the key in {} must belong to the service's user: sudo chown {NAME}: {}",
                key.display(),
                typed_path(&key)
            ));
        }
        shown.push(key);
    }
    shown.retain(|path| is_in_home(path) && !path.starts_with(&request.data_folder));
    shown.dedup();
    if is_in_home(&request.program) {
        remarks.push(format!(
            "the program is in a home folder; the service ends for good if {} is moved or \
             removed. To install it for all: copy it to /usr/local/bin, and the networks to \
             /usr/local/bin/models",
            request.program.display()
        ));
    }
    let backups = Path::new(&config.backup.folder);
    let writes_elsewhere = backups.is_absolute() && !backups.starts_with(&request.data_folder);
    if writes_elsewhere {
        remarks.push(format!(
            "backups go to {}, where the user {NAME} must be able to write",
            backups.display()
        ));
    }
    let announces = !config.welcome.command.is_empty();
    let unit = Unit {
        program: request.program.clone(),
        data_folder: request.data_folder.clone(),
        models: request.models.clone(),
        config: request.config.clone(),
        shown,
        written: writes_elsewhere
            .then(|| backups.to_path_buf())
            .into_iter()
            .collect(),
        groups: groups(announces, machine, &mut remarks),
        announces,
    };
    Ok(Planned { unit, remarks })
}

fn groups(announces: bool, machine: &Machine, remarks: &mut Vec<String>) -> Vec<String> {
    let mut groups = Vec::new();
    // A group that is not there would keep the service from starting.
    if machine.has_group("video") {
        groups.push("video".to_owned());
    } else {
        remarks.push(
            "there is no group `video` on this machine, so a USB camera may be refused; see \
             `ls -l /dev/video0`"
                .to_owned(),
        );
    }
    if announces {
        let there = ANNOUNCING_GROUPS
            .iter()
            .filter(|group| machine.has_group(group));
        groups.extend(there.map(|group| (*group).to_owned()));
    }
    groups
}

fn check_program(request: &Request, machine: &Machine) -> Result<()> {
    let program = &request.program;
    if !machine.at(program).is_file() {
        bail!(
            "{} is not there any more; run the command with the program that the service shall run",
            program.display()
        );
    }
    check_place(program, "the program")?;
    if let Some(path) = closed(program, READ | ENTER, machine) {
        bail!(
            "the service's user {NAME} may not run {}: sudo chmod o+rx {}",
            program.display(),
            typed_path(&path)
        );
    }
    Ok(())
}

fn check_models(models: &Path, machine: &Machine) -> Result<()> {
    check_place(models, "the folder of the networks")?;
    let files = std::fs::read_dir(machine.at(models))
        .with_context(|| format!("reading {}", models.display()))?
        .flatten()
        .map(|entry| models.join(entry.file_name()));
    let closed_file = files
        .filter(|file| machine.at(file).is_file())
        .find(|file| !may(file, READ, machine));
    if let Some(path) = closed(models, READ | ENTER, machine).or(closed_file) {
        bail!(
            "the service's user {NAME} may not read {}: sudo chmod -R o+rX {}",
            path.display(),
            typed_path(&path)
        );
    }
    Ok(())
}

fn check_place(path: &Path, what: &str) -> Result<()> {
    let is_temporary = TEMPORARY.iter().any(|folder| path.starts_with(folder));
    if is_temporary && !is_in_home(path) {
        bail!(
            "{what} is in {}, among temporary files, which a service does not see; copy it to \
             a place that lasts, such as /usr/local/bin",
            path.display()
        );
    }
    Ok(())
}

/// A folder is given to the service's user with all that is in it, so it must be one of ours.
fn check_data_folder(folder: &Path, machine: &Machine) -> Result<()> {
    check_place(folder, "the data folder")?;
    let place = machine.at(folder);
    if place.exists() && !place.is_dir() {
        bail!("{} is not a folder", folder.display());
    }
    let is_ours = [DATABASE_FILE, FILE_NAME]
        .iter()
        .any(|name| place.join(name).exists());
    // One that must not be looked into has an owner already.
    let is_empty = std::fs::read_dir(&place).is_ok_and(|mut entries| entries.next().is_none());
    let is_closed = !machine.is_root() && std::fs::read_dir(&place).is_err();
    let is_owned = place.metadata().ok().is_some_and(|found| {
        machine
            .user(NAME)
            .is_some_and(|user| user.uid == found.uid())
    });
    if place.exists() && !is_ours && !is_empty && !is_closed && !is_owned {
        bail!(
            "{} holds something else than a station's records, and the service would take it \
             over; name an empty folder with --data-dir",
            folder.display()
        );
    }
    Ok(())
}

fn configuration(
    request: &Request,
    machine: &Machine,
    remarks: &mut Vec<String>,
) -> Result<Config> {
    let named = request.config.as_ref().map(|path| machine.at(path));
    if let Some(path) = &request.config {
        check_place(path, "the configuration")?;
        if let Some(closed) = closed(path, READ, machine) {
            bail!(
                "the service's user {NAME} may not read the configuration: sudo chmod o+rX {}",
                typed_path(&closed)
            );
        }
        remarks.push(format!(
            "the service reads {} and cannot write it: settings are changed there by hand",
            path.display()
        ));
    }
    // The service gets no variables of this shell.
    let loaded = Config::load(named.as_deref(), &machine.at(&request.data_folder), |_| {
        None
    });
    match loaded {
        Err(ConfigError::Read { path, source })
            if source.kind() == std::io::ErrorKind::PermissionDenied && !machine.is_root() =>
        {
            remarks.push(format!(
                "{} can only be read by root, so what it names is not in this",
                path.display()
            ));
            Ok(Config::default())
        }
        loaded => Ok(loaded?),
    }
}

/// Files outside of the data folder that a configuration names.
fn files_named(config: &Config) -> Vec<PathBuf> {
    let named = [
        &config.backup.passphrase_file,
        &config.attendance.holidays,
        &config.camera.source,
    ];
    let named = named.into_iter().chain(config.welcome.command.iter());
    named
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .collect()
}

/// The key of encrypted records, if they are.
fn key(data_folder: &Path, machine: &Machine) -> Option<PathBuf> {
    let store = Store::open_read_only(&machine.at(data_folder)).ok()?;
    Some(store.key_place().ok()??.path)
}

/// The first of a path and the folders that lead to it which keeps the service's user out.
/// Into homes systemd leads it another way.
fn closed(path: &Path, wanted: u32, machine: &Machine) -> Option<PathBuf> {
    let folders = path.ancestors().skip(1).filter(|_| !is_in_home(path));
    let mut closed: Vec<PathBuf> = folders
        .filter(|folder| !may(folder, ENTER, machine))
        .map(Path::to_path_buf)
        .collect();
    closed.pop().or_else(|| {
        let is_closed = !may(path, wanted, machine);
        is_closed.then(|| path.to_path_buf())
    })
}

/// Whether the service's user may do with a file what is wanted.
fn may(path: &Path, wanted: u32, machine: &Machine) -> bool {
    let Ok(found) = std::fs::metadata(machine.at(path)) else {
        return false;
    };
    let mode = found.mode();
    let allowed = match machine.user(NAME) {
        Some(user) if user.uid == found.uid() => mode >> 6,
        Some(user) if user.gid == found.gid() => mode >> 3,
        _ => mode,
    };
    allowed & wanted == wanted
}

/// Whether the folder has to be made, or given to the service's user, before it starts.
pub(super) fn is_to_be_prepared(folder: &Path) -> bool {
    state_directory(folder).is_none()
}

/// Records in the working folder that a new, empty station would leave behind; in words.
pub(super) fn left_behind(request: &Request, machine: &Machine) -> Option<String> {
    let local = request.local_data.as_ref()?;
    let target = &request.data_folder;
    if machine.at(target).join(DATABASE_FILE).exists() || local == target {
        return None;
    }
    let store = Store::open_read_only(&machine.at(local)).ok()?;
    let people = store.everybody().ok()?.len();
    let is_demonstration = store.setting("demo").ok()?.is_some();
    let whom = match people {
        1 => "1 person".to_owned(),
        many => format!("{many} people"),
    };
    (people > 0 && !is_demonstration)
        .then(|| format!("{} holds the records of {whom}", local.display()))
}

fn absolute(path: &Path) -> Result<PathBuf> {
    match path.canonicalize() {
        Ok(path) => Ok(path),
        Err(_) => std::path::absolute(path)
            .with_context(|| format!("finding the full path of {}", path.display())),
    }
}
