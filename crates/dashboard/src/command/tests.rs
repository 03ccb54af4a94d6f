//! That a key has one meaning, here, on every screen and in the README.

use super::*;
use crate::{Charset, ColourDepth, Language};

/// Every key with what it means.
fn meanings() -> Vec<(Key, String)> {
    let letters = ALL.iter().filter_map(|entry| {
        let key = entry.letter?;
        Some((key, format!("{:?}", entry.command)))
    });
    let functions = ALL.iter().filter_map(|entry| {
        let key = Key::F(entry.function?);
        Some((key, format!("{:?}", entry.command)))
    });
    let deeds = DEEDS
        .iter()
        .map(|entry| (entry.key, format!("{:?}", entry.deed)));
    let motions = MOTIONS
        .iter()
        .map(|(key, motion)| (*key, format!("{motion:?}")));
    letters
        .chain(functions)
        .chain(deeds)
        .chain(motions)
        .collect()
}

#[test]
fn no_key_means_two_things() {
    let meanings = meanings();
    for (index, (key, one)) in meanings.iter().enumerate() {
        for (other_key, other) in &meanings[index + 1..] {
            assert!(key != other_key, "{key:?} is {one} and {other}");
        }
    }
    assert_eq!(of_key(Key::F(9)), Some(Command::Go(Screen::Settings)));
    assert_eq!(of_key(Key::Char('Z')), None);
}

/// The sources of the dashboard without their tests, each with its path.
fn sources() -> Vec<(std::path::PathBuf, String)> {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("tests.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap().to_owned();
                sources.push((path, code));
            }
        }
    }
    sources
}

#[test]
fn no_screen_gives_a_letter_another_meaning() {
    let sources = sources();
    assert!(sources.len() > 50, "the sources are found");
    for (path, code) in sources {
        if path.ends_with("command.rs") {
            continue;
        }
        let mut rest = code.as_str();
        while let Some(at) = rest.find("Key::Char('") {
            rest = &rest[at + "Key::Char('".len()..];
            let named = rest.chars().next().unwrap();
            // A space types itself, or steps through what a line of a form can be.
            assert!(
                named == ' ',
                "{} decides itself what {named:?} means; name it in command.rs",
                path.display()
            );
        }
    }
}

#[test]
fn the_readme_has_every_key() {
    let readme = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let table = readme.split("| key | what |").nth(1).unwrap();
    let table = table.split("| command | what |").next().unwrap();
    for (key, meaning) in meanings() {
        if let Key::Char(c) = key {
            assert!(
                table.contains(&format!("`{c}`")),
                "{c} ({meaning}) is missing"
            );
        }
    }
}

#[test]
fn every_list_is_moved_through_in_the_same_way() {
    for (keys, row) in [
        ("jjj", 3),
        ("jjjk", 2),
        ("G", 29),
        ("Gk", 28),
        ("Ggj", 1),
        ("k", 0),
        ("Gj", 29),
    ] {
        let moved = keys.chars().fold(0, |row, key| {
            Motion::of(Key::Char(key)).unwrap().from(row, 29)
        });
        assert_eq!(moved, row, "{keys}");
    }
    assert_eq!(Motion::of(Key::PageDown).unwrap().from(25, 29), 29);
    assert_eq!(Motion::of(Key::PageUp).unwrap().from(25, 29), 15);
}

#[test]
fn every_screen_has_a_key_and_a_few_letters_find_it() {
    let theme = Theme {
        depth: ColourDepth::True,
        charset: Charset::Unicode,
        language: Language::english(),
        cell_aspect: 2.0,
        has_pixels: false,
    };
    for screen in Screen::ALL {
        let has_key = |e: &&Entry| e.command == Command::Go(screen) && e.letter.is_some();
        assert!(ALL.iter().any(|e| has_key(&e)), "{screen:?}");
    }
    let names: Vec<&str> = matching("att MON", theme)
        .iter()
        .map(|e| e.name.english())
        .collect();
    assert_eq!(names, ["attendance: a month"]);
    assert!(matching("xyzzy", theme).is_empty());
    assert!(matching("", theme).len() > 25);
}
