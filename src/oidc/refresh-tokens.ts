import type { Provider, RefreshToken } from 'oidc-provider';
import { allows } from './client-model.ts';
import { refreshTokenClaims } from './claims.ts';
import type { TokenSigner } from './jwt.ts';
import { algorithmOf } from './algorithm.ts';
import { handOutSigned } from './signed-tokens.ts';

/**
 * Refresh tokens as some services need them: a JWT with `exp` to read (`refresh_token_jwt`), older ones that go on being
 * good (`older_refresh_tokens`). Everyone else's is opaque and serves once.
 */
export const adaptRefreshTokens = (
  provider: Provider,
  signer: TokenSigner,
  wasAccepted: (handle: string) => boolean,
): void => {
  const Model = provider.RefreshToken;
  handOutSigned<RefreshToken>(Model, 'Refresh', {
    verify: (token) => signer.verify(token),
    wasAccepted,
    sign: async (token, { value, payload }) =>
      allows(token.client, 'refresh_token_jwt')
        ? signer.sign(
            algorithmOf(token.client),
            refreshTokenClaims({
              jti: value,
              iat: Number(payload['iat']),
              exp: Number(payload['exp']),
              issuer: provider.issuer,
              sub: token.accountId,
              clientId: token.clientId ?? '',
              nonce: token.nonce,
              sid: token.sid,
              scope: token.scope ?? '',
            }),
          )
        : undefined,
  });

  // The one presented is not used up; a new one is given all the same.
  const { prototype } = Model;
  const { consume } = prototype;
  prototype.consume = async function (this: RefreshToken) {
    const client = await provider.Client.find(this.clientId ?? '');
    if (!allows(client, 'older_refresh_tokens')) await consume.call(this);
  };
};
