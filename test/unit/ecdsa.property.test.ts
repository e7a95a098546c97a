import { generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { derFromRaw, rawFromDer } from '../../src/platform/ecdsa.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const JOSE = 'ieee-p1363';

describe('ECDSA signatures', () => {
  it('made as DER are good as r‖s, and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
        const der = sign('sha256', data, privateKey);
        const raw = rawFromDer(der);
        expect(raw).toHaveLength(64);
        expect(verify('sha256', data, { key: publicKey, dsaEncoding: JOSE }, raw)).toBe(true);
        expect(derFromRaw(raw)).toEqual(der);
      }),
    );
  });

  it('keep each pair of integers, whatever zeros they begin with', () => {
    const half = fc
      .tuple(fc.nat(31), fc.uint8Array({ minLength: 32, maxLength: 32 }))
      .map(([zeros, bytes]) => bytes.fill(0, 0, zeros))
      .filter((bytes) => bytes.some((byte) => byte !== 0));
    fc.assert(
      fc.property(half, half, (r, s) => {
        const raw = Buffer.concat([r, s]);
        expect(rawFromDer(derFromRaw(raw) ?? Buffer.alloc(0))).toEqual(raw);
      }),
    );
  });

  it('of another length are none', () => {
    expect(derFromRaw(Buffer.alloc(63))).toBeUndefined();
    expect(derFromRaw(Buffer.alloc(65))).toBeUndefined();
    expect(derFromRaw(Buffer.alloc(0))).toBeUndefined();
  });

  it('are read from DER or refused, never misread', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        let raw: Buffer | undefined;
        try {
          raw = rawFromDer(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
        if (raw) expect(raw).toHaveLength(64);
      }),
    );
    const der = sign('sha256', Buffer.from('x'), privateKey);
    for (const wrong of [der.subarray(1), der.subarray(0, -1), Buffer.concat([der, Buffer.of(0)])]) {
      expect(() => rawFromDer(wrong)).toThrow(TypeError);
    }
  });
});
