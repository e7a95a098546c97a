import type { Locale } from '../../../views/locales/catalogue.ts';
import { systemClock, type Clock } from '../../platform/clock.ts';
import { type Opened, openLoopback } from '../loopback.ts';
import { createTwilioServer, type TwilioFailure } from '../twilio/server.ts';
import { createInboxHttp } from './http.ts';
import type { InboxMessage } from './message.ts';
import { createSmtpReceiver } from './smtp.ts';
import { openInboxStore } from './store.ts';

export type { InboxMessage } from './message.ts';
export type { TwilioFailure } from '../twilio/server.ts';

/** Where the sandbox's mails and SMS arrive: a mail server, a server that speaks Twilio, a page and its JSON. */
export interface Inbox {
  /** Opens the three servers, on loopback only. */
  start(): Promise<InboxUrls>;
  /** Closes them; what was received stays in the data folder. */
  stop(): Promise<void>;
  /** Known once started. */
  urls(): InboxUrls;
  /** Newest first. */
  messages(filter?: { to?: string; kind?: string }): InboxMessage[];
  clear(): void;
}

export interface InboxUrls {
  /** The page; its JSON is under `/api/messages`. */
  page: string;
  /** For CADUCEE_SMTP_URL. */
  smtp: string;
  /** For CADUCEE_TWILIO_BASE_URL. */
  twilio: string;
}

export interface InboxOptions {
  /** 0 takes a free port. */
  httpPort: number;
  smtpPort: number;
  twilioPort: number;
  /** Keeps the last 500 messages there. */
  dataDir: string;
  twilio: { accountSid: string; authToken: string };
  timeZone?: string;
  defaultLocale?: Locale;
  clock?: Clock;
  /** Asked at each SMS: tests script Twilio's failures. */
  failSms?: () => TwilioFailure | undefined;
}

/** Makes the inbox; nothing listens before {@link Inbox.start}. */
export const createInbox = (options: InboxOptions): Inbox => {
  const clock = options.clock ?? systemClock;
  const store = openInboxStore(options.dataDir);
  const opened: Opened[] = [];
  let urls: InboxUrls | undefined;

  const http = createInboxHttp({
    store,
    timeZone: options.timeZone ?? 'Europe/Paris',
    defaultLocale: options.defaultLocale ?? 'fr',
  });
  const smtp = () => createSmtpReceiver(clock, store.add);
  const twilio = () =>
    createTwilioServer({
      ...options.twilio,
      clock,
      receive: ({ sid, to, from, body }) =>
        store.add({
          id: sid,
          kind: 'sms',
          to,
          from,
          text: body,
          receivedAt: clock.now().toISOString(),
          attachments: [],
        }),
      ...(options.failSms ? { fail: options.failSms } : {}),
    });

  const stop = async (): Promise<void> => {
    http.endStreams();
    await Promise.all(opened.splice(0).map((server) => server.close()));
  };
  const open = async (make: Parameters<typeof openLoopback>[0], port: number): Promise<number> => {
    const server = await openLoopback(make, port);
    opened.push(server);
    return server.port;
  };

  return {
    start: async () => {
      try {
        urls = {
          page: `http://localhost:${await open(http.make, options.httpPort)}/`,
          smtp: `smtp://127.0.0.1:${await open(smtp, options.smtpPort)}`,
          twilio: `http://127.0.0.1:${await open(twilio, options.twilioPort)}`,
        };
      } catch (error) {
        await stop();
        throw error;
      }
      return urls;
    },
    stop,
    urls: () => {
      if (!urls) throw new Error('the inbox is not started');
      return urls;
    },
    messages: (filter) => store.list(filter),
    clear: store.clear,
  };
};
