-- The registry at national size, its runs, and what each of them changed.
--
-- The previous code works on this schema: every column has a default or may be null. Rows that it imported keep their
-- exercices in `exercises`; the code of this version writes them to `practices`, and reads either. Let an import of this
-- version wait until every instance runs it: an older one sees the persons of such an import without exercices.

-- Exercices and activities, packed (src/registry/packed.ts); null in rows of before, where `exercises` has them.
ALTER TABLE practitioner ADD COLUMN practices text;
-- An instance of the version before that rewrites a person writes `exercises`: then what was packed no longer holds.
CREATE FUNCTION practitioner_unpacked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.practices := NULL;
  RETURN NEW;
END
$$;
CREATE TRIGGER practitioner_unpacked BEFORE UPDATE OF exercises ON practitioner FOR EACH ROW
  WHEN (NEW.exercises IS DISTINCT FROM OLD.exercises AND NEW.practices IS NOT DISTINCT FROM OLD.practices)
  EXECUTE FUNCTION practitioner_unpacked();
-- Since when the source's files no longer name this person; inactive once the grace is over.
ALTER TABLE practitioner ADD COLUMN missing_since timestamptz;
-- The import that added this row; null in rows of before.
ALTER TABLE practitioner ADD COLUMN added_by_run bigint;
CREATE INDEX practitioner_missing ON practitioner (missing_since) WHERE missing_since IS NOT NULL;

-- Written for every person of an import and hardly read: imports read the whole table anyway, the public directory has its own
-- tables (0013), and an operator's `registry search` may read the table once.
DROP INDEX practitioner_by_source;
DROP INDEX practitioner_by_name;
-- A person of many places stays in one piece: what is packed compresses badly, and a lookup reads one page.
ALTER TABLE practitioner SET (toast_tuple_target = 8160);

-- The import that declared these contact details; null when it was not an import of this version.
ALTER TABLE practitioner_contact ADD COLUMN import_run bigint;

ALTER TABLE import_run
  ADD COLUMN kind           text NOT NULL DEFAULT 'import' CHECK (kind IN ('import', 'rollback', 'merge')),
  -- Who ran it, as the machine or the operator's key names them.
  ADD COLUMN actor          text NOT NULL DEFAULT '',
  -- A rollback: the run that it undid; and the other way round.
  ADD COLUMN undoes         bigint,
  ADD COLUMN rolled_back_by bigint;

-- What a run did to persons that existed before it: whole rows, so that a rollback restores them exactly. Persons that
-- the run added have `practitioner.added_by_run` instead.
CREATE TABLE import_change (
  run_id          bigint NOT NULL REFERENCES import_run (id) ON DELETE CASCADE,
  practitioner_id uuid NOT NULL,
  fate            text NOT NULL CHECK (fate IN ('changed', 'returned', 'missing', 'merged', 'absorbed')),
  before          jsonb NOT NULL,
  after           jsonb,
  PRIMARY KEY (run_id, practitioner_id)
);

CREATE INDEX import_change_by_person ON import_change (practitioner_id, run_id);

-- Identifiers that persons had before the one they have: a merge keeps them, so that a file which still names the old one is
-- understood, and the person may type either.
CREATE TABLE practitioner_former (
  national_id     text PRIMARY KEY,
  practitioner_id uuid NOT NULL REFERENCES practitioner (id) ON DELETE CASCADE,
  since           timestamptz NOT NULL
);

CREATE INDEX practitioner_former_person ON practitioner_former (practitioner_id);

-- The distinct values that one key has in a person's exercices or activities, whichever way they are stored.
CREATE FUNCTION practice_values(practices text, exercises jsonb, key text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  own      integer := array_position(ARRAY['codeProfession', 'codeCategorieProfessionnelle', 'codeCiviliteDexercice', 'nomDexercice',
                        'prenomDexercice', 'codeTypeSavoirFaire', 'codeSavoirFaire'], key);
  activity integer := array_position(ARRAY['codeModeExercice', 'codeSecteurDactivite', 'codeSectionPharmacien', 'codeRole',
                        'codeGenreActivite', 'numeroSiretSite', 'numeroSirenSite', 'numeroFinessSite',
                        'numeroFinessetablissementJuridique', 'identifiantTechniqueDeLaStructure', 'raisonSocialeSite',
                        'enseigneCommercialeSite', 'complementDestinataire', 'complementPointGeographique', 'numeroVoie',
                        'indiceRepetitionVoie', 'codeTypeDeVoie', 'libelleVoie', 'mentionDistribution', 'bureauCedex',
                        'codePostal', 'codeCommune', 'codePays', 'telephone', 'telephone2', 'telecopie', 'adresseEMail',
                        'codeDepartement', 'ancienIdentifiantDeLaStructure', 'autoriteDenregistrement'], key);
  found    text[] := '{}';
  part     text;
  value    text;
  at       integer;
BEGIN
  IF practices IS NULL THEN
    RETURN ARRAY(SELECT DISTINCT v #>> '{}' FROM jsonb_path_query(exercises,
      (CASE WHEN own IS NULL THEN '$[*].activities[*].' ELSE '$[*].' END || key)::jsonpath) v WHERE v #>> '{}' <> '');
  END IF;
  FOREACH part IN ARRAY string_to_array(practices, E'\x1d') LOOP
    at := 0;
    FOREACH value IN ARRAY string_to_array(part, E'\x1e') LOOP
      IF own IS NOT NULL THEN
        value := split_part(value, E'\x1f', own);
      ELSE
        value := CASE WHEN at = 0 THEN '' ELSE split_part(value, E'\x1f', activity) END;
      END IF;
      IF value <> '' AND NOT value = ANY (found) THEN found := found || value; END IF;
      EXIT WHEN own IS NOT NULL;
      at := at + 1;
    END LOOP;
  END LOOP;
  RETURN found;
END
$$;
