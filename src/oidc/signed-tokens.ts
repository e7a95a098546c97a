import { looksLikeJwt, type TokenSigner } from './jwt.ts';
import { keep } from './model-fields.ts';

/**
 * Tokens that are handed out as a JWT signed around the stored one, whose identifier is their `jti`. A `jti` often ends
 * up in logs, so it is worth nothing without the signature.
 */

/** What is stored of a token, and what is handed out. */
export interface Stored {
  value: string;
  payload: Record<string, unknown>;
}

/** `typ` of our signed tokens. */
export type SignedTokenType = 'Bearer' | 'Refresh';

interface SignableModel<T> {
  IN_PAYLOAD: string[];
  prototype: T;
}

/**
 * Makes a model hand out what `sign` makes of a stored token (or, where it makes nothing, the stored one), and take back
 * only what it handed out.
 */
export const handOutSigned = <T extends object>(
  Model: SignableModel<T>,
  typ: SignedTokenType,
  deps: {
    verify: TokenSigner['verify'];
    sign(token: T, stored: Stored): Promise<string | undefined>;
    /** Whether this identifier came, in this very request, out of a JWT of ours. */
    wasAccepted(handle: string): boolean;
    /** Told what was handed out. */
    issued?(token: T, value: string): void;
  },
): void => {
  keep(Model, 'signed');
  // Not in the library's types: the value handed out, and the payload that is stored.
  const prototype = Model.prototype as unknown as { getValueAndPayload(this: T): Promise<Stored> };
  const { getValueAndPayload } = prototype;
  prototype.getValueAndPayload = async function () {
    const stored = await getValueAndPayload.call(this);
    const value = await deps.sign(this, stored);
    deps.issued?.(this, value ?? stored.value);
    return value === undefined ? stored : { value, payload: { ...stored.payload, signed: true } };
  };

  const model = Model as unknown as { find(id: string, options?: object): Promise<T | undefined> };
  const find = model.find.bind(Model);
  const findSigned = async (value: string, options?: object): Promise<T | undefined> => {
    if (typeof value !== 'string') return undefined;
    const signed = looksLikeJwt(value);
    const claims = signed ? deps.verify(value) : undefined;
    if (signed && claims?.['typ'] !== typ) return undefined;
    const token = await find(signed ? String(claims?.['jti']) : value, options);
    const needsSignature = (token as { signed?: boolean } | undefined)?.signed === true;
    return needsSignature && !signed && !deps.wasAccepted(value) ? undefined : token;
  };
  Object.defineProperty(Model, 'find', { value: findSigned });
};
