//! Every code has its words in every catalogue of the program, and no catalogue has others.
//!
//! What can be said is known from the declarations of the rooms: a code that is used and not
//! declared does not compile, one that is declared and not used is a warning of the compiler.

#![allow(clippy::unwrap_used, reason = "helpers of tests too")]

use std::collections::BTreeSet;
use std::path::Path;

use rollcall::config::{ConfigFile, SAMPLE};
use rollcall::messages::{Catalogue, Room};
use rollcall::{camera, core, link, protocol, runtime, say, store, ui};

/// The rooms that say something to people.
fn rooms() -> [&'static Room; 8] {
    [
        &core::say::ROOM,
        &camera::say::ROOM,
        &store::say::ROOM,
        &protocol::say::ROOM,
        &link::say::ROOM,
        &runtime::say::ROOM,
        &ui::say::ROOM,
        &say::ROOM,
    ]
}

/// The codes of the settings' explanations, whose English is the sample of the configuration.
fn settings() -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, SAMPLE).unwrap();
    let rows = ConfigFile { path }.settings(|_| None).unwrap();
    rows.iter().map(|row| row.help.id().to_owned()).collect()
}

/// What is wrong with a catalogue of all rooms, settings and the names of languages aside.
fn faults(catalogue: &Catalogue) -> Vec<String> {
    let settings = settings();
    let is_setting = |fault: &String| {
        let id = fault.strip_suffix(": nothing says this");
        id.is_some_and(|id| settings.contains(id))
    };
    let mut faults = catalogue.faults(&rooms());
    faults.retain(|fault| !is_setting(fault));
    faults
}

#[test]
fn each_room_says_all_it_can_say_in_english() {
    for room in rooms() {
        let faults = room.english().faults(&[room]);
        assert!(faults.is_empty(), "{}: {faults:#?}", room.name());
        assert!(!room.codes().is_empty(), "{}", room.name());
    }
}

#[test]
fn every_language_says_everything_and_nothing_that_is_not_asked() {
    for (code, catalogue) in ui::BUILT_IN {
        let faults = faults(catalogue);
        assert!(faults.is_empty(), "{code}: {faults:#?}");
        let said: BTreeSet<&str> = catalogue.ids().collect();
        let settings = settings();
        let missing: Vec<_> = settings
            .iter()
            .filter(|id| !said.contains(id.as_str()))
            .collect();
        assert!(missing.is_empty(), "{code}: {missing:#?}");
        assert!(catalogue.text("language-name").is_some(), "{code}");
    }
}

#[test]
fn files_of_a_language_are_one_catalogue_for_an_operator() {
    // Whoever begins a language joins the English files and translates what stands there.
    let mut all = String::new();
    for entry in std::fs::read_dir("languages/en").unwrap() {
        all += &std::fs::read_to_string(entry.unwrap().path()).unwrap();
        all.push('\n');
    }
    let catalogue = Catalogue::parse("ca", &all).unwrap();
    let faults = catalogue.faults(&rooms());
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_fault_is_found() {
    let all = std::fs::read_to_string("languages/es/core.ftl").unwrap();
    let broken = all.replace("{ $name }", "{ $nombre }");
    let faults = Catalogue::built_in("es", &[("core.ftl", &broken)]).faults(&[&core::say::ROOM]);
    assert!(
        faults
            .iter()
            .any(|fault| fault.contains("$nombre is not given")),
        "{faults:#?}"
    );
    assert!(Path::new("languages/es/core.ftl").is_file());
}
