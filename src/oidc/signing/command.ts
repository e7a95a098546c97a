import { setTimeout as pause } from 'node:timers/promises';
import type { CommandIo } from '../../io.ts';
import { EXIT, UsageError } from '../../io.ts';
import { ALGORITHMS, type Algorithm } from '../keys.ts';
import { listKeys, type KeyRow } from './repository.ts';
import { retireKey, rotateKeys, SPREAD_SECONDS, type RotateDeps, type Rotation } from './rotate.ts';

/** What `caducee keys` does with signing keys; the arguments are read in src/wiring/keys-command.ts. */

const instant = (value: Date | null): string => value?.toISOString() ?? '';

const view = (row: KeyRow) => ({
  kid: row.kid,
  algorithm: row.algorithm,
  state: row.state,
  kms: row.kms,
  compromised: row.compromised,
  createdAt: row.created_at,
  signsFrom: row.state === 'announced' ? row.activate_after : null,
  activatedAt: row.activated_at,
  retiredAt: row.retired_at,
  shownUntil: row.state === 'retired' ? row.publish_until : null,
  withdrawnAt: row.withdrawn_at,
});

const line = (row: KeyRow): string => {
  const when = {
    announced: `signs from ${instant(row.activate_after)}`,
    active: `signs since ${instant(row.activated_at)}`,
    retired: `shown until ${instant(row.publish_until)}`,
    withdrawn: `withdrawn ${instant(row.withdrawn_at)}${row.compromised ? ', compromised' : ''}`,
  }[row.state];
  return `  ${row.algorithm}  ${row.kid}  ${row.state.padEnd(9)}  ${when}  (${row.kms})\n`;
};

/** `keys list`. */
export const listCommand = async (io: CommandIo, deps: RotateDeps, json: boolean): Promise<number> => {
  const rows = await listKeys(deps.db);
  io.stdout.write(json ? `${JSON.stringify({ keys: rows.map(view) })}\n` : rows.map(line).join(''));
  return EXIT.done;
};

export const readAlgorithm = (text: string | undefined): readonly Algorithm[] => {
  if (text === undefined) return ALGORITHMS;
  const found = ALGORITHMS.find((algorithm) => algorithm === text.toUpperCase());
  if (!found) throw new UsageError(`--algorithm is one of ${ALGORITHMS.join(', ')}`);
  return [found];
};

const told = (rotation: Rotation): string => {
  const { algorithm, kid } = rotation;
  switch (rotation.done) {
    case 'announced':
      return `  ${algorithm}  ${kid} is announced; it may sign from ${rotation.signsFrom.toISOString()}\n`;
    case 'waiting':
      return `  ${algorithm}  ${kid} waits; it may sign from ${rotation.signsFrom.toISOString()}\n`;
    case 'promoted':
      return `  ${algorithm}  ${kid} signs; ${rotation.retired} is shown until ${rotation.shownUntil.toISOString()}\n`;
    case 'fresh':
      return `  ${algorithm}  ${kid} began to sign less than a minute ago: nothing to do\n`;
  }
};

/** Until every process knows the next key, and a moment for this clock. */
const spread = (io: CommandIo): Promise<void> => {
  io.stderr.write(`  every process learns of the next key: ${SPREAD_SECONDS} s…\n`);
  return pause(SPREAD_SECONDS * 1000 + 200);
};

const unfinished = ({ done }: Rotation): boolean => done === 'announced' || done === 'waiting';

/** `keys rotate`: one step; with `hurried`, both, with only what the processes need between them. */
export const rotateCommand = async (
  io: CommandIo,
  deps: RotateDeps,
  asked: { algorithms: readonly Algorithm[]; hurried: boolean; json: boolean },
): Promise<number> => {
  let rotations = await rotateKeys(deps, asked);
  if (asked.hurried && rotations.some(unfinished)) {
    await spread(io);
    const left = rotations.filter(unfinished).map(({ algorithm }) => algorithm);
    const second = await rotateKeys(deps, { algorithms: left, hurried: true });
    rotations = rotations.map((one) => second.find(({ algorithm }) => algorithm === one.algorithm) ?? one);
  }
  io.stdout.write(asked.json ? `${JSON.stringify({ rotations })}\n` : rotations.map(told).join(''));
  return EXIT.done;
};

/** `keys retire KID`. */
export const retireCommand = async (
  io: CommandIo,
  deps: RotateDeps,
  asked: { kid: string; compromised: boolean; json: boolean },
): Promise<number> => {
  let outcome = await retireKey(deps, asked);
  if (outcome.done === 'waiting') {
    await spread(io);
    outcome = await retireKey(deps, asked);
  }
  const text = {
    withdrawn: 'is withdrawn: nothing that it signed is accepted any more',
    retired: 'signs no more; it is shown as long as what it signed lives',
    waiting: 'still signs: the next key is not known everywhere yet; try again',
    shown: 'is still shown, since what it signed may live; --compromised withdraws it at once',
    unknown: 'is no signing key',
    already: 'was withdrawn before',
  }[outcome.done];
  io.stdout.write(asked.json ? `${JSON.stringify(outcome)}\n` : `${asked.kid} ${text}\n`);
  return ['withdrawn', 'retired', 'already'].includes(outcome.done) ? EXIT.done : EXIT.failed;
};
