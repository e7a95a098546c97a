// Bundles the program for production into dist/, or into the folder named, the `dist` of a copy of the project: some hundred
// files instead of a thousand and more to find, read and link at each start (docs/adr/0023-production-bundle.md). The sources
// run as they are everywhere else.
// Nothing is minified and each module stands under a comment with its path: a stack trace needs no source map, which would
// have to be read at start.
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Where the bundle is run, seen from the sources. */
const home = join(root, 'dist');

/**
 * Packages that stay outside, loaded from node_modules by whoever calls them: esbuild is a native program, called where the
 * phone app was not bundled beforehand; pg-native is an addon that `pg` can use and we do not install.
 */
const EXTERNAL = ['esbuild', 'pg-native'];

/** CommonJS packages call `require`, which a module has not: each file gets one, under a name that no source uses. */
const BANNER = `import { createRequire as requireOfBundle } from 'node:module';
const require = requireOfBundle(import.meta.url);`;

/**
 * Where a source is, said from the files of the bundle, which all lie in one folder: assets, migrations and configuration are
 * found from there, and stay where they are.
 */
const placesOf = (path) => {
  const from = (to) => JSON.stringify(relative(home, to));
  const joined = (to) => `process.getBuiltinModule('node:path').join(import.meta.dirname, ${from(to)})`;
  return {
    'import.meta.url': `new URL(${from(path)}, import.meta.url).href`,
    'import.meta.dirname': joined(dirname(path)),
    'import.meta.filename': joined(path),
  };
};

/** `import.meta` of each source keeps meaning that source; packages are JavaScript and need none. */
const places = {
  name: 'places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/, namespace: 'file' }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const known = placesOf(path);
      return {
        loader: 'ts',
        contents: text.replace(/\bimport\.meta\.(url|dirname|filename)\b/g, (name) => known[name]),
      };
    });
  },
};

/**
 * The sandbox is no part of production: it needs development files beside it, compiles the phone app and starts a database.
 * Its commands say so.
 */
const noSandbox = {
  name: 'no-sandbox',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/sandbox\/.*command\.ts$/ }, ({ path }) => ({ path, namespace: 'absent' }));
    onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
      contents: `throw new Error('the sandbox, its phone and its cards are not in the bundle; from the sources: node src/cli.ts');`,
    }));
  },
};

/** `node_modules/koa/lib/x.js` → its package's folder, under `root`. */
const packageOf = (input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];

/** The licences of all packages that are in the bundle, one text: they ask to go with the code. */
const licences = async (inputs) => {
  const folders = [...new Set(inputs.flatMap((input) => packageOf(input) ?? []))].toSorted();
  const texts = await Promise.all(
    folders.map(async (folder) => {
      const at = join(root, folder);
      const { name, version, license } = JSON.parse(await readFile(join(at, 'package.json'), 'utf8'));
      const files = (await readdir(at)).filter((file) => /^(licen[cs]e|notice)/i.test(file)).toSorted();
      const parts = await Promise.all(files.map((file) => readFile(join(at, file), 'utf8')));
      return [`${name} ${version}: ${license}`, ...parts.map((part) => part.trim())].join('\n\n');
    }),
  );
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
};

const outdir = resolve(process.argv[2] ?? home);
await rm(outdir, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/cli.ts'],
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // What is imported when it is called stays apart.
  splitting: true,
  // oidc-provider names its records after its classes.
  keepNames: true,
  metafile: true,
  external: EXTERNAL,
  legalComments: 'none',
  banner: { js: BANNER },
  plugins: [places, noSandbox],
});
await writeFile(join(outdir, 'LICENSES.txt'), await licences(Object.keys(metafile.inputs)));
const sizes = Object.values(metafile.outputs).map(({ bytes }) => bytes);
const megabytes = sizes.reduce((sum, bytes) => sum + bytes, 0) / 1e6;
console.log(`${sizes.length} files, ${megabytes.toFixed(1)} MB, in ${outdir}`);
