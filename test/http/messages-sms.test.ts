import { beforeEach, describe, expect, it } from 'vitest';
import type { SmsRequest } from '../../src/messages/request.ts';
import { createSmsTransport } from '../../src/messages/sms.ts';
import { DeliveryError } from '../../src/messages/transport.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import type { TwilioFailure } from '../../src/sandbox/inbox/index.ts';
import { createTwilioServer, type ReceivedSms } from '../../src/sandbox/twilio/server.ts';
import { openLoopback } from '../../src/sandbox/loopback.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { TWILIO } from '../support/mail.ts';

/** SMS by Twilio's own client, to a server that speaks Twilio's HTTP. */

const clock = new ManualClock('2021-01-14T07:30:00Z');
const in10Minutes = new Date('2021-01-14T07:40:00Z');
const sms: SmsRequest = {
  kind: 'sms',
  template: 'activation_code',
  to: '+33612345612',
  locale: 'fr',
  data: { code: '493027', domain: 'app.caducee.test' },
  expiresAt: in10Minutes,
};

describe('an SMS', async () => {
  const received: ReceivedSms[] = [];
  let failure: TwilioFailure | undefined;
  const { port, close } = await openLoopback(
    () => createTwilioServer({ ...TWILIO, clock, receive: (one) => received.push(one), fail: () => failure }),
    0,
  );
  onFileEnd(close);
  const transport = (options: Partial<Parameters<typeof createSmsTransport>[0]> = {}) =>
    createSmsTransport({
      ...TWILIO,
      from: '+33644000000',
      baseUrl: `http://127.0.0.1:${port}/`,
      clock,
      ...options,
    });
  const failureOf = async (delivery: Promise<unknown>): Promise<DeliveryError> => {
    const error = await delivery.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DeliveryError);
    return error as DeliveryError;
  };
  beforeEach(() => {
    received.length = 0;
    failure = undefined;
  });

  it('arrives with its text, its sender and the time its code is worth', async () => {
    const { providerId } = await transport().deliver('1', sms, in10Minutes);
    expect(received).toEqual([
      {
        sid: providerId,
        to: '+33612345612',
        from: '+33644000000',
        body: 'Votre code e-CPS : 493 027. Ne le communiquez à personne.\n\n@app.caducee.test #493027',
        validityPeriod: 600,
      },
    ]);
    expect(providerId).toMatch(/^SM[0-9a-f]{32}$/);
  });

  it.each(['Caducee', `MG${'0a'.repeat(16)}`])('leaves from %s', async (from) => {
    await transport({ from }).deliver('1', sms, in10Minutes);
    expect(received).toMatchObject([{ from }]);
  });

  it('that Twilio refuses for good (400) is not tried again; the reason keeps no number', async () => {
    const error = await failureOf(transport().deliver('1', { ...sms, to: '+15005550001' }, in10Minutes));
    expect(error).toMatchObject({
      permanent: true,
      message: "Twilio 400 (21211) The 'To' number … is not a valid phone number.",
    });
  });

  it.each<[TwilioFailure & object, string]>([
    [{ status: 429, code: 20429, message: 'Too Many Requests' }, 'Twilio 429 (20429) Too Many Requests'],
    [
      { status: 500, code: 20500, message: 'Internal Server Error' },
      'Twilio 500 (20500) Internal Server Error',
    ],
    [{ status: 503, code: 20503, message: 'Busy' }, 'Twilio 503 (20503) Busy'],
  ])('that Twilio cannot take now (%j) is tried again', async (answer, message) => {
    failure = answer;
    expect(await failureOf(transport().deliver('1', sms, in10Minutes))).toMatchObject({
      permanent: false,
      message,
    });
  });

  it('with a wrong token is tried again, since the operator will mend it', async () => {
    const error = await failureOf(transport({ authToken: 'wrong' }).deliver('1', sms, in10Minutes));
    expect(error).toMatchObject({ permanent: false, message: 'Twilio 401 (20003) Authenticate' });
    expect(received).toEqual([]);
  });

  it('to a Twilio that is silent or absent is tried again', async () => {
    failure = 'hang';
    const hung = await failureOf(transport({ timeoutMs: 100 }).deliver('1', sms, in10Minutes));
    expect(hung).toMatchObject({ permanent: false });
    expect(hung.message).toMatch(/^Twilio E/);
    const absent = await failureOf(
      transport({ baseUrl: 'http://127.0.0.1:1' }).deliver('1', sms, in10Minutes),
    );
    expect(absent).toMatchObject({ permanent: false, message: 'Twilio ECONNREFUSED' });
  });
});
