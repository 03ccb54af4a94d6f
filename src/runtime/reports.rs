//! Past days for the dashboard, read by a thread of its own: a month of thousands of
//! people takes its time, and neither keys nor pictures wait for it.

use std::io;
use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::clock::Clock;
use crate::core::worktime::period::{PersonDays, measure};
use crate::core::worktime::plan::WorkPlan;
use crate::store::{EventFilter, Store, StoreError};
use crate::ui::ReportQuery;

/// What was asked, and what the days came to or why they could not be read.
pub(super) type Answer = (ReportQuery, Result<Vec<PersonDays>, String>);

/// The dashboard asks for one thing at a time, or for another instead.
const WAITING: usize = 4;

/// The thread's other end.
#[derive(Debug)]
pub(super) struct ReportDesk {
    questions: Sender<ReportQuery>,
    answers: Receiver<Answer>,
}

impl ReportDesk {
    /// Starts the thread. It ends with this value.
    pub(super) fn start(data_dir: PathBuf, plan: WorkPlan, clock: Clock) -> io::Result<Self> {
        let (questions, asked) = bounded::<ReportQuery>(WAITING);
        let (answer, answers) = bounded(WAITING);
        std::thread::Builder::new()
            .name("reports".into())
            .spawn(move || {
                while let Ok(first) = asked.recv() {
                    // Only the newest question is of interest.
                    let query = asked.try_iter().last().unwrap_or(first);
                    let days = read(&data_dir, &plan, clock, query).map_err(|e| e.to_string());
                    if answer.send((query, days)).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self { questions, answers })
    }

    /// Asks; whether there is room for the question.
    pub(super) fn ask(&self, query: ReportQuery) -> bool {
        self.questions.try_send(query).is_ok()
    }

    /// An answer, if one has come.
    pub(super) fn answer(&self) -> Option<Answer> {
        self.answers.try_iter().last()
    }
}

fn read(
    data_dir: &std::path::Path,
    plan: &WorkPlan,
    clock: Clock,
    query: ReportQuery,
) -> Result<Vec<PersonDays>, StoreError> {
    let ReportQuery { from, to } = query;
    let store = Store::open_read_only(data_dir)?;
    let filter = EventFilter {
        from: Some(from),
        to: Some(to),
        code: None,
    };
    let (people, events) = (store.everybody_ever()?, store.events(&filter)?);
    let mut days = measure(plan, people, events, (from, to), &clock.now().wall);
    days.retain(|person| person.person.active || !person.days.is_empty());
    Ok(days)
}
