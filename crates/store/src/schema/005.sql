-- From which day on a person is expected, where that is not the day of enrolment: stated by
-- an operator, or the first day of a history that was imported.
ALTER TABLE person ADD COLUMN expected_from TEXT
    CHECK (expected_from GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]');
ALTER TABLE person ADD COLUMN expected_from_is_stated INTEGER NOT NULL DEFAULT 0
    CHECK (expected_from_is_stated IN (0, 1));

-- Days on which a person was not active, so that the days before and after stay as they were.
CREATE TABLE pause (
    person_id INTEGER NOT NULL REFERENCES person (id),
    from_day  TEXT    NOT NULL CHECK (from_day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    -- The day on which the person was active again; NULL if that has not come.
    until_day TEXT    CHECK (until_day > from_day),
    PRIMARY KEY (person_id, from_day)
) STRICT, WITHOUT ROWID;

-- Whoever is inactive now was deactivated when the trail says so.
INSERT INTO pause (person_id, from_day)
SELECT p.id, coalesce(
    (SELECT substr(a.at, 1, 10) FROM audit a
     WHERE a.action = 'person.deactivate' AND a.subject = p.code COLLATE NOCASE
     ORDER BY a.id DESC LIMIT 1),
    substr(p.created_at, 1, 10))
FROM person p WHERE p.active = 0 AND p.deleted_at IS NULL;

-- Whether a punch is there already is asked of a time: an import asks it for every line.
CREATE INDEX attendance_event_by_time ON attendance_event (person_id, at_utc_us);
