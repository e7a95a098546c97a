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

-- PKCE and a nonce are required from now on, and the rest of what was tolerated is a choice of each service. Those
-- registered before go on as they were; `caducee clients show` lists what they may be without.
UPDATE relying_party
SET metadata = metadata || jsonb_build_object(
  'compatibility',
  '["nonce_optional", "scope_all_alone", "any_acr"]'::jsonb
    || CASE WHEN metadata ->> 'token_endpoint_auth_method' = 'none' THEN '[]'::jsonb ELSE '["secret_sent_twice"]'::jsonb END
    || CASE
         WHEN metadata ->> 'token_endpoint_auth_method' = 'none' OR metadata ->> 'require_pkce' = 'true' THEN '[]'::jsonb
         ELSE '["pkce_optional"]'::jsonb
       END
)
WHERE NOT metadata ? 'compatibility';
