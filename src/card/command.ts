import { parseArgs } from 'node:util';
import { createAudit } from '../audit/record.ts';
import type { Command, CommandContext } from '../command.ts';
import { EXIT, UsageError } from '../io.ts';
import { systemClock as clock } from '../platform/clock.ts';
import { normalize } from '../registry/national-id.ts';
import { normalizeSerial } from './certificate.ts';
import { deleteOpposition, findCards, findOppositions, insertOpposition } from './repository.ts';

const HELP = `caducee cards list [--json]
  The cards declared lost.

caducee cards list WHAT [--json]
  The cards that signed in, by national identifier, card number (issuer/serial) or certificate serial (hexadecimal).

caducee cards oppose SERIAL|NUMBER [--reason TEXT] [--json]
  Declares a card lost, by the serial of its certificate or by its number, which covers every certificate of the card.
  At once it signs in nowhere, opens no further service and refreshes no token.

caducee cards release SERIAL|NUMBER [--reason TEXT] [--json]
  Takes back a declaration made by mistake.
`;

/** A card number as it stands, a serial in the one form in which it is compared. */
const readKey = (input: string): string => {
  const text = input.trim();
  if (/^\d{1,20}\/\d{1,20}$/.test(text)) return text;
  const serial = normalizeSerial(text);
  if (!/^[0-9a-f:\s]+$/i.test(text) || serial.length > 40 || serial === '') {
    throw new UsageError(
      `${input} is neither the serial of a certificate (hexadecimal) nor a card number (issuer/serial)`,
    );
  }
  return serial;
};

const listLost = async ({ io, database }: CommandContext, json: boolean): Promise<number> => {
  const cards = await findOppositions(await database());
  const lines = cards.map(
    ({ serial, reason, createdAt }) => `  ${serial}  ${createdAt.toISOString()}  ${reason}\n`,
  );
  const text = lines.length === 0 ? 'No card is declared lost.\n' : lines.join('');
  io.stdout.write(json ? `${JSON.stringify({ lost: cards })}\n` : text);
  return EXIT.done;
};

const listSeen = async ({ io, database }: CommandContext, what: string, json: boolean): Promise<number> => {
  const db = await database();
  const read = normalize(what);
  const keys = new Set([
    ...(read.ok ? [read.nationalId] : []),
    ...(/^[0-9a-f:\s/]+$/i.test(what) ? [readKey(what)] : []),
  ]);
  const found = (await Promise.all([...keys].map((key) => findCards(db, key)))).flat();
  const cards = [...new Map(found.map((card) => [`${card.nationalId} ${card.serial}`, card])).values()];
  const lost = new Set((await findOppositions(db)).map(({ serial }) => serial));
  const seen = cards.map((card) => ({ ...card, lost: lost.has(card.serial) || lost.has(card.cardNumber) }));
  const line = (card: (typeof seen)[number]): string =>
    `  ${card.nationalId}  ${card.cardType} ${card.cardNumber}  certificate ${card.serial}, until ${card.notAfter.toISOString()}; last used ${card.lastAt.toISOString()}${card.lost ? '; declared lost' : ''}\n`;
  const text = seen.length === 0 ? 'No card.\n' : seen.map(line).join('');
  io.stdout.write(json ? `${JSON.stringify({ cards: seen })}\n` : text);
  return EXIT.done;
};

/** Writes the list of lost cards and the audit in one transaction; whose card it is, if it ever signed in, is recorded. */
const change = async (
  { io, database }: CommandContext,
  act: 'oppose' | 'release',
  asked: { key: string; reason: string; operator: string; json: boolean },
): Promise<number> => {
  const { key, reason, operator, json } = asked;
  const audit = createAudit({ clock });
  const changed = await (
    await database()
  ).transaction(async (tx) => {
    const done =
      act === 'oppose'
        ? await insertOpposition(tx, key, reason, clock.now())
        : await deleteOpposition(tx, key);
    if (!done) return false;
    const owner = (await findCards(tx, key))[0]?.nationalId;
    await audit.record(tx, {
      type: act === 'oppose' ? 'card.opposed' : 'card.released',
      ...(owner === undefined ? {} : { nationalId: owner }),
      details: { card: key, operator, ...(act === 'oppose' ? { reason } : {}) },
    });
    return true;
  });
  if (json)
    io.stdout.write(
      `${JSON.stringify({ card: key, [act === 'oppose' ? 'opposed' : 'released']: changed })}\n`,
    );
  else if (act === 'oppose') {
    io.stdout.write(changed ? `${key} is declared lost.\n` : `${key} was declared lost already.\n`);
  } else io.stdout.write(changed ? `${key} is accepted again.\n` : `${key} was not declared lost.\n`);
  return changed || act === 'oppose' ? EXIT.done : EXIT.failed;
};

/** `caducee cards`: lost cards, and what is known of those that signed in. */
export const runCardsCommand: Command = async (args, context) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      json: { type: 'boolean' },
      reason: { type: 'string' },
    },
  });
  if (values.help) {
    context.io.stdout.write(HELP);
    return EXIT.done;
  }
  const [verb, what, ...more] = positionals;
  const json = values.json ?? false;
  if (more.length > 0) throw new UsageError(HELP.trimEnd());
  if (verb === 'list' && what === undefined) return listLost(context, json);
  if (verb === 'list' && what !== undefined) return listSeen(context, what, json);
  if ((verb === 'oppose' || verb === 'release') && what !== undefined) {
    const key = readKey(what);
    const reason = values.reason?.trim() ?? '';
    return context.act(
      { kind: verb === 'oppose' ? 'stop' : 'open', name: `card.${verb}`, arguments: { card: key }, reason },
      (operator) => change(context, verb, { key, reason: reason || 'declared lost', operator, json }),
    );
  }
  throw new UsageError(HELP.trimEnd());
};
