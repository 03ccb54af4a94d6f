//! What payroll depends on: that the past does not change silently, that
//! times are the station's and can be true, and that days add up.

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use super::Station;

const SHOP: &str = "[attendance]\ntime_zone = \"Europe/Lisbon\"\n\
    [[shift]]\nname = \"shop\"\nstart = \"09:00\"\nend = \"18:00\"\nbreaks = [\"13:00-14:00\"]\n\
    grace_mins = 10\n\
    [[shift]]\nname = \"evening\"\nstart = \"16:00\"\nend = \"23:00\"\n\
    [[schedule]]\nshift = \"shop\"\ndays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\n\
    [[schedule]]\nshift = \"evening\"\nteam = \"evening\"\ndays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\n";

/// September 2026 has 22 days from Monday to Friday.
const SEPTEMBER: [&str; 5] = ["attendance", "report", "--month", "2026-09", "--json"];

fn with(config: &str, people: &str, punches: &str) -> Station {
    let station = Station::new();
    std::fs::create_dir(station.data()).unwrap();
    configure(&station, config);
    station.import(people, punches);
    station
}

/// Two people who are expected since August, one of whom came on the first of September.
fn shop() -> Station {
    with(
        SHOP,
        "code,name,team,expected_from\nS-1,Marta,shop,2026-08-03\nS-2,Nuno,shop,2026-08-03\n",
        "code,direction,time\nS-1,in,2026-09-01 09:00\nS-1,out,2026-09-01 18:30\n",
    )
}

fn configure(station: &Station, config: &str) {
    std::fs::write(station.data().join("config.toml"), config).unwrap();
}

fn of_september(station: &Station, key: &str) -> Vec<u64> {
    let report = station.json(&SEPTEMBER);
    let people = report["people"].as_array().unwrap().iter();
    people.map(|person| person[key].as_u64().unwrap()).collect()
}

#[test]
fn whoever_leaves_keeps_the_months_before() {
    let station = shop();
    assert_eq!(of_september(&station, "days_absent"), [21, 22]);
    station.run(&["people", "deactivate", "s-2"]).success();
    assert_eq!(of_september(&station, "days_absent"), [21, 22]);
    // From a day that has passed it alters days, and asks.
    let earlier = ["people", "deactivate", "S-1", "--from", "2026-09-16"];
    station.run(&earlier).code(1).stderr(
        contains("of 1 person that have passed")
            .and(contains("2026-09-16"))
            .and(contains("--yes")),
    );
    assert_eq!(of_september(&station, "days_absent"), [21, 22]);
    station.run(&[&earlier[..], &["--yes"]].concat()).success();
    assert_eq!(of_september(&station, "days_absent"), [10, 22]);
}

#[test]
fn erasing_somebody_says_which_absences_go() {
    let station = shop();
    let delete = ["people", "delete", "S-1"];
    station.run(&delete).code(1).stderr(
        contains("of 1 person that have passed come out otherwise")
            .and(contains("absent"))
            .and(contains("export them first"))
            .and(contains("--yes")),
    );
    assert_eq!(of_september(&station, "days_absent"), [21, 22]);
    station
        .run(&[&delete[..], &["--yes"]].concat())
        .success()
        .stdout(contains("kept: 2 attendance events").and(contains("absent")));
    let rows = of_september(&station, "days_absent");
    assert!(rows == [0, 22] || rows == [22], "{rows:?}");
    station
        .run(&["audit", "list"])
        .success()
        .stdout(contains("past.alter").and(contains("that have passed come out otherwise")));
}

#[test]
fn another_team_is_asked_about_when_it_alters_what_has_passed() {
    let station = shop();
    let before = station.json(&SEPTEMBER);
    let change = ["people", "team", "S-1", "evening"];
    station.run(&change).code(1).stderr(
        contains("of 1 person that have passed come out otherwise, 2026-09-01")
            .and(contains("S-1: 2026-09-01"))
            .and(contains("nothing was changed")),
    );
    assert_eq!(station.json(&SEPTEMBER), before);
    station.run(&[&change[..], &["--yes"]].concat()).success();
    assert_ne!(station.json(&SEPTEMBER), before);
    // The same in a file of people, which is no longer ignored.
    let back = station.file("back.csv", "code,name,team\ns-1,Marta,shop\n");
    station
        .run(&["import", "people", &back])
        .code(1)
        .stderr(contains("--yes"));
    station
        .run(&["import", "people", &back, "--yes"])
        .success()
        .stdout(contains("1 of them with something new"));
    assert_eq!(station.json(&SEPTEMBER), before);
    // A team that is measured alike alters nothing, so nothing is asked.
    station
        .run(&["people", "team", "S-1", "back office"])
        .success();
}

#[test]
fn edited_settings_are_noticed_until_somebody_agrees() {
    let station = shop();
    let quiet = || contains("settings were changed").not();
    station.run(&SEPTEMBER).success().stderr(quiet());
    let replaced = |from: &str, to: &str| {
        assert!(SHOP.contains(from));
        SHOP.replacen(from, to, 1)
    };
    for (edited, word) in [
        (
            replaced("Europe/Lisbon", "Asia/Tokyo"),
            "attendance.time_zone",
        ),
        (replaced("09:00", "08:30"), "the shifts"),
        (replaced("\"wed\", ", ""), "the schedules"),
        (
            replaced("[attendance]", "[attendance]\nmode = \"presence\""),
            "attendance.mode",
        ),
    ] {
        configure(&station, &edited);
        station
            .run(&SEPTEMBER)
            .success()
            .stderr(contains(word).and(contains("that have passed come out otherwise")));
    }
    station
        .run(&["doctor"])
        .stdout(contains("settings").and(contains("config --accept")));
    let unasked = ["config", "--accept"];
    station.run(&unasked).code(1).stderr(contains("--yes"));
    station.run(&[&unasked[..], &["--yes"]].concat()).success();
    station.run(&SEPTEMBER).success().stderr(quiet());
    station
        .run(&["audit", "list"])
        .success()
        .stdout(contains("settings.accept").and(contains("that have passed come out otherwise")));
    // Undone, it is a change again; a setting that measures nothing never is.
    configure(&station, SHOP);
    station
        .run(&SEPTEMBER)
        .success()
        .stderr(contains("settings were changed"));
    let undone = [&unasked[..], &["--yes"]].concat();
    station.run(&undone).success();
    configure(&station, &format!("{SHOP}[dashboard]\nlanguage = \"es\"\n"));
    station.run(&SEPTEMBER).success().stderr(quiet());
}

#[test]
fn times_of_elsewhere_are_the_station_s_at_every_door() {
    // 09:00 to 18:00 in Auckland, as a system that writes UTC has it.
    let station = with(
        &SHOP.replace("Europe/Lisbon", "Pacific/Auckland"),
        "code,name\nS-1,Marta\n",
        "code,direction,time\nS-1,in,2026-09-01 21:00:00+00:00\nS-1,out,2026-09-02 06:00:00+00:00\n",
    );
    station
        .run(&[
            "attendance",
            "add",
            "S-1",
            "in",
            "--at",
            "2026-09-03 21:00+00:00",
            "--reason",
            "forgot",
        ])
        .success();
    station
        .run(&[
            "attendance",
            "add",
            "S-1",
            "out",
            "--at",
            "2026-09-04T18:00+12:00",
            "--reason",
            "forgot",
        ])
        .success();
    let report = station.json(&[
        "attendance",
        "report",
        "--from",
        "2026-09-01",
        "--to",
        "2026-09-04",
        "--json",
    ]);
    let days: Vec<(&str, u64, u64)> = report["days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| {
            let minutes = |key: &str| day[key].as_u64().unwrap();
            (
                day["day"].as_str().unwrap(),
                minutes("worked_minutes"),
                minutes("late_minutes"),
            )
        })
        .collect();
    assert_eq!(
        days,
        [
            ("2026-09-02", 480, 0),
            ("2026-09-03", 0, 0),
            ("2026-09-04", 480, 0)
        ]
    );
    let first_in = report["days"][0]["first_in"].as_str().unwrap();
    assert!(
        first_in.starts_with("2026-09-02T09:00:00+12:00"),
        "{first_in}"
    );
}

#[test]
fn what_cannot_be_true_is_refused_at_every_door_and_the_clock_is_not_blamed() {
    let station = shop();
    for time in [
        "1899-12-31 08:00",
        "1970-01-01 00:00",
        "2063-01-01 08:00",
        "9999-12-31 23:59",
    ] {
        let file = station.file("bad.csv", &format!("code,direction,time\nS-1,in,{time}\n"));
        station
            .run(&["import", "attendance", &file])
            .code(1)
            .stderr(contains("line 2").and(contains("nothing was imported")));
        let add = [
            "attendance",
            "add",
            "S-1",
            "in",
            "--at",
            time,
            "--reason",
            "test",
        ];
        station.run(&add).code(1);
        let change = [
            "attendance",
            "change",
            "1",
            "--at",
            time,
            "--reason",
            "test",
        ];
        station.run(&change).code(1);
    }
    let far = [
        "attendance",
        "add",
        "S-1",
        "out",
        "--at",
        "2026-09-01 19:00",
        "--day",
        "2020-01-01",
        "--reason",
        "test",
    ];
    station.run(&far).code(1).stderr(contains("2020-01-01"));
    let consent = station.file("agreed.csv", "code,name,consent\nS-3,Olavo,2030-01-01\n");
    station
        .run(&["import", "people", &consent])
        .code(1)
        .stderr(contains("still to come"));
    station
        .run(&["people", "consent", "S-1", "2030-01-01"])
        .code(1);
    station
        .run(&["doctor"])
        .stdout(contains("set the clock").not());
}

#[test]
fn days_of_odd_seconds_add_up_in_every_output() {
    let days: Vec<String> = (1..=30)
        .map(|day| {
            let (came, left) = (day * 7 % 60, 59 - day * 7 % 60);
            format!(
                "S-1,in,2026-09-{day:02} 08:59:{came:02}\nS-1,out,2026-09-{day:02} 18:04:{left:02}\n"
            )
        })
        .collect();
    let punches = format!("code,direction,time\n{}", days.concat());
    let station = with(SHOP, "code,name\nS-1,Marta\n", &punches);
    let report = station.json(&SEPTEMBER);
    let days = report["days"].as_array().unwrap();
    assert_eq!(days.len(), 30);
    let person = &report["people"][0];
    for key in [
        "worked_minutes",
        "late_minutes",
        "early_minutes",
        "overtime_minutes",
    ] {
        let sum: u64 = days.iter().map(|day| day[key].as_u64().unwrap()).sum();
        assert_eq!(person[key], sum, "{key}");
    }
    let export = |view: &str| {
        let period = ["--from", "2026-09-01", "--to", "2026-09-30"];
        let rows = ["attendance", "export", "--view", view, "--json"];
        station.json(&[&rows[..], &period].concat())
    };
    let sum = |table: &Value, key: &str| -> f64 {
        let rows = table.as_array().unwrap().iter();
        rows.map(|row| row[key].as_f64().unwrap()).sum()
    };
    let (days, people) = (export("days"), export("people"));
    for key in ["hours", "overtime_hours"] {
        let apart = (sum(&days, key) - sum(&people, key)).abs();
        assert!(apart < 0.005, "{key}: {apart}");
    }
    let corrected = days.as_array().unwrap().iter().map(|day| &day["corrected"]);
    assert!(
        corrected.clone().all(|is| is == "no"),
        "imported, not corrected"
    );
}

#[test]
fn rows_that_print_alike_are_late_alike_and_the_lists_agree() {
    let without_grace = SHOP.replace("grace_mins = 10\n", "grace_mins = 0\n");
    let station = with(
        &without_grace,
        "code,name\nS-1,Marta\nS-2,Nuno\nS-3,Olavo\n",
        "code,direction,time\nS-1,in,2026-09-01 09:00:00\nS-2,in,2026-09-01 09:00:59\n\
         S-3,in,2026-09-01 09:01:00\nS-1,out,2026-09-01 18:00:00\nS-2,out,2026-09-01 18:00:00\n\
         S-3,out,2026-09-01 18:00:00\n",
    );
    let late = station.json(&["attendance", "late", "--day", "2026-09-01", "--json"]);
    let late: Vec<&str> = late
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["code"].as_str().unwrap())
        .collect();
    assert_eq!(late, ["S-3"]);
    assert_eq!(of_september(&station, "days_late"), [0, 0, 1]);
    assert_eq!(of_september(&station, "late_minutes"), [0, 0, 1]);
}

#[test]
fn one_code_is_one_person_however_it_is_written() {
    let station = shop();
    let day = ["attendance", "report", "--day", "2026-09-01", "--json"];
    for code in ["s-1", "S-1"] {
        let found = station.json(&[&day[..], &["--person", code]].concat());
        assert_eq!(found["days"].as_array().unwrap().len(), 1, "{code}");
        let listed = station.json(&["attendance", "list", "--code", code, "--json"]);
        assert_eq!(listed.as_array().unwrap().len(), 2, "{code}");
    }
    let vector = format!("s-2{}\n", ",0.04419417382415922".repeat(512));
    let file = station.file("faces.csv", &vector);
    station
        .run(&[
            "import",
            "embeddings",
            &file,
            "--model",
            "0123456789abcdef",
            "--consent",
            "2026-09-01",
        ])
        .success();
    let people = station.json(&["people", "list", "--json"]);
    let templates: Vec<u64> = people
        .as_array()
        .unwrap()
        .iter()
        .map(|person| person["templates"].as_u64().unwrap())
        .collect();
    assert_eq!(templates, [0, 1], "no second person");
}
