//! Who came and went: today live, and any day, week or month.

use crate::say;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use rollcall_messages::Text;

use super::Behaviour;
use super::draw_filter;
use crate::View;
use crate::app::{Action, App, intend};
use crate::command::Deed;
use crate::correcting::{Correcting, FormKey};
use crate::correction_form::CorrectionForm;
use crate::input::Key;
use crate::period::Period;
use crate::widgets::hints::{ALL, ESC, FILTER, FIND, HELP_KEY, Hint, K, PAGES, d};
use crate::widgets::{
    AttendanceTable, CorrectionFormPanel, Detail, PersonReport, ReportTable, panel, today_title,
};
use rollcall_core::event::Intent;
use rollcall_core::frame::Moment;
use rollcall_core::person::PersonId;
use rollcall_protocol::{Question, StationView};

/// From this height on, the selected person's days stand below a report.
const WITH_DETAIL: u16 = 18;

const TABLE: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (d(Deed::Correct), say::HINT_CORRECT, 2),
    (K("Tab"), say::HINT_PERIOD, 2),
    (K("Left/Right"), say::DAY, 3),
    (K("< >"), say::HINT_EARLIER_LATER, 4),
    (d(Deed::Only), say::HINT_WHO, 3),
    (d(Deed::Export), say::HINT_EXPORT, 3),
    (FIND, say::FILTER_LABEL, 4),
    (PAGES, say::HINT_SCROLL, 5),
    (ALL, say::HINT_ALL, 4),
    (HELP_KEY, say::HELP, 0),
];

const CORRECTION: &[Hint] = &[
    (K("Enter"), say::HINT_CHECK_AND_SIGN, 0),
    (K("Tab"), say::HINT_NEXT_LINE, 1),
    (K("Left/Right"), say::HINT_CHOOSE, 2),
    (ESC, say::HINT_CLOSE, 0),
];

/// Today, or the days of a report.
pub(super) struct Attendance;

impl Behaviour for Attendance {
    fn name(&self) -> Text {
        say::ATTENDANCE
    }

    fn draw(&self, frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
        let block = panel(view.theme, &title(view));
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let [periods, filter, body] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Fill(1),
        ])
        .areas(inner);
        draw_periods(frame, view, periods);
        let listing = &view.app.attendance;
        draw_filter(frame, view, &listing.filter, filter);
        match view.app.reports.period {
            Period::Today | Period::Day => draw_day(frame, view, body),
            Period::Week | Period::Month => draw_report(frame, view, body),
        }
        draw_form(frame, view, area);
    }

    fn hints(&self, view: View<'_>) -> &'static [Hint] {
        if view.app.correcting.form().is_some() {
            CORRECTION
        } else if view.app.attendance.filter.is_typing() {
            FILTER
        } else {
            TABLE
        }
    }

    fn key(
        &self,
        app: &mut App,
        key: Key,
        station: &StationView,
        now: &Moment,
    ) -> Option<Vec<Action>> {
        // A form that comes back with a refusal takes no keys that are meant elsewhere.
        match app.correcting.handle(key, station) {
            FormKey::NoForm => {}
            FormKey::Taken => return Some(Vec::new()),
            FormKey::Submitted(draft) => {
                return Some(vec![intend(Intent::Correct(Box::new(draft)))]);
            }
        }
        let filter = app.attendance.filter.text();
        let rows = app.reports.ids(station, now, filter);
        if !app.attendance.filter.is_typing() {
            match Deed::of(key) {
                Some(Deed::Correct) => {
                    correct(app, &rows, station);
                    return Some(Vec::new());
                }
                Some(Deed::Export) => return Some(vec![app.export(station)]),
                _ if app.reports.handle(key, station.local_day()) => return Some(Vec::new()),
                _ => {}
            }
        }
        app.attendance.handle(key, &rows).then(Vec::new)
    }

    fn is_typing(&self, app: &App) -> bool {
        app.correcting.form().is_some() || app.attendance.filter.is_typing()
    }

    fn paste(&self, app: &mut App, text: &str, _: &StationView) {
        match &mut app.correcting {
            Correcting::Form(form) => form.paste(text),
            _ => app.attendance.filter.paste(text),
        }
    }

    fn due(&self, app: &mut App, station: &StationView) -> Option<Question> {
        app.reports.due(station).map(Question::Report)
    }

    fn settle(&self, app: &mut App, station: &StationView, now: &Moment) {
        let filter = app.attendance.filter.text();
        let rows = app.reports.ids(station, now, filter);
        app.attendance.settle(&rows);
    }

    fn enter(&self, app: &mut App) {
        app.reports.period = Period::Today;
    }
}

/// Opens the form for the marked day of the selected person, whether there is anything
/// in it or not, or says why it cannot be opened.
fn correct(app: &mut App, rows: &[PersonId], station: &StationView) {
    if matches!(app.correcting, Correcting::Submitted { .. }) {
        return app.notice(say::CORRECTION_SAVING);
    }
    let Some(person) = app.attendance.selected(rows) else {
        return app.notice(say::NOBODY_TO_CORRECT);
    };
    let today = station.local_day();
    let events = match app.reports.period {
        Period::Today => station.events_of(person).to_vec(),
        Period::Day | Period::Week | Period::Month => app.reports.events_of(person, today),
    };
    let day = (app.reports.marked(today), events);
    let form = CorrectionForm::open(person, day, station, &app.options.operator);
    app.correcting = Correcting::Form(Box::new(form));
}

fn title(view: View<'_>) -> String {
    let reports = &view.app.reports;
    let separator = view.theme.marks().separator;
    let days = reports.title(view.station.local_day(), view.theme);
    let mut title = match reports.period {
        Period::Today => format!("{} {separator} {days}", today_title(view)),
        _ => days,
    };
    if let Some(words) = reports.who.words() {
        title = format!("{title} {separator} {}", view.theme.t(words));
    }
    title
}

/// `Tab [today] day  week  month`
fn draw_periods(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let theme = view.theme;
    let mut spans = vec![Span::styled("Tab ", theme.heading())];
    for (period, name) in [
        (Period::Today, theme.t(say::TODAY)),
        (Period::Day, theme.t(say::DAY)),
        (Period::Week, theme.t(say::WEEK)),
        (Period::Month, theme.t(say::MONTH)),
    ] {
        // Brackets, because a colour alone says nothing.
        spans.push(if period == view.app.reports.period {
            Span::styled(format!("[{name}]"), theme.strong())
        } else {
            Span::styled(format!(" {name} "), theme.dim())
        });
    }
    frame.render_widget(Line::from(spans), area);
}

fn draw_day(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let listing = &view.app.attendance;
    let filter = listing.filter.text();
    let rows = view
        .app
        .reports
        .rows(view.station, &view.status.now, filter);
    if rows.is_empty() {
        return draw_words(frame, view, area);
    }
    let ids: Vec<PersonId> = rows.iter().map(|row| row.person.id).collect();
    let widget = AttendanceTable {
        view,
        rows: &rows,
        selected: Some(listing.selected_row(&ids)),
        detail: Detail::Full,
    };
    frame.render_widget(&widget, area);
}

fn draw_report(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let listing = &view.app.attendance;
    let (reports, today) = (&view.app.reports, view.station.local_day());
    let people = reports.people(today, listing.filter.text());
    let (Some(query), false) = (reports.query(today), people.is_empty()) else {
        return draw_words(frame, view, area);
    };
    let detail_height = if area.height >= WITH_DETAIL {
        area.height / 3
    } else {
        0
    };
    let [table, detail] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(detail_height)]).areas(area);
    let ids: Vec<PersonId> = people.iter().map(|person| person.person.id).collect();
    let selected = listing.selected_row(&ids);
    let widget = ReportTable {
        view,
        query,
        people: &people,
        selected,
    };
    frame.render_widget(&widget, table);
    if let (Some(person), false) = (people.get(selected), detail.is_empty()) {
        frame.render_widget(&PersonReport { view, person }, detail);
    }
}

/// Why there is no row.
fn draw_words(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let reports = &view.app.reports;
    let words = match reports.shown(view.station.local_day()) {
        None if reports.period != Period::Today => view.theme.t(say::READING_RECORDS).to_owned(),
        Some(Err(error)) => view.theme.sentence(error),
        _ if !view.app.attendance.filter.is_empty() => view.theme.t(say::NOBODY_MATCHES).to_owned(),
        _ if reports.who.words().is_some() => {
            view.theme.say(&say::nobody_shown(Deed::Only.label()))
        }
        _ if view.station.people().next().is_none() => {
            view.theme.t(say::NOBODY_ENROLLED).to_owned()
        }
        _ => view.theme.t(say::NOBODY_CAME_NOR_EXPECTED).to_owned(),
    };
    let lines = view.theme.wrap(&words, usize::from(area.width));
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        let line = Line::styled(line, view.theme.dim());
        frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
    }
}

fn draw_form(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let Some(form) = view.app.correcting.form() else {
        return;
    };
    let form = CorrectionFormPanel { view, form };
    let height = form.height(area.width).min(area.height);
    let place = Rect {
        y: area.bottom() - height,
        height,
        ..area
    };
    frame.render_widget(&form, place);
    if let Some(cursor) = form.cursor(place) {
        frame.set_cursor_position(cursor);
    }
}
