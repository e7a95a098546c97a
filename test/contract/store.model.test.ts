import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ExpiringStore } from '../../src/platform/store/contract.ts';
import { freshKey, openStores, STORES } from '../support/stores.ts';

/** The contract in its simplest form, without time: what each implementation must do in any order of calls. */
class Model {
  readonly values = new Map<string, string>();
  readonly sets = new Map<string, Set<string>>();
}

type Step = (
  model: Model,
  store: ExpiringStore,
  prefix: string,
) => Promise<{ got: unknown; wanted: unknown }>;

const valueKey = fc.constantFrom('v1', 'v2');
const setKey = fc.constantFrom('s1', 's2');
const text = fc.oneof(
  fc.constantFrom('', '1', 'a', 'b'),
  fc.string({ unit: 'grapheme' }).filter((s) => !s.includes('\0')),
);
const TTL = 600;

const setIfAbsent = (model: Model, key: string, value: string): boolean => {
  if (model.values.has(key)) return false;
  model.values.set(key, value);
  return true;
};
const replace = (model: Model, key: string, expected: string, value: string): boolean => {
  if (model.values.get(key) !== expected) return false;
  model.values.set(key, value);
  return true;
};
const take = (model: Model, key: string): string | undefined => {
  const value = model.values.get(key);
  model.values.delete(key);
  return value;
};
const increment = (model: Model, key: string): number => {
  const count = Number(model.values.get(key) ?? 0) + 1;
  model.values.set(key, String(count));
  return count;
};

const steps: fc.Arbitrary<Step> = fc.oneof(
  valueKey.map((key): Step => async (model, store, prefix) => ({
    wanted: model.values.get(key),
    got: await store.get(prefix + key),
  })),
  fc.tuple(valueKey, text).map(([key, value]): Step => async (model, store, prefix) => ({
    wanted: void model.values.set(key, value),
    got: await store.set(prefix + key, value, TTL),
  })),
  fc.tuple(valueKey, text).map(([key, value]): Step => async (model, store, prefix) => ({
    wanted: setIfAbsent(model, key, value),
    got: await store.setIfAbsent(prefix + key, value, TTL),
  })),
  fc.tuple(valueKey, text, text).map(([key, expected, value]): Step => async (model, store, prefix) => ({
    wanted: replace(model, key, expected, value),
    got: await store.replace(prefix + key, expected, value),
  })),
  valueKey.map((key): Step => async (model, store, prefix) => ({
    wanted: take(model, key),
    got: await store.take(prefix + key),
  })),
  fc.constant<Step>(async (model, store, prefix) => ({
    wanted: increment(model, 'count'),
    got: await store.increment(`${prefix}count`, TTL),
  })),
  fc.tuple(setKey, text).map(([key, member]): Step => async (model, store, prefix) => ({
    wanted: void model.sets.set(key, (model.sets.get(key) ?? new Set()).add(member)),
    got: await store.addMember(prefix + key, member, TTL),
  })),
  fc.tuple(setKey, text).map(([key, member]): Step => async (model, store, prefix) => ({
    wanted: void model.sets.get(key)?.delete(member),
    got: await store.removeMember(prefix + key, member),
  })),
  setKey.map((key): Step => async (model, store, prefix) => ({
    wanted: [...(model.sets.get(key) ?? [])].toSorted(),
    got: (await store.members(prefix + key)).toSorted(),
  })),
  fc.constant<Step>(async (model, store, prefix) => ({
    wanted: ['v1', 'v2', 'count'].map((key) => model.values.get(key)),
    got: await store.getMany(['v1', 'v2', 'count'].map((key) => prefix + key)),
  })),
  fc.tuple(setKey, valueKey).map(([one, two]): Step => async (model, store, prefix) => {
    model.sets.delete(one);
    model.values.delete(two);
    return { wanted: undefined, got: await store.delete(prefix + one, prefix + two) };
  }),
  fc.constantFrom('v1', 'count', 's1').map((key): Step => async (model, store, prefix) => ({
    wanted: model.values.has(key) || (model.sets.get(key)?.size ?? 0) > 0,
    got: (await store.ttl(prefix + key)) !== undefined,
  })),
);

describe.each(STORES)('any sequence of calls on $name', ({ open }) => {
  let store: ExpiringStore;
  beforeAll(async () => {
    store = (await openStores(open)).one;
  });

  test('answers as the model does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 40 }), async (sequence) => {
        const [model, prefix] = [new Model(), `${freshKey()}:`];
        for (const step of sequence) {
          const { got, wanted } = await step(model, store, prefix);
          expect(got).toEqual(wanted);
        }
      }),
      { numRuns: 60 },
    );
  });
});
