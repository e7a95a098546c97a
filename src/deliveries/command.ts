import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { EXIT, UsageError } from '../io.ts';
import { toDeliveryFate } from './fate.ts';
import { selectDeliveries } from './repository.ts';
import type { DeliveryFate, DeliveryKind, DeliveryState } from './request.ts';
import { DELIVERY_PATIENCE } from './rules.ts';

const KINDS = Object.keys(DELIVERY_PATIENCE) as DeliveryKind[];
const STATES: readonly DeliveryState[] = ['queued', 'sending', 'sent', 'abandoned', 'expired'];

const HELP = `caducee deliveries list [--service ID] [--person ID] [--kind KIND] [--state STATE] [--limit N] [--json]

  What services were told over HTTP, server to server, and whether they took it: the end of a session (back-channel
  logout), the answer to a CIBA request (ping). What was said is never shown: it is erased once it has ended.

  --person ID     national identifier of the practitioner it was about
  --kind KIND     ${KINDS.join(' or ')}
  --state STATE   ${STATES.join(', ')}
  --limit N       newest N deliveries (50)
`;

const oneOf = <T extends string>(
  name: string,
  value: string | undefined,
  values: readonly T[],
): T | undefined => {
  const found = values.find((each) => each === value);
  if (value !== undefined && !found) throw new UsageError(`--${name} takes one of ${values.join(', ')}`);
  return found;
};

const describe = (delivery: DeliveryFate): string => {
  const tries = `${delivery.attempts} ${delivery.attempts === 1 ? 'try' : 'tries'}`;
  const next = delivery.nextAttemptAt ? `, next at ${delivery.nextAttemptAt.toISOString()}` : '';
  const error = delivery.lastError === undefined ? '' : `\n    ${delivery.lastError}`;
  return [
    delivery.createdAt.toISOString(),
    delivery.state.padEnd(9),
    delivery.kind.padEnd(18),
    delivery.clientId.padEnd(20),
    delivery.host.padEnd(24),
    `${tries}${next}${error}`,
  ].join('  ');
};

/** `caducee deliveries`: what became of each, for the operator. */
export const runDeliveriesCommand: Command = async (args, { io, database }) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      service: { type: 'string' },
      person: { type: 'string' },
      kind: { type: 'string' },
      state: { type: 'string' },
      limit: { type: 'string', default: '50' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    io.stdout.write(HELP);
    return EXIT.done;
  }
  if (positionals.length !== 1 || positionals[0] !== 'list') throw new UsageError(HELP.trimEnd());
  const kind = oneOf('kind', values.kind, KINDS);
  const state = oneOf('state', values.state, STATES);
  if (!/^[1-9]\d{0,4}$/.test(values.limit)) throw new UsageError('--limit takes a number from 1 to 99999');
  const nationalId = values.person?.replaceAll(' ', '').replace(/^(\d{11})$/, '8$1');
  const rows = await selectDeliveries(await database(), {
    ...{ kind, state, nationalId, clientId: values.service, limit: Number(values.limit) },
  });
  const deliveries = rows.map(toDeliveryFate);
  const text = deliveries.length === 0 ? 'No delivery.\n' : `${deliveries.map(describe).join('\n')}\n`;
  io.stdout.write(values.json ? `${JSON.stringify({ deliveries })}\n` : text);
  return EXIT.done;
};
