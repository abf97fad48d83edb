-- A daemon that does not own the tables.

-- Partitions are made with the rights of the tables' owner: only an owner may make them. Who may call it, deploy/database says.
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION ensure_partitions(timestamptz, integer) SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE EXECUTE ON FUNCTION ensure_partitions(timestamptz, integer) FROM PUBLIC;
