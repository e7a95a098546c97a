import { PassThrough } from 'node:stream';
import type { Context } from 'koa';
import { personChannel } from '../channels.ts';
import type { Ecps } from '../deps.ts';
import { findDevice, type DeviceRow } from '../devices/repository.ts';
import { stateAt } from '../devices/state.ts';

/** Comments keep proxies from closing a quiet stream; the phone opens a new one when it ends. */
const HEARTBEAT_MS = 20_000;
const LONGEST_MS = 15 * 60_000;

/** `event: pending` whenever GET /pending may have something new. Ends with the phone's right to listen. */
export const streamEvents = async (ecps: Ecps, ctx: Context, device: DeviceRow): Promise<void> => {
  const stream = new PassThrough();
  ctx.type = 'text/event-stream; charset=utf-8';
  ctx.set({ 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' });
  ctx.body = stream;
  stream.write('retry: 2000\n\n');

  const tell = async (): Promise<void> => {
    try {
      const current = await findDevice(ecps.db, device.id);
      const state = current === undefined ? 'revoked' : stateAt(current, ecps.clock.now());
      if (stream.writableEnded || stream.destroyed) return;
      stream.write('event: pending\ndata: {}\n\n');
      if (state !== 'active' && state !== 'quarantine') stream.end();
    } catch (error) {
      ecps.log.warn({ err: error }, 'e-CPS events: news could not be read');
      stream.end();
    }
  };
  const unsubscribe = await ecps.store.subscribe(personChannel(device.national_id), () => void tell());
  const heartbeat = setInterval(() => stream.write(':\n\n'), HEARTBEAT_MS);
  const longest = setTimeout(() => stream.end(), LONGEST_MS);
  heartbeat.unref();
  longest.unref();
  stream.once('close', () => {
    clearInterval(heartbeat);
    clearTimeout(longest);
    unsubscribe().catch((error: unknown) => ecps.log.warn({ err: error }, 'e-CPS events: still subscribed'));
  });
  ctx.res.once('close', () => stream.destroy());
  // What came between the last list and this subscription.
  stream.write('event: pending\ndata: {}\n\n');
};
