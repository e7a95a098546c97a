import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromBase64url, toBase64url, toHex } from '../../src/ecps/protocol/encoding.ts';
import {
  argonSalt,
  blindEvaluate,
  blindPin,
  deriveDeviceOprfKey,
  derivePinKey,
  finalize,
  keyFromSeed,
  pinSeed,
  stretchPin,
} from '../../src/ecps/protocol/keys.ts';

const M = new Uint8Array(32).fill(0xaa);
const K = Uint8Array.from({ length: 32 }, (_, index) => index);
const deviceId = 'dev_01HZX0TESTVECTOR000000001';

const pinKey = async (pin: string, { master = M, secret = K, device = deviceId, gen = 1 } = {}) => {
  const blinded = blindPin(await stretchPin(pin, secret, device));
  const evaluated = blindEvaluate(deriveDeviceOprfKey(master, device, gen), blinded.blinded);
  return derivePinKey(blinded, evaluated, { secret, deviceId: device, gen });
};

describe('PIN key', () => {
  test('is that of the published test vector, step by step', async () => {
    expect(toHex(argonSalt(K, deviceId))).toBe('88901c3917add750033cb1e1ecec9d1b');
    const x = await stretchPin('493027', K, deviceId);
    expect(toHex(x)).toBe('98db4635f82a862491daf0c8828664b7b3a6562010baa09565a591d5588a7da9');
    const oprfKey = deriveDeviceOprfKey(M, deviceId, 1);
    expect(toHex(oprfKey)).toBe('3d19198150f3ed8506fcba353015ad4dce629029c14ed73f7fdb349fe6463e0c');
    const blinded = blindPin(x);
    const n = finalize(blinded, blindEvaluate(oprfKey, blinded.blinded));
    expect(toHex(n)).toBe(
      '8f5ea18a1c322c20ddf10425be80e8f0c582e191c92f78cdc571d20785f27592e73ce256a44b203e0e800e6dccdb598476501c5588b38b08e6a549f59fa12a48',
    );
    const seed = pinSeed(n, K, deviceId, 1);
    expect(toHex(seed)).toBe(
      '017edacd114aeb9d128f57734832eb653aebb11a4661ed9bd296ab1b59ae47d0de3dae03addb1f546ee53d7da6a34d99',
    );
    expect(keyFromSeed(seed).publicJwk).toEqual({
      kty: 'EC',
      crv: 'P-256',
      x: 'Mnh9-T7TDH2edOaCHukA2EvJ0DWONK-G_dHL5eLnFE0',
      y: 'uzknTmHp0lPxL1W2Xp9YKm-71fnUA3GDL_ktgUrKKkU',
    });
    expect((await pinKey('493027')).publicJwk).toEqual(keyFromSeed(seed).publicJwk);
  });

  test('changes with the PIN, the secret, the device, the generation and the master, and with nothing else', async () => {
    const right = await pinKey('493027');
    expect((await pinKey('493027')).publicJwk).toEqual(right.publicJwk);
    const others = await Promise.all([
      pinKey('493028'),
      pinKey('493027', { secret: new Uint8Array(32).fill(1) }),
      pinKey('493027', { device: 'dev_other' }),
      pinKey('493027', { gen: 2 }),
      pinKey('493027', { master: new Uint8Array(32).fill(0xab) }),
    ]);
    const keys = new Set([right, ...others].map(({ publicJwk }) => publicJwk.x));
    expect(keys.size).toBe(6);
  });

  test('a wrong PIN gives another, equally usable key', async () => {
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^\d{4,8}$/), fc.stringMatching(/^\d{4,8}$/), async (one, two) => {
        fc.pre(one !== two);
        const [a, b] = await Promise.all([pinKey(one), pinKey(two)]);
        expect(a.publicJwk).not.toEqual(b.publicJwk);
        expect(b.privateKey.extractable).toBe(false);
        const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, b.privateKey, M);
        expect(signature.byteLength).toBe(64);
      }),
      { numRuns: 8 },
    );
  });

  test('two blindings of one PIN look unrelated and end in the same N', () => {
    const oprfKey = deriveDeviceOprfKey(M, deviceId, 1);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (input) => {
        const x = Uint8Array.from(input);
        const [a, b] = [blindPin(x), blindPin(x)];
        expect(a.blinded).not.toBe(b.blinded);
        const [ea, eb] = [blindEvaluate(oprfKey, a.blinded), blindEvaluate(oprfKey, b.blinded)];
        expect(ea).not.toBe(eb);
        expect(finalize(a, ea)).toEqual(finalize(b, eb));
        // The answer to one blinding is of no use for the other.
        expect(finalize(a, eb)).not.toEqual(finalize(a, ea));
      }),
      { numRuns: 20 },
    );
  });

  test('refuses to evaluate what is no group element', () => {
    const oprfKey = deriveDeviceOprfKey(M, deviceId, 1);
    for (const bad of [
      '',
      'x',
      '=',
      toBase64url(new Uint8Array(32)),
      toBase64url(new Uint8Array(32).fill(255)),
    ]) {
      expect(() => blindEvaluate(oprfKey, bad)).toThrow(expect.objectContaining({ code: 'request_invalid' }));
    }
  });
});

describe('base64url', () => {
  test('is what Node makes of it, both ways', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(toBase64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
        expect(fromBase64url(toBase64url(bytes))).toEqual(Uint8Array.from(bytes));
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
      }),
    );
  });

  test('refuses padding, the other alphabet and a tail with stray bits', () => {
    for (const bad of ['AA==', '+/+/', 'AB', 'é']) expect(() => fromBase64url(bad)).toThrow(TypeError);
  });
});
