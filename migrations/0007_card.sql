-- The card: lists of revoked certificates as last fetched, so that a restart needs no network, and lost cards.

CREATE TABLE card_crl (
  -- Where it is fetched, as configured.
  url          text PRIMARY KEY,
  -- DER of the issuing authority's name, hexadecimal.
  issuer       text NOT NULL,
  -- Number of the base list that a delta completes; null for a base list.
  base_number  numeric,
  number       numeric NOT NULL,
  this_update  timestamptz NOT NULL,
  next_update  timestamptz NOT NULL,
  der          bytea NOT NULL,
  fetched_at   timestamptz NOT NULL
);

-- Cards declared lost or stolen, at once: by certificate serial (hexadecimal) or by card number (issuer/serial).
CREATE TABLE card_opposition (
  serial     text PRIMARY KEY,
  reason     text NOT NULL,
  created_at timestamptz NOT NULL
);

-- A card seen at a sign-in: what the help desk may be asked about, and the certificate, judged again at each authorization.
CREATE TABLE card_seen (
  national_id text NOT NULL,
  serial      text NOT NULL,
  card_number text NOT NULL,
  card_type   text NOT NULL,
  not_after   timestamptz NOT NULL,
  certificate bytea NOT NULL,
  first_at    timestamptz NOT NULL,
  last_at     timestamptz NOT NULL,
  PRIMARY KEY (national_id, serial)
);
CREATE INDEX card_seen_by_number ON card_seen (card_number);
