-- Checklists (检查表): what inspections are reported against, each name in versions of its own, kept for ever.
CREATE TABLE checklist (
  name text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  -- As an office writes it.
  title text NOT NULL,
  document text NOT NULL,
  applied_at timestamptz NOT NULL,
  applied_by text NOT NULL DEFAULT session_user,
  PRIMARY KEY (name, version)
);

-- Counts the changes, so that workers know when to read them again.
ALTER TABLE reference_version ADD COLUMN checklists integer NOT NULL DEFAULT 0;
