import { describe, expect, it } from 'vitest';
import { createPatience } from '../../src/platform/patience.ts';

const patiently = createPatience(50, () => new Error('in vain'));
const never = (): Promise<never> => new Promise(() => undefined);

describe('patience', () => {
  it('passes on what comes in time', async () => {
    expect(await patiently(Promise.resolve('here'))).toBe('here');
    await expect(patiently(Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  });

  it('ends for each that waits in vain, whenever it began, and begins again', async () => {
    const began = performance.now();
    const first = patiently(never());
    const second = first.catch(() => patiently(never()));
    await expect(first).rejects.toThrow('in vain');
    expect(performance.now() - began).toBeGreaterThan(45);
    await expect(second).rejects.toThrow('in vain');
    await expect(patiently(never())).rejects.toThrow('in vain');
    expect(await patiently(Promise.resolve('still here'))).toBe('still here');
  });
});
