-- The expected result of the demo's traffic in the database: one row per check, true once it is reached. Read-only.
-- deploy/demo --check repeats it until all are true.
WITH expected (subject, phase, tier, cycle, escalations, breaches, unassigned) AS (VALUES
  -- Answered and settled in time: no escalation.
  ('HS-2026-0001', 'closed', 'street', 1, 0, 0, false),
  ('JD-0001', 'closed', 'street', 1, 0, 0, false),
  ('SJG-0001', 'closed', 'street', 1, 0, 0, false),
  ('XC-0001', 'closed', 'street', 1, 0, 0, false),
  ('ZJ-0001', 'closed', 'street', 1, 0, 0, false),
  ('ZJ-0002', 'closed', 'street', 1, 0, 0, false),       -- rejected
  ('TX-0001', 'closed', 'street', 1, 0, 0, false),
  ('TX-0003', 'closed', 'street', 1, 0, 0, false),       -- cancelled
  ('HS-2026-0010', 'closed', 'street', 1, 0, 0, false),  -- withdrawn
  ('HS-2026-0004', 'closed', 'street', 1, 0, 0, false),  -- its answer came before it did
  -- Answered late: settled, but the breach stays.
  ('HS-2026-0007', 'closed', 'district', 1, 1, 1, false),
  -- Answered but never settled: the second clock escalates.
  ('HS-2026-0009', 'responded', 'city', 1, 2, 3, false),
  ('XC-0002', 'responded', 'city', 1, 2, 3, false),      -- the recheck failed
  ('ZJ-0004', 'responded', 'city', 1, 2, 3, false),
  -- 主办 and 协办: one unit has done its part, another misses its deadline, and the lead has answered and not settled.
  ('HS-2026-0011', 'responded', 'city', 1, 2, 3, false),
  ('HS-2026-0011#黄石供电公司', 'closed', 'street', 1, 0, 0, false),
  ('HS-2026-0011#黄石通信公司', 'open', 'city', 1, 2, 3, false),
  -- Never handled: both clocks escalate, 响应 and 办结, each 街道 → 区 → 市.
  ('HS-2026-0002', 'open', 'city', 1, 4, 6, false),
  ('HS-2026-0003', 'open', 'city', 1, 4, 6, false),
  ('QR-0001', 'open', 'city', 1, 4, 6, false),
  ('XC-0003', 'open', 'city', 1, 4, 6, false),
  ('ZJ-0003', 'open', 'city', 1, 4, 6, false),
  ('TX-0002', 'open', 'city', 1, 2, 3, false),           -- a reminder has one clock
  ('HS-2026-0008', 'open', 'city', 1, 4, 6, false),      -- delayed upstream for a minute, so late on arrival
  ('QR-0002', 'open', 'city', 2, 4, 6, false),           -- 不满意: reopened, then never handled
  -- 待派: accepted anyway, at the lowest known tier.
  ('HS-2026-0005', 'open', 'city', 1, 2, 4, true),
  ('HS-2026-0006', 'open', 'city', 1, 0, 2, true)
),
found AS (
  SELECT concat_ws('#', subject, nullif(unit, '')), phase, tier, cycle, escalations,
    (SELECT count(*)::int FROM breach WHERE breach.item_id = item.matter_id AND coalesce(breach.unit, '') = item.unit), unassigned
  FROM item
),
differing AS ((TABLE expected EXCEPT TABLE found) UNION (TABLE found EXCEPT TABLE expected))
SELECT NOT EXISTS (TABLE differing), '27 items stand as their stories say'
  || coalesce((SELECT ', but not ' || string_agg(DISTINCT subject, ', ') FROM differing), '')
UNION ALL
SELECT count(*) = 59, count(*) || ' of 59 messages taken, each once' FROM message
UNION ALL
SELECT count(*) = 0, count(*) || ' events still wait for their item' FROM verdict WHERE verdict = 'waits'
UNION ALL
SELECT bool_and(logged = entries), 'every item''s log is without gaps'
  FROM (SELECT item.entries, count(e.number) FILTER (WHERE e.number <= item.entries) AS logged
        FROM item LEFT JOIN item_event e ON e.item_id = item.id WHERE item.unit = '' GROUP BY item.id) AS log
UNION ALL
SELECT count(*) = 2, 'the 催办 and the 退单 are counted'
  FROM item WHERE (subject, urgings, returns) IN (('HS-2026-0003', 1, 0), ('HS-2026-0009', 0, 1))
UNION ALL
SELECT count(*) = 14, count(*) || ' of 14 约谈 proposed, one for each matter and part that is overdue at 市' FROM notice WHERE item_id IS NOT NULL
UNION ALL
SELECT count(DISTINCT organ_id) = 6, '通报 issued to ' || count(DISTINCT organ_id) || ' of 6 districts'
  FROM notice WHERE kind = 'bulletin'
UNION ALL
SELECT count(*) > 0, count(*) || ' 约谈 proposed for streets that were late repeatedly'
  FROM notice WHERE kind = 'summons' AND schedule_id IS NOT NULL
UNION ALL
SELECT count(*) = 0, count(*) || ' events still in the outbox' FROM outbox
