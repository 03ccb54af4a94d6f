-- Cameras elsewhere, whose pictures come over the network, and those who may send and ask.

-- The camera that saw the person; NULL: the station's own, or none. Hashed where it is not NULL.
ALTER TABLE attendance_event ADD COLUMN camera TEXT CHECK (length(camera) BETWEEN 1 AND 32);
ALTER TABLE sighting ADD COLUMN camera TEXT CHECK (length(camera) BETWEEN 1 AND 32);

DROP TRIGGER attendance_event_is_never_changed;
CREATE TRIGGER attendance_event_is_never_changed
BEFORE UPDATE OF id, person_id, local_day, sequence, at_utc_us, utc_offset_secs, direction, source,
    similarity, margin, liveness, model, created_at, picture, clock_state, clock_batch, replaces,
    operator, reason, camera ON attendance_event
BEGIN
    SELECT RAISE(ABORT, 'an attendance event is voided, never changed');
END;

-- Who may do what over HTTP. The token itself is nowhere: it is 256 random bits, so that its
-- SHA-256 cannot be turned back by trying, and needs no salt and no slow hash.
CREATE TABLE token (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 32),
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    -- Words, with blanks between them.
    scopes     TEXT NOT NULL CHECK (length(scopes) > 0),
    -- The only camera that it may send pictures of; NULL for any.
    camera     TEXT CHECK (length(camera) BETWEEN 1 AND 32),
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT
) STRICT;

CREATE TRIGGER token_is_never_deleted
BEFORE DELETE ON token
BEGIN
    SELECT RAISE(ABORT, 'a token is revoked, never deleted: the audit trail names it');
END;

CREATE TRIGGER token_is_never_changed
BEFORE UPDATE OF id, name, hash, scopes, camera, created_at, created_by, expires_at ON token
BEGIN
    SELECT RAISE(ABORT, 'a token is revoked, never changed');
END;

CREATE TRIGGER token_is_revoked_once
BEFORE UPDATE OF revoked_at ON token
WHEN OLD.revoked_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a revoked token stays revoked');
END;

-- INSERT OR REPLACE would delete the old row without asking the triggers above.
CREATE TRIGGER token_is_never_replaced
BEFORE INSERT ON token
WHEN EXISTS (SELECT 1 FROM token WHERE id = NEW.id OR name = NEW.name OR hash = NEW.hash)
BEGIN
    SELECT RAISE(ABORT, 'there is a token of this name already');
END;
