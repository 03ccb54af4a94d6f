//! The records for the dashboard, read and changed by a thread of its own: a month of
//! thousands of people takes its time, and neither keys nor pictures wait for it.

use crate::{said, say};
use rollcall_messages::Message;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use chrono::{DateTime, Days, FixedOffset, NaiveDate};
use crossbeam_channel::{Sender, bounded};

use super::Consent;
use super::hub::Hub;
use super::review::{self, ReviewRules};
use rollcall_camera::without_credentials;
use rollcall_config::applies_at_once;
use rollcall_core::event::CommandId;
use rollcall_core::person::{PersonCode, PersonName};
use rollcall_core::review::ReviewDeed;
use rollcall_core::station::Policies;
use rollcall_core::worktime::alteration::Alteration;
use rollcall_core::worktime::plan::WorkPlan;
use rollcall_picture as picture;
use rollcall_protocol::{
    Answer, Done, Facts, PageKind, PageLine, PersonChange, PersonDeed, PersonFile, Question,
    Refusal, RefusalCode, Reply, ReportQuery, SettingChange, SettingRow, TemplateFacts,
};
use rollcall_store::{Attendance, Author, EventFilter, Store};
use rollcall_system::clock::Clock;

/// Commands of the command line that the dashboard runs too.
pub trait DeskCommands: Send + Sync {
    /// What works and what does not.
    fn doctor(&self) -> Vec<PageLine>;
    /// What the threshold costs.
    ///
    /// # Errors
    /// If it cannot be measured.
    fn calibration(&self) -> Result<Vec<PageLine>>;
    /// Writes the proposed threshold into the configuration, and says so.
    ///
    /// # Errors
    /// If there is none or it cannot be written.
    fn write_threshold(&self) -> Result<Message>;
    /// Writes the attendance of some days into a file, and says where.
    ///
    /// # Errors
    /// If it cannot be read or written.
    fn export(&self, from: NaiveDate, to: NaiveDate) -> Result<Message>;
    /// The settings of the configuration file.
    ///
    /// # Errors
    /// If it cannot be read.
    fn settings(&self) -> Result<Vec<SettingRow>>;
    /// Reads the configuration again.
    ///
    /// # Errors
    /// If the station would refuse it.
    fn reconfiguration(&self) -> Result<Reconfiguration>;
    /// What it would do to days that have passed to change one of them; none is the default.
    ///
    /// # Errors
    /// If the station would refuse it or the records cannot be read.
    fn foresee(&self, change: &SettingChange) -> Result<Alteration>;
    /// Changes it, which alters the past as was foreseen and agreed to.
    ///
    /// # Errors
    /// If the station would refuse it or it cannot be written.
    fn set(&self, change: &SettingChange, alteration: &Alteration) -> Result<()>;
}

/// What the thread needs to know.
#[derive(Clone)]
pub struct DeskRules {
    /// The folder of the records.
    pub data_dir: PathBuf,
    /// How hours are counted.
    pub work_plan: WorkPlan,
    /// What is checked when a face is given a name afterwards.
    pub review: ReviewRules,
    /// What the command line does too.
    pub commands: Arc<dyn DeskCommands>,
}

/// What a running station takes on of a changed configuration.
pub struct Reconfiguration {
    /// The rules.
    pub policies: Policies,
    /// How hours are counted.
    pub work_plan: WorkPlan,
    /// What front ends are told.
    pub facts: Facts,
    /// Whether whoever is enrolled at the camera is asked.
    pub consent: Consent,
    /// Whether the faces of people without a name are kept.
    pub keeps_strangers: bool,
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
    Answer(CommandId, Question),
    /// To read the configuration again.
    Reload,
}

/// The thread's other end.
pub(crate) struct RecordsDesk {
    errands: Sender<(Hub, Errand)>,
}

impl RecordsDesk {
    /// Starts the thread. It ends with this value.
    pub(crate) fn start(rules: DeskRules, clock: Clock) -> io::Result<Self> {
        let (errands, waiting) = bounded::<(Hub, Errand)>(WAITING);
        std::thread::Builder::new()
            .name("records".into())
            .spawn(move || {
                for (hub, errand) in waiting {
                    match errand {
                        Errand::Answer(id, question) => {
                            let changes_rules = changes_rules(&question);
                            let answer = rules.find(question, clock);
                            // The rules first: who is answered finds them in use.
                            if changes_rules && matches!(answer, Answer::Done(Ok(_))) {
                                hub.reconfigure(rules.commands.reconfiguration());
                            }
                            hub.reply(id, Reply::Answer(answer));
                        }
                        Errand::Reload => hub.reconfigure(rules.commands.reconfiguration()),
                    }
                }
            })?;
        Ok(Self { errands })
    }

    /// Asks; the answer goes to who has given the command.
    pub(crate) fn ask(&self, hub: &Hub, id: CommandId, question: Question) -> Result<(), Refusal> {
        let errand = (hub.clone(), Errand::Answer(id, question));
        self.errands
            .try_send(errand)
            .map_err(|_| Refusal::new(RefusalCode::Busy, say::RECORDS_BUSY))
    }

    /// Reads the configuration again; whether there was room for that.
    pub(crate) fn reload(&self, hub: &Hub) -> bool {
        self.errands.try_send((hub.clone(), Errand::Reload)).is_ok()
    }
}

/// Whether the configuration is another when this is done.
fn changes_rules(question: &Question) -> bool {
    matches!(
        question,
        Question::ChangeSetting(_) | Question::WriteThreshold(_)
    )
}

impl DeskRules {
    fn find(&self, question: Question, clock: Clock) -> Answer {
        let now = clock.now().wall;
        let in_words = |error: anyhow::Error| said::of(&error);
        let done = |said: Result<Message>| {
            Answer::Done(said.map(|said| Done { said, undo: None }).map_err(in_words))
        };
        match question {
            Question::Report(query) => {
                Answer::Report(query, self.report(query, &now).map_err(in_words))
            }
            Question::Visitors => {
                let found = self.store().and_then(|store| review::visitors(&store));
                Answer::Visitors(found.map_err(in_words))
            }
            Question::Page(kind) => Answer::Page(kind, self.page(kind).map_err(in_words)),
            Question::Person(code) => {
                Answer::Person(Box::new(self.person(&code, &now).map_err(in_words)))
            }
            Question::Settings => {
                let rows = self.commands.settings();
                let rows = rows.map(|rows| rows.into_iter().map(for_an_audience).collect());
                Answer::Settings(rows.map_err(in_words))
            }
            Question::Review(deed) => Answer::Reviewed(self.review(&deed, now).map_err(in_words)),
            Question::ChangePerson(deed) => {
                Answer::Done(self.change_person(&deed, now).map_err(in_words))
            }
            Question::ChangeSetting(change) => self
                .change_setting(&change, now)
                .unwrap_or_else(|error| Answer::Done(Err(in_words(error)))),
            Question::WriteThreshold(shown) => done(self.write_threshold(&shown)),
            Question::Export(ReportQuery { from, to }) => done(self.commands.export(from, to)),
        }
    }

    fn store(&self) -> Result<Store> {
        Ok(Store::open_read_only(&self.data_dir)?)
    }

    fn report(
        &self,
        query: ReportQuery,
        now: &DateTime<FixedOffset>,
    ) -> Result<Vec<rollcall_core::worktime::period::PersonDays>> {
        let filter = EventFilter {
            from: Some(query.from),
            to: Some(query.to),
            code: None,
        };
        Ok(self.store()?.days(&filter, &self.work_plan, now)?)
    }

    fn page(&self, kind: PageKind) -> Result<Vec<PageLine>> {
        match kind {
            PageKind::Doctor => Ok(self.commands.doctor()),
            PageKind::Calibration => self.commands.calibration(),
            PageKind::Audit => {
                let entries = self.store()?.audit_trail(AUDIT_LINES)?.into_iter();
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

    fn person(&self, code: &PersonCode, now: &DateTime<FixedOffset>) -> Result<PersonFile> {
        let store = self.store()?;
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
        let today = self.work_plan.policy.local_day(now);
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
            days: store
                .days(&filter, &self.work_plan, now)?
                .into_iter()
                .next(),
        })
    }

    fn change_person(&self, deed: &PersonDeed, at: DateTime<FixedOffset>) -> Result<Done> {
        let PersonDeed { code, change, by } = deed;
        let author = Author { name: by, at };
        let mut store = Store::open_existing(&self.data_dir)?;
        let undo = |change| {
            Some(Question::ChangePerson(PersonDeed {
                code: code.clone(),
                change,
                by: by.clone(),
            }))
        };
        Ok(match change {
            PersonChange::Rename(name) => {
                let before = store.person(code)?.name;
                let person = store.rename(code, name, author)?;
                Done {
                    said: say::person_renamed(code, &person.name),
                    // One that is older than today's rules cannot be given again.
                    undo: PersonName::parse(before.as_str())
                        .ok()
                        .and_then(|before| undo(PersonChange::Rename(before))),
                }
            }
            PersonChange::Active(true) => Done {
                said: say::person_recognised_again(code, &store.activate(code, author)?.name),
                undo: undo(PersonChange::Active(false)),
            },
            PersonChange::Active(false) => Done {
                said: say::person_recognised_no_more(code, &store.deactivate(code, author)?.name),
                undo: undo(PersonChange::Active(true)),
            },
            PersonChange::Consent => {
                store.set_consent(code, at.date_naive(), author)?;
                Done {
                    said: say::person_has_agreed(code),
                    undo: None,
                }
            }
            PersonChange::Pin(Some(pin)) => {
                store.set_pin(code, pin, author)?;
                Done {
                    said: say::person_has_pin(code),
                    undo: None,
                }
            }
            PersonChange::Pin(None) => {
                store.clear_pin(code, author)?;
                Done {
                    said: say::person_has_no_pin(code),
                    undo: None,
                }
            }
            PersonChange::ForgetAdaptive => {
                let forgotten = store.forget_adaptive(Some(code), author)?;
                Done {
                    said: say::templates_forgotten(forgotten),
                    undo: None,
                }
            }
            PersonChange::Erase => {
                let receipt = store.erase_person(code, Attendance::KeepsCode, author)?;
                Done {
                    said: say::erased_person(
                        code,
                        receipt.templates,
                        receipt.pictures,
                        receipt.events_kept,
                    ),
                    undo: None,
                }
            }
        })
    }

    /// Writes what the operator has seen, not what has come out of it since.
    fn write_threshold(&self, shown: &[PageLine]) -> Result<Message> {
        if self.commands.calibration()? != shown {
            bail!(Message::from(say::CALIBRATION_CHANGED));
        }
        self.commands.write_threshold()
    }

    fn change_setting(&self, change: &SettingChange, at: DateTime<FixedOffset>) -> Result<Answer> {
        let SettingChange {
            section,
            key,
            value,
            by,
            is_agreed,
        } = change;
        let alteration = self.commands.foresee(change)?;
        if !alteration.is_none() && !is_agreed {
            return Ok(Answer::AltersThePast(change.clone(), alteration));
        }
        let before = self
            .commands
            .settings()?
            .into_iter()
            .find(|setting| setting.section == *section && setting.key == *key)
            .ok_or_else(|| Message::from(say::NO_SUCH_SETTING))?;
        self.commands.set(change, &alteration)?;
        let said = value.as_ref().unwrap_or(&before.default);
        let said = &without_credentials(said);
        Store::open_existing(&self.data_dir)?.note(
            Author { name: by, at },
            "config.set",
            &format!("{section}.{key}"),
            said,
        )?;
        let undo = (before.value != before.default).then(|| before.value.clone());
        Ok(Answer::Done(Ok(Done {
            said: if applies_at_once(section, key) {
                say::setting_in_use(section, key, said)
            } else {
                say::setting_at_next_start(section, key, said)
            },
            undo: Some(Question::ChangeSetting(SettingChange {
                value: undo,
                is_agreed: false,
                ..change.clone()
            })),
        })))
    }

    fn review(&self, deed: &ReviewDeed, at: DateTime<FixedOffset>) -> Result<Message> {
        let mut store = Store::open_existing(&self.data_dir)?;
        match deed {
            ReviewDeed::Ignore { sightings, by } => {
                store.ignore_sightings(sightings, Author { name: by, at })?;
                Ok(say::faces_ignored(sightings.len()))
            }
            ReviewDeed::Delete { sightings, by } => {
                store.delete_sightings(sightings, Author { name: by, at })?;
                Ok(say::faces_erased(sightings.len()))
            }
            ReviewDeed::Assign(assignment) => {
                let told = review::assign(&mut store, assignment, &self.review, at)?;
                Ok(said::all(told))
            }
        }
    }
}

/// An address may hold a password, and the screen may have an audience.
fn for_an_audience(mut setting: SettingRow) -> SettingRow {
    setting.value = without_credentials(&setting.value);
    setting
}

#[cfg(test)]
pub(crate) mod tests;
