import { PassThrough } from 'node:stream';
import type { Context } from 'koa';
import { Refusal } from '../http/errors.ts';
import type { Log } from '../platform/log.ts';

/** How a page that is open hears what changes, and draws the QR of the moment. */

export interface News {
  state: string;
  secondsLeft: number;
}

export interface NewsSource {
  read(): Promise<News>;
  /** Calls when it is worth reading again; a hint that may be lost. */
  watch(onChange: () => void): Promise<() => Promise<void>>;
  /** Whether anything may follow this state. */
  goesOn(state: string): boolean;
}

/** How often a stream looks for itself: news by publication are hints that may be lost. */
const LOOK_AGAIN = 5000;

/** The news as a single answer. */
export const answerNews = async (ctx: Context, source: Pick<NewsSource, 'read'>): Promise<void> => {
  const body = await source.read();
  ctx.set('Cache-Control', 'no-store');
  ctx.body = body;
};

/** Server-sent events: tells each change, looks again every few seconds, and closes with the last state. */
export const streamNews = async (ctx: Context, source: NewsSource, log: Log): Promise<void> => {
  const stream = new PassThrough();
  ctx.type = 'text/event-stream; charset=utf-8';
  ctx.set({ 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' });
  ctx.body = stream;
  stream.write('retry: 2000\n\n');

  let told = '';
  const tell = async () => {
    try {
      const current = await source.read();
      if (stream.writableEnded || stream.destroyed) return;
      stream.write(current.state === told ? ':\n\n' : `event: statut\ndata: ${JSON.stringify(current)}\n\n`);
      told = current.state;
      if (!source.goesOn(current.state)) stream.end();
    } catch (error) {
      log.warn({ err: error }, 'wait page: news could not be read');
      stream.end();
    }
  };
  const unwatch = await source.watch(() => void tell());
  const timer = setInterval(() => void tell(), LOOK_AGAIN);
  const stop = () => {
    clearInterval(timer);
    void unwatch().catch((error: unknown) => log.warn({ err: error }, 'wait page: unwatch failed'));
    stream.destroy();
  };
  ctx.res.once('close', stop);
  if (ctx.res.destroyed) stop();
  await tell();
};

/** The QR of this moment as an image; 410 when there is none any more. */
export const answerQr = async (ctx: Context, text: string | undefined): Promise<void> => {
  if (text === undefined) throw new Refusal('gone', 410);
  ctx.set('Cache-Control', 'no-store');
  ctx.type = 'image/svg+xml';
  // Loaded when first drawn, not at start.
  const { default: qrcode } = await import('qrcode');
  ctx.body = await qrcode.toString(text, { type: 'svg', margin: 4, errorCorrectionLevel: 'M' });
};
