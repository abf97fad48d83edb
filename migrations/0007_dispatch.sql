-- Dispatch: routing keys by district and street, and the clocks of 签收, 申请办结 and 挂账复核.

ALTER TABLE outbox ADD COLUMN routing_key text;
-- What waits to be published is known by its type alone; what is a confidential source's stays apart.
UPDATE outbox SET routing_key =
  CASE WHEN EXISTS (SELECT FROM upstream_source WHERE confidential AND starts_with(outbox.subject, uri || '/')) THEN 'confidential.' ELSE '' END
  || type || '.-.-';
ALTER TABLE outbox ALTER COLUMN routing_key SET NOT NULL;

-- The new checks allow more than the old ones: no row needs to be looked at while writers wait.
ALTER TABLE item DROP CONSTRAINT item_clock_check;
ALTER TABLE item ADD CONSTRAINT item_clock_check
  CHECK (clock IN ('acceptance', 'response', 'submission', 'resolution', 'review')) NOT VALID;
ALTER TABLE breach DROP CONSTRAINT breach_clock_check;
ALTER TABLE breach ADD CONSTRAINT breach_clock_check
  CHECK (clock IN ('acceptance', 'response', 'submission', 'resolution', 'review')) NOT VALID;

-- The entry that started the clock again within the cycle (改派, 挂账, its review); 0 where it ran from the cycle's beginning.
ALTER TABLE breach ADD COLUMN started_by integer NOT NULL DEFAULT 0;
