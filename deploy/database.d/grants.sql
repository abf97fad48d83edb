-- What each role may do with the tables, for deploy/database. Run in a transaction; what was granted before is taken back first.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM duban, duban_operator, duban_reader, duban_confidential, duban_contact;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM duban, duban_operator, duban_reader, duban_confidential, duban_contact;

-- Everybody reads everything but personal data; row security keeps confidential matters from readers.
SELECT format('GRANT SELECT ON %I TO duban, duban_operator, duban_reader', relname)
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname NOT IN ('original', 'contact') \gexec

-- The log of a matter, and what follows from it. Casework goes the same way as a message.
GRANT INSERT ON message, item, item_event, original, contact, verdict, breach, finding, merging, following, notice, notice_ground, outbox,
  problem_series, problem_number
  TO duban, duban_operator;
GRANT UPDATE ON item, verdict, following, notice, problem_series TO duban, duban_operator;
GRANT DELETE ON item, breach TO duban, duban_operator;
GRANT USAGE ON SEQUENCE item_id TO duban, duban_operator;

-- The daemon's alone: what it has done with goes, schedules and calendars move on, partitions are made.
GRANT INSERT, UPDATE, DELETE ON suspect TO duban;
GRANT DELETE ON message, following, outbox TO duban;
GRANT UPDATE ON outbox, schedule, calendar TO duban;
GRANT EXECUTE ON FUNCTION ensure_partitions(timestamptz, integer) TO duban;

-- The operators' alone: the record of dead letters.
GRANT INSERT, UPDATE ON dead_letter_action TO duban_operator;

-- Messages as sent and reporters' names and phones, for those who are granted this role.
GRANT SELECT ON original, contact TO duban_contact;
