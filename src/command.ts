import type { KeyObject } from 'node:crypto';
import type { Config } from './config.ts';
import type { CommandIo } from './io.ts';
import type { KeyRing } from './platform/crypto.ts';
import type { Database } from './platform/postgres.ts';

/** `stop`: done at once, seen by a second operator afterwards; `open`: waits for the second; `serve`: neither. */
export type ActKind = 'stop' | 'open' | 'serve';

/** What an operator asks to be done. */
export interface Act {
  kind: ActKind;
  /** Such as `card.oppose`. */
  name: string;
  /** What it is about: everything that decides what is done, as text. */
  arguments: Readonly<Record<string, string>>;
  reason: string;
  /** The person concerned. */
  nationalId?: string;
}

/** An act that a second operator has confirmed, while its command runs again. */
export interface ConfirmedAct {
  id: string;
  /** Of the act that was asked (src/operators/statement.ts): the command does this or nothing. */
  digest: string;
  operator: string;
}

/**
 * What command-line.ts hands to each command. Configuration and database are opened when first asked for (`--help` needs
 * neither) and closed by it. Without a configuration of its own, a command finds the running sandbox.
 */
export interface CommandContext {
  io: CommandIo;
  config(): Promise<Config>;
  database(): Promise<Database>;
  keyring(): Promise<KeyRing>;
  /**
   * Does what an operator asks, once they have signed it and, where it opens something, a second one has confirmed it; then
   * `run` is given the name of who asked. Where operators have no names it runs at once. Answers the exit code. `replay` is
   * the command line that a confirmation runs; without it, this one.
   */
  act(act: Act, run: (operator: string) => Promise<number>, replay?: readonly string[]): Promise<number>;
  /** Runs a command line again, in this process, for an act that was confirmed. */
  again(argv: readonly string[], confirmed: ConfirmedAct): Promise<number>;
  /** Who is at the keyboard, with the key that signs; asks for its passphrase when it must. */
  identity(): Promise<{ name: string; key: KeyObject }>;
  /** The sandbox's first port: `--port-base`, CADUCEE_PORT_BASE, or 4000. */
  portBase: number;
}

/** A command: its arguments without its own name, to its exit code. */
export type Command = (args: string[], context: CommandContext) => Promise<number>;
