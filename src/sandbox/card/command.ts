import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CARD_TYPES, type CardType, normalizeSerial } from '../../card/certificate.ts';
import type { Command, CommandContext } from '../../command.ts';
import { SETTINGS, parseConfig, readVariables } from '../../config.ts';
import { EXIT, UsageError } from '../../io.ts';
import { systemClock } from '../../platform/clock.ts';
import { openDatabase } from '../../platform/postgres.ts';
import { normalize } from '../../registry/national-id.ts';
import { createRegistry } from '../../registry/service.ts';
import { cardTexts } from '../../../views/locales/virtual-card.ts';
import { sandboxPorts } from '../ports.ts';
import { readRuntime, sandboxFolder } from '../runtime.ts';
import { localOrigin } from '../variables.ts';
import {
  CARD_PASSWORD,
  CARD_VARIANTS,
  type CardVariant,
  type VirtualHolder,
  issueVirtualCard,
} from './issue.ts';
import { makeP12 } from './p12.ts';
import { addRevoked, readPki } from './vault.ts';

/** `caducee card`: virtual cards of the sandbox, as files that a browser imports. */

const VARIANTS = Object.keys(CARD_VARIANTS) as CardVariant[];

const OPTIONS = {
  out: { type: 'string' },
  password: { type: 'string' },
  type: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  ...(Object.fromEntries(VARIANTS.map((variant) => [variant, { type: 'boolean' }])) as Record<
    CardVariant,
    { type: 'boolean' }
  >),
} as const;

const folderOf = ({ io, portBase }: CommandContext): string => {
  const variables = readVariables(io.root, undefined, { CADUCEE_MODE: 'sandbox' });
  return sandboxFolder(io.root, variables['CADUCEE_DATA_DIR'] ?? SETTINGS.dataDir.fallback, portBase);
};

const openPkiOf = async (context: CommandContext) => {
  const pki = await readPki(folderOf(context));
  if (!pki) throw new UsageError(cardTexts(context.io.locale).noPki(context.portBase));
  return pki;
};

/** What the registry of the running sandbox says of a person; a stranger gets a card too, to see it refused. */
const findHolder = async (context: CommandContext, nationalId: string): Promise<VirtualHolder> => {
  const stranger = { nationalId, familyName: 'INCONNU', givenName: 'DU RÉPERTOIRE', professionCode: '' };
  const runtime = await readRuntime(folderOf(context));
  if (!runtime) throw new UsageError(cardTexts(context.io.locale).notRunning(context.portBase));
  // The sandbox's own configuration, whatever the environment of this command names.
  const config = parseConfig(runtime.variables);
  const db = openDatabase(config.databaseUrl, { max: 1 });
  const { contactDelayHours } = config;
  const person = await createRegistry({ db, clock: systemClock, contactDelayHours })
    .find(nationalId)
    .finally(() => db.close());
  if (!person) return stranger;
  const { familyName, givenName, exercises } = person;
  return { nationalId, familyName, givenName, professionCode: exercises[0]?.codeProfession ?? '' };
};

const chosenVariant = (values: Partial<Record<CardVariant, boolean>>): CardVariant | undefined => {
  const chosen = VARIANTS.filter((variant) => values[variant] === true);
  if (chosen.length > 1) throw new UsageError(`--${chosen.join(' and --')} exclude one another`);
  return chosen[0];
};

const chosenType = (text: string | undefined): CardType | undefined => {
  if (text === undefined) return undefined;
  const type = CARD_TYPES.find((name) => name === text.toUpperCase());
  if (!type) throw new UsageError(`--type is one of ${CARD_TYPES.join(', ')}`);
  return type;
};

type Values = ReturnType<typeof parse>['values'];
const parse = (args: string[]) => parseArgs({ args, options: OPTIONS, allowPositionals: true });

const issue = async (context: CommandContext, target: string | undefined, values: Values) => {
  const { io, portBase } = context;
  const texts = cardTexts(io.locale);
  const read = normalize(target ?? '');
  if (!read.ok || values.out === undefined) throw new UsageError(texts.issueUsage);
  const variant = chosenVariant(values);
  const cardType = chosenType(values.type);
  const password = values.password ?? CARD_PASSWORD;
  const pki = await openPkiOf(context);
  const holder = await findHolder(context, read.nationalId);
  const crlOrigin = localOrigin(sandboxPorts(portBase).authority);
  const now = systemClock.now();
  const card = await issueVirtualCard({ pki, holder, now, crlOrigin, variant, cardType });
  const name = `${card.cardType} ${holder.givenName} ${holder.familyName}`.trim();
  const file = resolve(values.out);
  await writeFile(file, await makeP12(card.issued, card.authorities, { name, password }), { mode: 0o600 });
  if (variant === 'revoked') await addRevoked(folderOf(context), card.serial, now);
  const { serial, cardNumber } = card;
  const notAfter = card.issued.x509.validToDate.toISOString();
  const facts = { nationalId: read.nationalId, name, serial, cardNumber, cardType: card.cardType, notAfter };
  if (values.json) {
    io.stdout.write(`${JSON.stringify({ ok: true, ...facts, variant: variant ?? null, file, password })}\n`);
  } else io.stdout.write(`${texts.issued({ ...facts, variant, file, password }).join('\n')}\n`);
  return EXIT.done;
};

const revoke = async (context: CommandContext, target: string | undefined, values: Values) => {
  const { io } = context;
  const texts = cardTexts(io.locale);
  if (target === undefined || !/^[0-9a-fA-F: ]{2,}$/.test(target)) throw new UsageError(texts.revokeUsage);
  await openPkiOf(context);
  const serial = normalizeSerial(target);
  const changed = await addRevoked(folderOf(context), serial, systemClock.now());
  if (values.json) io.stdout.write(`${JSON.stringify({ ok: true, serial, changed })}\n`);
  else io.stdout.write(`${changed ? texts.revoked(serial) : texts.wasRevoked(serial)}\n`);
  return EXIT.done;
};

/** `caducee card issue|revoke`. */
export const runCardCommand: Command = async (args, context) => {
  const { values, positionals } = parse(args);
  const [verb, target, ...more] = positionals;
  const texts = cardTexts(context.io.locale);
  if (values.help === true) {
    context.io.stdout.write(texts.help);
    return EXIT.done;
  }
  if (more.length === 0 && verb === 'issue') return issue(context, target, values);
  if (more.length === 0 && verb === 'revoke') return revoke(context, target, values);
  throw new UsageError(texts.help);
};
