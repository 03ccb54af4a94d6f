//! What a configuration that somebody else may have written would change, in words.

use std::collections::BTreeMap;

use toml::{Table, Value};

/// Longest text of a value that is shown whole.
const LONGEST: usize = 160;

/// Settings that are named at most; a configuration has fewer.
const MOST_NAMED: usize = 100;

/// Settings that reach outside of the station, and what they do there.
const REACHING: &[(&str, &str)] = &[
    ("welcome.command", "RUNS A PROGRAM at each punch"),
    (
        "camera.source",
        "says where pictures come from, which may be a network address",
    ),
    ("backup.folder", "says where copies of everything go"),
    ("backup.passphrase_file", "names a file that is read"),
    ("attendance.holidays", "names a file that is read"),
];

/// Each setting that differs between the two texts, those that reach outside first. Text that
/// cannot be read has no settings.
pub(super) fn changes(present: &str, other: &str) -> Vec<String> {
    let (present, other) = (flat(present), flat(other));
    let keys = present.keys().chain(other.keys());
    let mut differing: Vec<&String> = keys
        .filter(|key| present.get(*key) != other.get(*key))
        .collect();
    differing.sort_by_key(|key| (reach(key).is_none(), *key));
    differing.dedup();
    let left_out = differing.len().saturating_sub(MOST_NAMED);
    let mut changes: Vec<String> = differing
        .into_iter()
        .take(MOST_NAMED)
        .map(|key| {
            let say = |values: &BTreeMap<String, String>| {
                values
                    .get(key)
                    .map_or_else(|| "unset".to_owned(), Clone::clone)
            };
            let reach = reach(key).map_or(String::new(), |reach| format!("  ({reach})"));
            format!(
                "{}: {}, now {}{reach}",
                key.escape_debug(),
                say(&other),
                say(&present)
            )
        })
        .collect();
    if left_out > 0 {
        changes.push(format!("and {left_out} more"));
    }
    changes
}

fn reach(key: &str) -> Option<&'static str> {
    let found = REACHING.iter().find(|(name, _)| *name == key);
    found.map(|(_, reach)| *reach)
}

/// The values by section and key.
fn flat(text: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    if let Ok(table) = text.parse::<Table>() {
        collect("", &Value::Table(table), &mut values);
    }
    values
}

fn collect(name: &str, value: &Value, values: &mut BTreeMap<String, String>) {
    let below = |key: &str| {
        if name.is_empty() {
            key.to_owned()
        } else {
            format!("{name}.{key}")
        }
    };
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                collect(&below(key), value, values);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_table) => {
            for (number, item) in items.iter().enumerate() {
                collect(&below(&(number + 1).to_string()), item, values);
            }
        }
        value => {
            values.insert(name.to_owned(), shown(value));
        }
    }
}

/// A value in which nothing can speak to the terminal.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string().escape_debug().to_string(),
    };
    if text.chars().count() > LONGEST {
        let start: String = text.chars().take(LONGEST).collect();
        return format!("{start}…");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_outside_is_named_first_and_nothing_speaks_to_the_terminal() {
        let present = "[station]\nname = \"Door\"\n[camera]\nsource = \"usb\"\n";
        let other = "[station]\nname = \"\\u001b[2J\\u202eDoor\"\n[camera]\nsource = \"http://elsewhere/\"\n\
                     [welcome]\ncommand = [\"sh\", \"-c\", \"id\"]\n[[shift]]\nname = \"night\"\n";
        let changes = changes(present, other);
        assert_eq!(changes.len(), 4, "{changes:?}");
        assert!(changes[0].contains("http://elsewhere/") && changes[0].contains("network"));
        assert!(changes[1].contains("RUNS A PROGRAM") && changes[1].contains("\"id\""));
        let name = changes
            .iter()
            .find(|c| c.starts_with("station.name"))
            .unwrap();
        assert!(!name.contains(['\u{1b}', '\u{202e}']), "{name:?}");
        assert!(
            changes
                .iter()
                .any(|c| c.starts_with("shift.1.name: \"night\", now unset"))
        );
        assert_eq!(super::changes(other, other), Vec::<String>::new());
    }

    #[test]
    fn long_values_are_cut() {
        let other = format!("[station]\nname = \"{}\"\n", "x".repeat(10_000));
        assert!(changes("", &other)[0].len() < 400);
    }
}
