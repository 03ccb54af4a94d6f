//! The live screen: preview, faces, today's table and the log.

use crate::say;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use rollcall_messages::Said as _;
use rollcall_messages::Text;

use super::Behaviour;
use crate::View;
use crate::app::{Action, App, intend};
use crate::app::{Enrolling, Pane};
use crate::command::{self, Command, Deed};
use crate::enrol_form::{ConsentQuestion, FormStep};
use crate::input::Key;
use crate::pin_entry::PinStep;
use crate::screen::Screen;
use crate::widgets::hints::{ALL, ESC, FIND, HELP_KEY, Hint, K, PAGES, YES_OR_NO, c, d, go};
use crate::widgets::{
    AttendanceTable, Detail, EnrolFormPanel, EnrolProgress, Explain, Faces, LogLines, Preview,
    panel, rows_for_width, today_title,
};
use chrono::NaiveDateTime;
use rollcall_core::event::Intent;
use rollcall_core::frame::Moment;
use rollcall_protocol::ModeView;
use rollcall_protocol::PreviewMode;
use rollcall_protocol::StationView;

/// From this width on, preview and table stand side by side.
const SIDE_BY_SIDE: u16 = 64;
/// From this height on, they stand one above the other in a narrower window.
const STACKED: u16 = 20;
/// Least width of the preview, frame included, beside the table.
const LEAST_PREVIEW_WIDTH: u16 = 28;
/// Least height of the list of faces, frame included.
const LEAST_FACES_HEIGHT: u16 = 4;

const LIVE: &[Hint] = &[
    (c(Command::Enrol), say::HINT_ENROL, 1),
    (go(Screen::People), say::PEOPLE, 2),
    (go(Screen::Attendance), say::HINT_TABLE, 3),
    (go(Screen::Review), say::REVIEW, 5),
    (go(Screen::Camera), say::CAMERA, 6),
    (go(Screen::Log), say::LOG, 4),
    (go(Screen::Settings), say::SETTINGS, 6),
    (go(Screen::Doctor), say::DOCTOR, 7),
    (go(Screen::Charts), say::CHARTS, 8),
    (go(Screen::Calibration), say::CALIBRATION, 9),
    (go(Screen::Audit), say::AUDIT, 9),
    (FIND, say::HINT_FIND, 6),
    (c(Command::Explain), say::HINT_WHY, 7),
    (c(Command::NextPreview), say::HINT_PREVIEW, 5),
    (c(Command::Undo), say::HINT_UNDO, 8),
    (ALL, say::HINT_ALL, 1),
    (HELP_KEY, say::HELP, 0),
    (c(Command::Back), say::QUIT, 0),
];

const FORM: &[Hint] = &[
    (K("Enter"), say::HINT_START, 0),
    (K("Tab"), say::HINT_NEXT_FIELD, 1),
    (ESC, say::HINT_CLOSE, 0),
    (PAGES, say::HINT_OTHER_FACE, 2),
    (K("Ctrl-N"), say::HINT_WAIT_FACE, 3),
];

const ENROLLING: &[Hint] = &[
    (ESC, say::HINT_CALL_OFF, 0),
    (c(Command::NextPreview), say::HINT_PREVIEW, 1),
];

const CONFIRMING: &[Hint] = &[
    (d(Deed::Yes), say::HINT_SAVE, 1),
    (ESC, say::HINT_CANCEL, 1),
];

/// Camera, today and log; where people are enrolled and type their PIN.
pub(super) struct Live;

impl Behaviour for Live {
    fn name(&self) -> Text {
        say::LIVE
    }

    fn draw(&self, frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
        if area.width >= SIDE_BY_SIDE {
            draw_side_by_side(frame, view, area);
        } else if area.height >= STACKED {
            draw_stacked(frame, view, area);
        } else {
            draw_one_pane(frame, view, area);
        }
    }

    fn hints(&self, view: View<'_>) -> &'static [Hint] {
        match (&view.app.enrolling, view.station.mode()) {
            (Enrolling::Form(form), _) if form.consent == ConsentQuestion::Now => YES_OR_NO,
            (Enrolling::Form(_), _) => FORM,
            (_, ModeView::Enrolling(_)) => ENROLLING,
            (_, ModeView::Confirming(_)) => CONFIRMING,
            _ => LIVE,
        }
    }

    fn key(
        &self,
        app: &mut App,
        key: Key,
        station: &StationView,
        now: &Moment,
    ) -> Option<Vec<Action>> {
        if let Enrolling::Form(form) = &mut app.enrolling {
            return Some(match form.handle(key, station) {
                FormStep::Stay => Vec::new(),
                FormStep::Close => {
                    app.enrolling = Enrolling::No;
                    vec![intend(Intent::CancelEnrolment)]
                }
                FormStep::FindFace(intent) => vec![intend(intent)],
                FormStep::Submit(intent) => submit(app, intent),
            });
        }
        key_of_enrolment(app, key, station).or_else(|| key_at_home(app, key, now))
    }

    fn is_typing(&self, app: &App) -> bool {
        matches!(app.enrolling, Enrolling::Form(_))
    }

    fn is_asking(&self, app: &App) -> bool {
        let is_consent_asked = matches!(&app.enrolling, Enrolling::Form(form)
            if form.consent == ConsentQuestion::Now);
        is_consent_asked || app.asked.is_some()
    }

    fn paste(&self, app: &mut App, text: &str, _: &StationView) {
        if let Enrolling::Form(form) = &mut app.enrolling {
            form.paste(text);
        }
    }

    fn settle(&self, app: &mut App, station: &StationView, _: &Moment) {
        if let ModeView::Confirming(asked) = station.mode()
            && app.is_enrolling(station)
        {
            let taken_for = asked.taken_for.map(|other| other.person);
            app.asked = Some((asked.code.clone(), taken_for));
        }
        if let Enrolling::Form(form) = &mut app.enrolling {
            form.settle(station);
        }
    }
}

/// Does what `key` means while samples are taken or shown.
fn key_of_enrolment(app: &mut App, key: Key, station: &StationView) -> Option<Vec<Action>> {
    let is_back = key == Key::Esc || command::of_key(key) == Some(Command::Back);
    if !app.is_enrolling(station) {
        return None;
    }
    let intent = match station.mode() {
        ModeView::Enrolling(_) | ModeView::Confirming(_) if is_back => {
            app.enrolling = Enrolling::No;
            Intent::CancelEnrolment
        }
        ModeView::Confirming(_) if command::is_yes(key) => {
            // What was on the screen, even if something else is asked by now.
            let (code, another_than) = app.asked.clone()?;
            Intent::ConfirmEnrolment { code, another_than }
        }
        _ => return None,
    };
    Some(vec![intend(intent)])
}

fn key_at_home(app: &mut App, key: Key, now: &Moment) -> Option<Vec<Action>> {
    app.pin_problem = None;
    match app.pin.handle(key, now.monotonic) {
        PinStep::Pass => {}
        PinStep::Taken => return Some(Vec::new()),
        PinStep::Entered(Ok(pin)) => {
            return Some(vec![intend(Intent::EnterPin(pin))]);
        }
        PinStep::Entered(Err(problem)) => {
            app.pin_problem = Some(problem.said());
            return Some(Vec::new());
        }
    }
    match key {
        Key::Esc if app.explaining => app.explaining = false,
        Key::Tab | Key::Right => {
            app.pane = match app.pane {
                Pane::Camera => Pane::Today,
                Pane::Today => Pane::Log,
                Pane::Log => Pane::Camera,
            };
        }
        Key::BackTab | Key::Left => {
            app.pane = match app.pane {
                Pane::Camera => Pane::Log,
                Pane::Today => Pane::Camera,
                Pane::Log => Pane::Today,
            };
        }
        _ => return None,
    }
    Some(Vec::new())
}

fn submit(app: &mut App, intent: Intent<NaiveDateTime>) -> Vec<Action> {
    if let (Intent::Enrol { code, .. }, Enrolling::Form(form)) = (&intent, &app.enrolling) {
        app.enrolling = Enrolling::Submitted {
            form: form.clone(),
            code: code.clone(),
        };
    }
    vec![intend(intent)]
}

fn draw_side_by_side(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    // A preview wider than this would only get margins, so the table gets the room.
    let widest = (area.height.saturating_sub(LEAST_FACES_HEIGHT)) * 8 / 3;
    let width = (area.width * 45 / 100).min(widest).max(LEAST_PREVIEW_WIDTH);
    let [left, right] =
        Layout::horizontal([Constraint::Length(width), Constraint::Fill(1)]).areas(area);
    draw_camera(frame, view, left);
    let log_height = (right.height / 3).clamp(3, 12);
    let [top, bottom] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(log_height)]).areas(right);
    if view.app.explaining {
        frame.render_widget(&Explain(view), right);
    } else {
        draw_today(frame, view, top);
        draw_log(frame, view, bottom);
    }
    draw_enrolment(frame, view, right, top.height);
}

fn draw_stacked(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let preview_height = rows_for_width(view, area.width).min(area.height / 2) + LEAST_FACES_HEIGHT;
    let [top, middle, bottom] = Layout::vertical([
        Constraint::Length(preview_height),
        Constraint::Fill(1),
        Constraint::Length(area.height / 6 + 1),
    ])
    .areas(area);
    draw_camera(frame, view, top);
    let below = Rect {
        y: middle.y,
        height: area.bottom() - middle.y,
        ..area
    };
    if view.app.explaining {
        frame.render_widget(&Explain(view), below);
    } else {
        draw_today(frame, view, middle);
        draw_log(frame, view, bottom);
    }
    draw_enrolment(frame, view, below, middle.height);
}

/// A window too small for more than one thing: Tab changes which.
fn draw_one_pane(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let [tabs, pane] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let shown = if is_enrolling(view) {
        Pane::Camera
    } else {
        view.app.pane
    };
    draw_tabs(frame, view, shown, tabs);
    match shown {
        _ if view.app.explaining => frame.render_widget(&Explain(view), pane),
        Pane::Camera => frame.render_widget(&Preview(view), pane),
        Pane::Today => draw_today(frame, view, pane),
        Pane::Log => draw_log(frame, view, pane),
    }
    draw_enrolment(frame, view, area, 0);
}

fn draw_tabs(frame: &mut Frame<'_>, view: View<'_>, shown: Pane, area: Rect) {
    let theme = view.theme;
    let mut spans = vec![Span::styled("Tab ", theme.heading())];
    for (pane, name) in [
        (Pane::Camera, theme.t(say::CAMERA)),
        (Pane::Today, theme.t(say::TODAY)),
        (Pane::Log, theme.t(say::LOG)),
    ] {
        // Brackets, because a colour alone says nothing.
        spans.push(if pane == shown {
            Span::styled(format!("[{name}]"), theme.strong())
        } else {
            Span::styled(format!(" {name} "), theme.dim())
        });
    }
    frame.render_widget(Line::from(spans), area);
}

fn draw_camera(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let wanted = match view.app.preview {
        PreviewMode::Off => LEAST_FACES_HEIGHT + 1,
        _ => rows_for_width(view, area.width),
    };
    let height = wanted.min(area.height.saturating_sub(LEAST_FACES_HEIGHT));
    let [preview, faces] =
        Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area);
    frame.render_widget(&Preview(view), preview);
    frame.render_widget(&Faces(view), faces);
}

fn draw_today(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let block = panel(view.theme, &today_title(view));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let rows = view.station.today(&view.status.now);
    if rows.is_empty() {
        let words = view.theme.wrap(
            view.theme.t(say::NOBODY_ENROLLED_LIVE),
            usize::from(inner.width),
        );
        for (y, line) in (inner.y..inner.bottom()).zip(words) {
            frame.render_widget(Line::raw(line), Rect::new(inner.x, y, inner.width, 1));
        }
        return;
    }
    let table = AttendanceTable {
        view,
        rows: &rows,
        selected: None,
        detail: Detail::Glance,
    };
    frame.render_widget(&table, inner);
}

fn draw_log(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let block = panel(view.theme, view.theme.t(say::LOG));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let lines = LogLines {
        view,
        top: view.station.log().written(),
    };
    frame.render_widget(&lines, inner);
}

/// Draws the form or the progress over part of `area`, the preview stays in
/// sight: over the `table_height` lines of the table, which start at the top, or
/// without a table at the bottom.
fn draw_enrolment(frame: &mut Frame<'_>, view: View<'_>, area: Rect, table_height: u16) {
    let place = |needed: u16| {
        let height = needed.max(table_height).min(area.height);
        let y = match table_height {
            0 => area.bottom() - height,
            _ => area.y,
        };
        Rect { y, height, ..area }
    };
    if let Enrolling::Form(form) = &view.app.enrolling {
        let form = EnrolFormPanel { view, form };
        let place = place(form.height(area.width));
        frame.render_widget(&form, place);
        if let Some(cursor) = form.cursor(place) {
            frame.set_cursor_position(cursor);
        }
    } else if is_enrolling(view) {
        let progress = EnrolProgress(view);
        let place = place(progress.height(area.width));
        frame.render_widget(&progress, place);
    }
}

fn is_enrolling(view: View<'_>) -> bool {
    let is_idle = matches!(view.station.mode(), ModeView::Live | ModeView::Choosing(_));
    matches!(view.app.enrolling, Enrolling::Form(_)) || !is_idle
}
