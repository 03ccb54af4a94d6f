//! Today's table with all columns.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use super::draw_filter;
use crate::core::person::PersonId;
use crate::ui::View;
use crate::ui::listing::filtered_today;
use crate::ui::widgets::{AttendanceTable, CorrectionFormPanel, Detail, panel, today_title};

pub(super) fn draw(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let listing = &view.app.attendance;
    let rows = filtered_today(view.station, &listing.filter, &view.status.now);
    let ids: Vec<PersonId> = rows.iter().map(|row| row.person.id).collect();
    let day = view.station.local_day().format("%a %-d %b %Y");
    let separator = view.theme.marks().separator;
    let block = panel(
        view.theme,
        &format!("{} {separator} {day}", today_title(view)),
    );
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let [filter, table] =
        Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
    draw_filter(frame, view, &listing.filter, listing.focus, filter);
    if rows.is_empty() {
        let words = if listing.filter.is_empty() {
            "nobody is enrolled yet"
        } else {
            "nobody matches the filter; Esc takes it away"
        };
        let words = view.theme.fit(words, usize::from(table.width));
        frame.render_widget(Line::styled(words, view.theme.dim()), table);
        return;
    }
    let widget = AttendanceTable {
        view,
        rows: &rows,
        selected: Some(listing.selected_row(&ids)),
        detail: Detail::Full,
    };
    frame.render_widget(&widget, table);
    if let Some(form) = view.app.correcting.form() {
        let form = CorrectionFormPanel { view, form };
        let height = form.height(area.width).min(area.height);
        let place = Rect {
            y: area.bottom() - height,
            height,
            ..area
        };
        frame.render_widget(&form, place);
        if let Some(cursor) = form.cursor(place) {
            frame.set_cursor_position(cursor);
        }
    }
}
