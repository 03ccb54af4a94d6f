//! The banner that greets whoever has punched.

use crate::say;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::{Clear, Widget};

use super::attendance_table::hours;
use super::big_text::draw_big;
use crate::colour::ColourDepth;
use crate::welcome::Greeting;
use crate::{View, text};
use rollcall_core::attendance::Direction;

/// The whole screen.
pub(crate) struct WelcomeBanner<'a> {
    pub(crate) view: View<'a>,
    pub(crate) greeting: &'a Greeting,
}

impl Widget for &WelcomeBanner<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let View { station, theme, .. } = self.view;
        let greeting = self.greeting;
        let style = match theme.depth {
            ColourDepth::Monochrome => Style::new().add_modifier(Modifier::REVERSED),
            _ => Style::new().fg(Color::White).bg(match greeting.direction {
                Direction::In => Color::Green,
                Direction::Out => Color::Blue,
            }),
        };
        Clear.render(area, buf);
        buf.set_style(area, style);
        let word = match greeting.direction {
            Direction::In => theme.t(say::WELCOME),
            Direction::Out => theme.t(say::GOODBYE),
        };
        let name = greeting.name.as_str();
        let time = greeting.at.format("%H:%M").to_string();
        let rows = station.today(&self.view.status.now);
        let worked = rows
            .iter()
            .find(|row| row.person.id == greeting.person)
            .map(|row| row.report.worked)
            .filter(|worked| !worked.is_zero());
        let last = match worked {
            Some(worked) => theme.say(&say::hours_today(
                &time,
                theme.marks().separator,
                hours(worked),
            )),
            None => time,
        };
        // The name is the largest: first name only, where all of it does not fit.
        let first_name = name.split_whitespace().next().unwrap_or(name);
        let third = area.height / 3;
        let places = [
            (vec![word], area.y),
            (vec![name, first_name], area.y + third),
            (vec![last.as_str()], area.y + 2 * third),
        ];
        for (wordings, y) in places {
            let place = Rect {
                y,
                height: third,
                ..area
            };
            let is_drawn = wordings
                .iter()
                .any(|words| draw_big(&theme.text(words), place, theme.charset, style, buf) > 0);
            if !is_drawn {
                let words = theme.fit(wordings[0], usize::from(area.width));
                let x = area.x + (area.width - text::width(&words) as u16) / 2;
                let bold = style.add_modifier(Modifier::BOLD);
                buf.set_stringn(x, y + third / 2, words, usize::from(area.width), bold);
            }
        }
    }
}
