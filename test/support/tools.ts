import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** The path of a program that npm cannot bring; a test without it fails, and says what to install. */
export const findTool = (program: string, debianPackage: string): string => {
  const found = FOLDERS.map((folder) => join(folder, program)).find((path) => existsSync(path));
  if (found) return found;
  throw new Error(
    `${program} is not installed: \`npm test\` installs it on Debian as root; otherwise apt-get install ${debianPackage}`,
  );
};
