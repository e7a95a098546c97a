import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

test('the client scripts, served as they are written, pass the strict type check', () => {
  const files = globSync('views/assets/{wait,submit}.js');
  expect(files).toHaveLength(2);
  const options = ['--noEmit', '--ignoreConfig', '--allowJs', '--checkJs', '--strict', '--target', 'esnext'];
  const check = () =>
    execFileSync(process.execPath, [tsc, ...options, '--lib', 'esnext,dom,dom.iterable', ...files], {
      encoding: 'utf8',
    });
  expect(check()).toBe('');
});
