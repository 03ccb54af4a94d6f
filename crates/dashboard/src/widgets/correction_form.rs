//! The form of a correction.

use crate::say;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::panel;
use crate::View;
use crate::correction_form::{Choice, CorrectionField, CorrectionForm};
use crate::field::TextField;

/// The form with its frame.
pub(crate) struct CorrectionFormPanel<'a> {
    pub(crate) view: View<'a>,
    pub(crate) form: &'a CorrectionForm,
}

/// ">Direction "
const LABEL_WIDTH: u16 = 11;

impl CorrectionFormPanel<'_> {
    /// Lines it needs at this width, its frame included.
    pub(crate) fn height(&self, width: u16) -> u16 {
        (self.refusal(width.saturating_sub(2)).len() + self.form.fields().len()) as u16 + 2
    }

    /// Where the terminal's cursor belongs when the form is in `area`.
    pub(crate) fn cursor(&self, area: Rect) -> Option<Position> {
        let inner = panel(self.view.theme, "").inner(area);
        let field = self.text_of(self.form.focus)?;
        let line = self
            .form
            .fields()
            .iter()
            .position(|&f| f == self.form.focus)?;
        let room = usize::from(inner.width.saturating_sub(LABEL_WIDTH));
        let column = field.window(room).1 as u16;
        let above = self.refusal(inner.width).len() as u16;
        let position = Position::new(
            inner.x + LABEL_WIDTH + column,
            inner.y + above + line as u16,
        );
        inner.contains(position).then_some(position)
    }

    fn text_of(&self, field: CorrectionField) -> Option<&TextField> {
        match field {
            CorrectionField::Choice | CorrectionField::Direction => None,
            CorrectionField::Time => Some(&self.form.time),
            CorrectionField::Person => Some(&self.form.code),
            CorrectionField::Reason => Some(&self.form.reason),
            CorrectionField::Operator => Some(&self.form.operator),
        }
    }

    fn refusal(&self, width: u16) -> Vec<String> {
        let room = usize::from(width.saturating_sub(2));
        let refusal = self.form.refusal.as_ref();
        let theme = self.view.theme;
        refusal.map_or_else(Vec::new, |words| theme.wrap(&theme.say(words), room))
    }

    fn line(&self, field: CorrectionField, room: usize) -> Line<'static> {
        let theme = self.view.theme;
        let label = match field {
            CorrectionField::Choice => theme.t(say::FIELD_WHAT),
            CorrectionField::Time => theme.t(say::FIELD_TIME),
            CorrectionField::Direction => theme.t(say::FIELD_DIRECTION),
            CorrectionField::Person => theme.t(say::FIELD_PERSON),
            CorrectionField::Reason => theme.t(say::FIELD_REASON),
            CorrectionField::Operator => theme.t(say::HEADING_BY),
        };
        let is_focused = field == self.form.focus;
        let value = match field {
            CorrectionField::Choice => self.chosen(is_focused),
            CorrectionField::Direction if is_focused => {
                format!("< {} >", theme.sentence(&self.form.direction))
            }
            CorrectionField::Direction => theme.sentence(&self.form.direction),
            _ => {
                let text = self.text_of(field).map_or("", |text| text.window(room).0);
                theme.text(text).into_owned()
            }
        };
        Line::from(vec![
            theme.label(label, LABEL_WIDTH.into(), is_focused),
            Span::styled(theme.fit(&value, room), theme.normal()),
        ])
    }

    fn chosen(&self, is_focused: bool) -> String {
        let theme = self.view.theme;
        let event = self.form.event();
        let said = event.map_or_else(String::new, |event| {
            format!(
                "{} {} ({})",
                event.at.format("%H:%M:%S"),
                theme.sentence(&event.direction),
                theme.sentence(&event.source)
            )
        });
        let words = match self.form.choice() {
            Choice::Add => theme.t(say::CORRECT_ADD).to_owned(),
            Choice::Change(_) => theme.say(&say::correct_change(&said)),
            Choice::Void(_) => theme.say(&say::correct_void(&said)),
            Choice::Disown(_) => theme.say(&say::correct_disown(&said)),
        };
        if is_focused {
            format!("< {words} >")
        } else {
            words
        }
    }
}

impl Widget for &CorrectionFormPanel<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.view.theme;
        Clear.render(area, buf);
        let person = self.view.station.person(self.form.person);
        let title = person.map_or_else(
            || theme.t(say::HINT_CORRECT).to_owned(),
            |p| theme.say(&say::correct_titled(&p.name, &p.code)),
        );
        let block = panel(
            theme,
            &theme.fit(&title, usize::from(area.width.saturating_sub(4))),
        );
        let inner = block.inner(area);
        block.render(area, buf);
        let width = usize::from(inner.width.saturating_sub(2));
        let refusal = self.refusal(inner.width).into_iter();
        let mut lines: Vec<Line<'static>> = refusal
            .map(|words| Line::styled(format!(" {words:<width$} "), theme.alarm()))
            .collect();
        let room = usize::from(inner.width.saturating_sub(LABEL_WIDTH));
        lines.extend(
            self.form
                .fields()
                .iter()
                .map(|&field| self.line(field, room)),
        );
        for (y, line) in (inner.y..inner.bottom()).zip(&lines) {
            buf.set_line(inner.x, y, line, inner.width);
        }
    }
}
