-- Duban's own actions from :since until just before :until (seconds since 1970): one line each, for deploy/demo to print.
WITH lapse AS (
  SELECT at, item_id, id AS sequence, data::jsonb AS facts FROM finding WHERE type IN ('item.escalated', 'item.overdue')
),
slip (colour, chinese) AS (VALUES ('blue', '蓝色督办单'), ('orange', '橙色督办单'), ('red', '红色督办单')),
story AS (
  SELECT at, item_id, lapse.sequence,
    format('%s  %s逾期  %s%s  %s%s', rpad(concat_ws('#', subject, facts -> 'item' ->> 'unit'), 12), CASE facts ->> 'clock' WHEN 'response' THEN '响应' ELSE '办结' END,
      facts ->> 'fromOrgan', CASE WHEN facts ->> 'to' <> facts ->> 'from' THEN ' → ' || (facts ->> 'toOrgan') END,
      (SELECT chinese || '  ' FROM slip WHERE colour = facts ->> 'slip'), title) AS line
  FROM lapse JOIN item ON item.id = item_id
  UNION ALL
  SELECT created_at, item_id, NULL, CASE kind WHEN 'summons' THEN '约谈' ELSE '通报' END || ' ' || status || '  ' || title
  FROM notice
)
SELECT to_char(at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI:SS') || '  ' || line
FROM story WHERE at >= to_timestamp(:since) AND at < to_timestamp(:until)
ORDER BY at, item_id, sequence
