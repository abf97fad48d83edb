-- Lists of what presses: found without reading what is closed. Wholes that fall due are found by item_wake.

-- What let a deadline pass and is in work: no deadline runs any more once the city's has passed, too.
CREATE INDEX item_overdue ON item (breached_at, id) WHERE breached_at IS NOT NULL AND phase IN ('open', 'responded') AND suspended_at IS NULL;
-- Parts, which have no wake_at of their own.
CREATE INDEX item_part_due ON item (due_at, id) WHERE unit <> '' AND phase IN ('open', 'responded') AND suspended_at IS NULL;
-- What was opened on a day, whatever became of it. Ranges of pages cost intake nothing, and rows lie about in the order of their opening.
CREATE INDEX item_opened ON item USING brin (opened_at) WITH (pages_per_range = 16);
