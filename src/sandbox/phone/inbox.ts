import { setTimeout as pause } from 'node:timers/promises';
import { PNG } from 'pngjs';
import decodeQr from 'qr/decode.js';
import * as z from 'zod';
import { parseMailQr } from '../../ecps/protocol/qr.ts';

/** Reads the sandbox's inbox as a person would: finds the mail with the QR of an activation, and the SMS with the code. */

const answer = z.object({
  messages: z.array(
    z.object({
      id: z.union([z.string(), z.number()]).transform(String),
      kind: z.enum(['mail', 'sms']),
      text: z.string().nullish(),
      attachments: z.array(z.object({ contentType: z.string(), url: z.string() })).default([]),
    }),
  ),
});
type Message = z.output<typeof answer>['messages'][number];

/** The inbox did not receive what was waited for. */
export class InboxError extends Error {
  readonly code: 'mail_not_received' | 'sms_not_received' | 'inbox_unreachable';

  constructor(code: InboxError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export interface Inbox {
  /** Text of the QR image in the mail of this activation, decoded from the image as received. */
  mailQr(activationId: string): Promise<string>;
  /** Ids of the SMS that are there now. */
  smsIds(): Promise<Set<string>>;
  /** The code of the first SMS that is not among `known`, and its id. */
  smsCode(known: ReadonlySet<string>): Promise<{ id: string; code: string }>;
}

/** The text of the QR code in a PNG image; undefined when there is none. */
export const decodeQrPng = (data: Uint8Array): string | undefined => {
  try {
    const { width, height, data: pixels } = PNG.sync.read(Buffer.from(data));
    return decodeQr({ width, height, data: flatten(pixels) }, { timeLimit: 2_000 });
  } catch {
    return undefined;
  }
};

/** Transparent pixels are seen on white paper. */
const flatten = (rgba: Uint8Array): Uint8Array => {
  const out = Uint8Array.from(rgba);
  for (let at = 0; at < out.length; at += 4) {
    const alpha = out[at + 3] ?? 255;
    for (let channel = at; channel < at + 3; channel += 1) {
      out[channel] = Math.round(((out[channel] ?? 0) * alpha + 255 * (255 - alpha)) / 255);
    }
    out[at + 3] = 255;
  }
  return out;
};

const codeOf = (text: string): string | undefined => /#(\d{6})\s*$/.exec(text)?.[1];

const isForActivation = (qr: string, activationId: string): boolean => {
  try {
    return parseMailQr(qr).id === activationId;
  } catch {
    return false;
  }
};

export const createInbox = (origin: string, waitMs = 20_000): Inbox => {
  const fetchInbox = async (url: URL): Promise<Response> => {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      return response;
    } catch (error) {
      throw new InboxError(
        'inbox_unreachable',
        `the inbox of the sandbox does not answer at ${origin}`,
        error,
      );
    }
  };
  const list = async (kind: Message['kind']): Promise<Message[]> => {
    const url = new URL('/api/messages', origin);
    url.search = new URLSearchParams({ kind, limit: '20' }).toString();
    const response = await fetchInbox(url);
    return answer.parse(await response.json()).messages.filter((message) => message.kind === kind);
  };
  const waitFor = async <T>(missing: InboxError, look: () => Promise<T | undefined>): Promise<T> => {
    const deadline = Date.now() + waitMs;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw missing;
      await pause(150);
    }
  };

  return {
    async mailQr(activationId) {
      const seen = new Set<string>();
      const missing = new InboxError('mail_not_received', 'no mail with the QR of this activation has come');
      return waitFor(missing, async () => {
        for (const message of await list('mail')) {
          if (seen.has(message.id)) continue;
          seen.add(message.id);
          for (const { contentType, url } of message.attachments) {
            if (contentType !== 'image/png') continue;
            const image = await fetchInbox(new URL(url, origin));
            const qr = decodeQrPng(new Uint8Array(await image.arrayBuffer()));
            if (qr !== undefined && isForActivation(qr, activationId)) return qr;
          }
        }
        return undefined;
      });
    },
    smsIds: async () => new Set((await list('sms')).map(({ id }) => id)),
    smsCode: (known) =>
      waitFor(new InboxError('sms_not_received', 'no SMS with a code has come'), async () => {
        for (const { id, text } of await list('sms')) {
          const code = codeOf(text ?? '');
          if (code !== undefined && !known.has(id)) return { id, code };
        }
        return undefined;
      }),
  };
};
