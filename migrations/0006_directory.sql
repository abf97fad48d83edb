-- The directory: what organs are called and who answers there, what sources may say, and every change on record.

-- A community (社区) is an organ below a street; no chain starts there yet.
ALTER TABLE organ DROP CONSTRAINT organ_tier_check;
ALTER TABLE organ ADD CONSTRAINT organ_tier_check CHECK (tier IN ('community', 'street', 'district', 'city'));
ALTER TABLE organ
  -- 统计用区划代码: 12 digits.
  ADD code text CHECK (code ~ '^[0-9]{12}$'),
  -- Other names that messages may use.
  ADD aliases text[] NOT NULL DEFAULT '{}',
  -- The names that it had, and the organs that it belonged to, before the present ones: they lead to it still.
  ADD former_names text[] NOT NULL DEFAULT '{}',
  ADD former_parent_ids bigint[] NOT NULL DEFAULT '{}',
  -- 承办机关, 督办机关 and government, by their formal names.
  ADD handling_office text,
  ADD supervising_office text,
  ADD government text,
  -- It exists no more since then. It stays, so that names on record stay readable; its matters and names go to the successor.
  ADD retired_at timestamptz,
  ADD successor_id bigint REFERENCES organ,
  ADD CONSTRAINT organ_successor_check CHECK (successor_id IS NULL OR retired_at IS NOT NULL AND successor_id <> id);
CREATE UNIQUE INDEX organ_code ON organ (code) WHERE retired_at IS NULL;
-- A name that was an organ's may come back as another one's.
ALTER TABLE organ DROP CONSTRAINT organ_parent_id_name_key;
CREATE UNIQUE INDEX organ_name ON organ (parent_id, name) NULLS NOT DISTINCT WHERE retired_at IS NULL;

-- The persons who are responsible at a street, for one of its communities (社区) or 小区, or at a unit. As the file in force names them.
CREATE TABLE person (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('社区干部', '街道干部', '小区长', '网格员', '联系人')),
  organ_id bigint NOT NULL REFERENCES organ,
  community text,
  project text
);

-- In whose name a source speaks, and of a confidential one the unit that its matters go to.
ALTER TABLE upstream_source
  ADD organs bigint[] NOT NULL DEFAULT '{}',
  ADD recipient_id bigint REFERENCES organ;

-- What a source may say of the items of others. Null: every act, every source that is not confidential, everywhere.
CREATE TABLE source_grant (
  uri text NOT NULL REFERENCES upstream_source ON DELETE CASCADE,
  number integer NOT NULL,
  acts text[],
  sources text[],
  regions bigint[],
  PRIMARY KEY (uri, number)
);

-- The AMQP users of operators' tools, which may send for every source.
CREATE TABLE operator (
  amqp_user text PRIMARY KEY
);

-- Every change of the directory: the file that was applied, or why an organ was retired.
CREATE TABLE directory_version (
  version integer PRIMARY KEY,
  document text,
  because text,
  applied_at timestamptz NOT NULL,
  applied_by text NOT NULL,
  changes text[] NOT NULL
);
INSERT INTO directory_version (version, applied_at, applied_by, changes)
SELECT directory, duban_now(), session_user, ARRAY['as it was before versions were kept'] FROM reference_version WHERE directory > 0;
