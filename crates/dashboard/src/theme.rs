//! What everything looks like: styles and the characters lines and marks are made of.
//!
//! A colour never says anything alone; the words next to it say the same.

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset, NaiveDate};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::Span;

use super::colour::ColourDepth;
use super::language::{DateForm, Language};
use super::text;
use rollcall_core::notice::Severity;
use rollcall_core::printable::{is_hostile, printable_line};
use rollcall_messages::{Message, Said, Text};

/// Which characters the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// All.
    Unicode,
    /// The printable ones of ASCII.
    Ascii,
}

impl std::fmt::Display for Charset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Unicode => "Unicode",
            Self::Ascii => "ASCII only",
        })
    }
}

impl Charset {
    /// Reads the locale the way the C library does: `LC_ALL` over `LC_CTYPE` over `LANG`.
    pub fn detect(environment: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .filter_map(environment)
            .find(|value| !value.is_empty())
            .unwrap_or_default()
            .to_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") {
            Charset::Unicode
        } else {
            Charset::Ascii
        }
    }
}

/// Marks that are more than letters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marks {
    pub(crate) tick: &'static str,
    pub(crate) dot: &'static str,
    pub(crate) ellipsis: &'static str,
    pub(crate) dash: &'static str,
    pub(crate) arrow: &'static str,
    pub(crate) separator: &'static str,
    /// Between the steps of a breadcrumb.
    pub(crate) crumb: &'static str,
    pub(crate) full: &'static str,
    pub(crate) empty: &'static str,
    pub(crate) border: border::Set<'static>,
}

const UNICODE: Marks = Marks {
    tick: "✓",
    dot: "●",
    ellipsis: "…",
    dash: "—",
    arrow: "←",
    separator: "·",
    crumb: "›",
    full: "█",
    empty: "░",
    border: border::PLAIN,
};

const ASCII: Marks = Marks {
    tick: "ok",
    dot: "*",
    ellipsis: "...",
    dash: "-",
    arrow: "<-",
    separator: "-",
    crumb: ">",
    full: "#",
    empty: ".",
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
};

/// The look of the dashboard on one terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme {
    pub(crate) depth: ColourDepth,
    pub(crate) charset: Charset,
    pub(crate) language: &'static Language,
    /// How many times as high as wide a character cell is.
    pub(crate) cell_aspect: f32,
    /// Whether the terminal shows pictures.
    pub(crate) has_pixels: bool,
}

/// Of most fonts.
pub(crate) const USUAL_ASPECT: f32 = 2.0;

impl Theme {
    pub(crate) fn marks(&self) -> &'static Marks {
        match self.charset {
            Charset::Unicode => &UNICODE,
            Charset::Ascii => &ASCII,
        }
    }

    /// A sentence of the dashboard's own in the operator's language.
    pub(crate) fn t(&self, text: Text) -> &'static str {
        self.language.text(text)
    }

    /// A sentence with something in it.
    pub(crate) fn say(&self, message: &Message) -> String {
        self.language.say(message)
    }

    /// What another room has said, in the operator's language.
    pub(crate) fn sentence(&self, what: &impl Said) -> String {
        self.language.said(what)
    }

    /// A number as the operator's language writes it.
    pub(crate) fn number(&self, number: f32, decimals: usize) -> String {
        self.language.number(number, decimals)
    }

    /// A day as the operator's language writes it.
    pub(crate) fn day(&self, day: NaiveDate, form: DateForm) -> String {
        self.language.day(day, form)
    }

    /// A day, and the time of day by chrono's `pattern`, as the operator's language writes it.
    pub(crate) fn moment(
        &self,
        at: &DateTime<FixedOffset>,
        form: DateForm,
        pattern: &'static str,
    ) -> String {
        self.language.moment(at, form, pattern)
    }

    /// Text from outside (names, messages) in characters the terminal has.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let is_space = |c| matches!(c, '\n' | '\r' | '\t');
        let one_line = if text.contains(is_hostile) {
            let spaced = text.replace(is_space, " ");
            Cow::Owned(printable_line(&spaced).into_owned())
        } else {
            Cow::Borrowed(text)
        };
        match (self.charset, one_line) {
            (Charset::Unicode, line) => line,
            (Charset::Ascii, Cow::Borrowed(line)) => text::to_ascii(line),
            (Charset::Ascii, Cow::Owned(line)) => Cow::Owned(text::to_ascii(&line).into_owned()),
        }
    }

    /// Text from outside, cut to `max_width` cells.
    pub(crate) fn fit(&self, text: &str, max_width: usize) -> String {
        text::cut(&self.text(text), max_width, self.marks().ellipsis).into_owned()
    }

    /// Text from outside, broken into lines of `max_width` cells.
    pub(crate) fn wrap(&self, text: &str, max_width: usize) -> Vec<String> {
        text::wrap(&self.text(text), max_width)
    }

    #[expect(
        clippy::unused_self,
        reason = "all styles are asked for in the same way"
    )]
    pub(crate) fn normal(&self) -> Style {
        Style::new()
    }

    pub(crate) fn dim(&self) -> Style {
        match self.depth {
            ColourDepth::Monochrome => Style::new().add_modifier(Modifier::DIM),
            _ => Style::new().fg(Color::DarkGray),
        }
    }

    #[expect(
        clippy::unused_self,
        reason = "all styles are asked for in the same way"
    )]
    pub(crate) fn strong(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(crate) fn heading(&self) -> Style {
        self.coloured(Color::Cyan, Modifier::BOLD)
    }

    pub(crate) fn good(&self) -> Style {
        self.coloured(Color::Green, Modifier::empty())
    }

    pub(crate) fn warning(&self) -> Style {
        self.coloured(Color::Yellow, Modifier::BOLD)
    }

    pub(crate) fn bad(&self) -> Style {
        self.coloured(Color::Red, Modifier::BOLD)
    }

    /// For what must not be missed.
    pub(crate) fn alarm(&self) -> Style {
        match self.depth {
            ColourDepth::Monochrome => {
                Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED)
            }
            _ => Style::new()
                .fg(Color::White)
                .bg(Color::Red)
                .add_modifier(Modifier::BOLD),
        }
    }

    /// For the row the keys act on.
    #[expect(
        clippy::unused_self,
        reason = "all styles are asked for in the same way"
    )]
    pub(crate) fn selected(&self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The name of a line of a form: with a mark and turned over where the keys go, so that
    /// it is seen on a terminal without colours and in a photograph of one.
    pub(crate) fn label(&self, name: &str, width: usize, is_focused: bool) -> Span<'static> {
        let (mark, style) = if is_focused {
            (">", self.selected().add_modifier(Modifier::BOLD))
        } else {
            (" ", self.dim())
        };
        let room = width.saturating_sub(2);
        let name = self.fit(name, room);
        let gap = " ".repeat(room.saturating_sub(text::width(&name)));
        Span::styled(format!("{mark}{name}{gap} "), style)
    }

    pub(crate) fn severity(&self, severity: Severity) -> Style {
        match severity {
            Severity::Good => self.good(),
            Severity::Neutral => self.normal(),
            Severity::Bad => self.bad(),
        }
    }

    fn coloured(&self, colour: Color, without_colour: Modifier) -> Style {
        match self.depth {
            ColourDepth::Monochrome => Style::new().add_modifier(without_colour),
            _ => Style::new().fg(colour).add_modifier(without_colour),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_tells_the_characters() {
        for (variables, charset) in [
            (&[("LANG", "en_GB.UTF-8")][..], Charset::Unicode),
            (&[("LANG", "C.utf8")], Charset::Unicode),
            (&[("LANG", "C")], Charset::Ascii),
            (&[], Charset::Ascii),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "POSIX")], Charset::Ascii),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "")], Charset::Unicode),
        ] {
            let found = Charset::detect(|name| {
                let entry = variables.iter().find(|(key, _)| *key == name);
                entry.map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(found, charset, "{variables:?}");
        }
    }

    #[test]
    fn messages_from_outside_stay_on_their_line() {
        let theme = Theme {
            depth: ColourDepth::True,
            charset: Charset::Ascii,
            language: Language::english(),
            cell_aspect: 2.0,
            has_pixels: false,
        };
        assert_eq!(
            theme.text("disk\nfull \u{1b}[31mñ"),
            "disk full \\u001b[31mn"
        );
        assert_eq!(theme.fit("Bruno Díaz", 8), "Bruno...");
    }

    #[test]
    fn without_colour_no_style_has_one() {
        let theme = Theme {
            depth: ColourDepth::Monochrome,
            charset: Charset::Unicode,
            language: Language::english(),
            cell_aspect: 2.0,
            has_pixels: false,
        };
        for style in [
            theme.dim(),
            theme.heading(),
            theme.good(),
            theme.warning(),
            theme.bad(),
            theme.alarm(),
            theme.selected(),
        ] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }
}
