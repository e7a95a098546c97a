import { SignJWT, exportJWK } from 'jose';
import { describe, expect, test } from 'vitest';
import type { ApprovalPayload, GeneralJws, PublicJwk } from '../../src/ecps/protocol/api.ts';
import { approvalPayload, canonicalJson, contextHash, publicJwk } from '../../src/ecps/protocol/api.ts';
import { toBase64url, utf8 } from '../../src/ecps/protocol/encoding.ts';
import { openJws, pinKid, signPayload } from '../../src/ecps/protocol/jws.ts';
import {
  bodyHash,
  htuOf,
  makeProof,
  proofKeyName,
  thumbprint,
  verifyProof,
} from '../../src/ecps/protocol/proof.ts';

const newKey = async (): Promise<{ privateKey: CryptoKey; jwk: PublicJwk; kid: string }> => {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
  const { kty, crv, x, y } = await exportJWK(pair.publicKey);
  const jwk = publicJwk.parse({ kty, crv, x, y });
  return { privateKey: pair.privateKey, jwk, kid: await thumbprint(jwk) };
};

const D = await newKey();
const P = await newKey();
const other = await newKey();

const url = 'https://provider.example/ecps/v1/transactions/txn_1/approve';
const call = { method: 'POST', url, body: '{"a":1}' };
const proof = (over: Partial<Parameters<typeof makeProof>[0]> = {}) =>
  makeProof({
    key: D.privateKey,
    name: { kid: D.kid },
    ...call,
    nonce: 'nonce-of-the-server',
    jti: 'jti-0123456789abcdef',
    ...over,
  });

describe('ECPS-Proof', () => {
  test('verifies for the call it was made for, and tells its nonce and jti', async () => {
    const compact = await proof();
    expect(proofKeyName(compact)).toEqual({ kid: D.kid });
    expect(await verifyProof(compact, { key: D.jwk, ...call })).toEqual({
      htm: 'POST',
      htu: url,
      nonce: 'nonce-of-the-server',
      jti: 'jti-0123456789abcdef',
      bh: bodyHash(call.body),
    });
    expect(proofKeyName(await proof({ name: { jwk: D.jwk } }))).toEqual({ jwk: D.jwk });
  });

  test('ignores query and fragment of the URL, as RFC 9449 does', async () => {
    expect(htuOf(`${url}?a=1#b`)).toBe(url);
    await expect(
      verifyProof(await proof({ url: `${url}?a=1` }), { key: D.jwk, ...call }),
    ).resolves.toBeDefined();
  });

  test.each([
    ['method', { method: 'GET' }],
    ['URL', { url: `${url}s` }],
    ['host', { url: url.replace('provider', 'evil') }],
    ['body', { body: '{"a":2}' }],
    ['absent body', { body: undefined }],
    ['key', { key: other.jwk }],
  ])('is refused for another %s', async (_, change) => {
    await expect(verifyProof(await proof(), { key: D.jwk, ...call, ...change })).rejects.toMatchObject({
      code: 'proof_invalid',
    });
  });

  test('is refused when any character of any claim, of the header or of the signature changes', async () => {
    const compact = await proof();
    const parts = compact.split('.');
    for (const [index, part] of parts.entries()) {
      for (let at = 0; at < part.length; at += 5) {
        const flipped = part.slice(0, at) + (part[at] === 'A' ? 'B' : 'A') + part.slice(at + 1);
        if (flipped === part) continue;
        const tampered = parts.with(index, flipped).join('.');
        await expect(verifyProof(tampered, { key: D.jwk, ...call })).rejects.toMatchObject({
          code: 'proof_invalid',
        });
      }
    }
  });

  test('is refused with another type, an extra claim, a missing claim or a header that says more', async () => {
    const sign = (claims: Record<string, unknown>, header: Record<string, unknown> = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', typ: 'ecps-proof+jwt', kid: D.kid, ...header })
        .sign(D.privateKey);
    const good = { htm: 'POST', htu: url, nonce: 'n', jti: 'jti-0123456789abcdef', bh: bodyHash(call.body) };
    await expect(verifyProof(await sign(good), { key: D.jwk, ...call })).resolves.toEqual(good);
    const bad = [
      await sign(good, { typ: 'dpop+jwt' }),
      await sign(good, { jwk: D.jwk }),
      await sign(good, { cty: 'x' }),
      await sign({ ...good, iat: 1 }),
      ...(await Promise.all(
        Object.keys(good).map((name) =>
          sign(Object.fromEntries(Object.entries(good).filter(([key]) => key !== name))),
        ),
      )),
    ];
    for (const compact of bad) {
      await expect(verifyProof(compact, { key: D.jwk, ...call })).rejects.toMatchObject({
        code: 'proof_invalid',
      });
    }
  });
});

const payload: ApprovalPayload = {
  typ: 'ecps.approval.v1',
  aud: 'https://provider.example/auth/realms/esante-wallet',
  txn: 'txn_1',
  act: 'approve',
  device_id: 'dev_1',
  gen: 1,
  seq: 7,
  chal: bodyHash('challenge'),
  ctx_sha256: bodyHash('context'),
  bind: { m: 'number', v: '47' },
  flow: 'cross',
  iat: 1_800_000_000,
};
const signers = [
  { kid: D.kid, key: D.privateKey },
  { kid: pinKid(1), key: P.privateKey },
];
const signed: GeneralJws = await signPayload(payload, signers);

describe('signed payloads', () => {
  test('carry one signature of D and one of P over the same bytes', async () => {
    const opened = openJws(signed, approvalPayload);
    expect(opened.payload).toEqual(payload);
    expect(opened.signedBy(D.kid, 'pin:1')).toBe(true);
    expect(opened.signedBy('pin:1', D.kid)).toBe(false);
    expect(opened.signedBy(D.kid)).toBe(false);
    expect(await opened.verify(D.kid, D.jwk)).toBe(true);
    expect(await opened.verify('pin:1', P.jwk)).toBe(true);
    expect(await opened.verify('pin:1', other.jwk)).toBe(false);
    expect(await opened.verify('pin:2', P.jwk)).toBe(false);
  });

  test('made again have other signatures and the same hash', async () => {
    const again = await signPayload({ ...payload }, signers);
    expect(again.signatures).not.toEqual(signed.signatures);
    expect(openJws(again, approvalPayload).hash).toBe(openJws(signed, approvalPayload).hash);
    const next = await signPayload({ ...payload, seq: 8 }, signers);
    expect(openJws(next, approvalPayload).hash).not.toBe(openJws(signed, approvalPayload).hash);
  });

  test.each(
    Object.entries({
      aud: 'https://evil.example',
      txn: 'txn_2',
      device_id: 'dev_2',
      gen: 2,
      seq: 8,
      chal: bodyHash('other'),
      ctx_sha256: bodyHash('other'),
      bind: { m: 'number', v: '48' },
      iat: 1,
    }),
  )('do not verify when %s changes', async (name, value) => {
    const text = canonicalJson({ ...payload, [name]: value });
    const opened = openJws({ ...signed, payload: toBase64url(utf8(text)) }, approvalPayload);
    expect(opened.payload).toMatchObject({ [name]: value });
    expect(await opened.verify(D.kid, D.jwk)).toBe(false);
    expect(await opened.verify('pin:1', P.jwk)).toBe(false);
  });

  test('are refused when not canonical, of another kind, or with other headers', async () => {
    const refuse = (jws: GeneralJws) =>
      expect(() => openJws(jws, approvalPayload)).toThrow(
        expect.objectContaining({ code: 'signature_invalid' }),
      );
    refuse({ ...signed, payload: toBase64url(utf8(JSON.stringify(payload, undefined, 1))) });
    refuse({ ...signed, payload: '***' });
    const [first] = signed.signatures;
    if (!first) throw new Error('no signature');
    for (const header of [
      { alg: 'none', typ: payload.typ, kid: D.kid },
      { alg: 'ES256', typ: 'ecps.enrol.v1', kid: D.kid },
      { alg: 'ES256', typ: payload.typ, kid: D.kid, crit: ['b64'], b64: false },
    ]) {
      refuse({
        ...signed,
        signatures: [{ ...first, protected: toBase64url(utf8(JSON.stringify(header))) }],
      });
    }
  });

  test('flow "same" goes with a link and a verifier, and only with them', () => {
    const link = { m: 'link', v: toBase64url(new Uint8Array(16)) } as const;
    const verifier = { verifier_sha256: bodyHash('verifier') };
    expect(approvalPayload.safeParse({ ...payload, flow: 'same', bind: link, ...verifier }).success).toBe(
      true,
    );
    expect(approvalPayload.safeParse({ ...payload, flow: 'same', bind: link }).success).toBe(false);
    expect(approvalPayload.safeParse({ ...payload, flow: 'same', ...verifier }).success).toBe(false);
    expect(approvalPayload.safeParse({ ...payload, bind: link }).success).toBe(false);
    expect(approvalPayload.safeParse({ ...payload, ...verifier }).success).toBe(false);
    expect(approvalPayload.safeParse({ ...payload, extra: 1 }).success).toBe(false);
  });
});

describe('context', () => {
  const context = {
    service: { clientId: 'vaccin-covid', name: 'Vaccin Covid', host: 'vaccin-covid.example' },
    browser: 'Firefox, Windows',
    place: 'Lyon',
    at: '2026-11-23T14:03:22.000Z',
    known: true,
    acr: 'eidas1',
    locale: 'fr',
  } as const;

  test('hashes the same whatever the order of its keys, and differently for any other content', () => {
    const reversed = Object.fromEntries(Object.entries(context).toReversed()) as unknown as typeof context;
    expect(contextHash(reversed)).toBe(contextHash(context));
    expect(contextHash({ ...context, place: 'Lyon ' })).not.toBe(contextHash(context));
    expect(contextHash({ ...context, known: false })).not.toBe(contextHash(context));
    expect(contextHash({ ...context, service: { ...context.service, host: 'evil.example' } })).not.toBe(
      contextHash(context),
    );
  });
});
