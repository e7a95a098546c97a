import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { EXPIRY } from './limits.ts';

/** What a CIBA request may say. */

/** The same as the phone's (src/ecps/protocol/payloads.ts): what can be read aloud and typed on any keyboard. */
const BINDING_MESSAGE = /^[A-Za-z0-9](?:[A-Za-z0-9 ._+/!?#-]{0,18}[A-Za-z0-9._+/!?#-])?$/;

/**
 * The message is required: typed on the phone, it ties the approval to the screen of the service. Without it anyone who
 * knows an identifier could have a sign-in of his own approved by its owner.
 */
export const checkBindingMessage = (message: string | undefined): void => {
  if (message === undefined || message === '') {
    throw new errors.InvalidBindingMessage('binding_message is required: the person types it on the phone');
  }
  if (!BINDING_MESSAGE.test(message)) {
    throw new errors.InvalidBindingMessage(
      'binding_message is 1 to 20 letters without accent, digits, spaces and . _ + - / ! ? #',
    );
  }
};

/** PSC's `channel`: by which means the person answers. */
export const checkChannel = (channel: unknown): void => {
  if (channel === undefined || channel === 'MOBILE') return;
  throw new errors.InvalidRequest(
    channel === 'CARD'
      ? 'channel CARD is not available: without a browser only software beside the card reader could ask for the card, and this provider has none; use MOBILE, or a sign-in by browser'
      : 'channel must be MOBILE',
  );
};

/** How long a request lives: what the service asks, within bounds. */
export const expiryOf = (ctx: KoaContextWithOIDC | undefined): number => {
  const asked = ctx?.oidc.params?.['requested_expiry'];
  if (asked === undefined) return EXPIRY.usual;
  return Math.min(EXPIRY.most, Math.max(EXPIRY.least, Number(asked)));
};
