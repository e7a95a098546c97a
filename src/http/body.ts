import type { Context } from 'koa';
import { Refusal } from './errors.ts';

const LIMIT = 16 * 1024;

/** Reads a form posted to one of our pages: urlencoded, at most 16 kB. Nothing else of ours reads a body by itself. */
export const readForm = async (ctx: Context, limit = LIMIT): Promise<URLSearchParams> => {
  if (!ctx.is('application/x-www-form-urlencoded')) throw new Refusal('media_type_wrong', 415);
  return new URLSearchParams((await readBody(ctx, limit)).toString('utf8'));
};

/** Reads a body of at most `limit` bytes; what goes beyond is refused before it is kept. */
export const readBody = async (ctx: Context, limit: number): Promise<Buffer> => {
  if ((ctx.request.length ?? 0) > limit) throw tooLarge(ctx);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(ctx);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** The rest of the body is not read, so this connection serves no further request. */
const tooLarge = (ctx: Context): Refusal => {
  ctx.set('Connection', 'close');
  return new Refusal('too_large', 413);
};
