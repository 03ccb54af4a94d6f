-- A template may be encrypted, which makes it longer than its numbers; and besides those
-- of an enrolment there are adaptive ones, which follow a face through the years, and
-- negative ones: faces that were taken for the person and are not. SQLite changes no
-- CHECK in place, so the table is made anew; the numbers of its rows stay.
CREATE TABLE template_new (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id  INTEGER NOT NULL REFERENCES person (id),
    embedding  BLOB    NOT NULL,
    dim        INTEGER NOT NULL CHECK (dim > 0),
    model      TEXT    NOT NULL CHECK (length(model) > 0),
    quality    REAL    NOT NULL,
    picture    TEXT UNIQUE,
    created_at TEXT    NOT NULL,
    kind       TEXT    NOT NULL DEFAULT 'enrolled' CHECK (kind IN ('enrolled', 'adaptive', 'negative')),
    CHECK (length(embedding) >= 4 * dim)
) STRICT;
INSERT INTO template_new (id, person_id, embedding, dim, model, quality, picture, created_at)
SELECT id, person_id, embedding, dim, model, quality, picture, created_at FROM template;
DELETE FROM sqlite_sequence WHERE name = 'template_new';
INSERT INTO sqlite_sequence (name, seq) SELECT 'template_new', seq FROM sqlite_sequence WHERE name = 'template';
DROP TABLE template;
ALTER TABLE template_new RENAME TO template;
CREATE INDEX template_by_person ON template (person_id);

-- What an operator looks through: the face as it was described and, if strangers' pictures
-- are kept at all, as it looked; and what became of it.
ALTER TABLE sighting ADD COLUMN embedding BLOB;
ALTER TABLE sighting ADD COLUMN dim INTEGER CHECK (dim > 0);
ALTER TABLE sighting ADD COLUMN model TEXT;
ALTER TABLE sighting ADD COLUMN quality REAL;
ALTER TABLE sighting ADD COLUMN picture BLOB;
ALTER TABLE sighting ADD COLUMN state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ignored', 'assigned'));
ALTER TABLE sighting ADD COLUMN assigned_to INTEGER REFERENCES person (id);
ALTER TABLE sighting ADD COLUMN reviewed_at TEXT;
ALTER TABLE sighting ADD COLUMN reviewed_by TEXT;
CREATE INDEX sighting_open ON sighting (state) WHERE state = 'open';
