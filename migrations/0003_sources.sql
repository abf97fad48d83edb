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

ALTER TABLE item_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY confidential ON item_event FOR SELECT USING (EXISTS (SELECT FROM item WHERE item.id = item_id));

ALTER TABLE waiting_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY confidential ON waiting_event FOR SELECT USING (EXISTS (SELECT FROM item WHERE item.id = item_id));

ALTER TABLE breach ENABLE ROW LEVEL SECURITY;
CREATE POLICY confidential ON breach FOR SELECT USING (EXISTS (SELECT FROM item WHERE item.id = item_id));

ALTER TABLE notice ENABLE ROW LEVEL SECURITY;
CREATE POLICY confidential ON notice FOR SELECT USING (item_id IS NULL OR EXISTS (SELECT FROM item WHERE item.id = item_id));

-- Deduplication keys are kept for a window (see upkeep), which is found by age in the order of arrival.
CREATE INDEX message_taken ON message USING brin (taken_at) WITH (pages_per_range = 32, autosummarize = on);
