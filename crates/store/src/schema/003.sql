-- A face may be refused because it is a picture. SQLite changes no CHECK in place, so the
-- table is made anew; the numbers of its rows stay.
CREATE TABLE sighting_new (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         TEXT    NOT NULL,
    reason     TEXT    NOT NULL CHECK (reason IN ('unknown', 'undecided', 'spoof')),
    candidate  INTEGER REFERENCES person (id),
    similarity REAL,
    margin     REAL,
    liveness   REAL
) STRICT;
INSERT INTO sighting_new (id, at, reason, candidate, similarity, margin, liveness)
SELECT id, at, reason, candidate, similarity, margin, liveness FROM sighting;
DROP TABLE sighting;
ALTER TABLE sighting_new RENAME TO sighting;
