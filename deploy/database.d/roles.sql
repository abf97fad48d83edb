-- The roles of Duban, for deploy/database. Run by a superuser: only such a one may let a role bypass row security.

-- No password gets into the server's log.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['duban_owner', 'duban', 'duban_operator', 'duban_reader', 'duban_confidential', 'duban_contact']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

-- Owns the tables: dubanctl migrate, and what sets Duban up or erases: directory, policy, checklists, schedules, calendar, privacy.
\getenv owner_password DUBAN_OWNER_PASSWORD
ALTER ROLE duban_owner LOGIN PASSWORD :'owner_password';
-- The daemon. It writes by COPY, which row security does not allow, and folds every matter: so it bypasses that. What it is not granted it may not do.
\getenv duban_password DUBAN_DAEMON_PASSWORD
ALTER ROLE duban LOGIN BYPASSRLS PASSWORD :'duban_password';
-- Casework by dubanctl, which writes as the daemon does. It sees the matters of confidential sources. Messages as sent and contacts it may
-- erase, but not read.
\getenv operator_password DUBAN_OPERATOR_PASSWORD
ALTER ROLE duban_operator LOGIN BYPASSRLS PASSWORD :'operator_password';

SELECT format('GRANT CONNECT ON DATABASE %I TO duban_owner, duban, duban_operator, duban_reader', current_database()) \gexec
GRANT USAGE ON SCHEMA public TO duban, duban_operator, duban_reader;
GRANT USAGE, CREATE ON SCHEMA public TO duban_owner;

SELECT to_regclass('public.schema_migration') IS NOT NULL AS migrated \gset
