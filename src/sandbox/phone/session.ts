import { systemClock } from '../../platform/clock.ts';
import { type Phone, createPhone } from '../../phone/client.ts';
import type { CommandIo } from '../../io.ts';
import { UsageError } from '../../io.ts';
import { sandboxPorts } from '../ports.ts';
import type { PhoneCommandOptions } from './options.ts';
import { type FileVault, createFileVault, readPhoneFile } from './state-file.ts';

/** What a verb works with: the phone, its file, what was asked, and where to tell it. */
export interface PhoneSession {
  readonly phone: Phone;
  readonly vault: FileVault;
  readonly options: PhoneCommandOptions;
  readonly io: CommandIo;
  readonly portBase: number;
}

/** What a verb found out: an object for --json, lines for people. */
export interface Outcome {
  readonly json: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}

/** The file of this name holds no activated phone. */
export class NoPhoneError extends Error {}

/** The PIN to use: the one given, or the one kept. */
export const pinOf = ({ options, vault }: PhoneSession): string => {
  const pin = options.pin ?? vault.file.pin;
  if (pin === undefined) throw new UsageError('this phone keeps no PIN: give one with --pin');
  return pin;
};

/** Origin of the provider of the sandbox on these ports. */
export const sandboxOrigin = (portBase: number): string =>
  `http://localhost:${sandboxPorts(portBase).provider}`;

/** Opens the phone of a state file; `nationalId` allows one that does not exist yet. The caller holds the lock. */
export const openSession = async (
  options: PhoneCommandOptions,
  io: CommandIo,
  portBase: number,
  nationalId?: string,
): Promise<PhoneSession> => {
  if (options.state === undefined) throw new UsageError('--state FILE names the file of the virtual phone');
  const found = await readPhoneFile(options.state);
  if (!found && nationalId === undefined) throw new NoPhoneError(options.state);
  const file = found ?? { version: 1, origin: sandboxOrigin(portBase), nationalId: nationalId ?? '' };
  const vault = createFileVault(options.state, file);
  const phone = createPhone({ origin: file.origin, vault, locale: io.locale, clock: systemClock });
  const base = Number(new URL(file.origin).port) - sandboxPorts(0).provider;
  return { phone, vault, options, io, portBase: base };
};
