import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../../platform/clock.ts';
import { constantTimeEqualText } from '../../platform/crypto.ts';
import { bytes } from '../../platform/random.ts';

/** A server that speaks the one call of Twilio's API that Caducée makes: create a message. */

/** An SMS that was accepted. */
export interface ReceivedSms {
  sid: string;
  to: string;
  /** A number, a name, or a messaging service. */
  from: string;
  body: string;
  /** Seconds that Twilio's queue may keep it. */
  validityPeriod?: number;
}

/** How a call goes wrong: an answer of Twilio's, or none at all. */
export type TwilioFailure = 'hang' | { status: number; code: number; message: string; retryAfter?: number };

export interface TwilioOptions {
  accountSid: string;
  authToken: string;
  clock: Clock;
  receive: (sms: ReceivedSms) => void;
  /** Asked at each call: tests script failures with it. */
  fail?: () => TwilioFailure | undefined;
}

const MAX_BYTES = 64_000;

/** Twilio's own magic numbers for tests, with the refusals that its documentation gives them. */
const MAGIC: Readonly<Record<string, TwilioFailure>> = {
  '+15005550001': {
    status: 400,
    code: 21211,
    message: "The 'To' number +15005550001 is not a valid phone number.",
  },
  '+15005550004': { status: 400, code: 21610, message: 'Attempt to send to unsubscribed recipient' },
  '+15005550009': { status: 400, code: 21614, message: "'To' number is not a valid mobile number" },
};

/** Makes the server, not yet listening. */
export const createTwilioServer = (options: TwilioOptions): Server =>
  createServer((request, response) => {
    answer(options, request, response).catch(() => refuse(response, 500, 20500, 'Internal Server Error'));
  });

const answer = async (
  { accountSid, authToken, clock, receive, fail }: TwilioOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const path = `/2010-04-01/Accounts/${accountSid}/Messages.json`;
  if (!authorized(request, accountSid, authToken)) return refuse(response, 401, 20003, 'Authenticate');
  if (request.method !== 'POST' || request.url !== path) {
    return refuse(response, 404, 20404, 'The requested resource was not found');
  }
  const form = new URLSearchParams(await readBody(request));
  const to = form.get('To') ?? '';
  const from = form.get('MessagingServiceSid') ?? form.get('From') ?? '';
  const body = form.get('Body') ?? '';
  const failure = fail?.() ?? MAGIC[to] ?? invalid(to, from, body);
  if (failure === 'hang') return undefined;
  if (failure) return refuse(response, failure.status, failure.code, failure.message, failure.retryAfter);
  const sid = `SM${bytes(16).toString('hex')}`;
  const validity = form.get('ValidityPeriod');
  receive({ sid, to, from, body, ...(validity === null ? {} : { validityPeriod: Number(validity) }) });
  const date = clock.now().toUTCString().replace('GMT', '+0000');
  return send(response, 201, {
    sid,
    account_sid: accountSid,
    messaging_service_sid: form.get('MessagingServiceSid'),
    api_version: '2010-04-01',
    to,
    from: form.get('From'),
    body,
    status: form.has('MessagingServiceSid') ? 'accepted' : 'queued',
    direction: 'outbound-api',
    num_segments: '1',
    num_media: '0',
    price: null,
    price_unit: 'USD',
    error_code: null,
    error_message: null,
    date_created: date,
    date_updated: date,
    date_sent: null,
    uri: path.replace('Messages', `Messages/${sid}`),
    subresource_uris: { media: path.replace('Messages', `Messages/${sid}/Media`) },
  });
};

const invalid = (to: string, from: string, body: string): TwilioFailure | undefined => {
  if (to === '') return { status: 400, code: 21604, message: "A 'To' phone number is required." };
  if (!/^\+[1-9]\d{6,14}$/.test(to)) {
    return { status: 400, code: 21211, message: `The 'To' number ${to} is not a valid phone number.` };
  }
  if (from === '') return { status: 400, code: 21603, message: "A 'From' phone number is required." };
  if (body === '') return { status: 400, code: 21602, message: 'Message body is required.' };
  return undefined;
};

const authorized = (request: IncomingMessage, accountSid: string, authToken: string): boolean => {
  const given = request.headers.authorization ?? '';
  const expected = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
  return constantTimeEqualText(given, expected);
};

const readBody = async (request: IncomingMessage): Promise<string> => {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += String(chunk);
    if (body.length > MAX_BYTES) throw new Error('body too large');
  }
  return body;
};

const refuse = (
  response: ServerResponse,
  status: number,
  code: number,
  message: string,
  retryAfter?: number,
): void => {
  if (retryAfter !== undefined) response.setHeader('Retry-After', String(retryAfter));
  send(response, status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status });
};

const send = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'Content-Type': 'application/json;charset=utf-8' }).end(JSON.stringify(body));
};
