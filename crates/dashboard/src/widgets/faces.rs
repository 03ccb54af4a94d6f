//! The faces in front of the camera, one line each: in words what the preview
//! says with boxes.

use crate::say;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use rollcall_messages::decimal;

use super::overlay::{Label, nearest, verdict_style};
use super::panel;
use crate::View;
use rollcall_core::consensus::Verdict;
use rollcall_protocol::TrackView;

/// The list with its frame.
pub(crate) struct Faces<'a>(pub(crate) View<'a>);

impl Widget for &Faces<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let View { station, theme, .. } = self.0;
        let block = panel(theme, theme.t(say::IN_VIEW));
        let inner = block.inner(area);
        block.render(area, buf);
        let width = usize::from(inner.width);
        if station.faces_in_sight().is_empty() {
            buf.set_stringn(
                inner.x,
                inner.y,
                theme.fit(theme.t(say::NOBODY), width),
                width,
                theme.dim(),
            );
            return;
        }
        for (y, track) in (inner.y..inner.bottom()).zip(station.faces_in_sight()) {
            let style = verdict_style(track.verdict, theme);
            buf.set_stringn(inner.x, y, self.words(track, width), width, style);
        }
    }
}

impl Faces<'_> {
    fn words(&self, track: &TrackView, width: usize) -> String {
        let View { station, theme, .. } = self.0;
        let nearest = nearest(track, station).filter(|_| track.verdict == Verdict::Unknown);
        let more = match (nearest, track.liveness_score) {
            (Some(name), _) if track.issue.is_none() => theme.say(&say::face_nearest(name)),
            (_, Some(liveness)) => theme.say(&say::face_live(decimal(liveness, 2))),
            _ => String::new(),
        };
        let words = Label::of(track, station, theme).fit(width, theme);
        theme.fit(&format!("{words}{more}"), width)
    }
}
