//! Who came and went: today live, and any day, week or month.

use crate::say;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::draw_filter;
use crate::View;
use crate::command::Deed;
use crate::reports::Period;
use crate::widgets::{
    AttendanceTable, CorrectionFormPanel, Detail, PersonReport, ReportTable, panel, today_title,
};
use rollcall_core::person::PersonId;

/// From this height on, the selected person's days stand below a report.
const WITH_DETAIL: u16 = 18;

pub(super) fn draw(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
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
        _ if !view.app.attendance.filter.is_empty() => view
            .theme
            .t(say::NOBODY_MATCHES)
            .to_owned(),
        _ if reports.who.words().is_some() => view
            .theme
            .say(&say::nobody_shown(&Deed::Only.label())),
        _ if view.station.people().next().is_none() => {
            view.theme.t(say::NOBODY_ENROLLED).to_owned()
        }
        _ => view
            .theme
            .t(say::NOBODY_CAME_NOR_EXPECTED)
            .to_owned(),
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
