-- The calendars of workdays (工作日), as they were imported, kept for ever: a due date that was reckoned by one can be explained by it.

CREATE TABLE calendar (
  version integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  document text NOT NULL,
  imported_at timestamptz NOT NULL,
  imported_by text NOT NULL
);

-- The one in force; null while none was imported.
ALTER TABLE reference_version ADD COLUMN calendar integer REFERENCES calendar;
