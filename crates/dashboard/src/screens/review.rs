//! Faces without a name: who they look like, and who they were.

use crate::language::DateForm;
use crate::say;
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
use crate::command::Deed;
use crate::input::Key;
use crate::review::ReviewKey;
use crate::review::{AssignField, AssignForm, Meant};
use crate::theme::Theme;
use crate::widgets::hints::{ALL, ESC, HELP_KEY, Hint, K, YES_OR_NO, d};
use crate::widgets::{draw_picture, panel};
use rollcall_core::attendance::Direction;
use rollcall_core::frame::Moment;
use rollcall_core::review::{ReviewDeed, Visitor};
use rollcall_protocol::{Question, StationView};

/// From this width on the face stands beside the list.
const SIDE_BY_SIDE: u16 = 64;

/// Lines of the form, its frame included.
const FORM_HEIGHT: u16 = 8;

/// ">Add the face as a sample "
const LABEL_WIDTH: u16 = 27;

const REVIEW: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (d(Deed::Name), say::HINT_WHO_WAS_IT, 2),
    (d(Deed::Ignore), say::HINT_IGNORE, 3),
    (d(Deed::Erase), say::HINT_ERASE, 4),
    (ALL, say::HINT_ALL, 4),
    (HELP_KEY, say::HELP, 0),
];

const ASSIGNING: &[Hint] = &[
    (K("Enter"), say::HINT_SAVE, 0),
    (K("Tab"), say::HINT_NEXT_LINE, 1),
    (K("Left/Right"), say::HINT_CHOOSE, 2),
    (ESC, say::HINT_CLOSE, 0),
];

/// Faces without a name.
pub(super) struct ReviewScreen;

impl Behaviour for ReviewScreen {
    fn name(&self) -> Text {
        say::REVIEW
    }

    fn draw(&self, frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
        let review = &view.app.review;
        let all = match review.visitors() {
            Some(Ok(visitors)) => visitors.len(),
            _ => 0,
        };
        let separator = view.theme.marks().separator;
        let block = panel(
            view.theme,
            &view.theme.say(&say::review_titled(separator, all)),
        );
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let [body, remark] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(inner);
        draw_remark(frame, view, remark);
        let Some(Ok(visitors)) = review.visitors() else {
            let words = match review.visitors() {
                Some(Err(error)) => view.theme.sentence(error),
                _ => view.theme.t(say::READING_RECORDS).to_owned(),
            };
            return draw_words(frame, view, &words, body);
        };
        if visitors.is_empty() {
            let words = view.theme.t(say::NOBODY_TO_REVIEW);
            return draw_words(frame, view, words, body);
        }
        let face_width = if body.width >= SIDE_BY_SIDE {
            body.width * 2 / 5
        } else {
            0
        };
        let [list, face] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(face_width)]).areas(body);
        draw_list(frame, view, visitors, list);
        if let Some(visitor) = review.subject()
            && !face.is_empty()
        {
            draw_face(frame, view, visitor, face);
        }
        if let Some(form) = &review.form {
            let height = FORM_HEIGHT.min(area.height);
            let place = Rect {
                y: area.bottom() - height,
                height,
                ..area
            };
            draw_form(frame, view, form, place);
        }
    }

    fn hints(&self, view: View<'_>) -> &'static [Hint] {
        let review = &view.app.review;
        if review.question.is_some() {
            YES_OR_NO
        } else if review.form.is_some() {
            ASSIGNING
        } else {
            REVIEW
        }
    }

    fn key(
        &self,
        app: &mut App,
        key: Key,
        station: &StationView,
        _: &Moment,
    ) -> Option<Vec<Action>> {
        let operator = app.operator().to_owned();
        match app.review.handle(key, station, &operator) {
            ReviewKey::Pass => None,
            ReviewKey::Taken => Some(Vec::new()),
            ReviewKey::Do(deed) => Some(vec![ask(Question::Review(deed))]),
        }
    }

    fn is_typing(&self, app: &App) -> bool {
        app.review.form.is_some()
    }

    fn is_asking(&self, app: &App) -> bool {
        app.review.question.is_some()
    }

    fn paste(&self, app: &mut App, text: &str, station: &StationView) {
        app.review.paste(text, station);
    }

    fn due(&self, app: &mut App, station: &StationView) -> Option<Question> {
        app.review.is_due(station).then_some(Question::Visitors)
    }

    fn leave(&self, app: &mut App) {
        app.review.leave();
    }
}

/// Why a face has no name, to be looked up; the records keep one word for each.
fn reason_word(reason: &str) -> Text {
    match reason {
        "spoof" => say::PICTURE_UNKNOWN,
        "undecided" => say::VERDICT_UNDECIDED,
        _ => say::UNKNOWN,
    }
}

fn draw_list(frame: &mut Frame<'_>, view: View<'_>, visitors: &[Visitor], area: Rect) {
    let theme = view.theme;
    let review = &view.app.review;
    let width = usize::from(area.width);
    let heading = format!(
        "{:<11} {:>5} {:<10} {}",
        theme.t(say::HEADING_LAST),
        theme.t(say::HEADING_FACES),
        theme.t(say::HEADING_WHY),
        theme.t(say::HEADING_RESEMBLES)
    );
    let heading = Line::styled(theme.fit(&heading, width), theme.strong());
    frame.render_widget(heading, Rect { height: 1, ..area });
    let rows = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    let first = review.first_shown(visitors.len(), usize::from(rows.height));
    let selected = review.selected().map(|(row, _)| row);
    let shown = visitors.iter().enumerate().skip(first);
    for (y, (index, visitor)) in (rows.y..rows.bottom()).zip(shown) {
        let nearest = visitor.nearest.as_ref().map_or_else(
            || theme.marks().dash.to_owned(),
            |(name, similarity)| format!("{} {name}", theme.number(similarity.0, 2)),
        );
        let words = format!(
            "{:<11} {:>5} {:<10} {nearest}",
            theme.moment(&visitor.last, DateForm::AlignedDayMonth, "%H:%M"),
            visitor.sightings.len(),
            theme.t(reason_word(&visitor.reason)),
        );
        let style = if selected == Some(index) {
            theme.selected()
        } else {
            theme.normal()
        };
        let line = Line::styled(theme.fit(&words, width), style);
        frame.render_widget(line, Rect::new(rows.x, y, rows.width, 1));
    }
}

fn draw_face(frame: &mut Frame<'_>, view: View<'_>, visitor: &Visitor, area: Rect) {
    let Some(image) = &visitor.picture else {
        return draw_words(frame, view, view.theme.t(say::REVIEW_FACE_NOT_KEPT), area);
    };
    draw_picture(image, view.theme, area, frame.buffer_mut());
}

fn draw_remark(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let theme = view.theme;
    let review = &view.app.review;
    let (words, style): (String, Style) = match (&review.question, &review.remark) {
        (Some(asked), _) => (question(theme, &asked.deed), theme.warning()),
        (None, Some(Ok(done))) => (theme.sentence(done), theme.good()),
        (None, Some(Err(problem))) => (theme.sentence(problem), theme.bad()),
        (None, None) => return,
    };
    let line = Line::styled(theme.fit(&words, usize::from(area.width)), style);
    frame.render_widget(line, area);
}

/// What will happen, to be confirmed.
fn question(theme: Theme, deed: &ReviewDeed) -> String {
    match deed {
        ReviewDeed::Ignore { sightings, .. } => theme.say(&say::ask_ignore(sightings.len())),
        ReviewDeed::Delete { sightings, .. } => theme.say(&say::ask_erase_face(sightings.len())),
        ReviewDeed::Assign(assignment) => theme.say(&say::ask_was_it(&assignment.code)),
    }
}

fn draw_form(frame: &mut Frame<'_>, view: View<'_>, form: &AssignForm, area: Rect) {
    let theme = view.theme;
    frame.render_widget(Clear, area);
    let block = panel(theme, theme.t(say::ASK_WHO_WAS_IT));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let meant = match &form.meant {
        Meant::Nothing => theme.t(say::FIND_PERSON_HINT).to_owned(),
        Meant::Nobody => theme.t(say::NOBODY).to_owned(),
        Meant::Several(people) => theme.say(&say::people_match(people)),
        Meant::One(code) => {
            let person = view.station.people().find(|person| person.code == *code);
            person.map_or_else(|| code.to_string(), |p| format!("{} ({})", p.name, p.code))
        }
    };
    let yes = |is| theme.t(if is { say::CHOICE_YES } else { say::CHOICE_NO });
    let punch = match form.punch {
        None => theme.t(say::CHOICE_NONE),
        Some(Direction::In) => theme.t(say::CHOICE_IN),
        Some(Direction::Out) => theme.t(say::CHOICE_OUT),
    };
    let rows = [
        (
            AssignField::Who,
            theme.t(say::HEADING_WHO),
            form.who.text().to_owned(),
        ),
        (
            AssignField::Sample,
            theme.t(say::ASSIGN_ADD_SAMPLE),
            yes(form.add).to_owned(),
        ),
        (
            AssignField::Punch,
            theme.t(say::ASSIGN_ADD_PUNCH),
            punch.to_owned(),
        ),
        (
            AssignField::Another,
            theme.t(say::ASSIGN_NOT_RESEMBLED),
            yes(form.another_person).to_owned(),
        ),
    ];
    let mut lines: Vec<Line<'_>> = rows
        .into_iter()
        .map(|(field, label, value)| {
            Line::from(vec![
                theme.label(label, LABEL_WIDTH.into(), field == form.focus),
                Span::raw(theme.text(&value).into_owned()),
            ])
        })
        .collect();
    lines.insert(
        1,
        Line::styled(
            format!(
                "{:width$}{}",
                "",
                theme.text(&meant),
                width = usize::from(LABEL_WIDTH)
            ),
            theme.dim(),
        ),
    );
    if let Some(Err(problem)) = &view.app.review.remark {
        let words = theme.fit(&theme.sentence(problem), usize::from(inner.width));
        lines.push(Line::styled(words, theme.bad()));
    }
    for (y, line) in (inner.y..inner.bottom()).zip(lines) {
        frame.render_widget(line, Rect::new(inner.x, y, inner.width, 1));
    }
    if form.focus == AssignField::Who && inner.height > 0 {
        let room = usize::from(inner.width.saturating_sub(LABEL_WIDTH));
        let column = form.who.window(room).1 as u16;
        let x = (inner.x + LABEL_WIDTH + column).min(inner.right().saturating_sub(1));
        frame.set_cursor_position((x, inner.y));
    }
}
