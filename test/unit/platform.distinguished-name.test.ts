import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseName, parseSubject } from '../../src/platform/distinguished-name.ts';
import { extensions, generateKeys, issue } from '../../src/sandbox/card/authority.ts';

const same = (one: string, other: string): boolean => {
  const [a, b] = [parseName(one), parseName(other)];
  return a !== undefined && a === b;
};

describe('a distinguished name', () => {
  it.each([
    ['CN=api,O=Exemple,C=FR', 'cn=api, o=Exemple , c=FR'],
    ['CN=api,O=Exemple,C=FR', '2.5.4.3=api,2.5.4.10=Exemple,2.5.4.6=FR'],
    ['CN=a+UID=1,C=FR', 'UID=1+CN=a,C=FR'],
    ['CN=Hôpital\\, Nord,C=FR', 'CN=H\\C3\\B4pital\\2C Nord,C=FR'],
    ['O=Exemple;C=FR', 'O=Exemple,C=FR'],
  ])('%s is %s', (one, other) => expect(same(one, other)).toBe(true));

  it.each([
    ['CN=api,O=Exemple,C=FR', 'C=FR,O=Exemple,CN=api'],
    ['CN=api,O=Exemple,C=FR', 'CN=API,O=Exemple,C=FR'],
    ['CN=api,O=Exemple,C=FR', 'CN=api,C=FR'],
    ['CN=a+UID=1,C=FR', 'CN=a,UID=1,C=FR'],
    ['CN=a\\,O=b', 'CN=a,O=b'],
  ])('%s is not %s', (one, other) => expect(same(one, other)).toBe(false));

  it.each(['', 'api', 'CN=', 'CN=a,', 'FOO=a', 'CN=a\\', '=a'])('%j is none', (text) => {
    expect(parseName(text)).toBeUndefined();
  });

  it('is that of a certificate, whatever it holds', async () => {
    const keys = await generateKeys('p256');
    const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => {
      // What an X.509 name cannot hold, or Node shows otherwise than it is.
      return text.trim() === text && !/\p{Cc}/u.test(text) && text.isWellFormed();
    });
    const escape = (text: string) => text.normalize('NFC').replace(/[\\,+;="<>#]/g, '\\$&');
    const now = Date.now();
    await fc.assert(
      fc.asyncProperty(value, value, async (cn, o) => {
        const { x509 } = await issue({
          subject: [
            [['2.5.4.6', 'FR']],
            [['2.5.4.10', o.normalize('NFC')]],
            [['2.5.4.3', cn.normalize('NFC')]],
          ],
          keys,
          notBefore: new Date(now),
          notAfter: new Date(now + 60_000),
          extensions: [extensions.basicConstraints(false)],
        });
        expect(parseSubject(x509.subject)).toBe(parseName(`CN=${escape(cn)},O=${escape(o)},C=FR`));
      }),
      { numRuns: 60 },
    );
  });
});
