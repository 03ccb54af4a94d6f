-- Times of events are microseconds since 1970 in UTC beside the offset of the
-- clock on the wall, so that they sort and still say what the clock showed.
-- All other times are RFC 3339 text, for whoever opens this file by hand.

CREATE TABLE person (
    -- AUTOINCREMENT: the number of an erased person is never given to another.
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    code       TEXT    NOT NULL UNIQUE COLLATE NOCASE CHECK (length(code) BETWEEN 1 AND 32),
    name       TEXT    NOT NULL CHECK (length(name) > 0),
    active     INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    consent_at TEXT,
    created_at TEXT    NOT NULL,
    deleted_at TEXT,
    CHECK (deleted_at IS NULL OR (active = 0 AND consent_at IS NULL))
) STRICT;

CREATE TABLE template (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id  INTEGER NOT NULL REFERENCES person (id),
    embedding  BLOB    NOT NULL,
    dim        INTEGER NOT NULL CHECK (dim > 0),
    model      TEXT    NOT NULL CHECK (length(model) > 0),
    quality    REAL    NOT NULL,
    picture    TEXT UNIQUE,
    created_at TEXT    NOT NULL,
    CHECK (length(embedding) = 4 * dim)
) STRICT;
CREATE INDEX template_by_person ON template (person_id);

CREATE TABLE attendance_event (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id        INTEGER NOT NULL REFERENCES person (id),
    local_day        TEXT    NOT NULL CHECK (local_day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    sequence         INTEGER NOT NULL CHECK (sequence >= 1),
    at_utc_us        INTEGER NOT NULL,
    utc_offset_secs  INTEGER NOT NULL CHECK (abs(utc_offset_secs) < 86400),
    direction        TEXT    NOT NULL CHECK (direction IN ('in', 'out')),
    source           TEXT    NOT NULL CHECK (source IN ('camera', 'manual', 'pin', 'import')),
    similarity       REAL,
    margin           REAL,
    liveness         REAL,
    model            TEXT,
    created_at       TEXT    NOT NULL,
    void_at          TEXT,
    void_by          TEXT,
    void_reason      TEXT,
    -- The key of the decision: each place in a person's day is taken once.
    UNIQUE (person_id, local_day, sequence),
    CHECK ((void_at IS NULL) = (void_by IS NULL) AND (void_at IS NULL) = (void_reason IS NULL))
) STRICT;
CREATE INDEX attendance_event_by_day ON attendance_event (local_day);

CREATE TABLE sighting (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         TEXT    NOT NULL,
    reason     TEXT    NOT NULL CHECK (reason IN ('unknown', 'undecided')),
    candidate  INTEGER REFERENCES person (id),
    similarity REAL,
    margin     REAL,
    liveness   REAL
) STRICT;

CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      TEXT NOT NULL,
    actor   TEXT NOT NULL CHECK (length(actor) > 0),
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;

CREATE TABLE setting (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;

-- People are paid by these rows: they are added and voided, never changed.

CREATE TRIGGER attendance_event_is_never_deleted
BEFORE DELETE ON attendance_event
BEGIN
    SELECT RAISE(ABORT, 'an attendance event is voided, never deleted');
END;

CREATE TRIGGER attendance_event_is_never_changed
BEFORE UPDATE OF id, person_id, local_day, sequence, at_utc_us, utc_offset_secs, direction, source,
    similarity, margin, liveness, model, created_at ON attendance_event
BEGIN
    SELECT RAISE(ABORT, 'an attendance event is voided, never changed');
END;

CREATE TRIGGER attendance_event_is_voided_once
BEFORE UPDATE OF void_at, void_by, void_reason ON attendance_event
WHEN OLD.void_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a voided attendance event stays as it is');
END;

-- INSERT OR REPLACE would delete the old row without asking the trigger above.
CREATE TRIGGER attendance_event_is_never_replaced
BEFORE INSERT ON attendance_event
WHEN EXISTS (
    SELECT 1 FROM attendance_event
    WHERE id = NEW.id
       OR (person_id = NEW.person_id AND local_day = NEW.local_day AND sequence = NEW.sequence)
)
BEGIN
    SELECT RAISE(ABORT, 'this place in the day is taken');
END;

CREATE TRIGGER person_is_never_deleted
BEFORE DELETE ON person
BEGIN
    SELECT RAISE(ABORT, 'a person is erased by emptying the row: events point to it');
END;

CREATE TRIGGER audit_is_never_deleted
BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail only grows');
END;

CREATE TRIGGER audit_is_never_changed
BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail only grows');
END;

CREATE TRIGGER audit_is_never_replaced
BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the audit trail only grows');
END;
