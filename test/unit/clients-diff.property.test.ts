import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeDifference, differences } from '../../src/clients/diff.ts';
import { clientSchema, parseClient } from '../../src/clients/schema.ts';

const value = fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.array(fc.string(), { maxLength: 4 }));
const metadata = fc.dictionary(fc.stringMatching(/^[a-z_]{1,6}$/), value, { maxKeys: 6 });

describe('the difference of two declarations', () => {
  it('is nothing between equals, and brings one to the other otherwise', () => {
    fc.assert(
      fc.property(metadata, metadata, (before, after) => {
        expect(differences(before, { ...before })).toEqual([]);
        const applied: Record<string, unknown> = { ...before };
        for (const { name, from, to } of differences(before, after)) {
          expect(applied[name]).toEqual(from);
          if (to === undefined) delete applied[name];
          else applied[name] = to;
        }
        expect(applied).toEqual({ ...after });
      }),
    );
  });

  it('is told both ways with the signs changed, and never without its name', () => {
    fc.assert(
      fc.property(metadata, metadata, (before, after) => {
        const forth = differences(before, after);
        const back = differences(after, before);
        expect(back.map(({ name }) => name)).toEqual(forth.map(({ name }) => name));
        for (const [index, difference] of forth.entries()) {
          const lines = describeDifference(difference);
          expect(lines[0]).toContain(`${difference.name}:`);
          const reverse = describeDifference(back[index] ?? difference);
          const signs = (all: string[], sign: string) =>
            all.filter((line) => line.startsWith(`  ${sign} `)).length;
          expect(signs(lines, '-')).toBe(signs(reverse, '+'));
        }
      }),
    );
  });

  it('of lists tells what goes and what comes', () => {
    expect(
      describeDifference({
        name: 'redirect_uris',
        from: ['https://a/', 'https://b/'],
        to: ['https://b/', 'https://c/'],
      }),
    ).toEqual(['redirect_uris:', '  - "https://a/"', '  + "https://c/"']);
    expect(describeDifference({ name: 'x', from: ['a', 'b'], to: ['b', 'a'] })).toEqual([
      'x: ["a","b"] → ["b","a"]',
    ]);
    expect(describeDifference({ name: 'y', from: undefined, to: true })).toEqual(['y: (absent) → true']);
  });
});

describe('a declaration', () => {
  const anything = fc.dictionary(
    fc.constantFrom(...Object.keys(clientSchema.shape), 'colour', '__proto__'),
    fc.anything(),
  );

  it('of anything is read or refused with words, never thrown at', () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.anything()), (declaration) => {
        const result = parseClient(declaration);
        if (result.ok) expect(parseClient(JSON.parse(JSON.stringify(result.metadata)))).toEqual(result);
        else expect(result.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  it('that is valid reads the same when it is written down', () => {
    const text = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(
        text,
        fc.array(text, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        (name, hosts, opaque) => {
          const result = parseClient({
            client_id: name,
            client_name: name,
            redirect_uris: hosts.map((host) => `https://${host}.example/cb`),
            access_token_format: opaque ? 'opaque' : 'jwt',
          });
          expect(result.ok).toBe(true);
          if (!result.ok) return;
          const again = parseClient(JSON.parse(JSON.stringify(result.metadata)));
          expect(again.ok && differences(again.metadata, result.metadata)).toEqual([]);
        },
      ),
    );
  });
});
