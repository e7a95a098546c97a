-- The e-CPS: phones, their PIN counters, activations, and the proof of each approval.
-- What must not be lost or rolled back (counters, seq, what served once) lives here; a sign-in in flight lives in
-- the expiring store.

-- The OPRF master M and the receipt key S, encrypted with the key ring; made once, under a lock.
CREATE TABLE ecps_key (
  name       text PRIMARY KEY,
  sealed     bytea NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE TABLE ecps_device (
  id               text PRIMARY KEY,
  practitioner_id  uuid NOT NULL REFERENCES practitioner (id),
  national_id      text NOT NULL,
  name             text NOT NULL,
  model            text NOT NULL,
  os               text NOT NULL,
  locale           text NOT NULL CHECK (locale IN ('fr', 'en')),
  -- As last written; time alone turns quarantine into active and active into expired (src/ecps/devices/state.ts).
  state            text NOT NULL CHECK (state IN ('active', 'quarantine', 'locked', 'frozen', 'expired', 'revoked')),
  -- How its owner proved who he is, and with what (an activation, the serial of a card).
  via              text NOT NULL CHECK (via IN ('contact', 'card')),
  vouched_by       text NOT NULL,
  place            text NOT NULL DEFAULT '',
  -- Public key D and its RFC 7638 thumbprint.
  jwk              jsonb NOT NULL,
  thumbprint       text NOT NULL UNIQUE,
  -- Generation of the PIN key in use.
  gen              integer NOT NULL,
  -- Last signed payload: its number, its hash and what was answered, whether or not the PIN was right.
  seq              bigint NOT NULL,
  seq_hash         bytea NOT NULL,
  seq_answer       jsonb,
  -- Evaluations since the last right approval, shared by both generations during a rollback.
  pin_tries        integer NOT NULL DEFAULT 0,
  pin_tried_at     timestamptz,
  quarantine_until timestamptz,
  push_sealed      bytea,
  revocation_hmac  bytea NOT NULL UNIQUE,
  stop_hmac        bytea NOT NULL UNIQUE,
  added_at         timestamptz NOT NULL,
  last_used_at     timestamptz,
  expires_at       timestamptz NOT NULL,
  -- The reminder last sent, in days before expiry.
  reminded_days    integer,
  ended_at         timestamptz,
  ended_why        text,
  -- When the sessions born from a revoked phone were ended; tried again until then.
  sessions_ended_at timestamptz
);
CREATE INDEX ecps_device_sessions_to_end ON ecps_device (ended_at)
  WHERE state = 'revoked' AND sessions_ended_at IS NULL;
CREATE INDEX ecps_device_by_person ON ecps_device (practitioner_id);
CREATE INDEX ecps_device_by_national_id ON ecps_device (national_id);
CREATE INDEX ecps_device_by_expiry ON ecps_device (expires_at) WHERE state <> 'revoked';
CREATE INDEX ecps_device_quarantined ON ecps_device (quarantine_until) WHERE state = 'quarantine';

-- One row for each generation ever allotted to a device; a number is never used again, even if abandoned.
-- No foreign key: the first generation of a phone exists before the phone is enrolled.
CREATE TABLE ecps_generation (
  device_id  text NOT NULL,
  gen        integer NOT NULL,
  -- The activation or PIN change it was allotted to.
  scope      text NOT NULL,
  state      text NOT NULL CHECK (state IN ('open', 'current', 'former', 'abandoned')),
  -- P_pub, encrypted (AAD = device_id|gen); absent while open.
  p_sealed   bytea,
  -- Evaluations not followed by a right approval, over the generation's whole life.
  wrong      integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (device_id, gen)
);

-- One row for each distinct blinded PIN evaluated: asking again for the same one costs nothing.
CREATE TABLE ecps_evaluation (
  -- The sign-in, activation or operation during which it was asked.
  scope        text NOT NULL,
  device_id    text NOT NULL,
  gen          integer NOT NULL,
  blinded_hash bytea NOT NULL,
  at           timestamptz NOT NULL,
  PRIMARY KEY (scope, device_id, gen, blinded_hash)
);
CREATE INDEX ecps_evaluation_by_time ON ecps_evaluation (at);

CREATE TABLE ecps_activation (
  id              text PRIMARY KEY,
  practitioner_id uuid NOT NULL REFERENCES practitioner (id),
  national_id     text NOT NULL,
  -- Id of the phone to be: a new one, or that of the phone that already has this key D.
  device_id       text NOT NULL,
  jwk             jsonb NOT NULL,
  thumbprint      text NOT NULL,
  name            text NOT NULL,
  model           text NOT NULL,
  os              text NOT NULL,
  locale          text NOT NULL CHECK (locale IN ('fr', 'en')),
  address         text NOT NULL,
  place           text NOT NULL DEFAULT '',
  state           text NOT NULL CHECK (state IN ('mail_sent', 'sms_sent', 'pin_due', 'done', 'spent', 'refused', 'superseded', 'closed', 'expired')),
  -- Over a quota: same answers, but no mail was sent.
  silent          boolean NOT NULL DEFAULT false,
  qr_tries        integer NOT NULL DEFAULT 0,
  typed_tries     integer NOT NULL DEFAULT 0,
  mail_used_at    timestamptz,
  -- Also the HOTP counter of the code last sent.
  sms_sends       integer NOT NULL DEFAULT 0,
  sms_tries       integer NOT NULL DEFAULT 0,
  sms_expires_at  timestamptz,
  sms_used_at     timestamptz,
  gen             integer,
  -- What the enrolment answered, for who lost the answer; encrypted, it holds the revocation code.
  enrol_hash      bytea,
  enrol_sealed    bytea,
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  ended_at        timestamptz
);
CREATE INDEX ecps_activation_by_person ON ecps_activation (practitioner_id, created_at);
CREATE INDEX ecps_activation_by_key ON ecps_activation (thumbprint, created_at);
CREATE INDEX ecps_activation_by_address ON ecps_activation (address, created_at);
CREATE INDEX ecps_activation_open ON ecps_activation (expires_at) WHERE state IN ('mail_sent', 'sms_sent', 'pin_due');

-- Each mail and SMS of an activation; of a mail's two secrets only HMACs bound to the phone's key.
CREATE TABLE ecps_activation_send (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  activation_id   text NOT NULL REFERENCES ecps_activation (id) ON DELETE CASCADE,
  practitioner_id uuid NOT NULL,
  kind            text NOT NULL CHECK (kind IN ('mail', 'sms')),
  qr_hmac         bytea,
  typed_hmac      bytea,
  at              timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL
);
CREATE INDEX ecps_activation_send_by_person ON ecps_activation_send (practitioner_id, kind, at);
CREATE INDEX ecps_activation_send_by_activation ON ecps_activation_send (activation_id);

-- What a phone does with its PIN besides signing in: change it, renew, let a new phone in.
CREATE TABLE ecps_operation (
  id               text PRIMARY KEY,
  kind             text NOT NULL CHECK (kind IN ('pin_change', 'renewal', 'new_phone')),
  device_id        text NOT NULL REFERENCES ecps_device (id),
  state            text NOT NULL CHECK (state IN ('open', 'proven', 'committed', 'rolled_back', 'final', 'done', 'expired')),
  challenge        text NOT NULL,
  -- The generation in use when it started, and that of the new PIN.
  gen              integer NOT NULL,
  new_gen          integer,
  target_device_id text REFERENCES ecps_device (id),
  created_at       timestamptz NOT NULL,
  expires_at       timestamptz NOT NULL,
  -- A committed PIN change may be undone until then.
  rollback_until   timestamptz
);
CREATE INDEX ecps_operation_by_device ON ecps_operation (device_id, created_at);

-- What a phone signed for good: the whole JWS, and the server's receipt of it.
CREATE TABLE ecps_receipt (
  id              text PRIMARY KEY,
  kind            text NOT NULL,
  -- The sign-in, activation or operation; approved once.
  scope           text NOT NULL,
  device_id       text NOT NULL REFERENCES ecps_device (id),
  practitioner_id uuid NOT NULL,
  national_id     text NOT NULL,
  gen             integer NOT NULL,
  jws             jsonb NOT NULL,
  context         jsonb,
  receipt         text NOT NULL,
  flow            text CHECK (flow IN ('cross', 'same')),
  verifier_hash   text,
  at              timestamptz NOT NULL,
  -- When the browser that asked was let in: once.
  served_at       timestamptz
);
CREATE UNIQUE INDEX ecps_receipt_once ON ecps_receipt (scope, kind);
CREATE INDEX ecps_receipt_by_person ON ecps_receipt (national_id, at DESC);

-- What the owner sees of his own, newest first.
CREATE TABLE ecps_history (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  national_id text NOT NULL,
  kind        text NOT NULL,
  service     text,
  browser     text,
  place       text,
  device      text,
  at          timestamptz NOT NULL
);
CREATE INDEX ecps_history_by_person ON ecps_history (national_id, id DESC);

-- Browsers from which a person has already signed in, and origins that he reported.
CREATE TABLE ecps_browser (
  national_id  text NOT NULL,
  browser_hmac bytea NOT NULL,
  first_at     timestamptz NOT NULL,
  last_at      timestamptz NOT NULL,
  PRIMARY KEY (national_id, browser_hmac)
);
CREATE TABLE ecps_silence (
  national_id text NOT NULL,
  origin_hmac bytea NOT NULL,
  until       timestamptz NOT NULL,
  PRIMARY KEY (national_id, origin_hmac)
);
