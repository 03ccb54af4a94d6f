//! Whole screens, driven by keys and compared with what they looked like.
//!
//! After a wanted change: `INSTA_UPDATE=always cargo test --test screens`, then
//! look at every changed file under `tests/snapshots` as an operator would.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests too")]

mod common;

use rollcall::messages::Message;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDateTime;
use common::{Face, GOOD, SEAT, World};
use image::{Rgb, RgbImage};
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use rollcall::config::Config;
use rollcall::core::attendance::Direction;
use rollcall::core::correction::{Change, Corrected, Deed, When};
use rollcall::core::enrolment::Hint;
use rollcall::core::event::{CommandId, Event, Intent, Receipt};
use rollcall::core::frame::{Frame, FrameId};
use rollcall::core::notice::Notice;
use rollcall::core::person::PersonCode;
use rollcall::core::quality::FaceQuality;
use rollcall::core::review::{ReviewDeed, Visitor};
use rollcall::core::station::Mode;
use rollcall::core::worktime::alteration::{Alteration, PersonAlteration};
use rollcall::core::worktime::period::measure;
use rollcall::core::worktime::plan::WorkPlan;
use rollcall::core::worktime::shift::Shift;
use rollcall::core::worktime::timetable::Schedule;
use rollcall::core::worktime::totals::Totals;
use rollcall::protocol::{
    Agreement, Answer, Asked, CameraControl, Command, ControlChange, ControlStep, CorrectionDraft,
    Done, Health, PageKind, PageLine, PersonChange, PersonFile, Question, Refusal, RefusalCode,
    Reply, ReportQuery, SettingChange, SettingRow, StationView, TemplateFacts,
};
use rollcall::ui::{
    Action, App, CameraFigures, CameraStatus, Charset, ColourDepth, Input, Key, Language, Leaving,
    Status, UiOptions, draw,
};

const START: &str = "2026-11-23T07:55:02+01:00";

/// For as long as the program runs.
fn kept(message: Message) -> &'static Message {
    Box::leak(Box::new(message))
}

/// An operator in front of the dashboard of a made-up station.
struct Desk {
    world: World,
    app: App,
    camera: CameraStatus<'static>,
    frame: Option<Frame>,
    quit: bool,
    /// Commands that the station has not answered.
    sent: BTreeMap<CommandId, Command>,
    /// Answers of the station that were taken in.
    heard: usize,
    /// Corrections that were sent.
    drafts: Vec<CorrectionDraft>,
    /// What was asked of the records by a key.
    asked: Vec<Question>,
    /// Changes of the camera's controls that were asked for.
    changes: Vec<ControlChange>,
}

/// A dashboard at the operator's place.
fn dashboard(options: UiOptions) -> App {
    let mut app = App::new(options);
    app.join(SEAT, &StationView::default());
    app
}

impl Desk {
    fn new() -> Self {
        Self::with(ColourDepth::True, Charset::Unicode)
    }

    fn with(colours: ColourDepth, charset: Charset) -> Self {
        let world = World::new(Config::default().policies(), START);
        let frame = Frame {
            camera: None,
            id: FrameId(1),
            captured_at: world.now(),
            image: doorway(),
        };
        Self {
            app: dashboard(UiOptions {
                station_name: "Main door".into(),
                colours,
                charset,
                operator: "olga".into(),
                ..UiOptions::default()
            }),
            camera: CameraStatus {
                health: Health::Good,
                label: kept(coded("camera-live", json!({}), "live")),
                advice: None,
                size: Some((640, 480)),
                frames_per_second: Some(14.8),
            },
            frame: Some(frame),
            quit: false,
            sent: BTreeMap::new(),
            heard: 0,
            drafts: Vec::new(),
            asked: Vec::new(),
            changes: Vec::new(),
            world,
        }
    }

    /// The same dashboard for somebody who reads Spanish.
    fn in_spanish(mut self) -> Self {
        let language = Language::load("es", std::path::Path::new("."), |_| None).unwrap();
        self.app = dashboard(UiOptions {
            station_name: "Puerta".into(),
            language,
            operator: "olga".into(),
            ..UiOptions::default()
        });
        self
    }

    /// Answers what the screen asks of the records, with a made-up station's records.
    fn answer(&mut self) {
        self.look();
        for question in self.due() {
            let answer = match question {
                Question::Report(query) => {
                    let ledger = &self.world.ledger;
                    let days = measure(
                        self.world.station.work_plan(),
                        ledger.people.clone(),
                        ledger.events.clone(),
                        (query.from, query.to),
                        &self.world.now().wall,
                    );
                    Answer::Report(query, Ok(days))
                }
                Question::Visitors => Answer::Visitors(Ok(visitors())),
                Question::Page(kind) => Answer::Page(kind, Ok(page(kind))),
                Question::Person(_) => Answer::Person(Box::new(Ok(self.person_file()))),
                Question::Settings => Answer::Settings(Ok(settings())),
                other => panic!("{other:?} is no question of a screen"),
            };
            self.app.take(answer);
        }
    }

    fn person_file(&self) -> PersonFile {
        let people = &self.world.ledger.people;
        let person = people[0].clone();
        let days = measure(
            self.world.station.work_plan(),
            vec![person.clone()],
            self.world.ledger.events.clone(),
            ("2026-11-16".parse().unwrap(), "2026-11-23".parse().unwrap()),
            &self.world.now().wall,
        );
        let picture = Arc::new(image::imageops::thumbnail(&doorway(), 96, 96));
        PersonFile {
            code: person.code,
            name: person.name,
            active: true,
            team: Some("office".into()),
            consent_at: Some("2026-11-02".parse().unwrap()),
            has_pin: true,
            enrolled_at: "2026-11-02T09:01:00+01:00".parse().unwrap(),
            last_seen: Some("2026-11-23T07:55:02+01:00".parse().unwrap()),
            templates: vec![
                TemplateFacts {
                    kind: coded("template-enrolled", json!({}), "enrolled"),
                    made: Some("2026-11-02".parse().unwrap()),
                },
                TemplateFacts {
                    kind: coded("template-adaptive", json!({}), "adaptive"),
                    made: Some("2026-11-19".parse().unwrap()),
                },
            ],
            pictures: vec![Arc::clone(&picture), picture],
            picture_count: 5,
            days: days.into_iter().next(),
        }
    }

    /// Five people; two have come, one has left, one is greeted, a stranger waits.
    fn busy(mut self) -> Self {
        let world = &mut self.world;
        for (name, code) in [
            ("Ana Torres", "P-001"),
            ("Bruno Díaz", "P-002"),
            ("Carla Ng", "P-003"),
            ("李小龍", "P-004"),
            ("محمد علي", "P-005"),
            ("Maximiliana-Guadalupe Featherstonehaugh", "P-006"),
        ] {
            world.add_person(name, code);
        }
        for axis in [0, 3, 5] {
            world.see_for(&[Face::of(axis, 0.62)], 2.0);
            world.wait(20.0);
        }
        world.wait(360.0);
        world.see_for(&[Face::of(3, 0.58)], 2.0);
        world.wait(15.0);
        let faces = [
            Face {
                size: 170.0,
                ..Face::of(2, 0.71).at_x(90.0)
            },
            Face {
                alike: vec![(0, 0.22)],
                ..Face::stranger().at_x(400.0)
            },
        ];
        world.see_for(&faces, 3.0);
        self
    }

    fn press(&mut self, keys: &[Key]) {
        for &key in keys {
            self.input(Input::Key(key));
        }
    }

    fn write(&mut self, text: &str) {
        for c in text.chars() {
            self.input(Input::Key(Key::Char(c)));
        }
    }

    fn input(&mut self, input: Input) {
        let now = self.world.now();
        // The dashboard draws after every key.
        self.look();
        for action in self.app.handle(input, &self.world.view(), &now) {
            match action {
                Action::Send(command) => self.send(command),
                Action::Suspend => {}
                Action::Quit | Action::TerminalLost(_) => self.quit = true,
            }
        }
    }

    /// Gives the station what is for the station, and keeps the rest.
    fn send(&mut self, command: Command) {
        match &command {
            Command::Intent(intent) => {
                if let Intent::Correct(draft) = intent {
                    self.drafts.push((**draft).clone());
                }
                let offset = *self.world.now().wall.offset();
                let moment = |local: NaiveDateTime| {
                    let at = local.and_local_timezone(offset).single().ok_or(())?;
                    let local_day = at.date_naive();
                    Ok::<_, ()>(When { at, local_day })
                };
                let id = self.world.intend(intent.clone().resolved(moment).unwrap());
                self.sent.insert(id, command);
            }
            Command::Ask(question) => self.asked.push(question.clone()),
            Command::ChangeControl(change) => self.changes.push(change.clone()),
            Command::Restart { .. } | Command::ReadControls | Command::TestCamera => {}
        }
    }

    /// What happens before a drawing: answers and news are taken in.
    fn look(&mut self) {
        let now = self.world.now();
        for (id, outcome) in &self.world.replies[self.heard..] {
            let reply = match outcome.clone() {
                Ok(said) => Reply::Done(said),
                Err(said) => Reply::Refused(Refusal::new(RefusalCode::Refused, said)),
            };
            if let Some(command) = self.sent.remove(id) {
                self.app.answered(&command, reply, &now);
            }
        }
        self.heard = self.world.replies.len();
        let view = self.world.view();
        self.app.follow(&view);
        self.app.settle(&view, &now);
    }

    /// The database's answer to the latest correction.
    fn answer_correction(&mut self, outcome: Result<Corrected, String>) {
        let ticket = self.world.corrections.last().unwrap().0;
        self.world.handle(Event::Receipt(Receipt::Corrected {
            ticket,
            outcome: outcome.map(Box::new).map_err(Message::verbatim),
        }));
    }

    /// An office from eight to five that knows the week before.
    fn with_history() -> Self {
        let mut desk = Self::new();
        let policies = Config::default().policies();
        let time = |hour| chrono::NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        let mut plan = WorkPlan::without_shifts(
            policies.attendance,
            Arc::new(chrono::FixedOffset::east_opt(3600).unwrap()),
        );
        plan.close_after = Duration::from_hours(4);
        plan.timetable.shifts.push(Shift {
            name: "office".into(),
            starts_at: time(8),
            ends_at: time(17),
            breaks: vec![],
            grace: Duration::from_mins(5),
        });
        plan.timetable.schedules.push(Schedule {
            team: None,
            shift: 0,
            weekdays: [0, 1, 2, 3, 4]
                .map(|day| chrono::Weekday::try_from(day).unwrap())
                .to_vec(),
            from: None,
            until: None,
        });
        desk.world = World::with_plan(policies, plan, "2026-11-16T07:30:00+01:00");
        let world = &mut desk.world;
        let people = [
            world.add_person("Ana Torres", "P-001"),
            world.add_person("Bruno Díaz", "P-002"),
            world.add_person("李小龍", "P-003"),
        ];
        for (person, day, from, to) in [
            (0, 16, "07:58", "17:02"),
            (1, 16, "08:31", "17:00"),
            (0, 17, "07:55", "19:40"),
            (1, 17, "08:00", ""),
            (2, 17, "08:02", "15:10"),
            (0, 18, "08:01", "17:00"),
            (2, 18, "07:59", "17:01"),
            (0, 19, "08:04", "17:00"),
            (1, 19, "07:44", "17:20"),
            (2, 19, "08:00", "17:00"),
            (0, 20, "08:00", "12:00"),
            (1, 20, "08:00", "17:00"),
            (2, 21, "10:00", "13:00"),
        ] {
            let at = |time: &str| format!("2026-11-{day}T{time}:00+01:00");
            let punches = [at(from), at(to)];
            let made = if to.is_empty() { 1 } else { 2 };
            let punches: Vec<&str> = punches[..made].iter().map(String::as_str).collect();
            world.add_past_day(people[person], &punches);
        }
        world.set_wall("2026-11-23T07:55:00+01:00");
        world.wait(1.0);
        world.reload();
        world.see_for(&[Face::of(0, 0.62)], 2.0);
        world.wait(1500.0);
        desk
    }

    fn due(&mut self) -> Vec<Question> {
        self.app.due(&self.world.view())
    }

    fn report_due(&mut self) -> Option<ReportQuery> {
        match self.due()[..] {
            [Question::Report(query)] => Some(query),
            _ => None,
        }
    }

    /// Stands for the thread that reads the records.
    fn read_records(&mut self) {
        self.answer();
    }

    fn terminal(&mut self, width: u16, height: u16) -> ratatui::Terminal<TestBackend> {
        self.look();
        let view = self.world.view();
        let status = Status {
            now: self.world.now(),
            source: "usb",
            camera: self.camera,
            camera_figures: CameraFigures {
                sentence: self.camera.advice.unwrap_or(kept(coded(
                    "camera-delivers-size",
                    json!({"camera": "HD Webcam", "width": 640, "height": 480}),
                    "HD Webcam delivers 640x480 pictures.",
                ))),
                damaged: 2,
                lost: 31,
                latency: Some(Duration::from_millis(38)),
                reconnects: 1,
                abandoned: 0,
            },
            frame_time: Some(Duration::from_millis(58)),
            looks_per_second: None,
            bytes_per_second: Some(24_300.0),
            dropped: 3,
            frame: self.frame.as_ref(),
            models: "scrfd-2.5g 320, mobilefacenet-512, liveness shown",
        };
        let mut terminal = ratatui::Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal
            .draw(|frame| draw(frame, &self.app, &view, &status))
            .unwrap();
        terminal
    }

    fn screen(&mut self, width: u16, height: u16) -> String {
        self.terminal(width, height).backend().to_string()
    }
}

/// A light wall, a dark door, and something like a head in it.
fn doorway() -> RgbImage {
    RgbImage::from_fn(640, 480, |x, y| {
        let from_head = (x as f32 - 175.0).hypot(y as f32 - 185.0);
        if from_head < 75.0 {
            Rgb([224, 172, 140])
        } else if (60..300).contains(&x) && y > 40 {
            Rgb([70, 50, 40])
        } else {
            Rgb([180, 185, 190])
        }
    })
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 12)];

/// Compares what is on the screen at the three sizes.
fn assert_screens(name: &str, desk: &mut Desk) {
    for (width, height) in SIZES {
        insta::assert_snapshot!(
            format!("{name}_{width}x{height}"),
            desk.screen(width, height)
        );
    }
}

#[test]
fn empty_station() {
    assert_screens("empty", &mut Desk::new());
}

#[test]
fn busy_station() {
    assert_screens("busy", &mut Desk::new().busy());
}

#[test]
fn the_camera_and_its_controls() {
    let control = |title: &str, value: &str, range: &str, is_changeable| CameraControl {
        name: title.to_lowercase(),
        title: title.into(),
        value: value.into(),
        range: Message::verbatim(range),
        is_changeable,
    };
    let mut desk = Desk::new().busy();
    desk.press(&[Key::Char('m')]);
    assert!(desk.app.shows_camera());
    let controls = Reply::Controls {
        rows: vec![
            control("Brightness", "-7", "-64 to 64", true),
            control("Contrast", "32", "0 to 64", true),
            control(
                "Power Line Frequency",
                "50 Hz",
                "Disabled, 50 Hz, 60 Hz",
                true,
            ),
            control(
                "Auto Exposure",
                "Aperture Priority Mode",
                "Manual Mode, Aperture Priority Mode",
                true,
            ),
            control("Exposure Time, Absolute", "157", "1 to 5000", false),
        ],
        remark: coded(
            "control-stays",
            json!({"control": "Brightness", "value": "-7"}),
            "Brightness is -7 and stays so.",
        ),
    };
    let now = desk.world.now();
    desk.app.answered(&Command::ReadControls, controls, &now);
    desk.press(&[Key::Down, Key::Right, Key::End, Key::Left, Key::Up, Key::Up]);
    let expected = ControlChange {
        name: "contrast".into(),
        step: ControlStep::By(1),
    };
    assert_eq!(
        desk.changes,
        [expected],
        "what cannot be changed is left alone"
    );
    assert_screens("camera", &mut desk);
    desk.press(&[Key::Esc]);
    assert!(!desk.app.shows_camera());
}

/// As the file has them that is not there: all defaults.
fn settings() -> Vec<SettingRow> {
    let file = rollcall::config::ConfigFile {
        path: "no-such-folder/config.toml".into(),
    };
    let settings =
        file.settings(|name| (name == "ROLLCALL_LOG_FILTER").then(|| "debug".to_owned()));
    let rows = settings.unwrap().into_iter();
    rows.map(|setting| SettingRow {
        section: setting.section,
        key: setting.key,
        value: setting.value,
        default: setting.default,
        help: setting.help,
        overridden_by: setting.overridden_by,
    })
    .collect()
}

/// A message as it comes from a station in another process.
fn coded(id: &str, arguments: serde_json::Value, said: &str) -> Message {
    let mut heard = json!({ "code": id, "said": said });
    heard["args"] = arguments;
    serde_json::from_value(heard).unwrap()
}

fn line(health: Option<Health>, term: Message, words: Message) -> PageLine {
    PageLine {
        health,
        term,
        words,
        is_drawn: false,
    }
}

fn doctor_page() -> Vec<PageLine> {
    let checked = |what: &str| coded(&format!("checked-{what}"), json!({}), what);
    let text = |words: &str| Message::verbatim(words);
    vec![
        line(
            Some(Health::Good),
            checked("model"),
            text("SCRFD-2.5G (scrfd_2.5g.onnx)"),
        ),
        line(
            Some(Health::Good),
            checked("database"),
            coded(
                "database-sound",
                json!({"path": "data/rollcall.db", "active": 3, "count": 3}),
                "data/rollcall.db is sound; 3 active people of 3",
            ),
        ),
        line(
            Some(Health::Warning),
            checked("backup"),
            coded(
                "no-backup-in",
                json!({"folder": "data/backups"}),
                "none in data/backups",
            ),
        ),
        line(
            Some(Health::Bad),
            checked("camera"),
            coded(
                "no-camera-found",
                json!({}),
                "no camera was found; plug one in, or try --demo",
            ),
        ),
        line(
            Some(Health::Warning),
            checked("clock"),
            coded(
                "clock-doubtful",
                json!({"time": "2026-11-23 08:20:03 +01:00"}),
                "2026-11-23 08:20:03 +01:00; no time server keeps it, so punches are marked as doubtful",
            ),
        ),
    ]
}

fn page(kind: PageKind) -> Vec<PageLine> {
    let text = |words: &str| Message::verbatim(words);
    let drawn = |term: &str, words: &str| PageLine {
        is_drawn: true,
        ..line(None, text(term), text(words))
    };
    match kind {
        PageKind::Doctor => doctor_page(),
        PageKind::Audit => vec![
            line(
                None,
                text("2026-11-23 07:58:40"),
                text("olga  person.rename  P-002"),
            ),
            line(
                None,
                text("2026-11-23 07:55:00"),
                text("station  station.start  rollcall 0.1.0, source usb"),
            ),
        ],
        PageKind::Calibration => vec![
            line(
                None,
                Message::default(),
                coded(
                    "calibration-head",
                    json!({"people": 3, "templates": 9, "similarity": {"number": 0.443, "decimals": 3}}),
                    "3 people, 9 templates; similarity asked for: 0.443",
                ),
            ),
            line(None, Message::default(), Message::default()),
            PageLine {
                is_drawn: true,
                ..line(
                    None,
                    coded("similarity-label", json!({}), "similarity"),
                    coded(
                        "chart-legend",
                        json!({"pairs": 27, "pictures": 9}),
                        "two people (27 pairs), one person (9 pictures)",
                    ),
                )
            },
            drawn("-0.05", "░░░░░░░                      "),
            drawn("0.05", "░░░░░░░░░░░░░░░░░░           "),
            drawn(
                "0.443",
                "────────────────────────────────────────────────────────",
            ),
            drawn("0.70", "                             ██████████████"),
            line(None, Message::default(), Message::default()),
            line(
                None,
                Message::default(),
                coded(
                    "expected-false-names-uncounted",
                    json!({"looks": 12000, "people": 3}),
                    "Expected false names: one in 12000 looks of strangers with your 3 people; no looks were counted yet.",
                ),
            ),
        ],
    }
}

/// Every screen with its name, and the keys that lead there from the live one.
fn all_screens() -> Vec<(&'static str, Vec<Key>)> {
    let c = Key::Char;
    vec![
        ("live", vec![]),
        ("why", vec![c('w')]),
        ("enrol", vec![c('e')]),
        ("people", vec![c('p')]),
        ("person", vec![c('p'), Key::Enter]),
        ("today", vec![c('t')]),
        ("day", vec![c('t'), Key::Left]),
        ("week", vec![c('t'), Key::Tab, Key::Tab, c('<')]),
        ("month", vec![c('t'), Key::BackTab]),
        ("correction", vec![c('t'), c('c')]),
        ("review", vec![c('r')]),
        ("calibration", vec![c('z')]),
        ("charts", vec![c('b')]),
        ("camera", vec![c('m')]),
        ("log", vec![c('l')]),
        ("audit", vec![c('a')]),
        ("settings", vec![c('s')]),
        ("doctor", vec![c('d')]),
        ("help", vec![c('?')]),
        ("palette", vec![c(':')]),
    ]
}

#[test]
fn every_screen_in_spanish() {
    for (name, keys) in all_screens() {
        let mut desk = Desk::with_history().in_spanish();
        desk.press(&keys);
        desk.answer();
        assert_screens(&format!("es_{name}"), &mut desk);
    }
}

#[test]
fn the_screens_of_the_records() {
    for (name, keys) in all_screens() {
        if [
            "person",
            "calibration",
            "charts",
            "audit",
            "settings",
            "doctor",
            "palette",
        ]
        .contains(&name)
        {
            let mut desk = Desk::with_history();
            desk.press(&keys);
            assert_eq!(
                name == "palette",
                !desk.screen(80, 24).contains("reading the records")
            );
            desk.answer();
            assert_screens(name, &mut desk);
        }
    }
}

#[test]
fn every_screen_says_where_it_is_and_what_keys_do() {
    for (name, keys) in all_screens() {
        let mut desk = Desk::with_history();
        desk.press(&keys);
        desk.answer();
        for (width, height) in [(40, 12), (80, 24), (300, 100)] {
            let screen = desk.screen(width, height);
            let lines: Vec<&str> = screen.lines().collect();
            let hints = lines[usize::from(height) - 1];
            let is_live = ["live", "why"].contains(&name);
            let wanted = if is_live { "q quit" } else { "Esc" };
            assert!(hints.contains(wanted), "{name} {width}x{height}: {hints}");
            if !["live", "why", "enrol", "palette"].contains(&name) {
                assert!(
                    lines[0].contains('›'),
                    "{name} {width}x{height}: {}",
                    lines[0]
                );
            }
        }
    }
}

#[test]
fn a_setting_that_would_alter_the_past_is_asked_about() {
    for (language, name) in [("en", "past"), ("es", "es_past")] {
        let mut desk = Desk::with_history();
        desk.app = dashboard(UiOptions {
            language: Language::load(language, std::path::Path::new("."), |_| None).unwrap(),
            operator: "olga".into(),
            ..UiOptions::default()
        });
        desk.press(&[Key::Char('s')]);
        desk.answer();
        let change = SettingChange {
            section: "attendance".into(),
            key: "time_zone".into(),
            value: Some("Asia/Tokyo".into()),
            by: "olga".into(),
            is_agreed: false,
        };
        let day = |text: &str| text.parse().unwrap();
        let mut alteration = Alteration::default();
        let altered = PersonAlteration {
            days: vec![day("2026-10-05"), day("2026-10-06"), day("2026-11-02")],
            before: Totals {
                days_absent: 2,
                worked: Duration::from_mins(510),
                ..Totals::default()
            },
            after: Totals {
                worked: Duration::from_mins(150),
                late: Duration::from_mins(360),
                ..Totals::default()
            },
        };
        let code = PersonCode::parse("P-001").unwrap();
        alteration.people.insert(code, altered);
        let asked = || {
            Answer::Asks(Box::new(Asked {
                agreement: Agreement::AltersThePast(alteration.clone()),
                agreed: Question::ChangeSetting(change.clone()).agreed(),
            }))
        };
        desk.app.take(asked());
        insta::assert_snapshot!(format!("settings_{name}_80x24"), desk.screen(80, 24));
        let before = desk.asked.len();
        desk.press(&[Key::Esc]);
        assert_eq!(desk.asked.len(), before, "left as it was");
        desk.app.take(asked());
        desk.press(&[Key::Char('y')]);
        let agreed = SettingChange {
            is_agreed: true,
            ..change
        };
        assert_eq!(desk.asked[before..], [Question::ChangeSetting(agreed)]);
    }
}

#[test]
fn a_setting_is_changed_and_said_and_undone() {
    let mut desk = Desk::with_history();
    desk.press(&[Key::Char('s')]);
    desk.answer();
    desk.write("/banner");
    desk.press(&[Key::Enter, Key::Enter, Key::Ctrl('u')]);
    desk.write("5");
    insta::assert_snapshot!("settings_editing_80x24", desk.screen(80, 24));
    desk.press(&[Key::Enter]);
    let change = SettingChange {
        section: "welcome".into(),
        key: "banner_secs".into(),
        value: Some("5".into()),
        by: "olga".into(),
        is_agreed: false,
    };
    assert_eq!(desk.asked, [Question::ChangeSetting(change.clone())]);
    let undo = Question::ChangeSetting(SettingChange {
        value: None,
        ..change
    });
    desk.app.take(Answer::Done(Ok(Done {
        said: Message::verbatim("welcome.banner_secs = 5; it takes effect at the next start"),
        undo: Some(undo.clone()),
        needs_restart: false,
    })));
    assert!(desk.screen(80, 24).contains("banner_secs = 5; it takes"));
    assert_eq!(desk.due(), [Question::Settings], "they are read again");
    desk.press(&[Key::Esc, Key::Char('u')]);
    assert_eq!(desk.asked[1..], [undo]);
    desk.app
        .take(Answer::Done(Err(Message::verbatim("the disk is full"))));
    assert!(desk.screen(80, 24).contains("the disk is full"));
}

#[test]
fn somebody_who_punched_is_greeted_from_afar() {
    for (language, name) in [("en", "banner"), ("es", "es_banner")] {
        let mut desk = Desk::new().busy();
        desk.app = dashboard(UiOptions {
            language: Language::load(language, std::path::Path::new("."), |_| None).unwrap(),
            banner: Duration::from_secs(4),
            ..UiOptions::default()
        });
        // Carla came two seconds ago.
        desk.world.wait(1.0);
        assert_screens(name, &mut desk);
        assert!(desk.app.take_news() && !desk.app.take_news());
        // A key takes it away, and means nothing else where it is a mere "yes, yes".
        desk.press(&[Key::Enter]);
        let screen = desk.screen(80, 24);
        assert!(screen.contains("Carla Ng"), "{screen}");
        assert!(!screen.contains('█'));
        desk.world.wait(400.0);
        desk.world.see_for(&[Face::of(5, 0.71)], 2.0);
        // A name that is too long for large letters, and one that the font has not.
        desk.screen(80, 24);
        desk.world.wait(5.0);
        assert!(!desk.screen(80, 24).contains('█'), "it goes by itself");
    }
}

#[test]
fn a_terminal_with_pictures_gets_room_for_them_and_nothing_over_its_prompts() {
    let mut desk = Desk::new().busy();
    desk.app = dashboard(UiOptions {
        has_pixels: true,
        cell: Some((9, 18)),
        ..UiOptions::default()
    });
    let blank = |desk: &mut Desk| !desk.screen(80, 24).contains('▀');
    assert!(blank(&mut desk), "no cell is drawn where the picture is");
    desk.press(&[Key::Char(':')]);
    assert!(
        !blank(&mut desk),
        "blocks, for the palette may lie over them"
    );
    desk.press(&[Key::Esc]);
    desk.press(&[Key::Char('e')]);
    assert!(!blank(&mut desk));
    desk.press(&[Key::Esc, Key::Char('v')]);
    assert!(!blank(&mut desk), "v chooses half-blocks");
}

fn visitors() -> Vec<Visitor> {
    let at = |time: &str| {
        chrono::DateTime::parse_from_rfc3339(&format!("2026-11-23T{time}:00+01:00")).unwrap()
    };
    vec![
        Visitor {
            sightings: vec![12, 9, 7],
            first: at("07:40"),
            last: at("07:58"),
            reason: "unknown".into(),
            nearest: Some(("Ana Torres".into(), rollcall::core::embedding::Cosine(0.31))),
            picture: Some(image::imageops::thumbnail(&doorway(), 96, 96)),
        },
        Visitor {
            sightings: vec![8],
            first: at("07:50"),
            last: at("07:50"),
            reason: "spoof".into(),
            nearest: None,
            picture: None,
        },
    ]
}

#[test]
fn a_face_without_a_name_is_looked_at_and_becomes_somebody() {
    let mut desk = Desk::new().busy();
    desk.press(&[Key::Char('r')]);
    assert!(desk.screen(80, 24).contains("reading the records"));
    assert_eq!(desk.due(), [Question::Visitors]);
    assert_eq!(desk.due(), [], "it is asked");
    desk.app.take(Answer::Visitors(Ok(visitors())));
    assert_screens("review", &mut desk);
    desk.write("nbru");
    desk.press(&[Key::Tab, Key::Right]);
    // Words that go on in the wrong line change nothing, and that is said.
    desk.write("no o");
    assert!(
        desk.screen(80, 24)
            .contains("nothing is typed into this line")
    );
    desk.press(&[Key::Tab, Key::Right]);
    insta::assert_snapshot!("review_assign_80x24", desk.screen(80, 24));
    // Somebody else has come often meanwhile and leads the list now.
    let mut reordered = visitors();
    reordered.reverse();
    desk.app.take(Answer::Visitors(Ok(reordered)));
    desk.press(&[Key::Enter]);
    let Question::Review(ReviewDeed::Assign(assignment)) = &desk.asked[0] else {
        panic!("{:?}", desk.asked)
    };
    assert_eq!(assignment.sightings, [12, 9, 7]);
    assert_eq!(assignment.code.as_str(), "P-002");
    assert!(assignment.add && assignment.punch == Some(Direction::In));
    desk.app.take(Answer::Visitors(Ok(visitors())));
    desk.app.take(Answer::Reviewed(Err(Message::verbatim(
        "this face is enrolled as Ana",
    ))));
    assert!(desk.screen(80, 24).contains("enrolled as Ana"));
    assert!(
        desk.screen(80, 24).contains("who was it?"),
        "the form stays"
    );
    desk.press(&[Key::Enter]);
    desk.app.take(Answer::Reviewed(Ok(Message::verbatim(
        "3 sightings were Bruno",
    ))));
    assert!(!desk.screen(80, 24).contains("who was it?"));
    assert!(desk.due() == [Question::Visitors], "it is read again");
    // Erasing is confirmed; any other key is a no.
    desk.press(&[Key::Down, Key::Delete]);
    assert!(desk.screen(80, 24).contains("cannot be undone"));
    desk.press(&[Key::Char('n'), Key::Char('i'), Key::Char('y')]);
    let ignored = ReviewDeed::Ignore {
        sightings: vec![8],
        by: "olga".into(),
    };
    assert_eq!(desk.asked[2..], [Question::Review(ignored)]);
    desk.press(&[Key::Esc]);
    assert!(desk.screen(80, 24).contains("today"));
}

#[test]
fn reports_of_today_a_day_a_week_and_a_month() {
    let mut desk = Desk::with_history();
    desk.press(&[Key::Char('t')]);
    assert_screens("report_today", &mut desk);
    desk.press(&[Key::Left]);
    assert!(desk.screen(80, 24).contains("reading the records"));
    desk.press(&[Key::Left, Key::Left]);
    desk.read_records();
    insta::assert_snapshot!("report_day_80x24", desk.screen(80, 24));
    desk.press(&[Key::Tab]);
    desk.read_records();
    assert_screens("report_week", &mut desk);
    desk.press(&[Key::Down, Key::Tab]);
    desk.read_records();
    assert_screens("report_month", &mut desk);
    desk.press(&[Key::Char('o'), Key::Char('o'), Key::Char('o')]);
    let absent = desk.screen(80, 24);
    assert!(absent.contains("only who is absent"), "{absent}");
    assert!(!absent.contains("Ana Torres"), "{absent}");
    assert!(absent.contains("Bruno Díaz"), "{absent}");
}

#[test]
fn a_report_is_read_again_only_when_something_happened() {
    let mut desk = Desk::with_history();
    desk.press(&[Key::Char('t'), Key::BackTab]);
    let first = desk.report_due().unwrap();
    assert_eq!(
        (first.from.to_string(), first.to.to_string()),
        ("2026-11-01".into(), "2026-11-30".into())
    );
    assert_eq!(desk.report_due(), None, "it is asked");
    desk.app.take(Answer::Report(
        first,
        Err(Message::verbatim("the disk is gone")),
    ));
    assert!(desk.screen(80, 24).contains("the disk is gone"));
    assert_eq!(desk.report_due(), None);
    desk.world.see_for(&[Face::of(1, 0.62)], 2.0);
    assert_eq!(desk.report_due(), Some(first));
    // An answer that comes after other days were chosen is not theirs.
    desk.press(&[Key::Char('<')]);
    let earlier = desk.report_due().unwrap();
    assert_eq!(earlier.to.to_string(), "2026-10-31");
    desk.app.take(Answer::Report(first, Ok(vec![])));
    assert!(desk.screen(80, 24).contains("reading the records"));
}

#[test]
fn an_earlier_day_is_put_right_from_its_table() {
    let mut desk = Desk::with_history();
    desk.press(&[Key::Char('t'), Key::Tab, Key::Tab, Key::Char('<')]);
    desk.read_records();
    // From last Monday, today's weekday, to the day after in the grid itself.
    desk.press(&[Key::Down, Key::Right]);
    let screen = desk.screen(80, 24);
    assert!(screen.contains("marked: Tue 17 Nov"), "{screen}");
    desk.press(&[Key::Char('c'), Key::Left, Key::Tab]);
    desk.write("18:05");
    desk.press(&[Key::Tab, Key::Right, Key::Tab]);
    desk.write("forgot");
    desk.press(&[Key::Enter]);
    insta::assert_snapshot!("correction_signing_80x24", desk.screen(80, 24));
    assert!(desk.drafts.is_empty(), "first it is signed");
    desk.press(&[Key::Char('y')]);
    let Deed::Add { code, when, .. } = &desk.drafts[0].deed else {
        panic!("{:?}", desk.drafts)
    };
    assert_eq!(
        (code.as_str(), when.to_string().as_str()),
        ("P-002", "2026-11-17 18:05:00")
    );
}

#[test]
fn small_window_shows_one_pane_after_the_other() {
    let mut desk = Desk::new().busy();
    desk.press(&[Key::Tab]);
    insta::assert_snapshot!("pane_today_40x12", desk.screen(40, 12));
    desk.press(&[Key::Tab]);
    insta::assert_snapshot!("pane_log_40x12", desk.screen(40, 12));
    insta::assert_snapshot!("stacked_50x30", desk.screen(50, 30));
}

#[test]
fn enrol_form_says_what_is_wrong() {
    let mut desk = Desk::new().busy();
    desk.write("eBruno Diaz");
    desk.press(&[Key::Tab]);
    desk.write("p-001");
    assert_screens("enrol_form", &mut desk);
    desk.press(&[Key::Enter]);
    assert!(matches!(desk.world.station.mode(), Mode::Choosing(_)));
    desk.press(&[Key::Esc]);
    assert!(matches!(desk.world.station.mode(), Mode::Live));
}

#[test]
fn the_form_shows_whose_face_it_is_for() {
    let mut desk = Desk::new().busy();
    desk.write("eDana");
    let known = desk.screen(80, 24);
    assert!(known.contains("looks like Carla"), "{known}");
    desk.press(&[Key::PageDown]);
    assert_screens("enrol_other_face", &mut desk);
    // Both go, and somebody else stands there when Enter is pressed.
    desk.world.wait(5.0);
    desk.world.see_for(&[Face::of(9, 0.95)], 2.0);
    desk.press(&[Key::Enter]);
    desk.world.see_for(&[Face::of(9, 0.95)], 2.0);
    let Mode::Enrolling(enrolment) = desk.world.station.mode() else {
        panic!("not enrolling")
    };
    assert_eq!(enrolment.hint, Hint::AnotherFace);
    assert!(enrolment.samples.is_empty());
}

#[test]
fn with_nobody_there_the_form_waits_for_a_face_and_shows_it() {
    let mut desk = Desk::new();
    desk.write("eDana");
    insta::assert_snapshot!("enrol_nobody_80x24", desk.screen(80, 24));
    desk.press(&[Key::Enter]);
    assert!(desk.screen(80, 24).contains("waiting for somebody"));
    // Who comes is shown first: the Enter of somebody who has not seen it is none.
    let now = desk.world.now();
    desk.world.see(&[Face::of(9, 0.95)]);
    let actions = desk
        .app
        .handle(Input::Key(Key::Enter), &desk.world.view(), &now);
    assert_eq!(actions, []);
    assert!(desk.screen(80, 24).contains("the face to be enrolled"));
    desk.press(&[Key::Enter]);
    assert!(matches!(desk.world.station.mode(), Mode::Enrolling(_)));
}

#[test]
fn a_refused_enrolment_does_not_take_the_keys_of_another_screen() {
    let mut desk = Desk::new().busy();
    desk.write("eDana");
    desk.press(&[Key::Enter]);
    desk.write("p/");
    desk.world.wait(70.0);
    assert!(desk.screen(80, 24).contains("not enrolled"));
    desk.write("ana");
    let filtered = desk.screen(80, 24);
    assert!(
        !filtered.contains("Bruno"),
        "the filter goes on: {filtered}"
    );
    desk.press(&[Key::Esc, Key::Esc]);
    assert!(desk.screen(80, 24).contains("enrol the face at the camera"));
}

#[test]
fn nobody_is_enrolled_without_a_clear_yes() {
    let mut desk = Desk::new();
    desk.app = dashboard(UiOptions {
        station_name: "Main door".into(),
        operator: "olga".into(),
        ask_consent: true,
        ..UiOptions::default()
    });
    desk.world.see(&[Face::of(9, 0.95)]);
    desk.write("eDana");
    desk.press(&[Key::Enter]);
    insta::assert_snapshot!("consent_80x24", desk.screen(80, 24));
    for no in [Key::Enter, Key::Char('n'), Key::Esc] {
        desk.press(&[no]);
        assert!(desk.screen(80, 24).contains("not enrolled"));
        assert!(
            matches!(desk.world.station.mode(), Mode::Choosing(_)),
            "{no:?} is no yes"
        );
        desk.press(&[Key::Enter]);
    }
    desk.press(&[Key::Char('y')]);
    assert!(matches!(desk.world.station.mode(), Mode::Enrolling(_)));
}

#[test]
fn a_badge_is_read_on_the_live_screen() {
    let mut desk = Desk::new();
    let ana = desk.world.add_person("Ana Torres", "P-001");
    let pin = rollcall::core::pin::Pin::parse("483920").unwrap();
    desk.world.ledger.pins.push((pin, ana));
    desk.write("4839");
    assert!(desk.screen(80, 24).contains("PIN ****  Enter"));
    desk.write("20");
    desk.press(&[Key::Enter]);
    assert!(desk.screen(80, 24).contains("Ana Torres checked in"));
    desk.write("12");
    desk.press(&[Key::Enter]);
    assert!(desk.screen(80, 24).contains("6 to 32 digits"));
    // In a form or a filter, digits are digits.
    desk.write("p/12");
    assert!(!desk.screen(80, 24).contains("PIN"));
}

/// Where a badge is held to the reader, and how the operator got there.
type Place<'a> = (&'a str, Vec<Key>);

fn places() -> Vec<Place<'static>> {
    let letters = |keys: &str| keys.chars().map(Key::Char).collect::<Vec<_>>();
    let mut places: Vec<Place<'_>> = all_screens();
    places.extend([
        ("a filter", letters("p/12")),
        ("an enrolment", letters("eDana")),
        ("a filter of settings", letters("s/12")),
        ("the question whether to leave", letters("q")),
    ]);
    places
}

#[test]
fn a_badge_punches_from_every_screen_and_touches_nothing() {
    for (name, keys) in places() {
        for (read, number) in [
            ("0012345678", "0012345678"),
            (";0012345678?", "0012345678"),
            ("04a22b9a115c80", "04A22B9A115C80"),
        ] {
            let mut desk = Desk::with_history();
            let ana = rollcall::core::person::PersonId(1);
            let pin = rollcall::core::pin::Pin::parse(number).unwrap();
            desk.world.ledger.pins.push((pin, ana));
            desk.press(&keys);
            desk.answer();
            let before = desk.screen(100, 60);
            let punches = desk.world.ledger.events.len();
            desk.input(Input::Badge(read.into()));
            assert_eq!(
                desk.world.ledger.events.len(),
                punches + 1,
                "{read} on {name}"
            );
            desk.answer();
            let after = desk.screen(100, 60);
            let hints = |screen: &str| screen.lines().last().unwrap().to_owned();
            assert_eq!(hints(&before), hints(&after), "{read} on {name}");
            assert!(
                after.contains("Ana Torres checked"),
                "{read} on {name} is not said:\n{after}"
            );
            assert!(desk.asked.is_empty() && desk.drafts.is_empty() && !desk.quit);
        }
    }
}

#[test]
fn a_wrong_badge_is_said_on_every_screen_and_forgotten_again() {
    for (name, keys) in places() {
        let mut desk = Desk::with_history();
        desk.press(&keys);
        desk.answer();
        desk.input(Input::Badge("999111".into()));
        desk.answer();
        let said = "PIN: nobody has this one";
        assert!(desk.screen(80, 24).contains(said), "{name}");
        desk.world.wait(10.0);
        let now = desk.world.now();
        desk.app.observe(&now, None);
        let still = desk.screen(80, 24);
        let remark = still.lines().nth(22).unwrap();
        assert!(!remark.contains(said), "{name}:\n{still}");
    }
}

#[test]
fn a_badge_is_given_to_somebody_where_a_pin_is_asked_for() {
    let mut desk = Desk::with_history();
    desk.press(&[Key::Char('p'), Key::Enter]);
    desk.answer();
    desk.write("#");
    for _ in 0..2 {
        desk.input(Input::Badge(";0012345678?".into()));
    }
    let [Question::ChangePerson(deed)] = &desk.asked[..] else {
        panic!("{:?}", desk.asked)
    };
    let pin = rollcall::core::pin::Pin::parse("0012345678").unwrap();
    assert_eq!(deed.change, PersonChange::Pin(Some(pin)));
}

#[test]
fn what_more_likely_was_typed_is_typed() {
    let mut desk = Desk::new().busy();
    desk.write("e");
    desk.input(Input::Badge("Maria2".into()));
    let screen = desk.screen(80, 24);
    assert!(screen.contains("Maria2"), "{screen}");
}

#[test]
fn leaving_is_asked_and_says_what_it_means() {
    let mut desk = Desk::new().busy();
    let words = "No attendance is taken";
    desk.write("q");
    let screen = desk.screen(80, 24);
    assert!(screen.contains(words), "{screen}");
    insta::assert_snapshot!("leave_80x24", screen);
    desk.press(&[Key::Esc]);
    assert!(!desk.quit && !desk.screen(80, 24).contains(words));
    desk.write("qd");
    assert!(!desk.quit, "d is no yes");
    assert!(desk.screen(80, 24).contains("in view"), "and opens nothing");
    desk.write("qy");
    assert!(desk.quit);
}

#[test]
fn a_station_that_runs_elsewhere_is_left_without_a_question() {
    let mut desk = Desk::new().busy();
    desk.app = dashboard(UiOptions {
        leaving: Leaving::LeavesItRunning,
        ..UiOptions::default()
    });
    desk.write("pq");
    assert!(!desk.quit, "q leads back first");
    desk.write("q");
    assert!(desk.quit);
}

#[test]
fn words_typed_for_a_form_that_cannot_open_lead_nowhere() {
    let mut desk = Desk::with_history();
    // A day on which nobody is shown.
    desk.press(&[Key::Char('t'), Key::Tab]);
    desk.answer();
    desk.write("/zzz");
    desk.press(&[Key::Enter]);
    desk.write("c");
    let notice = desk.screen(80, 24);
    desk.write("camera was dead q y");
    assert_eq!(desk.screen(80, 24), notice);
    assert!(desk.asked.is_empty() && desk.changes.is_empty() && !desk.quit);
    desk.press(&[Key::Esc]);
    assert!(desk.screen(80, 24).contains("[day]"));
    // And on an empty day of somebody who is shown the form is there at once.
    let mut desk = Desk::with_history();
    desk.press(&[Key::Char('t'), Key::Tab, Key::Tab, Key::Left]);
    desk.answer();
    desk.write("c");
    assert!(desk.screen(80, 24).contains("add a punch"));
}

#[test]
fn enrolling() {
    let mut desk = Desk::new().busy();
    let dana = Face::of(9, 0.9);
    desk.world.see(std::slice::from_ref(&dana));
    desk.write("eDana");
    desk.press(&[Key::Enter]);
    desk.world.see(std::slice::from_ref(&dana));
    desk.world.advance(0.5);
    desk.world.see(std::slice::from_ref(&dana));
    desk.world.advance(0.5);
    let turned = Face {
        quality: FaceQuality { turn: 0.4, ..GOOD },
        ..dana.clone()
    };
    desk.world.see(&[turned]);
    let Mode::Enrolling(enrolment) = desk.world.station.mode() else {
        panic!("not enrolling");
    };
    assert_eq!(enrolment.samples.len(), 2);
    assert!(matches!(enrolment.hint, Hint::Quality(_)));
    assert_screens("enrolling", &mut desk);

    desk.world.see_for(&[dana], 8.0);
    assert_screens("confirming", &mut desk);
    desk.press(&[Key::Char('y')]);
    assert!(matches!(desk.world.station.mode(), Mode::Live));
    assert_eq!(
        desk.world.ledger.people.last().unwrap().code.as_str(),
        "P-007"
    );
    insta::assert_snapshot!("enrolled_80x24", desk.screen(80, 24));
}

#[test]
fn a_refused_enrolment_comes_back_with_what_was_typed() {
    let mut desk = Desk::new().busy();
    desk.world.see(&[Face::of(9, 0.8)]);
    desk.write("eAna T.");
    desk.press(&[Key::Enter]);
    desk.world.wait(70.0);
    assert_screens("refused", &mut desk);
}

#[test]
fn who_looks_like_somebody_is_saved_only_as_another_person() {
    let mut desk = Desk::new().busy();
    let twin = Face::of(0, 0.8);
    desk.world.see(std::slice::from_ref(&twin));
    desk.write("eAna T.");
    desk.press(&[Key::Enter]);
    desk.world.see_for(&[twin], 9.0);
    assert_screens("another_person", &mut desk);
    let people = desk.world.ledger.people.len();
    desk.press(&[Key::Enter, Key::Char(' ')]);
    assert_eq!(desk.world.ledger.people.len(), people, "no clear yes");
    desk.press(&[Key::Char('y')]);
    assert_eq!(desk.world.ledger.people.len(), people + 1);
    assert_eq!(desk.world.stated[0].than.as_str(), "P-001");
}

#[test]
fn what_was_on_the_screen_is_what_is_confirmed() {
    let mut desk = Desk::new().busy();
    let dana = Face::of(9, 0.9);
    desk.world.see(std::slice::from_ref(&dana));
    desk.write("eDana");
    desk.press(&[Key::Enter]);
    desk.world.see_for(&[dana], 9.0);
    // The question came after the screen was drawn.
    let now = desk.world.now();
    let actions = desk
        .app
        .handle(Input::Key(Key::Char('y')), &desk.world.view(), &now);
    assert_eq!(actions, []);
    desk.press(&[Key::Char('y')]);
    assert_eq!(
        desk.world.ledger.people.last().unwrap().name.as_str(),
        "Dana"
    );
}

#[test]
fn a_correction_is_of_the_person_who_was_selected_on_the_screen() {
    let mut desk = Desk::new().busy();
    desk.press(&[Key::Char('t')]);
    let shown = desk.screen(80, 24);
    assert!(shown.contains("Carla Ng"), "{shown}");
    // Bruno checks in between the drawing and the key, and leads the table now.
    desk.world.see_for(&[Face::of(1, 0.7)], 2.0);
    let now = desk.world.now();
    desk.app
        .handle(Input::Key(Key::Char('c')), &desk.world.view(), &now);
    let form = desk.screen(80, 24);
    assert!(form.contains("correct Carla Ng"), "{form}");
}

#[test]
fn q_calls_the_enrolment_off_before_it_quits() {
    let mut desk = Desk::new();
    desk.world.see(&[Face::of(9, 0.95)]);
    desk.write("eDana");
    desk.press(&[Key::Enter, Key::Char('q')]);
    assert!(matches!(desk.world.station.mode(), Mode::Live));
    assert!(!desk.quit);
    desk.press(&[Key::Char('q')]);
    assert!(!desk.quit, "then it asks");
    desk.press(&[Key::Char('y')]);
    assert!(desk.quit);
}

#[test]
fn people_with_a_filter() {
    let mut desk = Desk::new().busy();
    desk.write("p/P-00");
    desk.press(&[Key::Enter, Key::Down, Key::Down, Key::Down, Key::Down]);
    assert_screens("people", &mut desk);
    desk.write("/zzz");
    insta::assert_snapshot!("people_none_80x24", desk.screen(80, 24));
}

#[test]
fn attendance_table() {
    let mut desk = Desk::new().busy();
    desk.press(&[Key::Char('t'), Key::Down]);
    assert_screens("attendance", &mut desk);
}

#[test]
fn a_correction_is_typed_refused_and_done() {
    let mut desk = Desk::new().busy();
    desk.write("tc");
    desk.press(&[Key::Tab, Key::Ctrl('u')]);
    desk.write("7:5x");
    desk.press(&[Key::Enter]);
    assert_screens("correction", &mut desk);
    assert!(desk.drafts.is_empty());
    desk.press(&[Key::Ctrl('u')]);
    desk.write("07:45");
    desk.press(&[Key::Enter]);
    assert!(desk.drafts.is_empty(), "the reason is missing");
    assert!(desk.screen(80, 24).contains(">Reason"), "the keys go there");
    desk.write("the camera was off");
    desk.press(&[Key::Enter]);
    // Nothing that is typed on signs it, and Esc leads back.
    desk.write(" and then some");
    assert!(desk.drafts.is_empty());
    desk.press(&[Key::Esc]);
    let back = desk.screen(80, 24);
    assert!(
        back.contains("the camera was off ") && back.contains(">Reason"),
        "{back}"
    );
    desk.press(&[Key::Enter, Key::Char('y')]);
    let draft = desk.drafts.pop().unwrap();
    assert_eq!(draft.operator, "olga");
    assert_eq!(draft.reason, "the camera was off");
    match draft.deed {
        Deed::Change {
            change:
                Change {
                    when: Some(at),
                    code: None,
                    direction: None,
                },
            ..
        } => assert_eq!(at.to_string(), "2026-11-23 07:45:00"),
        other => panic!("{other:?}"),
    }
    desk.answer_correction(Err("the disk is full".into()));
    insta::assert_snapshot!("correction_refused_80x24", desk.screen(80, 24));
    desk.press(&[Key::Enter, Key::Char('y')]);
    assert_eq!(desk.drafts.len(), 1, "what was typed is still there");
    desk.answer_correction(Ok(Corrected::default()));
    let after = desk.screen(80, 24);
    assert!(!after.contains("Reason"));
    assert!(after.contains("corrected: nothing"), "it is said:\n{after}");
}

#[test]
fn an_event_is_voided_and_one_is_added() {
    let mut desk = Desk::new().busy();
    desk.write("tc");
    desk.press(&[Key::Right, Key::Tab]);
    desk.write("wrong person");
    desk.press(&[Key::Enter, Key::Char('y')]);
    let sent = desk.drafts.pop().unwrap();
    assert!(matches!(sent.deed, Deed::Void { .. }), "{sent:?}");
    desk.answer_correction(Err("no".into()));
    desk.screen(80, 24);
    desk.press(&[Key::Esc]);
    // The last choice is before the first.
    desk.press(&[Key::Char('c'), Key::Left, Key::Tab]);
    desk.write("6:30");
    desk.press(&[Key::Tab]);
    // A reason that is typed one line too early turns no direction.
    desk.write("is in or out");
    assert!(
        desk.screen(80, 24)
            .contains("nothing is typed into this line")
    );
    desk.press(&[Key::Right, Key::Tab]);
    desk.write("forgotten");
    desk.press(&[Key::Enter, Key::Char('y')]);
    match desk.drafts.pop().unwrap().deed {
        Deed::Add {
            when: at,
            direction,
            ..
        } => {
            assert_eq!(at.to_string(), "2026-11-23 06:30:00");
            assert_eq!(direction, Direction::Out);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_doubtful_clock_is_marked() {
    let mut desk = Desk::new();
    let checked = |synchronised| Event::ClockChecked { synchronised };
    desk.world.handle(checked(true));
    assert!(!desk.screen(80, 24).contains("clock?"));
    desk.world.handle(checked(false));
    assert!(desk.screen(80, 24).contains("clock?"));
    assert!(desk.screen(40, 12).contains("clock?"));
}

#[test]
fn log_stays_in_place_while_lines_come() {
    let mut desk = Desk::new().busy();
    desk.press(&[Key::Char('l')]);
    assert_screens("log", &mut desk);
    desk.press(&[Key::Down]);
    let mut before = desk.screen(80, 24);
    desk.world
        .handle(Event::Notice(Notice::Warning(Message::verbatim(
            "the data folder has 90 MB left\nof 32 GB",
        ))));
    let mut after = desk.screen(80, 24);
    for screen in [&mut before, &mut after] {
        *screen = screen.lines().skip(2).collect::<Vec<_>>().join("\n");
    }
    assert_eq!(before, after);
    desk.press(&[Key::Home]);
    assert!(desk.screen(80, 24).contains("90 MB left of 32 GB"));
}

#[test]
fn help() {
    let mut desk = Desk::new().busy();
    desk.press(&[Key::Char('p'), Key::Char('?')]);
    assert_screens("help", &mut desk);
    desk.press(&[Key::PageDown; 9]);
    insta::assert_snapshot!("help_end_40x12", desk.screen(40, 12));
    desk.press(&[Key::Esc]);
    assert!(
        desk.screen(80, 24).contains("people"),
        "Esc goes back to the people"
    );
}

#[test]
fn camera_lost() {
    let mut desk = Desk::new().busy();
    desk.camera = CameraStatus {
        health: Health::Bad,
        label: kept(coded("camera-lost", json!({}), "lost")),
        advice: Some(kept(Message::verbatim(
            "/dev/video0 is gone. Check the cable; the next try is in 4 s.",
        ))),
        size: None,
        frames_per_second: None,
    };
    assert_screens("camera_lost", &mut desk);
}

#[test]
fn the_preview_in_quarters_and_in_dots() {
    let mut desk = Desk::new().busy();
    desk.press(&[Key::Char('v')]);
    insta::assert_snapshot!("quadrants_80x24", desk.screen(80, 24));
    desk.press(&[Key::Char('v')]);
    insta::assert_snapshot!("braille_80x24", desk.screen(80, 24));
}

#[test]
fn preview_off() {
    let mut desk = Desk::new().busy();
    desk.press(&[Key::Char('v'); 4]);
    insta::assert_snapshot!("preview_off_80x24", desk.screen(80, 24));
}

#[test]
fn store_trouble() {
    let mut desk = Desk::new();
    desk.world.add_person("Ana Torres", "P-001");
    desk.world.answering = false;
    desk.world.see_for(&[Face::of(0, 0.6)], 2.0);
    desk.world
        .handle(Event::Receipt(Receipt::Trouble(Message::verbatim(
            "data/station.db: database or disk is full, and this message goes on and on",
        ))));
    assert_screens("store_trouble", &mut desk);
}

#[test]
fn ascii_without_colour() {
    let mut desk = Desk::with(ColourDepth::Monochrome, Charset::Ascii).busy();
    assert_screens("ascii", &mut desk);
    for keys in ["", "p", "t", "l", "?"] {
        desk.press(&[Key::Esc]);
        desk.write(keys);
        let terminal = desk.terminal(80, 24);
        for cell in terminal.backend().buffer().content() {
            assert!(
                cell.symbol().is_ascii(),
                "{:?} after {keys:?}",
                cell.symbol()
            );
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
        }
    }
}

#[test]
fn colours_say_what_the_words_say() {
    let mut desk = Desk::new().busy();
    let terminal = desk.terminal(80, 24);
    let buffer = terminal.backend().buffer();
    let colour_of = |words: &str| {
        let at = (0..80 * 24).find(|&i| {
            let cells = buffer.content()[i..].iter().take(words.len());
            cells
                .map(ratatui::buffer::Cell::symbol)
                .eq(words.split("").filter(|s| !s.is_empty()))
        });
        buffer.content()[at.unwrap()].fg
    };
    assert_eq!(colour_of("Carla Ng 0.71"), Color::Green);
    assert_eq!(colour_of("unknown 0.22"), Color::Red);
    // The wall at the left edge of the picture, in its own colour.
    assert_eq!(buffer[(1, 2)].fg, Color::Rgb(180, 185, 190));
}

#[test]
fn too_small() {
    let mut desk = Desk::new().busy();
    insta::assert_snapshot!("too_small_30x5", desk.screen(30, 5));
}

/// The name of a screen and the keys that lead there.
type Visit<'a> = (&'a str, &'a dyn Fn(&mut Desk));

/// No size and no screen makes drawing panic; from the least size on there is a
/// status line on top and the keys at the bottom.
#[test]
fn every_size_draws_something() {
    let enrolling = |desk: &mut Desk| {
        desk.write("eDana");
        desk.press(&[Key::Enter]);
    };
    let confirming = |desk: &mut Desk| {
        desk.world.see(&[Face::of(9, 0.9)]);
        desk.write("eDana");
        desk.press(&[Key::Enter]);
        desk.world.see_for(&[Face::of(9, 0.9)], 9.0);
    };
    let form = |desk: &mut Desk| desk.write("eMaximiliana-Guadalupe 李小龍 محمد علي Featherstone");
    let visits: [Visit<'_>; 10] = [
        ("live", &|_| {}),
        ("pane", &|d| d.press(&[Key::Tab])),
        ("form", &form),
        ("enrolling", &enrolling),
        ("confirming", &confirming),
        ("people", &|d| d.write("p/a")),
        ("attendance", &|d| d.write("t")),
        ("log", &|d| d.write("l")),
        ("help", &|d| d.write("?")),
        ("ascii", &|d| d.write("v")),
    ];
    for (name, visit) in visits {
        let mut desk = Desk::new().busy();
        desk.frame.as_mut().unwrap().image = RgbImage::new(16, 12);
        visit(&mut desk);
        // Every width for the screen with the most parts, a sample for the others.
        let step = if name == "live" { 1 } else { 3 };
        let widths = (1..100).step_by(step).chain((100..=300).step_by(25));
        for width in widths {
            for height in (1..40).chain([57, 100]) {
                let screen = desk.screen(width, height);
                if width >= 40 && height >= 12 {
                    assert!(
                        screen.contains("cam"),
                        "{name} at {width}x{height}\n{screen}"
                    );
                } else if width >= 20 && height >= 4 {
                    assert!(
                        screen.contains("40x12"),
                        "{name} at {width}x{height}\n{screen}"
                    );
                }
            }
        }
    }
}
