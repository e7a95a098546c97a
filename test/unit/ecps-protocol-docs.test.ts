import { readFileSync } from 'node:fs';
import { p256 } from '@noble/curves/nist.js';
import { describe, expect, test } from 'vitest';
import {
  ENDPOINTS,
  MAX_NEW_PIN_EVALUATIONS,
  NONCE_SECONDS,
  REFUSALS,
  approvalContext,
  approvalPayload,
  canonicalHash,
  canonicalJson,
  contextHash,
  signedPayload,
} from '../../src/ecps/protocol/api.ts';
import { fromBase64url, toBase64url } from '../../src/ecps/protocol/encoding.ts';
import { keyFromSeed } from '../../src/ecps/protocol/keys.ts';
import { bodyHash, thumbprint } from '../../src/ecps/protocol/proof.ts';
import { cardQr, mailQr, sameLink, signInQr } from '../../src/ecps/protocol/qr.ts';

const page = readFileSync(new URL('../../docs/ecps-protocol.md', import.meta.url), 'utf8');

const vectors = page.slice(page.indexOf('## 13. ')).split('\n');

/** The text after a label of the test vectors. */
const vector = (label: string): string => {
  const line = vectors.find((candidate) => candidate.startsWith(label));
  if (line === undefined) throw new Error(`${label} is not in the page`);
  return line
    .slice(label.length)
    .replace(/^ *=? */, '')
    .trim();
};

describe('docs/ecps-protocol.md', () => {
  test.each(Object.values(ENDPOINTS).map(({ method, path }) => [method, path]))(
    'tells of %s %s',
    (method, path) => {
      const spoken = path.replace('/transactions/:id', '/transactions/:txn');
      expect(page).toContain(`${method} ${spoken}`);
    },
  );

  test.each(Object.entries(REFUSALS))('tells of %s with its status', (code, status) => {
    expect(page).toMatch(new RegExp(`^\\| \`${code}\` \\| ${status} \\|`, 'm'));
  });

  test('tells of every signed payload and each of its fields', () => {
    for (const schema of signedPayload.options) {
      const { typ, ...fields } = schema.shape;
      const row = page.split('\n').find((line) => line.startsWith(`| \`${typ.value}\``));
      expect(row).toBeDefined();
      const common = ['aud', 'device_id', 'gen', 'seq', 'iat'];
      for (const field of Object.keys(fields).filter((name) => !common.includes(name))) {
        expect(row).toContain(field);
      }
    }
  });

  test('tells the limits of the code', () => {
    expect(page).toContain(`it may be used again for ${NONCE_SECONDS} seconds`);
    expect(page).toContain(`| Evaluations of a PIN being chosen | ${MAX_NEW_PIN_EVALUATIONS} `);
  });

  test('its vectors hold', async () => {
    const secret = toBase64url(Uint8Array.from({ length: 16 }, (_, index) => index));
    const ticket = (id: string) => ({ id: `${id}_01HZX0TESTVECTOR0000000000`, secret });
    expect(vector('mail ')).toContain(mailQr(ticket('act')));
    expect(vector('sign-in ')).toContain(signInQr(ticket('txn')));
    expect(vector('card ')).toContain(cardQr(ticket('act')));
    expect(vector('link ')).toBe(sameLink('https://app.caducee.example', ticket('txn')));
    expect(vector('bh of no body')).toBe(bodyHash());
    expect(vector('bh of {}')).toBe(bodyHash('{}'));
    const context = approvalContext.parse(JSON.parse(vector('context ')));
    expect(vector('context ')).toBe(canonicalJson(context));
    expect(vector('ctx_sha256')).toBe(contextHash(context));
    const payload = approvalPayload.parse(JSON.parse(vector('payload ')));
    expect(vector('payload ')).toBe(canonicalJson(payload));
    expect(vector('payload_sha256')).toBe(canonicalHash(payload));
    expect(payload.ctx_sha256).toBe(contextHash(context));
  });

  test('says how a seed becomes P', async () => {
    const seed = vector('seed    ');
    const { publicJwk, d } = keyFromSeed(Uint8Array.from(Buffer.from(seed, 'hex')));
    const order = p256.Point.Fn.ORDER;
    const expected = (BigInt(`0x${seed}`) % (order - 1n)) + 1n;
    expect(BigInt(`0x${Buffer.from(d).toString('hex')}`)).toBe(expected);
    expect(vector('P_pub.x')).toBe(publicJwk.x);
    expect(vector('P_pub.y')).toBe(publicJwk.y);
    expect(fromBase64url(publicJwk.x)).toHaveLength(32);
    expect(vector('thumbprint of P_pub')).toBe(await thumbprint(publicJwk));
  });
});
