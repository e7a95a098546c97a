import { readFileSync } from 'node:fs';
import { ConfigurationError } from '../config.ts';

/** Reads a file named by a setting. */
export const readConfigured = (variable: string, path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError([
      `${variable} names ${path}, which cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
};
