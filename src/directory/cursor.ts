import * as z from 'zod';
import { Refusal } from '../http/errors.ts';

/** Where a page of results ends, and the next one begins: opaque to who carries it, checked when it comes back. */

/** Refuses what is not ours with `request_invalid`. */
export const readCursor = <T>(schema: z.ZodType<T>, text: string): T => {
  try {
    return schema.parse(JSON.parse(Buffer.from(text.slice(0, 4000), 'base64url').toString('utf8')));
  } catch (error) {
    throw new Refusal('request_invalid', 400, { detail: 'the cursor is not one of ours', cause: error });
  }
};

export const writeCursor = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');
