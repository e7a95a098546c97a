-- The life of a signing key: announced in the JWKS, signing, shown for verification only, withdrawn; and by which key
-- management its private half is encrypted. Code that knows nothing of this goes on with the defaults.

ALTER TABLE signing_key
  -- Announced: from when it may sign.
  ADD COLUMN activate_after timestamptz,
  -- Retired: until when a token that it signed may live.
  ADD COLUMN publish_until  timestamptz,
  ADD COLUMN withdrawn_at   timestamptz,
  -- Withdrawn at once, because its private half may be known to others.
  ADD COLUMN compromised    boolean NOT NULL DEFAULT false,
  ADD COLUMN kms            text NOT NULL DEFAULT 'env' CHECK (kms IN ('env', 'file', 'pkcs11')),
  -- Which of that key management's keys; '' for rows of before.
  ADD COLUMN kms_key        text NOT NULL DEFAULT '';

-- One next key for an algorithm at a time: of many rotations at once, one announces.
CREATE UNIQUE INDEX signing_key_one_announced ON signing_key (algorithm) WHERE state = 'announced';
