-- Who may send for a source, and whose items only some may see.

ALTER TABLE upstream_source
  -- The AMQP users that may send for it; empty: the broker's permissions alone decide.
  ADD COLUMN users text[] NOT NULL DEFAULT '{}',
  -- 12388: what it sends must not spread beyond those who handle it.
  ADD COLUMN confidential boolean NOT NULL DEFAULT false;

-- Rows of confidential sources are seen by the tables' owner (duband) and by members of the role duban_confidential, by nobody else.
-- The role is the operator's to make (CREATE ROLE duban_confidential); while there is none, only the owner sees them.
CREATE FUNCTION may_see_confidential() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'duban_confidential' AND pg_has_role(current_user, oid, 'MEMBER')) $$;

ALTER TABLE item ENABLE ROW LEVEL SECURITY;
CREATE POLICY confidential ON item FOR SELECT
  USING (NOT EXISTS (SELECT FROM upstream_source WHERE uri = item.source AND confidential) OR may_see_confidential());

-- An event is seen by who may see both its item and its own source.
ALTER TABLE item_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY confidential ON item_event FOR SELECT USING (
  EXISTS (SELECT FROM item WHERE item.id = item_id)
  AND (NOT EXISTS (SELECT FROM upstream_source WHERE uri = item_event.source AND confidential) OR may_see_confidential()));

ALTER TABLE waiting_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY confidential ON waiting_event FOR SELECT USING (
  EXISTS (SELECT FROM item WHERE item.id = item_id)
  AND (NOT EXISTS (SELECT FROM upstream_source WHERE uri = waiting_event.source AND confidential) OR may_see_confidential()));

-- Without a policy only the owner sees rows: partitions are to be read through item_event, keys and events on their way by nobody.
CREATE FUNCTION hide_event_partitions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT inhrelid::regclass FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'item_event'::regclass AND NOT relrowsecurity
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
  END LOOP;
END $$;
SELECT hide_event_partitions();
ALTER TABLE message ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE suspect ENABLE ROW LEVEL SECURITY;

ALTER TABLE breach ENABLE ROW LEVEL SECURITY;
CREATE POLICY confidential ON breach FOR SELECT USING (EXISTS (SELECT FROM item WHERE item.id = item_id));

ALTER TABLE notice ENABLE ROW LEVEL SECURITY;
CREATE POLICY confidential ON notice FOR SELECT USING (item_id IS NULL OR EXISTS (SELECT FROM item WHERE item.id = item_id));

-- Deduplication keys are kept for a window (see upkeep), which is found by age in the order of arrival.
CREATE INDEX message_taken ON message USING brin (taken_at) WITH (pages_per_range = 32);
