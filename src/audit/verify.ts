import type { Database, Queryable } from '../platform/postgres.ts';
import { CHAINED_COLUMNS, eventHash, GENESIS, type ChainedEvent } from './chain.ts';

/**
 * One thing wrong with the chain. `number` is the place in the chain.
 *
 * - `changed`: an event is not what was sealed;
 * - `removed`: the events from `number` to `last` are gone;
 * - `inserted`: an event stands where none was sealed;
 * - `replaced`: the event was exchanged for another with a hash of its own, or some before the next one were taken out.
 */
export interface Finding {
  kind: 'changed' | 'removed' | 'inserted' | 'replaced';
  number: number;
  /** Of the event concerned, where there is one. */
  id?: number;
  /** For `removed`, the last place that is empty. */
  last?: number;
}

export interface Verification {
  ok: boolean;
  /** Length of the chain, as the sealer noted it. */
  length: number;
  /** Its last hash, hexadecimal: noted elsewhere, it proves later that nothing before was rewritten. */
  head: string;
  /** Events that are committed and not sealed yet. */
  unsealed: number;
  findings: Finding[];
}

/** Length and head of the chain at an earlier time, noted outside the database. */
export interface Anchor {
  length: number;
  head: string;
}

interface Sealed extends ChainedEvent {
  number: number;
  previous: Buffer;
  hash: Buffer;
}

const PAGE = 2000;
const MOST_FINDINGS = 100;

const selectSealed = async (tx: Queryable, after: number): Promise<Sealed[]> => {
  const { rows } = await tx.query<Sealed>(
    `SELECT ${CHAINED_COLUMNS}, sealed_number AS number, previous, hash FROM audit_event
     WHERE sealed_number > $1 ORDER BY sealed_number LIMIT $2`,
    [after, PAGE],
  );
  return rows;
};

const readChain = async (tx: Queryable): Promise<{ length: number; head: Buffer; unsealed: number }> => {
  const { rows } = await tx.query<{ length: number; head: Buffer; unsealed: number }>(
    `SELECT length, head, (SELECT count(*) FROM audit_event WHERE sealed_number IS NULL) AS unsealed FROM audit_chain`,
  );
  return rows[0] ?? { length: 0, head: GENESIS, unsealed: 0 };
};

interface Place {
  number: number;
  id?: number;
  hash: Buffer;
}

/** Walks the chain event by event; remembers the two places before, to tell an insertion from a replacement. */
class Walk {
  readonly findings: Finding[] = [];
  readonly length: number;
  before: Place | undefined;
  last: Place = { number: 0, hash: GENESIS };

  constructor(length: number) {
    this.length = length;
  }

  step(event: Sealed): void {
    const place: Place = { number: event.number, id: event.id, hash: event.hash };
    if (event.number > this.length) {
      this.findings.push({ kind: 'inserted', number: event.number, id: event.id });
      return;
    }
    if (!eventHash(event.previous, event).equals(event.hash)) {
      this.findings.push({ kind: 'changed', number: event.number, id: event.id });
    }
    if (event.number !== this.last.number + 1) {
      this.findings.push({ kind: 'removed', number: this.last.number + 1, last: event.number - 1 });
    } else if (!event.previous.equals(this.last.hash)) {
      this.#brokenLink(event);
    }
    this.before = this.last;
    this.last = place;
  }

  /** The event does not follow the one before it: that one is the wrong one, unless it is the first. */
  #brokenLink(event: Sealed): void {
    const wrong = this.last.id === undefined ? { number: event.number, id: event.id } : this.last;
    const inserted = this.before !== undefined && event.previous.equals(this.before.hash);
    if (this.findings.some(({ number, kind }) => number === wrong.number && kind === 'changed')) return;
    this.findings.push({
      kind: inserted ? 'inserted' : 'replaced',
      number: wrong.number,
      ...(wrong.id === undefined ? {} : { id: wrong.id }),
    });
  }

  /** Compares the end with what the sealer noted. */
  finish(head: Buffer): void {
    if (this.last.number < this.length) {
      this.findings.push({ kind: 'removed', number: this.last.number + 1, last: this.length });
    } else if (!this.last.hash.equals(head)) {
      const { number, id } = this.last;
      this.findings.push({ kind: 'replaced', number, ...(id === undefined ? {} : { id }) });
    }
  }
}

/**
 * Reads the whole chain in one snapshot and says what was changed, removed, inserted or replaced since it was sealed (the
 * first hundred). `anchors` are heads noted outside the database: they also find a chain that was rewritten whole.
 */
export const verifyAudit = (db: Database, anchors: readonly Anchor[] = []): Promise<Verification> =>
  db.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    const { length, head, unsealed } = await readChain(tx);
    const walk = new Walk(length);
    const expected = new Map(anchors.map((anchor) => [anchor.length, anchor.head]));
    let after = 0;
    for (let page = await selectSealed(tx, after); page.length > 0; page = await selectSealed(tx, after)) {
      for (const event of page) {
        walk.step(event);
        const anchor = expected.get(event.number);
        if (anchor !== undefined && anchor !== event.hash.toString('hex')) {
          walk.findings.push({ kind: 'replaced', number: event.number, id: event.id });
        }
        after = event.number;
      }
      if (walk.findings.length > MOST_FINDINGS) break;
    }
    if (walk.findings.length <= MOST_FINDINGS) walk.finish(head);
    for (const anchor of anchors.filter((one) => one.length > length)) {
      walk.findings.push({ kind: 'removed', number: length + 1, last: anchor.length });
    }
    const findings = walk.findings.slice(0, MOST_FINDINGS);
    return { ok: findings.length === 0, length, head: head.toString('hex'), unsealed, findings };
  });
