-- 待派: whom the directory does not know yet, and since when it has known the others.

-- How many items in work has nobody assigned? Asked every few seconds, however many items there are.
CREATE INDEX item_unassigned ON item (id) WHERE unassigned AND phase IN ('open', 'responded', 'merged');

-- So that a log that is run again meets the directory that there was: who was not known has not held anything.
ALTER TABLE organ ADD COLUMN known_since timestamptz NOT NULL DEFAULT 'epoch';
