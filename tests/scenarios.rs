//! Timed scenarios: sightings in, attendance out.
//!
//! Each file in `tests/scenarios/` tells a story in TOML and the punches it must
//! lead to. `README.md` there explains the format.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests too")]

mod common;

use std::path::Path;
use std::time::Duration;

use common::{Face, World};
use rollcall::config::Config;
use rollcall::core::day::AttendanceMode;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// What the story shows; printed when it fails.
    about: String,
    /// Wall clock at the start.
    start: String,
    /// Names of the people enrolled, in the order of their axes.
    people: Vec<String>,
    #[serde(default)]
    rules: Rules,
    step: Vec<Step>,
    /// "name direction HH:MM:SS", in the order in which they are written.
    expect: Vec<String>,
    /// Unknown or undecided faces that must have been reported.
    #[serde(default)]
    sightings: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    mode: Option<AttendanceMode>,
    cooldown_secs: Option<u64>,
    day_starts_at: Option<chrono::NaiveTime>,
}

/// One step: change the world, then let time pass with these faces in sight.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Sets the wall clock, and only it.
    set_wall: Option<String>,
    /// Cuts the power.
    #[serde(default)]
    restart: bool,
    /// Voids the latest punch, as another program would.
    #[serde(default)]
    void_last: bool,
    /// Whether the database answers.
    answers: Option<bool>,
    /// How long the step lasts, in seconds.
    #[serde(rename = "for", default)]
    secs: f64,
    /// Who is in sight; nobody if empty.
    #[serde(default)]
    faces: Vec<SeenFace>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenFace {
    /// Similarity to people by name.
    like: std::collections::BTreeMap<String, f32>,
    #[serde(default = "default_x")]
    x: f32,
    /// Whether the face is too blurred to vote.
    #[serde(default)]
    blurred: bool,
    /// Whether it may be another face than the one in this place a frame before.
    #[serde(default)]
    after_a_cut: bool,
}

fn default_x() -> f32 {
    200.0
}

#[test]
fn every_scenario_leads_to_its_punches() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    assert!(
        files.len() >= 10,
        "only {} scenarios were found",
        files.len()
    );
    let mut failures = Vec::new();
    for file in files {
        let scenario: Scenario = toml::from_str(&std::fs::read_to_string(&file).unwrap())
            .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let world = play(&scenario);
        if world.punches() != scenario.expect || world.sightings != scenario.sightings {
            failures.push(format!(
                "{}: {}\n  expected {:?} and {} sightings\n  found    {:?} and {} sightings\n  log {:#?}",
                file.display(), scenario.about, scenario.expect, scenario.sightings,
                world.punches(), world.sightings, world.log(),
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn play(scenario: &Scenario) -> World {
    let mut policies = Config::default().policies();
    let rules = &scenario.rules;
    let attendance = &mut policies.attendance;
    attendance.mode = rules.mode.unwrap_or(attendance.mode);
    attendance.cooldown = rules
        .cooldown_secs
        .map_or(attendance.cooldown, Duration::from_secs);
    attendance.day_starts_at = rules.day_starts_at.unwrap_or(attendance.day_starts_at);
    let mut world = World::new(policies, &scenario.start);
    for (i, name) in scenario.people.iter().enumerate() {
        world.add_person(name, &format!("P-{}", i + 1));
    }
    for step in &scenario.step {
        if let Some(text) = &step.set_wall {
            world.set_wall(text);
        }
        if step.restart {
            world.restart();
        }
        if step.void_last {
            let at = world.now().wall;
            world.ledger.events.last_mut().unwrap().void = Some(rollcall::core::attendance::Void {
                at,
                by: "operator".into(),
                reason: "wrong person".into(),
            });
            world.reload();
        }
        match step.answers {
            Some(true) => world.answer_all(),
            Some(false) => world.answering = false,
            None => {}
        }
        if step.faces.is_empty() {
            world.wait(step.secs);
        } else {
            let faces: Vec<Face> = step.faces.iter().map(|f| face(f, scenario)).collect();
            world.see_for(&faces, step.secs);
        }
    }
    world
}

fn face(seen: &SeenFace, scenario: &Scenario) -> Face {
    let axis = |name: &String| {
        scenario
            .people
            .iter()
            .position(|p| p == name)
            .unwrap_or_else(|| panic!("{name} is not in people"))
    };
    let mut quality = Face::stranger().quality;
    if seen.blurred {
        quality.sharpness = 0.0;
    }
    Face {
        quality,
        is_followed: !seen.after_a_cut,
        alike: seen.like.iter().map(|(name, s)| (axis(name), *s)).collect(),
        ..Face::stranger()
    }
    .at_x(seen.x)
}
