//! Whether a database has the tables, indexes, triggers and views that the migrations make:
//! these, all of them, and no other.
//!
//! A trigger that somebody added runs at each punch, a view in the place of a table tells
//! lies, and without our own triggers an event can be changed. So nothing is read from a
//! database or written to it before this was looked at. What the migrations make is found by
//! running them on an empty database in memory, so that there is no second list to keep.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::chain::hex;
use super::error::Fault;
use super::schema;

/// What an entry of the schema is, and its name.
type Key = (String, String);

/// The table it is about, and its text without what only differs in layout.
type Content = (String, String);

type Schema = BTreeMap<Key, Content>;

/// More than this is not worth reading in a message.
const MOST_NAMED: usize = 5;

/// SHA-256 of the schema that the migrations make. Every command opens the database, and to run
/// them takes some milliseconds; with another digest they are run, so this is never wrong, only
/// slow. A test says what it is after a new migration.
const NEWEST: &str = "655f5648352fba0bc1b520329d0b19a2ec86637f299321df7d677cfcbe1b7de8";

/// Tables that SQLite itself adds when somebody runs ANALYZE; they hold statistics only.
const STATISTICS: &[(&str, &str)] = &[
    ("sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat)"),
    (
        "sqlite_stat4",
        "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",
    ),
];

/// How the schema differs from that of `version`, in words; empty if it does not.
pub(super) fn differences(connection: &Connection, version: usize) -> Result<Vec<String>, Fault> {
    let found = read(connection)?;
    if version == schema::VERSION && digest(&found) == NEWEST {
        return Ok(Vec::new());
    }
    Ok(compare(&found, &made_by_migrations(version)?))
}

fn digest(schema: &Schema) -> String {
    let mut hasher = Sha256::new();
    for ((kind, name), (table, sql)) in schema {
        for text in [kind, name, table, sql] {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
    }
    hex(hasher)
}

/// The differences as the part of a sentence.
pub(super) fn in_words(differences: &[String]) -> String {
    let mut words = differences
        .iter()
        .take(MOST_NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if let Some(more) = differences.len().checked_sub(MOST_NAMED + 1) {
        // Writing to a string does not fail.
        let _ = write!(words, ", and {} more", more + 1);
    }
    words
}

fn made_by_migrations(version: usize) -> Result<Schema, Fault> {
    let memory = Connection::open_in_memory()?;
    let transaction = memory.unchecked_transaction()?;
    schema::run_migrations(&transaction, 0..version)?;
    Ok(read(&transaction)?)
}

fn read(connection: &Connection) -> rusqlite::Result<Schema> {
    connection
        .prepare("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema")?
        .query_map([], |row| {
            let sql: String = row.get(3)?;
            Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, significant(&sql))))
        })?
        .filter(|row| !matches!(row, Ok((key, content)) if is_statistics(key, content)))
        .collect()
}

fn is_statistics((kind, name): &Key, (table, sql): &Content) -> bool {
    let known = STATISTICS.contains(&(name.as_str(), sql.as_str()));
    known && kind == "table" && table == name
}

fn compare(found: &Schema, expected: &Schema) -> Vec<String> {
    let mut differences = Vec::new();
    for (key, content) in found {
        match expected.get(key) {
            None => differences.push(format!("{} was added", named(key))),
            Some(known) if known != content => {
                differences.push(format!("{} was changed", named(key)));
            }
            Some(_) => {}
        }
    }
    let missing = expected.keys().filter(|key| !found.contains_key(key));
    differences.extend(missing.map(|key| format!("{} is missing", named(key))));
    differences
}

fn named((kind, name): &Key) -> String {
    let known = ["table", "index", "trigger", "view"];
    let kind = known
        .iter()
        .find(|known| *known == kind)
        .unwrap_or(&"entry");
    format!("the {kind} {name:?}")
}

/// SQL without comments, and with one blank for all white space outside of quotes: what
/// SQLite keeps of a statement has the layout of the file it came from.
fn significant(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\'' | '"' | '`' | '[' => {
                let end = if c == '[' { ']' } else { c };
                text.push(c);
                // A doubled quote ends one literal and begins the next, which comes to the same.
                for inner in rest.by_ref() {
                    text.push(inner);
                    if inner == end {
                        break;
                    }
                }
            }
            '-' if rest.peek() == Some(&'-') => {
                for inner in rest.by_ref() {
                    if inner == '\n' {
                        break;
                    }
                }
                blank(&mut text);
            }
            '/' if rest.peek() == Some(&'*') => {
                rest.next();
                let mut last = ' ';
                for inner in rest.by_ref() {
                    if (last, inner) == ('*', '/') {
                        break;
                    }
                    last = inner;
                }
                blank(&mut text);
            }
            c if c.is_ascii_whitespace() => blank(&mut text),
            c => text.push(c),
        }
    }
    text
}

fn blank(text: &mut String) {
    if !text.ends_with(' ') {
        text.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest() -> Connection {
        let memory = Connection::open_in_memory().unwrap();
        schema::run_migrations(&memory, 0..schema::VERSION).unwrap();
        memory
    }

    fn after(sql: &str) -> Vec<String> {
        let memory = newest();
        memory.execute_batch(sql).unwrap();
        differences(&memory, schema::VERSION).unwrap()
    }

    #[test]
    fn the_digest_is_that_of_the_newest_schema() {
        let made = made_by_migrations(schema::VERSION).unwrap();
        assert_eq!(digest(&made), NEWEST, "put the left one into `NEWEST`");
    }

    #[test]
    fn what_the_migrations_make_has_no_difference() {
        assert_eq!(after(""), Vec::<String>::new());
        assert_eq!(after("ANALYZE"), Vec::<String>::new());
        for version in 0..schema::VERSION {
            let memory = Connection::open_in_memory().unwrap();
            schema::run_migrations(&memory, 0..version).unwrap();
            assert_eq!(differences(&memory, version).unwrap(), Vec::<String>::new());
            assert!(!differences(&memory, version + 1).unwrap().is_empty());
        }
    }

    #[test]
    fn whatever_is_added_changed_or_missing_is_named() {
        for (sql, words) in [
            (
                "CREATE TRIGGER t AFTER INSERT ON attendance_event
                 BEGIN UPDATE person SET name = 'x'; END",
                "the trigger \"t\" was added",
            ),
            ("CREATE VIEW v AS SELECT 1", "the view \"v\" was added"),
            ("CREATE TABLE x (y)", "the table \"x\" was added"),
            (
                "CREATE INDEX i ON person (name)",
                "the index \"i\" was added",
            ),
            (
                "DROP TRIGGER person_is_never_deleted",
                "the trigger \"person_is_never_deleted\" is missing",
            ),
            (
                "DROP INDEX template_by_person",
                "the index \"template_by_person\" is missing",
            ),
            (
                "ALTER TABLE person ADD COLUMN x TEXT",
                "the table \"person\" was changed",
            ),
            (
                "DROP TRIGGER audit_is_never_changed;
                 CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT 1; END",
                "the trigger \"audit_is_never_changed\" was changed",
            ),
        ] {
            assert_eq!(after(sql), [words], "{sql}");
        }
        let names = after("DROP TABLE setting; CREATE VIEW setting AS SELECT 'a' key, 'b' value");
        assert!(
            names
                .iter()
                .any(|n| n.contains("view \"setting\" was added")),
            "{names:?}"
        );
    }

    #[test]
    fn layout_and_comments_do_not_matter_and_literals_do() {
        assert_eq!(
            significant("CREATE  TABLE a -- why\n (b /* c */ TEXT)"),
            "CREATE TABLE a (b TEXT)"
        );
        for different in ["a  b", "a--b", "a /*b*/"] {
            let text = format!("CHECK (x = '{different}')");
            assert_eq!(significant(&text), text);
        }
        assert_ne!(significant("'it''s  '"), significant("'it''s '"));
    }
}
