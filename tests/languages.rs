//! Each catalogue has every sentence that the dashboard shows, and no other.
//!
//! The sentences are found by reading the sources: what is looked up in `crates/dashboard`, and what
//! the other rooms say in words that reach the screen.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests too")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use rollcall::config::SAMPLE;
use rollcall::ui::Language;

/// Files of other rooms whose words come to the screen: their errors, how their types
/// are written, and what they put together for the operator.
const OTHER_ROOMS: &[&str] = &[
    "crates/core/src/attendance.rs",
    "crates/core/src/enrolment/identity.rs",
    "crates/core/src/enrolment/mod.rs",
    "crates/core/src/gallery/mod.rs",
    "crates/core/src/gallery/policy.rs",
    "crates/core/src/liveness.rs",
    "crates/core/src/notice.rs",
    "crates/core/src/person.rs",
    "crates/core/src/picture_condition.rs",
    "crates/core/src/pin.rs",
    "crates/core/src/quality.rs",
    "crates/core/src/station/by_hand.rs",
    "crates/core/src/station/commands.rs",
    "crates/core/src/station/enrolling.rs",
    "crates/core/src/station/mod.rs",
    "crates/core/src/worktime/mod.rs",
    "crates/camera/src/error.rs",
    "crates/camera/src/state.rs",
    "crates/cases/src/calibration/lines.rs",
    "crates/cases/src/doctor.rs",
    "crates/cases/src/error.rs",
    "crates/cases/src/export/columns.rs",
    "crates/cases/src/review.rs",
    "src/commands/data_folder.rs",
    "src/commands/station.rs",
    "crates/link/src/client.rs",
    "crates/link/src/heard.rs",
    "crates/protocol/src/client.rs",
    "crates/station/src/camera_controls.rs",
    "crates/station/src/camera_test.rs",
    "crates/station/src/commanded.rs",
    "crates/station/src/desk.rs",
    "crates/station/src/effects.rs",
    "crates/station/src/hub.rs",
    "crates/station/src/keeper.rs",
    "crates/station/src/lib.rs",
    "crates/station/src/restart.rs",
];

/// Functions and macros in those files whose first string is said to the operator.
const SAYING: &[&str] = &[
    "format",
    "write",
    "write_str",
    "bail",
    "with_context",
    "context",
    "english",
    "finding",
    "pad",
];

/// Words of those files that are printed by the command line, logged or kept, and never
/// shown by the dashboard.
const NOT_SHOWN: &[&str] = &[
    "BAD  ",
    "WARN ",
    "ok   ",
    "Pin(…)",
    "rollcall {}, source {source}",
    "--rate {rate}: from 0.01 to 240 pictures a second",
    "camera-controls",
    "demo",
    "enrolling the demonstration's people",
    "finding this program",
    "station",
    "starting the station's thread",
    "starting the thread of the camera's controls",
    "starting the thread that reads the records",
    "link-listen",
    "link-speak",
    "enrolling {} for the demonstration",
    "keeper",
    "making {}",
    "moving {} to {}",
    "no face in the portrait",
    "records",
    "{name} (uid {})",
    "{DATABASE_FILE}-shm",
    "{DATABASE_FILE}-wal",
    "{} at {}",
    "{} holds {MOST_ASIDE} old demonstrations; delete some",
    "registering a signal handler",
    "starting the announcer's thread",
    "starting the camera's thread",
    "starting the keeper's thread",
    "starting the recogniser's thread",
    "the recogniser's thread has died; see the log",
    "the recogniser's thread panicked",
    "the store's thread has died; see the log",
    "the keeper's thread has panicked",
    "the database could not be written; these punches are lost unless they are added with `rollcall attendance add`:\n{}",
    "--target {}: a probability between 0 and 1, e.g. 0.0001",
];

/// Whether anything is left beside the holes.
fn is_said(text: &str) -> bool {
    let mut depth = 0;
    text.chars().any(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => return depth == 0 && c.is_alphabetic(),
        }
        false
    })
}

/// Strings that are no sentences: file names, separators, keys of tables.
fn is_sentence(text: &str) -> bool {
    let words = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| word.len() > 1)
        .count();
    words > 0 && is_said(text)
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found
}

fn tokens(path: &Path) -> Vec<TokenTree> {
    let text = std::fs::read_to_string(path).unwrap();
    let stream: TokenStream = text.parse().unwrap();
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    // The tests at the end say what they like.
    let is_tests = |window: &[TokenTree]| {
        matches!(&window[0], TokenTree::Ident(name) if name == "mod")
            && matches!(&window[1], TokenTree::Ident(name) if name == "tests")
    };
    let is_body = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    let end = tokens
        .windows(3)
        .position(|window| is_tests(window) && is_body(&window[2]));
    tokens[..end.unwrap_or(tokens.len())].to_vec()
}

fn string(token: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = token else {
        return None;
    };
    syn::parse_str::<syn::LitStr>(&literal.to_string())
        .ok()
        .map(|literal| literal.value())
}

/// Calls `take` with each group in round or square brackets and the name before it.
fn walk(tokens: &[TokenTree], take: &mut dyn FnMut(&str, &[TokenTree])) {
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
        if group.delimiter() != Delimiter::Brace {
            let before = tokens[..index].iter().rev();
            let name = before
                .take_while(|token| !matches!(token, TokenTree::Group(_)))
                .find_map(|token| match token {
                    TokenTree::Ident(name) => Some(name.to_string()),
                    _ => None,
                });
            take(&name.unwrap_or_default(), &inner);
        }
        walk(&inner, take);
    }
}

/// What the dashboard looks up by itself.
fn own_sentences() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in sources(Path::new("crates/dashboard/src")) {
        walk(&tokens(&path), &mut |name, inner| {
            let is_doc = matches!(inner.first(), Some(TokenTree::Ident(first)) if first == "doc");
            if !is_doc && ["t", "fill", "text", "english", "day", "moment"].contains(&name) {
                found.extend(inner.iter().filter_map(string));
            }
        });
    }
    for line in SAMPLE.split("\n\n").flat_map(helps) {
        found.insert(line);
    }
    // Times are written with digits everywhere; dates have names.
    let has_name = |text: &str| ["%a", "%b", "%B"].iter().any(|name| text.contains(name));
    found.retain(|text| has_name(text) || (is_said(text) && !text.starts_with('%')));
    found
}

/// The comments above the settings of one section of the sample.
fn helps(section: &str) -> Vec<String> {
    let (mut comment, mut found) = (Vec::new(), Vec::new());
    for line in section.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix('#') {
            comment.push(words.trim());
        } else {
            if line.contains('=') && !line.starts_with("controls") {
                found.push(comment.join(" "));
            }
            comment.clear();
        }
    }
    found.retain(|words| !words.is_empty());
    found
}

/// What other rooms say, by file.
fn others_sentences() -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in OTHER_ROOMS {
        let tokens = tokens(Path::new(path));
        let said = found.entry((*path).to_owned()).or_default();
        walk(&tokens, &mut |name, inner| {
            if SAYING.contains(&name) {
                said.extend(inner.iter().find_map(string));
            }
            if name == "finding" {
                said.extend(inner.iter().filter_map(string));
            }
            // `Refusal::new(RefusalCode::Busy, "...")`.
            let first = inner.first().map(ToString::to_string);
            if name == "new" && first.as_deref() == Some("RefusalCode") {
                said.extend(inner.iter().find_map(string));
            }
            // `#[error("...")]`.
            if name == "error" && inner.len() <= 40 {
                said.extend(inner.first().and_then(string));
            }
        });
        said.extend(arms(&tokens));
        said.extend(owned(&tokens));
        said.retain(|text| is_sentence(text) && !NOT_SHOWN.contains(&text.as_str()));
    }
    found
}

/// `"...".to_owned()` and `"...".into()`.
fn owned(tokens: &[TokenTree]) -> Vec<String> {
    let mut found = Vec::new();
    for window in tokens.windows(3) {
        if let [literal, TokenTree::Punct(_), TokenTree::Ident(name)] = window
            && (name == "to_owned" || name == "into")
        {
            found.extend(string(literal));
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            found.extend(owned(&inner));
        }
    }
    found
}

/// Strings that an arm of a match is: `Self::In => "in"`.
fn arms(tokens: &[TokenTree]) -> Vec<String> {
    let mut found = Vec::new();
    for window in tokens.windows(3) {
        if let [TokenTree::Punct(equals), TokenTree::Punct(greater), value] = window
            && equals.as_char() == '='
            && greater.as_char() == '>'
        {
            match value {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    if let [only] = &inner[..] {
                        found.extend(string(only));
                    }
                }
                value => found.extend(string(value)),
            }
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            found.extend(arms(&inner));
        }
    }
    found
}

fn catalogue(code: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(format!("languages/{code}.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    table["sentences"]
        .as_table()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

#[test]
fn spanish_says_everything_and_nothing_that_is_not_asked() {
    let text = std::fs::read_to_string("languages/es.toml").unwrap();
    Language::parse(&text).unwrap();
    let known = catalogue("es");
    let mut wanted = own_sentences();
    for sentences in others_sentences().into_values() {
        wanted.extend(sentences);
    }
    let missing: Vec<&String> = wanted.difference(&known).collect();
    let left_over: Vec<&String> = known.difference(&wanted).collect();
    assert!(
        missing.is_empty() && left_over.is_empty(),
        "missing: {missing:#?}\nno longer said: {left_over:#?}"
    );
}

#[test]
fn the_sources_are_read_as_meant() {
    let own = own_sentences();
    for sentence in [
        "nobody is in sight",
        "{} of {} pictures  {}",
        "Hours",
        "settings: what",
        "Name on the screen, 1 to 40 characters.",
    ] {
        assert_eq!(
            own.contains(sentence),
            sentence != "settings: what",
            "{sentence}"
        );
    }
    let others = others_sentences();
    assert!(others["crates/core/src/person.rs"].contains("the {what} is empty"));
    assert!(others["crates/core/src/attendance.rs"].contains("camera"));
    assert!(others["crates/core/src/notice.rs"].contains("{name} checked {direction}"));
}
