-- 待派: how many items in work has nobody assigned? Asked every few seconds, however many items there are.
CREATE INDEX item_unassigned ON item (id) WHERE unassigned AND phase IN ('open', 'responded', 'merged');
