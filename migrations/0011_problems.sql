-- Problems (问题): a kind of item of their own, and their numbers on the ledger (立账编号), which they keep for good.

-- The new check allows more than the old one: no row needs to be looked at while writers wait.
ALTER TABLE item DROP CONSTRAINT item_kind_check;
ALTER TABLE item ADD CONSTRAINT item_kind_check CHECK (kind IN ('complaint', 'inspection', 'problem', 'funding', 'reminder')) NOT VALID;

-- The last number of each district and year of recording (Asia/Shanghai); district 0 for what no district is known of.
CREATE TABLE problem_series (
  district_id bigint NOT NULL,
  year integer NOT NULL,
  last integer NOT NULL,
  PRIMARY KEY (district_id, year)
);
CREATE TABLE problem_number (
  item_id bigint PRIMARY KEY,
  district_id bigint NOT NULL,
  -- Its name when the number was given; null where no district was known.
  district text,
  year integer NOT NULL,
  number integer NOT NULL,
  UNIQUE (district_id, year, number)
);
