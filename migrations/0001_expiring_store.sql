-- The expiring state (sessions, codes, tokens, approvals, nonces, counters) when it is not in Redis.
-- A row holds a text value or the members of a set. A row past its time is as one that was never written;
-- the sweep job removes it.

CREATE TABLE expiring_state (
  key        text COLLATE "C" PRIMARY KEY,
  value      text,
  members    text[],
  expires_at timestamptz NOT NULL,
  CHECK ((value IS NULL) <> (members IS NULL))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);

CREATE INDEX expiring_state_by_expiry ON expiring_state (expires_at);
