use super::*;
use rollcall_messages::Message;

fn outlined(text: &str) -> Option<(String, Option<u64>)> {
    outline(text.as_bytes()).map(|outline| (outline.name, outline.number))
}

#[test]
fn the_outline_of_what_is_not_understood() {
    let numbered = |name: &str, number| Some((name.to_owned(), number));
    for (text, expected) in [
        (
            r#"{"dance":{"number":7,"steps":[1,{"a":2}]}}"#,
            numbered("dance", Some(7)),
        ),
        (
            r#"{"dance":{"steps":{"number":7}}}"#,
            numbered("dance", None),
        ),
        (r#"{"dance":[1,2]}"#, numbered("dance", None)),
        (r#"{"dance":"x"}"#, numbered("dance", None)),
        (r#"{"dance":null}"#, numbered("dance", None)),
        (r#"{"dance":-1.5}"#, numbered("dance", None)),
        (r#"{"dance":{"number":-7}}"#, None),
        (r#"{"dance":{},"sing":{}}"#, None),
        ("{}", None),
        ("[]", None),
        ("7", None),
        (r#"{"dance":"#, None),
        ("", None),
    ] {
        assert_eq!(outlined(text), expected, "{text}");
    }
    // However deep it is, the stack stays flat.
    let deep = format!(
        "{{\"dance\":{}{}}}",
        "[".repeat(400_000),
        "]".repeat(400_000)
    );
    assert_eq!(outlined(&deep), numbered("dance", None));
}

#[test]
fn all_that_a_client_says_has_its_name() {
    for message in [
        FromClient::Hello(ClientHello {
            protocol: Version::OURS,
            build: String::new(),
            features: Vec::new(),
            operator: String::new(),
            watches_only: false,
            only_asks: false,
        }),
        FromClient::Command {
            number: 1,
            command: Command::TestCamera,
        },
        FromClient::Preview(PreviewWish::NONE),
    ] {
        let text = serde_json::to_string(&message).unwrap();
        let (name, _) = outlined(&text).unwrap();
        assert!(FromClient::NAMES.contains(&&*name), "{name}");
    }
}

/// What programs of all versions have to understand of each other.
#[test]
fn what_never_changes() {
    let refused = Refused {
        code: code::OTHER_PROTOCOL.to_owned(),
        said: "update this program".to_owned(),
        message: None,
    };
    assert_eq!(
        serde_json::to_string(&ToClient::Refused(&refused)).unwrap(),
        r#"{"refused":{"code":"other_protocol","said":"update this program"}}"#
    );
    assert_eq!(
        serde_json::to_string(&ToClient::Bye {
            said: "later",
            message: None
        })
        .unwrap(),
        r#"{"bye":{"said":"later"}}"#
    );
    for text in [
        r#"{"hello":{"protocol":{"major":9}}}"#,
        r#"{"hello":{"protocol":{"major":9,"minor":3,"patch":1},"smell":"none"}}"#,
    ] {
        let FromClient::Hello(hello) = serde_json::from_str(text).unwrap() else {
            panic!("another message");
        };
        assert_eq!(hello.protocol.major, 9);
        let FromStation::Hello(hello) = serde_json::from_str(text).unwrap() else {
            panic!("another message");
        };
        assert_eq!(hello.protocol.major, 9);
    }
}

#[test]
fn what_a_station_writes_is_what_a_client_reads() {
    let reply = Reply::Done(Message::verbatim("done".to_owned()));
    let hello = StationHello {
        protocol: Version::OURS,
        build: BUILD.to_owned(),
        features: vec!["a".to_owned()],
        station: "Front door".to_owned(),
        data_dir: "/data".to_owned(),
        now: 5,
        seat: Seat(3),
    };
    let later = Message::from(crate::say::LINK_GONE);
    let refused = Refused::new("full", Message::verbatim("no"));
    for message in [
        ToClient::Hello(&hello),
        ToClient::Refused(&refused),
        ToClient::Update(&Update::PeopleGone(Vec::new())),
        ToClient::Complete {},
        ToClient::Told {
            number: 4,
            reply: &reply,
        },
        ToClient::Ping {},
        ToClient::Bye {
            said: "later",
            message: Some(&later),
        },
    ] {
        let text = serde_json::to_string(&message).unwrap();
        let read: FromStation = serde_json::from_str(&text).unwrap();
        // Both are derived from the same names and fields.
        assert_eq!(format!("{read:?}"), format!("{message:?}"));
    }
}
