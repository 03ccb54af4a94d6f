//! The line on top: station, camera, speed, date and time; and the alarm below
//! it while the database cannot be written.

use crate::language::DateForm;
use crate::say;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;
use rollcall_messages::decimal;

use crate::View;
use crate::screen::Screen;
use crate::text;
use rollcall_core::clock_trust::ClockState;
use rollcall_protocol::Health;

/// One line; what matters least goes first where it is too long.
pub(crate) struct StatusBar<'a>(pub(crate) View<'a>);

/// A part of the line.
struct Part {
    words: String,
    style: Style,
    joint: Joint,
    /// Parts with a larger number go first.
    rank: u8,
}

/// How a part is set off from the one before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    Separator,
    Space,
}

impl Widget for &StatusBar<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.0.theme;
        let mut clocks = CLOCKS.iter();
        let mut clock = self.clock(clocks.next());
        let mut parts = self.parts();
        while self.needed(&parts) + 2 + text::width(&clock.words) > usize::from(area.width) {
            let rank = parts.iter().map(|p| p.rank).max().unwrap_or(0);
            if rank == 0 {
                break;
            } else if clock.rank >= rank {
                clock = self.clock(clocks.next());
            } else {
                parts.retain(|p| p.rank != rank);
            }
        }
        let room = |x: u16| usize::from(area.right().saturating_sub(x));
        let mut x = area.x;
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                (x, _) = buf.set_stringn(x, area.y, self.joint(part), room(x), theme.dim());
            }
            let words = theme.fit(&part.words, room(x));
            (x, _) = buf.set_stringn(x, area.y, words, room(x), part.style);
        }
        let x = area
            .right()
            .saturating_sub(text::width(&clock.words) as u16);
        buf.set_stringn(x.max(area.x), area.y, clock.words, room(x), clock.style);
    }
}

/// Forms of date and time from long to short, each with the rank at which the
/// next one takes its place.
const CLOCKS: [(u8, Option<DateForm>); 3] = [
    (6, Some(DateForm::DayMonthYear)),
    (3, Some(DateForm::DayMonth)),
    (0, None),
];

impl StatusBar<'_> {
    fn parts(&self) -> Vec<Part> {
        let View {
            app, status, theme, ..
        } = self.0;
        let camera = &status.camera;
        let part = |rank, joint, style, words| Part {
            words,
            style,
            joint,
            rank,
        };
        let (dot, space) = (Joint::Separator, Joint::Space);
        let plain = theme.normal();
        let mut parts = Vec::new();
        if app.station_name() != "Rollcall" {
            parts.push(part(7, dot, theme.heading(), "Rollcall".to_owned()));
        }
        parts.push(part(2, dot, theme.strong(), app.station_name().to_owned()));
        let label_words = theme.say(camera.label);
        if let Some(words) = self.breadcrumb() {
            parts.push(part(0, space, theme.heading(), words));
        }
        let (health, label) = match camera.health {
            // What it delivers says more than that it works.
            Health::Good if camera.frames_per_second.is_some() => (theme.good(), ""),
            Health::Good => (theme.good(), label_words.as_str()),
            Health::Warning => (theme.warning(), label_words.as_str()),
            Health::Bad => (theme.bad(), label_words.as_str()),
        };
        let mark = theme.marks().dot;
        let words = theme
            .say(&say::status_camera(mark, label))
            .trim_end()
            .to_owned();
        parts.push(part(0, dot, health, words));
        if camera.health == Health::Good {
            let size = camera.size.map(|(w, h)| format!("{w}x{h}"));
            parts.extend(size.map(|words| part(6, space, plain, words)));
            let rate = camera
                .frames_per_second
                .map(|r| theme.say(&say::status_fps(decimal(r, 1))));
            parts.extend(rate.map(|words| part(1, space, plain, words)));
        }
        let time = status.frame_time;
        let time = time.map(|t| theme.say(&say::status_frame_time(t.as_millis() as u64)));
        parts.extend(time.map(|words| part(3, dot, plain, words)));
        let looks = status.looks_per_second;
        let looks = looks.map(|rate| theme.say(&say::looks_per_second(decimal(rate, 0))));
        parts.extend(looks.map(|words| part(5, dot, plain, words)));
        let bytes = status.bytes_per_second;
        let bytes = bytes.map(|rate| format!("{:.0} kB/s", rate / 1000.0));
        parts.extend(bytes.map(|words| part(4, dot, plain, words)));
        if status.dropped > 0 {
            let words = theme.say(&say::status_dropped(status.dropped));
            parts.push(part(4, dot, plain, words));
        }
        parts
    }

    fn needed(&self, parts: &[Part]) -> usize {
        let words: usize = parts.iter().map(|p| text::width(&p.words)).sum();
        let joints = parts.iter().skip(1).map(|p| text::width(&self.joint(p)));
        words + joints.sum::<usize>()
    }

    fn joint(&self, part: &Part) -> String {
        match part.joint {
            Joint::Separator => format!(" {} ", self.0.theme.marks().separator),
            Joint::Space => " ".to_owned(),
        }
    }

    /// Where the operator is, behind the station's name; nothing at home.
    fn breadcrumb(&self) -> Option<String> {
        let View { app, theme, .. } = self.0;
        if app.screen == Screen::Live {
            return None;
        }
        let behaviour = app.screen.behaviour();
        let (name, crumb) = (theme.t(behaviour.name()), theme.marks().crumb);
        Some(match behaviour.subject(app) {
            Some(subject) => format!("{crumb} {name} {crumb} {subject}"),
            None => format!("{crumb} {name}"),
        })
    }

    /// Date and time in one of its forms, and a word if they are doubtful.
    fn clock(&self, form: Option<&(u8, Option<DateForm>)>) -> Part {
        let &(rank, date) = form.unwrap_or(&CLOCKS[2]);
        let View { station, theme, .. } = self.0;
        let now = &self.0.status.now.wall;
        let time = match date {
            Some(date) => theme.moment(now, date, "%H:%M:%S"),
            None => now.format("%H:%M:%S").to_string(),
        };
        let (words, style) = match station.health.clock {
            None | Some(ClockState::Synchronised) => (time, theme.strong()),
            Some(ClockState::Unsynchronised | ClockState::Jumped) => {
                (theme.say(&say::status_clock(&time)), theme.warning())
            }
        };
        Part {
            words,
            style,
            joint: Joint::Space,
            rank,
        }
    }
}

/// Says loudly that the database does not work, or that the station cannot be heard.
pub(crate) struct TroubleBanner<'a>(pub(crate) View<'a>);

impl TroubleBanner<'_> {
    /// Lines it needs.
    pub(crate) fn height(&self) -> u16 {
        let trouble = self.0.station.health.trouble.is_some();
        u16::from(trouble || self.0.app.lost().is_some())
    }
}

impl Widget for &TroubleBanner<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let View {
            app,
            station,
            theme,
            ..
        } = self.0;
        if let Some(why) = app.lost() {
            let words = theme.say(&say::not_connected_old(why));
            let width = usize::from(area.width);
            let words = theme.fit(&format!(" {words}"), width);
            buf.set_style(area, theme.alarm());
            buf.set_stringn(area.x, area.y, words, width, theme.alarm());
            return;
        }
        let Some(trouble) = &station.health.trouble else {
            return;
        };
        let waiting = match station.health.unconfirmed {
            0 => theme.t(say::NOTHING_WAITS).to_owned(),
            n => theme.say(&say::punches_waiting(n)),
        };
        let width = usize::from(area.width);
        // The number must not be cut off by a long message, so it is measured first.
        let tail = format!(", {waiting} ");
        let what = if station.health.writing_fails {
            theme.t(say::STATUS_CANNOT_WRITE)
        } else {
            theme.t(say::STATUS_CANNOT_READ)
        };
        let head = format!(" {what}: {}", theme.say(trouble));
        let head = theme.fit(&head, width.saturating_sub(text::width(&tail)));
        buf.set_style(area, theme.alarm());
        buf.set_stringn(
            area.x,
            area.y,
            format!("{head}{tail}"),
            width,
            theme.alarm(),
        );
    }
}
