-- Who may see what. The tables' owner (duband) sees everything.

-- Rows of confidential sources are seen by the owner and by members of the role duban_confidential. The role is the operator's to make
-- (CREATE ROLE duban_confidential); while there is none, only the owner sees them.
CREATE FUNCTION may_see_confidential() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'duban_confidential' AND pg_has_role(current_user, oid, 'MEMBER')) $$;

-- Reporters' names and phones, and messages as sent, are seen by the owner and by members of the role duban_contact.
CREATE FUNCTION may_see_contact() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'duban_contact' AND pg_has_role(current_user, oid, 'MEMBER')) $$;

ALTER TABLE item ENABLE ROW LEVEL SECURITY;
CREATE POLICY confidential ON item FOR SELECT
  USING (NOT EXISTS (SELECT FROM upstream_source WHERE uri = item.source AND confidential) OR may_see_confidential());

-- An entry is seen by those who may see both its item and its own source.
ALTER TABLE item_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY confidential ON item_event FOR SELECT USING (
  EXISTS (SELECT FROM item WHERE item.id = item_id)
  AND (NOT EXISTS (SELECT FROM upstream_source WHERE uri = item_event.source AND confidential) OR may_see_confidential()));

-- Of the rest that hangs on a matter, those who may see the matter see its rows.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['verdict', 'breach', 'finding', 'merging', 'erasure', 'notice_ground'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY confidential ON %I FOR SELECT USING (EXISTS (SELECT FROM item WHERE item.id = item_id))', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['original', 'contact'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY personal ON %I FOR SELECT USING (may_see_contact() AND EXISTS (SELECT FROM item WHERE item.id = item_id))', name);
  END LOOP;
  -- Without a policy only the owner sees rows: partitions are to be read through their tables, keys and events on their way by no other role.
  FOREACH name IN ARRAY ARRAY['item_event_default', 'original_default', 'message', 'outbox', 'suspect', 'following'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
  END LOOP;
END $$;

ALTER TABLE notice ENABLE ROW LEVEL SECURITY;
CREATE POLICY confidential ON notice FOR SELECT USING (item_id IS NULL OR EXISTS (SELECT FROM item WHERE item.id = item_id));
