import { setTimeout as pause } from 'node:timers/promises';
import { bind as bindSchema, type Bind, type PendingRequest } from '../../ecps/protocol/api.ts';
import { PhoneRefusal } from '../../phone/errors.ts';
import type { PhoneSession } from './session.ts';

/** No sign-in came while it was waited for. */
export class NoRequestError extends Error {}

/** Asked by a service without a page (CIBA): there is no QR to scan. */
export const isByService = (request: PendingRequest): boolean => !request.bindings.includes('qr');

/** How the message that a service shows is brought; undefined when this one cannot be what it shows. */
export const messageBind = (request: PendingRequest, message: string): Bind | undefined => {
  const m = request.bindings.includes('message') ? 'message' : 'number';
  return bindSchema.safeParse({ m, v: message }).data;
};

/** The request meant by --txn or --message; else the newest, since a person who starts again looks at the last page. */
export const chooseRequest = (
  requests: readonly PendingRequest[],
  { txn, message }: { readonly txn?: string | undefined; readonly message?: string | undefined },
): PendingRequest | undefined =>
  requests
    .filter((request) => txn === undefined || request.txn === txn)
    .filter(
      (request) =>
        message === undefined ||
        request.context.bindingMessage === message ||
        (isByService(request) && messageBind(request, message) !== undefined),
    )
    .toSorted((a, b) => Date.parse(b.expiresAt) - Date.parse(a.expiresAt))[0];

/** Wakes at each event of the server; when events do not come through, every second. */
async function* wakes(session: PhoneSession, signal: AbortSignal): AsyncGenerator<void> {
  while (!signal.aborted) {
    try {
      yield* session.phone.events(signal);
    } catch (error) {
      if (signal.aborted) return;
      const refused = error instanceof PhoneRefusal && error.code.startsWith('device_');
      if (refused) throw error;
    }
    yield;
    await pause(1_000, undefined, { signal }).catch(() => undefined);
  }
}

/** Waits up to `--wait` seconds for a request that {@link chooseRequest} accepts. */
export const waitForRequest = async (session: PhoneSession): Promise<PendingRequest> => {
  const look = async () => chooseRequest((await session.phone.pending()).requests, session.options);
  const first = await look();
  if (first) return first;
  if (session.options.wait > 0) {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(session.options.wait * 1000)]);
    const wake = wakes(session, signal);
    try {
      while (!signal.aborted && !(await wake.next()).done) {
        const found = await look();
        if (found) return found;
      }
    } finally {
      stop.abort();
    }
  }
  throw new NoRequestError('no sign-in is waiting for this phone');
};
