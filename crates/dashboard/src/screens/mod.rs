//! The screens: what each means by a key, reads and shows, and where its parts go.
//!
//! A screen is a [`Behaviour`], implemented once in a file of its own. What it remembers is
//! the [`App`]'s: some share it, and it is there when the operator comes back.

mod attendance;
mod camera;
mod charts;
mod help;
mod kiosk;
mod live;
mod log;
mod page;
mod people;
mod person;
mod review;
mod settings;

use crate::say;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use rollcall_messages::Text;

use super::View;
use super::app::{Action, App};
use super::filter::Filter;
use super::input::Key;
use super::screen::Screen;
use super::text;
use super::widgets::hints::Hint;
use super::widgets::{DialogPanel, Hints, PalettePanel, StatusBar, TroubleBanner, WelcomeBanner};
use rollcall_core::frame::Moment;
use rollcall_protocol::{PageKind, Question, StationView};

/// What a screen is and does.
pub(crate) trait Behaviour {
    /// What the breadcrumb calls it.
    fn name(&self) -> Text;

    /// What it is about, behind its name.
    fn subject(&self, _: &App) -> Option<String> {
        None
    }

    /// Draws what it shows now.
    fn draw(&self, frame: &mut Frame<'_>, view: View<'_>, area: Rect);

    /// Which keys do what on it now.
    fn hints(&self, view: View<'_>) -> &'static [Hint];

    /// Does what `key` means on this screen; none if it means nothing special here.
    fn key(
        &self,
        app: &mut App,
        key: Key,
        station: &StationView,
        now: &Moment,
    ) -> Option<Vec<Action>>;

    /// Whether keys go into a text.
    fn is_typing(&self, _: &App) -> bool {
        false
    }

    /// Whether a yes or no is waited for.
    fn is_asking(&self, _: &App) -> bool {
        false
    }

    /// Takes a text that was pasted.
    fn paste(&self, _: &mut App, _text: &str, _: &StationView) {}

    /// What has to be read now.
    fn due(&self, _: &mut App, _: &StationView) -> Option<Question> {
        None
    }

    /// Ties what keys act on to what is drawn now.
    fn settle(&self, _: &mut App, _: &StationView, _: &Moment) {}

    /// The operator comes to it by a command.
    fn enter(&self, _: &mut App) {}

    /// The operator goes elsewhere.
    fn leave(&self, _: &mut App) {}

    /// Where Esc leads.
    fn behind(&self, _: &App) -> Screen {
        Screen::Live
    }
}

impl Screen {
    /// What it is and does.
    pub(crate) fn behaviour(self) -> &'static dyn Behaviour {
        match self {
            Self::Live => &live::Live,
            Self::People => &people::People,
            Self::Person => &person::Person,
            Self::Attendance => &attendance::Attendance,
            Self::Review => &review::ReviewScreen,
            Self::Calibration => &page::PageScreen(PageKind::Calibration),
            Self::Charts => &charts::Charts,
            Self::Log => &log::Log,
            Self::Audit => &page::PageScreen(PageKind::Audit),
            Self::Camera => &camera::Camera,
            Self::Settings => &settings::SettingsScreen,
            Self::Doctor => &page::PageScreen(PageKind::Doctor),
            Self::Help => &help::Help,
        }
    }
}

/// Below this the window shows only that it is too small.
const LEAST_WIDTH: u16 = 40;
const LEAST_HEIGHT: u16 = 12;

pub(super) fn draw(frame: &mut Frame<'_>, view: View<'_>) {
    let area = frame.area();
    if area.width < LEAST_WIDTH || area.height < LEAST_HEIGHT {
        return draw_too_small(frame, view);
    }
    if view.app.is_kiosk() {
        return kiosk::draw(frame, view);
    }
    if let Some(greeting) = view.app.greeting(&view.status.now) {
        return frame.render_widget(&WelcomeBanner { view, greeting }, area);
    }
    let banner = TroubleBanner(view);
    let [top, alarm, body, remark, bottom] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(banner.height()),
        Constraint::Fill(1),
        Constraint::Length(u16::from(view.app.remark.is_some())),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(&StatusBar(view), top);
    frame.render_widget(&banner, alarm);
    frame.render_widget(&Hints(view), bottom);
    view.app.screen.behaviour().draw(frame, view, body);
    draw_remark(frame, view, remark);
    if let Some(palette) = &view.app.palette {
        let panel = PalettePanel { view, palette };
        let place = panel.place(body);
        frame.render_widget(&panel, place);
        frame.set_cursor_position(panel.cursor(place));
    }
    if let Some(dialog) = DialogPanel::of(view) {
        frame.render_widget(&dialog, dialog.place(body));
    }
}

/// What came of the last deed.
fn draw_remark(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let theme = view.theme;
    let (words, style) = match &view.app.remark {
        Some(Ok(done)) => (done, theme.good()),
        Some(Err(problem)) => (problem, theme.bad()),
        None => return,
    };
    let words = theme.fit(&theme.sentence(words), usize::from(area.width));
    frame.render_widget(Line::styled(words, style), area);
}

/// Words in the place of what cannot be shown, broken into lines.
fn draw_words(frame: &mut Frame<'_>, view: View<'_>, words: &str, area: Rect) {
    let lines = view.theme.wrap(words, usize::from(area.width));
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        let line = Line::styled(line, view.theme.dim());
        frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
    }
}

fn draw_too_small(frame: &mut Frame<'_>, view: View<'_>) {
    let area = frame.area();
    let words = view.theme.say(&say::window_too_small(
        area.width,
        area.height,
        LEAST_WIDTH,
        LEAST_HEIGHT,
    ));
    let lines = view.theme.wrap(&words, usize::from(area.width));
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        Line::raw(line).render(Rect::new(area.x, y, area.width, 1), frame.buffer_mut());
    }
}

/// Draws the line of a list's filter, and the cursor while it is typed.
fn draw_filter(frame: &mut Frame<'_>, view: View<'_>, filter: &Filter, area: Rect) {
    let theme = view.theme;
    let label = format!("{} ", theme.t(say::FILTER_LABEL));
    let room = usize::from(area.width).saturating_sub(text::width(&label));
    let (shown, column) = filter.window(room);
    let value = if filter.is_empty() && !filter.is_typing() {
        Span::styled(theme.t(say::FILTER_HINT), theme.dim())
    } else {
        Span::raw(theme.text(shown).into_owned())
    };
    let label_style = if filter.is_typing() {
        theme.strong()
    } else {
        theme.dim()
    };
    let label_width = text::width(&label);
    let line = Line::from(vec![Span::styled(label, label_style), value]);
    frame.render_widget(line, area);
    if filter.is_typing() {
        let x =
            area.x + (label_width + column).min(usize::from(area.width.saturating_sub(1))) as u16;
        frame.set_cursor_position((x, area.y));
    }
}
