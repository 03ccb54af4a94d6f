//! What works at a station, what does not, and what to do about it.

mod heads;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use chrono::Datelike;
use nix::sys::statvfs::statvfs;
use serde::Serialize;

use rollcall_camera::{SourceSpec, usb};
use rollcall_core::clock_repair::ClockSpan;
use rollcall_core::person::{Person, PersonId};
use rollcall_core::plausible::YEAR_OF_ROLLCALL;
use rollcall_protocol::{Health, PageLine};
use rollcall_store::{
    ChainReport, Store, StoreError, latest_backup, made_at, readable_by_others, restore_leftovers,
};

use self::heads::Heads;
use crate::context::Context;
use crate::error::CaseError;
use crate::networks::{ModelsInUse, embedder_id};
use crate::past;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub what: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What there is to say, and what to do.
    pub detail: String,
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
            term: self.what.to_owned(),
            words: self.detail,
            is_drawn: false,
        }
    }
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
        let detail = format!(
            "{} has the mode {mode:03o}: others than its owner can read it",
            path.display()
        );
        findings.push(finding("privacy", Verdict::Warning, detail));
    }
    for path in restore_leftovers(context.data_dir()) {
        let detail = format!(
            "{} holds what an interrupted restore has unpacked; the next start removes it",
            path.display()
        );
        findings.push(finding("privacy", Verdict::Warning, detail));
    }
    findings.push(backup(context));
    findings.push(disk(context.data_dir()));
    findings.push(camera(context));
    findings.push(clock(context));
    findings
}

fn finding(what: &'static str, verdict: Verdict, detail: impl Into<String>) -> Finding {
    Finding {
        what,
        verdict,
        detail: detail.into(),
    }
}

fn models(context: &Context) -> Vec<Finding> {
    let manifest = match context.manifest() {
        Ok(manifest) => manifest,
        Err(error) => return vec![finding("models", Verdict::Bad, format!("{error}"))],
    };
    let used = match ModelsInUse::of(&context.config, &manifest) {
        Ok(used) => used,
        Err(error) => return vec![finding("models", Verdict::Bad, format!("{error}"))],
    };
    let mut findings = Vec::new();
    for (entry, result) in manifest.models().iter().zip(manifest.verify()) {
        let in_use = used.contains(entry);
        match result.problem {
            None if in_use => {
                findings.push(finding(
                    "model",
                    Verdict::Ok,
                    format!("{} ({})", entry.title, entry.file),
                ));
            }
            None => {}
            Some(problem) => {
                let verdict = if in_use {
                    Verdict::Bad
                } else {
                    Verdict::Warning
                };
                findings.push(finding("model", verdict, problem));
            }
        }
    }
    findings
}

fn database(context: &Context) -> Vec<Finding> {
    match Store::open_read_only(context.data_dir()) {
        Err(StoreError::Missing { path }) => {
            let detail = format!("none yet; {} is made at the first start", path.display());
            vec![finding("database", Verdict::Warning, detail)]
        }
        Err(error) => {
            let mut findings = vec![finding("database", Verdict::Bad, error.to_string())];
            if let StoreError::ForeignSchema { .. } = error
                && let Ok(report) = Store::trail_of_changed(context.data_dir())
            {
                findings.push(chain_finding(report));
            }
            findings
        }
        Ok(store) => match inspect(&store, context) {
            Ok(findings) => findings,
            Err(error) => vec![finding("database", Verdict::Bad, format!("{error}"))],
        },
    }
}

fn inspect(store: &Store, context: &Context) -> Result<Vec<Finding>, CaseError> {
    store.check()?;
    let people = store.everybody()?;
    let active = people.iter().filter(|p| p.active).count();
    let detail = format!(
        "{} is sound; {active} active people of {}",
        store.path().display(),
        people.len()
    );
    let mut findings = vec![finding("database", Verdict::Ok, detail)];
    findings.extend(trail(store)?);
    findings.extend(heads(store, context)?);
    findings.extend(wrong_pins(store)?);
    findings.extend(impossible_times(store, &people, context)?);
    findings.extend(settings(store, context));
    if let Some(key) = store.key_place()? {
        let detail = format!(
            "templates and pictures are encrypted with the key in {}",
            key.path.display()
        );
        findings.push(finding("encryption", Verdict::Ok, detail));
    }
    for problem in store.picture_problems()? {
        findings.push(finding("picture", Verdict::Warning, problem));
    }
    let Some(model) = embedder_id(context) else {
        return Ok(findings);
    };
    let gallery = store.load_gallery(&model)?;
    for skipped in &gallery.skipped {
        let detail = format!(
            "template {} cannot be used: {}",
            skipped.id.0, skipped.reason
        );
        findings.push(finding("template", Verdict::Warning, detail));
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
        let detail =
            format!("known to another embedder only, run `rollcall people re-embed`: {codes}");
        findings.push(finding("people", Verdict::Warning, detail));
    }
    if !lost.is_empty() {
        let codes = codes(&lost);
        let detail = format!("without a template that can be used, enrol them again: {codes}");
        findings.push(finding("people", Verdict::Warning, detail));
    }
    Ok(findings)
}

/// Whether the trail goes on from what the backups have seen.
fn heads(store: &Store, context: &Context) -> Result<Option<Finding>, CaseError> {
    Ok(match heads::compare(store, context)? {
        Heads::NoneRead => None,
        Heads::Hold(backups) => Some(finding(
            "trail",
            Verdict::Ok,
            format!("it goes on from the end that {backups} backups have noted"),
        )),
        Heads::Broken(detail) => Some(finding("trail", Verdict::Bad, detail)),
    })
}

/// Whether somebody is trying PINs.
fn wrong_pins(store: &Store) -> Result<Option<Finding>, CaseError> {
    let tries = store.pin_tries()?;
    let Some(at) = tries.last_at.filter(|_| tries.wrong >= MANY_WRONG_PINS) else {
        return Ok(None);
    };
    let detail = format!(
        "{} wrong PINs were tried, the last at {}; the audit trail has all of them",
        tries.wrong,
        at.format("%Y-%m-%d %H:%M:%S")
    );
    Ok(Some(finding("pin", Verdict::Warning, detail)))
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
        let code = code.map_or_else(|| "a deleted person".to_owned(), |p| p.code.to_string());
        let detail = format!(
            "event {} of {code} ({}) is at {}, which cannot be; take it back with \
             `attendance void {}`",
            event.id.0,
            event.source,
            event.at.format("%Y-%m-%d %H:%M"),
            event.id.0
        );
        findings.push(finding("times", Verdict::Warning, detail));
    }
    Ok(findings)
}

/// Whether days are measured by settings that somebody has agreed to.
fn settings(store: &Store, context: &Context) -> Option<Finding> {
    match past::changed_settings(store, context) {
        Ok(None) => None,
        Ok(Some(changed)) if changed.is_harmless() => None,
        Ok(Some(changed)) => Some(finding("settings", Verdict::Warning, changed.advice())),
        Err(error) => Some(finding("settings", Verdict::Bad, format!("{error}"))),
    }
}

fn chain_finding(report: ChainReport) -> Finding {
    match report.broken {
        None => finding(
            "trail",
            Verdict::Ok,
            format!(
                "{} records of the audit trail fit together; the last is {:.16}",
                report.records, report.head
            ),
        ),
        Some(broken) => finding("trail", Verdict::Bad, broken.to_string()),
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
            .map(|(batch, events)| format!("batch {batch}: {events}"))
            .collect();
        let detail = format!(
            "events made with a doubtful clock ({}); see `attendance repair-clock`",
            words.join(", ")
        );
        findings.push(finding("times", Verdict::Warning, detail));
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
            "backup",
            Verdict::Warning,
            format!("none in {}", folder.display()),
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
                "backup",
                verdict,
                format!("the newest in {} is {hours} h old", folder.display()),
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
            "disk",
            Verdict::Bad,
            format!("cannot ask about {}: {error}", existing.display()),
        ),
        Ok(fs) => {
            let free = fs.blocks_available() * fs.fragment_size();
            let verdict = if free < LITTLE_SPACE_BYTES {
                Verdict::Bad
            } else {
                Verdict::Ok
            };
            finding(
                "disk",
                verdict,
                format!("{} MB free at {}", free >> 20, data_dir.display()),
            )
        }
    }
}

fn camera(context: &Context) -> Finding {
    let source = &context.config.camera.source;
    let cameras = usb::list();
    let names: Vec<&str> = cameras.iter().map(|c| c.name.as_str()).collect();
    match source.parse::<SourceSpec>() {
        Err(error) => finding("camera", Verdict::Bad, error.to_string()),
        Ok(SourceSpec::Usb(_)) if cameras.is_empty() => finding(
            "camera",
            Verdict::Bad,
            "no camera was found; plug one in, or try --demo",
        ),
        Ok(SourceSpec::Usb(_)) => finding("camera", Verdict::Ok, names.join(", ")),
        Ok(SourceSpec::Replay(path)) if !path.exists() => finding(
            "camera",
            Verdict::Bad,
            format!("{} is not there", path.display()),
        ),
        Ok(other) => finding("camera", Verdict::Ok, format!("pictures come from {other}")),
    }
}

fn clock(context: &Context) -> Finding {
    let now = context.clock.now().wall;
    let text = now.format("%Y-%m-%d %H:%M:%S %:z");
    // What somebody stated says nothing about this clock.
    let latest = Store::open_read_only(context.data_dir()).and_then(|store| store.latest_seen());
    if let Some(latest) = latest.ok().flatten().filter(|latest| *latest > now) {
        let latest = latest.format("%Y-%m-%d %H:%M:%S");
        let detail = format!(
            "{text} is before the latest punch that the station saw, at {latest}; set the clock"
        );
        return finding("clock", Verdict::Bad, detail);
    }
    if now.year() < YEAR_OF_ROLLCALL {
        return finding(
            "clock",
            Verdict::Bad,
            format!("{text} cannot be; set the clock"),
        );
    }
    if context.clock.is_synchronised() {
        finding("clock", Verdict::Ok, format!("{text}, synchronised"))
    } else {
        finding(
            "clock",
            Verdict::Warning,
            format!("{text}; no time server keeps it, so punches are marked as doubtful"),
        )
    }
}
