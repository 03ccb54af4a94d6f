//! Tokens: made once, shown once, good for what they name, and gone when they are revoked.

use std::time::{Duration, Instant};

use super::client::Request;
use super::{House, PATIENCE, picture};

fn frame(camera: &str) -> Request {
    let path = format!("/v1/cameras/{camera}/frames");
    Request::post(&path, "image/jpeg", picture("coffee"))
}

#[test]
fn a_token_is_good_for_what_it_names_until_it_is_revoked() {
    let house = House::open("");
    house.ask(frame("gate")).expect_problem(401, "unauthorised");
    let unknown = format!("rc_{}", "0".repeat(64));
    let answer = house.ask(frame("gate").token(&unknown));
    answer.expect_problem(401, "unauthorised");
    assert!(
        answer
            .head
            .to_lowercase()
            .contains("www-authenticate: bearer")
    );

    let reader = house.token(&["reports", "--scope", "read"]);
    let answer = house.ask(frame("gate").token(&reader));
    answer.expect_problem(403, "forbidden");
    let gate = house.token(&["gate", "--scope", "frames", "--camera", "gate"]);
    assert_eq!(house.ask(frame("gate").token(&gate)).status, 200);
    let answer = house.ask(frame("hall").token(&gate));
    answer.expect_problem(403, "forbidden");

    let twice = house.command(&["token", "create", "gate", "--scope", "read"]);
    assert!(!twice.status.success());
    let listed = house.command(&["token", "list", "--json"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains("\"gate\"") && listed.contains("\"reports\""),
        "{listed}"
    );
    assert!(!listed.contains(&gate), "a token is shown once");

    let revoked = house.command(&["token", "revoke", "gate"]);
    assert!(revoked.status.success(), "{revoked:?}");
    let since = Instant::now();
    loop {
        let answer = house.ask(frame("gate").token(&gate));
        if answer.status == 401 {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "{answer:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(!house.command(&["token", "revoke", "gate"]).status.success());

    let trail = house.command(&["audit", "list", "--action", "token"]);
    let trail = String::from_utf8(trail.stdout).unwrap();
    for part in [
        "token.create",
        "token.revoke",
        "olga",
        "frames, camera gate",
    ] {
        assert!(trail.contains(part), "{part} in {trail}");
    }
    for secret in [&gate, &reader, &unknown] {
        assert!(
            !house.log().contains(secret.as_str()),
            "a token is in the log"
        );
        let database = std::fs::read(house.data().join("station.db")).unwrap();
        let is_there = |bytes: &[u8]| bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
        assert!(!is_there(&database), "a token is in the database");
    }
    house.check_records();
}
