import Router from '@koa/router';
import type { Context } from 'koa';
import { readBody } from '../http/body.ts';
import { Refusal } from '../http/errors.ts';
import type { Ecps } from './deps.ts';
import { requireAccess } from './http/access.ts';
import { appCors } from './http/cors.ts';
import { createHandlers, type Call, type Handlers } from './http/handlers.ts';
import { makeNonce } from './http/nonce.ts';
import { authenticate, type Caller } from './http/proof.ts';
import type { Activations } from './activation/service.ts';
import type { Devices } from './devices/service.ts';
import { API_BASE, ENDPOINTS, NONCE_HEADER, type Endpoint, type EndpointName } from './protocol/api.ts';
import { refuse } from './refuse.ts';

/** The largest body is a JWS with three signatures. */
const BODY_LIMIT = 32 * 1024;

/** Ids as they are made; anything else names nothing. */
const IDENTIFIER = /^[A-Za-z0-9_-]{1,64}$/;

const parseBody = (spec: Endpoint, raw: Buffer): unknown => {
  if (!spec.request) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(raw.toString('utf8'));
  } catch (error) {
    throw refuse('request_invalid', { detail: 'not JSON', cause: error });
  }
  const parsed = spec.request.safeParse(value);
  if (!parsed.success) {
    const detail = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    throw refuse('request_invalid', { detail });
  }
  return parsed.data;
};

const wrongCaller = (): never => {
  throw refuse('proof_invalid', { detail: 'another kind of caller' });
};

const callOf = (ctx: Context, id: string, body: unknown, caller: Caller | undefined) => ({
  ctx,
  body,
  id,
  address: ctx.ip,
  key: () => (caller?.kind === 'key' ? caller : wrongCaller()),
  activation: () => (caller?.kind === 'activation' ? caller.activation : wrongCaller()),
  device: () => (caller?.kind === 'device' ? caller.device : wrongCaller()),
});

/** A refusal that knows whose phone or activation it met, for the help desk. */
const aboutCaller = (error: unknown, caller: Caller | undefined): unknown => {
  const owner =
    caller?.kind === 'device'
      ? { nationalId: caller.device.national_id, deviceId: caller.device.id }
      : caller?.kind === 'activation'
        ? { nationalId: caller.activation.national_id, deviceId: caller.activation.device_id }
        : undefined;
  if (error instanceof Refusal && owner) error.about = { ...owner, ...error.about };
  return error;
};

/** One call: proof, phone's state, body, then its handler; what it answers is checked too. */
const serve = (ecps: Ecps, name: EndpointName, handlers: Handlers) => {
  const spec: Endpoint = ENDPOINTS[name];
  // The body was parsed with the schema of this very endpoint.
  const handle = handlers[name] as (call: Call<EndpointName>) => Promise<unknown>;
  return async (ctx: Context & { params: Record<string, string> }): Promise<void> => {
    ctx.set('Cache-Control', 'no-store');
    ctx.set(NONCE_HEADER, makeNonce(ecps));
    const raw = spec.method === 'GET' ? Buffer.alloc(0) : await readBody(ctx, BODY_LIMIT);
    const id = ctx.params['id'] ?? '';
    if (spec.path.includes(':id') && !IDENTIFIER.test(id)) throw refuse('not_found');
    const activationId = spec.path.startsWith('/activations/') ? id : undefined;
    const caller =
      spec.auth === 'none'
        ? undefined
        : await authenticate(ecps, ctx, { auth: spec.auth, activationId, body: raw });
    if (caller?.kind === 'device') {
      try {
        requireAccess(caller.device, name, id === '' ? undefined : id, ecps.clock.now());
      } catch (error) {
        throw aboutCaller(error, caller);
      }
    }
    const call = callOf(ctx, id, parseBody(spec, raw), caller) as Call<EndpointName>;
    const answer = await handle(call).catch((error: unknown) => {
      throw aboutCaller(error, caller);
    });
    if (name === 'events') return;
    ctx.status = spec.status;
    if (spec.response) ctx.body = spec.response.parse(answer);
  };
};

/** The e-CPS API under {@link API_BASE}: every endpoint of the protocol, for the app's origin and for programs. */
export const ecpsRoutes = (ecps: Ecps, rooms: { activations: Activations; devices: Devices }): Router => {
  const router = new Router();
  const handlers = createHandlers(ecps, rooms);
  router.use(API_BASE, appCors(ecps.config));
  router.options(`${API_BASE}/{*rest}`, (ctx) => {
    ctx.status = 204;
  });
  for (const name of Object.keys(ENDPOINTS) as EndpointName[]) {
    const { method, path } = ENDPOINTS[name];
    const handler = serve(ecps, name, handlers);
    router.register(API_BASE + path, [method.toLowerCase()], [(ctx) => handler(ctx as never)]);
  }
  return router;
};
