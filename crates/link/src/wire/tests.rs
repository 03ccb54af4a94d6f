use std::io::Cursor;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Reads in pieces, as a socket does.
struct Drops<'a> {
    bytes: &'a [u8],
    sizes: std::iter::Cycle<std::vec::IntoIter<usize>>,
}

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes.next().unwrap_or(1);
        let count = size.min(buffer.len()).min(self.bytes.len());
        let (now, later) = self.bytes.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.bytes = later;
        Ok(count)
    }
}

const MOST: usize = 1 << 20;

fn written(messages: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, MOST);
    for message in messages {
        writer.json(message).unwrap();
    }
    bytes
}

/// All that can be read, and how it ends.
fn read(bytes: &[u8], most: usize) -> (Vec<(Kind, Vec<u8>)>, Option<WireError>) {
    let mut reader = Reader::new(Cursor::new(bytes), most);
    let mut messages = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(message)) => messages.push((message.kind, message.bytes.to_vec())),
            Ok(None) => return (messages, None),
            Err(error) => return (messages, Some(error)),
        }
    }
}

fn part(length: u32, kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut part = length.to_be_bytes().to_vec();
    part.push(kind);
    part.extend_from_slice(bytes);
    part
}

fn message() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        (0..4 * LONGEST_PART).prop_map(|length| "é".repeat(length / 2)),
        // Exactly one part, and a byte more or less; two bytes are quotation marks.
        (LONGEST_PART - 4..LONGEST_PART + 4).prop_map(|length| "x".repeat(length)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_is_read(
        messages in vec(message(), 0..6),
        sizes in vec(1_usize..100_000, 1..8),
    ) {
        let bytes = written(&messages);
        let from = Drops { bytes: &bytes, sizes: sizes.into_iter().cycle() };
        let mut reader = Reader::new(from, MOST);
        for message in &messages {
            let read = reader.next().unwrap().unwrap();
            prop_assert_eq!(read.kind, Kind::Json);
            prop_assert_eq!(&serde_json::from_slice::<String>(read.bytes).unwrap(), message);
        }
        prop_assert!(reader.next().unwrap().is_none());
    }

    #[test]
    fn pictures_come_with_their_header(
        number: u64,
        captured: u64,
        jpeg in vec(any::<u8>(), 0..200_000),
    ) {
        let mut bytes = Vec::new();
        let header = PictureHeader { number, captured };
        Writer::new(&mut bytes, MOST).picture(header, &jpeg).unwrap();
        let (messages, end) = read(&bytes, MOST);
        prop_assert!(end.is_none());
        prop_assert_eq!(messages[0].0, Kind::Picture);
        prop_assert_eq!(PictureHeader::split(&messages[0].1), Some((header, &jpeg[..])));
    }

    #[test]
    fn what_is_cut_off_is_told_from_what_has_ended(
        messages in vec(message(), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes = written(&messages);
        let cut = cut.index(bytes.len());
        let (found, end) = read(&bytes[..cut], MOST);
        let whole: Vec<usize> = (0..=messages.len())
            .map(|count| written(&messages[..count]).len())
            .collect();
        match end {
            None => prop_assert_eq!(whole[found.len()], cut),
            Some(WireError::CutOff) => {
                prop_assert!(whole[found.len()] < cut && cut < whole[found.len() + 1]);
            }
            Some(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn garbage_ends_in_an_error_or_is_short(bytes in vec(any::<u8>(), 0..4000)) {
        let (messages, end) = read(&bytes, MOST);
        let taken: usize = messages.iter().map(|(_, bytes)| bytes.len() + HEADER).sum();
        prop_assert!(taken <= bytes.len());
        prop_assert!(end.is_some() || taken == bytes.len() || bytes.is_empty());
    }

    #[test]
    fn broken_messages_never_take_more_than_is_allowed(
        messages in vec(message(), 1..4),
        places in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        most in 1_usize..200_000,
    ) {
        let mut bytes = written(&messages);
        for (place, byte) in places {
            *place.get_mut(&mut bytes) = byte;
        }
        let (found, _) = read(&bytes, most);
        prop_assert!(found.iter().all(|(_, bytes)| bytes.len() <= most));
    }
}

#[test]
fn lengths_are_refused_before_anything_is_read() {
    for (bytes, expected) in [
        (part(LONGEST_PART as u32 + 1, b'J', b""), "these bytes"),
        (part(u32::MAX, b'J', b""), "these bytes"),
        (part(MORE, b'J', b""), "these bytes"),
        (part(1, b'Q', b"x"), "these bytes"),
        (part(0, b'X', b""), "these bytes"),
        (b"GET / HTTP/1.1\r\n".to_vec(), "these bytes"),
        (part(10, b'J', b"short"), "the connection ended"),
        (part(11, b'J', b"01234567890"), "a message of more than 10"),
    ] {
        let (messages, end) = read(&bytes, 10);
        assert!(messages.is_empty());
        let end = end.unwrap().to_string();
        assert!(end.starts_with(expected), "{end} of {bytes:?}");
    }
}

#[test]
fn parts_of_two_kinds_are_no_message() {
    let mut bytes = part(MORE | 1, b'J', b"x");
    bytes.extend(part(1, b'P', b"x"));
    assert!(matches!(read(&bytes, 10).1, Some(WireError::Garbage)));
}

#[test]
fn many_small_parts_are_no_way_around_the_limit() {
    let bytes: Vec<u8> = (0..1000).flat_map(|_| part(MORE | 1, b'J', b"x")).collect();
    assert!(matches!(
        read(&bytes, 500).1,
        Some(WireError::TooLarge(500))
    ));
}

#[test]
fn what_is_announced_takes_no_memory() {
    let mut reader = Reader::new(Cursor::new(part(MORE | 0xea60, b'J', b"x")), MOST);
    assert!(reader.next().is_err());
    assert!(reader.message.capacity() < 1000);
}

#[test]
fn the_memory_of_a_large_message_is_given_back() {
    let bytes = written(&["x".repeat(MOST - 2), "y".to_owned()]);
    let mut reader = Reader::new(&bytes[..], MOST);
    reader.next().unwrap().unwrap();
    reader.next().unwrap().unwrap();
    assert!(reader.message.capacity() <= KEPT);
}

struct Never;

impl Serialize for Never {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        Err(S::Error::custom("no words"))
    }
}

/// Says so much, and then that it cannot go on.
struct Unspeakable(usize);

impl Serialize for Unspeakable {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq as _;
        let mut list = to.serialize_seq(None)?;
        list.serialize_element(&"x".repeat(self.0))?;
        list.serialize_element(&Never)?;
        list.end()
    }
}

#[test]
fn a_message_that_cannot_be_written_does_not_end_the_connection() {
    for length in [10, LONGEST_PART + 10, 3 * LONGEST_PART] {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, MOST);
        writer.json(&"before").unwrap();
        let error = writer.json(&Unspeakable(length)).unwrap_err();
        assert!(matches!(error, SendError::Encode(_)), "{error}");
        let error = writer.json(&"x".repeat(MOST)).unwrap_err();
        assert!(matches!(error, SendError::TooLarge(MOST)), "{error}");
        writer.json(&"after").unwrap();
        let (messages, end) = read(&bytes, MOST);
        assert!(end.is_none());
        let words: Vec<&[u8]> = messages.iter().map(|(_, bytes)| &bytes[..]).collect();
        assert_eq!(words, [&b"\"before\""[..], &b"\"after\""[..]]);
    }
}

#[test]
fn nothing_is_held_of_a_large_message_but_a_part() {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, MOST);
    writer.json(&vec!["some words"; 50_000]).unwrap();
    assert!(writer.part.capacity() <= 2 * (LONGEST_PART + HEADER));
}
