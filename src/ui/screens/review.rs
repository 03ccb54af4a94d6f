//! Faces without a name: who they look like, and who they were.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use crate::core::attendance::Direction;
use crate::core::review::{ReviewDeed, Visitor};
use crate::ui::View;
use crate::ui::colour::ColourDepth;
use crate::ui::review::{AssignField, AssignForm};
use crate::ui::theme::Charset;
use crate::ui::widgets::{Placement, Steady, draw_ascii, draw_half_blocks, panel};

/// From this width on the face stands beside the list.
const SIDE_BY_SIDE: u16 = 64;

/// Lines of the form, its frame included.
const FORM_HEIGHT: u16 = 7;

pub(super) fn draw(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let review = &view.app.review;
    let all = match review.visitors() {
        Some(Ok(visitors)) => visitors.len(),
        _ => 0,
    };
    let separator = view.theme.marks().separator;
    let block = panel(view.theme, &format!("without a name {separator} {all}"));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let [body, remark] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(inner);
    draw_remark(frame, view, remark);
    let Some(Ok(visitors)) = review.visitors() else {
        let words = match review.visitors() {
            Some(Err(error)) => error.as_str(),
            _ => "reading the records",
        };
        return draw_words(frame, view, words, body);
    };
    if visitors.is_empty() {
        let words = "Nobody waits to be looked at. Faces without a name are kept for as long as \
                     [review] keep_days says.";
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
    if let Some((_, visitor)) = review.selected()
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

fn draw_words(frame: &mut Frame<'_>, view: View<'_>, words: &str, area: Rect) {
    let lines = view.theme.wrap(words, usize::from(area.width));
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        let line = Line::styled(line, view.theme.dim());
        frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
    }
}

fn draw_list(frame: &mut Frame<'_>, view: View<'_>, visitors: &[Visitor], area: Rect) {
    let theme = view.theme;
    let review = &view.app.review;
    let width = usize::from(area.width);
    let heading = format!(
        "{:<11} {:>5} {:<10} {}",
        "Last", "Faces", "Why", "Most like"
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
            |(name, similarity)| format!("{similarity} {name}"),
        );
        let words = format!(
            "{:<11} {:>5} {:<10} {nearest}",
            visitor.last.format("%d %b %H:%M"),
            visitor.sightings.len(),
            visitor.reason,
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
        return draw_words(frame, view, "this face is not kept", area);
    };
    let Some(placement) = Placement::fit(image.width(), image.height(), area) else {
        return;
    };
    let theme = view.theme;
    let buffer = frame.buffer_mut();
    if theme.depth == ColourDepth::Monochrome || theme.charset == Charset::Ascii {
        draw_ascii(image, placement, buffer);
    } else {
        draw_half_blocks(
            image,
            placement,
            theme.depth,
            &mut Steady::default(),
            buffer,
        );
    }
}

fn draw_remark(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let theme = view.theme;
    let review = &view.app.review;
    let (words, style): (String, Style) = match (&review.question, &review.remark) {
        (Some(deed), _) => (question(deed), theme.warning()),
        (None, Some(Ok(done))) => (done.clone(), theme.good()),
        (None, Some(Err(problem))) => (problem.clone(), theme.bad()),
        (None, None) => return,
    };
    let line = Line::styled(theme.fit(&words, usize::from(area.width)), style);
    frame.render_widget(line, area);
}

/// What will happen, to be confirmed.
fn question(deed: &ReviewDeed) -> String {
    match deed {
        ReviewDeed::Ignore { sightings, .. } => {
            format!(
                "Ignore {} and erase their faces? y does it",
                sightings.len()
            )
        }
        ReviewDeed::Delete { sightings, .. } => format!(
            "Erase {} altogether? That cannot be undone. y does it",
            sightings.len()
        ),
        ReviewDeed::Assign(assignment) => format!("Was it {}? y", assignment.code),
    }
}

fn draw_form(frame: &mut Frame<'_>, view: View<'_>, form: &AssignForm, area: Rect) {
    let theme = view.theme;
    frame.render_widget(Clear, area);
    let block = panel(theme, "who was it?");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let matches = form.matches(view.station);
    let meant = match matches.first() {
        _ if form.who.is_empty() => "a part of a name or code".to_owned(),
        Some(person) if matches.len() == 1 => format!("{} ({})", person.name, person.code),
        Some(person) => format!(
            "{} ({}) or {} others",
            person.name,
            person.code,
            matches.len() - 1
        ),
        None => "nobody".to_owned(),
    };
    let yes = |is| if is { "< yes >" } else { "< no >" };
    let punch = match form.punch {
        None => "< none >",
        Some(Direction::In) => "< in >",
        Some(Direction::Out) => "< out >",
    };
    let rows = [
        (AssignField::Who, "Who", form.who.text().to_owned()),
        (
            AssignField::Sample,
            "Add the face as a sample",
            yes(form.add).to_owned(),
        ),
        (AssignField::Punch, "Add the missed punch", punch.to_owned()),
    ];
    let mut lines: Vec<Line<'_>> = rows
        .into_iter()
        .map(|(field, label, value)| {
            let style = if field == form.focus {
                theme.strong()
            } else {
                theme.dim()
            };
            Line::from(vec![
                Span::styled(format!("{label:<26}"), style),
                Span::raw(theme.text(&value).into_owned()),
            ])
        })
        .collect();
    lines.insert(
        1,
        Line::styled(format!("{:<26}{}", "", theme.text(&meant)), theme.dim()),
    );
    if let Some(Err(problem)) = &view.app.review.remark {
        let words = theme.fit(problem, usize::from(inner.width));
        lines.push(Line::styled(words, theme.bad()));
    }
    for (y, line) in (inner.y..inner.bottom()).zip(lines) {
        frame.render_widget(line, Rect::new(inner.x, y, inner.width, 1));
    }
    if form.focus == AssignField::Who && inner.height > 0 {
        let room = usize::from(inner.width.saturating_sub(26));
        let column = form.who.window(room).1 as u16;
        let x = (inner.x + 26 + column).min(inner.right().saturating_sub(1));
        frame.set_cursor_position((x, inner.y));
    }
}
