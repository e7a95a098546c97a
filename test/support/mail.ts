import { mkdtempSync, rmSync } from 'node:fs';
import type { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import decodeQr from 'qr/decode.js';
import { createMailTransport } from '../../src/messages/mail.ts';
import { createPushTransport } from '../../src/messages/push.ts';
import { createMessages, type Messages, type MessagesOptions } from '../../src/messages/service.ts';
import { createSmsTransport } from '../../src/messages/sms.ts';
import type { Transports } from '../../src/messages/transport.ts';
import { ManualClock, type Clock } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { createLog } from '../../src/platform/log.ts';
import type { Database } from '../../src/platform/postgres.ts';
import { createInbox, type Inbox, type InboxOptions } from '../../src/sandbox/inbox/index.ts';
import { onFileEnd } from './cleanup.ts';

/** Messages in tests: the product's transports, sending to the sandbox's inbox over real SMTP and HTTP. */

export const TWILIO = {
  accountSid: `AC${'0123456789abcdef'.repeat(2)}`,
  authToken: 'twilio-token-of-the-tests',
};

/** What mails know of the installation in tests. */
export const MAIL_CONTEXT = {
  timeZone: 'Europe/Paris',
  help: {
    phone: '01 23 45 67 89',
    hours: { fr: 'du lundi au vendredi, de 8 h à 19 h', en: 'Monday to Friday, 8:00 to 19:00' },
  },
} as const;

/** An inbox on free ports, closed when the test file ends. */
export const startInbox = async (options: Partial<InboxOptions> = {}): Promise<Inbox> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'caducee-inbox-'));
  const inbox = createInbox({ httpPort: 0, smtpPort: 0, twilioPort: 0, dataDir, twilio: TWILIO, ...options });
  await inbox.start();
  onFileEnd(async () => {
    await inbox.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return inbox;
};

/** The product's transports, pointed at an inbox. */
export const inboxTransports = (
  urls: { smtp: string; twilio: string },
  clock: Clock,
  push?: { vapidPublicKey: string; vapidPrivateKey: string; agent: Agent },
): Transports => {
  const transports: Transports = {
    mail: createMailTransport({
      smtpUrl: urls.smtp,
      allowPlain: true,
      from: 'Caducée <ne-pas-repondre@caducee.test>',
      context: MAIL_CONTEXT,
    }),
    sms: createSmsTransport({ ...TWILIO, from: '+33644000000', baseUrl: urls.twilio, clock }),
    ...(push
      ? { push: createPushTransport({ vapidSubject: 'mailto:exploitation@caducee.test', clock, ...push }) }
      : {}),
  };
  onFileEnd(() => {
    for (const transport of Object.values(transports)) transport?.close?.();
  });
  return transports;
};

/** A message service that sends only when the test says `drain()` or `kick()`; stopped when the file ends. */
export const testMessages = (
  db: Database,
  transports: Transports,
  options: Partial<MessagesOptions> = {},
): Messages & { clock: Clock } => {
  const clock = options.clock ?? new ManualClock('2021-01-14T07:30:00Z');
  const messages = createMessages({
    db,
    keyring: createKeyRing(Buffer.alloc(32, 7)),
    log: createLog('silent'),
    transports,
    ...options,
    clock,
  });
  onFileEnd(() => messages.stop());
  return { ...messages, clock };
};

/** The text of the QR code in a PNG. */
export const readQr = (png: Buffer): string => {
  const { width, height, data } = PNG.sync.read(png);
  return decodeQr({ width, height, data });
};
