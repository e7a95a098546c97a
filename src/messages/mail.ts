import type { Transporter } from 'nodemailer';
import type { SentMessageInfo } from 'nodemailer/lib/smtp-pool/index.js';
import { QR_CID, renderMail, type MailContext } from '../../views/mails/index.ts';
import type { MailRequest } from './request.ts';
import { scrub } from './mask.ts';
import { DeliveryError, networkErrorName, type Transport } from './transport.ts';

/** E-mail over SMTP. */

export interface MailOptions {
  /** `smtp://user:password@host:587` or `smtps://…`; nodemailer's options may follow (`?requireTLS=false`). */
  smtpUrl: string;
  /** Without TLS, when the server offers none: for a server on this machine only. */
  allowPlain: boolean;
  /** `Name <address>`. */
  from: string;
  context: MailContext;
}

/** What an attempt may take, in milliseconds. */
const TIMEOUTS = {
  dnsTimeout: 8_000,
  connectionTimeout: 8_000,
  greetingTimeout: 8_000,
  socketTimeout: 20_000,
};

/** Makes the mail transport: a small pool of connections, opened when the first mail leaves. */
export const createMailTransport = (options: MailOptions): Transport<MailRequest> => {
  const settings = {
    url: options.smtpUrl,
    pool: true,
    maxConnections: 4,
    // Our outbox is the queue: a broken connection is an answer, not something to try again behind its back.
    maxRequeues: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
    tls: { minVersion: 'TLSv1.2' },
    // Mails carry activation codes: without STARTTLS they do not leave this machine.
    requireTLS: !options.allowPlain,
    ...TIMEOUTS,
  } as const;
  let smtp: Transporter<SentMessageInfo> | undefined;
  /** Loaded with the first mail, not at start. */
  const connect = async (): Promise<Transporter<SentMessageInfo>> => {
    const { createTransport } = await import('nodemailer');
    return (smtp ??= createTransport(settings));
  };
  const domain = senderDomain(options.from);
  return {
    deliver: async (id, request) => {
      const mail = await composeMail(request, options.context);
      try {
        const sent = await (
          await connect()
        ).sendMail({
          ...mail,
          from: options.from,
          to: { name: '', address: request.to },
          // The same at each try: servers and readers drop the double that a lost answer makes.
          messageId: `<${id}@${domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
          xMailer: false,
        });
        const queued = /queued as ([\w.-]{1,80})/i.exec(sent.response)?.[1];
        return { providerId: queued ?? sent.messageId };
      } catch (error) {
        throw smtpError(error, [request.to, ...secretsOf(request)]);
      }
    },
    close: () => smtp?.close({ force: true }),
  };
};

/** What a mail is made of, before it has a sender: subject, both parts and the QR code's image. */
export interface ComposedMail {
  subject: string;
  text: string;
  html: string;
  attachments: {
    filename: string;
    cid: string;
    contentType: string;
    content: Buffer;
    contentDisposition: 'inline';
  }[];
}

/** Writes the mail of a request, in its language. */
export const composeMail = async (request: MailRequest, context: MailContext): Promise<ComposedMail> => {
  const rendered = renderRequest(request, context);
  if (request.template !== 'activation_qr') return { ...rendered, attachments: [] };
  return {
    ...rendered,
    attachments: [
      {
        filename: 'e-cps.png',
        cid: QR_CID,
        contentType: 'image/png',
        contentDisposition: 'inline',
        content: await qrImage(request.data.qrText),
      },
    ],
  };
};

/** The union of requests does not tell the compiler that template and data belong together; the type does. */
const renderRequest = (request: MailRequest, context: MailContext) =>
  renderMail(request.template, request.data as never, request.locale, context);

/** A QR code as PNG, twelve pixels a module: sharp on fine screens; a quarter of it may be smudged on paper. */
export const qrImage = async (text: string): Promise<Buffer> =>
  (await import('qrcode')).default.toBuffer(text, {
    type: 'png',
    errorCorrectionLevel: 'Q',
    margin: 4,
    scale: 12,
  });

const secretsOf = (request: MailRequest): string[] =>
  request.template === 'activation_qr' ? [request.data.qrText, request.data.typedCode] : [];

const senderDomain = (from: string): string => /@([^\s>]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';

/**
 * A refusal (5xx) of this sender, recipient or content is for good; anything else, a wrong password of ours
 * included, may be otherwise at the next try.
 */
const smtpError = (error: unknown, secrets: readonly string[]): DeliveryError => {
  const { code, responseCode, response } = error as Partial<
    Record<'code' | 'response', string> & { responseCode: number }
  >;
  const aboutMessage = code === 'EENVELOPE' || code === 'EMESSAGE';
  if (responseCode === undefined) {
    return new DeliveryError(`SMTP ${networkErrorName(error)}`, { permanent: aboutMessage, cause: error });
  }
  const said = scrub((response ?? '').replace(/^\d{3}[ -]?/, ''), secrets);
  return new DeliveryError(`SMTP ${responseCode} ${said}`.trim(), {
    permanent: aboutMessage && responseCode >= 500,
    cause: error,
  });
};
