//! The form for a new person, with what is wrong beside each field.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::panel;
use crate::View;
use crate::enrol_form::{ConsentQuestion, EnrolForm, FormField, suggested_code};
use crate::field::TextField;

/// The form with its frame.
pub(crate) struct EnrolFormPanel<'a> {
    pub(crate) view: View<'a>,
    pub(crate) form: &'a EnrolForm,
}

/// "Name  ", "Nombre "
const LABEL_WIDTH: u16 = 7;

/// The lines of the form, and where in them the cursor is.
struct Content {
    lines: Vec<Line<'static>>,
    cursor: (u16, u16),
}

impl EnrolFormPanel<'_> {
    /// Lines it needs at this width, its frame included.
    pub(crate) fn height(&self, width: u16) -> u16 {
        self.content(width.saturating_sub(2)).lines.len() as u16 + 2
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
        let mut lines = Vec::new();
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
            let question = theme.fill(
                "Has {} agreed that face vectors and pictures are kept? y = yes, any other key = no",
                &[&form.name.text().trim()],
            );
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
            let label_style = if focused { theme.strong() } else { theme.dim() };
            lines.push(Line::from(vec![
                Span::styled(
                    format!("{label:<width$}", width = usize::from(LABEL_WIDTH)),
                    label_style,
                ),
                Span::styled(value, style),
            ]));
        };
        field(
            &mut lines,
            theme.t("Name"),
            &form.name,
            String::new(),
            FormField::Name,
        );
        match (form.name_problem(), form.namesake(station)) {
            (Some(problem), _) => {
                lines.extend(self.note(&theme.sentence(&problem), theme.bad(), room));
            }
            (None, Some(code)) => {
                let note = theme.fill("note: {} has the same name", &[&code]);
                lines.extend(self.note(&note, theme.warning(), room));
            }
            (None, None) => lines.push(Line::default()),
        }
        let suggestion = theme.fill("{} (suggested)", &[&suggested_code(station)]);
        field(
            &mut lines,
            theme.t("Code"),
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
        let block = panel(
            self.view.theme,
            self.view.theme.t("enrol the face at the camera"),
        );
        let inner = block.inner(area);
        block.render(area, buf);
        let lines = self.content(inner.width).lines;
        for (y, line) in (inner.y..inner.bottom()).zip(&lines) {
            buf.set_line(inner.x, y, line, inner.width);
        }
    }
}
