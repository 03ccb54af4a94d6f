//! Text in character cells: how wide it is, where it is cut, how it is wrapped.
//!
//! Names are of any script. They are measured and cut by user-perceived
//! characters (grapheme clusters), the way the terminal buffer draws them, so
//! that no name can push the rest of its row out of place.

use std::borrow::Cow;

use ratatui::buffer::CellWidth;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// Character cells that `text` takes.
pub(crate) fn width(text: &str) -> usize {
    text.graphemes(true).map(grapheme_width).sum()
}

/// Character cells of one grapheme cluster.
pub(crate) fn grapheme_width(grapheme: &str) -> usize {
    if grapheme.contains(char::is_control) {
        return 0;
    }
    usize::from(grapheme.cell_width())
}

/// `text` in at most `max_width` cells; what is too long ends in `ellipsis`.
pub(crate) fn cut<'a>(text: &'a str, max_width: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= max_width {
        return Cow::Borrowed(text);
    }
    let ellipsis_width = width(ellipsis);
    if ellipsis_width > max_width {
        return Cow::Owned(head(text, max_width).to_owned());
    }
    let kept = head(text, max_width - ellipsis_width).trim_end();
    Cow::Owned(format!("{kept}{ellipsis}"))
}

/// The longest beginning of `text` that fits in `max_width` cells.
pub(crate) fn head(text: &str, max_width: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme_width(grapheme);
        if used > max_width {
            return &text[..at];
        }
    }
    text
}

/// `text` broken at spaces into lines of at most `max_width` cells; a word that
/// is longer than a line is broken where the line ends.
pub(crate) fn wrap(text: &str, max_width: usize) -> Vec<String> {
    if max_width == 0 {
        return Vec::new();
    }
    let mut lines = vec![String::new()];
    let mut used = 0;
    for mut word in text.split_whitespace() {
        let gap = usize::from(used > 0);
        let mut word_width = width(word);
        if used + gap + word_width > max_width && used > 0 {
            lines.push(String::new());
            used = 0;
        }
        while word_width > max_width {
            let mut part = head(word, max_width);
            if part.is_empty() {
                // A character wider than the line: it is left to the clipping of the buffer.
                part = word.graphemes(true).next().unwrap_or(word);
            }
            append(&mut lines, part);
            lines.push(String::new());
            word = &word[part.len()..];
            word_width = width(word);
        }
        if used > 0 {
            append(&mut lines, " ");
            used += 1;
        }
        append(&mut lines, word);
        used += word_width;
    }
    if lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

fn append(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

/// `text` for comparison with what somebody types: without accents and case, so
/// that "diaz" finds "Díaz".
pub(crate) fn folded(text: &str) -> String {
    without_marks(text).to_lowercase()
}

/// `text` for a terminal that shows ASCII only: accents are dropped, what is
/// left outside of ASCII becomes a question mark.
pub(crate) fn to_ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let plain = without_marks(text);
    Cow::Owned(
        plain
            .graphemes(true)
            .map(|g| match g {
                "…" => "...",
                "—" | "–" | "−" | "─" => "-",
                // What charts of other rooms are made of.
                "█" => "#",
                "░" => ".",
                g if g.is_ascii() => g,
                _ => "?",
            })
            .collect(),
    )
}

fn without_marks(text: &str) -> String {
    text.nfkd().filter(|&c| !is_combining_mark(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_cut_between_characters_people_see() {
        for (name, max_width, shown) in [
            ("Ana Torres", 10, "Ana Torres"),
            ("Ana Torres", 9, "Ana Torr…"),
            ("Ana Torres", 5, "Ana…"),
            ("李小龍", 6, "李小龍"),
            ("李小龍", 5, "李小…"),
            ("李小龍", 4, "李…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("👩‍👩‍👧‍👦 Ana", 5, "👩‍👩‍👧‍👦 A…"),
            ("Ana", 0, ""),
            ("Ana", 1, "…"),
        ] {
            assert_eq!(cut(name, max_width, "…"), shown, "{name} in {max_width}");
        }
        assert_eq!(cut("Ana Torres", 2, "..."), "An");
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_at_the_edge() {
        assert_eq!(wrap("come closer please", 11), ["come closer", "please"]);
        assert_eq!(wrap("a verylongword b", 5), ["a", "veryl", "ongwo", "rd b"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("anything", 0), Vec::<String>::new());
        assert_eq!(wrap("李小龍", 1), ["李", "小", "龍"]);
    }

    #[test]
    fn accents_and_case_do_not_hide_a_name() {
        assert_eq!(folded("DÍAZ"), folded("diaz"));
        assert_eq!(to_ascii("Bruno Díaz — 李"), "Bruno Diaz - ?");
        assert_eq!(to_ascii("░░ ██ ──"), ".. ## --");
    }

    proptest! {
        #[test]
        fn what_is_cut_fits(text in "\\PC{0,40}", max_width in 0usize..30) {
            prop_assert!(width(&cut(&text, max_width, "…")) <= max_width);
        }

        #[test]
        fn wrapping_loses_nothing_but_spaces(text in "[a-z ]{0,60}", max_width in 1usize..20) {
            let lines = wrap(&text, max_width);
            prop_assert!(lines.iter().all(|l| width(l) <= max_width));
            let joined: String = lines.concat().split_whitespace().collect();
            let original: String = text.split_whitespace().collect();
            prop_assert_eq!(joined, original);
        }

        #[test]
        fn ascii_terminals_get_ascii(text in "\\PC{0,40}") {
            prop_assert!(to_ascii(&text).is_ascii());
        }
    }
}
