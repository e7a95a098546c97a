import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { onFileEnd } from './cleanup.ts';

const CANDIDATES = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** Path of the machine's Chromium (or that in CHROMIUM_PATH). */
export const findChromium = (): string => {
  const found = [process.env['CHROMIUM_PATH'] ?? '', ...CANDIDATES].find((path) => path && existsSync(path));
  if (found) return found;
  throw new Error('Chromium is not installed; `npm test` installs it on Debian, or name it in CHROMIUM_PATH');
};

/** Arguments for a Chromium that runs as root in a container and speaks to nobody by itself. */
export const BROWSER_ARGS = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
];

/** A headless Chromium, closed when the test file ends. */
export const launchBrowser = async (args: readonly string[] = []): Promise<Browser> => {
  const browser = await chromium.launch({ executablePath: findChromium(), args: [...BROWSER_ARGS, ...args] });
  onFileEnd(() => browser.close());
  return browser;
};
