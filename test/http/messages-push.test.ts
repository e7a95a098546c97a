import { importJWK, jwtVerify } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import webpush from 'web-push';
import { createPushTransport } from '../../src/messages/push.ts';
import type { PushRequest } from '../../src/messages/request.ts';
import { DeliveryError } from '../../src/messages/transport.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { inboxTransports, testMessages } from '../support/mail.ts';
import { startPushService } from '../support/push-service.ts';
import { testDatabase } from '../support/services.ts';

/** Web Push to a push service of the test, over real TLS. */

describe('a ring of the doorbell', async () => {
  const clock = new ManualClock();
  const vapid = webpush.generateVAPIDKeys();
  const keys = { vapidPublicKey: vapid.publicKey, vapidPrivateKey: vapid.privateKey };
  const service = await startPushService();
  const push = createPushTransport({
    ...keys,
    vapidSubject: 'mailto:exploitation@caducee.test',
    clock,
    agent: service.agent,
  });
  const inSeconds = (seconds: number) => new Date(clock.now().getTime() + seconds * 1000);
  const ring = (): PushRequest => ({
    kind: 'push',
    subscription: {
      endpoint: `${service.origin}/wpush/v2/phone`,
      keys: { p256dh: 'BNJnKrF8XKk', auth: 'xS03Fi5ErfTN' },
    },
    deviceId: 'dev_1',
    expiresAt: inSeconds(120),
  });
  const failureOf = async (status: number, headers: Record<string, string> = {}) => {
    service.answer.status = status;
    service.answer.headers = headers;
    const error = await push.deliver('1', ring(), inSeconds(120)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DeliveryError);
    return error as DeliveryError;
  };
  beforeEach(() => {
    service.rings.length = 0;
    service.answer.status = 201;
    service.answer.headers = {};
  });

  it('carries nothing, lives two minutes at most, and says who rings (VAPID)', async () => {
    await push.deliver('1', ring(), inSeconds(900));
    const [one] = service.rings;
    expect(one).toMatchObject({ url: '/wpush/v2/phone', body: '' });
    expect(one?.headers).toMatchObject({ ttl: '120', urgency: 'high', topic: 'ecps', 'content-length': '0' });
    const [, token, key] = /^vapid t=([^,]+), k=(.+)$/.exec(one?.headers.authorization ?? '') ?? [];
    expect(key).toBe(vapid.publicKey);
    const point = Buffer.from(vapid.publicKey, 'base64url');
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    };
    const { payload } = await jwtVerify(token ?? '', await importJWK(jwk, 'ES256'), {
      audience: service.origin,
      algorithms: ['ES256'],
    });
    expect(payload.sub).toBe('mailto:exploitation@caducee.test');
  });

  it('lives no longer than the request it announces', async () => {
    await push.deliver('1', ring(), inSeconds(42));
    expect(service.rings[0]?.headers).toMatchObject({ ttl: '42' });
  });

  it.each([404, 410])('at a subscription that no longer exists (%i) is over', async (status) => {
    expect(await failureOf(status)).toMatchObject({ gone: true, permanent: true, message: `push ${status}` });
  });

  it('refused for good (400) is over; the subscription is kept', async () => {
    expect(await failureOf(400)).toMatchObject({ gone: false, permanent: true });
  });

  it('refused for now (429, 500) is tried again when the service says', async () => {
    expect(await failureOf(429, { 'Retry-After': '7' })).toMatchObject({
      permanent: false,
      retryAfterSeconds: 7,
    });
    expect(await failureOf(500)).toMatchObject({ permanent: false, retryAfterSeconds: 0 });
  });

  it('never reaches into the operator’s own network, whatever a name resolves to', async () => {
    const guarded = createPushTransport({ ...keys, vapidSubject: 'mailto:a@b.test', clock });
    onFileEnd(() => guarded.close?.());
    await expect(guarded.deliver('1', ring(), inSeconds(120))).rejects.toMatchObject({
      permanent: true,
      message: 'push EPRIVATE',
    });
    expect(service.rings).toEqual([]);
  });

  it('goes through the outbox, and a gone subscription is told to whoever keeps it', async () => {
    const { db } = await testDatabase();
    const gone: string[] = [];
    const transports = inboxTransports({ smtp: 'smtp://127.0.0.1:1', twilio: 'http://127.0.0.1:1' }, clock, {
      ...keys,
      agent: service.agent,
    });
    const messages = testMessages(db, transports, {
      clock,
      onSubscriptionGone: async (deviceId) => void gone.push(deviceId),
    });
    const heard = await messages.enqueue(db, ring());
    await messages.drain();
    service.answer.status = 410;
    const lost = await messages.enqueue(db, ring());
    await messages.drain();
    expect(gone).toEqual(['dev_1']);
    expect(await messages.fate({ id: heard })).toMatchObject([
      { kind: 'push', template: 'doorbell', recipient: 'localhost', state: 'sent', deviceId: 'dev_1' },
    ]);
    expect(await messages.fate({ id: lost })).toMatchObject([{ state: 'abandoned', lastError: 'push 410' }]);
  });
});
