-- Schedules, notices, and the outbox by which Duban tells the world.

-- Periodic notices. due_at is the end of the first period that has not been reported.
CREATE TABLE schedule (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  notice text NOT NULL CHECK (notice IN ('summons', 'bulletin')),
  every text NOT NULL,
  tier text NOT NULL CHECK (tier IN ('street', 'district', 'city')),
  threshold integer NOT NULL,
  catch_up integer NOT NULL CHECK (catch_up >= 1),
  enabled boolean NOT NULL DEFAULT true,
  due_at timestamptz NOT NULL
);
CREATE INDEX schedule_due ON schedule (due_at) WHERE enabled;

-- 约谈 and 通报. One for each (schedule, period, organ); over a matter one for each cycle of an item, and another only where the one before
-- was withdrawn. The reference says which.
CREATE TABLE notice (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  reference text NOT NULL UNIQUE,
  kind text NOT NULL CHECK (kind IN ('summons', 'bulletin')),
  status text NOT NULL CHECK (status IN ('proposed', 'issued', 'withdrawn')),
  schedule_id bigint REFERENCES schedule,
  period_start timestamptz,
  period_end timestamptz,
  item_id bigint,
  unit text,
  begun_by integer,
  organ_id bigint,
  organ_name text NOT NULL,
  title text NOT NULL,
  body text NOT NULL,
  evidence jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  withdrawn_at timestamptz,
  UNIQUE (schedule_id, period_start, period_end, organ_id),
  CHECK ((schedule_id IS NULL) <> (item_id IS NULL))
);
CREATE INDEX notice_item ON notice (item_id) WHERE item_id IS NOT NULL;

-- The breaches that a notice rests on.
CREATE TABLE notice_ground (
  notice_id bigint NOT NULL REFERENCES notice,
  item_id bigint NOT NULL,
  breach integer NOT NULL,
  PRIMARY KEY (notice_id, item_id, breach)
);
CREATE INDEX notice_ground_breach ON notice_ground (item_id, breach);

-- Events on their way to duban.events. A row is deleted once the broker has confirmed it.
-- Rows of one order key share a lane, and a lane is published by one relay at a time, in the order of the ids.
CREATE TABLE outbox (
  lane smallint NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  -- The CloudEvents id; duban-<id> where it is null.
  event_id text,
  type text NOT NULL,
  subject text NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  traceparent text,
  data text NOT NULL,
  -- Set when the broker had no queue for it: it is tried again then, and again later.
  attempts integer NOT NULL DEFAULT 0,
  retry_at timestamptz,
  PRIMARY KEY (lane, id)
);
