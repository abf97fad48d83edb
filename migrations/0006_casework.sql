-- What waits for a person: events whose item does not come, and dead letters, with a record of every attempt.

-- When it was told to operators that the event has waited longer than the policy's `waiting`; null before.
ALTER TABLE waiting_event ADD COLUMN flagged_at timestamptz;
CREATE INDEX waiting_event_unflagged ON waiting_event (recorded_at) WHERE flagged_at IS NULL;

-- Waiting events that an operator gave up, because their item will never come. What they said is gone; that they came is not.
CREATE TABLE discarded_event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  item_id bigint NOT NULL,
  type text NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  reason text NOT NULL,
  done_by text NOT NULL,
  done_at timestamptz NOT NULL
);
ALTER TABLE discarded_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY confidential ON discarded_event FOR SELECT USING (
  EXISTS (SELECT FROM item WHERE item.id = item_id)
  AND (NOT EXISTS (SELECT FROM upstream_source WHERE uri = discarded_event.source AND confidential) OR may_see_confidential()));

-- A letter that was begun and not finished may be begun again; who began it before stays on record.
ALTER TABLE dead_letter_action DROP CONSTRAINT dead_letter_action_pkey;
ALTER TABLE dead_letter_action ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
-- A digest by which copies of one letter are known; letters are sent at least once. Null in rows older than the column.
ALTER TABLE dead_letter_action ADD COLUMN content text;
CREATE INDEX dead_letter_action_letter ON dead_letter_action (letter);
CREATE INDEX dead_letter_action_content ON dead_letter_action (content);
