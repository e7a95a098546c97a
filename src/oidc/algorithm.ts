import type { Algorithm } from './keys.ts';

/** What signs a service's tokens. */
export const algorithmOf = (
  client: { idTokenSignedResponseAlg?: string | undefined } | undefined,
): Algorithm => (client?.idTokenSignedResponseAlg ?? 'RS256') as Algorithm;
