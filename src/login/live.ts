import { PassThrough } from 'node:stream';
import qrcode from 'qrcode';
import type { Context } from 'koa';
import { Refusal } from '../http/errors.ts';
import type { LoginDeps } from './deps.ts';
import { secondsUntil } from './draw.ts';
import type { Attempt } from './memory.ts';

/** What the wait page listens to while it is open: news of the approval, and the QR that changes. */

interface Live {
  token: string;
  attempt: Attempt;
}

const liveOf = (ctx: Context, base: string, deps: LoginDeps): Live => {
  const state = deps.memory.state(ctx, base);
  if (!state?.attempt) throw new Refusal('interaction_expired', 410);
  return { token: state.token, attempt: state.attempt };
};

const news = async ({ token, attempt }: Live, deps: LoginDeps) => ({
  state: await deps.approvals.status(attempt.txn, token),
  secondsLeft: secondsUntil(attempt.expiresAt, deps),
});

/** GET …/statut: the same news as a single answer. */
export const status = async (ctx: Context, base: string, deps: LoginDeps): Promise<void> => {
  const body = await news(liveOf(ctx, base, deps), deps);
  ctx.set('Cache-Control', 'no-store');
  ctx.body = body;
};

/** How often a stream looks for itself: news by publication are hints that may be lost. */
const LOOK_AGAIN = 5000;

/** GET …/evenements: tells each change, looks again every few seconds, and closes with the end of the wait. */
export const events = async (ctx: Context, base: string, deps: LoginDeps): Promise<void> => {
  const live = liveOf(ctx, base, deps);
  const stream = new PassThrough();
  ctx.type = 'text/event-stream; charset=utf-8';
  ctx.set({ 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' });
  ctx.body = stream;
  stream.write('retry: 2000\n\n');

  let told = '';
  const tell = async () => {
    try {
      const current = await news(live, deps);
      if (stream.writableEnded || stream.destroyed) return;
      stream.write(current.state === told ? ':\n\n' : `event: statut\ndata: ${JSON.stringify(current)}\n\n`);
      told = current.state;
      if (current.state !== 'waiting') stream.end();
    } catch (error) {
      deps.log.warn({ err: error }, 'wait page: news could not be read');
      stream.end();
    }
  };
  const unwatch = await deps.approvals.watch(live.attempt.txn, () => void tell());
  const timer = setInterval(() => void tell(), LOOK_AGAIN);
  const stop = () => {
    clearInterval(timer);
    void unwatch().catch((error: unknown) => deps.log.warn({ err: error }, 'wait page: unwatch failed'));
    stream.destroy();
  };
  ctx.res.once('close', stop);
  if (ctx.res.destroyed) stop();
  await tell();
};

/** GET …/qr.svg: the QR of this moment. */
export const qr = async (ctx: Context, base: string, deps: LoginDeps): Promise<void> => {
  const { token, attempt } = liveOf(ctx, base, deps);
  const text = await deps.approvals.qr(attempt.txn, token);
  if (text === undefined) throw new Refusal('gone', 410);
  ctx.set('Cache-Control', 'no-store');
  ctx.type = 'image/svg+xml';
  ctx.body = await qrcode.toString(text, { type: 'svg', margin: 2, errorCorrectionLevel: 'M' });
};
