//! One person: pictures, templates, consent, PIN, and the last weeks.

use crate::language::DateForm;
use crate::say;
use chrono::{DateTime, FixedOffset};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;
use rollcall_messages::Text;

use super::Behaviour;
use super::draw_words;
use crate::View;
use crate::app::{Action, App, ask};
use crate::command::{Command, Deed};
use crate::input::Key;
use crate::person::PersonKey;
use crate::person::{Doing, Typing};
use crate::screen::Screen;
use crate::text;
use crate::theme::Theme;
use crate::widgets::hints::{ALL, ESC, HELP_KEY, Hint, PAGES, TYPING, YES_OR_NO, c, d};
use crate::widgets::{draw_picture, panel, times_and_remarks};
use rollcall_core::frame::Moment;
use rollcall_protocol::{PersonChange, PersonFile};
use rollcall_protocol::{Question, StationView};

/// Rows and columns of each picture, where there is room for pictures.
const PICTURE_HEIGHT: u16 = 8;
const PICTURE_WIDTH: u16 = 16;
/// In a lower window there are none.
const WITH_PICTURES: u16 = 18;
/// From this width on the history stands beside the facts.
const SIDE_BY_SIDE: u16 = 76;
/// Cells of the facts' names.
const LABEL: usize = 11;

const PERSON: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (d(Deed::Name), say::HINT_NAME, 2),
    (d(Deed::SwitchActive), say::ACTIVE, 2),
    (d(Deed::Consent), say::CONSENT, 3),
    (d(Deed::Pin), say::PIN_LABEL, 3),
    (d(Deed::Forget), say::HINT_FORGET_ADAPTIVE, 5),
    (d(Deed::Erase), say::HINT_ERASE, 4),
    (c(Command::Undo), say::HINT_UNDO, 4),
    (PAGES, say::HINT_SCROLL, 6),
    (ALL, say::HINT_ALL, 6),
    (HELP_KEY, say::HELP, 0),
];

/// One person; reached from the people.
pub(super) struct Person;

impl Behaviour for Person {
    fn name(&self) -> Text {
        say::PEOPLE
    }

    fn subject(&self, app: &App) -> Option<String> {
        app.person.code().map(ToString::to_string)
    }

    fn draw(&self, frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
        let theme = view.theme;
        let person = match view.app.person.file() {
            Some(Ok(person)) => person,
            other => {
                let block = panel(theme, theme.t(say::PEOPLE));
                let inner = block.inner(area);
                frame.render_widget(block, area);
                let words = match other {
                    Some(Err(error)) => theme.sentence(error),
                    _ => theme.t(say::READING_RECORDS).to_owned(),
                };
                return draw_words(frame, view, &words, inner);
            }
        };
        let title = format!("{} ({})", person.name, person.code);
        let room = usize::from(area.width.saturating_sub(4));
        let block = panel(theme, &theme.fit(&title, room));
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let picture_height = if inner.height >= WITH_PICTURES && !person.pictures.is_empty() {
            PICTURE_HEIGHT
        } else {
            0
        };
        let [pictures, body] =
            Layout::vertical([Constraint::Length(picture_height), Constraint::Fill(1)])
                .areas(inner);
        draw_pictures(frame, view, person, pictures);
        let facts = facts(theme, person);
        let [left, right] = if body.width >= SIDE_BY_SIDE {
            Layout::horizontal([Constraint::Percentage(42), Constraint::Fill(1)])
                .spacing(1)
                .areas(body)
        } else {
            let needed = facts.len() as u16;
            Layout::vertical([
                Constraint::Length(needed.min(body.height)),
                Constraint::Fill(1),
            ])
            .areas(body)
        };
        draw_lines(frame, facts, left);
        draw_lines(frame, history(view, person, right), right);
        draw_doing(frame, view, person, area);
    }

    fn hints(&self, view: View<'_>) -> &'static [Hint] {
        match view.app.person.doing {
            Doing::Reading => PERSON,
            Doing::Typing(..) => TYPING,
            Doing::Confirming(_) => YES_OR_NO,
        }
    }

    fn key(&self, app: &mut App, key: Key, _: &StationView, _: &Moment) -> Option<Vec<Action>> {
        let operator = app.operator().to_owned();
        match app.person.handle(key, &operator) {
            PersonKey::Pass => None,
            PersonKey::Taken => Some(Vec::new()),
            PersonKey::Do(deed) => Some(vec![ask(Question::ChangePerson(deed))]),
        }
    }

    fn is_typing(&self, app: &App) -> bool {
        matches!(app.person.doing, Doing::Typing(..))
    }

    fn is_asking(&self, app: &App) -> bool {
        matches!(app.person.doing, Doing::Confirming(_))
    }

    fn paste(&self, app: &mut App, text: &str, _: &StationView) {
        app.person.paste(text);
    }

    fn due(&self, app: &mut App, station: &StationView) -> Option<Question> {
        let due = app.person.due(station.log().written());
        due.map(Question::Person)
    }

    fn behind(&self, _: &App) -> Screen {
        Screen::People
    }
}

fn draw_pictures(frame: &mut Frame<'_>, view: View<'_>, person: &PersonFile, area: Rect) {
    if area.is_empty() {
        return;
    }
    let mut x = area.x;
    for (index, picture) in person.pictures.iter().enumerate() {
        let left = area.right().saturating_sub(x);
        if left < PICTURE_WIDTH {
            break;
        }
        let place = Rect::new(x, area.y, PICTURE_WIDTH, area.height);
        draw_picture(picture, view.theme, place, frame.buffer_mut());
        x += PICTURE_WIDTH + 1;
        let more = person.picture_count.saturating_sub(index + 1);
        let is_last = index + 1 == person.pictures.len() || area.right() < x + PICTURE_WIDTH;
        if is_last && more > 0 && x < area.right() {
            let words = view.theme.say(&say::and_more(more));
            let room = area.right() - x;
            let line = Line::styled(view.theme.fit(&words, room.into()), view.theme.dim());
            frame.render_widget(line, Rect::new(x, area.y, room, 1));
            break;
        }
    }
}

fn facts(theme: Theme, person: &PersonFile) -> Vec<Line<'static>> {
    let dash = theme.marks().dash;
    let day = |at: &Option<DateTime<FixedOffset>>| {
        at.as_ref().map_or_else(
            || dash.to_owned(),
            |at| theme.day(at.date_naive(), DateForm::DayMonthYear),
        )
    };
    let state = if person.active {
        theme.t(say::ACTIVE)
    } else {
        theme.t(say::INACTIVE_LONG)
    };
    let mut rows = vec![
        (theme.t(say::STATE_LABEL), state.to_owned()),
        (
            theme.t(say::TEAM_LABEL),
            person.team.clone().unwrap_or_else(|| dash.to_owned()),
        ),
        (
            theme.t(say::CONSENT),
            match person.consent_at {
                Some(day) => day.to_string(),
                None => theme.t(say::NOT_NOTED).to_owned(),
            },
        ),
        (
            theme.t(say::PIN_LABEL),
            theme
                .t(if person.has_pin { say::YES } else { say::NO })
                .to_owned(),
        ),
        (theme.t(say::ENROLLED_LABEL), day(&Some(person.enrolled_at))),
        (
            theme.t(say::LAST_SEEN),
            person.last_seen.as_ref().map_or_else(
                || dash.to_owned(),
                |at| theme.moment(at, DateForm::DayMonthYear, "%H:%M"),
            ),
        ),
        (
            theme.t(say::PICTURES_LABEL),
            person.picture_count.to_string(),
        ),
        (
            theme.t(say::TEMPLATES_LABEL),
            person.templates.len().to_string(),
        ),
    ];
    rows.extend(person.templates.iter().map(|template| {
        let made = template.made.map_or_else(
            || dash.to_owned(),
            |made| theme.day(made, DateForm::DayMonthYear),
        );
        ("", format!("{made} {}", theme.sentence(&template.kind)))
    }));
    rows.into_iter()
        .map(|(label, value)| {
            let gap = " ".repeat(LABEL.saturating_sub(text::width(label)));
            Line::from(vec![
                Span::styled(format!("{label}{gap}"), theme.dim()),
                Span::raw(theme.text(&value).into_owned()),
            ])
        })
        .collect()
}

/// The latest day first.
fn history(view: View<'_>, person: &PersonFile, area: Rect) -> Vec<Line<'static>> {
    let theme = view.theme;
    let width = usize::from(area.width);
    let mut lines = vec![Line::styled(
        theme.fit(theme.t(say::LAST_WEEKS), width),
        theme.heading(),
    )];
    let days = person.days.iter().flat_map(|days| days.days.iter().rev());
    let days = days.skip(view.app.person.scroll);
    lines.extend(days.map(|day| {
        let words = format!(
            "{} {}",
            theme.day(day.day, DateForm::WeekdayDayMonth),
            times_and_remarks(theme, day)
        );
        Line::raw(theme.fit(&words, width))
    }));
    if lines.len() == 1 && view.app.person.scroll == 0 {
        lines.push(Line::styled(theme.t(say::NO_PUNCHES), theme.dim()));
    }
    lines
}

fn draw_lines(frame: &mut Frame<'_>, lines: Vec<Line<'static>>, area: Rect) {
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
    }
}

/// What is being typed or asked, at the bottom.
fn draw_doing(frame: &mut Frame<'_>, view: View<'_>, person: &PersonFile, area: Rect) {
    let theme = view.theme;
    let problem = view.app.person.problem.as_ref();
    let name = &person.name;
    let (question, field): (String, Option<(String, u16)>) = match &view.app.person.doing {
        Doing::Reading => return,
        Doing::Confirming(change) => (question(theme, change, person), None),
        Doing::Typing(what, field) => {
            let question = match what {
                Typing::Name => theme.say(&say::ask_name(&person.code)),
                Typing::Pin(None) => theme.say(&say::ask_pin(name)),
                Typing::Pin(Some(_)) => theme.t(say::ASK_PIN_AGAIN).to_owned(),
                Typing::CodeToErase => theme.say(&say::ask_erase_person(name, &person.code)),
            };
            let room = usize::from(area.width.saturating_sub(4));
            let (shown, column) = field.window(room);
            let shown = match what {
                Typing::Pin(_) => "*".repeat(shown.chars().count()),
                _ => theme.text(shown).into_owned(),
            };
            (question, Some((shown, column as u16)))
        }
    };
    let room = usize::from(area.width.saturating_sub(2));
    let mut lines: Vec<(String, Style)> = Vec::new();
    if let Some(problem) = problem {
        let words = theme.wrap(&theme.sentence(problem), room);
        lines.extend(words.into_iter().map(|line| (line, theme.bad())));
    }
    let words = theme.wrap(&question, room);
    lines.extend(words.into_iter().map(|line| (line, theme.warning())));
    let height = (lines.len() as u16 + 2 + u16::from(field.is_some())).min(area.height);
    let place = Rect {
        y: area.bottom() - height,
        height,
        ..area
    };
    frame.render_widget(Clear, place);
    let block = panel(theme, &theme.fit(name.as_str(), room.saturating_sub(2)));
    let inner = block.inner(place);
    frame.render_widget(block, place);
    let mut y = inner.y;
    for (words, style) in lines {
        frame.render_widget(
            Line::styled(words, style),
            Rect::new(inner.x, y, inner.width, 1),
        );
        y += 1;
    }
    if let Some((shown, column)) = field.filter(|_| y < inner.bottom()) {
        let line = Line::from(vec![
            Span::styled(">", theme.selected()),
            Span::raw(format!(" {shown}")),
        ]);
        frame.render_widget(line, Rect::new(inner.x, y, inner.width, 1));
        let x = (inner.x + 2 + column).min(inner.right().saturating_sub(1));
        frame.set_cursor_position((x, y));
    }
}

/// What will happen, to be confirmed.
fn question(theme: Theme, change: &PersonChange, person: &PersonFile) -> String {
    match change {
        PersonChange::Consent => theme.say(&say::ask_consent_today(&person.name)),
        PersonChange::ForgetAdaptive => theme.t(say::ASK_FORGET_ADAPTIVE).to_owned(),
        PersonChange::Pin(_) => theme.say(&say::ask_remove_pin(&person.name)),
        // They are not confirmed here: not at all, or by a dialog with what it brings along.
        PersonChange::Rename(_)
        | PersonChange::Active(_)
        | PersonChange::InactiveFrom(_)
        | PersonChange::ConsentOn(_)
        | PersonChange::ExpectedFrom(_)
        | PersonChange::Team(_)
        | PersonChange::Erase
        | PersonChange::Anonymise => String::new(),
    }
}
