-- Contact details: who was told of a change, and who stopped it. The feed of the Ordre's portal. The directory.
--
-- Only additions: code of the previous version goes on reading the newest row of practitioner_contact, and writes rows
-- that the notices find by themselves.

-- When those who held the previous details were told; rows of before this migration count as told.
ALTER TABLE practitioner_contact ADD COLUMN told_at timestamptz DEFAULT 'epoch';
ALTER TABLE practitioner_contact ALTER COLUMN told_at DROP DEFAULT;
-- What is kept of the stop link that they were sent.
ALTER TABLE practitioner_contact ADD COLUMN stop_hmac bytea;
-- When that link was used: the declaration never counts again (a newer row restates what held before).
ALTER TABLE practitioner_contact ADD COLUMN stopped_at timestamptz;
-- Who declared it, beyond `origin`: a feed, an operator.
ALTER TABLE practitioner_contact ADD COLUMN declared_by text;

-- Rows that somebody may have to be told of; what a source's first import declares never is.
CREATE INDEX practitioner_contact_untold ON practitioner_contact (id)
  WHERE told_at IS NULL AND (origin <> 'import' OR effective_at > declared_at);
CREATE UNIQUE INDEX practitioner_contact_stop ON practitioner_contact (stop_hmac) WHERE stop_hmac IS NOT NULL;

-- A portal that declares contact details by POST /registry/contacts.
CREATE TABLE contact_feed (
  id          text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9._-]{1,60}$'),
  -- Public keys only.
  jwks        jsonb NOT NULL,
  -- Codes of the professions whose details it may declare; empty: all.
  professions text[] NOT NULL DEFAULT '{}',
  disabled_at timestamptz,
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL
);

-- A batch that was accepted: asked again, it is answered again and applied no more.
CREATE TABLE contact_batch (
  feed_id     text NOT NULL REFERENCES contact_feed (id) ON DELETE CASCADE,
  batch_id    text NOT NULL,
  body_hash   bytea NOT NULL,
  -- Results by line, without any contact detail; written in the transaction that applies them.
  answer      jsonb,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (feed_id, batch_id)
);
CREATE INDEX contact_batch_by_time ON contact_batch (received_at);

-- The directory: what a search reads to find persons quickly, derived from practitioner by a job (src/directory/refresh.ts),
-- so that an import pays for none of it. Whom it finds is then read in practitioner, which alone is true.

-- What each person's rows were derived from.
CREATE TABLE directory_person (
  practitioner_id uuid PRIMARY KEY,
  digest          bytea NOT NULL,
  changed_at      timestamptz NOT NULL
);
CREATE INDEX directory_person_by_change ON directory_person (changed_at, practitioner_id);

-- One row for each word of a family name, and one for the words joined: found in the order in which they are shown.
CREATE TABLE directory_name (
  word            text COLLATE "C" NOT NULL,
  -- 0: the word is the whole name; 1: the name begins with it; 2: it stands elsewhere.
  place           smallint NOT NULL,
  family          text COLLATE "C" NOT NULL,
  given           text COLLATE "C" NOT NULL,
  practitioner_id uuid NOT NULL,
  -- ` lyon | saint etienne `
  towns           text NOT NULL,
  professions     text[] NOT NULL,
  PRIMARY KEY (word, place, family, given, practitioner_id)
);
CREATE INDEX directory_name_by_person ON directory_name (practitioner_id);

-- What software searches by besides names: `profession/10`, `role/FON-48`, `structure/R10100000000001`.
CREATE TABLE directory_key (
  key             text COLLATE "C" NOT NULL,
  practitioner_id uuid NOT NULL,
  PRIMARY KEY (key, practitioner_id)
);
CREATE INDEX directory_key_by_person ON directory_key (practitioner_id);

-- Every word ever met in family names (f), given names (g) and towns (t), to find those near a mistyped one.
CREATE TABLE directory_word (
  kind    text COLLATE "C" NOT NULL CHECK (kind IN ('f', 'g', 't')),
  word    text COLLATE "C" NOT NULL,
  -- As it is heard in French (src/directory/words.ts).
  sound   text COLLATE "C" NOT NULL,
  -- How many rows had it when they were last counted: of two words as near, the commoner is meant.
  persons integer NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, word)
);
CREATE INDEX directory_word_by_sound ON directory_word (kind, sound);

-- What the directory was last derived from.
CREATE TABLE directory_state (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  seen     text NOT NULL,
  at       timestamptz NOT NULL
);
