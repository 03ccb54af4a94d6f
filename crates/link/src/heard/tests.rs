use std::time::Duration;

use rollcall_core::person::{Expectation, Person, PersonCode, PersonId, PersonName};
use rollcall_protocol::Portrait;

use super::*;
use crate::message::ToClient;

fn hear(listener: &mut Listener, text: &str) -> Heard {
    listener.hear(Message {
        kind: Kind::Json,
        bytes: text.as_bytes(),
    })
}

fn see(picture: &[u8]) -> Heard {
    Listener::default().hear(Message {
        kind: Kind::Picture,
        bytes: picture,
    })
}

fn enrolled(ids: std::ops::Range<i64>) -> String {
    let person = |id| {
        Arc::new(Person {
            id: PersonId(id),
            code: PersonCode::parse(&format!("E-{id}")).unwrap(),
            name: PersonName::parse("Ana Torres").unwrap(),
            team: None,
            active: true,
            created_at: "2026-03-01T08:00:00+01:00".parse().unwrap(),
            template_count: 1,
            expectation: Expectation::default(),
        })
    };
    let update = Update::People(ids.map(person).collect());
    serde_json::to_string(&ToClient::Update(&update)).unwrap()
}

#[test]
fn records_without_end_are_not_kept() {
    let mut listener = Listener::keeping(1 << 20);
    let mut heard = 0;
    let words = loop {
        heard += 1;
        assert!(heard < 100, "everything is kept");
        match hear(&mut listener, &enrolled(heard * 200..(heard + 1) * 200)) {
            Heard::Over(words) => break words,
            other => assert!(matches!(other, Heard::Nothing)),
        }
    };
    assert!(
        words.to_string().contains("more than can be kept"),
        "{words}"
    );
}

#[test]
fn a_long_life_is_no_reason_to_part() {
    let mut listener = Listener::keeping(1 << 20);
    let message = enrolled(0..200);
    // The same people, again and again: many times of what may be kept.
    for _ in 0..200 {
        assert!(matches!(hear(&mut listener, &message), Heard::Nothing));
    }
    let Heard::View(view) = hear(&mut listener, r#"{"complete":{}}"#) else {
        panic!("no view");
    };
    assert_eq!(view.people().count(), 200);
}

#[test]
fn pictures_that_are_small_in_a_message_and_large_in_memory_are_left_out() {
    let large = serde_json::to_string(&Portrait(Arc::new(RgbImage::new(2048, 2048)))).unwrap();
    // 12 MB each.
    let all = vec![large; 40].join(",");
    let template = r#"{"told":{"number":4,"reply":{"answer":{"visitors":{"Ok":[PICTURES]}}}}}"#;
    let visitor = |picture: &str| {
        format!(
            r#"{{"sightings":[],"first":"2026-03-01T08:00:00Z","last":"2026-03-01T08:00:00Z","reason":"","nearest":null,"picture":{picture}}}"#
        )
    };
    let visitors: Vec<String> = all.split(',').map(visitor).collect();
    let answer = |count: usize| template.replace("PICTURES", &visitors[..count].join(","));
    for (count, is_heard) in [(2, true), (40, false)] {
        let Heard::Told(told) = hear(&mut Listener::default(), &answer(count)) else {
            panic!("no answer");
        };
        assert_eq!(told.number, 4);
        let is_answer = matches!(told.reply, Reply::Answer(_));
        assert_eq!(is_answer, is_heard, "{count}");
    }
}

#[test]
fn pictures_that_are_none_are_passed_over() {
    let header = [0; PictureHeader::BYTES];
    let jpeg = |width| {
        let picture = RgbImage::new(width, 1);
        rollcall_picture::encode_jpeg(&picture, 50).unwrap()
    };
    let good = [&header[..], &jpeg(100)].concat();
    assert!(matches!(see(&good), Heard::Picture(_, picture) if picture.width() == 100));
    for bad in [
        &header[..],
        &header[..8],
        &[],
        &[&header[..], b"no picture"].concat(),
        &good[..good.len() / 2],
        &[&header[..], &jpeg(MOST_ACROSS + 1)].concat(),
    ] {
        assert!(matches!(see(bad), Heard::Nothing));
    }
}

#[test]
fn a_picture_is_as_old_as_its_header_says() {
    let now = Moment {
        monotonic: Duration::from_secs(100),
        wall: "2026-03-01T08:00:00+01:00".parse().unwrap(),
    };
    let taken = |captured: Duration| {
        let header = PictureHeader {
            number: 7,
            captured: captured.as_nanos() as u64,
        };
        let frame = frame(header, RgbImage::new(1, 1), now);
        assert_eq!(frame.id, FrameId(7));
        frame.captured_at
    };
    let at = taken(Duration::from_millis(98_500));
    assert_eq!(at.wall.to_rfc3339(), "2026-03-01T07:59:58.500+01:00");
    assert_eq!(now.since(&at), Duration::from_millis(1500));
    // One from the future is new.
    assert_eq!(taken(Duration::from_secs(200)), now);
}
