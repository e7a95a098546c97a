import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAudit } from '../../src/audit/record.ts';
import { declareFeed, readPublicKeys, signBatch, switchFeed } from '../../src/contacts/feed/admin.ts';
import { epochSeconds } from '../../src/platform/clock.ts';
import { token } from '../../src/platform/random.ts';
import { startEcpsSite, type EcpsSite } from '../support/ecps-site.ts';
import { rpps } from '../support/registry.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject, type: 'spki' | 'pkcs8'): string =>
  key.export({ type, format: 'pem' }).toString();

interface Sent {
  status: number;
  body: {
    code?: string;
    batch?: string;
    repeated?: boolean;
    results?: { line: number; outcome: string; code?: string; effectiveAt?: string }[];
  };
}

describe.each(['postgres', 'redis'] as const)('the feed of a portal, %s', (store) => {
  let site: EcpsSite;
  const admin = () => ({ db: site.db, clock: site.clock, audit: createAudit({ clock: site.clock }) });
  beforeAll(async () => {
    site = await startEcpsSite({ store, at: new Date().toISOString() });
    await declareFeed(admin(), { id: 'cnom', keys: pem(publicKey, 'spki'), professions: [] });
    await declareFeed(admin(), { id: 'cnop', keys: pem(other.publicKey, 'spki'), professions: ['21'] });
  });

  const url = () => `${site.origin}/registry/contacts`;
  const post = async (
    body: string,
    assertion: string,
    headers: Record<string, string> = {},
  ): Promise<Sent> => {
    const response = await fetch(url(), {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${assertion}`, ...headers },
    });
    return { status: response.status, body: (await response.json()) as Sent['body'] };
  };
  const sign = (body: string, { id = 'cnom', key = privateKey } = {}) =>
    signBatch({
      id,
      privateKey: pem(key, 'pkcs8'),
      body: Buffer.from(body),
      audience: url(),
      now: site.clock.now(),
    });
  const send = async (batch: string, contacts: unknown[], as = {}): Promise<Sent> => {
    const body = JSON.stringify({ batch, contacts });
    return post(body, await sign(body, as));
  };
  const historyOf = async (nationalId: string) => {
    const person = await site.registry.find(nationalId);
    return site.registry.contactHistory(person?.id ?? '');
  };

  it('declares, says from when it serves, and tells whom the former details reach', async () => {
    const person = site.person();
    const sent = await send('lot-1', [{ nationalId: person.nationalId, email: 'feed@exemple.test' }]);
    const effectiveAt = new Date(site.clock.now().getTime() + 72 * 3_600_000).toISOString();
    expect(sent).toEqual({
      status: 200,
      body: { batch: 'lot-1', repeated: false, results: [{ line: 1, outcome: 'declared', effectiveAt }] },
    });
    await site.tellContacts();
    expect((await site.mails(person))[0]?.text).toContain('Un nouveau courriel');
    expect((await historyOf(person.nationalId))[0]).toMatchObject({
      origin: 'feed',
      by: 'cnom',
      email: 'feed@exemple.test',
    });
    const { rows } = await site.db.query(
      "SELECT details FROM audit_event WHERE type = 'contact_batch_received'",
    );
    expect(rows.at(-1)).toMatchObject({
      details: { feed: 'cnom', batch: 'lot-1', lines: 1, declared: 1, refused: 0 },
    });
  });

  it('answers each line for itself', async () => {
    const [a, b] = [site.person(), site.person()];
    const { body } = await send('lot-2', [
      { nationalId: a.nationalId, phone: '06 39 98 88 01' },
      { nationalId: a.nationalId, phone: '+33639988801' },
      { nationalId: b.nationalId, email: b.email },
      { nationalId: b.nationalId, email: null },
      { nationalId: rpps(88_888), email: 'x@exemple.test' },
      { nationalId: '123', email: 'x@exemple.test' },
      { nationalId: b.nationalId, email: 'x@' },
      { nationalId: b.nationalId },
      { nationalId: b.nationalId, email: 'x@exemple.test', birth: '1970' },
      'rien',
      null,
    ]);
    expect(body.results?.map(({ outcome, code }) => code ?? outcome)).toEqual([
      ...['declared', 'unchanged', 'unchanged', 'declared', 'identifier_unknown', 'identifier_malformed'],
      ...['contact_malformed', 'line_malformed', 'line_malformed', 'line_malformed', 'line_malformed'],
    ]);
    expect((await historyOf(b.nationalId))[0]?.email).toBeUndefined();
  });

  it('keeps to the professions of its portal', async () => {
    const person = site.person();
    const as = { id: 'cnop', key: other.privateKey };
    const { body } = await send('lot-1', [{ nationalId: person.nationalId, email: 'y@exemple.test' }], as);
    expect(body.results).toEqual([{ line: 1, outcome: 'refused', code: 'profession_not_covered' }]);
    expect(await historyOf(person.nationalId)).toHaveLength(1);
  });

  it('applies a batch once: sent again it answers the same, changed it is refused', async () => {
    const person = site.person();
    const contacts = [{ nationalId: person.nationalId, email: 'une-fois@exemple.test' }];
    const first = await send('lot-3', contacts);
    site.clock.advance(3600);
    const again = await send('lot-3', contacts);
    expect(again.body).toEqual({ ...first.body, repeated: true });
    expect(await historyOf(person.nationalId)).toHaveLength(2);
    expect(
      await send('lot-3', [{ nationalId: person.nationalId, email: 'autre@exemple.test' }]),
    ).toMatchObject({
      status: 409,
      body: { code: 'batch_conflict' },
    });
    const theirs = { id: 'cnop', key: other.privateKey };
    expect((await send('lot-3', contacts, theirs)).status).toBe(200);
  });

  it('of sixteen at once with one number applies one; all get its answer', async () => {
    const person = site.person();
    const contacts = [{ nationalId: person.nationalId, phone: '06 39 98 88 16' }];
    const sent = await Promise.all(Array.from({ length: 16 }, () => send('lot-16', contacts)));
    expect(new Set(sent.map(({ status }) => status))).toEqual(new Set([200]));
    expect(sent.filter(({ body }) => body.repeated === false)).toHaveLength(1);
    expect(new Set(sent.map(({ body }) => JSON.stringify(body.results))).size).toBe(1);
    expect(await historyOf(person.nationalId)).toHaveLength(2);
  });

  it('of sixteen batches at once about the same people, in any order, loses none and waits in no ring', async () => {
    const people = Array.from({ length: 4 }, () => site.person().nationalId);
    const sent = await Promise.all(
      Array.from({ length: 16 }, (_, n) => {
        const contacts = people.map((nationalId) => ({ nationalId, email: `lot${n}@exemple.test` }));
        return send(`anneau-${n}`, n % 2 ? contacts : contacts.toReversed());
      }),
    );
    expect(
      sent.flatMap(({ body }) => body.results ?? []).filter(({ outcome }) => outcome === 'declared'),
    ).toHaveLength(64);
    for (const nationalId of people) expect(await historyOf(nationalId)).toHaveLength(17);
  });

  it('takes each signed token once, sixteen times at once too', async () => {
    const body = JSON.stringify({
      batch: 'lot-4',
      contacts: [{ nationalId: rpps(1), email: 'z@exemple.test' }],
    });
    const assertion = await sign(body);
    const sent = await Promise.all(Array.from({ length: 16 }, () => post(body, assertion)));
    expect(sent.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(sent.filter(({ body: answer }) => answer.code === 'feed_assertion_replayed')).toHaveLength(15);
  });

  describe('refuses', () => {
    const batch = () =>
      JSON.stringify({ batch: token(6), contacts: [{ nationalId: rpps(1), email: 'q@exemple.test' }] });
    const make = (
      body: string,
      claims: Record<string, unknown> = {},
      { key = privateKey as KeyObject | Uint8Array, alg = 'ES256' } = {},
    ) => {
      const at = epochSeconds(site.clock.now());
      return new SignJWT({
        ...{ iss: 'cnom', sub: 'cnom', aud: url(), iat: at, exp: at + 60, jti: token(12) },
        body_sha256: createHash('sha256').update(body).digest('base64url'),
        ...claims,
      })
        .setProtectedHeader({ alg })
        .sign(key);
    };
    const refused = async (body: string, assertion: string) => {
      const before = await historyOf(rpps(1));
      const sent = await post(body, assertion);
      expect(sent).toMatchObject({ status: 401, body: { code: 'feed_assertion_invalid' } });
      expect(await historyOf(rpps(1))).toEqual(before);
    };
    const now = () => epochSeconds(site.clock.now());

    it('what a correct one would have passed with', async () => {
      const body = batch();
      expect((await post(body, await make(body))).status).toBe(200);
    });

    it.each<[string, () => Record<string, unknown>]>([
      ['another address', () => ({ aud: 'https://ailleurs.example/registry/contacts' })],
      ['the issuer as address', () => ({ aud: site.config.issuer })],
      ['an unknown portal', () => ({ iss: 'inconnu', sub: 'inconnu' })],
      ['another subject', () => ({ sub: 'cnop' })],
      ['an expired token', () => ({ iat: now() - 200, exp: now() - 60 })],
      ['a token of the future', () => ({ iat: now() + 120, exp: now() + 180 })],
      ['a token that lives for an hour', () => ({ exp: now() + 3600 })],
      ['a token without end', () => ({ exp: undefined })],
      ['a token without number', () => ({ jti: undefined })],
      ['a short number', () => ({ jti: 'x' })],
      ['another body', () => ({ body_sha256: createHash('sha256').update('autre').digest('base64url') })],
      ['no body', () => ({ body_sha256: undefined })],
    ])('%s', async (_what, claims) => {
      const body = batch();
      await refused(body, await make(body, claims()));
    });

    it("someone else's key, under one's own name and under his", async () => {
      const body = batch();
      await refused(body, await make(body, {}, { key: other.privateKey }));
      await refused(body, await make(body, { iss: 'cnop', sub: 'cnop' }));
    });

    it('a secret made of the public key, no signature, and noise', async () => {
      const body = batch();
      const secret = Buffer.from(pem(publicKey, 'spki'));
      await refused(body, await make(body, {}, { key: secret, alg: 'HS256' }));
      const [, claims] = (await make(body)).split('.');
      const none = Buffer.from('{"alg":"none"}').toString('base64url');
      await refused(body, `${none}.${claims}.`);
      for (const noise of ['x', 'a.b.c', '..', token(2000)]) await refused(body, noise);
    });

    it('a body changed on the way', async () => {
      const body = batch();
      const assertion = await make(body);
      await refused(`${body} `, assertion);
    });

    it('a disabled portal, until it is enabled again', async () => {
      await switchFeed(admin(), { id: 'cnom', disabled: true });
      const body = batch();
      await refused(body, await make(body));
      await switchFeed(admin(), { id: 'cnom', disabled: false });
      expect((await post(body, await make(body))).status).toBe(200);
      await expect(switchFeed(admin(), { id: 'inconnu', disabled: true })).rejects.toMatchObject({
        code: 'not_found',
      });
    });

    it.each<[string, string]>([
      ['{}', 'batch_malformed'],
      ['[]', 'batch_malformed'],
      ['{"batch":"x","contacts":[]}', 'batch_malformed'],
      ['{"batch":"a b","contacts":[{}]}', 'batch_malformed'],
      ['{"batch":"x","contacts":[{}],"more":1}', 'batch_malformed'],
      ['pas du JSON', 'batch_malformed'],
      [JSON.stringify({ batch: 'x', contacts: Array.from({ length: 501 }, () => ({})) }), 'batch_malformed'],
    ])('a batch that is none (%#)', async (body, code) => {
      expect(await post(body, await make(body))).toMatchObject({ status: 400, body: { code } });
    });

    it('what is too large, of another type, or not posted', async () => {
      const large = JSON.stringify({ batch: 'x', contacts: ['x'.repeat(300_000)] });
      expect((await post(large, await make(large))).status).toBe(413);
      const body = batch();
      expect((await post(body, await make(body), { 'content-type': 'text/plain' })).status).toBe(415);
      expect([404, 405]).toContain((await fetch(url(), { headers: { accept: 'application/json' } })).status);
    });
  });

  it('takes 500 lines', async () => {
    const contacts = Array.from({ length: 500 }, (_, n) => ({
      nationalId: rpps((n % 60) + 1),
      email: `m${n}@exemple.test`,
    }));
    const { status, body } = await send('gros', contacts);
    expect(status).toBe(200);
    expect(body.results).toHaveLength(500);
    expect(new Set(body.results?.map(({ outcome }) => outcome))).toEqual(new Set(['declared']));
  });
});

describe('the keys of a portal', () => {
  it('are public ones, whatever is given, each with a name', async () => {
    for (const given of [
      pem(publicKey, 'spki'),
      pem(privateKey, 'pkcs8'),
      JSON.stringify(privateKey.export({ format: 'jwk' })),
      JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }),
    ]) {
      const { keys } = await readPublicKeys(given);
      expect(keys).toHaveLength(1);
      expect(keys[0]).not.toHaveProperty('d');
      expect(keys[0]?.['kid']).toMatch(/^[\w-]{43}$/);
    }
  });

  it.each([
    'rien',
    '{}',
    '{"keys":[]}',
    '{"kty":"oct","k":"AAAA"}',
    JSON.stringify(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })),
    JSON.stringify(
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' }),
    ),
  ])('refuses what is none, or too weak (%#)', async (given) => {
    await expect(readPublicKeys(given)).rejects.toMatchObject({ code: 'feed_key_unfit' });
  });
});
