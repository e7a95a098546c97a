-- The audit trail by months: old months are dropped whole, and their place in the chain is remembered. What has no month
-- of its own goes to the last partition, so that nothing is ever lost. Code that knew one table works on as before.
--
-- The rows of before stay where they are: their table becomes the first partition, up to the end of the current month.
-- The lock is held for as long as it takes to index them once (a second for a million).

ALTER TABLE audit_event RENAME TO audit_event_first;
DO $$
DECLARE
  last_id bigint := coalesce((SELECT max(id) FROM audit_event_first), 0);
  until timestamptz := (date_trunc('month', greatest(now(), (SELECT max(at) FROM audit_event_first)) AT TIME ZONE 'UTC')
                        + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
  ALTER TABLE audit_event_first ALTER COLUMN id DROP IDENTITY;
  ALTER TABLE audit_event_first DROP CONSTRAINT audit_event_pkey;
  ALTER TABLE audit_event_first RENAME CONSTRAINT audit_event_sealed_number_key TO audit_event_first_sealed_number_key;
  DROP TRIGGER audit_event_append_only ON audit_event_first; -- comes back with the partition
  ALTER INDEX audit_event_unsealed RENAME TO audit_event_first_unsealed;
  ALTER INDEX audit_event_by_person RENAME TO audit_event_first_by_person;
  ALTER INDEX audit_event_by_device RENAME TO audit_event_first_by_device;
  ALTER INDEX audit_event_by_client RENAME TO audit_event_first_by_client;
  ALTER INDEX audit_event_by_support_id RENAME TO audit_event_first_by_support_id;
  ALTER INDEX audit_event_by_time RENAME TO audit_event_first_by_time;

  -- sealed_number is unique in each partition, and in all of them because one sealer counts.
  CREATE TABLE audit_event (LIKE audit_event_first INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (at);
  ALTER TABLE audit_event ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY, ADD PRIMARY KEY (id, at);
  PERFORM setval(pg_get_serial_sequence('audit_event', 'id'), last_id + 1, false);

  CREATE INDEX audit_event_by_number ON audit_event (sealed_number);
  CREATE INDEX audit_event_unsealed ON audit_event (id) WHERE sealed_number IS NULL;
  CREATE INDEX audit_event_by_person ON audit_event (national_id, id) WHERE national_id IS NOT NULL;
  CREATE INDEX audit_event_by_device ON audit_event (device_id, id) WHERE device_id IS NOT NULL;
  CREATE INDEX audit_event_by_client ON audit_event (client_id, id) WHERE client_id IS NOT NULL;
  CREATE INDEX audit_event_by_support_id ON audit_event (support_id) WHERE support_id IS NOT NULL;
  CREATE INDEX audit_event_by_time ON audit_event (at);

  CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_guard();
  CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_guard();

  -- The partitions that exist, but for the last one (audit_event_rest).
  CREATE TABLE audit_partition (
    name    text PRIMARY KEY,
    from_at timestamptz NOT NULL,
    to_at   timestamptz NOT NULL UNIQUE,
    CHECK (from_at < to_at)
  );

  EXECUTE format('ALTER TABLE audit_event ATTACH PARTITION audit_event_first FOR VALUES FROM (MINVALUE) TO (%L)', until);
  INSERT INTO audit_partition (name, from_at, to_at) VALUES ('audit_event_first', '-infinity', until);

  CREATE TABLE audit_event_rest PARTITION OF audit_event DEFAULT;
  ALTER TABLE audit_event_rest ADD UNIQUE (sealed_number);
  CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event_rest
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_guard();
END $$;

-- Gives a month (UTC) its partition, and brings home what waited for it in the last one; false when it has one already.
CREATE FUNCTION audit_event_add_month(month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  from_month timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
  to_month   timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
  child      text := 'audit_event_' || to_char(month, 'YYYY_MM');
  waited     bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(7265014); -- one at a time; the number is arbitrary and belongs to this function
  IF EXISTS (SELECT FROM audit_partition WHERE from_at < to_month AND to_at > from_month) THEN RETURN false; END IF;
  -- Who writes waits before he knows to which partition his row goes: one sent to the last partition, where its month no
  -- longer belongs once we are done, would be refused.
  LOCK TABLE audit_event IN SHARE ROW EXCLUSIVE MODE;
  LOCK TABLE audit_event_rest IN ACCESS EXCLUSIVE MODE;
  EXECUTE format('CREATE TABLE %I (LIKE audit_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', child);
  EXECUTE format('INSERT INTO %I SELECT * FROM audit_event_rest WHERE at >= $1 AND at < $2', child)
    USING from_month, to_month;
  GET DIAGNOSTICS waited = ROW_COUNT;
  IF waited > 0 THEN
    -- Moved, not removed: in this transaction, under this lock, nobody sees the guard off.
    ALTER TABLE audit_event_rest DISABLE TRIGGER audit_event_append_only;
    DELETE FROM audit_event_rest WHERE at >= from_month AND at < to_month;
    ALTER TABLE audit_event_rest ENABLE TRIGGER audit_event_append_only;
  END IF;
  EXECUTE format('ALTER TABLE %I ADD UNIQUE (sealed_number)', child);
  EXECUTE format('ALTER TABLE audit_event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', child, from_month, to_month);
  EXECUTE format('CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON %I
                    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_guard()', child);
  INSERT INTO audit_partition (name, from_at, to_at) VALUES (child, from_month, to_month);
  RETURN true;
END $$;

-- The head of the chain at some instants, signed with a key that is not in the database, and where it was sent.
CREATE TABLE audit_checkpoint (
  number      bigint PRIMARY KEY,
  hash        bytea NOT NULL,
  at          timestamptz NOT NULL,
  jws         text NOT NULL,
  exported_to text[] NOT NULL DEFAULT '{}'
);

-- What was dropped because its time was over: the chain verifies from `number` on. The newest row counts.
CREATE TABLE audit_pruning (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        timestamptz NOT NULL,
  partition text NOT NULL,
  from_at   timestamptz NOT NULL,
  to_at     timestamptz NOT NULL,
  events    bigint NOT NULL,
  -- Every event up to this place of the chain is gone.
  number    bigint NOT NULL,
  hash      bytea NOT NULL,
  -- Signed: the above, and a digest of audit_pruned_link.
  jws       text NOT NULL
);

-- Dropped events whose place is after kept ones: they happened in one month and were sealed in the next.
CREATE TABLE audit_pruned_link (
  number bigint PRIMARY KEY,
  hash   bytea NOT NULL
);

-- Every refusal that showed someone a support id, for the help desk; forgotten after a month.
CREATE TABLE refusal (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  support_id  text NOT NULL,
  at          timestamptz NOT NULL,
  code        text NOT NULL,
  status      integer NOT NULL,
  -- What was asked, without what it was asked with: GET /connexion/:id.
  route       text NOT NULL,
  request_id  text NOT NULL,
  national_id text,
  device_id   text,
  client_id   text
);
CREATE INDEX refusal_by_support_id ON refusal (support_id);
CREATE INDEX refusal_by_person ON refusal (national_id, at) WHERE national_id IS NOT NULL;
CREATE INDEX refusal_by_time ON refusal (at);
