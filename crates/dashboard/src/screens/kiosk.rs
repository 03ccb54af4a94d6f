//! For the people at the door: a large picture, and who was just recognised.
//!
//! Nothing here can be operated but a badge reader; see `app/kiosk.rs`.

use crate::say;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;

use crate::colour::ColourDepth;
use crate::welcome::Greeting;
use crate::widgets::{Preview, draw_big, hours, state_word};
use crate::{View, text};
use rollcall_core::attendance::Direction;
use rollcall_core::worktime::{DayReport, DayState};

/// From this width on, picture and words stand side by side.
const SIDE_BY_SIDE: u16 = 70;

/// Lines of the words below the picture.
const WORDS_HEIGHT: u16 = 5;

pub(super) fn draw(frame: &mut Frame<'_>, view: View<'_>) {
    let area = frame.area();
    let [picture, words] = if area.width >= SIDE_BY_SIDE {
        Layout::horizontal([Constraint::Percentage(62), Constraint::Fill(1)]).areas(area)
    } else {
        let height = WORDS_HEIGHT.min(area.height);
        Layout::vertical([Constraint::Fill(1), Constraint::Length(height)]).areas(area)
    };
    frame.render_widget(&Preview(view), picture);
    match view.app.greeting(&view.status.now) {
        Some(greeting) => draw_greeting(frame, view, greeting, words),
        None => draw_waiting(frame, view, words),
    }
}

/// Who has just punched, and how the day stands.
fn draw_greeting(frame: &mut Frame<'_>, view: View<'_>, greeting: &Greeting, area: Rect) {
    let theme = view.theme;
    let style = match theme.depth {
        ColourDepth::Monochrome => Style::new().add_modifier(Modifier::REVERSED),
        _ => Style::new().fg(Color::White).bg(match greeting.direction {
            Direction::In => Color::Green,
            Direction::Out => Color::Blue,
        }),
    };
    frame.buffer_mut().set_style(area, style);
    let word = match greeting.direction {
        Direction::In => theme.t(say::WELCOME),
        Direction::Out => theme.t(say::GOODBYE),
    };
    let rows = view.station.today(&view.status.now);
    let row = rows.iter().find(|row| row.person.id == greeting.person);
    let state = row.map(|row| in_words(view, &row.report));
    let name = greeting.name.as_str();
    let first_name = name.split_whitespace().next().unwrap_or(name);
    draw_lines(
        frame,
        view,
        &[&[word], &[name, first_name]],
        &state.unwrap_or_default(),
        style.add_modifier(Modifier::BOLD),
        area,
    );
}

/// Nobody has just punched: the time, and what there is to say.
fn draw_waiting(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let theme = view.theme;
    let time = view.status.now.wall.format("%H:%M").to_string();
    let typed = view.app.pin.digits(view.status.now.monotonic);
    let (words, style) = match (&view.app.remark, &view.app.pin_problem) {
        (Some(Err(problem)), _) | (None, Some(problem)) => (theme.sentence(problem), theme.bad()),
        (Some(Ok(done)), _) => (theme.sentence(done), theme.good()),
        (None, None) if typed > 0 => ("*".repeat(typed.min(40)), theme.strong()),
        (None, None) => match &view.station.health.trouble {
            Some(trouble) => (theme.sentence(trouble), theme.bad()),
            None => (theme.t(say::LOOK_INTO_CAMERA).to_owned(), theme.normal()),
        },
    };
    let place = view.app.station_name();
    draw_lines(frame, view, &[&[&time], &[place]], &words, style, area);
}

/// Large lines one below the other, and a sentence below them.
fn draw_lines(
    frame: &mut Frame<'_>,
    view: View<'_>,
    large: &[&[&str]],
    sentence: &str,
    style: Style,
    area: Rect,
) {
    let theme = view.theme;
    let width = usize::from(area.width);
    let words = theme.wrap(sentence, width.saturating_sub(2));
    let words_height = (words.len() as u16).min(area.height.saturating_sub(large.len() as u16));
    let parts = area.height.saturating_sub(words_height) / (large.len() as u16).max(1);
    let mut y = area.y;
    for wordings in large {
        let place = Rect {
            y,
            height: parts,
            ..area
        };
        y += parts;
        let buf = frame.buffer_mut();
        let is_drawn = wordings
            .iter()
            .any(|words| draw_big(&theme.text(words), place, theme.charset, style, buf) > 0);
        if !is_drawn && let Some(words) = wordings.first() {
            let words = theme.fit(words, width);
            let x = place.x + (place.width - text::width(&words) as u16) / 2;
            buf.set_stringn(x, place.y + parts / 2, words, width, style);
        }
    }
    for (y, words) in (y..area.bottom()).zip(words) {
        let line = Line::styled(words, style).centered();
        frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
    }
}

/// "in since 08:02, 3 h 10 today"
fn in_words(view: View<'_>, report: &DayReport) -> String {
    let theme = view.theme;
    let state = match (report.state, report.first_in, report.last_out) {
        (DayState::In, Some(since), _) => {
            theme.say(&say::in_since(since.format("%H:%M").to_string()))
        }
        (DayState::Out, _, Some(since)) => {
            theme.say(&say::out_since(since.format("%H:%M").to_string()))
        }
        (state, ..) => theme.t(state_word(state)).to_owned(),
    };
    if report.worked.is_zero() {
        state
    } else {
        theme.say(&say::state_hours_today(&state, hours(report.worked)))
    }
}
