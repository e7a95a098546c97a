import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { BuildOptions, Plugin } from 'esbuild';
import * as z from 'zod';

/**
 * The phone app's bundle: sources of `app/` to a few files under names that carry their hash. Made at the start of the
 * server in some tenths of a second, or beforehand for an image that has no compiler (`npm run build:phone`).
 */

const APP = fileURLToPath(new URL('./app/', import.meta.url));
/** Where {@link writeBuild} puts a bundle made beforehand. */
export const BUILT_FOLDER = fileURLToPath(new URL('../../.cache/phone/', import.meta.url));

export interface BuiltFile {
  readonly path: string;
  readonly type: string;
  readonly content: Buffer;
  /** Compressed once, here. Absent for what is compressed already. */
  readonly br?: Buffer;
  readonly gzip?: Buffer;
}

export interface PhoneBuild {
  readonly files: readonly BuiltFile[];
  /** Addresses that the page names. */
  readonly entry: string;
  readonly style: string;
  readonly workers: { readonly pin: string; readonly qr: string };
  /** Scripts that the entry imports at once: loaded together. */
  readonly preload: readonly string[];
  /** The text of the service worker, which the server completes. */
  readonly serviceWorker: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
};
const PACKED = new Set(['.woff2', '.png']);

/** `url(atkinson-…)` of the common style sheet means the font's package, as in src/http/assets.ts. */
const fonts: Plugin = {
  name: 'fonts',
  setup({ onResolve }) {
    const require = createRequire(import.meta.url);
    onResolve({ filter: /^\.?\/?atkinson-.*\.woff2$/ }, ({ path }) => {
      const file = basename(path).replace(/^atkinson-/, 'atkinson-hyperlegible-');
      return { path: require.resolve(`@fontsource/atkinson-hyperlegible/files/${file}`) };
    });
  },
};

const COMMON = {
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  target: ['es2022', 'safari16.4', 'chrome109', 'firefox115'],
  outdir: '/app',
  outbase: APP,
  logLevel: 'silent',
  legalComments: 'none',
} as const satisfies BuildOptions;

const pack = async (path: string, data: Uint8Array): Promise<BuiltFile> => {
  const extension = extname(path);
  const content = Buffer.from(data);
  const file = { path, content, type: TYPES[extension] ?? 'application/octet-stream' };
  if (PACKED.has(extension)) return file;
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  const [br, zipped] = await Promise.all([
    promisify(brotliCompress)(content, { params }),
    promisify(gzip)(content),
  ]);
  return { ...file, br, gzip: zipped };
};

const icons = async (): Promise<BuiltFile[]> => {
  const names = (await readdir(join(APP, 'icons'))).filter((name) => name.endsWith('.png'));
  return Promise.all(
    names.map(async (name) => {
      const data = await readFile(join(APP, 'icons', name));
      const hash = createHash('sha256').update(data).digest('hex').slice(0, 8);
      return pack(`/app/${name.replace('.png', '')}-${hash}.png`, data);
    }),
  );
};

/**
 * Before any of zod: it would try whether `new Function` is allowed, which the page's policy reports. A module of the app
 * would come too late, since what several files share is evaluated before each of them.
 */
const JITLESS = '(globalThis.__zod_globalConfig??={}).jitless=true;';

/** Bundles the app. esbuild is loaded here only: a server with a bundle made beforehand needs none. */
export const buildPhone = async (): Promise<PhoneBuild> => {
  const { build, stop } = await import('esbuild');
  try {
    const [page, scripts] = await Promise.all([
      build({
        ...COMMON,
        format: 'esm',
        splitting: true,
        entryPoints: [join(APP, 'main.ts'), join(APP, 'style.css')],
        entryNames: '[name]-[hash]',
        chunkNames: '[name]-[hash]',
        assetNames: '[name]-[hash]',
        loader: { '.woff2': 'file' },
        banner: { js: JITLESS },
        plugins: [fonts],
      }),
      build({
        ...COMMON,
        format: 'iife',
        entryPoints: ['workers/pin.ts', 'workers/qr.ts', 'sw.ts'].map((name) => join(APP, name)),
        entryNames: '[name]-[hash]',
      }),
    ]);
    const outputs = [...page.outputFiles, ...scripts.outputFiles];
    const named = (pattern: RegExp): string => {
      const found = outputs.find(({ path }) => pattern.test(path));
      if (!found) throw new Error(`the phone app was built without ${pattern.source}`);
      return found.path;
    };
    const worker = outputs.find(({ path }) => /\/sw-/.test(path));
    const kept = outputs.filter((output) => output !== worker);
    const entry = named(/\/main-[^/]*\.js$/);
    const output = Object.entries(page.metafile.outputs).find(([path]) =>
      path.endsWith(basename(entry)),
    )?.[1];
    const imported = (output?.imports ?? []).filter(({ kind }) => kind === 'import-statement');
    return {
      files: [
        ...(await Promise.all(kept.map(({ path, contents }) => pack(path, contents)))),
        ...(await icons()),
      ],
      entry,
      style: named(/\/style-[^/]*\.css$/),
      workers: { pin: named(/\/pin-/), qr: named(/\/qr-/) },
      preload: imported.map(({ path }) => `/app/${basename(path)}`),
      serviceWorker: worker?.text ?? '',
    };
  } finally {
    await stop();
  }
};

const stored = z.object({
  entry: z.string(),
  style: z.string(),
  workers: z.object({ pin: z.string(), qr: z.string() }),
  preload: z.array(z.string()),
  serviceWorker: z.string(),
});

/** Writes a bundle for {@link readBuild}. */
export const writeBuild = async (build: PhoneBuild, folder = BUILT_FOLDER): Promise<void> => {
  await rm(folder, { recursive: true, force: true });
  for (const { path, content } of build.files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
  const { files: _written, ...rest } = build;
  await writeFile(join(folder, 'build.json'), JSON.stringify(rest));
};

/** The bundle made beforehand; undefined when there is none. */
export const readBuild = async (folder = BUILT_FOLDER): Promise<PhoneBuild | undefined> => {
  const text = await readFile(join(folder, 'build.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = names
    .filter((entry) => entry.isFile() && entry.name !== 'build.json')
    .map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    paths.map(async (path) => pack(`/${relative(folder, path)}`, await readFile(path))),
  );
  return { ...stored.parse(JSON.parse(text)), files };
};
