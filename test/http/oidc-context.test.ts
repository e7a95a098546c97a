import { beforeAll, expect, it } from 'vitest';
import { signIn, startProvider, type Harness } from './oidc-harness.ts';

/**
 * What the library is given to work on. A getter made for each request would be kept among what the engine takes for old, and
 * with it the request: the memory of a busy server would grow until its whole heap is looked through.
 */

let harness: Harness;

beforeAll(async () => {
  harness = await startProvider('redis');
});

it('the library’s state of a request is a plain value of its context', async () => {
  const seen: PropertyDescriptor[] = [];
  const look = (ctx: object): void =>
    void seen.push(Object.getOwnPropertyDescriptor(ctx, 'oidc') ?? { get: () => 'none' });
  const { provider } = harness.oidc;
  provider.on('authorization.success', look);
  provider.on('grant.success', look);
  await signIn(harness);
  expect(seen).toHaveLength(2);
  for (const { value, get } of seen) {
    expect(get).toBeUndefined();
    expect(value).toMatchObject({ provider });
  }
});
