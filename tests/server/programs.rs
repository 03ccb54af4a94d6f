//! What programs read and change.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Answer, Request};
use super::{House, KNOWN};

fn tag(answer: &Answer) -> String {
    let lines = answer.head.lines();
    let tag = lines.filter_map(|line| line.split_once(": "));
    let mut tag = tag.filter(|(name, _)| name.eq_ignore_ascii_case("etag"));
    tag.next().unwrap().1.to_owned()
}

fn with_json(request: &Request, method: &'static str, body: &Value) -> Request {
    let json = body.to_string().into();
    Request::post(request.path(), "application/json", json).method(method)
}

#[test]
fn a_missed_punch_is_added_paged_changed_and_voided_by_a_named_token() {
    let house = House::open("");
    let token = house.token(&["payroll", "--scope", "read,write"]);
    let get = |path: &str| house.ask(Request::get(path).token(&token));
    let today = get("/v1/state").json()["local_day"]
        .as_str()
        .unwrap()
        .to_owned();
    let missed = json!({
        "code": "biden", "at": format!("{today}T00:00:01"), "direction": "in",
        "reason": "the gate was broken",
    });
    let added = with_json(&Request::get("/v1/attendance"), "POST", &missed).token(&token);
    let added = house.ask(added);
    assert_eq!(added.status, 200, "{added:?}");

    let page = get("/v1/attendance?limit=1").json();
    assert_eq!(page["events"][0]["code"], "biden");
    assert_eq!(page["events"][0]["reason"], "the gate was broken");
    let next = page["next"].as_i64().unwrap();
    let page = get(&format!("/v1/attendance?after={next}")).json();
    assert!(page["events"].as_array().unwrap().is_empty() && page["next"].is_null());
    assert!(get("/v1/attendance?limit=x").status == 400 && get("/v1/attendance?x=1").status == 400);

    let path = format!("/v1/attendance/{next}");
    let seen = get(&path);
    let voiding = || {
        let body = json!({"reason": "entered twice"});
        with_json(&Request::get(&format!("{path}/void")), "POST", &body).token(&token)
    };
    house.ask(voiding()).expect_problem(428, "if-match-needed");
    let stale = voiding().header("If-Match", "\"0123456789abcdef\"");
    house.ask(stale).expect_problem(412, "changed-meanwhile");
    let done = house.ask(voiding().header("If-Match", &tag(&seen)));
    assert_eq!(done.status, 200, "{done:?}");
    // The second of two editors is told.
    let late = voiding().header("If-Match", &tag(&seen));
    house.ask(late).expect_problem(412, "changed-meanwhile");
    assert_eq!(get(&path).json()["void"]["by"], "payroll (127.0.0.1)");
    get("/v1/attendance/999").expect_problem(404, "not-found");

    let trail = house.command(&["audit", "list"]);
    let trail = String::from_utf8(trail.stdout).unwrap();
    assert_eq!(trail.matches("payroll (127.0.0.1)").count(), 2, "{trail}");
    house.check_records();
}

#[test]
fn a_person_is_renamed_once_however_many_try() {
    let house = House::open("");
    let token = house.token(&["office", "--scope", "read,write"]);
    let people = house.ask(Request::get("/v1/people").token(&token)).json();
    assert_eq!(people.as_array().unwrap().len(), KNOWN.len());
    let seen = house.ask(Request::get("/v1/people/biden").token(&token));
    let rename = |name: &str| {
        let body = json!({ "name": name });
        let request = with_json(&Request::get("/v1/people/biden"), "PATCH", &body);
        house.ask(request.token(&token).header("If-Match", &tag(&seen)))
    };
    assert_eq!(rename("Joe").status, 200);
    rename("Joseph").expect_problem(412, "changed-meanwhile");
    let renamed = house.ask(Request::get("/v1/people/biden").token(&token));
    assert_eq!(renamed.json()["name"], "Joe");
    let again = Request::get("/v1/people/biden").token(&token);
    let again = house.ask(again.header("If-None-Match", &tag(&renamed)));
    assert_eq!((again.status, again.body.len()), (304, 0));
    house
        .ask(Request::get("/v1/people/nobody").token(&token))
        .expect_problem(404, "not-found");
    let reader = house.token(&["reader", "--scope", "read"]);
    let body = json!({"active": false});
    let forbidden = with_json(&Request::get("/v1/people/biden"), "PATCH", &body).token(&reader);
    house.ask(forbidden).expect_problem(403, "forbidden");
}

#[test]
fn a_lost_token_is_no_login() {
    let house = House::open("");
    let token = house.token(&["admin", "--scope", "admin"]);
    let settings = house.ask(Request::get("/v1/settings").token(&token));
    assert_eq!(settings.status, 200, "{settings:?}");
    let set = |path: &str, value: &str| {
        let body = json!({ "value": value });
        let request = with_json(&Request::get(&format!("/v1/settings/{path}")), "PUT", &body);
        house.ask(request.token(&token).header("If-Match", &tag(&settings)))
    };
    for path in [
        "welcome/command",
        "camera/source",
        "server/listen",
        "backup/folder",
    ] {
        set(path, "x").expect_problem(403, "station-only");
    }
    set("nothing/here", "x").expect_problem(404, "not-found");
    set("attendance/cooldown_secs", "0").expect_problem(400, "invalid");
    assert_eq!(set("attendance/cooldown_secs", "20").status, 200);
    set("attendance/cooldown_secs", "30").expect_problem(412, "changed-meanwhile");
    let shown = house.command(&["config"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("cooldown_secs = 20"), "{shown}");
}

#[test]
fn events_come_as_they_happen_and_go_on_where_a_connection_broke() {
    let house = House::open("");
    let token = house.token(&["screen", "--scope", "read,write"]);
    let follow = |last: Option<&str>| {
        let mut stream = TcpStream::connect(house.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_millis(500)))
            .unwrap();
        let mut request = Request::get("/v1/events").token(&token);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        stream.write_all(request.head().as_bytes()).unwrap();
        stream
    };
    let read_until = |stream: &mut TcpStream, wanted: &str| {
        let (mut text, mut bytes) = (String::new(), [0; 4096]);
        for _ in 0..100 {
            if let Ok(read) = stream.read(&mut bytes) {
                text.push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
            if text.contains(wanted) {
                return text;
            }
        }
        panic!("{wanted} does not come: {text}");
    };
    let mut stream = follow(None);
    read_until(&mut stream, "text/event-stream");
    let add = |time: &str| {
        let state = house.ask(Request::get("/v1/state").token(&token)).json();
        let at = format!("{}T{time}", state["local_day"].as_str().unwrap());
        let body = json!({"code": "obama", "at": at, "direction": "in", "reason": "forgotten"});
        let added = with_json(&Request::get("/v1/attendance"), "POST", &body).token(&token);
        assert_eq!(house.ask(added).status, 200);
    };
    add("00:00:01");
    let text = read_until(&mut stream, "event: corrected");
    let id = text
        .rsplit("id: ")
        .next()
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    drop(stream);
    add("00:00:02");
    let mut stream = follow(Some(&id));
    let text = read_until(&mut stream, "event: corrected");
    assert_eq!(text.matches("event: corrected").count(), 1, "{text}");
    assert!(!text.contains(&format!("id: {id}\n")), "{text}");
    let mut stream = follow(Some("1-1"));
    read_until(&mut stream, "event: missed");
}

/// Every operation that the document names, with whatever it takes.
#[test]
fn every_operation_of_the_document_answers_as_documented() {
    let house = House::open("compatible_client = true");
    let token = house.token(&["all", "--scope", "frames,read,write,admin"]);
    let document = house.ask(Request::get("/v1/openapi.json"));
    assert_eq!(document.status, 200);
    let document = document.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let mut called = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let documented: Vec<&str> = operation["responses"]
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            let mut address = path.clone();
            for (hole, value) in [
                ("{code}", "biden"),
                ("{event}", "1"),
                ("{name}", "gate"),
                ("{section}", "station"),
                ("{key}", "name"),
            ] {
                address = address.replace(hole, value);
            }
            if path == "/v1/days" {
                address.push_str("?from=2026-11-01&to=2026-11-07");
            }
            if path == "/v1/events" {
                // It never ends; another test reads it.
                called += 1;
                continue;
            }
            let method: &'static str = match method.as_str() {
                "get" => "GET",
                "post" => "POST",
                "put" => "PUT",
                "patch" => "PATCH",
                other => panic!("{other}"),
            };
            for (body, kind) in [
                (b"{}".to_vec(), "application/json"),
                (b"\0\xff".to_vec(), "application/octet-stream"),
                (super::picture("coffee"), "image/jpeg"),
            ] {
                std::thread::sleep(Duration::from_millis(150));
                let request = Request::post(&address, kind, body).method(method);
                let answer = house.ask(request.token(&token));
                let status = answer.status.to_string();
                let is_known = documented.contains(&status.as_str());
                assert!(is_known, "{method} {address}: {answer:?} of {documented:?}");
                assert_ne!(answer.status, 500, "{method} {address}: {answer:?}");
            }
            // And without a token.
            let is_open = ["/v1/health", "/process_frame"].contains(&path.as_str());
            let answer = house.ask(Request::get(&address).method(method));
            assert_eq!(
                answer.status != 401,
                is_open,
                "{method} {address}: {answer:?}"
            );
            called += 1;
        }
    }
    assert!(called >= 20, "{called} operations");
}

#[test]
fn figures_are_for_those_who_may_read_and_can_be_parsed() {
    let house = House::open("");
    house
        .ask(Request::get("/metrics"))
        .expect_problem(401, "unauthorised");
    let token = house.token(&["prometheus", "--scope", "read"]);
    // The people have been read from the database.
    let since = std::time::Instant::now();
    while house.ask(Request::get("/v1/state").token(&token)).json()["people"] != KNOWN.len() {
        assert!(since.elapsed() < super::PATIENCE);
        std::thread::sleep(Duration::from_millis(50));
    }
    let answer = house.ask(Request::get("/metrics").token(&token));
    assert!(
        answer.head.contains("application/openmetrics-text"),
        "{answer:?}"
    );
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.ends_with("# EOF\n"));
    let mut families = 0;
    for line in text.lines() {
        if let Some(meta) = line.strip_prefix("# ") {
            families += u32::from(meta.starts_with("TYPE rollcall_"));
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("rollcall_"), "{line}");
        value.parse::<f64>().unwrap();
    }
    assert!(families > 12, "{text}");
    assert!(text.contains("\nrollcall_people 2\n"), "{text}");
    // What the alert rules and the dashboard ask for is there.
    let rules = concat!(
        include_str!("../../docs/prometheus/alerts.yml"),
        include_str!("../../docs/prometheus/grafana.json")
    );
    for word in rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let is_figure = word.starts_with("rollcall_");
        assert!(
            !is_figure || text.contains(word.trim_end_matches("_total")),
            "{word}"
        );
    }
}
