//! Which days of whom the attendance screen shows.
//!
//! Today is what the station knows. Other days are read from the database, which takes
//! its time: [`Reports`] says what it needs ([`Reports::due`]) and shows what came last.

use crate::language::DateForm;
use crate::say;
use chrono::{Datelike, Days, Months, NaiveDate};
use rollcall_messages::{Message, Text};

use super::command::Deed;
use super::input::Key;
use super::listing::passes;
use super::period::Period;
use super::text;
use super::theme::Theme;
use rollcall_core::attendance::AttendanceEvent;
use rollcall_core::frame::Moment;
use rollcall_core::person::PersonId;
use rollcall_core::today::TodayRow;
use rollcall_core::worktime::period::PersonDays;
use rollcall_core::worktime::totals::IsoWeek;
use rollcall_core::worktime::{DayReport, DayState};
use rollcall_protocol::{ReportQuery, StationView};

/// Who is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Who {
    #[default]
    Everybody,
    In,
    Late,
    Absent,
    /// Whose hours somebody has to look at.
    ToLookAt,
}

/// What the attendance screen shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reports {
    pub(crate) period: Period,
    pub(crate) who: Who,
    /// The day of the period that is marked; today until another is chosen.
    anchor: Option<NaiveDate>,
    /// What was asked last, and how many lines the log had then.
    asked: Option<(ReportQuery, u64)>,
    answer: Option<(ReportQuery, Result<Vec<PersonDays>, Message>)>,
}

impl Reports {
    /// Does what `key` means for the choice of days and people; `false` if nothing.
    pub(crate) fn handle(&mut self, key: Key, today: NaiveDate) -> bool {
        match key {
            Key::Tab => self.period = self.period.next(),
            Key::BackTab => self.period = self.period.next().next().next(),
            Key::Left => self.step(today, |day, _| day.pred_opt()),
            Key::Right => self.step(today, |day, _| day.succ_opt()),
            key => match Deed::of(key) {
                Some(Deed::StepBack) => self.step(today, Self::earlier),
                Some(Deed::StepForward) => self.step(today, Self::later),
                Some(Deed::Only) => self.who = self.who.next(),
                _ => return false,
            },
        }
        true
    }

    /// The day that is marked, which the keys act on.
    pub(crate) fn marked(&self, today: NaiveDate) -> NaiveDate {
        match self.period {
            Period::Today => today,
            _ => self.anchor.unwrap_or(today),
        }
    }

    /// The days that are shown, unless they are today's.
    pub(crate) fn query(&self, today: NaiveDate) -> Option<ReportQuery> {
        let day = self.marked(today);
        let (from, to) = match self.period {
            Period::Today => return None,
            Period::Day => (day, day),
            Period::Week => {
                let monday = day.week(chrono::Weekday::Mon);
                (monday.first_day(), monday.last_day())
            }
            Period::Month => {
                let first = day.with_day(1).unwrap_or(day);
                let next = first.checked_add_months(Months::new(1));
                (first, next.and_then(|next| next.pred_opt()).unwrap_or(day))
            }
        };
        Some(ReportQuery { from, to })
    }

    /// What has to be read now: nothing while an answer is awaited, and again when
    /// something has happened since.
    pub(crate) fn due(&mut self, station: &StationView) -> Option<ReportQuery> {
        let query = self.query(station.local_day())?;
        let written = station.log().written();
        if let Some((asked, lines)) = self.asked {
            let is_answered = self.answer.as_ref().is_some_and(|(of, _)| *of == asked);
            if asked == query && (!is_answered || lines == written) {
                return None;
            }
        }
        self.asked = Some((query, written));
        if self.answer.as_ref().is_some_and(|(of, _)| *of != query) {
            self.answer = None;
        }
        Some(query)
    }

    /// Takes an answer, unless other days have been chosen meanwhile.
    pub(crate) fn take(&mut self, query: ReportQuery, answer: Result<Vec<PersonDays>, Message>) {
        if self.asked.is_some_and(|(asked, _)| asked == query) {
            self.answer = Some((query, answer));
        }
    }

    /// What was read of the days that are shown; `None` until it is there.
    pub(crate) fn shown(&self, today: NaiveDate) -> Option<&Result<Vec<PersonDays>, Message>> {
        let query = self.query(today)?;
        let (of, answer) = self.answer.as_ref()?;
        (*of == query).then_some(answer)
    }

    /// The people of the report that pass the filter and the choice, by name.
    pub(crate) fn people(&self, today: NaiveDate, filter: &str) -> Vec<&PersonDays> {
        let wanted = text::folded(filter);
        let Some(Ok(people)) = self.shown(today) else {
            return Vec::new();
        };
        let mut people: Vec<_> = people
            .iter()
            .filter(|person| passes(&person.person, &wanted))
            .filter(|person| {
                self.who == Who::Everybody
                    || person.days.iter().any(|day| self.who.includes(&day.report))
            })
            .map(|person| (text::folded(person.person.name.as_str()), person))
            .collect();
        people.sort_by(|a, b| {
            a.0.cmp(&b.0)
                .then_with(|| a.1.person.code.cmp(&b.1.person.code))
        });
        people.into_iter().map(|(_, person)| person).collect()
    }

    /// The rows of one day, today's or another one's.
    pub(crate) fn rows<'a>(
        &'a self,
        station: &'a StationView,
        now: &Moment,
        filter: &str,
    ) -> Vec<TodayRow<'a>> {
        if self.period != Period::Today {
            let people = self.people(station.local_day(), filter).into_iter();
            return people.filter_map(row).collect();
        }
        let wanted = text::folded(filter);
        let mut rows = station.today(now);
        rows.retain(|row| passes(row.person, &wanted) && self.who.includes(&row.report));
        rows
    }

    /// The events of a person on the marked day.
    pub(crate) fn events_of(&self, person: PersonId, today: NaiveDate) -> Vec<AttendanceEvent> {
        let marked = self.marked(today);
        let Some(Ok(people)) = self.shown(today) else {
            return Vec::new();
        };
        let days = people.iter().filter(|days| days.person.id == person);
        let days = days.flat_map(|days| &days.days);
        let events = days
            .filter(|day| day.day == marked)
            .flat_map(|day| &day.events);
        events.cloned().collect()
    }

    /// The people shown, in order.
    pub(crate) fn ids(&self, station: &StationView, now: &Moment, filter: &str) -> Vec<PersonId> {
        match self.period {
            Period::Today | Period::Day => {
                let rows = self.rows(station, now, filter).into_iter();
                rows.map(|row| row.person.id).collect()
            }
            Period::Week | Period::Month => {
                let people = self.people(station.local_day(), filter).into_iter();
                people.map(|person| person.person.id).collect()
            }
        }
    }

    /// "week 48 · 23 Nov – 29 Nov 2026"
    pub(crate) fn title(&self, today: NaiveDate, theme: Theme) -> String {
        let Some(ReportQuery { from, to }) = self.query(today) else {
            return theme.day(today, DateForm::WeekdayDayMonthYear);
        };
        let days = match self.period {
            Period::Today | Period::Day => return theme.day(from, DateForm::WeekdayDayMonthYear),
            Period::Week => theme.say(&say::attendance_week(
                IsoWeek::of(from).to_string(),
                theme.marks().separator,
                theme.day(from, DateForm::DayMonth),
                theme.day(to, DateForm::DayMonthYear),
            )),
            Period::Month => theme.day(from, DateForm::MonthYear),
        };
        let marked = theme.day(self.marked(today), DateForm::WeekdayDayMonth);
        let separator = theme.marks().separator;
        format!(
            "{days} {separator} {}",
            theme.say(&say::attendance_marked(&marked))
        )
    }

    fn step(&mut self, today: NaiveDate, to: fn(NaiveDate, Period) -> Option<NaiveDate>) {
        if self.period == Period::Today {
            // From today the arrows lead to the days beside it.
            self.period = Period::Day;
            self.anchor = None;
        }
        let day = self.anchor.unwrap_or(today);
        let day = to(day, self.period).unwrap_or(day);
        self.anchor = (day < today).then_some(day);
    }

    fn earlier(day: NaiveDate, period: Period) -> Option<NaiveDate> {
        match period {
            Period::Today | Period::Day => day.pred_opt(),
            Period::Week => day.checked_sub_days(Days::new(7)),
            Period::Month => day.with_day(1)?.checked_sub_months(Months::new(1)),
        }
    }

    fn later(day: NaiveDate, period: Period) -> Option<NaiveDate> {
        match period {
            Period::Today | Period::Day => day.succ_opt(),
            Period::Week => day.checked_add_days(Days::new(7)),
            Period::Month => day.with_day(1)?.checked_add_months(Months::new(1)),
        }
    }
}

impl Period {
    fn next(self) -> Self {
        match self {
            Self::Today => Self::Day,
            Self::Day => Self::Week,
            Self::Week => Self::Month,
            Self::Month => Self::Today,
        }
    }
}

impl Who {
    fn next(self) -> Self {
        match self {
            Self::Everybody => Self::In,
            Self::In => Self::Late,
            Self::Late => Self::Absent,
            Self::Absent => Self::ToLookAt,
            Self::ToLookAt => Self::Everybody,
        }
    }

    /// What the title says; nothing of everybody.
    pub(crate) fn words(self) -> Option<Text> {
        match self {
            Self::Everybody => None,
            Self::In => Some(say::ONLY_IN),
            Self::Late => Some(say::ONLY_LATE),
            Self::Absent => Some(say::ONLY_ABSENT),
            Self::ToLookAt => Some(say::ONLY_TO_CHECK),
        }
    }

    fn includes(self, report: &DayReport) -> bool {
        match self {
            Self::Everybody => true,
            Self::In => report.state == DayState::In,
            Self::Late => !report.late.is_zero() || report.state == DayState::Overdue,
            Self::Absent => report.state == DayState::Absent,
            Self::ToLookAt => !report.flags.is_empty(),
        }
    }
}

fn row(person: &PersonDays) -> Option<TodayRow<'_>> {
    let day = person.days.first()?;
    Some(TodayRow {
        person: &person.person,
        report: day.report.clone(),
        last_event: day.events.iter().rev().find(|e| e.void.is_none()),
    })
}
