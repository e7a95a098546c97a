import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import type { Context, Middleware } from 'koa';
import { sha256 } from '../platform/crypto.ts';

/** Style sheets, fonts, drawings and client scripts, under addresses that carry their hash and never change. */
export interface Assets {
  /** `url('style.css')` → `/assets/style.3f9a….css`; throws on an unknown name. */
  url(name: string): string;
  /** Serves them; anything else goes on. */
  middleware: Middleware;
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
  '.webp': 'image/webp',
};

const FONTS = ['latin-400-normal', 'latin-700-normal', 'latin-ext-400-normal', 'latin-ext-700-normal'];

interface Asset {
  url: string;
  type: string;
  content: Buffer;
}

const hashed = (name: string, content: Buffer): Asset => {
  const extension = extname(name);
  const hash = sha256(content).toString('hex').slice(0, 12);
  const type = TYPES[extension];
  if (!type) throw new Error(`views/assets/${name}: no content type is known for ${extension}`);
  return { url: `/assets/${name.slice(0, -extension.length)}.${hash}${extension}`, type, content };
};

const readFonts = (): [string, Buffer][] => {
  const require = createRequire(import.meta.url);
  return FONTS.map((font) => {
    const file = `@fontsource/atkinson-hyperlegible/files/atkinson-hyperlegible-${font}.woff2`;
    return [`atkinson-${font}.woff2`, readFileSync(require.resolve(file))];
  });
};

/** Reads a folder of assets and the font once; `url(name)` in a style sheet becomes the hashed address. */
export const loadAssets = (folder: string): Assets => {
  const assets = new Map<string, Asset>();
  const add = (name: string, content: Buffer) => assets.set(name, hashed(name, content));
  for (const [name, content] of readFonts()) add(name, content);
  const files = readdirSync(folder).filter((file) => extname(file) in TYPES);
  for (const file of files.filter((name) => extname(name) !== '.css'))
    add(file, readFileSync(join(folder, file)));
  const url = (name: string): string => {
    const asset = assets.get(name);
    if (!asset) throw new Error(`views/assets/${name} does not exist`);
    return asset.url;
  };
  for (const file of files.filter((name) => extname(name) === '.css')) {
    const text = readFileSync(join(folder, file), 'utf8');
    add(file, Buffer.from(text.replace(/url\(([\w.-]+)\)/g, (_all, name: string) => `url(${url(name)})`)));
  }
  const byUrl = new Map([...assets.values()].map((asset) => [asset.url, asset]));
  const icon = assets.get('mark.svg');
  if (icon) byUrl.set('/favicon.ico', icon);
  return { url, middleware: serve(byUrl) };
};

const serve =
  (byUrl: ReadonlyMap<string, Asset>): Middleware =>
  (ctx: Context, next) => {
    const asset = byUrl.get(ctx.path);
    if (!asset || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next();
    ctx.type = asset.type;
    ctx.set(
      'Cache-Control',
      ctx.path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'public, max-age=86400',
    );
    ctx.body = asset.content;
    return undefined;
  };
