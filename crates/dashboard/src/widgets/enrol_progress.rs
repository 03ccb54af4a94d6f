//! How the enrolment goes: pictures taken, and what the person should do now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget};

use super::panel;
use crate::View;
use rollcall_core::enrolment::{Enrolment, Hint};
use rollcall_core::station::Mode;

/// The panel with its frame; nothing while nobody is being enrolled.
pub(crate) struct EnrolProgress<'a>(pub(crate) View<'a>);

impl EnrolProgress<'_> {
    /// Lines it needs, its frame included.
    pub(crate) const HEIGHT: u16 = 6;

    fn taking(&self, enrolment: &Enrolment, width: usize) -> Vec<Line<'static>> {
        let theme = self.0.theme;
        let marks = theme.marks();
        let (taken, wanted) = (enrolment.samples.len(), enrolment.wanted);
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
            Line::raw(theme.fit(
                &theme.fill("{} of {} pictures  {}", &[&taken, &wanted, &bar]),
                width,
            )),
            Line::styled(theme.fit(&theme.sentence(&enrolment.hint), width), style),
            Line::default(),
            Line::styled(
                theme.fit(theme.t("Esc calls it off, nothing is kept"), width),
                theme.dim(),
            ),
        ]
    }
}

impl Widget for &EnrolProgress<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let View { station, theme, .. } = self.0;
        let width = usize::from(area.width.saturating_sub(2));
        let (name, lines) = match station.mode() {
            Mode::Live => return,
            Mode::Enrolling(enrolment) => (&enrolment.name, self.taking(enrolment, width)),
            Mode::Saving { name, .. } => (
                name,
                vec![Line::raw(
                    theme.fit(theme.t("all pictures taken, saving them"), width),
                )],
            ),
        };
        Clear.render(area, buf);
        let title = theme.fit(
            &theme.fill("enrolling {}", &[name]),
            width.saturating_sub(2),
        );
        let block = panel(theme, &title);
        let inner = block.inner(area);
        block.render(area, buf);
        for (y, line) in (inner.y..inner.bottom()).zip(&lines) {
            buf.set_line(inner.x, y, line, inner.width);
        }
    }
}
