-- Operators by name: who may act on the house, and every act that one of them signed.

CREATE TABLE operator (
  name       text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9._-]{1,39}$'),
  -- SubjectPublicKeyInfo, DER: Ed25519 or P-256. One key is one person's.
  public_key bytea NOT NULL UNIQUE,
  -- Where the others' acts are reported.
  email      text,
  added_at   timestamptz NOT NULL,
  -- Null: registered before there were two to confirm each other.
  added_by   text,
  removed_at timestamptz
);

-- One act: asked, signed, and what became of it. Never deleted; each change of state is an audit event too.
CREATE TABLE operator_act (
  id            text PRIMARY KEY,
  -- `stop` is done at once and then seen by a second operator; `open` waits for the second; `serve` neither.
  kind          text NOT NULL CHECK (kind IN ('stop', 'open', 'serve')),
  name          text NOT NULL,
  -- The command line that does it, encrypted: it may hold an address or a number.
  command       bytea NOT NULL,
  -- SHA-256 of what it is about: the second operator confirms this and nothing else.
  digest        bytea NOT NULL,
  national_id   text,
  reason        text NOT NULL,
  operator      text NOT NULL REFERENCES operator (name),
  signature     text NOT NULL,
  break_glass   boolean NOT NULL DEFAULT false,
  state         text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'refused', 'expired')),
  asked_at      timestamptz NOT NULL,
  expires_at    timestamptz,
  -- The second operator: who confirmed or refused an act that opens, who has seen one that stops.
  second        text REFERENCES operator (name),
  second_signature text,
  second_at     timestamptz,
  CHECK (second IS NULL OR second <> operator)
);

CREATE INDEX operator_act_newest ON operator_act (asked_at DESC);
CREATE INDEX operator_act_open ON operator_act (asked_at) WHERE second IS NULL;
