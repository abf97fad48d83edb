-- The community (社区) as a tier of the chain, where a policy names it.

-- Which organ it is; `community` has upstream's words for it. Of what was stamped before, it is not known.
ALTER TABLE item ADD COLUMN community_id bigint;

-- The new checks allow more than the old ones: no row needs to be looked at while writers wait. Supervision rises to a street at least.
ALTER TABLE item DROP CONSTRAINT item_tier_check;
ALTER TABLE item ADD CONSTRAINT item_tier_check CHECK (tier IN ('community', 'street', 'district', 'city')) NOT VALID;
ALTER TABLE breach DROP CONSTRAINT breach_tier_check;
ALTER TABLE breach ADD CONSTRAINT breach_tier_check CHECK (tier IN ('community', 'street', 'district', 'city')) NOT VALID;
