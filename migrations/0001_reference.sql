-- Reference data: the clock, organs and sources, policies, calendars. Every time is the database's (duban_now()) or upstream's own
-- (occurred_at); workers never write a time of their clock.

-- The clock of all Duban, which an operator or a test can set ahead. Empty in production: then it is the real time.
CREATE TABLE clock_override (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  ahead interval NOT NULL
);

CREATE FUNCTION duban_now() RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT statement_timestamp() + coalesce((SELECT ahead FROM clock_override), interval '0') $$;

-- Workers that sleep until something falls due are told when the clock is moved.
CREATE FUNCTION tell_clock() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NOTIFY duban_due; NOTIFY duban_schedule; RETURN NULL; END $$;
CREATE TRIGGER clock_moved AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON clock_override
  FOR EACH STATEMENT EXECUTE FUNCTION tell_clock();

-- The organs of the chain 街道 → 区 → 市, and units beside it (主办, 协办), which have no tier.
CREATE TABLE organ (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tier text CHECK (tier IN ('street', 'district', 'city')),
  name text NOT NULL,
  parent_id bigint REFERENCES organ,
  -- 工作时, such as 08:30-12:00,14:30-17:30; null: those of the organ above.
  office_hours text,
  UNIQUE NULLS NOT DISTINCT (parent_id, name)
);

-- The hours that an organ kept before, so that a deadline that was computed by them can be explained by them.
CREATE TABLE former_office_hours (
  organ_id bigint NOT NULL REFERENCES organ,
  hours text,
  until timestamptz NOT NULL,
  PRIMARY KEY (organ_id, until)
);

-- The upstream systems that may send.
CREATE TABLE upstream_source (
  uri text PRIMARY KEY,
  name text NOT NULL,
  wants_receipts boolean NOT NULL DEFAULT false,
  -- The AMQP users that may send for it; empty: the broker's permissions alone decide.
  users text[] NOT NULL DEFAULT '{}',
  -- 12388: its items are seen only by those who handle them.
  confidential boolean NOT NULL DEFAULT false
);

-- Policies as they were applied, kept for ever: an item stays on the version it was opened under, unless an operator moves it.
CREATE TABLE policy (
  version integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  document text NOT NULL,
  applied_at timestamptz NOT NULL,
  applied_by text NOT NULL DEFAULT session_user
);

-- The calendars of workdays (工作日), as they were imported, kept for ever.
CREATE TABLE calendar (
  version integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  document text NOT NULL,
  imported_at timestamptz NOT NULL,
  imported_by text NOT NULL,
  -- Up to which item those in work have been brought to the calendar; null once all are.
  reached bigint DEFAULT 0
);

-- The versions that workers keep in memory. One row, read with every batch.
CREATE TABLE reference_version (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  policy integer REFERENCES policy,
  calendar integer REFERENCES calendar,
  directory integer NOT NULL DEFAULT 0
);
INSERT INTO reference_version DEFAULT VALUES;
