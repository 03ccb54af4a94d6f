//! The records for the dashboard, read and changed by a thread of its own: a month of
//! thousands of people takes its time, and neither keys nor pictures wait for it.

use std::io;
use std::sync::Arc;

use chrono::{DateTime, Days, FixedOffset};
use crossbeam_channel::{Sender, bounded};

use super::configured::Configured;
use super::hub::Hub;
use super::{said, say};
use rollcall_camera::SourceSpec;
use rollcall_cases::people::Changed;
use rollcall_cases::review::{self, Assigned};
use rollcall_cases::{CaseError, Context, Outcome, calibration, doctor, export, people, settings};
use rollcall_core::event::CommandId;
use rollcall_core::person::{PersonCode, PersonName};
use rollcall_core::review::ReviewDeed;
use rollcall_core::worktime::period::PersonDays;
use rollcall_messages::Message;
use rollcall_picture as picture;
use rollcall_protocol::{
    Answer, Asked, Done, PageKind, PageLine, PersonChange, PersonDeed, PersonFile, Question,
    Refusal, RefusalCode, Reply, ReportQuery, SettingChange, TemplateFacts,
};
use rollcall_store::{Author, EventFilter, Store};
use rollcall_system::clock::Clock;

/// What the thread needs to know.
#[derive(Clone)]
pub struct DeskRules {
    /// The station, with its settings as they are in use.
    pub context: Context,
    /// Where its pictures come from.
    pub source: SourceSpec,
}

/// Questions that may wait.
const WAITING: usize = 8;

/// Lines of the audit trail that are shown.
const AUDIT_LINES: u32 = 500;

/// Days of a person that are shown.
const PERSON_DAYS: Days = Days::new(34);

/// Pictures of a person that are shown.
const PERSON_PICTURES: usize = 8;

/// Something for the thread to do.
enum Errand {
    /// To answer a question.
    Answer(CommandId, Box<Question>),
    /// To read the configuration again.
    Reload,
    /// To see whether the station would start with the configuration as it is, and to have it
    /// started again if it would.
    Restart(CommandId, String),
}

/// The thread's other end.
pub(crate) struct RecordsDesk {
    errands: Sender<(Hub, Errand)>,
}

impl RecordsDesk {
    /// Starts the thread. It ends with this value.
    pub(crate) fn start(mut rules: DeskRules, clock: Clock) -> io::Result<Self> {
        let (errands, waiting) = bounded::<(Hub, Errand)>(WAITING);
        std::thread::Builder::new()
            .name("records".into())
            .spawn(move || {
                for (hub, errand) in waiting {
                    rules.run(&hub, errand, clock);
                }
            })?;
        Ok(Self { errands })
    }

    /// Asks; the answer goes to who has given the command.
    pub(crate) fn ask(&self, hub: &Hub, id: CommandId, question: Question) -> Result<(), Refusal> {
        self.send(hub, Errand::Answer(id, Box::new(question)))
    }

    /// Has the station started again, unless its configuration would not let it.
    pub(crate) fn restart(&self, hub: &Hub, id: CommandId, by: String) -> Result<(), Refusal> {
        self.send(hub, Errand::Restart(id, by))
    }

    fn send(&self, hub: &Hub, errand: Errand) -> Result<(), Refusal> {
        self.errands
            .try_send((hub.clone(), errand))
            .map_err(|_| Refusal::new(RefusalCode::Busy, say::RECORDS_BUSY))
    }

    /// Reads the configuration again; whether there was room for that.
    pub(crate) fn reload(&self, hub: &Hub) -> bool {
        self.errands.try_send((hub.clone(), Errand::Reload)).is_ok()
    }
}

/// Whether it is a demonstration, which has a folder of its own and asks nobody.
fn is_demo(source: &SourceSpec) -> bool {
    matches!(source, SourceSpec::Demo { .. })
}

/// Whether the configuration is another when this is done.
fn changes_rules(question: &Question) -> bool {
    matches!(
        question,
        Question::ChangeSetting(_) | Question::WriteThreshold(_)
    )
}

impl DeskRules {
    fn run(&mut self, hub: &Hub, errand: Errand, clock: Clock) {
        match errand {
            Errand::Answer(id, question) => {
                let changes_rules = changes_rules(&question);
                let answer = self.find(*question, clock);
                // The rules first: who is answered finds them in use.
                if changes_rules && matches!(answer, Ok(Answer::Done(Ok(_)))) {
                    self.reload(hub);
                }
                hub.reply(
                    id,
                    match answer {
                        Ok(answer) => Reply::Answer(answer),
                        Err(error) => Reply::Refused(error.refusal()),
                    },
                );
            }
            Errand::Reload => self.reload(hub),
            Errand::Restart(id, by) => match self.may_restart(&by, clock) {
                Ok(()) => hub.restart(id),
                Err(error) => hub.reply(id, Reply::Refused(error.refusal())),
            },
        }
    }

    /// Takes on what a running station can of the configuration as it is now.
    fn reload(&mut self, hub: &Hub) {
        let read = self.context.read_config().and_then(|read| {
            let mut context = self.context.clone();
            context.config = read.taken_on_by(&self.context.config);
            let configured = Configured::of(&context, &self.source)?;
            Ok((context, configured))
        });
        hub.reconfigure(read.map(|(context, configured)| {
            // Reports and reviews go by the same rules as the station.
            self.context = context;
            configured
        }));
    }

    fn may_restart(&self, by: &str, clock: Clock) -> Result<(), CaseError> {
        let config = settings::startable(&self.context)?;
        let source = &config.camera.source;
        let is_other = *source != self.context.config.camera.source;
        if is_other && is_demo(&source.parse()?) != is_demo(&self.source) {
            return Err(CaseError::OtherFolder);
        }
        let at = clock.now().wall;
        let author = Author { name: by, at };
        let mut store = self.context.store_to_change()?;
        Ok(store.note(author, "station.restart", "station", "")?)
    }

    fn find(&self, question: Question, clock: Clock) -> Result<Answer, CaseError> {
        let now = clock.now().wall;
        Ok(match question {
            Question::Report(query) => Answer::Report(query, Ok(self.report(query, &now)?)),
            Question::Visitors => {
                Answer::Visitors(Ok(review::visitors(&self.context.store_to_read()?)?))
            }
            Question::Page(kind) => Answer::Page(kind, Ok(self.page(kind)?)),
            Question::Person(code) => Answer::Person(Box::new(Ok(self.person(&code, &now)?))),
            Question::Settings => Answer::Settings(Ok(settings::shown_rows(&self.context)?)),
            Question::Review(deed) => self.review(deed, now)?,
            Question::ChangePerson(deed) => self.change_person(deed, now)?,
            Question::ChangeSetting(change) => self.change_setting(change, now)?,
            Question::WriteThreshold(shown) => done(self.write_threshold(&shown)?),
            Question::Export(ReportQuery { from, to }) => {
                let export::Exported { rows, path } =
                    export::to_data_folder(from, to, &self.context)?;
                done(rollcall_cases::say::rows_written(
                    rows,
                    path.display().to_string(),
                ))
            }
        })
    }

    fn report(
        &self,
        query: ReportQuery,
        now: &DateTime<FixedOffset>,
    ) -> Result<Vec<PersonDays>, CaseError> {
        let filter = EventFilter {
            from: Some(query.from),
            to: Some(query.to),
            code: None,
        };
        let plan = self.context.work_plan()?;
        Ok(self.context.store_to_read()?.days(&filter, &plan, now)?)
    }

    fn page(&self, kind: PageKind) -> Result<Vec<PageLine>, CaseError> {
        match kind {
            PageKind::Doctor => {
                let findings = doctor::examine(&self.context).into_iter();
                Ok(findings.map(doctor::Finding::line).collect())
            }
            PageKind::Calibration => {
                let report = calibration::measure(calibration::TARGET, &self.context)?;
                Ok(calibration::lines(&report))
            }
            PageKind::Audit => {
                let entries = self
                    .context
                    .store_to_read()?
                    .audit_trail(AUDIT_LINES)?
                    .into_iter();
                let lines = entries.map(|entry| PageLine {
                    health: None,
                    // To the second, in the time of the station.
                    term: Message::verbatim(
                        entry.at.get(..19).unwrap_or(&entry.at).replace('T', " "),
                    ),
                    words: Message::verbatim(
                        [entry.actor, entry.action, entry.subject, entry.detail]
                            .into_iter()
                            .filter(|part| !part.is_empty())
                            .collect::<Vec<_>>()
                            .join("  "),
                    ),
                    is_drawn: false,
                });
                Ok(lines.collect())
            }
        }
    }

    fn person(
        &self,
        code: &PersonCode,
        now: &DateTime<FixedOffset>,
    ) -> Result<PersonFile, CaseError> {
        let store = self.context.store_to_read()?;
        let row = store.person_row(code)?;
        let data = store.person_data(code)?;
        let pictures: Vec<&str> = data
            .templates
            .iter()
            .filter_map(|template| template.picture.as_deref())
            .collect();
        let shown = pictures.iter().take(PERSON_PICTURES).filter_map(|path| {
            let bytes = store.picture(path).ok()?;
            let image = picture::decode(&bytes, std::path::Path::new(path)).ok()?;
            Some(Arc::new(image))
        });
        let plan = self.context.work_plan()?;
        let today = plan.policy.local_day(now);
        let filter = EventFilter {
            from: today.checked_sub_days(PERSON_DAYS),
            to: Some(today),
            code: Some(code.clone()),
        };
        Ok(PersonFile {
            code: code.clone(),
            name: store.person(code)?.name,
            active: row.active,
            team: row.team,
            consent_at: row.consent_at,
            has_pin: row.has_pin,
            enrolled_at: row.created_at,
            last_seen: row.last_seen,
            templates: data
                .templates
                .iter()
                .map(|template| TemplateFacts {
                    kind: template.kind.word().into(),
                    made: template
                        .created_at
                        .get(..10)
                        .and_then(|day| day.parse().ok()),
                })
                .collect(),
            pictures: shown.collect(),
            picture_count: pictures.len(),
            days: store.days(&filter, &plan, now)?.into_iter().next(),
        })
    }

    fn change_person(
        &self,
        deed: PersonDeed,
        at: DateTime<FixedOffset>,
    ) -> Result<Answer, CaseError> {
        let mut store = Store::open_existing(self.context.data_dir())?;
        Ok(
            match people::change(&self.context, &mut store, &deed, at)? {
                Outcome::Done(changed) => Answer::Done(Ok(person_changed(&deed, changed))),
                Outcome::Asks(agreement) => {
                    let agreed = Question::ChangePerson(deed).agreed();
                    Answer::Asks(Box::new(Asked { agreement, agreed }))
                }
            },
        )
    }

    /// Writes what the operator has seen, not what has come out of it since.
    fn write_threshold(&self, shown: &[PageLine]) -> Result<Message, CaseError> {
        let setting = calibration::write_shown(&self.context, shown)?;
        let path = self.context.config_file().path;
        Ok(rollcall_cases::say::threshold_written(
            setting.to_string(),
            path.display().to_string(),
        ))
    }

    fn change_setting(
        &self,
        change: SettingChange,
        at: DateTime<FixedOffset>,
    ) -> Result<Answer, CaseError> {
        let changed = match settings::change(&self.context, &change, at)? {
            Outcome::Done(changed) => changed,
            Outcome::Asks(agreement) => {
                let agreed = Question::ChangeSetting(change).agreed();
                return Ok(Answer::Asks(Box::new(Asked { agreement, agreed })));
            }
        };
        let SettingChange { section, key, .. } = &change;
        let said = &changed.said;
        Ok(Answer::Done(Ok(Done {
            said: if changed.is_in_use {
                say::setting_in_use(section.as_str(), key.as_str(), said.as_str())
            } else {
                say::setting_at_next_start(section.as_str(), key.as_str(), said.as_str())
            },
            undo: Some(Question::ChangeSetting(changed.undo)),
            needs_restart: !changed.is_in_use,
        })))
    }

    fn review(&self, deed: ReviewDeed, at: DateTime<FixedOffset>) -> Result<Answer, CaseError> {
        let mut store = Store::open_existing(self.context.data_dir())?;
        let said = match &deed {
            ReviewDeed::Ignore { sightings, by } => {
                store.ignore_sightings(sightings, Author { name: by, at })?;
                say::faces_ignored(sightings.len())
            }
            ReviewDeed::Delete { sightings, by } => {
                store.delete_sightings(sightings, Author { name: by, at })?;
                say::faces_erased(sightings.len())
            }
            ReviewDeed::Assign(assignment) => {
                let mut rules = self.context.review_rules()?;
                rules.consent_required &= !is_demo(&self.source);
                match review::assign(&mut store, assignment, &rules, at)? {
                    Outcome::Done(assigned) => said::all(told(&assigned)),
                    Outcome::Asks(agreement) => {
                        let agreed = Question::Review(deed).agreed();
                        return Ok(Answer::Asks(Box::new(Asked { agreement, agreed })));
                    }
                }
            }
        };
        Ok(Answer::Reviewed(Ok(said)))
    }
}

/// What was done, and cannot be taken back by a question.
fn done(said: Message) -> Answer {
    Answer::Done(Ok(Done {
        said,
        undo: None,
        needs_restart: false,
    }))
}

/// What was changed about a person, in words, and what takes it back.
fn person_changed(deed: &PersonDeed, changed: Changed) -> Done {
    let code = &deed.code;
    let undo = |change| {
        Some(Question::ChangePerson(PersonDeed {
            change,
            is_agreed: false,
            ..deed.clone()
        }))
    };
    let (said, undo) = match changed {
        Changed::Renamed { person, before } => (
            say::person_renamed(code, &person.name),
            // One that is older than today's rules cannot be given again.
            PersonName::parse(before.as_str())
                .ok()
                .and_then(|before| undo(PersonChange::Rename(before))),
        ),
        Changed::Active(person) => (
            say::person_recognised_again(code, &person.name),
            undo(PersonChange::Active(false)),
        ),
        Changed::Inactive { person, .. } => (
            say::person_recognised_no_more(code, &person.name),
            undo(PersonChange::Active(true)),
        ),
        Changed::Consented(_) if deed.change == PersonChange::Consent => {
            (say::person_has_agreed(code), None)
        }
        Changed::Consented(day) => (say::person_agreed_on(code, day.to_string()), None),
        Changed::ExpectedFrom(day) => (say::person_expected_from(code, day.to_string()), None),
        Changed::Team(Some(team)) => (say::person_in_team(code, team), None),
        Changed::Team(None) => (say::person_in_no_team(code), None),
        Changed::HasPin(_) => (say::person_has_pin(code), None),
        Changed::HasNoPin => (say::person_has_no_pin(code), None),
        Changed::Forgotten(forgotten) => (say::templates_forgotten(forgotten), None),
        Changed::Erased { receipt, .. } => (
            say::erased_person(
                code,
                receipt.templates,
                receipt.pictures,
                receipt.events_kept,
            ),
            None,
        ),
    };
    Done {
        said,
        undo,
        needs_restart: false,
    }
}

/// Who was seen and what came of it, a sentence each.
pub fn told(assigned: &Assigned) -> Vec<Message> {
    let name = &assigned.person.name;
    let mut told = Vec::new();
    if let Some((direction, at)) = assigned.punch {
        let time = at.format("%H:%M:%S").to_string();
        told.push(say::punch_was_added(name, direction.text(), time));
    }
    if let Some(sighting) = assigned.sample {
        told.push(say::face_is_sample(sighting, name));
    }
    let (count, code) = (assigned.sightings, &assigned.person.code);
    told.push(say::sightings_were(count, name, code));
    told
}

#[cfg(test)]
pub(crate) mod tests;
