use rollcall_protocol::RefusalCode;

use super::*;
use crate::fixture::Shop;

fn wish(section: &str, key: &str, value: Option<&str>) -> SettingChange {
    SettingChange {
        section: section.into(),
        key: key.into(),
        value: value.map(str::to_owned),
        by: "olga".into(),
        is_agreed: false,
    }
}

fn file(shop: &Shop) -> String {
    std::fs::read_to_string(shop.context.config_file().path).unwrap()
}

#[test]
fn a_setting_that_alters_the_past_is_changed_only_when_that_is_agreed() {
    let shop = Shop::new();
    let before = file(&shop);
    let now = shop.context.now();
    let mut wish = wish("attendance", "time_zone", Some("Asia/Tokyo"));
    let asked = change(&shop.context, &wish, now).unwrap();
    let Outcome::Asks(Agreement::AltersThePast(alteration)) = asked else {
        panic!("not asked: {asked:?}");
    };
    assert!(!alteration.is_none());
    assert_eq!(file(&shop), before);
    wish.is_agreed = true;
    let Outcome::Done(changed) = change(&shop.context, &wish, now).unwrap() else {
        panic!("not done");
    };
    assert!(!changed.is_in_use, "the clock of every thread is another");
    assert_eq!(changed.undo.value.as_deref(), Some("Europe/Lisbon"));
    assert!(!changed.undo.is_agreed, "the way back alters the past too");
    assert!(file(&shop).contains("Asia/Tokyo"));
    let noted = shop.trail("config.set");
    assert_eq!(noted, ["attendance.time_zone Asia/Tokyo"]);
}

#[test]
fn what_a_station_would_refuse_is_refused_with_a_code() {
    let shop = Shop::new();
    let before = file(&shop);
    for (section, key, value, code) in [
        ("nothing", "at_all", "1", RefusalCode::NotFound),
        ("recognition", "threshold", "7", RefusalCode::Invalid),
        ("recognition", "threshold", "high", RefusalCode::Invalid),
        ("recognition", "embedder", "nothing", RefusalCode::Invalid),
        ("dashboard", "language", "xx", RefusalCode::Invalid),
        ("camera", "source", "films/none.avi", RefusalCode::Invalid),
        ("camera", "source", "usb:987", RefusalCode::Invalid),
        ("backup", "passphrase_file", "none", RefusalCode::Invalid),
    ] {
        let mut wish = wish(section, key, Some(value));
        wish.is_agreed = true;
        let refused = change(&shop.context, &wish, shop.context.now()).unwrap_err();
        assert_eq!(refused.code(), code, "{section}.{key}: {refused}");
    }
    assert_eq!(file(&shop), before);
    assert!(shop.trail("config.set").is_empty());
}

#[test]
fn a_configuration_is_startable_only_with_all_that_it_names() {
    let shop = Shop::new();
    assert_eq!(startable(&shop.context).unwrap(), shop.context.config);
    for wrong in [
        "[recognition]\ndetector = \"nothing\"\n",
        "[camera]\nsource = \"no:such:kind\"\n",
        "[attendance]\nholidays = \"none.ics\"\n",
        "nonsense",
    ] {
        std::fs::write(shop.context.config_file().path, wrong).unwrap();
        assert!(startable(&shop.context).is_err(), "{wrong}");
    }
}
