//! Everybody the station knows, and today's events of the one selected.

use crate::say;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use rollcall_messages::Text;
use rollcall_messages::decimal;

use super::Behaviour;
use super::draw_filter;
use crate::View;
use crate::app::{Action, App};
use crate::command::Command;
use crate::input::Key;
use crate::listing::Listing;
use crate::listing::filtered_people;
use crate::screen::Screen;
use crate::widgets::hints::{ALL, ESC, FILTER, FIND, HELP_KEY, Hint, K, PAGES, c};
use crate::widgets::{PeopleTable, PersonDetail, panel};
use rollcall_core::frame::Moment;
use rollcall_core::person::PersonId;
use rollcall_protocol::StationView;

/// From this width on, the details stand beside the list.
const SIDE_BY_SIDE: u16 = 110;
/// From this height on, they stand below it; in a lower window they are left out.
const STACKED: u16 = 18;

const LIST: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (K("Enter"), say::HINT_OPEN, 2),
    (FIND, say::FILTER_LABEL, 2),
    (PAGES, say::HINT_SCROLL, 4),
    (c(Command::Enrol), say::HINT_ENROL, 3),
    (ALL, say::HINT_ALL, 3),
    (HELP_KEY, say::HELP, 0),
];

/// Everybody who is enrolled.
pub(super) struct People;

impl Behaviour for People {
    fn name(&self) -> Text {
        say::PEOPLE
    }

    fn draw(&self, frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
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
            shown if shown == all => view.theme.say(&say::people_titled(separator, all)),
            shown => view.theme.say(&say::people_filtered(separator, shown, all)),
        };
        let title = match view.station.health.looks_to_a_false_name {
            // As everywhere, the title is cut where there is no room for all of it.
            Some(looks) => view
                .theme
                .say(&say::people_odds(&title, separator, decimal(looks, 0))),
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
                view.theme.t(say::NOBODY_ENROLLED_YET)
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

    fn hints(&self, view: View<'_>) -> &'static [Hint] {
        if view.app.people.filter.is_typing() {
            FILTER
        } else {
            LIST
        }
    }

    fn key(
        &self,
        app: &mut App,
        key: Key,
        station: &StationView,
        _: &Moment,
    ) -> Option<Vec<Action>> {
        let rows = ids(station, &app.people);
        let selected = app.people.selected(&rows);
        if let (Key::Enter, false, Some(person)) = (
            key,
            app.people.filter.is_typing(),
            selected.and_then(|id| station.person(id)),
        ) {
            app.person.open(person.code.clone());
            app.show(Screen::Person);
            return Some(Vec::new());
        }
        app.people.handle(key, &rows).then(Vec::new)
    }

    fn is_typing(&self, app: &App) -> bool {
        app.people.filter.is_typing()
    }

    fn paste(&self, app: &mut App, text: &str, _: &StationView) {
        app.people.filter.paste(text);
    }

    fn settle(&self, app: &mut App, station: &StationView, _: &Moment) {
        let rows = ids(station, &app.people);
        app.people.settle(&rows);
    }
}

fn ids(station: &StationView, listing: &Listing) -> Vec<PersonId> {
    let people = filtered_people(station, listing.filter.text());
    people.into_iter().map(|person| person.id).collect()
}
