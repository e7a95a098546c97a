import * as z from 'zod';
import type { Audit } from '../../audit/record.ts';
import { Refusal } from '../../http/errors.ts';
import type { Clock } from '../../platform/clock.ts';
import { sha256 } from '../../platform/crypto.ts';
import type { Database, Queryable } from '../../platform/postgres.ts';
import {
  contactValues,
  declareContacts,
  effectiveAfter,
  type NewDeclaration,
} from '../../registry/contacts.ts';
import { normalize } from '../../registry/national-id.ts';
import {
  answerBatch,
  findBatch,
  findPersons,
  takeBatch,
  type CoveredRow,
  type FeedRow,
} from './repository.ts';

/** A batch of contact details: applied once whoever repeats it, each line with its own result. */

export const MOST_LINES = 500;

/** Why a line was not taken; the others are. */
export type LineRefusal =
  | 'line_malformed'
  | 'identifier_malformed'
  | 'identifier_unknown'
  | 'contact_malformed'
  | 'profession_not_covered';

export type LineResult =
  | { line: number; outcome: 'declared' | 'unchanged'; effectiveAt: string }
  | { line: number; outcome: 'refused'; code: LineRefusal };

export interface BatchAnswer {
  batch: string;
  /** True when this batch had been received before: nothing was applied now. */
  repeated: boolean;
  results: LineResult[];
}

export interface BatchDeps {
  db: Database;
  clock: Clock;
  audit: Audit;
  contactDelayHours: number;
}

const batchSchema = z.strictObject({
  batch: z.string().regex(/^[A-Za-z0-9._:-]{1,100}$/),
  contacts: z.array(z.unknown()).min(1).max(MOST_LINES),
});

const value = z.union([z.null(), z.string().max(300)]).optional();
const lineSchema = z.strictObject({ nationalId: z.string().max(40), email: value, phone: value });

/** Refusal: `batch_malformed`. */
export const parseBatch = (body: Uint8Array): z.infer<typeof batchSchema> => {
  try {
    return batchSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
  } catch (error) {
    throw new Refusal('batch_malformed', 400, { cause: error });
  }
};

type Line =
  { ok: true; nationalId: string; email?: string; phone?: string } | { ok: false; code: LineRefusal };

/** `null` and "" withdraw; what is left out stays. */
const readLine = (given: unknown): Line => {
  const parsed = lineSchema.safeParse(given);
  if (!parsed.success || (parsed.data.email === undefined && parsed.data.phone === undefined)) {
    return { ok: false, code: 'line_malformed' };
  }
  const { nationalId, email, phone } = parsed.data;
  const normal = normalize(nationalId);
  if (!normal.ok) return { ok: false, code: 'identifier_malformed' };
  return {
    ok: true,
    nationalId: normal.nationalId,
    ...(email === undefined ? {} : { email: email ?? '' }),
    ...(phone === undefined ? {} : { phone: phone ?? '' }),
  };
};

/** A line that may be declared, or why not. */
const judge = (
  line: Line,
  persons: ReadonlyMap<string, CoveredRow>,
  professions: readonly string[],
): NewDeclaration | LineRefusal => {
  if (!line.ok) return line.code;
  const person = persons.get(line.nationalId);
  if (!person) return 'identifier_unknown';
  const covered = professions.length === 0 || person.professions.some((code) => professions.includes(code));
  if (!covered) return 'profession_not_covered';
  try {
    return { practitionerId: person.id, nationalId: person.national_id, ...contactValues(line) };
  } catch (error) {
    if (error instanceof Refusal && error.code === 'contact_malformed') return 'contact_malformed';
    throw error;
  }
};

const apply = async (
  { clock, audit, contactDelayHours }: BatchDeps,
  tx: Queryable,
  feed: FeedRow,
  given: readonly unknown[],
): Promise<LineResult[]> => {
  const lines = given.map(readLine);
  const persons = await findPersons(
    tx,
    lines.flatMap((line) => (line.ok ? [line.nationalId] : [])),
  );
  const judged = lines.map((line) => judge(line, persons, feed.professions));
  const declaredAt = clock.now();
  const declared = await declareContacts(
    tx,
    judged.filter((one) => typeof one === 'object'),
    {
      ...{ audit, origin: 'feed', by: feed.id, declaredAt },
      effectiveAt: effectiveAfter(declaredAt, contactDelayHours),
    },
  );
  const answers = declared[Symbol.iterator]();
  return judged.map((one, index): LineResult => {
    const line = index + 1;
    if (typeof one === 'string') return { line, outcome: 'refused', code: one };
    const answer = answers.next().value;
    if (!answer) throw new Error('each declaration has an answer');
    return { line, outcome: answer.outcome, effectiveAt: answer.effectiveAt.toISOString() };
  });
};

const count = (results: readonly LineResult[], outcome: LineResult['outcome']): number =>
  results.filter((result) => result.outcome === outcome).length;

/** Receives a batch. Refusals: `batch_malformed`, `batch_conflict`. */
export const receiveBatch = (deps: BatchDeps, feed: FeedRow, body: Uint8Array): Promise<BatchAnswer> => {
  const { batch, contacts } = parseBatch(body);
  const bodyHash = sha256(body);
  return deps.db.transaction(async (tx) => {
    const taken = await takeBatch(tx, { feedId: feed.id, batchId: batch, bodyHash, now: deps.clock.now() });
    if (!taken) {
      const known = await findBatch(tx, feed.id, batch);
      if (!known?.body_hash.equals(bodyHash)) throw new Refusal('batch_conflict', 409);
      return { batch, repeated: true, results: known.answer };
    }
    const results = await apply(deps, tx, feed, contacts);
    await answerBatch(tx, feed.id, batch, results);
    await deps.audit.record(tx, {
      type: 'contact_batch_received',
      details: {
        ...{ feed: feed.id, batch, lines: results.length, declared: count(results, 'declared') },
        refused: count(results, 'refused'),
      },
    });
    return { batch, repeated: false, results };
  });
};
