-- Services: secrets that end, and what went wrong lately.

-- When a secret ends, by its SHA-256 in hexadecimal; a secret that is not here has no end. `secret_hashes` keeps all of
-- them until the sweep takes away those that ended.
ALTER TABLE relying_party ADD COLUMN secret_expiries jsonb NOT NULL DEFAULT '{}';

-- A request of a service that failed: the error and the facts that explain it, for `caducee clients doctor`. No secret, no
-- token, nobody's name. The newest of each service are kept, for two weeks.
CREATE TABLE client_failure (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  client_id   text NOT NULL,
  at          timestamptz NOT NULL,
  endpoint    text NOT NULL,
  error       text NOT NULL,
  description text NOT NULL DEFAULT '',
  detail      text NOT NULL DEFAULT '',
  facts       jsonb NOT NULL DEFAULT '{}',
  support_id  text
);

CREATE INDEX client_failure_by_client ON client_failure (client_id, id DESC);
