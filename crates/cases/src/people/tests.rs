use rollcall_core::pin::Pin;
use rollcall_protocol::RefusalCode;

use super::*;
use crate::fixture::{Shop, code, enrol};

fn deed(of: &str, change: PersonChange) -> PersonDeed {
    PersonDeed {
        code: code(of),
        change,
        by: "olga".into(),
        is_agreed: false,
    }
}

fn ask(shop: &Shop, deed: &PersonDeed) -> Result<Outcome<Changed>, CaseError> {
    change(&shop.context, &mut shop.store(), deed, shop.context.now())
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn what_alters_days_that_have_passed_is_asked_about_and_nothing_else() {
    let today = Shop::new().context.now().date_naive();
    let pin = || Pin::parse_new("483920").unwrap();
    let name = || PersonName::parse("Marta Reis").unwrap();
    for (change, asks) in [
        (PersonChange::Rename(name()), false),
        (PersonChange::Active(false), false),
        (PersonChange::Active(true), false),
        (PersonChange::InactiveFrom(today), false),
        (PersonChange::InactiveFrom(day("2026-09-15")), true),
        (PersonChange::Consent, false),
        (PersonChange::ConsentOn(day("2026-08-01")), false),
        (PersonChange::ExpectedFrom(day("2026-09-01")), true),
        (PersonChange::ExpectedFrom(day("2026-08-03")), false),
        (PersonChange::Team(Some("evening".into())), true),
        (PersonChange::Team(Some("shop".into())), false),
        (PersonChange::Pin(Some(pin())), false),
        (PersonChange::Pin(None), false),
        (PersonChange::ForgetAdaptive, false),
        (PersonChange::Erase, true),
        (PersonChange::Anonymise, true),
    ] {
        let shop = Shop::new();
        let mut deed = deed("S-1", change.clone());
        let before = shop.store().trail_length().unwrap();
        let is_asked = match ask(&shop, &deed).unwrap() {
            Outcome::Asks(_) => true,
            Outcome::Done(_) => false,
        };
        assert_eq!(is_asked, asks, "{change:?}");
        if !asks {
            continue;
        }
        let after = shop.store().trail_length().unwrap();
        assert_eq!(before, after, "a question writes nothing: {change:?}");
        deed.is_agreed = true;
        assert!(
            matches!(ask(&shop, &deed).unwrap(), Outcome::Done(_)),
            "{change:?}"
        );
        assert_eq!(shop.trail("past.alter").len(), 1, "{change:?}");
    }
}

#[test]
fn an_erasure_says_which_absences_go() {
    let shop = Shop::new();
    let asked = ask(&shop, &deed("S-1", PersonChange::Erase)).unwrap();
    let Outcome::Asks(agreement) = asked else {
        panic!("{asked:?}");
    };
    let Agreement::Erases { alteration, .. } = &agreement else {
        panic!("{agreement:?}");
    };
    let (before, after) = alteration.totals();
    assert!(before.days_absent > 50 && after.days_absent == 0);
    let words = agreement.to_string();
    assert!(words.contains("Marta (S-1)") && words.contains("export them first"));
    assert!(shop.store().person(&code("S-1")).is_ok());
    // Nobody has expected the second one.
    let context = &shop.context;
    enrol(
        &mut shop.store(),
        context,
        "S-2",
        "Nuno",
        vec![0.0, 1.0, 0.0],
    );
    let mut asked = deed("S-2", PersonChange::Erase);
    let outcome = ask(&shop, &asked).unwrap();
    assert!(matches!(outcome, Outcome::Asks(Agreement::Erases { .. })));
    asked.is_agreed = true;
    let Outcome::Done(Changed::Erased { receipt, .. }) = ask(&shop, &asked).unwrap() else {
        panic!("not erased");
    };
    assert_eq!((receipt.templates, receipt.events_kept), (1, 0));
}

#[test]
fn what_is_refused_has_a_code_and_changes_nothing() {
    let shop = Shop::new();
    let context = &shop.context;
    enrol(
        &mut shop.store(),
        context,
        "S-2",
        "Nuno",
        vec![0.0, 1.0, 0.0],
    );
    let pin = PersonChange::Pin(Some(Pin::parse_new("483920").unwrap()));
    let first = ask(&shop, &deed("S-1", pin.clone())).unwrap();
    assert!(matches!(first, Outcome::Done(Changed::HasPin(_))));
    let length = || shop.store().trail_length().unwrap();
    let before = length();
    let tomorrow = context.now().date_naive() + chrono::Days::new(1);
    for (of, change, code) in [
        ("S-9", PersonChange::Active(false), RefusalCode::NotFound),
        ("S-9", PersonChange::Erase, RefusalCode::NotFound),
        ("S-2", pin, RefusalCode::Taken),
        (
            "S-2",
            PersonChange::ConsentOn(tomorrow),
            RefusalCode::Invalid,
        ),
        (
            "S-2",
            PersonChange::ExpectedFrom(day("0026-01-01")),
            RefusalCode::Invalid,
        ),
        (
            "S-2",
            PersonChange::Team(Some("\u{1b}[2J".into())),
            RefusalCode::Invalid,
        ),
    ] {
        let mut deed = deed(of, change.clone());
        deed.is_agreed = true;
        let refused = ask(&shop, &deed).unwrap_err();
        assert_eq!(refused.code(), code, "{change:?}: {refused}");
    }
    assert_eq!(length(), before);
}
