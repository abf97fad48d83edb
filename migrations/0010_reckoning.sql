-- What deadlines are reckoned by, and how it came to be: an organ's office hours (工作时) before the present ones.

-- Written when a directory file changes them, so that a deadline that was reckoned by them can be explained by them.
CREATE TABLE former_office_hours (
  organ_id bigint NOT NULL REFERENCES organ,
  -- As in organ: null for those of the organ above.
  hours text,
  until timestamptz NOT NULL,
  PRIMARY KEY (organ_id, until)
);

-- Up to which item those in work have been brought to a calendar; null once all are.
ALTER TABLE calendar ADD COLUMN reached bigint;
ALTER TABLE calendar ALTER COLUMN reached SET DEFAULT 0;
