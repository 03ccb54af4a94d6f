//! What the camera sees, with the faces in it; or why it sees nothing.

use crate::say;
use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::overlay::draw_faces;
use super::panel;
use super::picture::{Placement, draw_ascii, draw_braille, draw_half_blocks, draw_quadrants};
use crate::View;
use crate::app::Enrolling;
use crate::colour::ColourDepth;
use crate::graphics::Canvas;
use crate::theme::{Charset, Theme};
use rollcall_protocol::Health;
use rollcall_protocol::ModeView;
use rollcall_protocol::PreviewMode;

/// The preview with its frame.
pub(crate) struct Preview<'a>(pub(crate) View<'a>);

impl Widget for &Preview<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let View {
            app,
            station,
            status,
            theme,
        } = self.0;
        let block = panel(
            theme,
            &theme.say(&say::camera_titled(theme.marks().separator, status.source)),
        );
        let inner = block.inner(area);
        block.render(area, buf);
        let mode = drawable(app.preview, theme);
        let placement = status
            .frame
            .filter(|_| status.camera.health != Health::Bad && mode != PreviewMode::Off)
            .and_then(|frame| {
                let (width, height) = frame.image.dimensions();
                let aspect = theme.cell_aspect;
                Some((frame, Placement::fit_cells(width, height, inner, aspect)?))
            });
        match placement {
            Some((_, placement)) if mode == PreviewMode::Pixels && !self.is_covered() => {
                app.canvas.set(Some(Canvas {
                    cells: placement.cells,
                }));
                for position in placement.cells.positions() {
                    if let Some(cell) = buf.cell_mut(position) {
                        // The picture is there; a blank would be drawn over it.
                        cell.reset();
                        cell.set_diff_option(CellDiffOption::Skip);
                    }
                }
            }
            Some((frame, placement)) => {
                match mode {
                    PreviewMode::Pixels | PreviewMode::HalfBlocks => {
                        let mut steady = app.steady.borrow_mut();
                        draw_half_blocks(&frame.image, placement, theme.depth, &mut steady, buf);
                    }
                    PreviewMode::Quadrants => {
                        let mut steady = app.steady.borrow_mut();
                        draw_quadrants(&frame.image, placement, theme.depth, &mut steady, buf);
                    }
                    PreviewMode::Braille => draw_braille(&frame.image, placement, buf),
                    PreviewMode::Ascii | PreviewMode::Off => {
                        draw_ascii(&frame.image, placement, buf);
                    }
                }
                let place = (frame.image.width(), placement);
                draw_faces(station, app.chosen_face(station), theme, place, buf);
            }
            None => self.explain(inner, buf),
        }
    }
}

impl Preview<'_> {
    /// Whether something may lie over the picture that must not be hidden by it.
    fn is_covered(&self) -> bool {
        let View { app, station, .. } = self.0;
        app.palette.is_some()
            || !matches!(app.enrolling, Enrolling::No)
            || !matches!(station.mode(), ModeView::Live | ModeView::Choosing(_))
    }

    /// Says in the picture's place why there is none.
    fn explain(&self, area: Rect, buf: &mut Buffer) {
        let View {
            app, status, theme, ..
        } = self.0;
        let camera = &status.camera;
        let camera_is = || theme.say(&say::camera_is(camera.label));
        let (heading, style) = match camera.health {
            Health::Bad => (camera_is(), theme.bad()),
            Health::Warning => (camera_is(), theme.warning()),
            Health::Good if app.preview == PreviewMode::Off => {
                (theme.t(say::PREVIEW_OFF).to_owned(), theme.strong())
            }
            Health::Good => (theme.t(say::WAITING_FOR_PICTURE).to_owned(), theme.dim()),
        };
        let advice = match camera.health {
            Health::Good if app.preview == PreviewMode::Off => {
                Some(theme.t(say::PREVIEW_NONE_HINT).to_owned())
            }
            _ => camera.advice.map(|advice| theme.say(advice)),
        };
        let width = usize::from(area.width.saturating_sub(2));
        let headings = theme.wrap(&heading, width);
        let advice = advice.map_or_else(Vec::new, |text| theme.wrap(&text, width));
        let lines: Vec<Line<'_>> = headings
            .into_iter()
            .map(|line| Line::from(Span::styled(line, style)))
            .chain(advice.into_iter().map(Line::from))
            .collect();
        let top = area.y + area.height.saturating_sub(lines.len() as u16) / 2;
        for (y, line) in (top..area.bottom()).zip(lines) {
            line.centered()
                .render(Rect::new(area.x, y, area.width, 1), buf);
        }
    }
}

/// Lines that a preview of this width needs, its frame included, to show the
/// whole picture and no margin.
pub(crate) fn rows_for_width(view: View<'_>, width: u16) -> u16 {
    let (frame_width, frame_height) = view
        .status
        .frame
        .map(|frame| frame.image.dimensions())
        .or(view.status.camera.size)
        .filter(|&(w, h)| w > 0 && h > 0)
        .unwrap_or((4, 3));
    let inner = f32::from(width.saturating_sub(2));
    (inner * frame_height as f32 / frame_width as f32 / view.theme.cell_aspect).round() as u16 + 2
}

fn drawable(wanted: PreviewMode, theme: Theme) -> PreviewMode {
    let (plain, grey) = (
        theme.charset == Charset::Ascii,
        theme.depth == ColourDepth::Monochrome,
    );
    match wanted {
        PreviewMode::Pixels if theme.has_pixels => PreviewMode::Pixels,
        PreviewMode::Pixels | PreviewMode::HalfBlocks | PreviewMode::Quadrants if plain || grey => {
            PreviewMode::Ascii
        }
        PreviewMode::Braille if plain => PreviewMode::Ascii,
        other => other,
    }
}
