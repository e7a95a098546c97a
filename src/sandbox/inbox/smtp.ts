import type { Server, Socket } from 'node:net';
import { callbackify } from 'node:util';
import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { Clock } from '../../platform/clock.ts';
import { token } from '../../platform/random.ts';
import type { InboxAttachment, InboxMessage } from './message.ts';

/** The mail server of the sandbox: takes every mail for everyone and sends none on. */

const MAX_BYTES = 5_000_000;

/**
 * Makes the server, not yet listening. Without TLS and without password: it is reachable from this machine only.
 * A mail is answered for once `receive` has taken it.
 */
export const createSmtpReceiver = (clock: Clock, receive: (message: InboxMessage) => void): Server => {
  const smtp = new SMTPServer({
    name: 'inbox.localhost',
    banner: 'Caducee sandbox',
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: MAX_BYTES,
    logger: false,
    onData: callbackify(async (stream: SMTPServerDataStream, session: SMTPServerSession) => {
      const mail = await simpleParser(stream, { skipTextToHtml: true, skipImageLinks: true });
      for (const { address } of session.envelope.rcptTo) receive(toMessage(mail, address, clock));
      return 'Ok: queued as sandbox';
    }),
  });
  // A client that hangs up is no news.
  smtp.on('error', () => undefined);
  return withoutLingering(smtp.server);
};

/** Mail programs keep connections for minutes; closing the sandbox does not wait for them. */
const withoutLingering = (server: Server): Server => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return Object.assign(server, {
    closeIdleConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
  });
};

const toMessage = (mail: ParsedMail, to: string, clock: Clock): InboxMessage => ({
  id: token(9),
  kind: 'mail',
  to,
  from: addressText(mail.from),
  subject: mail.subject ?? '',
  text: mail.text ?? '',
  ...(mail.html ? { html: mail.html } : {}),
  receivedAt: clock.now().toISOString(),
  attachments: mail.attachments.map((part): InboxAttachment => ({
    cid: part.cid ?? '',
    filename: part.filename ?? '',
    contentType: part.contentType,
    content: part.content.toString('base64'),
  })),
});

const addressText = (address: AddressObject | AddressObject[] | undefined): string =>
  (Array.isArray(address) ? address : address ? [address] : []).map(({ text }) => text).join(', ');
