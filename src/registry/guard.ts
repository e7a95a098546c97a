import { ImportError } from './file-error.ts';

/** The share of a source's active persons that one file may change or remove without being insisted on. */
export const USUAL_CHANGE = 0.05;

/** What the guard looks at. */
export interface Upheaval {
  /** Active persons of the source before. */
  known: number;
  /** Persons rewritten, not counting those who come back. */
  changed: number;
  removed: number;
  /** Exercices by profession, in the last file of this source and in this one; undefined when no run tells. */
  before: Readonly<Record<string, number>> | undefined;
  now: Readonly<Record<string, number>>;
}

const percent = (share: number): string =>
  `${(share * 100).toFixed(share < 0.1 ? 2 : 1).replace(/\.?0+$/, '')} %`;

/** Professions that the last file had and this one has not. */
export const lostProfessions = ({ before = {}, now }: Pick<Upheaval, 'before' | 'now'>): string[] =>
  Object.keys(before)
    .filter((code) => (before[code] ?? 0) > 0 && (now[code] ?? 0) === 0)
    .toSorted();

/**
 * Stops a file that would change more than a day brings: cut short, of another year, of another layout. Throws
 * {@link ImportError} `too_many_changes`. `allowed` is a share that the operator insists on; then no profession is held back.
 */
export const guard = (upheaval: Upheaval, allowed: number | undefined): void => {
  const { known, changed, removed } = upheaval;
  const share = known === 0 ? 0 : (changed + removed) / known;
  const limit = allowed ?? USUAL_CHANGE;
  const insist = (value: number): string =>
    `if this is right, say so: --allow-change ${Math.min(100, Math.ceil(value * 1000) / 10)}%`;
  if (share > limit) {
    throw new ImportError(
      'too_many_changes',
      `${changed} of ${known} persons would change and ${removed} would go: ${percent(share)}, more than ${percent(limit)}; ${insist(share)}`,
    );
  }
  const lost = allowed === undefined ? lostProfessions(upheaval) : [];
  if (lost.length > 0) {
    const [one, many] = ['the profession', 'the professions'];
    throw new ImportError(
      'too_many_changes',
      `nobody would practise ${lost.length > 1 ? many : one} ${lost.join(', ')} any more; ${insist(Math.max(share, limit))}`,
    );
  }
};
