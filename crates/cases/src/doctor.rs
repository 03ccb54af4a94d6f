//! What works at a station, what does not, and what to do about it.

mod heads;

use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;
use std::path::Path;

use chrono::Datelike;
use nix::sys::statvfs::statvfs;
use serde::{Serialize, Serializer};

use rollcall_camera::{CameraState, SourceSpec, usb};
use rollcall_core::clock_repair::ClockSpan;
use rollcall_core::person::{Person, PersonId};
use rollcall_core::plausible::YEAR_OF_ROLLCALL;
use rollcall_messages::{Message, Said as _, Text, Value};
use rollcall_protocol::{Health, PageLine};
use rollcall_store::{
    ChainReport, Store, StoreError, latest_backup, made_at, readable_by_others, restore_leftovers,
};

use self::heads::Heads;
use crate::context::Context;
use crate::error::CaseError;
use crate::networks::{ModelsInUse, embedder_id};
use crate::{past, say};

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Not quite.
    Warning,
    /// It does not work.
    Bad,
}

/// Something that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What.
    #[serde(serialize_with = "in_english")]
    pub what: Text,
    /// How it is.
    pub verdict: Verdict,
    /// What there is to say, and what to do.
    #[serde(serialize_with = "in_english")]
    pub detail: Message,
}

impl Finding {
    /// As a line of a report.
    pub fn line(self) -> PageLine {
        PageLine {
            health: Some(match self.verdict {
                Verdict::Ok => Health::Good,
                Verdict::Warning => Health::Warning,
                Verdict::Bad => Health::Bad,
            }),
            term: self.what.into(),
            words: self.detail,
            is_drawn: false,
        }
    }
}

fn in_english<S: Serializer>(said: &impl Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(said)
}

/// Less free space than this is worth a word: a day of enrolments fits many times.
const LITTLE_SPACE_BYTES: u64 = 200 << 20;

/// Nobody's finger slips so often.
const MANY_WRONG_PINS: u32 = 5;

/// Looks at everything.
pub fn examine(context: &Context) -> Vec<Finding> {
    let mut findings = models(context);
    findings.extend(database(context));
    for (path, mode) in readable_by_others(context.data_dir()) {
        let detail =
            say::file_readable_by_others(path.display().to_string(), format!("{mode:03o}"));
        findings.push(finding(say::CHECKED_PRIVACY, Verdict::Warning, detail));
    }
    for path in restore_leftovers(context.data_dir()) {
        let detail = say::restore_leftover(path.display().to_string());
        findings.push(finding(say::CHECKED_PRIVACY, Verdict::Warning, detail));
    }
    findings.push(backup(context));
    findings.push(disk(context.data_dir()));
    findings.push(camera(context));
    findings.push(clock(context));
    findings
}

fn finding(what: Text, verdict: Verdict, detail: impl Into<Message>) -> Finding {
    Finding {
        what,
        verdict,
        detail: detail.into(),
    }
}

fn models(context: &Context) -> Vec<Finding> {
    let manifest = match context.manifest() {
        Ok(manifest) => manifest,
        Err(error) => return vec![finding(say::CHECKED_MODELS, Verdict::Bad, error.said())],
    };
    let used = match ModelsInUse::of(&context.config, &manifest) {
        Ok(used) => used,
        Err(error) => {
            return vec![finding(
                say::CHECKED_MODELS,
                Verdict::Bad,
                Message::verbatim(error.to_string()),
            )];
        }
    };
    let mut findings = Vec::new();
    for (entry, result) in manifest.models().iter().zip(manifest.verify()) {
        let in_use = used.contains(entry);
        match result.problem {
            None if in_use => {
                findings.push(finding(
                    say::CHECKED_MODEL,
                    Verdict::Ok,
                    Message::verbatim(format!("{} ({})", entry.title, entry.file)),
                ));
            }
            None => {}
            Some(problem) => {
                let verdict = if in_use {
                    Verdict::Bad
                } else {
                    Verdict::Warning
                };
                findings.push(finding(
                    say::CHECKED_MODEL,
                    verdict,
                    Message::verbatim(problem),
                ));
            }
        }
    }
    findings
}

fn database(context: &Context) -> Vec<Finding> {
    match Store::open_read_only(context.data_dir()) {
        Err(StoreError::Missing { path }) => {
            let detail = say::no_database_yet(path.display().to_string());
            vec![finding(say::CHECKED_DATABASE, Verdict::Warning, detail)]
        }
        Err(error) => {
            let mut findings = vec![finding(say::CHECKED_DATABASE, Verdict::Bad, error.said())];
            if let StoreError::ForeignSchema { .. } = error
                && let Ok(report) = Store::trail_of_changed(context.data_dir())
            {
                findings.push(chain_finding(report));
            }
            findings
        }
        Ok(store) => match inspect(&store, context) {
            Ok(findings) => findings,
            Err(error) => vec![finding(say::CHECKED_DATABASE, Verdict::Bad, error.said())],
        },
    }
}

fn inspect(store: &Store, context: &Context) -> Result<Vec<Finding>, CaseError> {
    store.check()?;
    let people = store.everybody()?;
    let active = people.iter().filter(|p| p.active).count();
    let detail = say::database_sound(store.path().display().to_string(), active, people.len());
    let mut findings = vec![finding(say::CHECKED_DATABASE, Verdict::Ok, detail)];
    findings.extend(trail(store)?);
    findings.extend(heads(store, context)?);
    findings.extend(wrong_pins(store)?);
    findings.extend(impossible_times(store, &people, context)?);
    findings.extend(settings(store, context));
    if let Some(key) = store.key_place()? {
        let detail = say::encrypted_with(key.path.display().to_string());
        findings.push(finding(say::CHECKED_ENCRYPTION, Verdict::Ok, detail));
    }
    for problem in store.picture_problems()? {
        findings.push(finding(
            say::CHECKED_PICTURE,
            Verdict::Warning,
            Message::verbatim(problem),
        ));
    }
    let Some(model) = embedder_id(context) else {
        return Ok(findings);
    };
    let gallery = store.load_gallery(&model)?;
    for skipped in &gallery.skipped {
        let detail = say::template_unusable(skipped.id.0, skipped.reason.clone());
        findings.push(finding(say::CHECKED_TEMPLATE, Verdict::Warning, detail));
    }
    let comparable: HashSet<PersonId> = gallery.templates.people().collect();
    let unknown = people
        .iter()
        .filter(|p| p.active && !comparable.contains(&p.id));
    let (redoable, lost): (Vec<&Person>, Vec<&Person>) =
        unknown.partition(|p| gallery.other_models.iter().any(|(id, _)| *id == p.id));
    let codes = |people: &[&Person]| {
        let codes: Vec<String> = people.iter().map(|p| p.code.to_string()).collect();
        codes.join(", ")
    };
    if !redoable.is_empty() {
        let codes = codes(&redoable);
        let detail = say::known_to_another_embedder(codes);
        findings.push(finding(say::CHECKED_PEOPLE, Verdict::Warning, detail));
    }
    if !lost.is_empty() {
        let codes = codes(&lost);
        let detail = say::people_without_template(codes);
        findings.push(finding(say::CHECKED_PEOPLE, Verdict::Warning, detail));
    }
    Ok(findings)
}

/// Whether the trail goes on from what the backups have seen.
fn heads(store: &Store, context: &Context) -> Result<Option<Finding>, CaseError> {
    Ok(match heads::compare(store, context)? {
        Heads::NoneRead => None,
        Heads::Hold(backups) => Some(finding(
            say::CHECKED_TRAIL,
            Verdict::Ok,
            say::trail_goes_on(backups),
        )),
        Heads::Broken(detail) => Some(finding(
            say::CHECKED_TRAIL,
            Verdict::Bad,
            Message::verbatim(detail),
        )),
    })
}

/// Whether somebody is trying PINs.
fn wrong_pins(store: &Store) -> Result<Option<Finding>, CaseError> {
    let tries = store.pin_tries()?;
    let Some(at) = tries.last_at.filter(|_| tries.wrong >= MANY_WRONG_PINS) else {
        return Ok(None);
    };
    let detail = say::pins_tried(tries.wrong, at.format("%Y-%m-%d %H:%M:%S").to_string());
    Ok(Some(finding(say::CHECKED_PIN, Verdict::Warning, detail)))
}

/// Standing punches that somebody stated or another system wrote at a time that cannot be, of
/// before they were refused. The clock of this machine has nothing to do with them.
fn impossible_times(
    store: &Store,
    people: &[Person],
    context: &Context,
) -> Result<Vec<Finding>, CaseError> {
    let now = context.clock.now().wall;
    let mut findings = Vec::new();
    for event in store.stated_at_impossible_times(&now)? {
        let code = people.iter().find(|person| person.id == event.person);
        let code = code.map_or_else(
            || Value::from(say::DELETED_PERSON),
            |p| Value::from(&p.code),
        );
        let detail = say::event_cannot_be(
            event.id.0.to_string(),
            code,
            event.source.text(),
            event.at.format("%Y-%m-%d %H:%M").to_string(),
        );
        findings.push(finding(say::CHECKED_TIMES, Verdict::Warning, detail));
    }
    Ok(findings)
}

/// Whether days are measured by settings that somebody has agreed to.
fn settings(store: &Store, context: &Context) -> Option<Finding> {
    match past::changed_settings(store, context) {
        Ok(None) => None,
        Ok(Some(changed)) if changed.is_harmless() => None,
        Ok(Some(changed)) => Some(finding(
            say::CHECKED_SETTINGS,
            Verdict::Warning,
            Message::verbatim(changed.advice()),
        )),
        Err(error) => Some(finding(say::CHECKED_SETTINGS, Verdict::Bad, error.said())),
    }
}

fn chain_finding(report: ChainReport) -> Finding {
    match report.broken {
        None => finding(
            say::CHECKED_TRAIL,
            Verdict::Ok,
            say::trail_whole(report.records, format!("{:.16}", report.head)),
        ),
        Some(broken) => finding(
            say::CHECKED_TRAIL,
            Verdict::Bad,
            Message::verbatim(broken.to_string()),
        ),
    }
}

/// Whether the audit trail is unbroken, and which events bear a doubtful time.
fn trail(store: &Store) -> Result<Vec<Finding>, CaseError> {
    let report = store.verify_chain()?;
    let mut findings = vec![chain_finding(report)];
    let mut batches: BTreeMap<i64, usize> = BTreeMap::new();
    for event in store.doubtful_events(&ClockSpan::default())? {
        let batch = event.provenance.clock.map_or(0, |clock| clock.batch);
        *batches.entry(batch).or_default() += 1;
    }
    if !batches.is_empty() {
        let words: Vec<String> = batches
            .iter()
            .map(|(batch, events)| say::batch_events(batch, events).to_string())
            .collect();
        let detail = say::doubtful_events(words.join(", "));
        findings.push(finding(say::CHECKED_TIMES, Verdict::Warning, detail));
    }
    Ok(findings)
}

/// How old the newest backup is.
fn backup(context: &Context) -> Finding {
    let folder = context.backup_folder();
    let latest = latest_backup(&folder).and_then(|path| made_at(&path));
    let every = i64::from(context.config.backup.every_hours);
    match latest {
        None => finding(
            say::CHECKED_BACKUP,
            Verdict::Warning,
            say::no_backup_in(folder.display().to_string()),
        ),
        Some(at) => {
            let hours = (context.clock.now().wall.to_utc() - at).num_hours();
            // One may be missed while the station was off over a night.
            let verdict = if every > 0 && hours > 2 * every {
                Verdict::Warning
            } else {
                Verdict::Ok
            };
            finding(
                say::CHECKED_BACKUP,
                verdict,
                say::backup_newest(folder.display().to_string(), hours),
            )
        }
    }
}

fn disk(data_dir: &Path) -> Finding {
    // The folder itself may not be there yet.
    let existing = data_dir
        .ancestors()
        .find(|d| d.is_dir())
        .unwrap_or(Path::new("."));
    match statvfs(existing) {
        Err(error) => finding(
            say::CHECKED_DISK,
            Verdict::Bad,
            say::cannot_ask(existing.display().to_string(), error.to_string()),
        ),
        Ok(fs) => {
            let free = fs.blocks_available() * fs.fragment_size();
            let verdict = if free < LITTLE_SPACE_BYTES {
                Verdict::Bad
            } else {
                Verdict::Ok
            };
            finding(
                say::CHECKED_DISK,
                verdict,
                say::disk_free(free >> 20, data_dir.display().to_string()),
            )
        }
    }
}

fn camera(context: &Context) -> Finding {
    let source = &context.config.camera.source;
    let cameras = usb::list();
    let names: Vec<&str> = cameras.iter().map(|c| c.name.as_str()).collect();
    match source.parse::<SourceSpec>() {
        Err(error) => finding(say::CHECKED_CAMERA, Verdict::Bad, error.said()),
        Ok(SourceSpec::Usb(_)) if cameras.is_empty() => {
            finding(say::CHECKED_CAMERA, Verdict::Bad, say::NO_CAMERA_FOUND)
        }
        Ok(SourceSpec::Usb(_)) => finding(
            say::CHECKED_CAMERA,
            Verdict::Ok,
            Message::verbatim(names.join(", ")),
        ),
        Ok(SourceSpec::Replay(path)) if !path.exists() => finding(
            say::CHECKED_CAMERA,
            Verdict::Bad,
            say::path_missing(path.display().to_string()),
        ),
        Ok(SourceSpec::None) => finding(
            say::CHECKED_CAMERA,
            Verdict::Ok,
            CameraState::Elsewhere.said(),
        ),
        Ok(other) => finding(
            say::CHECKED_CAMERA,
            Verdict::Ok,
            say::pictures_come_from(other.to_string()),
        ),
    }
}

fn clock(context: &Context) -> Finding {
    let now = context.clock.now().wall;
    let text = now.format("%Y-%m-%d %H:%M:%S %:z").to_string();
    // What somebody stated says nothing about this clock.
    let latest = Store::open_read_only(context.data_dir()).and_then(|store| store.latest_seen());
    if let Some(latest) = latest.ok().flatten().filter(|latest| *latest > now) {
        let latest = latest.format("%Y-%m-%d %H:%M:%S");
        let detail = say::clock_before_punch(text, latest.to_string());
        return finding(say::CHECKED_CLOCK, Verdict::Bad, detail);
    }
    if now.year() < YEAR_OF_ROLLCALL {
        return finding(say::CHECKED_CLOCK, Verdict::Bad, say::clock_cannot_be(text));
    }
    if context.clock.is_synchronised() {
        finding(
            say::CHECKED_CLOCK,
            Verdict::Ok,
            say::clock_synchronised(text),
        )
    } else {
        finding(
            say::CHECKED_CLOCK,
            Verdict::Warning,
            say::clock_doubtful(text),
        )
    }
}
