import type { Database, Queryable } from '../platform/postgres.ts';
import { GENESIS } from './chain.ts';
import { listCheckpoints, readCheckpoint, type Checkpoint, type CheckpointClaims } from './checkpoint.ts';
import type { AuditKey } from './key.ts';
import { readStart } from './pruning.ts';
import { streamSealed, type SealedEvent } from './stream.ts';
import { Walk, type Finding } from './walk.ts';

export type { Finding } from './walk.ts';

export interface Verification {
  ok: boolean;
  /** Length of the chain, as the sealer noted it. */
  length: number;
  /** Its last hash, hexadecimal: noted elsewhere, it proves later that nothing before was rewritten. */
  head: string;
  /** Events that are committed and not sealed yet. */
  unsealed: number;
  /** Up to this place everything was dropped for its age. */
  pruned: number;
  /** How many heads noted before were compared: checkpoints, in the database and given, and anchors. */
  compared: number;
  findings: Finding[];
}

/** Length and head of the chain at an earlier time, noted outside the database. */
export interface Anchor {
  length: number;
  head: string;
}

export interface VerifyOptions {
  /** Without it signatures are not looked at, and checkpoints given from outside are refused. */
  key?: AuditKey | undefined;
  /** Signed checkpoints from outside the database. */
  checkpoints?: readonly string[];
}

const MOST_FINDINGS = 100;

const readChain = async (tx: Queryable): Promise<{ length: number; head: Buffer; unsealed: number }> => {
  const { rows } = await tx.query<{ length: number; head: Buffer; unsealed: number }>(
    `SELECT length, head, (SELECT count(*) FROM audit_event WHERE sealed_number IS NULL) AS unsealed FROM audit_chain`,
  );
  return rows[0] ?? { length: 0, head: GENESIS, unsealed: 0 };
};

/** What the checkpoints of the database say, and which of them are not what they were. */
const judgeStored = async (
  stored: readonly Checkpoint[],
  key: AuditKey | undefined,
): Promise<{ anchors: Anchor[]; findings: Finding[] }> => {
  const anchors: Anchor[] = [];
  const findings: Finding[] = [];
  let known: number | undefined;
  for (const { number, hash, jws } of stored) {
    const said = key && (await readCheckpoint(key, jws));
    if (key && (said?.number !== number || said.hash !== hash)) {
      findings.push({ kind: 'checkpoint_forged', number });
      continue;
    }
    if (said && said.previous !== (known ?? 0)) {
      findings.push({ kind: 'checkpoint_removed', number: said.previous });
    }
    known = number;
    anchors.push({ length: number, head: hash });
  }
  return { anchors, findings };
};

const judgeGiven = async (
  given: readonly string[],
  key: AuditKey | undefined,
): Promise<{ anchors: Anchor[]; findings: Finding[] }> => {
  const read = await Promise.all(given.map(async (jws) => key && (await readCheckpoint(key, jws))));
  return {
    anchors: read
      .filter((said): said is CheckpointClaims => said !== undefined)
      .map(({ number, hash }) => ({ length: number, head: hash })),
    findings: read.flatMap((said, index): Finding[] =>
      said === undefined ? [{ kind: 'checkpoint_untrusted', number: index + 1 }] : [],
    ),
  };
};

/** Compares the chain, as it is walked, with heads noted before. */
const createComparison = (
  anchors: readonly Anchor[],
  walk: Walk,
  start: { number: number; hash: Buffer },
) => {
  const expected = new Map<number, Set<string>>();
  for (const { length, head } of anchors) {
    expected.set(length, (expected.get(length) ?? new Set()).add(head));
  }
  const numbers = [...expected.keys()].toSorted((a, b) => a - b);
  let agreed = start.number;
  let wrong = false;
  const compare = (number: number, hash: Buffer, id?: number): void => {
    const heads = expected.get(number);
    if (heads === undefined) return;
    if (heads.size === 1 && heads.has(hash.toString('hex'))) {
      agreed = number;
      return;
    }
    if (wrong) return; // once rewritten, every later head differs: the first tells where
    wrong = true;
    const first = agreed + 1;
    walk.findings.push(
      first === number && id !== undefined
        ? { kind: 'replaced', number, id }
        : { kind: 'replaced', number: first, last: number },
    );
  };
  compare(start.number, start.hash);
  return {
    look: ({ number, hash, id }: SealedEvent) => compare(number, hash, id),
    beyond: (length: number) => numbers.filter((number) => number > length),
    compared: numbers.filter((number) => number >= start.number).length,
  };
};

/**
 * Reads the whole chain in one snapshot and says what was changed, removed, inserted or replaced since it was sealed (the
 * first hundred). `anchors` and checkpoints are heads noted before: kept outside the database, they also find a chain that
 * was rewritten whole.
 */
export const verifyAudit = (
  db: Database,
  anchors: readonly Anchor[] = [],
  { key, checkpoints = [] }: VerifyOptions = {},
): Promise<Verification> =>
  db.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    const { length, head, unsealed } = await readChain(tx);
    const start = await readStart(tx, key);
    const stored = await judgeStored(await listCheckpoints(tx), key);
    const given = await judgeGiven(checkpoints, key);
    const walk = new Walk(length, start);
    walk.findings.push(...stored.findings, ...given.findings);
    if (start.forged) walk.findings.push({ kind: 'pruning_forged', number: start.number });
    const comparison = createComparison([...stored.anchors, ...given.anchors, ...anchors], walk, start);
    for await (const page of streamSealed(tx)) {
      for (const event of page) {
        walk.step(event);
        comparison.look(event);
      }
      if (walk.findings.length > MOST_FINDINGS) break;
    }
    if (walk.findings.length <= MOST_FINDINGS) walk.finish(head);
    for (const last of comparison.beyond(length).slice(0, 1)) {
      walk.findings.push({ kind: 'removed', number: length + 1, last });
    }
    const findings = walk.findings.slice(0, MOST_FINDINGS);
    return {
      ok: findings.length === 0,
      length,
      head: head.toString('hex'),
      unsealed,
      pruned: start.number,
      compared: comparison.compared,
      findings,
    };
  });

/** Whether the events of some places are whole: what must be known before they are dropped. */
export const verifyPlaces = async (
  tx: Queryable,
  start: Awaited<ReturnType<typeof readStart>>,
  upTo: number,
): Promise<Finding[]> => {
  const walk = new Walk(upTo, start);
  for await (const page of streamSealed(tx, { after: start.number, upTo })) {
    for (const event of page) walk.step(event);
    if (walk.findings.length > MOST_FINDINGS) break;
  }
  return start.forged ? [{ kind: 'pruning_forged', number: start.number }, ...walk.findings] : walk.findings;
};
