import { build } from 'esbuild';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const ALLOWED = ['@noble/curves', '@noble/hashes', 'canonicalize', 'hash-wasm', 'jose', 'zod'];

test('the phone client is made for a browser: no Node module, six packages, nothing of the server', async () => {
  const { metafile, warnings } = await build({
    entryPoints: [join(root, 'src/phone/client.ts')],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
  });
  expect(warnings).toEqual([]);
  const inputs = Object.keys(metafile.inputs);
  const packages = new Set(
    inputs.flatMap((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []),
  );
  expect([...packages].toSorted()).toEqual(ALLOWED);
  const own = inputs.filter((input) => !input.startsWith('node_modules/'));
  expect(own.filter((input) => !/^src\/(phone|ecps\/protocol)\//.test(input))).toEqual([]);
});
