//! Cameras elsewhere: what they are told, and what is written.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use super::client::{Answer, Request};
use super::{House, face, picture, rollcall};

/// A camera that has a token.
pub(crate) struct Camera<'a> {
    pub(crate) house: &'a House,
    pub(crate) name: &'static str,
    pub(crate) token: String,
}

impl Camera<'_> {
    pub(crate) fn request(&self, scene: &str) -> Request {
        let path = format!("/v1/cameras/{}/frames", self.name);
        Request::post(&path, "image/jpeg", picture(scene)).token(&self.token)
    }

    fn send(&self, scene: &str) -> Answer {
        self.house.ask(self.request(scene))
    }

    /// Sends a scene until it is what is waited for; the last answer.
    fn show_until(&self, scene: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..20 {
            let answer = self.send(scene);
            if answer.status == 200 && is_it(&answer.json()) {
                return answer.json();
            }
            assert!([200, 409, 429].contains(&answer.status), "{answer:?}");
            std::thread::sleep(Duration::from_millis(250));
        }
        panic!("{scene} was shown twenty times");
    }
}

fn punch_state(answer: &Value) -> &str {
    answer["faces"][0]["punch"]["state"]
        .as_str()
        .unwrap_or("no face")
}

#[test]
fn a_camera_is_told_all_about_a_face_and_one_person_at_two_cameras_punches_once() {
    let house = House::open("");
    let camera = |name: &'static str| Camera {
        house: &house,
        name,
        token: house.token(&[name, "--scope", "frames"]),
    };
    let (gate, hall) = (camera("gate"), camera("hall"));
    let told = gate.show_until("obama", |told| punch_state(told) == "recorded");
    assert_eq!(told["camera"], "gate");
    let person = &told["faces"][0];
    assert_eq!(person["verdict"], "known");
    assert_eq!(person["person"]["code"], "obama");
    assert!(person["similarity"].as_f64() > person["threshold"].as_f64());
    assert_eq!(person["landmarks"].as_array().unwrap().len(), 5);
    let sides: Vec<f64> = person["box"]
        .as_array()
        .unwrap()
        .iter()
        .map(|side| side.as_f64().unwrap())
        .collect();
    assert!(sides[0] < sides[2] && sides[1] < sides[3], "{sides:?}");
    let event = person["punch"]["event"].as_i64().unwrap();

    // The same person at the other camera, as often: the cooldown is the person's.
    let told = hall.show_until("obama", |told| told["faces"][0]["verdict"] == "known");
    assert_eq!(punch_state(&told), "cooldown");
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(250));
        let state = hall.send("obama").json();
        assert_eq!(punch_state(&state), "cooldown", "{state}");
    }
    // A vote of one camera is none of another.
    let told = hall.show_until("biden", |told| told["faces"][0]["verdict"] == "known");
    assert_eq!(told["faces"][0]["person"]["code"], "biden");
    let told = gate.show_until("astronaut", |told| told["faces"][0]["verdict"] == "unknown");
    assert_eq!(punch_state(&told), "none");
    assert!(told["faces"][0]["doubt"].is_string(), "{told}");

    let events = house.events();
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(events[0].id.0, event);
    let cameras: Vec<&str> = events
        .iter()
        .map(|event| event.provenance.camera.as_ref().unwrap().as_str())
        .collect();
    assert_eq!(cameras, ["gate", "hall"]);
    house.check_records();
}

#[test]
fn what_comes_too_often_too_large_or_from_another_time_is_refused() {
    let house = House::open("frames_per_second = 2.0\npicture_kilobytes = 64\n");
    let camera = Camera {
        house: &house,
        name: "gate",
        token: house.token(&["gate", "--scope", "frames"]),
    };
    let answers: Vec<Answer> = (0..4).map(|_| camera.send("coffee")).collect();
    let refused = answers.iter().find(|answer| answer.status == 429);
    let refused = refused.expect("four at once are too many");
    refused.expect_problem(429, "too-many-pictures");
    assert!(refused.head.to_lowercase().contains("retry-after: 1"));

    let slowly = |request: Request| {
        std::thread::sleep(Duration::from_millis(1100));
        house.ask(request)
    };
    let large = Request::post("/v1/cameras/gate/frames", "image/jpeg", vec![0; 65 << 10]);
    slowly(large.token(&camera.token)).expect_problem(413, "too-large");
    let old = camera
        .request("coffee")
        .header("Capture-Time", "2020-01-01T00:00:00Z");
    slowly(old).expect_problem(422, "capture-time");
    let garbage = Request::post(
        "/v1/cameras/gate/frames",
        "image/jpeg",
        b"\xff\xd8no".to_vec(),
    );
    slowly(garbage.token(&camera.token)).expect_problem(400, "unreadable-picture");
    let nowhere = Request::post("/v1/cameras/..%2fx/frames", "image/jpeg", Vec::new());
    slowly(nowhere.token(&camera.token)).expect_problem(400, "camera-name");
    let form = Request::form("/v1/cameras/gate/frames", "image", &picture("coffee"));
    assert_eq!(slowly(form.token(&camera.token)).status, 200);
    house
        .ask(Request::get("/v1/cameras/gate/frames"))
        .expect_problem(405, "method");
    house
        .ask(Request::get("/admin"))
        .expect_problem(404, "not-found");
}

#[test]
fn nobody_is_enrolled_but_whom_an_operator_enrols_at_that_camera() {
    let house = House::open("");
    let camera = Camera {
        house: &house,
        name: "gate",
        token: house.token(&["gate", "--scope", "frames"]),
    };
    camera.show_until("astronaut", |told| told["faces"][0]["verdict"] == "unknown");
    let mut enrolling = rollcall(&house.data())
        .args([
            "enrol", "--camera", "gate", "--name", "Eileen", "--code", "E-1",
        ])
        .args(["--consent", "today", "--yes"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Others at other cameras, and another face later, are none of the samples.
    let mut shown = 0;
    while enrolling.try_wait().unwrap().is_none() {
        camera.send("astronaut");
        shown += 1;
        assert!(shown < 400, "the enrolment does not end");
        std::thread::sleep(Duration::from_millis(200));
    }
    let output = enrolling.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let listed = house.command(&["people", "list"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains("E-1") && listed.contains("Eileen"),
        "{listed}"
    );
    let told = camera.show_until("astronaut", |told| told["faces"][0]["verdict"] == "known");
    assert_eq!(told["faces"][0]["person"]["code"], "E-1");
    house.check_records();
}

/// The example of the documentation, word for word.
#[test]
fn the_ten_lines_of_the_documentation_do_what_they_say() {
    let document = include_str!("../../docs/cameras.md");
    let script = document
        .split("```python\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let house = House::open("");
    let token = house.token(&["gate", "--scope", "frames"]);
    let path = house.folder.path().join("camera.py");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(script.as_bytes()).unwrap();
    let output = std::process::Command::new("python3")
        .arg(&path)
        .arg(format!("http://{}/v1/cameras/gate/frames", house.address))
        .args([face("biden"), face("biden"), face("biden"), face("biden")])
        .env("ROLLCALL_TOKEN", &token)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("biden") && printed.contains("recorded"),
        "{printed}"
    );
    assert_eq!(house.events().len(), 1);
}
