import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { BackchannelDecision } from '../../src/ecps/service.ts';
import { BINDING_MESSAGE, bind, sameMessage, type GeneralJws } from '../../src/ecps/protocol/api.ts';
import { token } from '../../src/platform/random.ts';
import {
  PIN,
  refusal,
  SPECIAL,
  startEcpsSite,
  type EcpsSite,
  type Person,
  type TestPhone,
} from '../support/ecps-site.ts';

/** Sign-ins that a service asks without a page: what the phone is asked, and what the service is told. */

let site: EcpsSite;
const decided: BackchannelDecision[] = [];
let failures = 0;

beforeAll(async () => {
  site = await startEcpsSite({
    decided: async (decision) => {
      if (failures > 0) {
        failures -= 1;
        throw new Error('the provider is away');
      }
      decided.push(decision);
    },
  });
});
beforeEach(() => {
  decided.length = 0;
});

const service = { clientId: 'cabinet', name: 'Logiciel de cabinet', host: 'cabinet.example' };

/** Asks as the provider does; the name of the request. */
const ask = async (nationalId: string, message: string, seconds = 120): Promise<string> => {
  const request = token(12);
  await site.ecps.approvals.startBackchannel({
    ...{ request, nationalId, message, seconds },
    context: { service, acr: 'eidas1', locale: 'fr' },
  });
  return request;
};

const someone = async (): Promise<{ person: Person; phone: TestPhone }> => {
  const person = site.person();
  return { person, phone: await site.activated(person) };
};

const only = async (phone: TestPhone) => {
  const { requests } = await phone.pending();
  expect(requests).toHaveLength(1);
  return requests[0] as NonNullable<(typeof requests)[0]>;
};

describe('what the phone is shown', () => {
  it('is the service, and not what is to be read on the service’s screen', async () => {
    const { person, phone } = await someone();
    await ask(person.nationalId, 'DOSSIER 12');
    const request = await only(phone);
    expect(request.bindings).toEqual(['message']);
    expect(request.context).toMatchObject({
      ...{ service, place: '', known: false },
      browser: 'le logiciel du service',
    });
    expect(JSON.stringify(request)).not.toContain('DOSSIER');
  });

  it.each([
    ['10', ['number']],
    ['99', ['number']],
    ['00', ['message']],
    ['7', ['message']],
    ['100', ['message']],
  ])('asks %s as %j', async (message, bindings) => {
    const { person, phone } = await someone();
    await ask(person.nationalId, message);
    expect((await only(phone)).bindings).toEqual(bindings);
  });
});

describe('what the service is told', () => {
  it('of an approval: who, by which phone', async () => {
    const { person, phone } = await someone();
    const request = await ask(person.nationalId, 'Dossier 12');
    await phone.approve({
      request: await only(phone),
      bind: { m: 'message', v: 'DOSSIER  12' },
      pin: PIN,
    });
    expect(decided).toMatchObject([
      {
        ...{ request, outcome: 'approved' },
        approved: { nationalId: person.nationalId, amr: ['pop', 'pin', 'mfa', 'swk'], flow: 'cross' },
      },
    ]);
    expect((await phone.pending()).requests).toEqual([]);
  });

  it('of an approval, though the first word of it was lost: the phone’s retry says it again', async () => {
    const { person, phone } = await someone();
    const request = await ask(person.nationalId, '47');
    const pending = await only(phone);
    failures = 1;
    await refusal(phone.approve({ request: pending, bind: { m: 'number', v: '47' }, pin: PIN }));
    expect(decided).toEqual([]);
    // The proof is there; the same payload comes again.
    const { rows } = await site.db.query<{ jws: GeneralJws }>(
      'SELECT jws FROM ecps_receipt WHERE scope = $1',
      [pending.txn],
    );
    const jws = rows[0]?.jws as GeneralJws;
    const again = await phone.call('approve', { id: pending.txn, body: { jws } });
    expect(again.receipt.split('.')).toHaveLength(3);
    expect(decided).toMatchObject([{ request, outcome: 'approved' }]);
  });

  it('of a refusal, of a report, and of something else typed', async () => {
    const { person, phone } = await someone();
    const denied = await ask(person.nationalId, 'A');
    await phone.deny((await only(phone)).txn);
    const reported = await ask(person.nationalId, 'B');
    await phone.report((await only(phone)).txn);
    const mistyped = await ask(person.nationalId, 'C');
    const before = (await phone.me()).pin.triesLeft;
    const request = await only(phone);
    const { code } = await refusal(phone.approve({ request, bind: { m: 'message', v: 'D' }, pin: PIN }));
    expect(code).toBe('bind_wrong');
    expect((await phone.me()).pin.triesLeft).toBe(before);
    expect(decided).toEqual([
      { request: denied, outcome: 'denied' },
      { request: reported, outcome: 'denied' },
      { request: mistyped, outcome: 'failed' },
    ]);
  });

  it('of nothing, when nobody can answer', async () => {
    for (const nationalId of [SPECIAL.unknown, SPECIAL.struckOff, SPECIAL.inactive]) {
      await ask(nationalId, '47');
    }
    expect(decided).toEqual([]);
  });
});

describe('who does not exist', () => {
  /** Every question to PostgreSQL and every call of the store until the service has its answer. */
  const work = async (nationalId: string): Promise<string[]> => {
    const done: string[] = [];
    const { db, store } = site;
    const query = db.query;
    const { setIfAbsent, replace, set, publish } = store;
    const noting =
      <A extends unknown[], R>(name: string, call: (...args: A) => R) =>
      (...args: A): R => {
        done.push(name === 'query' ? String(args[0]).replace(/\s+/g, ' ') : name);
        return call(...args);
      };
    Object.assign(db, { query: noting('query', query.bind(db) as (...args: unknown[]) => unknown) });
    Object.assign(store, {
      setIfAbsent: noting('setIfAbsent', setIfAbsent.bind(store)),
      replace: noting('replace', replace.bind(store)),
      set: noting('set', set.bind(store)),
      publish: noting('publish', publish.bind(store)),
    });
    try {
      await ask(nationalId, '47');
      // The outbox works beside, and phones are rung afterwards.
      return done.filter((name) => !/outbox_message|FROM ecps_device/.test(name));
    } finally {
      Object.assign(db, { query });
      Object.assign(store, { setIfAbsent, replace, set, publish });
      await site.ecps.approvals.idle();
    }
  };

  it('costs the same steps, one by one', async () => {
    // Requests of other tests about the same people are over.
    site.clock.advance(400);
    const { person } = await someone();
    const enrolled = await work(person.nationalId);
    expect(enrolled.length).toBeGreaterThan(4);
    for (const nationalId of [
      site.person().nationalId,
      SPECIAL.unknown,
      SPECIAL.struckOff,
      SPECIAL.inactive,
    ]) {
      expect(await work(nationalId)).toEqual(enrolled);
    }
  });
});

describe('time and places', () => {
  it('lasts as long as the service asked, not as long as a page', async () => {
    const { person, phone } = await someone();
    await ask(person.nationalId, '47', 300);
    site.clock.advance(290);
    const request = await only(phone);
    await phone.approve({ request, bind: { m: 'number', v: '47' }, pin: PIN });
    expect(decided).toMatchObject([{ outcome: 'approved' }]);
    await ask(person.nationalId, '47', 10);
    site.clock.advance(11);
    expect((await phone.pending()).requests).toEqual([]);
  });

  it('has three places beside those of pages: a fourth is seen by nobody, and no page is crowded out', async () => {
    const { person, phone } = await someone();
    for (const message of ['11', '12', '13', '14']) await ask(person.nationalId, message);
    expect((await phone.pending()).requests).toHaveLength(3);
    const page = await site.start({ nationalId: person.nationalId });
    expect(page.number).toBeDefined();
    expect((await phone.pending()).requests).toHaveLength(4);
    // An answer gives its place back.
    const ofService = (await phone.pending()).requests.find(({ bindings }) => !bindings.includes('qr'));
    await phone.deny(ofService?.txn ?? '');
    await ask(person.nationalId, '15');
    expect((await phone.pending()).requests).toHaveLength(4);
  });

  it('cannot be finished by any browser', async () => {
    const { person, phone } = await someone();
    await ask(person.nationalId, '47');
    const request = await only(phone);
    expect(await site.ecps.approvals.status(request.txn, '')).toBe('expired');
    expect(await site.ecps.approvals.finish(request.txn, token(32))).toBeUndefined();
  });
});

describe('a message', () => {
  const typed = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 ._+/!?#-]{0,18}$/).map((text) => text.trim());

  it('is what was shown whatever its capitals and repeated spaces, and nothing else', () => {
    fc.assert(
      fc.property(typed, (message) => {
        expect(BINDING_MESSAGE.test(message)).toBe(true);
        expect(sameMessage(message, ` ${message.toLowerCase().replaceAll(' ', '  ')} `)).toBe(true);
        expect(sameMessage(message, `${message}x`)).toBe(false);
      }),
    );
  });

  it.each(['', ' a', 'a ', 'é', 'a'.repeat(21), '-a', 'a\nb', '<b>'])('is never %j', (v) => {
    expect(bind.safeParse({ m: 'message', v }).success).toBe(false);
  });
});
