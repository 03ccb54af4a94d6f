//! Charts: when people come, how much they work, how recognition goes.

use crate::say;
use rollcall_messages::Text;
use rollcall_messages::decimal;
use std::time::Duration;

use chrono::Timelike;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use super::Behaviour;
use super::draw_words;
use crate::View;
use crate::app::{Action, App};
use crate::input::Key;
use crate::screen::Screen;
use crate::widgets::hints::{ALL, ESC, HELP_KEY, Hint, go};
use crate::widgets::{Bars, hours, panel, sparkline};
use rollcall_core::frame::Moment;
use rollcall_protocol::{Question, StationView};

/// From this width on the charts stand two by two.
const TWO_BY_TWO: u16 = 100;

/// Quarter-hours of a day.
const QUARTERS: usize = 96;

const CHARTS: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (go(Screen::Attendance), say::HINT_TABLE, 2),
    (go(Screen::People), say::PEOPLE, 3),
    (ALL, say::HINT_ALL, 1),
    (HELP_KEY, say::HELP, 0),
];

/// Arrivals, weeks and how recognition goes.
pub(super) struct Charts;

impl Behaviour for Charts {
    fn name(&self) -> Text {
        say::CHARTS
    }

    fn draw(&self, frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
        let fill = Constraint::Fill(1);
        let places: [Rect; 4] = if area.width >= TWO_BY_TWO {
            let [top, bottom] = Layout::vertical([fill, fill]).areas(area);
            let [a, b] = Layout::horizontal([fill, fill]).areas(top);
            let [c, d] = Layout::horizontal([fill, fill]).areas(bottom);
            [a, b, c, d]
        } else {
            Layout::vertical([
                Constraint::Fill(2),
                Constraint::Fill(2),
                Constraint::Fill(2),
                fill,
            ])
            .areas(area)
        };
        draw_arrivals(frame, view, places[0]);
        draw_weeks(frame, view, places[1]);
        draw_recognitions(frame, view, places[2]);
        draw_frame_times(frame, view, places[3]);
    }

    fn hints(&self, _: View<'_>) -> &'static [Hint] {
        CHARTS
    }

    fn key(&self, _: &mut App, _: Key, _: &StationView, _: &Moment) -> Option<Vec<Action>> {
        None
    }

    fn due(&self, app: &mut App, station: &StationView) -> Option<Question> {
        app.weeks.due(station).map(Question::Report)
    }
}

fn chart(frame: &mut Frame<'_>, view: View<'_>, title: &str, area: Rect) -> Rect {
    let block = panel(view.theme, title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

fn draw_arrivals(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let theme = view.theme;
    let inner = chart(frame, view, theme.t(say::CHART_ARRIVALS), area);
    let mut counts = [0u64; QUARTERS];
    for row in view.station.today(&view.status.now) {
        if let Some(at) = row.report.first_in {
            counts[(at.hour() * 4 + at.minute() / 15) as usize] += 1;
        }
    }
    let (Some(first), Some(last)) = (
        counts.iter().position(|count| *count > 0),
        counts.iter().rposition(|count| *count > 0),
    ) else {
        return draw_words(frame, view, theme.t(say::CHART_NOBODY_CAME), inner);
    };
    // Whole hours around those who came, as many as there is room for.
    let from = first / 4 * 4;
    let room = usize::from(inner.width).max(4);
    let to = ((last / 4 + 1) * 4)
        .max(from + 16)
        .min(from + room)
        .min(QUARTERS);
    let bars = Bars {
        theme,
        values: counts[from..to].to_vec(),
        label: &|index| {
            let quarter = from + index;
            quarter
                .is_multiple_of(4)
                .then(|| format!("{:02}", quarter / 4))
        },
        say: &|value| value.to_string(),
    };
    frame.render_widget(&bars, inner);
}

fn draw_weeks(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let theme = view.theme;
    let inner = chart(frame, view, theme.t(say::CHART_HOURS), area);
    let weeks = match view.app.weeks.shown() {
        None => return draw_words(frame, view, theme.t(say::READING_RECORDS), inner),
        Some(Err(error)) => return draw_words(frame, view, &theme.sentence(error), inner),
        Some(Ok(weeks)) => weeks,
    };
    let values: Vec<u64> = weeks.iter().map(|(_, worked)| worked.as_secs()).collect();
    let bars = Bars {
        theme,
        values,
        label: &|index| Some(format!("{:02}", weeks[index].0.week)),
        say: &|seconds| hours(Duration::from_secs(seconds)),
    };
    frame.render_widget(&bars, inner);
}

fn draw_recognitions(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let theme = view.theme;
    let title = theme.t(say::CHART_BY_MINUTE);
    let inner = chart(frame, view, title, area);
    let minutes = view.app.trends.minutes(view.status.now.monotonic);
    let room = usize::from(inner.width).saturating_sub(theme_label(view).1);
    let shown = &minutes[minutes.len().saturating_sub(room)..];
    let recognised: Vec<u64> = shown.iter().map(|m| m.recognised.into()).collect();
    let refused: Vec<u64> = shown.iter().map(|m| m.refused.into()).collect();
    let most = recognised.iter().chain(&refused).copied().max();
    let (labels, width) = theme_label(view);
    let rows = [
        (labels.0, recognised, theme.good()),
        (labels.1, refused, theme.bad()),
    ];
    for (y, (label, values, style)) in (inner.y..inner.bottom()).zip(rows) {
        let total: u64 = values.iter().sum();
        let line = Line::styled(
            format!(
                "{label:<width$}{}",
                sparkline(&values, most.unwrap_or(0), theme)
            ),
            style,
        );
        frame.render_widget(
            line,
            Rect::new(inner.x, y * 2 - inner.y, inner.width, 1).intersection(inner),
        );
        let sum = Line::styled(format!("{:<width$}{total}", ""), theme.dim());
        frame.render_widget(
            sum,
            Rect::new(inner.x, y * 2 - inner.y + 1, inner.width, 1).intersection(inner),
        );
    }
}

/// The two labels of the recognitions, and their width with a gap.
fn theme_label(view: View<'_>) -> ((&'static str, &'static str), usize) {
    let labels = (
        view.theme.t(say::CHART_RECOGNISED),
        view.theme.t(say::CHART_REFUSED),
    );
    let width = crate::text::width(labels.0).max(crate::text::width(labels.1));
    (labels, width + 1)
}

fn draw_frame_times(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let theme = view.theme;
    let inner = chart(frame, view, theme.t(say::CHART_FRAME_TIME), area);
    let times = view.app.trends.frame_times();
    let Some(most) = times.iter().max() else {
        return draw_words(frame, view, theme.t(say::CHART_NO_FRAME), inner);
    };
    let room = usize::from(inner.width);
    let shown = &times[times.len().saturating_sub(room)..];
    let mut lines = vec![Line::styled(
        sparkline(shown, *most, theme),
        theme.heading(),
    )];
    let millis = |micros: u64| decimal(micros as f64 / 1000.0, 1);
    let mut sorted = shown.to_vec();
    sorted.sort_unstable();
    let words = theme.say(&say::chart_times(
        millis(sorted[sorted.len() / 2]),
        millis(*most),
    ));
    lines.push(Line::styled(theme.fit(&words, room), theme.dim()));
    for (y, line) in (inner.y..inner.bottom()).zip(lines) {
        frame.render_widget(line, Rect::new(inner.x, y, inner.width, 1));
    }
}
