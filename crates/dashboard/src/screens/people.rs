//! Everybody the station knows, and today's events of the one selected.

use crate::say;
use rollcall_messages::decimal;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use super::draw_filter;
use crate::View;
use crate::listing::filtered_people;
use crate::widgets::{PeopleTable, PersonDetail, panel};
use rollcall_core::person::PersonId;

/// From this width on, the details stand beside the list.
const SIDE_BY_SIDE: u16 = 110;
/// From this height on, they stand below it; in a lower window they are left out.
const STACKED: u16 = 18;

pub(super) fn draw(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let listing = &view.app.people;
    let people = filtered_people(view.station, listing.filter.text());
    let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
    let selected = listing.selected_row(&ids);
    let [list, detail] = if area.width >= SIDE_BY_SIDE {
        Layout::horizontal([Constraint::Percentage(60), Constraint::Fill(1)]).areas(area)
    } else {
        let detail_height = if area.height >= STACKED {
            area.height / 3
        } else {
            0
        };
        Layout::vertical([Constraint::Fill(1), Constraint::Length(detail_height)]).areas(area)
    };
    let separator = view.theme.marks().separator;
    let all = view.station.people().count();
    let title = match people.len() {
        shown if shown == all => view.theme.say(&say::people_titled(&separator, &all)),
        shown => view
            .theme
            .say(&say::people_filtered(&separator, &shown, &all)),
    };
    let title = match view.station.health.looks_to_a_false_name {
        // As everywhere, the title is cut where there is no room for all of it.
        Some(looks) => view.theme.say(&say::people_odds(&title, &separator, decimal(looks, 0))),
        None => title,
    };
    let block = panel(view.theme, &title);
    let inner = block.inner(list);
    frame.render_widget(block, list);
    let [filter, rows] =
        Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
    draw_filter(frame, view, &listing.filter, filter);
    if people.is_empty() {
        let words = if all == 0 {
            view.theme
                .t(say::NOBODY_ENROLLED_YET)
        } else {
            view.theme.t(say::NOBODY_MATCHES)
        };
        let words = view.theme.fit(words, usize::from(rows.width));
        frame.render_widget(Line::styled(words, view.theme.dim()), rows);
    } else {
        let table = PeopleTable {
            view,
            people: &people,
            selected,
        };
        frame.render_widget(&table, rows);
    }
    if !detail.is_empty() {
        let person = people.get(selected).copied();
        frame.render_widget(&PersonDetail { view, person }, detail);
    }
}
