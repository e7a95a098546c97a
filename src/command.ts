import type { Config } from './config.ts';
import type { CommandIo } from './io.ts';
import type { KeyRing } from './platform/crypto.ts';
import type { Database } from './platform/postgres.ts';

/**
 * What cli.ts hands to each command. Configuration and database are opened when first asked for (`--help` needs
 * neither) and closed by cli.ts. Without a configuration of its own, a command finds the running sandbox.
 */
export interface CommandContext {
  io: CommandIo;
  config(): Promise<Config>;
  database(): Promise<Database>;
  keyring(): Promise<KeyRing>;
  /** The sandbox's first port: `--port-base`, CADUCEE_PORT_BASE, or 4000. */
  portBase: number;
}

/** A command: its arguments without its own name, to its exit code. */
export type Command = (args: string[], context: CommandContext) => Promise<number>;
