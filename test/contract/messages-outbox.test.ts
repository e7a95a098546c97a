import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PATIENCE } from '../../src/messages/backoff.ts';
import type { MailRequest, SmsRequest } from '../../src/messages/request.ts';
import type { MessageRequest } from '../../src/messages/service.ts';
import { DeliveryError, type Transport, type Transports } from '../../src/messages/transport.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { createLog } from '../../src/platform/log.ts';
import type { Database } from '../../src/platform/postgres.ts';
import { uuid } from '../../src/platform/random.ts';
import { testMessages } from '../support/mail.ts';
import { testDatabase } from '../support/services.ts';

/** The outbox on a real PostgreSQL. What is behind it is a transport of the test: here the queue is what is tested. */

let db: Database;
beforeAll(async () => {
  ({ db } = await testDatabase({ max: 30 }));
});
beforeEach(async () => {
  await db.query('TRUNCATE outbox_message');
});

/** For what real time brings: a loaded machine takes its time. */
const PATIENT = { timeout: 10_000 };

const START = '2021-01-14T07:30:00Z';

const mail = (to = 'lea@x.test'): MailRequest => ({
  kind: 'mail',
  template: 'device_locked',
  to,
  locale: 'fr',
  data: { deviceName: 'Pixel 8', at: START },
});
const sms = (seconds = 600): SmsRequest => ({
  kind: 'sms',
  template: 'activation_code',
  to: '+33612345612',
  locale: 'fr',
  data: { code: '493027', domain: 'app.caducee.test' },
  expiresAt: new Date(Date.parse(START) + seconds * 1000),
});

/** A way out that does what the test says and remembers what left. */
const recorder = (act: (tries: number) => Promise<void> | void = () => undefined) => {
  const left: { id: string; to: string }[] = [];
  const started: string[] = [];
  const deliver = async (id: string, request: MailRequest | SmsRequest) => {
    started.push(id);
    await act(started.length);
    left.push({ id, to: request.to });
    return { providerId: `provider-${id}` };
  };
  const transport = { deliver } as Transport<MailRequest> & Transport<SmsRequest>;
  const transports: Transports = { mail: transport, sms: transport };
  return { left, started, transports };
};

const sealedOf = async (id: string) =>
  (await db.query<{ sealed: Buffer | null }>('SELECT sealed FROM outbox_message WHERE id = $1', [id])).rows[0]
    ?.sealed;

describe('a message is written with what causes it', () => {
  it('does not leave when the transaction rolls back', async () => {
    const { left, transports } = recorder();
    const messages = testMessages(db, transports);
    const undone = db.transaction(async (tx) => {
      await messages.enqueue(tx, mail());
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await messages.drain();
    expect(left).toEqual([]);
    expect(await messages.fate({})).toEqual([]);
  });

  it('is invisible to the dispatcher until the transaction commits', async () => {
    const { left, transports } = recorder();
    const messages = testMessages(db, transports);
    await db.transaction(async (tx) => {
      await messages.enqueue(tx, mail());
      await messages.drain();
      expect(left).toEqual([]);
    });
    await messages.drain();
    expect(left).toHaveLength(1);
  });

  it('leaves at once after kick(), without waiting for the loop', async () => {
    let leave = (): void => undefined;
    const gone = new Promise<void>((resolve) => (leave = resolve));
    const { transports } = recorder(() => leave());
    const messages = testMessages(db, transports, { pollMs: 3_600_000 });
    await messages.enqueue(db, mail());
    messages.kick();
    await gone;
    // What is still at work would take the next test's message along.
    await messages.stop();
  });

  it('is found by the loop of another process that nobody kicked', async () => {
    let leave = (): void => undefined;
    const gone = new Promise<void>((resolve) => (leave = resolve));
    const writer = testMessages(db, recorder().transports);
    const sender = testMessages(db, recorder(() => leave()).transports, { pollMs: 20 });
    sender.start();
    await writer.enqueue(db, mail());
    await gone;
    await sender.stop();
  });

  it('is written once for one dedupe key, even by two transactions at once', async () => {
    const { left, transports } = recorder();
    const messages = testMessages(db, transports);
    const request: MessageRequest = { ...mail(), dedupeKey: 'renewal:dev_1:30' };
    const ids = await Promise.all(
      Array.from({ length: 8 }, () => db.transaction((tx) => messages.enqueue(tx, request))),
    );
    expect(new Set(ids).size).toBe(1);
    await messages.drain();
    expect(left).toHaveLength(1);
    expect(await messages.enqueue(db, request)).toBe(ids[0]);
    await messages.drain();
    expect(left).toHaveLength(1);
  });

  it('is not queued at all when it is a push and no VAPID key is configured', async () => {
    const messages = testMessages(db, recorder().transports);
    const subscription = { endpoint: 'https://push.example.test/x', keys: { p256dh: 'x', auth: 'y' } };
    await messages.enqueue(db, { kind: 'push', subscription, deviceId: 'dev_1', expiresAt: new Date(START) });
    expect(await messages.backlog()).toEqual({ waiting: 0, oldest: undefined });
  });
});

describe('many dispatchers', () => {
  it('deliver each of 16 messages exactly once', async () => {
    // Deliveries meet at a barrier, so that both processes hold messages at the same time.
    let arrived = 0;
    let open = (): void => undefined;
    const barrier = new Promise<void>((resolve) => (open = resolve));
    const meet = (): Promise<void> => {
      arrived += 1;
      if (arrived === 2 * PATIENCE.mail.parallel) open();
      return barrier;
    };
    const [one, two] = [recorder(meet), recorder(meet)];
    const first = testMessages(db, one.transports);
    const second = testMessages(db, two.transports);
    const ids = await Promise.all(
      Array.from({ length: 16 }, (_, n) => first.enqueue(db, mail(`n${n}@x.test`))),
    );
    await Promise.all([first.drain(), second.drain()]);
    expect(one.left.length).toBeGreaterThanOrEqual(PATIENCE.mail.parallel);
    expect(two.left.length).toBeGreaterThanOrEqual(PATIENCE.mail.parallel);
    expect([...one.left, ...two.left].map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect((await first.fate({ state: 'sent' })).map(({ attempts }) => attempts)).toEqual(Array(16).fill(1));
  });

  it('do not let a mail server that hangs delay an SMS', async () => {
    let release = (): void => undefined;
    const hung = new Promise<void>((resolve) => (release = resolve));
    const mails = recorder(() => hung);
    const texts = recorder();
    const messages = testMessages(db, { mail: mails.transports.mail, sms: texts.transports.sms });
    for (let n = 0; n < 10; n += 1) await messages.enqueue(db, mail());
    const id = await messages.enqueue(db, sms());
    const pass = messages.drain();
    await expect.poll(async () => (await messages.fate({ id }))[0]?.state, PATIENT).toBe('sent');
    expect(mails.left).toEqual([]);
    await expect.poll(() => mails.started.length, PATIENT).toBe(PATIENCE.mail.parallel);
    release();
    await pass;
    expect(mails.left).toHaveLength(10);
  });
});

describe('a process that dies with a message in its hands', () => {
  it('loses it to another when its lease ends, and not before', async () => {
    const clock = new ManualClock(START);
    let revive = (): void => undefined;
    const dead = recorder(() => new Promise<void>((resolve) => (revive = resolve)));
    const alive = recorder();
    const first = testMessages(db, dead.transports, { clock });
    const second = testMessages(db, alive.transports, { clock });
    const id = await first.enqueue(db, mail());
    const stuck = first.drain();
    await expect.poll(() => dead.started, PATIENT).toEqual([id]);

    clock.advance(60);
    await second.drain();
    expect(alive.left).toEqual([]);

    clock.advance(31);
    await second.drain();
    expect(alive.left.map((one) => one.id)).toEqual([id]);

    // The first one was only slow: what it reports now changes nothing.
    revive();
    await stuck;
    expect(await second.fate({ id })).toMatchObject([{ state: 'sent', attempts: 2 }]);
  });

  it('does not take it along for ever: a message that kills its sender is abandoned', async () => {
    const clock = new ManualClock(START);
    const { left, transports } = recorder();
    const messages = testMessages(db, transports, { clock });
    const id = await messages.enqueue(db, { ...sms(), expiresAt: new Date(Date.parse(START) + 86_400_000) });
    const { maxAttempts } = PATIENCE.sms;
    await db.query(`UPDATE outbox_message SET state = 'sending', attempts = $1`, [maxAttempts]);
    await messages.drain();
    expect(left).toEqual([]);
    expect(await messages.fate({ id })).toMatchObject([{ state: 'abandoned', lastError: 'too many tries' }]);
  });
});

describe('failures', () => {
  it('are tried again later and later, and then abandoned', async () => {
    const clock = new ManualClock(START);
    const { started, transports } = recorder(() => {
      throw new DeliveryError('Twilio 500');
    });
    const messages = testMessages(db, transports, { clock });
    const id = await messages.enqueue(db, sms(86_400));
    const waits: number[] = [];
    for (let n = 1; n < PATIENCE.sms.maxAttempts; n += 1) {
      await messages.drain();
      const [fate] = await messages.fate({ id });
      expect(fate).toMatchObject({ state: 'queued', attempts: n, lastError: 'Twilio 500' });
      const next = fate!.nextAttemptAt!;
      waits.push(next.getTime() - clock.now().getTime());
      clock.set(next.getTime() - 1);
      await messages.drain();
      expect(started).toHaveLength(n);
      clock.set(next);
    }
    await messages.drain();
    expect(await messages.fate({ id })).toMatchObject([
      {
        state: 'abandoned',
        attempts: PATIENCE.sms.maxAttempts,
        lastError: 'Twilio 500',
        endedAt: clock.now(),
      },
    ]);
    expect(waits[0]).toBeLessThanOrEqual(2000);
    expect(waits[3]).toBeGreaterThanOrEqual(8000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
    expect(await sealedOf(id)).toBeNull();
  });

  it('that are refusals for good are abandoned at once', async () => {
    const { transports } = recorder(() => {
      throw new DeliveryError('SMTP 550 no such user', { permanent: true });
    });
    const messages = testMessages(db, transports);
    const id = await messages.enqueue(db, mail());
    await messages.drain();
    expect(await messages.fate({ id })).toMatchObject([
      { state: 'abandoned', attempts: 1, lastError: 'SMTP 550 no such user' },
    ]);
    expect(await sealedOf(id)).toBeNull();
  });

  it('wait as long as the other side asks', async () => {
    const clock = new ManualClock(START);
    const { transports } = recorder(() => {
      throw new DeliveryError('Twilio 429', { retryAfterSeconds: 40 });
    });
    const messages = testMessages(db, transports, { clock });
    const id = await messages.enqueue(db, sms());
    await messages.drain();
    expect((await messages.fate({ id }))[0]?.nextAttemptAt).toEqual(new Date(Date.parse(START) + 40_000));
  });

  it('of our own are tried again and told without their content', async () => {
    const { transports } = recorder(() => {
      throw new TypeError('cannot read lea@x.test');
    });
    const messages = testMessages(db, transports);
    const id = await messages.enqueue(db, mail());
    await messages.drain();
    expect(await messages.fate({ id })).toMatchObject([
      { state: 'queued', lastError: 'internal error (TypeError)' },
    ]);
  });

  it('end with the message’s life: it expires and nobody sends it any more', async () => {
    const clock = new ManualClock(START);
    const { started, transports } = recorder(() => {
      throw new DeliveryError('down');
    });
    const messages = testMessages(db, transports, { clock });
    const id = await messages.enqueue(db, sms(60));
    await messages.drain();
    clock.advance(60);
    await messages.drain();
    expect(started).toHaveLength(1);
    expect(await messages.fate({ id })).toMatchObject([{ state: 'expired', attempts: 1, lastError: 'down' }]);
    expect(await sealedOf(id)).toBeNull();
  });

  it('with another master key are told and abandoned', async () => {
    const messages = testMessages(db, recorder().transports);
    const other = testMessages(db, recorder().transports, { keyring: createKeyRing(Buffer.alloc(32, 8)) });
    const id = await messages.enqueue(db, mail());
    await other.drain();
    expect(await messages.fate({ id })).toMatchObject([
      { state: 'abandoned', lastError: 'cannot be decrypted with this master key' },
    ]);
  });
});

describe('secrets', () => {
  const QR = 'ECPS1:secret-of-the-qr';
  const secretMail: MailRequest = {
    kind: 'mail',
    template: 'activation_qr',
    to: 'lea.martin@x.test',
    locale: 'fr',
    data: { qrText: QR, typedCode: 'K7QF2M9A', expiresAt: START, minutes: 30 },
  };

  it('are encrypted while they wait and gone once sent; what the help desk sees is masked', async () => {
    const { transports } = recorder();
    const messages = testMessages(db, transports);
    const person = uuid();
    const id = await messages.enqueue(db, { ...secretMail, practitionerId: person, activationId: 'act_1' });
    const dump = async () =>
      JSON.stringify((await db.query('SELECT o::text AS row FROM outbox_message o')).rows);
    const binary = await sealedOf(id);
    expect(binary).toBeInstanceOf(Buffer);
    for (const secret of [QR, 'K7QF2M9A', 'lea.martin']) {
      expect(binary?.includes(secret)).toBe(false);
      expect(await dump()).not.toContain(secret);
    }
    await messages.drain();
    expect(await sealedOf(id)).toBeNull();
    expect(await messages.fate({ practitionerId: person })).toEqual([
      {
        id,
        kind: 'mail',
        template: 'activation_qr',
        locale: 'fr',
        recipient: 'l•••@x•••.test',
        state: 'sent',
        attempts: 1,
        providerId: `provider-${id}`,
        practitionerId: person,
        activationId: 'act_1',
        createdAt: new Date(START),
        expiresAt: new Date(Date.parse(START) + 48 * 3_600_000),
        endedAt: new Date(START),
      },
    ]);
  });

  it('reach no log, whatever happens', async () => {
    const lines: string[] = [];
    const sink = { write: (line: string) => (lines.push(line), true) } as unknown as NodeJS.WritableStream;
    let tries = 0;
    const { transports } = recorder(() => {
      tries += 1;
      if (tries < 3) throw new DeliveryError('down');
      if (tries === 3) throw new Error(`boom ${QR}`);
      throw new DeliveryError('no', { permanent: true });
    });
    const clock = new ManualClock(START);
    const outcomes: unknown[] = [];
    const messages = testMessages(db, transports, {
      clock,
      log: createLog('trace', sink),
      onOutcome: (outcome) => outcomes.push(outcome),
    });
    await messages.enqueue(db, secretMail);
    for (let n = 0; n < 4; n += 1) {
      await messages.drain();
      clock.advance(60);
    }
    expect(lines).toHaveLength(4);
    expect(outcomes).toEqual(
      ['retried', 'retried', 'retried', 'abandoned'].map((outcome) => ({ channel: 'mail', outcome })),
    );
    expect(lines.join('')).not.toMatch(/secret-of-the-qr|K7QF2M9A|lea\.martin/);
  });
});

describe('afterwards', () => {
  it('is forgotten after 90 days, and what still waits never is', async () => {
    const clock = new ManualClock(START);
    const messages = testMessages(db, recorder().transports, { clock });
    await messages.enqueue(db, mail());
    await messages.drain();
    await messages.enqueue(db, { ...mail(), expiresAt: new Date('2022-01-01') });
    clock.advance(90 * 86_400);
    expect(await messages.forget()).toBe(0);
    clock.advance(1);
    expect(await messages.forget()).toBe(1);
    expect(await messages.backlog()).toEqual({ waiting: 1, oldest: new Date(START) });
  });

  it('is found by activation, by phone and by state, newest first', async () => {
    const clock = new ManualClock(START);
    const messages = testMessages(db, recorder().transports, { clock });
    const first = await messages.enqueue(db, { ...mail(), deviceId: 'dev_1', activationId: 'act_1' });
    clock.advance(1);
    const second = await messages.enqueue(db, { ...mail(), deviceId: 'dev_1', activationId: 'act_2' });
    const ids = async (filter: Parameters<typeof messages.fate>[0]) =>
      (await messages.fate(filter)).map(({ id }) => id);
    expect(await ids({ deviceId: 'dev_1' })).toEqual([second, first]);
    expect(await ids({ deviceId: 'dev_1', limit: 1 })).toEqual([second]);
    expect(await ids({ activationId: 'act_1' })).toEqual([first]);
    expect(await ids({ state: 'sent' })).toEqual([]);
  });
});
