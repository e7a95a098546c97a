import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { approvalPayload, contextHash, generalJws } from '../../src/ecps/protocol/api.ts';
import { toBase64url } from '../../src/ecps/protocol/encoding.ts';
import { openJws } from '../../src/ecps/protocol/jws.ts';
import { blindEvaluate, deriveDeviceOprfKey } from '../../src/ecps/protocol/keys.ts';
import { bodyHash, proofKeyName, thumbprint, verifyProof } from '../../src/ecps/protocol/proof.ts';
import { sameLink } from '../../src/ecps/protocol/qr.ts';
import { type Phone, createPhone } from '../../src/phone/client.ts';
import { createMemoryVault, type MemoryVault } from '../support/phone-vault.ts';

/** A server that answers what a test says, one behaviour a call, and records what came. */
interface Seen {
  method: string;
  path: string;
  body: string;
  nonce: string | undefined;
  jti: string | undefined;
}
type Behaviour = (seen: Seen, response: ServerResponse) => void;

const MASTER = new Uint8Array(32).fill(7);
const DEVICE = 'dev_TEST';

let server: Server;
let origin: string;
let vault: MemoryVault;
let phone: Phone;
let script: Behaviour[];
let seen: Seen[];

const json =
  (status: number, body: unknown, nonce = 'nonce-next'): Behaviour =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'ecps-nonce': nonce });
    response.end(JSON.stringify(body));
  };
const refusal = (status: number, code: string, more = {}): Behaviour =>
  json(status, { code, message: `refused: ${code}`, support_id: 'K7QF-2M9A', ...more });
const lost: Behaviour = (_, response) => void response.socket?.destroy();
const evaluate: Behaviour = (call, response) => {
  const { blinded } = JSON.parse(call.body) as { blinded: string };
  const evaluated = blindEvaluate(deriveDeviceOprfKey(MASTER, DEVICE, 1), blinded);
  json(200, { evaluated, triesLeft: 4 })(call, response);
};

const read = async (request: IncomingMessage): Promise<Seen> => {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const proof = request.headers['ecps-proof'];
  const path = request.url ?? '';
  const method = request.method ?? '';
  if (typeof proof !== 'string') return { method, path, body, nonce: undefined, jti: undefined };
  const keys = await vault.keys();
  if (!keys) throw new Error('no key');
  const claims = await verifyProof(proof, { key: keys.jwk, method, url: origin + path, body });
  const name = proofKeyName(proof);
  if ('kid' in name) expect(name.kid).toBe(await thumbprint(keys.jwk));
  return { method, path, body, nonce: claims.nonce, jti: claims.jti };
};

beforeEach(async () => {
  script = [];
  seen = [];
  server = createServer((request, response) => {
    void read(request).then((call) => {
      seen.push(call);
      if (call.path === '/ecps/v1/nonce') return response.writeHead(204, { 'ecps-nonce': 'nonce-1' }).end();
      const behaviour = script.shift() ?? refusal(500, 'internal_error');
      return behaviour(call, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vault = createMemoryVault();
  await vault.createKeys();
  await vault.write({ seq: 4, device: { id: DEVICE, nationalId: '810002673899', aud: origin, name: 'X' } });
  phone = createPhone({ origin, vault, locale: 'fr' });
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const request = () => ({
  txn: 'txn_1',
  aud: `${origin}/realm`,
  gen: 1,
  challenge: bodyHash('challenge'),
  context: {
    service: { clientId: 'c', name: 'Vaccin Covid', host: 'vaccin.example' },
    browser: 'Firefox, Windows',
    place: '',
    at: '2026-11-23T14:03:22.000Z',
    known: false,
    acr: 'eidas1',
    locale: 'fr' as const,
  },
  bindings: ['number' as const, 'link' as const],
  expiresAt: '2026-11-23T14:05:22.000Z',
  pin: { triesLeft: 5 },
});

describe('calls', () => {
  test('ask for a nonce once and then use the latest one given', async () => {
    script = [json(200, { devices: [] }, 'nonce-2'), json(200, { devices: [] })];
    await phone.devices();
    await phone.devices();
    expect(seen.map(({ path, nonce }) => [path, nonce])).toEqual([
      ['/ecps/v1/nonce', undefined],
      ['/ecps/v1/devices', 'nonce-1'],
      ['/ecps/v1/devices', 'nonce-2'],
    ]);
  });

  test('a stale nonce is replaced once, with a new jti; a second refusal is final', async () => {
    const stale = (nonce: string) => json(401, { code: 'use_nonce', message: 'm', support_id: 's' }, nonce);
    script = [stale('nonce-2'), json(200, { devices: [] })];
    await expect(phone.devices()).resolves.toEqual([]);
    expect(seen.slice(1).map(({ nonce }) => nonce)).toEqual(['nonce-1', 'nonce-2']);
    expect(seen[1]?.jti).not.toBe(seen[2]?.jti);
    script = [stale('nonce-3'), stale('nonce-4')];
    await expect(phone.devices()).rejects.toMatchObject({ code: 'use_nonce' });
    expect(script).toEqual([]);
  });

  test('a lost answer is asked again with a new jti, and after three the phone is offline', async () => {
    script = [lost, json(200, { devices: [] })];
    await expect(phone.devices()).resolves.toEqual([]);
    const jtis = seen.filter(({ jti }) => jti).map(({ jti }) => jti);
    expect(new Set(jtis).size).toBe(2);
    script = [lost, lost, lost, json(200, { devices: [] })];
    await expect(phone.devices()).rejects.toMatchObject({ code: 'offline' });
    expect(script).toHaveLength(1);
  });

  test('a refusal brings its code, its facts and its support id; nonsense is told apart', async () => {
    script = [refusal(429, 'pin_wait', { retry_after: 60, tries_left: 2 }), json(200, { wrong: 1 })];
    await expect(phone.devices()).rejects.toMatchObject({
      code: 'pin_wait',
      message: 'refused: pin_wait',
      status: 429,
      retryAfter: 60,
      triesLeft: 2,
      supportId: 'K7QF-2M9A',
    });
    await expect(phone.devices()).rejects.toMatchObject({ code: 'answer_invalid' });
  });
});

describe('approving', () => {
  const approved = json(200, { receipt: 'r', wrongTriesSince: 0 });
  const number = { m: 'number', v: '47' } as const;
  const payloadOf = (call: Seen | undefined) =>
    openJws(generalJws.parse((JSON.parse(call?.body ?? '') as { jws: unknown }).jws), approvalPayload);

  test('signs what was shown with D and P, with the next seq saved before it is sent', async () => {
    let savedWhenSent = 0;
    script = [
      evaluate,
      (call, response) => {
        savedWhenSent = vault.written.at(-1)?.seq ?? 0;
        approved(call, response);
      },
    ];
    await phone.approve({ request: request(), bind: number, pin: '493027' });
    expect(savedWhenSent).toBe(5);
    const opened = payloadOf(seen.at(-1));
    const keys = await vault.keys();
    if (!keys) throw new Error('no key');
    const kid = await thumbprint(keys.jwk);
    expect(opened.signedBy(kid, 'pin:1')).toBe(true);
    expect(await opened.verify(kid, keys.jwk)).toBe(true);
    expect(opened.payload).toMatchObject({
      seq: 5,
      txn: 'txn_1',
      chal: bodyHash('challenge'),
      ctx_sha256: contextHash(request().context),
      bind: number,
      flow: 'cross',
    });
    expect(opened.payload.verifier_sha256).toBeUndefined();
  });

  test('a lost approval is sent again with the same seq and payload', async () => {
    script = [evaluate, lost, approved];
    await phone.approve({ request: request(), bind: number, pin: '493027' });
    const [first, second] = seen.slice(-2);
    expect(payloadOf(first).hash).toBe(payloadOf(second).hash);
    expect(first?.jti).not.toBe(second?.jti);
    expect((await phone.state()).seq).toBe(5);
  });

  test('a lost evaluation is asked again with the same element, even later, unless the PIN differs', async () => {
    const blinded = () =>
      seen
        .filter(({ path }) => path.endsWith('evaluate'))
        .map(({ body }) => (JSON.parse(body) as { blinded: string }).blinded);
    script = [lost, lost, lost];
    const approve = (pin: string) => phone.approve({ request: request(), bind: number, pin });
    await expect(approve('493027')).rejects.toMatchObject({ code: 'offline' });
    script = [lost, evaluate, approved];
    await approve('493027');
    expect(new Set(blinded()).size).toBe(1);
    script = [lost, lost, lost];
    await expect(approve('493027')).rejects.toMatchObject({ code: 'offline' });
    script = [evaluate, approved];
    await approve('493028');
    expect(new Set(blinded()).size).toBe(3);
    // Once answered, an element is never used again.
    script = [evaluate, approved];
    await approve('493028');
    expect(new Set(blinded()).size).toBe(4);
  });

  test('seq rises with each payload, wrong PIN or not, and two approvals at once do not share one', async () => {
    script = [evaluate, evaluate, refusal(403, 'pin_wrong', { tries_left: 4 }), approved];
    const results = await Promise.allSettled([
      phone.approve({ request: request(), bind: number, pin: '493027' }),
      phone.approve({ request: request(), bind: number, pin: '493027' }),
    ]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const sent = seen
      .filter(({ path }) => path.endsWith('/approve'))
      .map((call) => payloadOf(call).payload.seq);
    expect(sent.toSorted((a, b) => a - b)).toEqual([5, 6]);
  });

  test('by link: flow "same", a verifier whose hash is signed, and the address to open', async () => {
    const link = sameLink('http://app.example', { id: 'txn_1', secret: toBase64url(new Uint8Array(16)) });
    script = [
      json(200, request()),
      evaluate,
      json(200, { receipt: 'r', wrongTriesSince: 0, returnTo: `${origin}/retour/abc` }),
    ];
    const answer = await phone.approve({ ...(await phone.openLink(link)), pin: '493027' });
    const returnTo = new URL(answer.returnTo ?? '');
    expect(returnTo.pathname).toBe('/retour/abc');
    const { payload } = payloadOf(seen.at(-1));
    expect(payload.flow).toBe('same');
    expect(payload.verifier_sha256).toBe(bodyHash(returnTo.searchParams.get('v') ?? ''));
  });

  test('nothing is evaluated or signed for the issuer of another server', async () => {
    const foreign = { ...request(), aud: 'https://evil.example/realm' };
    await expect(phone.approve({ request: foreign, bind: number, pin: '493027' })).rejects.toMatchObject({
      code: 'issuer_untrusted',
    });
    expect(seen).toEqual([]);
  });

  test('a phone without e-CPS says so', async () => {
    await vault.write({ seq: 0 });
    await expect(phone.approve({ request: request(), bind: number, pin: '1' })).rejects.toMatchObject({
      code: 'not_activated',
    });
  });
});

describe('activating', () => {
  const view = (state: string, more = {}) => ({
    activationId: 'act_1',
    deviceId: 'dev_1',
    state,
    expiresAt: '2026-11-23T14:30:00.000Z',
    ...more,
  });
  const start = async () => {
    script = [json(201, view('mail_sent'))];
    await phone.activate({ nationalId: '810002673899', device: { name: 'n', model: 'm', os: 'o' } });
  };

  test('a step whose answer was lost is not taken twice when the server had taken it', async () => {
    await start();
    script = [lost, json(200, view('sms_sent'))];
    await expect(phone.scanMail('ECPS1:x')).resolves.toMatchObject({ state: 'sms_sent' });
    expect(seen.slice(-2).map(({ method }) => method)).toEqual(['POST', 'GET']);
    script = [lost, json(200, view('sms_sent')), json(200, view('pin_due'))];
    await expect(phone.smsCode('493027')).resolves.toMatchObject({ state: 'pin_due' });
    expect(seen.slice(-3).map(({ method }) => method)).toEqual(['POST', 'GET', 'POST']);
  });

  test('a PIN of the block list never leaves the phone, nor does anything made from it', async () => {
    await start();
    const due = view('pin_due', { gen: 1, aud: origin, pin: { minLength: 4, maxLength: 8 } });
    script = [json(200, due)];
    await expect(phone.enrol('1234')).rejects.toMatchObject({ code: 'pin_refused', pinProblem: 'sequence' });
    expect(seen.at(-1)?.method).toBe('GET');
  });

  test('new keys start a new sequence', async () => {
    const before = await vault.keys();
    script = [json(201, view('mail_sent'))];
    await phone.activate({
      nationalId: '810002673899',
      device: { name: 'n', model: 'm', os: 'o' },
      newKeys: true,
    });
    expect((await vault.keys())?.jwk).not.toEqual(before?.jwk);
    expect(await phone.state()).toMatchObject({ seq: 0, activation: { id: 'act_1' } });
    expect((await phone.state()).device).toBeUndefined();
  });
});

describe('events', () => {
  test('yield on connection and at each pending event, however they are cut into pieces', async () => {
    script = [
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(': hello\n\nevent: pen');
        response.write('ding\ndata: {}\n\nevent: other\ndata: {}\n\n');
        response.end('event: pending\ndata: {}\n\n');
      },
    ];
    let count = 0;
    const events = phone.events(AbortSignal.timeout(5_000));
    while (!(await events.next()).done) count += 1;
    expect(count).toBeGreaterThanOrEqual(2);
    expect(count).toBeLessThanOrEqual(3);
  });
});
