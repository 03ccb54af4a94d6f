//! What each key means where: a table of transitions.

use rollcall_messages::Message;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use image::RgbImage;

use super::*;
use crate::enrol_form::suggested_code;
use crate::input::Key;
use chrono::NaiveDateTime;
use rollcall_core::consensus::ConsensusPolicy;
use rollcall_core::day::{AttendanceMode, AttendancePolicy};
use rollcall_core::detection::Detection;
use rollcall_core::embedding::Embedding;
use rollcall_core::embedding::{Cosine, ModelId};
use rollcall_core::enrolment::EnrolmentPolicy;
use rollcall_core::event::Intent;
use rollcall_core::event::{CommandId, Effect, Event, Receipt, Snapshot};
use rollcall_core::frame::{Frame, FrameId};
use rollcall_core::gallery::MatchPolicy;
use rollcall_core::geometry::{BoundingBox, Landmarks, Point};
use rollcall_core::liveness::{LivenessDemand, LivenessPolicy};
use rollcall_core::observation::{FaceObservation, Observation, StageTimes};
use rollcall_core::person::{Expectation, Person, PersonCode, PersonId, PersonName};
use rollcall_core::quality::FaceQuality;
use rollcall_core::station::{Mode, Policies, Station};
use rollcall_core::worktime::plan::WorkPlan;
use rollcall_protocol::{Answer, Reply};
use rollcall_protocol::{Done, Refusal, RefusalCode, SettingChange};

fn now() -> Moment {
    Moment {
        monotonic: Duration::from_secs(10),
        wall: DateTime::parse_from_rfc3339("2026-11-23T08:00:00+01:00").unwrap(),
    }
}

fn station(codes: &[&str]) -> Station {
    let policies = Policies {
        matching: MatchPolicy {
            threshold: Cosine(0.4),
            per_tenfold: 0.0,
            min_margin: 0.05,
        },
        consensus: ConsensusPolicy::default(),
        liveness: LivenessPolicy {
            demand: LivenessDemand::Nothing,
            threshold: 0.5,
            mirrored: false,
        },
        attendance: AttendancePolicy {
            mode: AttendanceMode::Toggle,
            cooldown: Duration::from_secs(300),
            day_starts_at: chrono::NaiveTime::MIN,
        },
        enrolment: EnrolmentPolicy::default(),
        adapts: false,
    };
    let plan = WorkPlan::without_shifts(policies.attendance, Arc::new(chrono::Utc));
    let mut station = Station::new(policies, plan, ModelId::from_sha256("00"), &now());
    let people = codes.iter().zip(1..).map(|(code, id)| Person {
        id: PersonId(id),
        code: PersonCode::parse(code).unwrap(),
        name: PersonName::parse(&format!("Person {id}")).unwrap(),
        active: true,
        created_at: now().wall,
        team: None,
        template_count: 1,
        expectation: Expectation::default(),
    });
    let snapshot = Snapshot {
        people: people.collect(),
        retired_codes: vec![PersonCode::parse("R-007").unwrap()],
        local_day: now().wall.date_naive(),
        ..Snapshot::default()
    };
    station.handle(
        Event::Receipt(Receipt::Snapshot(Box::new(snapshot))),
        &now(),
    );
    station
}

/// A face in front of it.
fn see(station: &mut Station) {
    let frame = Arc::new(Frame {
        camera: None,
        id: FrameId(1),
        captured_at: now(),
        image: RgbImage::new(640, 480),
    });
    let detection = Detection {
        bounding_box: BoundingBox::new(200.0, 100.0, 320.0, 240.0),
        score: 0.9,
        landmarks: Landmarks {
            points: [Point::new(250.0, 150.0); 5],
        },
    };
    let face = FaceObservation {
        detection,
        quality: FaceQuality {
            eye_distance: 60.0,
            sharpness: 0.3,
            brightness: 120.0,
            contrast: 45.0,
            turn: 0.02,
            tilt_degrees: 1.0,
            mouth_contrast: 0.7,
            detector_score: 0.9,
        },
        is_followed: true,
        embedding: Embedding::from_raw(vec![1.0; 8]).ok(),
        liveness: None,
    };
    let observation = Observation {
        frame,
        faces: vec![face],
        times: StageTimes::default(),
    };
    station.handle(Event::Observed(observation), &now());
}

/// What front ends see of a station with these people.
pub(crate) fn viewed(codes: &[&str]) -> StationView {
    view(&station(codes))
}

fn view(station: &Station) -> StationView {
    StationView::of(station, &now())
}

fn sent(intent: Intent<NaiveDateTime>) -> Action {
    Action::Send(Command::Intent(intent))
}

fn asked(question: Question) -> Action {
    Action::Send(Command::Ask(question))
}

/// What the station answers among all that follows from an event.
fn replies(effects: Vec<Effect>) -> Vec<Reply> {
    let reply = |effect| match effect {
        Effect::Reply { outcome, .. } => Some(match outcome {
            Ok(said) => Reply::Done(said),
            Err(said) => Reply::Refused(Refusal::new(RefusalCode::Refused, said)),
        }),
        _ => None,
    };
    effects.into_iter().filter_map(reply).collect()
}

/// Presses keys one after the other, as the dashboard does: what they want of the station is
/// done and answered, and the screen is drawn.
fn work(app: &mut App, station: &mut Station, keys: &[Key]) -> Vec<Action> {
    let mut last = Vec::new();
    for &key in keys {
        app.settle(&view(station), &now());
        last = app.handle(Input::Key(key), &view(station), &now());
        for action in &last {
            let Action::Send(command @ Command::Intent(intent)) = action else {
                continue;
            };
            let done = station.handle(
                Event::Command {
                    id: CommandId {
                        seat: Seat::default(),
                        number: 1,
                    },
                    operator: "olga".into(),
                    intent: intent.clone().resolved(|_| Err(())).unwrap(),
                },
                &now(),
            );
            for reply in replies(done) {
                app.answered(command, reply, &now());
            }
        }
    }
    last
}

fn typed(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

fn app() -> App {
    App::new(UiOptions {
        station_name: "Test".into(),
        operator: "olga".into(),
        ..UiOptions::default()
    })
}

fn press(app: &mut App, station: &Station, keys: &[Key]) -> Vec<Action> {
    let inputs = keys.iter().map(|&key| Input::Key(key));
    inputs
        .flat_map(|input| app.handle(input, &view(station), &now()))
        .collect()
}

fn write(app: &mut App, station: &Station, text: &str) -> Vec<Action> {
    press(
        app,
        station,
        &text.chars().map(Key::Char).collect::<Vec<_>>(),
    )
}

fn form(app: &App) -> &EnrolForm {
    match &app.enrolling {
        Enrolling::Form(form) => form,
        other => panic!("no form but {other:?}"),
    }
}

#[test]
fn keys_lead_from_screen_to_screen() {
    let station = station(&["P-001", "P-002"]);
    for (keys, screen) in [
        ("p", Screen::People),
        ("t", Screen::Attendance),
        ("l", Screen::Log),
        ("?", Screen::Help),
        ("/", Screen::People),
        ("pt", Screen::Attendance),
        ("tl", Screen::Log),
        ("s", Screen::Settings),
        ("d", Screen::Doctor),
        ("a", Screen::Audit),
        ("z", Screen::Calibration),
        ("m", Screen::Camera),
        ("b", Screen::Charts),
        ("sb", Screen::Charts),
        ("x", Screen::Live),
        ("v", Screen::Live),
    ] {
        let mut app = app();
        assert_eq!(write(&mut app, &station, keys), []);
        assert_eq!(app.screen, screen, "after {keys:?}");
        // A filter that is being typed is left by the first Esc.
        press(&mut app, &station, &[Key::Esc, Key::Esc]);
        assert_eq!(app.screen, Screen::Live, "Esc after {keys:?}");
        assert_eq!(write(&mut app, &station, "q"), [], "it asks first");
        assert_eq!(write(&mut app, &station, "y"), [Action::Quit]);
    }
}

#[test]
fn q_goes_back_one_screen_and_never_out_of_another() {
    let station = station(&["P-001"]);
    for (there, behind) in [
        ("p", Screen::Live),
        ("t?", Screen::Attendance),
        ("s", Screen::Live),
        ("l", Screen::Live),
        ("m", Screen::Live),
        ("r", Screen::Live),
    ] {
        let mut app = app();
        write(&mut app, &station, there);
        assert_eq!(write(&mut app, &station, "q"), []);
        assert_eq!(app.screen, behind, "after {there:?}");
        assert_eq!(app.dialog, None);
    }
}

#[test]
fn yes_is_a_letter_of_the_operators_language_and_only_in_a_question() {
    let station = station(&[]);
    let spanish = Language::load("es", std::path::Path::new("."), |_| None).unwrap();
    for (language, letter, led_to) in [
        (spanish, "s", vec![Action::Quit]),
        (spanish, "S", vec![Action::Quit]),
        (spanish, "y", vec![Action::Quit]),
        (Language::english(), "s", vec![]),
    ] {
        let mut app = App::new(UiOptions {
            language,
            ..UiOptions::default()
        });
        write(&mut app, &station, "q");
        assert_eq!(write(&mut app, &station, letter), led_to, "{letter}");
        assert_eq!(app.screen, Screen::Live);
        write(&mut app, &station, "s");
        assert_eq!(app.screen, Screen::Settings);
    }
}

#[test]
fn every_screen_is_one_function_key_from_every_other() {
    let station = station(&["P-001"]);
    for from in 1..=11 {
        for to in (2..=11).filter(|to| *to != from) {
            let mut app = app();
            press(&mut app, &station, &[Key::F(from)]);
            press(&mut app, &station, &[Key::F(to)]);
            let mut direct = self::app();
            press(&mut direct, &station, &[Key::F(to)]);
            assert_eq!(app.screen, direct.screen, "F{from} F{to}");
            assert_ne!(app.screen, Screen::Live);
        }
    }
}

#[test]
fn the_palette_takes_all_keys_and_gives_back_a_command() {
    let station = station(&["P-001"]);
    for opening in [Key::Char(':'), Key::Ctrl('p')] {
        let mut app = app();
        press(&mut app, &station, &[Key::Char('t'), opening]);
        assert_eq!(write(&mut app, &station, "quit"), []);
        assert_eq!(
            press(&mut app, &station, &[Key::Enter]),
            [],
            "it asks first"
        );
        assert_eq!(write(&mut app, &station, "y"), [Action::Quit]);
        press(&mut app, &station, &[opening, Key::Esc]);
        assert_eq!(
            app.screen,
            Screen::Attendance,
            "Esc closes it and nothing else"
        );
        press(&mut app, &station, &[opening]);
        app.handle(Input::Paste("month".into()), &view(&station), &now());
        press(&mut app, &station, &[Key::Enter]);
        assert_eq!(app.reports.period, crate::period::Period::Month);
    }
}

#[test]
fn what_can_be_undone_is_undone_latest_first() {
    let station = station(&["P-001"]);
    let mut app = app();
    assert_eq!(write(&mut app, &station, "u"), []);
    assert!(
        matches!(&app.remark, Some(Err(words)) if words.to_string().starts_with("nothing to undo"))
    );
    let back = |value: &str| {
        Question::ChangeSetting(SettingChange {
            section: "dashboard".into(),
            key: "language".into(),
            value: Some(value.into()),
            by: "olga".into(),
            is_agreed: false,
        })
    };
    for value in ["one", "two"] {
        app.take(Answer::Done(Ok(Done {
            said: Message::verbatim("changed"),
            undo: Some(back(value)),
            needs_restart: false,
        })));
    }
    assert_eq!(app.remark, Some(Ok(Message::verbatim("changed"))));
    assert_eq!(write(&mut app, &station, "u"), [asked(back("two"))]);
    assert_eq!(app.remark, None, "said until the next key");
    assert_eq!(
        write(&mut app, &station, "u"),
        [],
        "that is not written yet"
    );
    let written = || {
        let said = Message::verbatim("changed back");
        Answer::Done(Ok(Done {
            said,
            undo: None,
            needs_restart: false,
        }))
    };
    app.take(written());
    assert_eq!(write(&mut app, &station, "u"), [asked(back("one"))]);
    app.take(written());
    assert_eq!(write(&mut app, &station, "u"), []);
}

#[test]
fn ctrl_z_asks_for_the_shell_also_in_a_form() {
    let station = station(&["P-001"]);
    let mut app = app();
    write(&mut app, &station, "eDana");
    assert_eq!(
        press(&mut app, &station, &[Key::Ctrl('z')]),
        [Action::Suspend]
    );
    assert_eq!(form(&app).name.text(), "Dana");
}

#[test]
fn help_goes_back_to_where_it_was_asked_for() {
    let station = station(&[]);
    let mut app = app();
    write(&mut app, &station, "t?");
    press(&mut app, &station, &[Key::Esc]);
    assert_eq!(app.screen, Screen::Attendance);
    write(&mut app, &station, "??");
    assert_eq!(app.screen, Screen::Attendance);
}

#[test]
fn ctrl_c_quits_from_everywhere() {
    let station = station(&["P-001"]);
    for keys in ["", "p", "p/", "t", "l", "?", "e", "eDana"] {
        let mut app = app();
        write(&mut app, &station, keys);
        let actions = press(&mut app, &station, &[Key::Ctrl('c')]);
        assert_eq!(actions, [Action::Quit], "after {keys:?}");
    }
}

#[test]
fn the_preview_goes_round_its_modes() {
    let station = station(&[]);
    let mut app = app();
    let modes: Vec<_> = (0..5)
        .map(|_| {
            write(&mut app, &station, "v");
            app.preview
        })
        .collect();
    assert_eq!(
        modes,
        [
            PreviewMode::Quadrants,
            PreviewMode::Braille,
            PreviewMode::Ascii,
            PreviewMode::Off,
            PreviewMode::HalfBlocks
        ]
    );
}

#[test]
fn a_right_form_becomes_an_intent() {
    let mut station = station(&["P-001"]);
    see(&mut station);
    let mut app = app();
    let opened = work(&mut app, &mut station, &[Key::Char('e')]);
    assert_eq!(opened, [sent(Intent::ChooseFace)]);
    work(&mut app, &mut station, &typed("q p Dana"));
    app.handle(Input::Paste(" Ngo\n".into()), &view(&station), &now());
    let actions = press(&mut app, &station, &[Key::Enter]);
    let expected = Intent::Enrol {
        name: PersonName::parse("q p Dana Ngo").unwrap(),
        code: PersonCode::parse("P-002").unwrap(),
        face: Some(TrackId(0)),
        camera: None,
    };
    assert_eq!(actions, [sent(expected)]);
    assert!(matches!(app.enrolling, Enrolling::Submitted { .. }));
}

#[test]
fn a_wrong_form_stays_and_says_why() {
    let station = station(&["P-001"]);
    let mut app = app();
    write(&mut app, &station, "e");
    assert_eq!(form(&app).name_problem(), None, "nothing was typed yet");
    assert_eq!(press(&mut app, &station, &[Key::Enter]), []);
    assert_eq!(
        form(&app).name_problem().unwrap().to_string(),
        "the name is empty"
    );
    write(&mut app, &station, "Dana");
    assert_eq!(form(&app).name_problem(), None);
    press(&mut app, &station, &[Key::Tab]);
    for (code, problem) in [
        ("p-001", "p-001 belongs to Person 1"),
        ("a/b", "the code holds '/'"),
    ] {
        press(&mut app, &station, &[Key::Ctrl('u')]);
        write(&mut app, &station, code);
        assert_eq!(press(&mut app, &station, &[Key::Enter]), []);
        let found = form(&app).code_problem(&view(&station)).unwrap();
        assert!(found.to_string().starts_with(problem), "{found}");
    }
    press(&mut app, &station, &[Key::Esc]);
    assert!(matches!(app.enrolling, Enrolling::No));
}

#[test]
fn esc_and_q_call_the_enrolment_off() {
    for key in [Key::Esc, Key::Char('q')] {
        let mut station = station(&[]);
        see(&mut station);
        let mut app = app();
        work(&mut app, &mut station, &typed("eDana"));
        work(&mut app, &mut station, &[Key::Enter]);
        assert!(matches!(station.mode(), Mode::Enrolling(_)));
        let actions = press(&mut app, &station, &[key]);
        assert_eq!(actions, [sent(Intent::CancelEnrolment)]);
        assert!(matches!(app.enrolling, Enrolling::No));
    }
}

#[test]
fn after_a_timeout_the_form_is_back() {
    let mut station = station(&[]);
    see(&mut station);
    let mut app = app();
    work(&mut app, &mut station, &typed("eDana"));
    let given = work(&mut app, &mut station, &[Key::Enter]);
    let [Action::Send(enrol)] = &given[..] else {
        panic!("{given:?}")
    };
    app.follow(&view(&station));
    assert!(matches!(app.enrolling, Enrolling::Submitted { .. }));
    let much_later = Moment {
        monotonic: Duration::from_secs(500),
        ..now()
    };
    let frame = Arc::new(Frame {
        camera: None,
        id: FrameId(1),
        captured_at: much_later,
        image: RgbImage::new(4, 3),
    });
    let nobody = Observation {
        frame,
        faces: vec![],
        times: StageTimes::default(),
    };
    let mut ended = station.handle(Event::Observed(nobody), &much_later);
    ended.extend(station.handle(Event::Tick, &much_later));
    let answers = replies(ended);
    assert_eq!(answers.len(), 1, "{answers:?}");
    for reply in answers {
        app.answered(enrol, reply, &much_later);
    }
    assert_eq!(form(&app).name.text(), "Dana");
    assert!(
        form(&app)
            .refusal
            .as_ref()
            .unwrap()
            .to_string()
            .contains("not enrolled")
    );
}

#[test]
fn suggested_codes_go_on_where_the_last_one_ended() {
    for (codes, suggestion) in [
        (&[][..], "P-001"),
        (&["E-017"], "E-018"),
        (&["E-099", "E-100"], "E-101"),
        (&["P-002", "P-001"], "P-003"),
        (&["p-002", "P-001"], "P-003"),
        (&["anna"], "P-001"),
        (&["P-001", "anna"], "P-002"),
        (&["99999999999999999999"], "P-001"),
        (&["9"], "10"),
        // R-007 belonged to somebody who was deleted.
        (&["R-006"], "R-008"),
    ] {
        assert_eq!(
            suggested_code(&view(&station(codes))),
            suggestion,
            "{codes:?}"
        );
    }
}

#[test]
fn a_lost_terminal_is_reported() {
    let lost = Input::Lost("no such device".into());
    assert_eq!(
        app().handle(lost, &view(&station(&[])), &now()),
        [Action::TerminalLost("no such device".into())]
    );
}

#[test]
fn what_runs_without_the_dashboard_is_left_at_once() {
    let station = station(&["P-001"]);
    for keys in ["q", "pqq", ":quit"] {
        let mut app = App::new(UiOptions {
            leaving: Leaving::LeavesItRunning,
            ..UiOptions::default()
        });
        let mut actions = write(&mut app, &station, keys);
        if keys.starts_with(':') {
            actions = press(&mut app, &station, &[Key::Enter]);
        }
        assert_eq!(actions, [Action::Quit], "after {keys:?}");
        assert_eq!(app.dialog, None, "nothing is asked");
    }
    // But not out of a screen or a form.
    let mut app = App::new(UiOptions {
        leaving: Leaving::LeavesItRunning,
        ..UiOptions::default()
    });
    assert_eq!(write(&mut app, &station, "eqp"), [sent(Intent::ChooseFace)]);
    assert_eq!(form(&app).name.text(), "qp");
}

/// A station at which Olga, at seat 1, is enrolling somebody.
fn enrolling_elsewhere() -> Station {
    let mut station = station(&["P-001"]);
    see(&mut station);
    let begin = Event::Command {
        id: CommandId {
            seat: Seat(1),
            number: 1,
        },
        operator: "olga".into(),
        intent: Intent::ChooseFace,
    };
    station.handle(begin, &now());
    station
}

#[test]
fn whoever_enrols_elsewhere_is_named_and_left_alone() {
    let station = enrolling_elsewhere();
    let mut app = app();
    app.join(Seat(2), &view(&station));
    assert_eq!(write(&mut app, &station, "e"), []);
    let Some(Err(busy)) = &app.remark else {
        panic!("{:?}", app.remark)
    };
    assert!(busy.to_string().starts_with("olga is enrolling"), "{busy}");
    assert!(matches!(app.enrolling, Enrolling::No));
    let mut theirs = self::app();
    theirs.join(Seat(1), &view(&station));
    assert_eq!(
        write(&mut theirs, &station, "e"),
        [sent(Intent::ChooseFace)]
    );
}

#[test]
fn a_form_that_came_too_late_for_another_is_closed_with_the_reason() {
    let mut app = app();
    let free = station(&[]);
    let [Action::Send(choose)] = &write(&mut app, &free, "e")[..] else {
        panic!("nothing was asked for")
    };
    // Between the drawing and the key somebody else has begun.
    let busy = Refusal::new(
        RefusalCode::Refused,
        Message::verbatim("olga is enrolling somebody"),
    );
    app.answered(choose, Reply::Refused(busy), &now());
    assert!(matches!(app.enrolling, Enrolling::No));
    assert_eq!(
        app.remark,
        Some(Err(Message::verbatim("olga is enrolling somebody")))
    );
}

#[test]
fn a_broken_connection_answers_what_was_asked() {
    let lost = || {
        let said = "the connection to the station is lost";
        Reply::Refused(Refusal::new(
            RefusalCode::ConnectionLost,
            Message::verbatim(said),
        ))
    };
    let question = Question::ChangeSetting(SettingChange {
        section: "dashboard".into(),
        key: "language".into(),
        value: None,
        by: "olga".into(),
        is_agreed: false,
    });
    let mut app = app();
    app.answered(&Command::Ask(question), lost(), &now());
    let Some(Err(said)) = &app.remark else {
        panic!("{:?}", app.remark)
    };
    assert!(said.to_string().contains("is lost"), "{said}");
    let pin = rollcall_core::pin::Pin::parse("483920").unwrap();
    app.remark = None;
    app.answered(&Command::Intent(Intent::EnterPin(pin)), lost(), &now());
    assert!(matches!(&app.remark, Some(Err(said)) if said.to_string().contains("is lost")));
    app.observe(
        &Moment {
            monotonic: now().monotonic + PIN_REMARK,
            ..now()
        },
        None,
    );
    assert_eq!(app.remark, None, "it is forgotten again");
}
