// A service with openid-client and nothing else: the few lines that a service of one page needs.
import { createServer } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';

const { CADUCEE_ISSUER, CLIENT_ID, CLIENT_SECRET, SERVICE } = process.env;
/** Sessions by the cookie's value; what is under way beside who is signed in. */
const sessions = new Map();

// #region configuration
const local = new URL(CADUCEE_ISSUER).protocol === 'http:';
const provider = await oidc.discovery(
  new URL(CADUCEE_ISSUER),
  CLIENT_ID,
  CLIENT_SECRET,
  oidc.ClientSecretBasic(CLIENT_SECRET),
  { execute: local ? [oidc.allowInsecureRequests] : [] },
);
const keys = createRemoteJWKSet(new URL(provider.serverMetadata().jwks_uri));

const begin = async (session) => {
  session.pending = {
    state: oidc.randomState(),
    nonce: oidc.randomNonce(),
    verifier: oidc.randomPKCECodeVerifier(),
  };
  return oidc.buildAuthorizationUrl(provider, {
    redirect_uri: `${SERVICE}/callback`,
    scope: 'openid scope_all',
    acr_values: 'eidas1',
    state: session.pending.state,
    nonce: session.pending.nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(session.pending.verifier),
    code_challenge_method: 'S256',
  });
};

const complete = async (session, url) => {
  const { state, nonce, verifier } = session.pending;
  session.tokens = await oidc.authorizationCodeGrant(provider, url, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
  });
  session.claims = session.tokens.claims();
};

const refresh = async (session) => {
  const fresh = await oidc.refreshTokenGrant(provider, session.tokens.refresh_token);
  // One object: the ID token of before stays the hint of the sign-out where none comes with the refresh.
  session.tokens = Object.assign(session.tokens, fresh);
};

const signOut = (session) =>
  oidc.buildEndSessionUrl(provider, {
    id_token_hint: session.tokens.id_token,
    post_logout_redirect_uri: `${SERVICE}/`,
  });

const endedElsewhere = async (logoutToken) => {
  const { payload } = await jwtVerify(logoutToken, keys, {
    issuer: CADUCEE_ISSUER,
    audience: CLIENT_ID,
    typ: 'logout+jwt',
  });
  for (const [id, { claims }] of sessions) if (claims?.sid === payload.sid) sessions.delete(id);
};
// #endregion

const routes = {
  '/prive': async ({ session }) => {
    if (!session.tokens) return { location: await begin(session) };
    return {
      body: await oidc.fetchUserInfo(provider, session.tokens.access_token, session.claims.sub),
    };
  },
  '/callback': async ({ session, url }) => {
    await complete(session, url);
    return { location: '/prive' };
  },
  '/rafraichir': async ({ session }) => {
    await refresh(session);
    return { body: { refreshed: true } };
  },
  '/deconnexion': async ({ session, id }) => {
    const location = signOut(session);
    sessions.delete(id);
    return { location };
  },
  '/backchannel-logout': async ({ form }) => {
    await endedElsewhere(form.get('logout_token'));
    return { body: {} };
  },
  '/': async ({ session }) => ({ body: { signedIn: session.tokens !== undefined } }),
};

const server = createServer(async (request, response) => {
  try {
    const url = new URL(request.url, SERVICE);
    const chunks = await Array.fromAsync(request);
    const id = /(?:^|; )id=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? oidc.randomState();
    const session = sessions.get(id) ?? {};
    sessions.set(id, session);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const answer = await routes[url.pathname]?.({ url, id, session, form });
    response.setHeader('set-cookie', `id=${id}; HttpOnly; SameSite=Lax; Path=/`);
    if (answer?.location) response.writeHead(303, { location: String(answer.location) }).end();
    else response.writeHead(answer ? 200 : 404).end(JSON.stringify(answer?.body ?? {}));
  } catch (error) {
    response.writeHead(400).end(JSON.stringify({ error: String(error) }));
  }
});
server.listen(Number(new URL(SERVICE).port), '127.0.0.1', () => process.stdout.write('ready\n'));
