import { chromium, type Browser } from 'playwright-core';
import { findChromium } from './chromium.ts';
import { onFileEnd } from './cleanup.ts';

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
