//! The faces in the picture: a box around each, and in words who it is.

use crate::say;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::picture::Placement;
use crate::graphics::FaceMark;
use crate::text;
use crate::theme::Theme;
use rollcall_core::consensus::{TrackId, Verdict};
use rollcall_core::liveness::Liveness;
use rollcall_core::person::PersonName;
use rollcall_protocol::{StationView, TrackView};

/// Draws boxes and labels of all faces in sight over the picture.
///
/// The one that is being enrolled has a mark.
pub(super) fn draw_faces(
    station: &StationView,
    chosen: Option<TrackId>,
    theme: Theme,
    (width, placement): (u32, Placement),
    buf: &mut Buffer,
) {
    let mut taken: Vec<Rect> = Vec::new();
    let boxes: Vec<(&TrackView, Rect)> = station
        .faces_in_sight()
        .iter()
        .filter_map(|track| {
            let seen = station.sight.in_picture(track.bounding_box, width);
            Some((track, placement.cells_of(&seen)?))
        })
        .collect();
    for (track, cells) in &boxes {
        draw_box(*cells, verdict_style(track.verdict, theme), theme, buf);
    }
    for (track, cells) in &boxes {
        let mut label = Label::of(track, station, theme);
        if chosen == Some(track.id) {
            label.head = format!("{} {}", theme.marks().crumb, label.head);
        }
        if let Some(place) = place_label(label.width(), *cells, placement.cells, &taken) {
            draw_label(
                &label,
                place,
                verdict_style(track.verdict, theme),
                theme,
                buf,
            );
            taken.push(place);
        }
    }
}

/// The faces for a picture in pixels.
pub(crate) fn marks(station: &StationView, width: u32, theme: Theme) -> Vec<FaceMark> {
    let mark = |track: &TrackView| FaceMark {
        bounding_box: station.sight.in_picture(track.bounding_box, width),
        label: Label::of(track, station, theme).words(),
        colour: match track.verdict {
            Verdict::Known(_) => [80, 220, 80],
            Verdict::Deciding => [240, 200, 60],
            Verdict::Unknown => [240, 80, 70],
        },
    };
    station.faces_in_sight().iter().map(mark).collect()
}

/// Who a face is, in few words: name, similarity and a tick; "unknown"; or what
/// the person should do to be recognised.
pub(super) struct Label {
    head: String,
    /// Not cut when the head is.
    tail: String,
}

impl Label {
    pub(super) fn of(track: &TrackView, station: &StationView, theme: Theme) -> Self {
        let marks = theme.marks();
        let (head, tail) = match (track.verdict, track.issue) {
            (Verdict::Known(person), _) => {
                let name = station.person(person).map_or("?", |p| p.name.as_str());
                match track.liveness {
                    Liveness::Live | Liveness::Deciding => {}
                    Liveness::Challenged(side) => {
                        let side = theme.sentence(&side);
                        let head = theme.say(&say::turn_head(name, &side));
                        return Self::new(&head, String::new(), theme);
                    }
                    Liveness::Spoof(cue) => {
                        return Self::new(
                            &format!("{name}? {}", theme.sentence(&cue)),
                            String::new(),
                            theme,
                        );
                    }
                }
                // The latest vote may have been for somebody else.
                let candidate = track.candidate.filter(|c| c.person == person);
                let similarity = candidate.map(|c| format!(" {}", theme.number(c.similarity.0, 2)));
                let tail = format!("{} {}", similarity.unwrap_or_default(), marks.tick);
                (name.to_owned(), tail)
            }
            (Verdict::Unknown, None) => {
                let similarity = track
                    .candidate
                    .map(|c| format!(" {}", theme.number(c.similarity.0, 2)));
                (
                    theme.t(say::UNKNOWN).to_owned(),
                    similarity.unwrap_or_default(),
                )
            }
            (Verdict::Unknown | Verdict::Deciding, Some(issue)) => {
                (theme.sentence(&issue), String::new())
            }
            (Verdict::Deciding, None) => (marks.ellipsis.to_owned(), String::new()),
        };
        Self::new(&head, tail, theme)
    }

    fn new(head: &str, tail: String, theme: Theme) -> Self {
        Self {
            head: theme.text(head).into_owned(),
            tail,
        }
    }

    fn words(&self) -> String {
        format!("{}{}", self.head, self.tail)
    }

    fn width(&self) -> usize {
        text::width(&self.head) + text::width(&self.tail)
    }

    /// The label in at most `max_width` cells.
    pub(super) fn fit(&self, max_width: usize, theme: Theme) -> String {
        let room = max_width.saturating_sub(text::width(&self.tail));
        let whole = format!("{}{}", theme.fit(&self.head, room), self.tail);
        theme.fit(&whole, max_width)
    }
}

/// The most similar person of an unknown face, if there is any likeness worth a word.
pub(super) fn nearest<'a>(track: &TrackView, station: &'a StationView) -> Option<&'a PersonName> {
    let candidate = track.candidate?;
    let threshold = station.health.threshold;
    let is_alike = candidate.similarity.0 * 2.0 >= threshold.0;
    let person = station.person(candidate.person).filter(|_| is_alike)?;
    Some(&person.name)
}

pub(super) fn verdict_style(verdict: Verdict, theme: Theme) -> Style {
    match verdict {
        Verdict::Known(_) => theme.good(),
        Verdict::Deciding => theme.warning(),
        Verdict::Unknown => theme.bad(),
    }
}

/// Lines over the picture; the picture's colours stay behind them.
fn draw_box(cells: Rect, style: Style, theme: Theme, buf: &mut Buffer) {
    let set = theme.marks().border;
    let (right, bottom) = (cells.right() - 1, cells.bottom() - 1);
    let line = Style {
        add_modifier: style.add_modifier | Modifier::BOLD,
        ..style
    };
    let mut put = |x: u16, y: u16, symbol: &'static str| {
        if let Some(cell) = buf.cell_mut((x, y)) {
            cell.set_symbol(symbol).set_style(line);
        }
    };
    for x in cells.x..=right {
        put(x, cells.y, set.horizontal_top);
        put(x, bottom, set.horizontal_bottom);
    }
    for y in cells.y..=bottom {
        put(cells.x, y, set.vertical_left);
        put(right, y, set.vertical_right);
    }
    put(cells.x, cells.y, set.top_left);
    put(right, cells.y, set.top_right);
    put(cells.x, bottom, set.bottom_left);
    put(right, bottom, set.bottom_right);
}

/// Below the box, above it, or on its lower or upper edge: the first of these
/// that lies in the picture and on no other label.
fn place_label(label_width: usize, cells: Rect, picture: Rect, taken: &[Rect]) -> Option<Rect> {
    let width = (label_width.min(1000) as u16 + 2).min(picture.width);
    let middle = i32::from(cells.x) + i32::from(cells.width) / 2 - i32::from(width) / 2;
    let x = middle.clamp(i32::from(picture.x), i32::from(picture.right() - width)) as u16;
    let rows = [
        Some(cells.bottom()),
        cells.y.checked_sub(1),
        Some(cells.bottom() - 1),
        Some(cells.y),
    ];
    rows.into_iter()
        .flatten()
        .map(|y| Rect::new(x, y, width, 1))
        .find(|place| {
            picture.contains(Position::new(place.x, place.y))
                && !taken.iter().any(|other| other.intersects(*place))
        })
}

fn draw_label(label: &Label, place: Rect, style: Style, theme: Theme, buf: &mut Buffer) {
    let inner = usize::from(place.width.saturating_sub(2));
    for position in place.positions() {
        if let Some(cell) = buf.cell_mut(position) {
            // The picture's colours go: they could be those of the letters.
            cell.reset();
        }
    }
    buf.set_stringn(
        place.x + 1,
        place.y,
        label.fit(inner, theme),
        inner,
        style.add_modifier(Modifier::BOLD),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: Rect = Rect::new(0, 0, 40, 12);

    #[test]
    fn a_label_stays_in_the_picture_and_off_the_others() {
        let cells = Rect::new(30, 2, 8, 5);
        let below = place_label(16, cells, PICTURE, &[]).unwrap();
        assert_eq!(below, Rect::new(22, 7, 18, 1), "shifted to the left");
        let above = place_label(3, cells, PICTURE, &[below]).unwrap();
        assert_eq!(above.y, 1);
        let filling = Rect::new(0, 0, 40, 12);
        assert_eq!(place_label(3, filling, PICTURE, &[]).unwrap().y, 11);
        let long = place_label(90, cells, PICTURE, &[]).unwrap();
        assert_eq!(long.width, PICTURE.width);
        let all: Vec<Rect> = (0..12).map(|y| Rect::new(0, y, 40, 1)).collect();
        assert_eq!(place_label(3, cells, PICTURE, &all), None);
    }
}
