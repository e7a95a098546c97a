-- What happened, in the transaction in which it happened; append-only.
-- Rows arrive unchained. The sealer gives each committed row its place in a SHA-256 chain: a long transaction
-- commits late with a low id, so the chain's order (sealed_number) is that of sealing, not that of id.

CREATE TABLE audit_event (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at            timestamptz NOT NULL,
  type          text NOT NULL,
  national_id   text,
  client_id     text,
  device_id     text,
  support_id    text,
  address       text,
  details       jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object'),
  -- written once, by the sealer
  sealed_number bigint UNIQUE,
  previous      bytea,
  hash          bytea,
  CHECK ((sealed_number IS NULL) = (hash IS NULL) AND (sealed_number IS NULL) = (previous IS NULL))
);

CREATE INDEX audit_event_unsealed ON audit_event (id) WHERE sealed_number IS NULL;
CREATE INDEX audit_event_by_person ON audit_event (national_id, id) WHERE national_id IS NOT NULL;
CREATE INDEX audit_event_by_device ON audit_event (device_id, id) WHERE device_id IS NOT NULL;
CREATE INDEX audit_event_by_client ON audit_event (client_id, id) WHERE client_id IS NOT NULL;
CREATE INDEX audit_event_by_support_id ON audit_event (support_id) WHERE support_id IS NOT NULL;
CREATE INDEX audit_event_by_time ON audit_event (at);

-- Length and last hash of the chain: without it, removing the newest rows would leave no trace.
CREATE TABLE audit_chain (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  length   bigint NOT NULL,
  head     bytea NOT NULL
);
INSERT INTO audit_chain (length, head) VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION audit_event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.sealed_number IS NULL
     AND (NEW.id, NEW.at, NEW.type, NEW.national_id, NEW.client_id, NEW.device_id, NEW.support_id, NEW.address, NEW.details)
         IS NOT DISTINCT FROM
         (OLD.id, OLD.at, OLD.type, OLD.national_id, OLD.client_id, OLD.device_id, OLD.support_id, OLD.address, OLD.details)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'audit_event is append-only (% refused)', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE ON audit_event
  FOR EACH ROW EXECUTE FUNCTION audit_event_guard();
CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event
  FOR EACH STATEMENT EXECUTE FUNCTION audit_event_guard();
