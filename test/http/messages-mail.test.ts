import { createServer, type AddressInfo, type Socket } from 'node:net';
import { simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { beforeEach, describe, expect, it } from 'vitest';
import { createMailTransport } from '../../src/messages/mail.ts';
import type { MailRequest } from '../../src/messages/request.ts';
import { DeliveryError } from '../../src/messages/transport.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { MAIL_CONTEXT, inboxTransports, readQr, startInbox } from '../support/mail.ts';
import { MAIL_SAMPLES } from '../support/mail-samples.ts';

/** Mails over real SMTP: to the sandbox's inbox, and to servers that misbehave. */

const FAR = new Date('2031-01-01');
const QR_TEXT = MAIL_SAMPLES.activation_qr['usual']!.qrText;
const qrMail: MailRequest = {
  kind: 'mail',
  template: 'activation_qr',
  to: 'lea.martin@hopital.test',
  locale: 'fr',
  data: MAIL_SAMPLES.activation_qr['usual']!,
};

describe('to the inbox', async () => {
  const inbox = await startInbox();
  const { mail } = inboxTransports(inbox.urls(), new ManualClock('2021-01-14T07:30:00Z'));
  beforeEach(() => inbox.clear());

  it('brings both parts, and a QR image that reads as the QR text', async () => {
    await mail.deliver('5b0c', qrMail, FAR);
    const [received] = inbox.messages({ to: 'LEA.martin@hopital.test' });
    expect(received).toMatchObject({
      kind: 'mail',
      from: '"Caducée" <ne-pas-repondre@caducee.test>',
      subject: 'Activez votre e-CPS\u00a0: voici votre QR code',
    });
    expect(received?.text).toContain('K7QF-2M9A');
    expect(received?.html).toContain('src="cid:qr@caducee"');
    expect(received?.attachments).toMatchObject([
      { cid: 'qr@caducee', filename: 'e-cps.png', contentType: 'image/png' },
    ]);
    expect(readQr(Buffer.from(received!.attachments[0]!.content, 'base64'))).toBe(QR_TEXT);
  });

  it.each(['fr', 'en'] as const)('says the same in the inbox as in the template (%s)', async (locale) => {
    await mail.deliver('1', { ...qrMail, locale }, FAR);
    expect(inbox.messages()[0]?.text).toMatchSnapshot();
  });
});

/** A mail server that keeps what it is told, raw. */
const rawServer = async (options: SMTPServerOptions = {}) => {
  const mails: string[] = [];
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    onData: (stream, _session, callback) => {
      let raw = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => (raw += chunk));
      stream.on('end', () => {
        mails.push(raw);
        callback(null, 'Ok: queued as 4F1A2B3C');
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onFileEnd(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { mails, url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}` };
};

const transportTo = (smtpUrl: string, allowPlain = true) => {
  const transport = createMailTransport({
    smtpUrl,
    allowPlain,
    from: 'Caducée <ne-pas-repondre@caducee.test>',
    context: MAIL_CONTEXT,
  });
  onFileEnd(() => transport.close?.());
  return transport;
};

const failureOf = async (delivery: Promise<unknown>): Promise<DeliveryError> => {
  const error = await delivery.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DeliveryError);
  return error as DeliveryError;
};

describe('the headers of a mail', () => {
  it('tell robots not to answer, name the message the same at each try, and track nothing', async () => {
    const { mails, url } = await rawServer();
    const transport = transportTo(url);
    expect(await transport.deliver('0f7c-1', qrMail, FAR)).toEqual({ providerId: '4F1A2B3C' });
    await transport.deliver('0f7c-1', qrMail, FAR);
    const [first, second] = await Promise.all(mails.map((raw) => simpleParser(raw)));
    expect(first?.messageId).toBe('<0f7c-1@caducee.test>');
    expect(second?.messageId).toBe(first?.messageId);
    expect(first?.headers.get('auto-submitted')).toBe('auto-generated');
    const names = first?.headerLines.map(({ key }) => key).toSorted();
    expect(names).toEqual([
      'auto-submitted',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'subject',
      'to',
      'x-auto-response-suppress',
    ]);
  });

  it('cannot be forged through an address', async () => {
    const { mails, url } = await rawServer();
    const to = 'lea@x.test\r\nBcc: other@x.test';
    const failure = await transportTo(url)
      .deliver('1', { ...qrMail, to }, FAR)
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    const parsed = await Promise.all(mails.map((raw) => simpleParser(raw)));
    expect(failure !== undefined || parsed.every((mail) => mail.bcc === undefined)).toBe(true);
    expect(parsed.flatMap((mail) => mail.headerLines.map(({ key }) => key))).not.toContain('bcc');
  });
});

describe('a mail server that refuses', () => {
  const answering = (code: number, message: string) =>
    rawServer({
      onRcptTo: (_address, _session, callback) =>
        callback(Object.assign(new Error(message), { responseCode: code })),
    });

  it('the recipient for good (5xx): no further try, and the reason without the address', async () => {
    const { url } = await answering(550, '5.1.1 <lea.martin@hopital.test>: no such user');
    const error = await failureOf(transportTo(url).deliver('1', qrMail, FAR));
    expect(error.permanent).toBe(true);
    expect(error.message).toBe('SMTP 550 5.1.1 <…>: no such user');
  });

  it('the recipient for now (4xx): another try', async () => {
    const { url } = await answering(451, '4.7.1 greylisted, come back later');
    const error = await failureOf(transportTo(url).deliver('1', qrMail, FAR));
    expect(error.permanent).toBe(false);
    expect(error.message).toBe('SMTP 451 4.7.1 greylisted, come back later');
  });

  it('our password: another try, since the operator will mend it', async () => {
    const { url } = await rawServer({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: (_auth, _session, callback) => callback(new Error('bad password')),
    });
    const error = await failureOf(
      transportTo(url.replace('smtp://', 'smtp://caducee:hunter22@')).deliver('1', qrMail, FAR),
    );
    expect(error.permanent).toBe(false);
    expect(error.message).toMatch(/^SMTP 535/);
    expect(error.message).not.toContain('hunter22');
  });

  it('TLS: no mail leaves in clear, unless the server is on this machine', async () => {
    const { mails, url } = await rawServer();
    const error = await failureOf(transportTo(url, false).deliver('1', qrMail, FAR));
    expect(error.permanent).toBe(false);
    expect(mails).toEqual([]);
    await transportTo(`${url}?requireTLS=false`, false).deliver('1', qrMail, FAR);
    expect(mails).toHaveLength(1);
  });
});

describe('a mail server that is not there', () => {
  it('is another try', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const error = await failureOf(transportTo(`smtp://127.0.0.1:${port}`).deliver('1', qrMail, FAR));
    expect(error).toMatchObject({ permanent: false });
    expect(error.message).toMatch(/^SMTP E(SOCKET|CONNECTION|CONNREFUSED)$/);
  });

  it('or hangs up in the middle, is another try', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.write('220 hello\r\n', () => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onFileEnd(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const error = await failureOf(transportTo(`smtp://127.0.0.1:${port}`).deliver('1', qrMail, FAR));
    expect(error.permanent).toBe(false);
    expect(sockets.length).toBe(1);
  });
});
