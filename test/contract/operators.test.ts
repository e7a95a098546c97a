import { type KeyObject, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAudit } from '../../src/audit/record.ts';
import type { Act } from '../../src/command.ts';
import { type Desk, createDesk } from '../../src/operators/desk.ts';
import { type Notice, WAITING_HOURS } from '../../src/operators/drawer.ts';
import { DeskError } from '../../src/operators/problem.ts';
import { fingerprint, publicKeyDer, readPublicKey } from '../../src/operators/keys.ts';
import { type AnswerStatement, digestOf, signAct, signAnswer } from '../../src/operators/statement.ts';
import { ManualClock, epochSeconds } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import type { Database } from '../../src/platform/postgres.ts';
import { id as newId } from '../../src/platform/random.ts';
import { testDatabase } from '../support/services.ts';

const ISSUER = 'https://auth.example/realm';
const STOP: Act = {
  ...{ kind: 'stop', name: 'card.oppose', arguments: { card: '5a01bc' }, reason: 'stolen' },
  nationalId: '899700000013',
};
const OPEN: Act = {
  kind: 'open',
  name: 'card.release',
  arguments: { card: '5a01bc' },
  reason: 'found again',
};
const COMMAND = ['cards', 'release', '5a01bc', '--reason', 'found again'];

let db: Database;
let clock: ManualClock;
let desk: Desk;
let notices: Notice[];
let keys: Record<'claire' | 'paul' | 'zoe', KeyObject>;

const makeKey = (kind: 'ed25519' | 'p256' = 'ed25519') =>
  kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });

beforeEach(async () => {
  ({ db } = await testDatabase({ max: 20 }));
  clock = new ManualClock('2027-03-01T08:00:00Z');
  notices = [];
  desk = createDesk({
    ...{ db, clock, audit: createAudit({ clock }), issuer: ISSUER },
    keyring: createKeyRing(Buffer.alloc(32, 5)),
    notify: async (_tx, notice) => void notices.push(notice),
  });
  const [claire, paul, zoe] = [makeKey(), makeKey('p256'), makeKey()];
  keys = { claire: claire.privateKey, paul: paul.privateKey, zoe: zoe.privateKey };
  await desk.add({ name: 'claire', publicKey: publicKeyDer(claire.publicKey), email: 'claire@example.org' });
  await desk.add({
    ...{ name: 'paul', publicKey: publicKeyDer(paul.publicKey), email: 'paul@example.org' },
    by: 'claire',
  });
  await desk.add({ name: 'zoe', publicKey: publicKeyDer(zoe.publicKey), by: 'claire' });
});

type Name = 'claire' | 'paul' | 'zoe';

const signed = async (
  act: Act,
  operator: Name,
  changes: Record<string, unknown> = {},
  key = keys[operator],
) => ({
  ...{ act, command: COMMAND, operator },
  signature: await signAct(
    {
      ...{ iss: ISSUER, iat: epochSeconds(clock.now()), id: newId('act'), operator },
      ...{ digest: digestOf(act), breakGlass: false },
      ...changes,
    },
    key,
  ),
});

const answered = async (
  id: string,
  operator: Name,
  decision: AnswerStatement['decision'],
  changes: Record<string, unknown> = {},
) => {
  const { digest } = await desk.show(id);
  const iat = epochSeconds(clock.now());
  const statement = { iss: ISSUER, iat, id, operator, digest, decision, ...changes };
  return { id, operator, signature: await signAnswer(statement, keys[operator]) };
};

const problem = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof DeskError ? error.problem : String(error)),
  );
const audited = async (): Promise<string[]> =>
  (
    await db.query<{ type: string }>(
      `SELECT type FROM audit_event WHERE type <> 'operator.added' ORDER BY id`,
    )
  ).rows.map(({ type }) => type);

describe('what stops', () => {
  test('is done at once, the others are told, and one of them sees it', async () => {
    const begun = await desk.begin(await signed(STOP, 'claire'));
    expect(begun.next).toBe('run');
    await desk.end(begun.id, 'done');
    expect(notices).toMatchObject([{ to: 'paul@example.org', what: 'done', act: { name: 'card.oppose' } }]);
    expect(await desk.acts({ open: true })).toMatchObject([{ id: begun.id, state: 'done' }]);
    expect(await problem(answered(begun.id, 'claire', 'seen').then(desk.see))).toBe('act_own');
    await desk.see(await answered(begun.id, 'paul', 'seen'));
    expect(await problem(answered(begun.id, 'zoe', 'seen').then(desk.see))).toBe('act_over');
    expect(await desk.acts({ open: true })).toEqual([]);
    expect(await audited()).toEqual(['operator.act_asked', 'operator.act_seen']);
  });

  test('does not wait, and so cannot be confirmed', async () => {
    const { id } = await desk.begin(await signed(STOP, 'claire'));
    expect(await problem(answered(id, 'paul', 'confirm').then(desk.confirm))).toBe('act_over');
  });
});

describe('what opens', () => {
  test('waits; the second operator gets the command to run, once', async () => {
    const begun = await desk.begin(await signed(OPEN, 'claire'));
    expect(begun).toMatchObject({ next: 'wait', expiresAt: new Date('2027-03-02T08:00:00Z') });
    expect(notices).toMatchObject([{ what: 'waits' }]);
    expect(await desk.confirm(await answered(begun.id, 'paul', 'confirm'))).toEqual(COMMAND);
    await desk.end(begun.id, 'done');
    expect(await problem(answered(begun.id, 'zoe', 'confirm').then(desk.confirm))).toBe('act_over');
    expect(await desk.show(begun.id)).toMatchObject({ view: { state: 'done', second: 'paul' } });
    expect(await audited()).toEqual(['operator.act_asked', 'operator.act_confirmed']);
  });

  test('is confirmed by one of sixteen', async () => {
    const { id } = await desk.begin(await signed(OPEN, 'claire'));
    const answers = await Promise.all(Array.from({ length: 16 }, () => answered(id, 'paul', 'confirm')));
    const outcomes = await Promise.all(answers.map((given) => problem(desk.confirm(given))));
    expect(outcomes.filter((outcome) => outcome === 'none')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'act_over')).toHaveLength(15);
  });

  test('is not confirmed by who asked', async () => {
    const { id } = await desk.begin(await signed(OPEN, 'claire'));
    expect(await problem(answered(id, 'claire', 'confirm').then(desk.confirm))).toBe('act_own');
  });

  test('is over when refused, and after a day', async () => {
    const refused = await desk.begin(await signed(OPEN, 'claire'));
    await desk.refuse(await answered(refused.id, 'paul', 'refuse'));
    expect(await problem(answered(refused.id, 'zoe', 'confirm').then(desk.confirm))).toBe('act_over');
    const late = await desk.begin(await signed(OPEN, 'claire'));
    clock.advance(WAITING_HOURS * 3600);
    expect(await problem(answered(late.id, 'paul', 'confirm').then(desk.confirm))).toBe('act_over');
    expect((await desk.show(late.id)).view.state).toBe('expired');
  });

  test('breaks the glass when it must, and everybody is told', async () => {
    const begun = await desk.begin(await signed(OPEN, 'claire', { breakGlass: true }));
    expect(begun.next).toBe('run');
    expect(notices).toMatchObject([{ what: 'break_glass', act: { operator: 'claire' } }]);
    expect(await audited()).toEqual(['operator.broke_glass']);
    expect(await desk.acts({ open: true })).toMatchObject([{ breakGlass: true }]);
  });
});

describe('a signature', () => {
  test.each<[string, Record<string, unknown>]>([
    ['of another act', { digest: digestOf(STOP) }],
    ['of another house', { iss: 'https://other.example' }],
    ['of yesterday', { iat: epochSeconds(new Date('2027-02-28T08:00:00Z')) }],
    ['of tomorrow', { iat: epochSeconds(new Date('2027-03-02T08:00:00Z')) }],
    ['in another name', { operator: 'paul' }],
    ['with more in it', { extra: true }],
  ])('%s begins nothing', async (_case, changes) => {
    expect(await problem(signed(OPEN, 'claire', changes).then(desk.begin))).toBe('signature_wrong');
    expect(await desk.acts()).toEqual([]);
    expect(notices).toEqual([]);
  });

  test('by somebody else’s key, or altered, begins nothing', async () => {
    expect(await problem(signed(OPEN, 'claire', {}, keys.paul).then(desk.begin))).toBe('signature_wrong');
    const good = await signed(OPEN, 'claire');
    const other = { ...good, act: { ...OPEN, arguments: { card: 'ffee' } } };
    expect(await problem(desk.begin(other))).toBe('signature_wrong');
    const cut = { ...good, signature: good.signature.slice(0, -4) };
    expect(await problem(desk.begin(cut))).toBe('signature_wrong');
    expect(await problem(desk.begin({ ...good, signature: '' }))).toBe('signature_wrong');
  });

  test('presented twice, or sixteen times at once, is one act', async () => {
    const one = await signed(STOP, 'claire');
    const outcomes = await Promise.all(Array.from({ length: 16 }, () => problem(desk.begin(one))));
    expect(outcomes.filter((outcome) => outcome === 'none')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'act_repeated')).toHaveLength(15);
    expect(await desk.acts()).toHaveLength(1);
  });

  test.each<[string, Record<string, unknown>]>([
    ['of a refusal', { decision: 'refuse' }],
    ['about another act', { id: 'act_0' }],
    ['about other content', { digest: digestOf(STOP) }],
    ['of an hour ago', { iat: epochSeconds(new Date('2027-03-01T07:00:00Z')) }],
  ])('%s confirms nothing', async (_case, changes) => {
    const { id } = await desk.begin(await signed(OPEN, 'claire'));
    expect(await problem(answered(id, 'paul', 'confirm', changes).then(desk.confirm))).toBe(
      'signature_wrong',
    );
    expect((await desk.show(id)).view.state).toBe('waiting');
  });

  test('of an act is not one of an answer', async () => {
    const { id } = await desk.begin(await signed(OPEN, 'claire'));
    const { signature } = await signed(OPEN, 'paul', { id });
    expect(await problem(desk.confirm({ id, operator: 'paul', signature }))).toBe('signature_wrong');
  });
});

describe('operators', () => {
  test('who are removed act no more, and two stay', async () => {
    await desk.remove('zoe', 'claire');
    expect(await problem(signed(STOP, 'zoe').then(desk.begin))).toBe('operator_unknown');
    expect(await problem(desk.remove('paul', 'claire'))).toBe('too_few');
    expect(await problem(desk.remove('nobody', 'claire'))).toBe('operator_unknown');
  });

  test('are never given a name or a key that was somebody’s', async () => {
    await desk.remove('zoe', 'claire');
    const { publicKey } = makeKey();
    const fresh = publicKeyDer(publicKey);
    expect(await problem(desk.add({ name: 'zoe', publicKey: fresh, by: 'paul' }))).toBe('name_taken');
    const [row] = await desk.operators();
    expect(await problem(desk.add({ name: 'new', publicKey: row?.public_key ?? fresh, by: 'paul' }))).toBe(
      'name_taken',
    );
  });

  test('are added by operators, once there is one', async () => {
    const { publicKey } = makeKey();
    expect(await problem(desk.add({ name: 'new', publicKey: publicKeyDer(publicKey) }))).toBe('too_few');
  });
});

test('the fingerprint of an act tells apart whatever is done (property)', () => {
  const act = fc.record({
    kind: fc.constantFrom<Act['kind']>('stop', 'open', 'serve'),
    name: fc.string(),
    arguments: fc.dictionary(fc.string(), fc.string()),
    reason: fc.string(),
  });
  fc.assert(
    fc.property(act, act, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      expect(digestOf(one) === digestOf({ ...one, arguments: { ...one.arguments } })).toBe(true);
      fc.pre(!same);
      const sorted = ({ arguments: args, ...rest }: Act) =>
        JSON.stringify([Object.entries(rest).toSorted(), Object.entries(args).toSorted()]);
      expect(digestOf(one) === digestOf(other)).toBe(sorted(one) === sorted(other));
    }),
  );
});

test.each([
  ['empty', ''],
  ['a private key', makeKey().privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()],
  [
    'an RSA key',
    generateKeyPairSync('rsa', { modulusLength: 2048 })
      .publicKey.export({ format: 'pem', type: 'spki' })
      .toString(),
  ],
  [
    'another curve',
    generateKeyPairSync('ec', { namedCurve: 'P-384' })
      .publicKey.export({ format: 'pem', type: 'spki' })
      .toString(),
  ],
  ['no key at all', 'bonjour'],
])('%s is no operator’s key, and the error says what to do', (_case, text) => {
  expect(() => readPublicKey(text)).toThrow(/openssl genpkey|keep it to yourself/);
});

test('a key on one line is the key of the PEM file', () => {
  const { publicKey } = makeKey('p256');
  const der = publicKeyDer(publicKey);
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  expect(publicKeyDer(readPublicKey(pem)).equals(der)).toBe(true);
  expect(publicKeyDer(readPublicKey(`${der.toString('base64')}\n`)).equals(der)).toBe(true);
  expect(fingerprint(der)).toMatch(/^([0-9a-f]{4} ){3}[0-9a-f]{4}$/);
});
