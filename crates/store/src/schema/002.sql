-- Corrections that payroll can follow, a clock that may be wrong, and an audit
-- trail in which a changed row shows.
--
-- The tables are made anew because SQLite cannot change a CHECK in place. The
-- program moves the rows of `audit_1` over itself: each needs its hash.

ALTER TABLE person ADD COLUMN team TEXT
    CHECK (team IS NULL OR (length(team) > 0 AND deleted_at IS NULL));
-- Argon2id of the PIN or badge number with the salt of this station.
ALTER TABLE person ADD COLUMN pin_hash TEXT CHECK (pin_hash IS NULL OR deleted_at IS NULL);
CREATE UNIQUE INDEX person_by_pin ON person (pin_hash) WHERE pin_hash IS NOT NULL;

CREATE TABLE attendance_event_2 (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id        INTEGER NOT NULL REFERENCES person (id),
    local_day        TEXT    NOT NULL CHECK (local_day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    sequence         INTEGER NOT NULL CHECK (sequence >= 1),
    at_utc_us        INTEGER NOT NULL,
    utc_offset_secs  INTEGER NOT NULL CHECK (abs(utc_offset_secs) < 86400),
    direction        TEXT    NOT NULL CHECK (direction IN ('in', 'out')),
    source           TEXT    NOT NULL CHECK (source IN ('camera', 'manual', 'pin', 'import', 'rule')),
    similarity       REAL,
    margin           REAL,
    liveness         REAL,
    model            TEXT,
    created_at       TEXT    NOT NULL,
    void_at          TEXT,
    void_by          TEXT,
    void_reason      TEXT,
    -- Path of a picture of the moment, relative to the data folder.
    picture          TEXT UNIQUE,
    -- What was known of the clock that `at_utc_us` was read from; NULL if it was
    -- not noted, or the time comes from an operator or a file.
    clock_state      TEXT    CHECK (clock_state IN ('synchronised', 'unsynchronised', 'jumped')),
    -- Events of one batch were made with one error of the clock.
    clock_batch      INTEGER,
    -- The voided event in whose place this one stands. No foreign key: an old
    -- event may be erased when its time of retention ends.
    replaces         INTEGER UNIQUE,
    -- Who made an event by hand, and why.
    operator         TEXT,
    reason           TEXT,
    -- The key of the decision: each place in a person's day is taken once.
    UNIQUE (person_id, local_day, sequence),
    CHECK ((void_at IS NULL) = (void_by IS NULL) AND (void_at IS NULL) = (void_reason IS NULL)),
    CHECK (replaces IS NULL OR (operator IS NOT NULL AND reason IS NOT NULL))
) STRICT;

INSERT INTO attendance_event_2 (id, person_id, local_day, sequence, at_utc_us, utc_offset_secs,
    direction, source, similarity, margin, liveness, model, created_at, void_at, void_by, void_reason)
SELECT id, person_id, local_day, sequence, at_utc_us, utc_offset_secs,
    direction, source, similarity, margin, liveness, model, created_at, void_at, void_by, void_reason
FROM attendance_event;

-- Drops its index and triggers too.
DROP TABLE attendance_event;
ALTER TABLE attendance_event_2 RENAME TO attendance_event;
CREATE INDEX attendance_event_by_day ON attendance_event (local_day);
CREATE INDEX attendance_event_by_batch ON attendance_event (clock_batch) WHERE clock_batch IS NOT NULL;

DROP TRIGGER audit_is_never_deleted;
DROP TRIGGER audit_is_never_changed;
DROP TRIGGER audit_is_never_replaced;
ALTER TABLE audit RENAME TO audit_1;

CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      TEXT NOT NULL,
    actor   TEXT NOT NULL CHECK (length(actor) > 0),
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,
    -- SHA-256 of the attendance event that `subject` names, as this record left it.
    content TEXT CHECK (content IS NULL OR length(content) = 64),
    -- SHA-256 of the hash before and of everything above.
    hash    TEXT NOT NULL UNIQUE CHECK (length(hash) = 64)
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject) WHERE content IS NOT NULL;

-- People are paid by these rows: they are added and voided, never changed. They
-- are erased only when the time of retention, which an operator has set, is over.

CREATE TRIGGER attendance_event_is_never_deleted
BEFORE DELETE ON attendance_event
WHEN OLD.local_day >= coalesce((SELECT value FROM setting WHERE key = 'retention.erased_before'), '')
BEGIN
    SELECT RAISE(ABORT, 'an attendance event is voided, never deleted');
END;

CREATE TRIGGER attendance_event_is_never_changed
BEFORE UPDATE OF id, person_id, local_day, sequence, at_utc_us, utc_offset_secs, direction, source,
    similarity, margin, liveness, model, created_at, picture, clock_state, clock_batch, replaces,
    operator, reason ON attendance_event
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

CREATE TRIGGER attendance_event_replaces_a_voided_one
BEFORE INSERT ON attendance_event
WHEN NEW.replaces IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM attendance_event WHERE id = NEW.replaces AND void_at IS NOT NULL
)
BEGIN
    SELECT RAISE(ABORT, 'only a voided attendance event is replaced');
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
