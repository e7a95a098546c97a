import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BrowserContext, chromium } from 'playwright-core';
import { PNG } from 'pngjs';
import type { Issued } from '../../src/sandbox/card/authority.ts';
import { privateKeyPem } from '../../src/sandbox/card/pem.ts';
import { BROWSER_ARGS } from './browser.ts';
import { findChromium } from './chromium.ts';
import { onFileEnd } from './cleanup.ts';
import { findTool } from './tools.ts';

/**
 * A card in a reader as a browser knows it: a PKCS#11 token (SoftHSM) registered in the browser's NSS database, whose
 * key never leaves it and which asks for its PIN; and a screen (Xvfb) on which somebody answers the browser's own
 * dialogs, which no page and no test protocol can reach.
 */
export interface CardReader {
  /** Puts a card in; its label is what the browser calls it. */
  insert(card: Issued, label: string): Promise<void>;
  /** Imports a card that is a file (PKCS#12), as a person does in the browser's settings. */
  importFile(file: string, password: string): Promise<void>;
  /** Has the browser trust an authority of web servers, PEM, and refuse the others. */
  trust(authority: string): Promise<void>;
  /** A visible browser with this reader. */
  open(): Promise<BrowserContext>;
  /** Answers the browser's question for the PIN of a card. */
  enterPin(pin: string): Promise<void>;
  /** Answers the browser's question which certificate to present: the one at this place, or none. */
  choose(place: number | 'none'): Promise<void>;
  /** What the screen shows, as a PNG: for whoever looks into a failure. */
  picture(): Buffer;
}

export const PIN = '1234';

export const MODULES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
];

const run = promisify(execFile);

interface Screen {
  display: string;
  /** Red, green and blue of one point. */
  point(x: number, y: number): readonly [number, number, number];
  picture(): Buffer;
}

/** Xvfb keeps what it shows in a file (X Window Dump): a header, colours, then four bytes a point. */
const readScreen = (file: string) => {
  const dump = readFileSync(file);
  const word = (index: number): number => dump.readUInt32BE(index * 4);
  const [width, height, line] = [word(4), word(5), word(12)];
  const start = word(0) + word(19) * 12;
  const point = (x: number, y: number): readonly [number, number, number] => {
    const at = start + y * line + x * 4;
    return [dump[at + 2] ?? 0, dump[at + 1] ?? 0, dump[at] ?? 0];
  };
  return { width, height, point };
};

/** A screen of its own. */
const startScreen = async (folder: string): Promise<Screen> => {
  const screen = spawn(
    findTool('Xvfb', 'xvfb'),
    ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp', '-noreset', '-fbdir', folder],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  );
  onFileEnd(async () => {
    if (screen.exitCode !== null) return;
    screen.kill('SIGTERM');
    await once(screen, 'exit');
  });
  const [number] = (await once(screen.stdio[3] as NodeJS.ReadableStream, 'data')) as [Buffer];
  const file = join(folder, 'Xvfb_screen0');
  return {
    display: `:${number.toString().trim()}`,
    point: (x, y) => readScreen(file).point(x, y),
    picture: () => {
      const { width, height, point } = readScreen(file);
      const png = new PNG({ width, height });
      for (let at = 0; at < width * height; at += 1) {
        png.data.set([...point(at % width, Math.floor(at / width)), 255], at * 4);
      }
      return PNG.sync.write(png);
    },
  };
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks again and again until it is so. */
const until = async <T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> => {
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(50);
  }
  throw new Error(`the browser did not show ${what}`);
};

const PIN_DIALOG = 'Unlock Security Device';

/** A point of the page's light margin, which the browser darkens while it asks for a certificate. */
const MARGIN = [150, 700] as const;

/** A reader without a card, in a home folder that goes when the test file ends. */
export const createCardReader = async (): Promise<CardReader> => {
  const tools = {
    softhsm: findTool('softhsm2-util', 'softhsm2'),
    pkcs11: findTool('pkcs11-tool', 'opensc'),
    certutil: findTool('certutil', 'libnss3-tools'),
    pk12util: findTool('pk12util', 'libnss3-tools'),
    modutil: findTool('modutil', 'libnss3-tools'),
    xdotool: findTool('xdotool', 'xdotool'),
  };
  const library = MODULES.find((path) => existsSync(path));
  if (!library) throw new Error('libsofthsm2.so is not installed: apt-get install softhsm2');
  const home = mkdtempSync(join(tmpdir(), 'caducee-reader-'));
  onFileEnd(() => rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  const nss = join(home, '.pki', 'nssdb');
  for (const folder of [nss, join(home, 'tokens')]) mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(home, 'softhsm2.conf'),
    `directories.tokendir = ${join(home, 'tokens')}\nlog.level = ERROR\n`,
  );
  const env = {
    ...process.env,
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    SOFTHSM2_CONF: join(home, 'softhsm2.conf'),
    DISPLAY: '',
    LANGUAGE: 'en',
  };
  const screen = await startScreen(home);
  env.DISPLAY = screen.display;
  const tool = (path: string, ...args: string[]) => run(path, args, { env });
  await tool(tools.certutil, '-N', '--empty-password', '-d', `sql:${nss}`);
  const add = ['-force', '-dbdir', `sql:${nss}`, '-add', 'Lecteur', '-libfile', library];
  await tool(tools.modutil, ...add);

  const press = (...keys: string[]) => tool(tools.xdotool, 'key', ...keys);
  const darkened = (): boolean => screen.point(...MARGIN).every((colour) => colour < 160);
  let answered = '';
  let trusting = false;

  /** The window that asks for a PIN, unless it is the one just answered. */
  const pinWindow = async (): Promise<string | undefined> => {
    const { stdout } = await tool(tools.xdotool, 'search', '--onlyvisible', '--name', PIN_DIALOG).catch(
      () => ({
        stdout: '',
      }),
    );
    const id = stdout.trim();
    return id === '' || id === answered ? undefined : id;
  };

  return {
    picture: screen.picture,
    enterPin: async (pin) => {
      answered = await until('the question for the PIN', pinWindow);
      await tool(tools.xdotool, 'type', '--delay', '20', pin);
      await press('Return');
    },
    choose: async (place) => {
      await until('the choice of certificates', () => darkened() || undefined);
      if (place !== 'none') for (let down = 0; down < place; down += 1) await press('Down');
      // It takes no answer in its first moments, so that nobody answers by accident.
      await until('the end of the choice', async () => {
        if (!darkened()) return true;
        await press(place === 'none' ? 'Escape' : 'Return');
        await pause(200);
        return undefined;
      });
    },
    insert: async (card, label) => {
      const file = (name: string, content: string | Buffer): string => {
        writeFileSync(join(home, name), content, { mode: 0o600 });
        return join(home, name);
      };
      const key = file('key.pem', await privateKeyPem(card.keys));
      const der = file('card.der', card.der);
      await tool(
        tools.softhsm,
        '--init-token',
        '--free',
        '--label',
        label,
        '--so-pin',
        '123456',
        '--pin',
        PIN,
      );
      await tool(
        tools.softhsm,
        '--import',
        key,
        '--token',
        label,
        '--label',
        label,
        '--id',
        '01',
        '--pin',
        PIN,
      );
      const login = ['--module', library, '--token-label', label, '--login', '--pin', PIN];
      await tool(
        tools.pkcs11,
        ...login,
        '--write-object',
        der,
        '--type',
        'cert',
        '--id',
        '01',
        '--label',
        label,
      );
      rmSync(key);
    },
    importFile: async (file, password) => {
      await tool(tools.pk12util, '-i', file, '-d', `sql:${nss}`, '-W', password, '-K', '');
    },
    trust: async (authority) => {
      const pem = join(home, 'authority.pem');
      writeFileSync(pem, authority);
      await tool(tools.certutil, '-A', '-d', `sql:${nss}`, '-n', 'Bac a sable', '-t', 'C,,', '-i', pem);
      trusting = true;
    },
    open: async () => {
      const context = await chromium.launchPersistentContext(join(home, 'profile'), {
        executablePath: findChromium(),
        headless: false,
        ignoreHTTPSErrors: !trusting,
        locale: 'fr-FR',
        env,
        args: [...BROWSER_ARGS, '--password-store=basic', '--window-position=0,0', '--window-size=1200,800'],
      });
      onFileEnd(() => context.close());
      return context;
    },
  };
};
