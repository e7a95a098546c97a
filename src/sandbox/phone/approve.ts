import { createInterface } from 'node:readline/promises';
import type { PendingRequest } from '../../ecps/protocol/api.ts';
import { bind as bindSchema } from '../../ecps/protocol/api.ts';
import type { BoundRequest } from '../../phone/sign-in.ts';
import { UsageError } from '../../io.ts';
import { phoneTexts } from '../../../views/locales/phone.ts';
import type { Outcome, PhoneSession } from './session.ts';
import { pinOf } from './session.ts';
import { requestLines } from './show.ts';
import { isByService, messageBind, waitForRequest } from './wait.ts';

/** Approving needs the number, the QR or the link of the page, and there is nobody to ask. */
export class BindRequiredError extends Error {}

const ask = async ({ io }: PhoneSession, question: string, options: string): Promise<string> => {
  if (!io.interactive || !io.stdin.isTTY) throw new BindRequiredError(`give ${options}`);
  const lines = createInterface({ input: io.stdin, output: io.stderr });
  try {
    return (await lines.question(question)).trim();
  } finally {
    lines.close();
  }
};

/** What the service shows: two digits are the protocol's number, anything else its message. */
const byMessage = async (session: PhoneSession, request: PendingRequest): Promise<BoundRequest> => {
  const { message, number } = session.options;
  const shown =
    message ?? number ?? (await ask(session, phoneTexts(session.io.locale).askMessage, '--message'));
  const bind = messageBind(request, shown);
  if (!bind) throw new UsageError('this is not a message that the service can have shown');
  return { request, bind };
};

const byNumber = async (session: PhoneSession): Promise<BoundRequest> => {
  const request = await waitForRequest(session);
  show(session, request);
  if (isByService(request)) return byMessage(session, request);
  const number =
    session.options.number ??
    (await ask(session, phoneTexts(session.io.locale).askNumber, '--number, --qr or --link'));
  const bind = bindSchema.safeParse({ m: 'number', v: number });
  if (!bind.success) throw new UsageError('the number has two digits, as on the computer');
  return { request, bind: bind.data };
};

const show = ({ io }: PhoneSession, request: PendingRequest): void => {
  io.stderr.write(`${requestLines(request, io.locale).join('\n')}\n`);
};

const bound = async (session: PhoneSession): Promise<BoundRequest> => {
  const { qr, link } = session.options;
  if (qr === undefined && link === undefined) return byNumber(session);
  const found =
    qr === undefined ? await session.phone.openLink(link ?? '') : await session.phone.scanSignIn(qr);
  show(session, found.request);
  return found;
};

/** `caducee phone approve`: waits for the request, ties it to the screen, and confirms it with the PIN. */
export const approve = async (session: PhoneSession): Promise<Outcome> => {
  const { phone, io } = session;
  const texts = phoneTexts(io.locale);
  const found = await bound(session);
  const answer = await phone.approve({ ...found, pin: pinOf(session) });
  const { txn, context } = found.request;
  return {
    json: { action: 'approve', txn, service: context.service, context, ...answer },
    lines: [
      answer.returnTo === undefined ? texts.approved(context.service.name) : texts.approvedHere,
      ...(answer.wrongTriesSince > 0 ? [texts.wrongTries(answer.wrongTriesSince)] : []),
      ...(answer.returnTo === undefined ? [] : [texts.returnTo, answer.returnTo]),
    ],
  };
};
