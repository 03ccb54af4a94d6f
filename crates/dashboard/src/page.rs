//! A report in lines: what was read last, and how far it is scrolled.

use super::command::{Deed, Motion, is_yes};
use super::filter::{Filter, FilterKey};
use super::input::Key;
use super::text;
use rollcall_messages::Message;
use rollcall_protocol::{PageKind, PageLine};

/// The report on the screen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    kind: Option<PageKind>,
    is_asked: bool,
    lines: Option<Result<Vec<PageLine>, Message>>,
    pub(crate) scroll: usize,
    pub(crate) filter: Filter,
    /// Whether the proposed threshold is about to be written.
    pub(crate) is_confirming: bool,
}

/// What a key led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PageKey {
    Pass,
    Taken,
    WriteThreshold,
}

impl Page {
    /// Shows another report, or the same one anew.
    pub(crate) fn open(&mut self, kind: PageKind) {
        *self = Self {
            kind: Some(kind),
            ..Self::default()
        };
    }

    /// Which report is to be read now.
    pub(crate) fn due(&mut self) -> Option<PageKind> {
        let kind = self.kind.filter(|_| !self.is_asked)?;
        self.is_asked = true;
        Some(kind)
    }

    pub(crate) fn take(&mut self, kind: PageKind, lines: Result<Vec<PageLine>, Message>) {
        if self.kind == Some(kind) {
            // What is confirmed is what is shown.
            self.is_confirming &= self.lines.as_ref() == Some(&lines);
            self.lines = Some(lines);
        }
    }

    /// All lines; none until they are read.
    pub(crate) fn lines(&self) -> Vec<PageLine> {
        let lines = self.lines.as_ref().and_then(|lines| lines.as_ref().ok());
        lines.cloned().unwrap_or_default()
    }

    /// The lines that pass the filter; nothing until they are read.
    pub(crate) fn shown(&self) -> Option<Result<Vec<&PageLine>, &Message>> {
        let wanted = text::folded(self.filter.text());
        let passes = |line: &&PageLine| {
            let wanted = wanted.trim();
            let has = |said: &Message| text::folded(&said.to_string()).contains(wanted);
            has(&line.words) || has(&line.term)
        };
        Some(match self.lines.as_ref()? {
            Ok(lines) => Ok(lines.iter().filter(passes).collect()),
            Err(error) => Err(error),
        })
    }

    pub(crate) fn handle(&mut self, key: Key) -> PageKey {
        if std::mem::take(&mut self.is_confirming) {
            return if is_yes(key) {
                PageKey::WriteThreshold
            } else {
                PageKey::Taken
            };
        }
        match self.filter.handle(key) {
            FilterKey::Pass => {}
            FilterKey::Taken => return PageKey::Taken,
            FilterKey::Changed => {
                self.scroll = 0;
                return PageKey::Taken;
            }
        }
        let last = match self.shown() {
            Some(Ok(lines)) => lines.len().saturating_sub(1),
            _ => 0,
        };
        if key == Key::Enter {
            self.is_asked = false;
        } else if Deed::of(key) == Some(Deed::Propose) && self.kind == Some(PageKind::Calibration) {
            self.is_confirming = true;
        } else if let Some(motion) = Motion::of(key) {
            self.scroll = motion.from(self.scroll, last);
        } else {
            return PageKey::Pass;
        }
        PageKey::Taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_once_scrolled_and_filtered() {
        let mut page = Page::default();
        assert_eq!(page.due(), None);
        page.open(PageKind::Audit);
        assert_eq!(page.due(), Some(PageKind::Audit));
        assert_eq!(page.due(), None, "asked already");
        page.take(
            PageKind::Doctor,
            Err(Message::verbatim("late answer of another")),
        );
        assert!(page.shown().is_none());
        let line = |words: &str| PageLine {
            health: None,
            term: Message::default(),
            words: Message::verbatim(words),
            is_drawn: false,
        };
        page.take(PageKind::Audit, Ok(vec![line("ana"), line("Bruno Díaz")]));
        assert_eq!(page.handle(Key::PageDown), PageKey::Taken);
        assert_eq!(page.scroll, 1, "not beyond the last line");
        for key in [Key::Char('/'), Key::Char('d'), Key::Char('i'), Key::Enter] {
            page.handle(key);
        }
        assert_eq!(page.shown().unwrap().unwrap(), [&line("Bruno Díaz")]);
        assert_eq!(
            page.handle(Key::Esc),
            PageKey::Taken,
            "takes the filter away"
        );
        assert_eq!(page.handle(Key::Esc), PageKey::Pass);
        assert_eq!(
            page.handle(Key::Char('=')),
            PageKey::Pass,
            "nothing to write here"
        );
        page.handle(Key::Enter);
        assert_eq!(page.due(), Some(PageKind::Audit), "Enter reads it again");
    }

    #[test]
    fn only_a_clear_yes_writes_the_threshold() {
        let mut page = Page::default();
        page.open(PageKind::Calibration);
        for (answer, led_to) in [
            (Key::Enter, PageKey::Taken),
            (Key::Char('n'), PageKey::Taken),
            (Key::Char('y'), PageKey::WriteThreshold),
        ] {
            assert_eq!(page.handle(Key::Char('=')), PageKey::Taken);
            assert!(page.is_confirming);
            assert_eq!(page.handle(answer), led_to);
            assert!(!page.is_confirming);
        }
    }
}
