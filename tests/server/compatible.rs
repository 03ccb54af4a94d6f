//! The client of the service that Rollcall replaces, without a changed line.

use std::process::Command;
use std::time::Duration;

use super::client::Request;
use super::{House, face, picture};
use rollcall::core::attendance::Direction;

const OPEN: &str = "compatible_client = true";

fn message(house: &House, name: &str) -> String {
    let answer = house.ask(Request::form("/process_frame", "image", &picture(name)));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_known_face_is_one_punch_after_the_usual_looks_a_second_apart() {
    let house = House::open(OPEN);
    let mut said = Vec::new();
    for _ in 0..5 {
        said.push(message(&house, "biden"));
        std::thread::sleep(Duration::from_secs(1));
    }
    assert!(said[0].contains("reconociendo (1 de 3)"), "{said:?}");
    assert!(said[1].contains("reconociendo (2 de 3)"), "{said:?}");
    assert!(said[2].contains("biden: entrada registrada"), "{said:?}");
    assert!(said[3].contains("ya fichó"), "{said:?}");
    let stranger: Vec<String> = (0..4)
        .map(|_| {
            std::thread::sleep(Duration::from_secs(1));
            message(&house, "astronaut")
        })
        .collect();
    assert!(stranger[3].contains("Rostro desconocido"), "{stranger:?}");
    std::thread::sleep(Duration::from_secs(1));
    assert!(message(&house, "coffee").contains("No se detectó ningún rostro"));
    let events = house.events();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].direction, Direction::In);
    let camera = events[0].provenance.camera.as_ref().unwrap();
    assert_eq!(camera.as_str(), "client");
    house.check_records();
}

#[test]
fn what_is_no_picture_is_400_with_an_error() {
    let house = House::open(OPEN);
    let wrong = [
        Request::form("/process_frame", "picture", &picture("biden")),
        Request::form("/process_frame", "image", b"no picture"),
        Request::form("/process_frame", "image", b""),
        Request::form("/process_frame", "image", &picture("biden")[..2000]),
        Request::post("/process_frame", "multipart/form-data", Vec::new()),
        Request::post("/process_frame", "text/plain", b"hello".to_vec()),
    ];
    for request in wrong {
        // As the client does.
        std::thread::sleep(Duration::from_millis(300));
        let answer = house.ask(request);
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.json()["error"].is_string(), "{answer:?}");
    }
    // A page that a browser on this machine shows is not such a client.
    let page = Request::form("/process_frame", "image", &picture("biden"));
    let page = house.ask(page.header("Origin", "http://elsewhere.example"));
    assert_eq!(page.status, 403, "{page:?}");
    assert!(house.events().is_empty());
}

#[test]
fn it_is_switched_off_unless_somebody_has_said_so() {
    let house = House::open("");
    let answer = house.ask(Request::form("/process_frame", "image", &picture("biden")));
    answer.expect_problem(404, "not-found");
}

/// Ten lines as anybody would write them with `requests`.
const CLIENT: &str = r#"
import sys, time, requests
url, path = sys.argv[1], sys.argv[2]
for _ in range(4):
    with open(path, "rb") as frame:
        files = {"image": ("frame.jpg", frame.read(), "image/jpeg")}
    response = requests.post(url, files=files, timeout=5)
    print(response.status_code, response.json()["message"])
    time.sleep(1)
"#;

#[test]
fn the_library_that_such_clients_use_is_answered_too() {
    let house = House::open(OPEN);
    let output = Command::new("python3")
        .args(["-c", CLIENT])
        .arg(format!("http://{}/process_frame", house.address))
        .arg(face("obama"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.matches("200 ").count(), 4, "{printed}");
    assert!(printed.contains("obama: entrada registrada"), "{printed}");
    assert_eq!(house.events().len(), 1);
}
