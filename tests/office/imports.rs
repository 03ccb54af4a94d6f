//! Files of other systems.

use predicates::prelude::*;
use predicates::str::contains;

use super::Station;

/// Two people, nobody's face.
fn lived_in() -> Station {
    let station = Station::new();
    let people = station.file("people.csv", "code,name\nE-1,Ana Torres\nE-2,Bruno Díaz\n");
    station.run(&["import", "people", &people]).success();
    station
}

/// 512 numbers that are no unit vector, as the network gives them.
fn raw_vector(whose: i32) -> String {
    let numbers = (0..512).map(|place| format!("{:.4}", f64::from(place * whose % 37) / 9.0 - 2.0));
    numbers.collect::<Vec<_>>().join(";")
}

#[test]
fn raw_vectors_by_name_by_student_and_by_file_name_are_imported_once() {
    let station = lived_in();
    let model = ["--model", "0123456789abcdef0123", "--consent", "2026-11-01"];
    let by_name = station.file(
        "embeddings.csv",
        &format!(
            "name,embedding\nAna Torres,{}\nCarla Ng,{}\n",
            raw_vector(1),
            raw_vector(2)
        ),
    );
    let by_student = station.file(
        "students.csv",
        &format!(
            "student_id,embedding\nE-2,{}\n20210678,{}\n",
            raw_vector(3),
            raw_vector(4)
        ),
    );
    let by_file = station.file(
        "Dora Ruiz.csv",
        &format!("image_number,embedding\n1,{}\n", raw_vector(5)),
    );
    for (file, added) in [(&by_name, 2), (&by_student, 2), (&by_file, 1)] {
        let import = [&["import", "embeddings", file][..], &model].concat();
        station
            .run(&import)
            .success()
            .stdout(contains(format!("{added} templates imported")))
            .stderr(contains("divided by"));
        station
            .run(&import)
            .success()
            .stdout(contains("0 templates imported"));
    }
    // What a file calls a name may be the code of somebody who is there.
    let by_code = station.file(
        "bycode.csv",
        &format!("name,embedding\ne-2,{}\n", raw_vector(3)),
    );
    station
        .run(&[&["import", "embeddings", &by_code][..], &model].concat())
        .success()
        .stdout(contains("0 templates imported; 1 were there"));
    let people = station.json(&["people", "list", "--json"]);
    let names: Vec<&str> = people
        .as_array()
        .unwrap()
        .iter()
        .map(|person| person["name"].as_str().unwrap())
        .collect();
    // Nobody is there twice, and whoever has only a code is called by it.
    assert_eq!(names.len(), 5, "{names:?}");
    for name in ["Ana Torres", "Carla Ng", "Dora Ruiz", "20210678"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let pickle = station.file("embeddings.pkl", "(dp0\nS'Ana'\n");
    let import = [&["import", "embeddings", &pickle][..], &model].concat();
    station
        .run(&import)
        .code(1)
        .stderr(contains("reading one runs the code in it"));
}

#[test]
fn whoever_is_not_active_is_asked_about_too() {
    let station = Station::new();
    let model = ["--model", "0123456789abcdef0123", "--consent", "2026-11-01"];
    let import = |name: &str, more: &[&str]| {
        let text = format!("name,embedding\n{name},{}\n", raw_vector(1));
        let file = station.file("embeddings.csv", &text);
        station.run(&[&["import", "embeddings", &file][..], &model, more].concat())
    };
    import("Ana Torres", &[]).success();
    station.run(&["people", "deactivate", "P-001"]).success();
    import("Ana T", &[]).code(1).stderr(
        contains("Ana Torres (P-001, deactivated")
            .and(contains("nothing was imported"))
            .and(contains("--another-person")),
    );
    import("Ana T", &["--another-person"]).success();
    station
        .run(&["audit", "list"])
        .success()
        .stdout(contains("another person than P-001"));
}

#[test]
fn a_dry_run_shows_what_was_understood_and_writes_nothing() {
    let empty = Station::new();
    let people = empty.file("people.csv", "Código;Nombre\nE-9;Eva Gil\n");
    empty
        .run(&["import", "people", &people, "--dry-run"])
        .success()
        .stdout(
            contains("semicolon")
                .and(contains("name = \"Nombre\""))
                .and(contains("E-9  Eva Gil"))
                .and(contains("nothing was written")),
        );
    assert!(!empty.data().exists());
    let station = lived_in();
    let punches = station.file(
        "punches.csv",
        "Nombre;Fecha;Hora\nANA TORRES;23/11/2026;8:00\nANA TORRES;23/11/2026;17:30\n",
    );
    let import = ["import", "attendance", &punches];
    let shown = station.json(&[&import[..], &["--dry-run", "--json"]].concat());
    let facts = shown["facts"].to_string();
    assert!(facts.contains("day/month/year"), "{facts}");
    assert!(facts.contains("by name"), "{facts}");
    station
        .run(&import)
        .success()
        .stdout(contains("2 punches imported"));
    let events = station.json(&[
        "attendance",
        "list",
        "--from",
        "2026-11-23",
        "--to",
        "2026-11-23",
        "--json",
    ]);
    let events = events.as_array().unwrap();
    let ways: Vec<&str> = events
        .iter()
        .map(|event| event["direction"].as_str().unwrap())
        .collect();
    assert_eq!(ways, ["in", "out"]);
}

#[test]
fn a_question_names_the_option_that_answers_it() {
    let station = lived_in();
    let punches = station.file("log.csv", "Wer,Wann\nAna Torres,02/11/2026 18:00\n");
    let import = ["import", "attendance", &punches];
    station.run(&import).code(1).stderr(contains("--map name="));
    let mapped = [&import[..], &["--map", "name=Wer", "--map", "time=Wann"]].concat();
    station.run(&mapped).code(1).stderr(contains("--dates dmy"));
    let dated = [&mapped[..], &["--dates", "dmy"]].concat();
    station
        .run(&dated)
        .success()
        .stdout(contains("1 punches imported"));
    let wrong = [&import[..], &["--map", "nickname=Wer"]].concat();
    station
        .run(&wrong)
        .code(1)
        .stderr(contains("is none of code, name"));
}
