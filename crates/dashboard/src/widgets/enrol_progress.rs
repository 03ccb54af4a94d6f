//! How the enrolment goes: pictures taken, what the person should do now, and at the end
//! the pictures, to be confirmed.

use crate::say;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget};

use super::{draw_picture, panel};
use crate::View;
use rollcall_core::enrolment::Hint;
use rollcall_core::enrolment::identity::Resemblance;
use rollcall_protocol::{ConfirmingView, EnrollingView, ModeView};

/// Width of the face beside what is to be done.
const FACE_WIDTH: u16 = 12;

/// In a narrower panel there is no room for it.
const SIDE_BY_SIDE: u16 = 40;

/// Lines of the pictures that are to be confirmed.
const PICTURES_HEIGHT: u16 = 6;

/// The panel with its frame; nothing while nobody is being enrolled.
pub(crate) struct EnrolProgress<'a>(pub(crate) View<'a>);

impl EnrolProgress<'_> {
    /// Lines it needs at this width, its frame included.
    pub(crate) fn height(&self, width: u16) -> u16 {
        match self.0.station.mode() {
            ModeView::Confirming(asked) => {
                let lines = self.asking(asked, usize::from(width.saturating_sub(2)));
                lines.len() as u16 + PICTURES_HEIGHT + 2
            }
            _ => 6,
        }
    }

    /// What is asked about the samples.
    fn asking(&self, asked: &ConfirmingView, width: usize) -> Vec<Line<'static>> {
        let theme = self.0.theme;
        let alike = |other: &Resemblance| {
            let person = self.0.station.person(other.person);
            let name = person.map_or_else(|| "?".into(), |p| format!("{} ({})", p.name, p.code));
            theme.say(&say::enrol_resembles(&name, other.similarity))
        };
        let (remark, question) = match (&asked.taken_for, &asked.resembles) {
            (Some(other), _) => (
                Some((alike(other), theme.alarm())),
                theme.t(say::ASK_ANOTHER_PERSON).to_owned(),
            ),
            (None, other) => (
                other.as_ref().map(|other| (alike(other), theme.warning())),
                theme.say(&say::ask_confirm(&asked.name, &asked.code)),
            ),
        };
        let mut lines = Vec::new();
        for (words, style) in remark.into_iter().chain([(question, theme.strong())]) {
            let words = theme.wrap(&words, width).into_iter();
            lines.extend(words.map(|line| Line::styled(line, style)));
        }
        lines
    }

    fn taking(&self, enrolment: &EnrollingView, width: usize) -> Vec<Line<'static>> {
        let width = match &enrolment.face {
            Some(_) if width >= usize::from(SIDE_BY_SIDE) => width - usize::from(FACE_WIDTH) - 1,
            _ => width,
        };
        let theme = self.0.theme;
        let marks = theme.marks();
        let (taken, wanted) = (enrolment.taken, enrolment.wanted);
        let bar: String = (0..wanted)
            .map(|i| if i < taken { marks.full } else { marks.empty })
            .collect();
        let style = match enrolment.hint {
            Hint::Kept | Hint::Hold => theme.good(),
            Hint::FaceTheCamera | Hint::Turn(_) => theme.strong(),
            Hint::NoFace | Hint::OneAtATime | Hint::Quality(_) | Hint::AnotherFace => {
                theme.warning()
            }
        };
        vec![
            Line::raw(theme.fit(&theme.say(&say::enrol_pictures(taken, wanted, &bar)), width)),
            Line::styled(theme.fit(&theme.sentence(&enrolment.hint), width), style),
            Line::default(),
            Line::styled(theme.fit(theme.t(say::ENROL_ESCAPE), width), theme.dim()),
        ]
    }
}

impl Widget for &EnrolProgress<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let View { station, theme, .. } = self.0;
        let width = usize::from(area.width.saturating_sub(2));
        let (name, lines) = match station.mode() {
            ModeView::Live | ModeView::Choosing(_) => return,
            ModeView::Enrolling(enrolment) => (&enrolment.name, self.taking(enrolment, width)),
            ModeView::Confirming(asked) => (&asked.name, self.asking(asked, width)),
            ModeView::Saving { name, .. } => (
                name,
                vec![Line::raw(theme.fit(theme.t(say::ENROL_SAVING), width))],
            ),
        };
        Clear.render(area, buf);
        let title = theme.fit(&theme.say(&say::enrolling(name)), width.saturating_sub(2));
        let block = panel(theme, &title);
        let inner = block.inner(area);
        block.render(area, buf);
        for (y, line) in (inner.y..inner.bottom()).zip(&lines) {
            buf.set_line(inner.x, y, line, inner.width);
        }
        self.draw_faces(inner, lines.len() as u16, buf);
    }
}

impl EnrolProgress<'_> {
    /// The samples below the question; before, the chosen face on the right.
    fn draw_faces(&self, inner: Rect, lines: u16, buf: &mut Buffer) {
        let View { station, theme, .. } = self.0;
        match station.mode() {
            ModeView::Confirming(asked) => {
                let y = (inner.y + lines).min(inner.bottom());
                let width = inner.width / (asked.portraits.len().max(1) as u16);
                let height = inner.bottom() - y;
                let columns = (inner.x..).step_by(usize::from(width.max(1)));
                for (picture, x) in asked.portraits.iter().zip(columns) {
                    let gap = width.min(1);
                    let place = Rect::new(x, y, width - gap, height);
                    draw_picture(&picture.0, theme, place, buf);
                }
            }
            mode if inner.width >= SIDE_BY_SIDE => {
                if let Some(face) = mode.chosen_face() {
                    let place = Rect {
                        x: inner.right() - FACE_WIDTH,
                        width: FACE_WIDTH,
                        height: inner.height.min(FACE_WIDTH / 2),
                        ..inner
                    };
                    draw_picture(&face.portrait.0, theme, place, buf);
                }
            }
            _ => {}
        }
    }
}
