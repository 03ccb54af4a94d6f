//! The form for a new person, with what is wrong beside each field and the face it is for.

use crate::say;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::{draw_picture, panel};
use crate::View;
use crate::enrol_form::{ConsentQuestion, EnrolForm, FormField, choosing, suggested_code};
use crate::field::TextField;
use rollcall_core::enrolment::IsNamed;

/// The form with its frame.
pub(crate) struct EnrolFormPanel<'a> {
    pub(crate) view: View<'a>,
    pub(crate) form: &'a EnrolForm,
}

/// ">Name  ", ">Nombre "
const LABEL_WIDTH: u16 = 8;

/// Width of the face beside the fields.
const FACE_WIDTH: u16 = 16;

/// In a narrower form the face stands below the fields.
const SIDE_BY_SIDE: u16 = 40;

/// Lines of the face below the fields.
const FACE_HEIGHT: u16 = 5;

/// The lines of the form, and where in them the cursor is.
struct Content {
    lines: Vec<Line<'static>>,
    cursor: (u16, u16),
}

impl EnrolFormPanel<'_> {
    /// Lines it needs at this width, its frame included.
    pub(crate) fn height(&self, width: u16) -> u16 {
        let inner = width.saturating_sub(2);
        let lines = self.content(inner).lines.len() as u16;
        match self.form.shown_face(self.view.station) {
            Some(_) if inner < SIDE_BY_SIDE => lines + FACE_HEIGHT + 2,
            Some(_) => lines.max(FACE_WIDTH / 2) + 2,
            None => lines + 2,
        }
    }

    /// What there is to say of the face.
    fn about_face(&self) -> (String, Style) {
        let View { station, theme, .. } = self.view;
        let choosing = choosing(station);
        let Some(face) = self.form.shown_face(station) else {
            return match choosing {
                Some(choosing) if choosing.waits => {
                    let words = theme.t(say::ENROL_WAITING_ALONE);
                    (words.to_owned(), theme.strong())
                }
                _ => {
                    let words = theme.t(say::ENROL_NOBODY_SEEN);
                    (words.to_owned(), theme.warning())
                }
            };
        };
        if let Some((candidate, IsNamed::Yes)) = face.candidate
            && let Some(person) = station.person(candidate.person)
        {
            let similarity = candidate.similarity;
            let words = theme.say(&say::enrol_looks_like(
                &person.name,
                &person.code,
                similarity,
            ));
            return (words, theme.warning());
        }
        let faces = choosing.map_or(&[][..], |choosing| &choosing.faces);
        let place = faces.iter().position(|other| other.track == face.track);
        match (place, faces.len()) {
            (Some(place), count) if count > 1 => (
                theme.say(&say::enrol_face_of(place + 1, count)),
                theme.strong(),
            ),
            _ => (theme.t(say::ENROL_THE_FACE).to_owned(), theme.good()),
        }
    }

    fn face_area(inner: Rect, lines: u16) -> Rect {
        if inner.width >= SIDE_BY_SIDE {
            let x = inner.right() - FACE_WIDTH;
            return Rect {
                x,
                width: FACE_WIDTH,
                ..inner
            };
        }
        let y = (inner.y + lines).min(inner.bottom());
        Rect {
            y,
            height: inner.bottom() - y,
            ..inner
        }
    }

    /// Where the terminal's cursor belongs when the form is in `area`.
    pub(crate) fn cursor(&self, area: Rect) -> Option<Position> {
        let (column, line) = self.content(area.width.saturating_sub(2)).cursor;
        let position = Position::new(area.x + 1 + column, area.y + 1 + line);
        let inner = panel(self.view.theme, "").inner(area);
        inner.contains(position).then_some(position)
    }

    fn content(&self, width: u16) -> Content {
        let View { station, theme, .. } = self.view;
        let form = self.form;
        let width = match form.shown_face(station) {
            Some(_) if width >= SIDE_BY_SIDE => width - FACE_WIDTH - 1,
            _ => width,
        };
        let mut lines = Vec::new();
        let (words, style) = self.about_face();
        let words = theme.wrap(&words, usize::from(width)).into_iter();
        lines.extend(words.map(|line| Line::styled(line, style)));
        if let Some(refusal) = &form.refusal {
            let words = theme.wrap(
                &theme.sentence(refusal),
                usize::from(width.saturating_sub(2)),
            );
            lines.extend(words.into_iter().map(|line| {
                let padded = format!(" {line:<pad$} ", pad = usize::from(width.saturating_sub(2)));
                Line::styled(padded, theme.alarm())
            }));
        }
        if form.consent == ConsentQuestion::Now {
            let question = theme.say(&say::ask_consent(form.name.text().trim()));
            let words = theme.wrap(&question, usize::from(width));
            lines.extend(
                words
                    .into_iter()
                    .map(|line| Line::styled(line, theme.strong())),
            );
        }
        let room = usize::from(width.saturating_sub(LABEL_WIDTH));
        let mut cursor = (0, 0);
        let mut field = |lines: &mut Vec<Line<'static>>, label, field: &TextField, hint, focus| {
            let (shown, column) = field.window(room);
            let focused = form.focus == focus;
            if focused {
                cursor = (LABEL_WIDTH + column as u16, lines.len() as u16);
            }
            let (value, style) = if field.is_empty() {
                (hint, theme.dim())
            } else {
                (theme.text(shown).into_owned(), theme.normal())
            };
            lines.push(Line::from(vec![
                theme.label(label, LABEL_WIDTH.into(), focused),
                Span::styled(value, style),
            ]));
        };
        field(
            &mut lines,
            theme.t(say::HEADING_NAME),
            &form.name,
            String::new(),
            FormField::Name,
        );
        match (form.name_problem(), form.namesake(station)) {
            (Some(problem), _) => {
                lines.extend(self.note(&theme.sentence(&problem), theme.bad(), room));
            }
            (None, Some(code)) => {
                let note = theme.say(&say::enrol_same_name(&code));
                lines.extend(self.note(&note, theme.warning(), room));
            }
            (None, None) => lines.push(Line::default()),
        }
        let suggestion = theme.say(&say::enrol_suggested(suggested_code(station)));
        field(
            &mut lines,
            theme.t(say::HEADING_CODE),
            &form.code,
            suggestion,
            FormField::Code,
        );
        match form.code_problem(station) {
            Some(problem) => lines.extend(self.note(&theme.sentence(&problem), theme.bad(), room)),
            None => lines.push(Line::default()),
        }
        Content { lines, cursor }
    }

    /// What is to be said about the field above.
    fn note(&self, words: &str, style: Style, room: usize) -> Vec<Line<'static>> {
        let lines = self.view.theme.wrap(words, room).into_iter();
        lines
            .map(|line| {
                Line::styled(
                    format!("{:width$}{line}", "", width = usize::from(LABEL_WIDTH)),
                    style,
                )
            })
            .collect()
    }
}

impl Widget for &EnrolFormPanel<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        Clear.render(area, buf);
        let block = panel(self.view.theme, self.view.theme.t(say::COMMAND_ENROL));
        let inner = block.inner(area);
        block.render(area, buf);
        let lines = self.content(inner.width).lines;
        for (y, line) in (inner.y..inner.bottom()).zip(&lines) {
            buf.set_line(inner.x, y, line, inner.width);
        }
        if let Some(face) = self.form.shown_face(self.view.station) {
            let place = EnrolFormPanel::face_area(inner, lines.len() as u16);
            draw_picture(&face.portrait.0, self.view.theme, place, buf);
        }
    }
}
