-- Matters, their logs, and what the fold finds.

-- A message that was taken: the deduplication key of CloudEvents and a digest of what it said.
CREATE TABLE message (
  source text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  taken_at timestamptz NOT NULL,
  PRIMARY KEY (source, id)
);
-- Keys are kept for a window (see upkeep), which is found by age in the order of arrival.
CREATE INDEX message_taken ON message USING brin (taken_at) WITH (pages_per_range = 32);

-- Messages that came back so often that each may be what ends the process that reads it, and how often they were begun.
-- A row lasts as long as its message is being handled; one that stays longer tells of a process that died over it.
CREATE TABLE suspect (
  digest bytea PRIMARY KEY,
  begun integer NOT NULL,
  first_begun_at timestamptz NOT NULL
);

-- Matters (件): a row for the whole, which is locked, and one for each part (协办件), for reading. The fold of item_event.
CREATE TABLE item (
  id bigint PRIMARY KEY,
  -- The whole's id; of the whole its own.
  matter_id bigint NOT NULL,
  -- The month in which the matter was made, such as 202611 (Asia/Shanghai): its log's partition.
  born integer NOT NULL,
  source text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  -- The supporting unit (协办) whose part it is; empty for the whole.
  unit text COLLATE "C" NOT NULL DEFAULT '',
  kind text NOT NULL CHECK (kind IN ('complaint', 'inspection', 'funding', 'reminder')),
  phase text NOT NULL CHECK (phase IN ('awaited', 'open', 'responded', 'merged', 'closed')),
  -- The supervising tier (督办), or where none was raised yet the tier of the responsible unit.
  tier text NOT NULL CHECK (tier IN ('street', 'district', 'city')),
  -- The responsible unit (承办).
  responsible_id bigint,
  city_id bigint,
  district_id bigint,
  street_id bigint,
  community text,
  -- 待派: the directory does not know the street or the unit.
  unassigned boolean NOT NULL,
  category text,
  grade text,
  title text,
  policy_version integer,
  -- The lead unit (主办) as upstream names it, and its organ.
  lead text,
  lead_id bigint,
  -- When the resident spoke; when the present cycle began; the first answer in it; the end.
  opened_at timestamptz,
  cycle_began_at timestamptz,
  answered_at timestamptz,
  closed_at timestamptz,
  withdrawn boolean NOT NULL,
  cycle integer NOT NULL,
  -- The clock that is due next, or was when its clocks were stopped; and since when they are stopped (中止计时, or as a duplicate).
  clock text CHECK (clock IN ('response', 'resolution')),
  due_at timestamptz,
  suspended_at timestamptz,
  -- The span that running deadlines were counted over, and whether it reaches a year that is not announced.
  counted_from timestamptz,
  counted_to timestamptz,
  provisional boolean NOT NULL,
  -- When there is next something to do, of the matter as a whole; null for parts.
  wake_at timestamptz,
  breached_at timestamptz,
  escalations integer NOT NULL,
  urgings integer NOT NULL,
  returns integer NOT NULL,
  -- The main item of a duplicate.
  main_source text COLLATE "C",
  main_subject text COLLATE "C",
  -- Whether duplicates follow it: its turns are then told to them.
  followed boolean NOT NULL DEFAULT false,
  -- Entries of the log; of a part 0.
  entries integer NOT NULL,
  -- Where the whole and its parts stand, as the fold goes on from; null for parts.
  state text,
  CONSTRAINT item_key UNIQUE (source, subject, unit),
  CHECK ((clock IS NULL) = (due_at IS NULL)),
  CHECK ((main_source IS NULL) = (main_subject IS NULL))
);
-- Handed out in blocks: a worker takes a thousand ids with one call.
CREATE SEQUENCE item_id AS bigint INCREMENT BY 1000 OWNED BY item.id;
-- The engine's only question: what is due?
CREATE INDEX item_wake ON item (wake_at, id) WHERE wake_at IS NOT NULL;
-- How many items in work are 待派? Asked every few seconds, however many items there are.
CREATE INDEX item_unassigned ON item (id) WHERE unassigned AND phase IN ('open', 'responded', 'merged');
CREATE INDEX item_provisional ON item (id) WHERE provisional;

-- The log: append-only, the truth. It holds facts; messages as sent are in `original`. By the month in which the matter was recorded, so
-- that a fold reads one partition, and retention drops one.
CREATE TABLE item_event (
  item_id bigint NOT NULL,
  born integer NOT NULL,
  number integer NOT NULL,
  type text NOT NULL,
  -- The unit whose part the entry is about; null for the whole.
  unit text,
  source text,
  message_id text,
  -- CloudEvents `sequence`.
  sequence text,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  facts text NOT NULL,
  -- What was known when it was recorded: the policy in force, the organs of its names.
  stamp text,
  -- Of the original message.
  digest bytea,
  traceparent text,
  PRIMARY KEY (item_id, number, born)
) PARTITION BY RANGE (born);
-- Takes the months that have no partition, so that no message is refused for want of one.
CREATE TABLE item_event_default PARTITION OF item_event DEFAULT;

-- Messages as they were sent, which may hold personal data: by the month of recording, with grants and a retention of their own.
CREATE TABLE original (
  item_id bigint NOT NULL,
  number integer NOT NULL,
  recorded_at timestamptz NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (item_id, number, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE TABLE original_default PARTITION OF original DEFAULT;

-- Who reported a matter: names, phones, addresses. Read by the role duban_contact.
CREATE TABLE contact (
  item_id bigint NOT NULL,
  number integer NOT NULL,
  reporter text NOT NULL,
  PRIMARY KEY (item_id, number)
);

-- What an operator erased: how many originals and contacts of which item, when, by whom and why.
CREATE TABLE erasure (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item_id bigint NOT NULL,
  originals integer NOT NULL,
  contacts integer NOT NULL,
  because text NOT NULL,
  done_by text NOT NULL,
  done_at timestamptz NOT NULL
);
CREATE INDEX erasure_item ON erasure (item_id);

-- Makes the partitions for the month of `at` and the `ahead` following ones, months of Asia/Shanghai. Safe to repeat and to run twice at once.
CREATE FUNCTION ensure_partitions(at timestamptz, ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  made integer := 0;
  first timestamp;
  month integer;
  name text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('duban.ensure_partitions'));
  FOR i IN 0..ahead LOOP
    first := date_trunc('month', at AT TIME ZONE 'Asia/Shanghai') + make_interval(months => i);
    -- Rows of that month that the default partition took in already stay there: the month then has no partition of its own.
    month := to_char(first, 'YYYYMM')::integer;
    name := 'item_event_' || to_char(first, 'YYYY_MM');
    IF to_regclass(name) IS NULL AND NOT EXISTS (SELECT FROM item_event_default WHERE born = month) THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF item_event FOR VALUES FROM (%s) TO (%s)', name, month, month + 1);
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
      made := made + 1;
    END IF;
    name := 'original_' || to_char(first, 'YYYY_MM');
    IF to_regclass(name) IS NULL AND NOT EXISTS (
      SELECT FROM original_default
      WHERE recorded_at >= first AT TIME ZONE 'Asia/Shanghai' AND recorded_at < (first + interval '1 month') AT TIME ZONE 'Asia/Shanghai')
    THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF original FOR VALUES FROM (%L) TO (%L)',
        name, first AT TIME ZONE 'Asia/Shanghai', (first + interval '1 month') AT TIME ZONE 'Asia/Shanghai');
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$;
SELECT ensure_partitions(duban_now(), 2);

-- What is said of entries that do not simply count: they wait, are inapplicable, or were set aside; and of those that once were and count
-- now. The latest revision.
CREATE TABLE verdict (
  item_id bigint NOT NULL,
  number integer NOT NULL,
  revision integer NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('applied', 'waits', 'inapplicable', 'set-aside')),
  reason text,
  pointer text,
  detail text,
  changed_at timestamptz NOT NULL,
  -- When operators were told that the entry has waited longer than the policy's `waiting`.
  flagged_at timestamptz,
  PRIMARY KEY (item_id, number)
);
CREATE INDEX verdict_waiting ON verdict (changed_at) WHERE verdict = 'waits';
CREATE INDEX verdict_unflagged ON verdict (changed_at) WHERE verdict = 'waits' AND flagged_at IS NULL;

-- A deadline that lapsed (逾期), numbered within its matter. Its row is rewritten with each revision, never lost.
CREATE TABLE breach (
  item_id bigint NOT NULL,
  number integer NOT NULL,
  revision integer NOT NULL,
  status text NOT NULL CHECK (status IN ('standing', 'annulled', 'contested', 'upheld', 'lifted', 'excused')),
  -- The step: the unit of a part, the entry that began the cycle, the clock, the tier.
  unit text,
  begun_by integer NOT NULL,
  clock text NOT NULL CHECK (clock IN ('response', 'resolution')),
  tier text NOT NULL CHECK (tier IN ('street', 'district', 'city')),
  -- For people: the cycle, from 1.
  cycle integer NOT NULL,
  -- Whether a supervising tier (督办) owed the step, not the responsible unit (承办).
  supervising boolean NOT NULL,
  -- Who owed the step; null where the directory has no organ there.
  organ_id bigint,
  started_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  found_at timestamptz NOT NULL,
  slip text CHECK (slip IN ('blue', 'orange', 'red')),
  raised_to text CHECK (raised_to IN ('street', 'district', 'city')),
  next_due_at timestamptz,
  counted_from timestamptz,
  PRIMARY KEY (item_id, number)
);
CREATE INDEX breach_organ ON breach (organ_id, found_at);
CREATE INDEX breach_found ON breach (found_at);
CREATE INDEX breach_contested ON breach (found_at) WHERE status = 'contested';

-- What Duban found and did, for the record of each matter: append-only.
CREATE TABLE finding (
  item_id bigint NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL,
  type text NOT NULL,
  data text NOT NULL,
  PRIMARY KEY (item_id, id)
);

-- 合并: an edge from a duplicate to its main item, by the entry that merged it.
CREATE TABLE merging (
  item_id bigint NOT NULL,
  number integer NOT NULL,
  main_source text COLLATE "C" NOT NULL,
  main_subject text COLLATE "C" NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (item_id, number)
);
CREATE INDEX merging_main ON merging (main_source, main_subject, item_id, number);

-- Duplicates that are to be told of their main item: one, because it was merged, or all, because the main item turned. Rows are only added,
-- so no transaction that adds one waits; one is deleted when it is done.
CREATE TABLE following (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  main_source text COLLATE "C" NOT NULL,
  main_subject text COLLATE "C" NOT NULL,
  -- The one merging; null where all are to be told.
  only_item bigint,
  only_number integer,
  -- Where all are: behind which of them to go on.
  item_id bigint NOT NULL DEFAULT 0,
  number integer NOT NULL DEFAULT 0,
  -- Since when it is to be done; or when it was last put off, because another transaction held what it needs.
  since timestamptz NOT NULL,
  CHECK ((only_item IS NULL) = (only_number IS NULL))
);
CREATE INDEX following_since ON following (since, id);
CREATE INDEX following_main ON following (main_source, main_subject);
