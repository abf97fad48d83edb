-- 暂停, 延期, 合并, warnings and slips: what they leave on an item and its breaches.

ALTER TABLE item
  -- When the present cycle is to be settled, as pauses and extensions have moved it.
  ADD COLUMN resolution_due_at timestamptz,
  -- The version of the calendar (0 for none) under which a deadline of it reaches into a year whose workdays are not announced.
  ADD COLUMN provisional_under integer,
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

-- The engine's only question, what is due?, is about warnings too, and not about what is held.
DROP INDEX item_due;
ALTER TABLE item
  ADD COLUMN warn_at timestamptz,
  ADD COLUMN wake_at timestamptz GENERATED ALWAYS AS (CASE WHEN suspended_at IS NULL THEN least(warn_at, due_at) END) STORED;
CREATE INDEX item_wake ON item (wake_at, id) WHERE wake_at IS NOT NULL;

-- What is to be reckoned anew when a year is announced.
CREATE INDEX item_provisional ON item (provisional_under) WHERE provisional_under IS NOT NULL;

-- Office hours of an organ, such as 08:30-12:00,14:30-17:30; null: those of the organ above.
ALTER TABLE organ ADD COLUMN office_hours text;

-- 三色督查单: the slip that was issued for a breach.
ALTER TABLE breach ADD COLUMN slip text CHECK (slip IN ('blue', 'orange', 'red'));

-- Who follows a main item?
CREATE INDEX item_main ON item (main_source, main_subject) WHERE main_source IS NOT NULL;
