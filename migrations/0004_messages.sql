-- The outbox: a message is written in the transaction that causes it, and sent afterwards by any process.

CREATE TABLE outbox_message (
  id               uuid PRIMARY KEY,
  kind             text NOT NULL CHECK (kind IN ('mail', 'sms', 'push')),
  template         text NOT NULL,
  locale           text NOT NULL CHECK (locale IN ('fr', 'en')),
  -- Recipient and data (address, number, QR text, codes), encrypted with the key ring; NULL once the story is over.
  sealed           bytea,
  -- What the help desk may see of the recipient: j•••@e•••.test, +33 6 •• •• •• 12.
  recipient_masked text NOT NULL,
  state            text NOT NULL DEFAULT 'queued'
                     CHECK (state IN ('queued', 'sending', 'sent', 'abandoned', 'expired')),
  -- Counted when a process claims the message: also the token that tells a late process it was overtaken.
  attempts         integer NOT NULL DEFAULT 0,
  -- queued: when to try; sending: when the lease of the process that claimed it ends.
  next_attempt_at  timestamptz NOT NULL,
  last_error       text,
  provider_id      text,
  practitioner_id  uuid,
  activation_id    text,
  device_id        text,
  -- At most one message for each key, ever (a reminder, an alert that two processes notice).
  dedupe_key       text,
  created_at       timestamptz NOT NULL,
  expires_at       timestamptz NOT NULL,
  -- When it was sent, abandoned or found expired.
  ended_at         timestamptz,
  CHECK ((state IN ('queued', 'sending')) = (sealed IS NOT NULL)),
  CHECK ((state IN ('queued', 'sending')) = (ended_at IS NULL))
);

CREATE UNIQUE INDEX outbox_message_dedupe ON outbox_message (dedupe_key) WHERE dedupe_key IS NOT NULL;
CREATE INDEX outbox_message_due ON outbox_message (kind, next_attempt_at) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_message_expiring ON outbox_message (expires_at) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_message_person ON outbox_message (practitioner_id, created_at DESC);
CREATE INDEX outbox_message_activation ON outbox_message (activation_id) WHERE activation_id IS NOT NULL;
CREATE INDEX outbox_message_created ON outbox_message (created_at);
