-- What operators did with dead letters: who, when, what and why. A letter is dealt with once.
CREATE TABLE dead_letter_action (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  letter text NOT NULL,
  queue text NOT NULL,
  action text NOT NULL CHECK (action IN ('replayed', 'mended', 'discarded')),
  -- Why it was refused, and why it was discarded or how it was mended.
  refused_for text NOT NULL,
  reason text,
  done_by text NOT NULL,
  begun_at timestamptz NOT NULL,
  -- Null while it is not known whether it came to an end: it may be begun again then.
  done_at timestamptz,
  -- A digest by which copies of one letter are known; letters are sent at least once.
  content text NOT NULL
);
CREATE INDEX dead_letter_action_letter ON dead_letter_action (letter);
CREATE INDEX dead_letter_action_content ON dead_letter_action (content);
