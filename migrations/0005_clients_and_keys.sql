-- Relying parties (services) and the keys that sign tokens.

-- One service. `metadata` has the names of OpenID Connect Dynamic Client Registration, and ours beside them;
-- secrets are kept apart, as SHA-256 of generated 256-bit secrets (nothing to guess, so nothing to slow down).
CREATE TABLE relying_party (
  client_id     text PRIMARY KEY CHECK (client_id ~ '^[A-Za-z0-9._-]{1,100}$'),
  metadata      jsonb NOT NULL,
  -- Several at once, so that a secret can be replaced without an interruption.
  secret_hashes bytea[] NOT NULL DEFAULT '{}',
  disabled_at   timestamptz,
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL
);

-- A signing key: the public half is what the JWKS shows, the private half is encrypted with the master key.
CREATE TABLE signing_key (
  kid               text PRIMARY KEY,
  algorithm         text NOT NULL CHECK (algorithm IN ('RS256', 'ES256')),
  -- Announced in the JWKS only; signing; shown for verification only; withdrawn.
  state             text NOT NULL DEFAULT 'active' CHECK (state IN ('announced', 'active', 'retired', 'withdrawn')),
  public_jwk        jsonb NOT NULL,
  private_encrypted bytea NOT NULL,
  created_at        timestamptz NOT NULL,
  activated_at      timestamptz,
  retired_at        timestamptz
);

-- One key signs for an algorithm at a time: two processes that start together cannot make two.
CREATE UNIQUE INDEX signing_key_one_active ON signing_key (algorithm) WHERE state = 'active';
