import { eventHash, GENESIS } from './chain.ts';
import type { SealedEvent } from './stream.ts';

/**
 * One thing wrong with the trail. `number` is the place in the chain.
 *
 * - `changed`: an event is not what was sealed;
 * - `removed`: the events from `number` to `last` are gone;
 * - `inserted`: an event stands where none was sealed;
 * - `replaced`: the event was exchanged for another with a hash of its own, or some before the next one were taken out; with
 *   `last`, the chain was rewritten somewhere from `number` to there, as a checkpoint proves;
 * - `checkpoint_forged`, `checkpoint_removed`: a checkpoint of the database is not as the audit's key signed it; one is missing;
 * - `checkpoint_untrusted`: of those given from outside, the one at this position is not signed by a key that counts;
 * - `pruning_forged`: what is said to have been dropped for its age is not signed by the audit's key.
 */
export interface Finding {
  kind:
    | 'changed'
    | 'removed'
    | 'inserted'
    | 'replaced'
    | 'checkpoint_forged'
    | 'checkpoint_removed'
    | 'checkpoint_untrusted'
    | 'pruning_forged';
  number: number;
  /** Of the event concerned, where there is one. */
  id?: number;
  /** The last place concerned, where there are several. */
  last?: number;
}

interface Place {
  number: number;
  id?: number;
  hash: Buffer;
  previous?: Buffer;
}

const idOf = ({ id }: { id?: number | undefined }) => (id === undefined ? {} : { id });

/** Where a walk begins, and what it steps over: events that were dropped for their age. */
export interface WalkStart {
  number: number;
  hash: Buffer;
  /** Dropped events after `number`. */
  links: ReadonlyMap<number, Buffer>;
}

export const FROM_GENESIS: WalkStart = { number: 0, hash: GENESIS, links: new Map() };

/** Walks the chain event by event; remembers the two places before, to tell an insertion from a replacement. */
export class Walk {
  readonly findings: Finding[] = [];
  readonly #length: number;
  readonly #start: WalkStart;
  #before: Place | undefined;
  #last: Place;

  constructor(length: number, start: WalkStart = FROM_GENESIS) {
    this.#length = length;
    this.#start = start;
    this.#last = { number: start.number, hash: start.hash };
  }

  step(event: SealedEvent): void {
    const { number, id } = event;
    if (number > this.#length || number <= this.#start.number) {
      this.findings.push({ kind: 'inserted', number, id });
      return;
    }
    const whole = eventHash(event.previous, event).equals(event.hash);
    if (number === this.#last.number) return this.#twice(event, whole);
    if (!whole) this.findings.push({ kind: 'changed', number, id });
    if (this.#reach(number - 1) && !event.previous.equals(this.#last.hash)) this.#brokenLink(event);
    this.#before = this.#last;
    this.#last = { number, id, hash: event.hash, previous: event.previous };
  }

  /** Two events at one place: the one that does not follow the place before is the one too many. */
  #twice(event: SealedEvent, whole: boolean): void {
    const follows = (previous: Buffer | undefined) =>
      this.#before !== undefined && previous?.equals(this.#before.hash) === true;
    const newcomerIsRight = whole && follows(event.previous) && !follows(this.#last.previous);
    const wrong = newcomerIsRight ? this.#last : event;
    this.findings.push({ kind: 'inserted', number: event.number, ...idOf(wrong) });
    if (newcomerIsRight) {
      this.#last = { number: event.number, id: event.id, hash: event.hash, previous: event.previous };
    }
  }

  /** Goes as far as `until`, over events that were dropped for their age; tells those that are missing otherwise. */
  #reach(until: number): boolean {
    const { links } = this.#start;
    while (this.#last.number < until) {
      const next = this.#last.number + 1;
      const hash = links.get(next);
      if (hash === undefined) {
        const later = [...links.keys()].filter((number) => number > next && number <= until);
        const last = later.length === 0 ? until : Math.min(...later) - 1;
        this.findings.push({ kind: 'removed', number: next, last });
        if (last === until) return false;
        this.#last = { number: last, hash: Buffer.alloc(0) };
        continue;
      }
      this.#before = this.#last;
      this.#last = { number: next, hash };
    }
    return true;
  }

  /** The event does not follow the one before it: that one is the wrong one, unless it is the first. */
  #brokenLink(event: SealedEvent): void {
    const wrong = this.#last.id === undefined ? { number: event.number, id: event.id } : this.#last;
    const inserted = this.#before !== undefined && event.previous.equals(this.#before.hash);
    if (this.findings.some(({ number, kind }) => number === wrong.number && kind === 'changed')) return;
    this.findings.push({ kind: inserted ? 'inserted' : 'replaced', number: wrong.number, ...idOf(wrong) });
  }

  /** Compares the end with what the sealer noted. */
  finish(head: Buffer): void {
    if (this.#reach(this.#length) && !this.#last.hash.equals(head)) {
      this.findings.push({ kind: 'replaced', number: this.#last.number, ...idOf(this.#last) });
    }
  }
}
