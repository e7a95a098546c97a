-- HTTP messages to services (a session ended, a CIBA request has its answer): written before the answer that causes
-- them, delivered afterwards by any process, each service at its own pace.

CREATE TABLE http_delivery (
  id              uuid PRIMARY KEY,
  kind            text NOT NULL CHECK (kind IN ('backchannel_logout', 'ciba_ping')),
  client_id       text NOT NULL,
  -- What operators may see of the address.
  host            text NOT NULL,
  -- Address and content, encrypted with the key ring; NULL once the story is over.
  sealed          bytea,
  -- The person it is about, if it is about one.
  national_id     text,
  state           text NOT NULL DEFAULT 'queued'
                    CHECK (state IN ('queued', 'sending', 'sent', 'abandoned', 'expired')),
  -- Counted when a process claims it: also the token that tells a late process it was overtaken.
  attempts        integer NOT NULL DEFAULT 0,
  -- queued: when to try; sending: when the lease of the process that claimed it ends.
  next_attempt_at timestamptz NOT NULL,
  -- What the service answered last, if it answered.
  last_status     integer,
  last_error      text,
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  CHECK ((state IN ('queued', 'sending')) = (sealed IS NOT NULL)),
  CHECK ((state IN ('queued', 'sending')) = (ended_at IS NULL))
);

CREATE INDEX http_delivery_due ON http_delivery (next_attempt_at) WHERE state IN ('queued', 'sending');
CREATE INDEX http_delivery_expiring ON http_delivery (expires_at) WHERE state IN ('queued', 'sending');
CREATE INDEX http_delivery_service ON http_delivery (client_id, created_at DESC);
CREATE INDEX http_delivery_person ON http_delivery (national_id, created_at DESC) WHERE national_id IS NOT NULL;
CREATE INDEX http_delivery_created ON http_delivery (created_at);
CREATE INDEX http_delivery_ended ON http_delivery (ended_at) WHERE ended_at IS NOT NULL;
