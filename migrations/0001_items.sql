-- Items, their log, and what names a message: the tables of intake and of the chain.
-- Every time is the database's (duban_now()) or upstream's own (occurred_at); workers never write a time of their clock.

-- The clock of all Duban, which an operator or a test can set ahead. Empty in production: then it is the real time.
CREATE TABLE clock_override (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  ahead interval NOT NULL
);

CREATE FUNCTION duban_now() RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT statement_timestamp() + coalesce((SELECT ahead FROM clock_override), interval '0') $$;

-- Who sleeps until something falls due must hear that time has been moved.
CREATE FUNCTION tell_clock() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NOTIFY duban_due; NOTIFY duban_schedule; RETURN NULL; END $$;
CREATE TRIGGER clock_moved AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON clock_override
  FOR EACH STATEMENT EXECUTE FUNCTION tell_clock();

-- The organs of the chain 街道 → 区 → 市.
CREATE TABLE organ (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tier text NOT NULL CHECK (tier IN ('street', 'district', 'city')),
  name text NOT NULL,
  parent_id bigint REFERENCES organ,
  UNIQUE NULLS NOT DISTINCT (parent_id, name)
);

-- The upstream systems that may send.
CREATE TABLE upstream_source (
  uri text PRIMARY KEY,
  name text NOT NULL,
  wants_receipts boolean NOT NULL DEFAULT false
);

-- Policies as they were applied, kept for ever: an item stays on the version it was opened under.
CREATE TABLE policy (
  version integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  document text NOT NULL,
  applied_at timestamptz NOT NULL,
  applied_by text NOT NULL DEFAULT session_user
);

-- What workers keep in memory, and may go on using while these numbers stay the same. One row, read with every batch.
CREATE TABLE reference_version (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  policy integer REFERENCES policy,
  directory integer NOT NULL DEFAULT 0
);
INSERT INTO reference_version DEFAULT VALUES;

-- A message that was taken: the deduplication key of CloudEvents and what the message said.
CREATE TABLE message (
  source text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  taken_at timestamptz NOT NULL,
  PRIMARY KEY (source, id)
);

-- Messages that came back so often that each may be what ends the process that reads it, and how often they were begun.
-- A row lasts as long as its message is being handled; one that stays longer tells of a process that died over it.
CREATE TABLE suspect (
  digest bytea PRIMARY KEY,
  begun integer NOT NULL,
  first_begun_at timestamptz NOT NULL
);

-- Items: the fold of item_event, kept for reading and for the due index.
CREATE TABLE item (
  id bigint PRIMARY KEY,
  source text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  kind text NOT NULL CHECK (kind IN ('complaint', 'inspection', 'funding', 'reminder')),
  phase text NOT NULL CHECK (phase IN ('awaited', 'open', 'responded', 'closed')),
  tier text NOT NULL CHECK (tier IN ('street', 'district', 'city')),
  city_id bigint,
  district_id bigint,
  street_id bigint,
  community text,
  unassigned boolean NOT NULL,
  category text,
  grade text,
  title text,
  policy_version integer NOT NULL,
  opened_at timestamptz,
  answered_at timestamptz,
  closed_at timestamptz,
  reopened_at timestamptz,
  early_reopening timestamptz,
  clock text CHECK (clock IN ('response', 'resolution')),
  due_at timestamptz,
  cycle_started_at timestamptz,
  cycle integer NOT NULL,
  breached_at timestamptz,
  escalations integer NOT NULL,
  urgings integer NOT NULL,
  returns integer NOT NULL,
  sequence integer NOT NULL,
  UNIQUE (source, subject),
  CHECK ((clock IS NULL) = (due_at IS NULL))
);
-- Handed out in blocks: a worker takes a thousand ids with one call.
CREATE SEQUENCE item_id AS bigint INCREMENT BY 1000 OWNED BY item.id;
-- The engine's only question: what is due?
CREATE INDEX item_due ON item (due_at, id) WHERE due_at IS NOT NULL;

-- The log: append-only, the truth. By month, so that retention is dropping a partition.
CREATE TABLE item_event (
  item_id bigint NOT NULL,
  sequence integer NOT NULL,
  type text NOT NULL,
  source text,
  message_id text,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  traceparent text,
  body text NOT NULL,
  PRIMARY KEY (item_id, sequence, recorded_at)
) PARTITION BY RANGE (recorded_at);
-- Takes what no month has a partition for, so that nothing is ever refused for want of one.
CREATE TABLE item_event_default PARTITION OF item_event DEFAULT;

-- Makes the partitions for the month of `at` and the `ahead` following ones, months of Asia/Shanghai. Safe to repeat and to run twice at once.
CREATE FUNCTION ensure_event_partitions(at timestamptz, ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  made integer := 0;
  first timestamp;
  name text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('duban.ensure_event_partitions'));
  FOR i IN 0..ahead LOOP
    first := date_trunc('month', at AT TIME ZONE 'Asia/Shanghai') + make_interval(months => i);
    name := 'item_event_' || to_char(first, 'YYYY_MM');
    CONTINUE WHEN to_regclass(name) IS NOT NULL;
    -- Rows of that month that the default partition took in already stay there: the month then has no partition of its own.
    CONTINUE WHEN EXISTS (
      SELECT FROM item_event_default
      WHERE recorded_at >= first AT TIME ZONE 'Asia/Shanghai' AND recorded_at < (first + interval '1 month') AT TIME ZONE 'Asia/Shanghai');
    EXECUTE format('CREATE TABLE %I PARTITION OF item_event FOR VALUES FROM (%L) TO (%L)',
      name, first AT TIME ZONE 'Asia/Shanghai', (first + interval '1 month') AT TIME ZONE 'Asia/Shanghai');
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;
SELECT ensure_event_partitions(duban_now(), 2);

-- Events that came before their item.
CREATE TABLE waiting_event (
  source text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  item_id bigint NOT NULL,
  arrival bigint GENERATED ALWAYS AS IDENTITY,
  type text NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (source, message_id)
);
CREATE INDEX waiting_event_item ON waiting_event (item_id);

-- A deadline that passed at a tier: never erased, once for each item, cycle, clock and tier.
CREATE TABLE breach (
  item_id bigint NOT NULL,
  cycle integer NOT NULL,
  clock text NOT NULL,
  tier text NOT NULL,
  organ_id bigint,
  due_at timestamptz NOT NULL,
  found_at timestamptz NOT NULL,
  PRIMARY KEY (item_id, cycle, clock, tier)
);
CREATE INDEX breach_organ ON breach (organ_id, found_at);
