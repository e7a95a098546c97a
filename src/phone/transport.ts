import type * as z from 'zod';
import type { Endpoint, EndpointName, RequestOf, ResponseOf } from '../ecps/protocol/api.ts';
import { ENDPOINTS, NONCE_HEADER, PROOF_HEADER, pathOf, refusalBody } from '../ecps/protocol/api.ts';
import { toBase64url } from '../ecps/protocol/encoding.ts';
import { makeProof, thumbprint } from '../ecps/protocol/proof.ts';
import { PhoneError, PhoneRefusal } from './errors.ts';
import type { Vault } from './vault.ts';

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface TransportOptions {
  /** Origin of the provider, such as `https://caducee.example`. */
  readonly origin: string;
  readonly fetch: Fetch;
  readonly vault: Vault;
  readonly locale: 'fr' | 'en';
  /** How many times a call is sent when no answer comes. */
  readonly attempts?: number;
  /** How long one answer is waited for. */
  readonly timeoutMs?: number;
}

/** Calls of the API with their proof; nonces, retries and refusals are handled here. */
export interface Transport {
  readonly origin: string;
  call<N extends EndpointName>(name: N, input?: CallInput<N>): Promise<ResponseOf<N>>;
  /** The raw answer of a call that streams. */
  stream(name: 'events', signal: AbortSignal): Promise<Response>;
}

export interface CallInput<N extends EndpointName> {
  /** The `:id` of the path. */
  readonly id?: string;
  readonly body?: RequestOf<N>;
  /** One attempt only: the call is not one to be repeated blindly. */
  readonly once?: boolean;
}

const randomToken = (): string => toBase64url(crypto.getRandomValues(new Uint8Array(16)));

const refusalOf = async (response: Response): Promise<PhoneRefusal | PhoneError> => {
  const text = await response.text();
  try {
    return new PhoneRefusal(response.status, refusalBody.parse(JSON.parse(text)));
  } catch (cause) {
    return new PhoneError('answer_invalid', `status ${response.status} without a readable refusal`, {
      cause,
    });
  }
};

/** Makes a transport. Holds the last nonce in memory; asks for one when it has none. */
export const createTransport = (options: TransportOptions): Transport => {
  const { origin, vault } = options;
  let nonce: string | undefined;

  const send = async (url: string, init: RequestInit): Promise<Response> => {
    const response = await options.fetch(url, init);
    nonce = response.headers.get(NONCE_HEADER) ?? nonce;
    return response;
  };

  const currentNonce = async (signal: AbortSignal): Promise<string> => {
    if (nonce === undefined) await send(origin + pathOf('nonce'), { method: 'GET', signal });
    if (nonce === undefined) throw new PhoneError('answer_invalid', 'no nonce was given');
    return nonce;
  };

  const proofFor = async (spec: Endpoint, url: string, body: string | undefined, signal: AbortSignal) => {
    const keys = await vault.keys();
    if (!keys) throw new PhoneError('not_activated', 'this phone has no key yet');
    return makeProof({
      key: keys.privateKey,
      name: spec.auth === 'jwk' ? { jwk: keys.jwk } : { kid: await thumbprint(keys.jwk) },
      method: spec.method,
      url,
      body,
      nonce: await currentNonce(signal),
      jti: randomToken(),
    });
  };

  /** One attempt; a stale nonce is replaced and the call made once more, with a new `jti`. */
  const attempt = async (spec: Endpoint, url: string, body: string | undefined, signal: AbortSignal) => {
    for (const last of [false, true]) {
      const headers: Record<string, string> = {
        accept: 'application/json',
        'accept-language': options.locale,
      };
      if (body !== undefined) headers['content-type'] = 'application/json';
      if (spec.auth !== 'none') headers[PROOF_HEADER] = await proofFor(spec, url, body, signal);
      const used = nonce;
      const response = await send(url, {
        method: spec.method,
        headers,
        signal,
        ...(body === undefined ? {} : { body }),
      });
      if (response.ok) return response;
      const refusal = await refusalOf(response);
      const stale = refusal.code === 'use_nonce' && nonce !== used;
      if (last || !stale) throw refusal;
    }
    throw new PhoneError('answer_invalid', 'unreachable');
  };

  /**
   * Repeats what got no answer. Browsers send a call a second time by themselves when the connection breaks before its
   * answer: its proof was used then, and `proof_invalid` says no more than that the first answer is lost.
   */
  const insist = async (times: number, work: () => Promise<unknown>): Promise<unknown> => {
    for (let count = 1; ; count += 1) {
      try {
        return await work();
      } catch (error) {
        const sentTwice = error instanceof PhoneRefusal && error.code === 'proof_invalid';
        if (error instanceof PhoneError || (error instanceof PhoneRefusal && !sentTwice)) throw error;
        if (count < times) continue;
        if (sentTwice && times > 1) throw error;
        throw new PhoneError('offline', 'no answer from the server', { cause: error });
      }
    }
  };

  return {
    origin,
    async call(name, input = {}) {
      const spec: Endpoint = ENDPOINTS[name];
      const url = origin + pathOf(name, input.id);
      const body = input.body === undefined ? undefined : JSON.stringify(input.body);
      const answer = await insist(input.once ? 1 : (options.attempts ?? 3), async () => {
        const response = await attempt(spec, url, body, AbortSignal.timeout(options.timeoutMs ?? 10_000));
        return spec.response ? readAnswer(await response.text(), spec.response) : undefined;
      });
      return answer as ResponseOf<typeof name>;
    },
    stream: (name, signal) => attempt(ENDPOINTS[name], origin + pathOf(name), undefined, signal),
  };
};

const readAnswer = (text: string, schema: z.ZodType): unknown => {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new PhoneError('answer_invalid', 'the answer is not what the protocol says', { cause });
  }
};
