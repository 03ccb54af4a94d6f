//! Codes, catalogues, and messages that travel.

use proptest::prelude::*;

use super::{Catalogue, CatalogueError, LONGEST_TEXT, MOST_ARGUMENTS, Message, Value, decimal};

crate::room! {
    pub(crate) ROOM = "test", [("test.ftl", "
lens-covered = the lens is covered
left-over = { $count ->
    [one] one is left
   *[other] { $count } are left
}
refused = refused: { $reason }
as-sentence = { SENTENCE($reason) }.
similar = similarity { $value }
")];
    texts: LENS_COVERED;
    messages: left_over(count), refused(reason), as_sentence(reason), similar(value);
}

const SPANISH: &str = "
decimal-mark = ,
lens-covered = el objetivo está tapado
left-over = { $count ->
    [one] queda una
   *[other] quedan { $count }
}
refused = rechazado: { $reason }
as-sentence = { SENTENCE($reason) }.
similar = parecido { $value }
";

fn spanish(message: &Message) -> String {
    fn say(catalogue: &Catalogue, message: &Message) -> String {
        catalogue
            .say(message, &|nested| say(catalogue, nested))
            .unwrap_or_else(|| message.english())
    }
    say(&Catalogue::parse("es", SPANISH).unwrap(), message)
}

#[test]
fn a_code_has_its_words_in_each_language() {
    let covered = Message::from(LENS_COVERED);
    assert_eq!(
        (LENS_COVERED.id(), covered.id()),
        ("lens-covered", "lens-covered")
    );
    assert_eq!(covered.to_string(), "the lens is covered");
    assert_eq!(format!("{LENS_COVERED:<22}|"), "the lens is covered   |");
    assert_eq!(
        spanish(&refused(LENS_COVERED)),
        "rechazado: el objetivo está tapado"
    );
    assert_eq!(
        as_sentence(LENS_COVERED).to_string(),
        "The lens is covered."
    );
    assert_eq!(
        spanish(&as_sentence(LENS_COVERED)),
        "El objetivo está tapado."
    );
}

#[test]
fn numbers_follow_the_rules_of_the_language() {
    for (count, english, in_spanish) in [
        (0, "0 are left", "quedan 0"),
        (1, "one is left", "queda una"),
        (2, "2 are left", "quedan 2"),
        (1_000_000, "1000000 are left", "quedan 1000000"),
    ] {
        assert_eq!(left_over(count).to_string(), english);
        assert_eq!(spanish(&left_over(count)), in_spanish);
    }
    assert_eq!(similar(decimal(0.5, 2)).to_string(), "similarity 0.50");
    assert_eq!(spanish(&similar(decimal(0.5, 2))), "parecido 0,50");
    assert_eq!(spanish(&similar(decimal(2.9999, 2))), "parecido 3,00");
    assert_eq!(similar(decimal(f64::NAN, 2)).to_string(), "similarity 0.00");
}

#[test]
fn arguments_are_not_read_as_patterns_and_get_no_marks() {
    let said = refused("{ $reason } \u{2068}x").to_string();
    assert_eq!(said, "refused: { $reason } \u{2068}x");
    assert_eq!(refused("a").to_string(), "refused: a");
}

#[test]
fn what_travels_is_the_same_message() {
    let message = refused(similar(decimal(0.25, 3)));
    let json = serde_json::to_value(&message).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "code": "refused",
            "args": { "reason": {
                "code": "similar",
                "args": { "value": { "number": 0.25, "decimals": 3 } },
                "said": "similarity 0.250",
            } },
            "said": "refused: similarity 0.250",
        })
    );
    let heard: Message = serde_json::from_value(json).unwrap();
    assert_eq!(heard, message);
    assert_eq!(heard.to_string(), message.to_string());
    assert_eq!(spanish(&heard), "rechazado: parecido 0,250");
    for heard in [
        left_over(1),
        refused("1"),
        LENS_COVERED.into(),
        Message::verbatim("x"),
    ] {
        let json = serde_json::to_string(&heard).unwrap();
        assert_eq!(
            serde_json::from_str::<Message>(&json).unwrap(),
            heard,
            "{json}"
        );
    }
}

#[test]
fn what_is_not_known_is_said_in_english() {
    let newer = r#"{"code":"left-over","args":{"pile":"x"},"said":"a pile is left","more":1}"#;
    let heard: Message = serde_json::from_str(newer).unwrap();
    assert_eq!(
        spanish(&heard),
        "a pile is left",
        "its arguments are others"
    );
    let newer = r#"{"code":"brand-new","said":"something new"}"#;
    let heard: Message = serde_json::from_str(newer).unwrap();
    assert_eq!(spanish(&refused(heard)), "rechazado: something new");
}

#[test]
fn a_message_is_bounded_however_it_came_about() {
    let long = "ñ".repeat(LONGEST_TEXT);
    let said = refused(long.as_str());
    let Some((_, Value::Text(kept))) = said.arguments().next() else {
        panic!("{said:?}");
    };
    assert!(kept.len() <= LONGEST_TEXT && kept.ends_with('…'));
    let mut deep = Message::from(LENS_COVERED);
    for _ in 0..20 {
        deep = refused(deep);
    }
    assert!(depth(&deep) <= 5);
    assert!(
        deep.to_string().ends_with("refused: the lens is covered"),
        "{deep}"
    );
    let many: Vec<String> = (0..500).map(|n| format!("\"a{n}\":{n},")).collect();
    let many = many.concat();
    let hostile = format!("{{\"code\":\"{long}\",\"args\":{{{many}\"z\":0}},\"said\":\"{long}\"}}");
    let heard: Message = serde_json::from_str(&hostile).unwrap();
    assert!(heard.arguments().count() <= MOST_ARGUMENTS);
    assert!(heard.id().len() < 100 && heard.to_string().len() <= LONGEST_TEXT);
    let nested = "{\"said\":\"\",\"args\":{\"a\":".repeat(100) + "1" + &"}}".repeat(100);
    let heard = serde_json::from_str::<Message>(&nested);
    assert!(heard.is_err() || heard.is_ok_and(|heard| depth(&heard) <= 5));
}

fn depth(message: &Message) -> usize {
    let nested = message.arguments().filter_map(|(_, value)| match value {
        Value::Message(message) => Some(depth(message)),
        _ => None,
    });
    1 + nested.max().unwrap_or(0)
}

#[test]
fn faults_of_a_catalogue_are_found() {
    assert_eq!(ROOM.english().faults(&[&ROOM]), Vec::<String>::new());
    let broken = Catalogue::built_in(
        "es",
        &[(
            "broken.ftl",
            "
lens-covered = x
lens-covered = y
left-over = { $count ->
    [one] queda una
   *[more] quedan
}
refused = rechazado: { $motivo }
as-sentence = fijo
nobody-says = nada
%%%
",
        )],
    );
    let faults = broken.faults(&[&ROOM]).join("\n");
    for wanted in [
        "lens-covered twice",
        "left-over: lacks `one` or `other`",
        "left-over: `more` is not a plural",
        "refused: $motivo is not given",
        "refused: $reason is not said",
        "as-sentence: $reason is not said",
        "nobody-says: nothing says this",
        "similar: missing",
        "broken.ftl: ",
    ] {
        assert!(faults.contains(wanted), "{wanted} in\n{faults}");
    }
    let twice = ROOM.english().faults(&[&ROOM, &ROOM]).join("\n");
    assert!(twice.contains("declared twice"), "{twice}");
}

#[test]
fn an_operator_is_told_what_is_wrong_with_a_catalogue() {
    let syntax = Catalogue::parse("ca", "a = b\nc d\n")
        .unwrap_err()
        .to_string();
    assert!(syntax.starts_with("line 2: "), "{syntax}");
    let twice = Catalogue::parse("ca", "a = b\na = c\n").unwrap_err();
    assert!(matches!(twice, CatalogueError::Twice { .. }), "{twice}");
    let language = Catalogue::parse("a language", "a = b\n").unwrap_err();
    assert!(
        matches!(language, CatalogueError::Language { .. }),
        "{language}"
    );
}

#[test]
fn an_entry_that_repeats_itself_says_nothing() {
    let bomb = "a = { b }{ b }\nb = { a }{ a }\nlens-covered = { a }\n";
    let catalogue = Catalogue::parse("es", bomb).unwrap();
    let said = catalogue.say(&LENS_COVERED.into(), &Message::english);
    assert_eq!(said, None);
}

proptest! {
    #[test]
    fn any_catalogue_is_read_or_refused_and_says_something_or_nothing(text in "\\PC{0,200}") {
        if let Ok(catalogue) = Catalogue::parse("es", &text) {
            let _ = catalogue.say(&refused(LENS_COVERED), &Message::english);
        }
    }
}
