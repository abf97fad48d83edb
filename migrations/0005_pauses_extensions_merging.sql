-- 暂停, 延期 and 合并: what they leave on an item.

ALTER TABLE item
  -- When the present cycle is to be settled, as pauses and extensions have moved it.
  ADD COLUMN resolution_due_at timestamptz,
  -- Since when its clocks are held; due_at stays as it was then.
  ADD COLUMN suspended_at timestamptz,
  ADD COLUMN early_resumption timestamptz,
  -- The main item that a duplicate follows, which may not be there yet.
  ADD COLUMN main_source text COLLATE "C",
  ADD COLUMN main_subject text COLLATE "C",
  ADD COLUMN extension_asked_at timestamptz,
  ADD COLUMN early_grant timestamptz,
  ADD COLUMN extensions integer NOT NULL DEFAULT 0,
  -- Whether the latest closing was a withdrawal (撤回).
  ADD COLUMN withdrawn boolean NOT NULL DEFAULT false,
  DROP CONSTRAINT item_phase_check,
  ADD CONSTRAINT item_phase_check CHECK (phase IN ('awaited', 'open', 'responded', 'merged', 'closed')),
  ADD CHECK ((main_source IS NULL) = (main_subject IS NULL));

-- What is held does not fall due.
DROP INDEX item_due;
CREATE INDEX item_due ON item (due_at, id) WHERE due_at IS NOT NULL AND suspended_at IS NULL;

-- Who follows a main item?
CREATE INDEX item_main ON item (main_source, main_subject) WHERE main_source IS NOT NULL;
