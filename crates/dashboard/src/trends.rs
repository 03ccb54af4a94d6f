//! What has happened lately, counted for the charts: how long frames took, and how many
//! faces were recognised and refused, and the hours of the last weeks.

use rollcall_messages::Message;
use std::collections::VecDeque;
use std::time::Duration;

use chrono::{Days, NaiveDate, Weekday};

use rollcall_core::notice::{LogEntry, Notice};
use rollcall_core::worktime::period::PersonDays;
use rollcall_core::worktime::totals::IsoWeek;
use rollcall_protocol::ReportQuery;
use rollcall_protocol::StationView;

/// Seconds of frame times that are kept.
const SECONDS: usize = 120;

/// Minutes of recognitions that are kept.
pub(crate) const MINUTES: usize = 60;

/// Faces of one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Minute {
    pub(crate) recognised: u32,
    pub(crate) refused: u32,
}

/// The counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trends {
    frame_times: VecDeque<u64>,
    last_second: Option<u64>,
    minutes: VecDeque<(u64, Minute)>,
}

impl Trends {
    /// Takes in how long a frame takes now.
    pub(crate) fn observe(&mut self, now: Duration, frame_time: Option<Duration>) {
        let second = now.as_secs();
        if let Some(time) = frame_time.filter(|_| self.last_second != Some(second)) {
            self.last_second = Some(second);
            if self.frame_times.len() == SECONDS {
                self.frame_times.pop_front();
            }
            let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
            self.frame_times.push_back(micros);
        }
    }

    /// Takes in an event.
    pub(crate) fn take(&mut self, entry: &LogEntry) {
        let minute = entry.at.monotonic.as_secs() / 60;
        match &entry.notice {
            Notice::Punched {
                similarity: Some(_),
                ..
            } => self.minute(minute).recognised += 1,
            Notice::NotRecognised { .. } => self.minute(minute).refused += 1,
            _ => {}
        }
    }

    /// Microseconds of the latest seconds, the newest last.
    pub(crate) fn frame_times(&self) -> Vec<u64> {
        self.frame_times.iter().copied().collect()
    }

    /// The last hour by minutes, the newest last.
    pub(crate) fn minutes(&self, now: Duration) -> [Minute; MINUTES] {
        let newest = now.as_secs() / 60;
        let mut shown = [Minute::default(); MINUTES];
        for (minute, counts) in &self.minutes {
            let ago = newest.saturating_sub(*minute) as usize;
            if ago < MINUTES {
                shown[MINUTES - 1 - ago] = *counts;
            }
        }
        shown
    }

    fn minute(&mut self, minute: u64) -> &mut Minute {
        if self.minutes.back().is_none_or(|(last, _)| *last < minute) {
            if self.minutes.len() == MINUTES {
                self.minutes.pop_front();
            }
            self.minutes.push_back((minute, Minute::default()));
        }
        let last = self.minutes.len() - 1;
        &mut self.minutes[last].1
    }
}

/// Weeks that are shown, the present one included.
const WEEKS: usize = 8;

/// The hours of the last weeks, read anew whenever something happened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weeks {
    asked: Option<(ReportQuery, u64)>,
    answer: Option<Result<Vec<(IsoWeek, Duration)>, Message>>,
}

impl Weeks {
    /// What has to be read now.
    pub(crate) fn due(&mut self, station: &StationView) -> Option<ReportQuery> {
        let written = station.log().written();
        let query = weeks_until(station.local_day());
        if let Some((asked, lines)) = self.asked {
            let is_awaited = self.answer.is_none();
            if asked == query && (is_awaited || lines == written) {
                return None;
            }
        }
        self.asked = Some((query, written));
        Some(query)
    }

    pub(crate) fn is_asked(&self, query: ReportQuery) -> bool {
        self.asked.is_some_and(|(asked, _)| asked == query)
    }

    pub(crate) fn take(&mut self, days: Result<Vec<PersonDays>, Message>) {
        let Some((query, _)) = self.asked else {
            return;
        };
        self.answer = Some(days.map(|people| {
            let mondays = query.from.iter_days().step_by(7).take(WEEKS);
            let mut weeks: Vec<_> = mondays
                .map(|monday| (IsoWeek::of(monday), Duration::ZERO))
                .collect();
            for day in people.iter().flat_map(|person| &person.days) {
                let of_day = IsoWeek::of(day.day);
                if let Some((_, hours)) = weeks.iter_mut().find(|(week, _)| *week == of_day) {
                    *hours += day.report.worked;
                }
            }
            weeks
        }));
    }

    /// Everybody's hours by weeks; nothing until they are read.
    pub(crate) fn shown(&self) -> Option<&Result<Vec<(IsoWeek, Duration)>, Message>> {
        self.answer.as_ref()
    }
}

fn weeks_until(today: NaiveDate) -> ReportQuery {
    let week = today.week(Weekday::Mon);
    let back = Days::new(7 * (WEEKS as u64 - 1));
    ReportQuery {
        from: week.first_day().checked_sub_days(back).unwrap_or(today),
        to: week.last_day(),
    }
}
