//! The records for the dashboard, read and changed by a thread of its own: a month of
//! thousands of people takes its time, and neither keys nor pictures wait for it.

use std::io;
use std::path::PathBuf;

use anyhow::Result;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::review::{self, ReviewRules};
use crate::clock::Clock;
use crate::core::review::{ReviewDeed, Visitor};
use crate::core::worktime::period::PersonDays;
use crate::core::worktime::plan::WorkPlan;
use crate::store::{Author, EventFilter, Store};
use crate::ui::ReportQuery;

/// What the dashboard asks for.
#[derive(Debug)]
pub(super) enum Question {
    /// Everybody's days.
    Report(ReportQuery),
    /// Faces without a name.
    Visitors,
    /// To do something about them.
    Review(ReviewDeed),
}

/// What came of it, or why nothing did.
#[derive(Debug)]
pub(super) enum Answer {
    Report(ReportQuery, Result<Vec<PersonDays>, String>),
    Visitors(Result<Vec<Visitor>, String>),
    Reviewed(Result<String, String>),
}

/// What the thread needs to know.
#[derive(Debug, Clone)]
pub struct DeskRules {
    /// The folder of the records.
    pub data_dir: PathBuf,
    /// How hours are counted.
    pub work_plan: WorkPlan,
    /// What is checked when a face is given a name afterwards.
    pub review: ReviewRules,
}

/// Questions that may wait.
const WAITING: usize = 8;

/// The thread's other end.
#[derive(Debug)]
pub(super) struct RecordsDesk {
    questions: Sender<Question>,
    answers: Receiver<Answer>,
}

impl RecordsDesk {
    /// Starts the thread. It ends with this value.
    pub(super) fn start(rules: DeskRules, clock: Clock) -> io::Result<Self> {
        let (questions, asked) = bounded::<Question>(WAITING);
        let (answer, answers) = bounded(WAITING);
        std::thread::Builder::new()
            .name("records".into())
            .spawn(move || {
                while let Ok(question) = asked.recv() {
                    let found = rules.find(question, clock);
                    if answer.send(found).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self { questions, answers })
    }

    /// Asks; whether there is room for the question.
    pub(super) fn ask(&self, question: Question) -> bool {
        self.questions.try_send(question).is_ok()
    }

    /// The answers that have come.
    pub(super) fn answers(&self) -> Vec<Answer> {
        self.answers.try_iter().collect()
    }
}

impl DeskRules {
    fn find(&self, question: Question, clock: Clock) -> Answer {
        let in_words = |error: anyhow::Error| format!("{error:#}");
        match question {
            Question::Report(query) => {
                Answer::Report(query, self.report(query, clock).map_err(in_words))
            }
            Question::Visitors => {
                let found = Store::open_read_only(&self.data_dir)
                    .map_err(anyhow::Error::from)
                    .and_then(|store| review::visitors(&store));
                Answer::Visitors(found.map_err(in_words))
            }
            Question::Review(deed) => Answer::Reviewed(self.review(&deed, clock).map_err(in_words)),
        }
    }

    fn report(&self, query: ReportQuery, clock: Clock) -> Result<Vec<PersonDays>> {
        let ReportQuery { from, to } = query;
        let store = Store::open_read_only(&self.data_dir)?;
        let filter = EventFilter {
            from: Some(from),
            to: Some(to),
            code: None,
        };
        Ok(store.days(&filter, &self.work_plan, &clock.now().wall)?)
    }

    fn review(&self, deed: &ReviewDeed, clock: Clock) -> Result<String> {
        let mut store = Store::open(&self.data_dir)?;
        let at = clock.now().wall;
        match deed {
            ReviewDeed::Ignore { sightings, by } => {
                store.ignore_sightings(sightings, Author { name: by, at })?;
                Ok(format!(
                    "{} ignored; their faces are erased",
                    sightings.len()
                ))
            }
            ReviewDeed::Delete { sightings, by } => {
                store.delete_sightings(sightings, Author { name: by, at })?;
                Ok(format!("{} erased", sightings.len()))
            }
            ReviewDeed::Assign(assignment) => {
                let told = review::assign(&mut store, assignment, &self.review, at)?;
                Ok(told.join("; "))
            }
        }
    }
}
