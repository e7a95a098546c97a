import { parseArgs } from 'node:util';
import { createAudit } from '../audit/record.ts';
import { createClients } from '../clients/service.ts';
import type { Command, CommandContext } from '../command.ts';
import { EXIT, UsageError } from '../io.ts';
import { systemClock } from '../platform/clock.ts';
import { normalize } from '../registry/national-id.ts';
import type { Oidc } from './provider.ts';
import { endSessions, listSessions, type SessionView, type SessionsOf } from './session-acts.ts';

const HELP = `caducee sessions list --person ID | --service ID | --device ID [--json]
  The open single sign-on sessions of a practitioner (national identifier), a service or a phone: its name (sid), since
  when, by which means, for which services, and when it ends without further use.

caducee sessions end SID --reason TEXT [--json]
caducee sessions end --person ID | --service ID | --device ID --reason TEXT [--json]
  Ends them, with every token they gave, on every node at once; services that asked to be told of sign-outs are told by
  the running server within seconds (caducee deliveries list shows it). Of a service, what it was given ends, and the
  sessions go on. The reason is kept in the audit.
`;

/** Opens the provider on the state of the running system. */
export type OpenOidc = (context: CommandContext) => Promise<{ oidc: Oidc; close(): Promise<void> }>;

interface Values {
  person?: string | undefined;
  service?: string | undefined;
  device?: string | undefined;
}

const ownerOf = (values: Values): Exclude<SessionsOf, { sid: string }> | undefined => {
  const given = [values.person, values.service, values.device].filter((value) => value !== undefined);
  if (given.length > 1) throw new UsageError('name one of --person, --service, --device');
  if (values.service !== undefined) return { clientId: values.service };
  if (values.device !== undefined) return { deviceId: values.device };
  if (values.person === undefined) return undefined;
  const normalized = normalize(values.person);
  if (!normalized.ok) throw new UsageError(`${values.person} is not a national identifier`);
  return { nationalId: normalized.nationalId };
};

const means = (session: SessionView): string =>
  [
    session.authMode ?? 'unknown means',
    session.deviceId === undefined ? '' : `phone ${session.deviceId}`,
    session.cardSerial === undefined ? '' : `card ${session.cardSerial}`,
  ]
    .filter(Boolean)
    .join(' ');

const describe = (session: SessionView): string =>
  `${session.sid}  ${session.nationalId}  since ${session.signedInAt.toISOString()}  ${means(session)}\n` +
  `    ${session.services.map(({ name }) => name).join(', ') || 'no service'}; ends ${session.expiresAt.toISOString()} without use\n`;

/** `caducee sessions`. */
export const createSessionsCommand = (open: OpenOidc): Command => {
  const withOidc = async <T>(context: CommandContext, work: (oidc: Oidc) => Promise<T>): Promise<T> => {
    const { oidc, close } = await open(context);
    try {
      return await work(oidc);
    } finally {
      await close();
    }
  };

  return async (args, context) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        person: { type: 'string' },
        service: { type: 'string' },
        device: { type: 'string' },
        reason: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { stdout, stderr } = context.io;
    if (values.help) {
      stdout.write(HELP);
      return EXIT.done;
    }
    const [verb, sid, ...more] = positionals;
    const owner = ownerOf(values);
    if (more.length > 0) throw new UsageError(HELP.trimEnd());
    if (verb === 'list' && sid === undefined && owner) {
      const clients = createClients({ db: await context.database() });
      const sessions = await withOidc(context, (oidc) => listSessions({ oidc, clients }, owner));
      const text = sessions.length === 0 ? 'No open session.\n' : sessions.map(describe).join('');
      stdout.write(values.json ? `${JSON.stringify({ sessions })}\n` : text);
      return EXIT.done;
    }
    if (verb === 'end' && (sid === undefined) !== (owner === undefined)) {
      const reason = values.reason?.trim();
      if (!reason) throw new UsageError('--reason says why: it is kept in the audit');
      const of: SessionsOf = owner ?? { sid: sid ?? '' };
      const db = await context.database();
      const audit = createAudit({ clock: systemClock });
      const person = 'nationalId' in of ? { nationalId: of.nationalId } : {};
      return context.act(
        { kind: 'stop', name: 'session.end', arguments: { ...of }, reason, ...person },
        async () => {
          const ended = await withOidc(context, (oidc) => endSessions({ oidc, audit, db }, { of, reason }));
          stdout.write(values.json ? `${JSON.stringify({ ended })}\n` : `${ended} ended.\n`);
          if (!('sid' in of) || ended > 0) return EXIT.done;
          if (!values.json) stderr.write(`No open session is named ${of.sid}.\n`);
          return EXIT.failed;
        },
      );
    }
    throw new UsageError(HELP.trimEnd());
  };
};
