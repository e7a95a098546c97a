-- The registry: who practises, as the files of the RPPS say it.
--
-- One row per person, with exercices and activities inside as jsonb, in file order: a sign-in reads one person with
-- one query on one index, and an import compares 1.2 million persons as sets (by digest) instead of rewriting four
-- million child rows. Keys with an empty value are left out of the jsonb; reading puts them back as "".

CREATE TABLE practitioner (
  id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- 8 + RPPS, 0 + ADELI, 3 + FINESS/…, 5 + SIRET/…
  national_id    text NOT NULL UNIQUE,
  -- The last part of `sub`. The national identifier at first registration; it stays when that identifier changes.
  subject        text NOT NULL UNIQUE,
  -- Who declares this person: the layout of the file unless the operator named it. Only that source changes the row.
  source         text NOT NULL,
  status         text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'struck_off')),
  -- Not null: the status was set by hand at this instant; a status set by hand other than active outlives imports.
  status_set_at  timestamptz,
  civility       text NOT NULL DEFAULT '',
  family_name    text NOT NULL DEFAULT '',
  given_name     text NOT NULL DEFAULT '',
  -- Folded for the directory: lower case, without accents, punctuation as one space (src/registry/fold.ts).
  search_family  text NOT NULL DEFAULT '',
  search_given   text NOT NULL DEFAULT '',
  towns          text[] NOT NULL DEFAULT '{}',
  exercises      jsonb NOT NULL DEFAULT '[]',
  -- Former identifiers {identifiant, origine, qualite}; the current one is added when read.
  other_ids      jsonb NOT NULL DEFAULT '[]',
  -- Of everything the file says but contact details: an import rewrites a row only when this changes.
  digest         bytea NOT NULL,
  -- Contact details as the last file declared them; what holds is the newest row of practitioner_contact.
  declared_email text,
  declared_phone text,
  created_at     timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL
);

CREATE INDEX practitioner_by_name ON practitioner (search_family, search_given);
CREATE INDEX practitioner_by_source ON practitioner (source, status);

-- Every declaration of contact details, never rewritten: the newest (highest id) holds, from effective_at on.
CREATE TABLE practitioner_contact (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  practitioner_id uuid NOT NULL REFERENCES practitioner (id) ON DELETE CASCADE,
  email           text,
  phone           text,
  -- `import`, or who declared it otherwise (`desk`, `sandbox`…).
  origin          text NOT NULL,
  declared_at     timestamptz NOT NULL,
  effective_at    timestamptz NOT NULL
);

CREATE INDEX practitioner_contact_newest ON practitioner_contact (practitioner_id, id DESC);

-- One row per import that was committed; a refused file leaves none.
CREATE TABLE import_run (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source      text NOT NULL,
  layout      text NOT NULL,
  file_name   text NOT NULL,
  file_hash   text NOT NULL,
  started_at  timestamptz NOT NULL,
  finished_at timestamptz NOT NULL,
  report      jsonb NOT NULL
);

CREATE INDEX import_run_by_source ON import_run (source, id DESC);
