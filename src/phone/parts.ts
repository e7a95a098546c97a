import type { Signing } from './signing.ts';
import type { Transport } from './transport.ts';
import type { Vault } from './vault.ts';

/** What the flows of a phone share. */
export interface PhoneParts {
  readonly transport: Transport;
  readonly signing: Signing;
  readonly vault: Vault;
}
