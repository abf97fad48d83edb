-- Compares the events on duban.events with the database: one row per check. Reads the events from standard input, one per
-- line.
CREATE TEMPORARY TABLE published (event jsonb);
-- CSV with a quote and a delimiter that JSON cannot contain, so that each line is one value.
\copy published FROM pstdin WITH (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')
WITH expected (type, number) AS (
  SELECT 'item.escalated', (SELECT coalesce(sum(escalations), 0) FROM item)
  UNION ALL SELECT 'item.overdue', (SELECT count(*) FROM breach WHERE tier = 'city')
  UNION ALL SELECT 'slip.issued', (SELECT count(*) FROM breach WHERE slip IS NOT NULL)
  UNION ALL SELECT 'item.due-soon', (SELECT count(*) FROM finding WHERE type = 'item.due-soon')
  UNION ALL SELECT 'item.closed', (SELECT coalesce(sum(cycle - (phase <> 'closed')::int), 0) FROM item)
  UNION ALL SELECT 'notice.proposed', (SELECT count(*) FROM notice WHERE status = 'proposed')
  UNION ALL SELECT 'notice.issued', (SELECT count(*) FROM notice WHERE status = 'issued')
  UNION ALL SELECT 'receipt.accepted', (SELECT count(*) FROM message JOIN upstream_source ON uri = source WHERE wants_receipts)
  UNION ALL SELECT 'receipt.rejected', 5
),
-- A notice that became due while duband was stopping may still be in the outbox, for the next start.
announced AS (
  SELECT regexp_replace(event ->> 'type', '^duban\.', '') AS type FROM published UNION ALL SELECT type FROM outbox
),
found AS (SELECT type, count(*) AS number FROM announced GROUP BY type)
SELECT expected.number = coalesce(found.number, 0),
    coalesce(found.number, 0) || ' of ' || expected.number || ' ' || type || ' published'
  FROM expected LEFT JOIN found USING (type)
UNION ALL
SELECT count(*) = count(DISTINCT event ->> 'id'), 'each event has an id of its own' FROM published
UNION ALL
SELECT string_agg(reason, ' ' ORDER BY reason) = 'conflicting-duplicate not-json unknown-source unknown-type wrong-type',
  'rejected as ' || coalesce(string_agg(reason, ', ' ORDER BY reason), 'nothing')
  FROM (SELECT event #>> '{data,reason}' AS reason FROM published WHERE event ->> 'type' LIKE '%receipt.rejected') AS rejected
