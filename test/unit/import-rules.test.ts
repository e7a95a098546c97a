import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

/** The check itself is checked: on small trees with one fault each. */

const SCRIPT = join(import.meta.dirname, '..', '..', 'scripts', 'check-imports.mjs');
const folders: string[] = [];

const check = (files: Record<string, string>) => {
  const root = mkdtempSync(join(tmpdir(), 'caducee-imports-'));
  folders.push(root);
  for (const [path, source] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), source);
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, root], { encoding: 'utf8' });
  return { ok: status === 0, output: stdout + stderr };
};

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('the direction of imports', () => {
  it('accepts an arrow that the table has', () => {
    expect(
      check({
        'src/oidc/claims.ts': "import { find } from '../registry/service.ts';\n",
        'src/registry/service.ts': 'export const find = 1;\n',
      }),
    ).toMatchObject({ ok: true });
  });

  it.each([
    ['a value', "import { x } from '../login/x.ts';\n"],
    ['a type', "import type { X } from '../login/x.ts';\n"],
    ['several lines', "import {\n  x,\n  y,\n} from '../login/x.ts';\n"],
    ['a re-export', "export { x } from '../login/x.ts';\n"],
    ['a side effect', "import '../login/x.ts';\n"],
    ['a dynamic import', "const f = () => import('../login/x.ts');\n"],
  ])('refuses an arrow against the table: %s', (_name, source) => {
    const { ok, output } = check({ 'src/oidc/a.ts': source, 'src/login/x.ts': 'export const x = 1;\n' });
    expect(ok).toBe(false);
    expect(output).toContain('src/oidc/a.ts imports src/login/x.ts: oidc may not import login');
  });

  it('does not take a comment for an import', () => {
    const source = "/*\nimport '../login/x.ts';\n*/\n// import '../login/x.ts';\nexport const a = 1;\n";
    expect(check({ 'src/oidc/a.ts': source })).toMatchObject({ ok: true });
  });

  it('keeps the shared protocol and the views free of Node and of other packages', () => {
    const { output } = check({
      'src/ecps/protocol/a.ts': "import { createHash } from 'node:crypto';\n",
      'views/a.ts': "import koa from 'koa';\n",
    });
    expect(output).toContain('src/ecps/protocol/a.ts imports node:crypto');
    expect(output).toContain('views/a.ts imports koa');
  });

  it('refuses a file that belongs nowhere', () => {
    expect(check({ 'src/misc/a.ts': "import './b.ts';\n" }).output).toContain('belongs to no zone');
  });

  it('refuses a cycle of values, and lets types look back', () => {
    const cycle = check({
      'src/oidc/a.ts': "import { b } from './b.ts';\nexport const a = b;\n",
      'src/oidc/b.ts': "import { a } from './a.ts';\nexport const b = a;\n",
    });
    expect(cycle.output).toContain('cycle: src/oidc/a.ts → src/oidc/b.ts → src/oidc/a.ts');
    const types = check({
      'src/oidc/a.ts': "import { b } from './b.ts';\nexport const a = b;\n",
      'src/oidc/b.ts': "import type { A } from './a.ts';\nexport const b = 1;\n",
    });
    expect(types.ok).toBe(true);
  });
});
