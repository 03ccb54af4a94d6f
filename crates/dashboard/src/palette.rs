//! The command palette: every command by its name.

use super::command::{Command, Entry, matching};
use super::field::TextField;
use super::input::Key;
use super::theme::Theme;

/// What is typed, and which of the commands found is meant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Palette {
    pub(crate) field: TextField,
    selected: usize,
}

/// What a key led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PaletteStep {
    Stay,
    Close,
    Run(Command),
}

impl Palette {
    /// The commands found.
    pub(crate) fn found(&self, theme: Theme) -> Vec<&'static Entry> {
        matching(self.field.text(), theme)
    }

    /// The row the keys act on.
    pub(crate) fn selected(&self, found: usize) -> usize {
        self.selected.min(found.saturating_sub(1))
    }

    pub(crate) fn handle(&mut self, key: Key, theme: Theme) -> PaletteStep {
        let found = self.found(theme);
        let row = self.selected(found.len());
        match key {
            Key::Esc | Key::Ctrl('p') => return PaletteStep::Close,
            Key::Enter => {
                return found
                    .get(row)
                    .map_or(PaletteStep::Stay, |entry| PaletteStep::Run(entry.command));
            }
            Key::Up | Key::BackTab => self.selected = row.saturating_sub(1),
            Key::Down | Key::Tab => self.selected = row + 1,
            Key::PageUp => self.selected = row.saturating_sub(10),
            Key::PageDown => self.selected = row + 10,
            key => {
                self.field.handle(key);
                self.selected = 0;
            }
        }
        PaletteStep::Stay
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Screen;
    use crate::{Charset, ColourDepth, Language};

    #[test]
    fn a_few_letters_and_enter_run_a_command() {
        let theme = Theme {
            depth: ColourDepth::True,
            charset: Charset::Unicode,
            language: Language::english(),
            cell_aspect: 2.0,
            has_pixels: false,
        };
        let mut palette = Palette::default();
        for c in "settings".chars() {
            assert_eq!(palette.handle(Key::Char(c), theme), PaletteStep::Stay);
        }
        let run = palette.handle(Key::Enter, theme);
        assert_eq!(run, PaletteStep::Run(Command::Go(Screen::Settings)));
        palette.handle(Key::Char('x'), theme);
        assert_eq!(
            palette.handle(Key::Enter, theme),
            PaletteStep::Stay,
            "nothing matches"
        );
        let mut palette = Palette::default();
        palette.handle(Key::Down, theme);
        assert_eq!(
            palette.handle(Key::Enter, theme),
            PaletteStep::Run(Command::Enrol)
        );
        assert_eq!(palette.handle(Key::Esc, theme), PaletteStep::Close);
    }
}
