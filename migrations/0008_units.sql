-- 主办 and 协办: units beside the chain that hold items, or a part in them, before the chain does (R12, R41).

-- A unit is an organ without a tier, under the city.
ALTER TABLE organ ALTER COLUMN tier DROP NOT NULL;

ALTER TABLE item
  -- The supporting unit (协办) whose part the row is; empty for the item itself.
  ADD COLUMN unit text COLLATE "C" NOT NULL DEFAULT '',
  -- The lead unit (主办) as upstream names it, and since when.
  ADD COLUMN lead text,
  ADD COLUMN lead_named_at timestamptz,
  -- The unit that holds it, in place of its tier's organ.
  ADD COLUMN unit_id bigint,
  DROP CONSTRAINT item_source_subject_key,
  ADD CONSTRAINT item_key UNIQUE (source, subject, unit);
