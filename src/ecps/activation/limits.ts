import { isLoopbackHost } from '../../config.ts';

/** How long an activation's codes live and how often they may be tried, sent and asked. */

export const MAIL_SECONDS = 30 * 60;
export const SMS_SECONDS = 10 * 60;
/** What is left for the rest of an activation once its mail was scanned, or its SMS code was right. */
export const STEP_SECONDS = 15 * 60;

export const TYPED_TRIES = 5;
/** A QR has 128 bits and cannot be guessed; this only stops a loop. */
export const QR_TRIES = 20;
export const SMS_TRIES = 3;

const DAY = 86_400;
/** For each person; past the first two, same answer and no mail. */
export const OPEN_PER_PERSON = 3;
export const MAILS_PER_PERSON = { limit: 6, seconds: DAY } as const;
export const SMS_PER_PERSON = { limit: 3, seconds: DAY } as const;
/** Activations for each key D and each address (many doctors of one hospital share one); past them, no mail. */
export const PER_KEY = { limit: 10, seconds: DAY } as const;
export const PER_ADDRESS = { limit: 60, seconds: 3600 } as const;
/** Calls from one address, whoever they are about; past it 429, which tells nothing of anyone. */
export const CALLS_PER_ADDRESS = { limit: 240, seconds: 3600 } as const;

/** This very machine: the sandbox and its tests. Behind a trusted proxy the address is the client's, never this. */
export const isOwnMachine = (address: string): boolean => isLoopbackHost(address.replace(/^::ffff:/i, ''));

export const MAX_PHONES = 3;
export const QUARANTINE_SECONDS = 3600;

/** By card: how fresh the sign-in with the card must be when its QR is first drawn, and how long that QR is shown. */
export const CARD_FRESH_SECONDS = 60;
export const CARD_QR_SECONDS = 90;
/** Each drawing of it, and how long it is accepted. */
export const CARD_QR_REDRAWN_SECONDS = 10;
export const CARD_QR_VALID_SECONDS = 30;
/** Once a phone scanned it, how long the person at the computer may compare. */
export const CARD_CONFIRM_SECONDS = 180;
