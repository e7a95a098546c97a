import { existsSync } from 'node:fs';

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
