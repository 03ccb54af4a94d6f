-- The audit trail covers people with their faces, and the settings: a record about them has
-- the hash of what it is about, as a record about an event has.
--
-- What `content` is the hash of; NULL: of the attendance event that `subject` names.
ALTER TABLE audit ADD COLUMN covers TEXT CHECK (covers IN ('person', 'settings'));
-- Goes into the hash of a person, so that a name that was erased cannot be guessed from it.
ALTER TABLE person ADD COLUMN salt TEXT CHECK (salt IS NULL OR deleted_at IS NULL);
UPDATE person SET salt = lower(hex(randomblob(16))) WHERE deleted_at IS NULL;
