//! The audit trail covers people, their faces and the settings.

use rollcall::core::person::PersonName;
use rollcall::core::pin::Pin;
use rollcall::store::{Attendance, BrokenLink, PinTry, RetentionPolicy, StationLock, Store};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{code, day, enrolled, operator, person, station, template, time};

/// Two people, one with a PIN and a team; a salt and other settings.
fn lived_in() -> (TempDir, Store) {
    let (folder, mut store) = station();
    enrolled(&mut store, "E-1");
    store
        .add_person(&person("E-2", "Bruno"), operator())
        .unwrap();
    let pin = Pin::parse_new("483920").unwrap();
    store.set_pin(&code("E-2"), &pin, operator()).unwrap();
    store
        .set_team(&code("E-2"), Some("Night"), operator())
        .unwrap();
    store.set_setting("demo", "1", operator()).unwrap();
    assert_eq!(store.verify_chain().unwrap().broken, None);
    (folder, store)
}

fn tampered(sql: &str) -> BrokenLink {
    let (_folder, store) = lived_in();
    let shell = Connection::open(store.path()).unwrap();
    shell.execute_batch(sql).unwrap();
    let report = store.verify_chain().unwrap();
    report.broken.unwrap_or_else(|| panic!("not seen: {sql}"))
}

#[test]
fn whatever_is_changed_of_a_person_shows() {
    for change in [
        "UPDATE person SET name = 'Mallory' WHERE id = 1",
        "UPDATE person SET active = 0 WHERE id = 1",
        "UPDATE person SET team = 'Day' WHERE id = 1",
        "UPDATE person SET consent_at = NULL WHERE id = 1",
        "UPDATE person SET consent_at = '2020-01-01T00:00:00Z' WHERE id = 1",
        "UPDATE person SET pin_hash = 'x' WHERE id = 1",
        "UPDATE person SET created_at = '2020-01-01T00:00:00Z' WHERE id = 1",
        "UPDATE template SET embedding = zeroblob(8) WHERE id = 1",
        "UPDATE template SET picture = NULL WHERE id = 1",
        "UPDATE template SET kind = 'negative' WHERE id = 1",
        "UPDATE template SET quality = 0.1 WHERE id = 2",
        "DELETE FROM template WHERE id = 2",
        "INSERT INTO template (person_id, embedding, dim, model, quality, created_at)
         VALUES (1, zeroblob(8), 2, 'x', 1, 'now')",
        "UPDATE template SET person_id = 1 WHERE id = 3",
        "UPDATE person SET expected_from = '2026-01-01' WHERE id = 1",
        "INSERT INTO pause (person_id, from_day) VALUES (1, '2026-11-01')",
    ] {
        let broken = tampered(change);
        assert!(
            matches!(&broken, BrokenLink::Person { code, .. } if code == "E-1"),
            "{change}: {broken}"
        );
    }
}

#[test]
fn swapped_codes_show() {
    let broken = tampered(
        "UPDATE person SET code = 'x' WHERE id = 1;
         UPDATE person SET code = 'E-1' WHERE id = 2;
         UPDATE person SET code = 'E-2' WHERE id = 1;",
    );
    assert!(matches!(broken, BrokenLink::Person { .. }), "{broken}");
    let broken = tampered("UPDATE person SET code = 'E-9' WHERE id = 2");
    assert!(
        matches!(&broken, BrokenLink::UnrecordedPerson { code } if code == "E-9"),
        "{broken}"
    );
}

#[test]
fn added_and_hidden_people_show() {
    let broken =
        tampered("INSERT INTO person (code, name, created_at) VALUES ('E-3', 'Mallory', 'now')");
    assert!(
        matches!(&broken, BrokenLink::UnrecordedPerson { code } if code == "E-3"),
        "{broken}"
    );
    // Made to look as if somebody had been anonymised.
    let broken = tampered(
        "DELETE FROM template WHERE person_id = 2;
         UPDATE person SET code = 'anon-0011', name = '(deleted)', active = 0, consent_at = NULL,
            team = NULL, pin_hash = NULL, salt = NULL WHERE id = 2;
         UPDATE person SET deleted_at = '2026-11-23T12:00:00+01:00' WHERE id = 2;",
    );
    assert!(
        matches!(&broken, BrokenLink::MissingPerson { code, .. } if code == "e-2"),
        "{broken}"
    );
}

#[test]
fn changed_settings_show() {
    for change in [
        "UPDATE setting SET value = '0' WHERE key = 'demo'",
        "DELETE FROM setting WHERE key = 'pin.salt'",
        "INSERT INTO setting VALUES ('vault', '0123456789abcdef /tmp/key')",
        "INSERT INTO setting VALUES ('retention.erased_before', '9999-12-31')",
    ] {
        let broken = tampered(change);
        assert!(
            matches!(broken, BrokenLink::Settings { .. }),
            "{change}: {broken}"
        );
    }
}

/// Everything that this program changes itself has its record.
#[test]
fn what_the_program_does_itself_fits() {
    let (folder, mut store) = lived_in();
    let fits = |store: &Store, what: &str| {
        assert_eq!(store.verify_chain().unwrap().broken, None, "{what}");
    };
    let name = PersonName::parse("Ana María").unwrap();
    store.rename(&code("e-1"), &name, operator()).unwrap();
    fits(&store, "rename, with the code in small letters");
    store.deactivate(&code("E-1"), operator()).unwrap();
    store.activate(&code("e-1"), operator()).unwrap();
    fits(&store, "activity");
    store
        .set_consent(&code("E-1"), day("2026-11-20"), operator())
        .unwrap();
    fits(&store, "consent");
    let (ana, _) = store
        .add_templates(&code("E-1"), &[template(&[0.0, 1.0])], operator())
        .unwrap();
    fits(&store, "more templates");
    for _ in 0..12 {
        store
            .adapt(ana.id, &template(&[0.6, 0.8]), operator())
            .unwrap();
    }
    fits(&store, "adapting");
    store.forget_adaptive(None, operator()).unwrap();
    fits(&store, "forgetting");
    store.clear_pin(&code("E-2"), operator()).unwrap();
    fits(&store, "a PIN taken away");
    let policy = RetentionPolicy {
        pictures: Some(1),
        ..RetentionPolicy::default()
    };
    let done = store
        .retain(&policy, day("2026-12-24"), operator())
        .unwrap();
    assert!(done.pictures > 0);
    fits(&store, "pictures that are too old");
    let keys = TempDir::new().unwrap();
    let lock = StationLock::take(folder.path()).unwrap();
    store
        .seal(&keys.path().join("key"), &lock, operator())
        .unwrap();
    fits(&store, "sealing");
    store.unseal(&lock, operator()).unwrap();
    fits(&store, "unsealing");
    store
        .erase_person(&code("E-1"), Attendance::KeepsCode, operator())
        .unwrap();
    fits(&store, "deleting");
    let receipt = store
        .erase_person(&code("E-2"), Attendance::Anonymised, operator())
        .unwrap();
    fits(&store, "anonymising");
    let trail = store.audit_trail(1000).unwrap();
    assert!(
        trail
            .iter()
            .all(|e| e.subject != receipt.code && !e.detail.contains(&receipt.code)),
        "the trail leads to the new code"
    );
    // The code is free again.
    store.add_person(&person("E-2", "Bea"), operator()).unwrap();
    fits(&store, "a code given again");
}

/// Nobody finds an erased name by trying names: what went into the hash is erased too.
#[test]
fn the_salt_of_a_person_is_erased_with_the_person() {
    let (_folder, mut store) = lived_in();
    let salts = |store: &Store| -> Vec<Option<String>> {
        let shell = Connection::open(store.path()).unwrap();
        let mut statement = shell
            .prepare("SELECT salt FROM person ORDER BY id")
            .unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let before = salts(&store);
    assert!(before.iter().all(Option::is_some) && before[0] != before[1]);
    store
        .erase_person(&code("E-1"), Attendance::KeepsCode, operator())
        .unwrap();
    assert_eq!(salts(&store)[0], None);
}

/// A tail that was cut off together with its counter fits together; a backup knows better.
#[test]
fn the_end_that_was_noted_shows_a_tail_that_was_cut_off() {
    let (_folder, store) = lived_in();
    let (length, head) = (
        store.trail_length().unwrap(),
        store.verify_chain().unwrap().head,
    );
    assert_eq!(store.hash_of_record(length).unwrap(), Some(head));
    let shell = Connection::open(store.path()).unwrap();
    shell
        .execute_batch(
            "DROP TRIGGER audit_is_never_deleted;
             DELETE FROM audit WHERE action = 'setting.set' AND subject = 'demo';
             DELETE FROM setting WHERE key = 'demo';
             UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM audit) WHERE name = 'audit';",
        )
        .unwrap();
    assert_eq!(store.verify_chain().unwrap().broken, None);
    assert_eq!(store.hash_of_record(length).unwrap(), None);
}

#[test]
fn wrong_pins_are_written_down_and_outlast_a_restart() {
    let (folder, mut store) = lived_in();
    let wrong = Pin::parse("999998").unwrap();
    let right = Pin::parse("483920").unwrap();
    for number in 1..=4 {
        assert_eq!(store.try_pin(&wrong, operator()).unwrap(), PinTry::Nobody);
        // As the worker does, whether none is taken meanwhile or not.
        store.note_wrong_pin(operator()).unwrap();
        drop(store);
        store = Store::open(folder.path()).unwrap();
        assert_eq!(store.pin_tries().unwrap().wrong, number);
        if number >= 3 {
            break;
        }
    }
    // Not even the right one: whoever guesses must not learn it.
    assert!(matches!(
        store.try_pin(&right, operator()).unwrap(),
        PinTry::Closed(_)
    ));
    let later = rollcall::store::Author {
        at: time("2026-11-23T12:05:00+01:00"),
        ..operator()
    };
    assert!(matches!(
        store.try_pin(&right, later).unwrap(),
        PinTry::Holder(_)
    ));
    assert_eq!(store.pin_tries().unwrap().wrong, 2);
    let trail = store.audit_trail(100).unwrap();
    let tries = trail.iter().filter(|e| e.action == "pin.wrong").count();
    assert_eq!(tries, 3);
    assert!(
        trail.iter().all(|e| !e.detail.contains("999998")),
        "a PIN is in the trail"
    );
    assert_eq!(store.verify_chain().unwrap().broken, None);
}
