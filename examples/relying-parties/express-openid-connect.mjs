// A service on Express with express-openid-connect: its session in the server, so that back-channel logout ends it.
import express from 'express';
import openid from 'express-openid-connect';
import session from 'express-session';

const { CADUCEE_ISSUER, CLIENT_ID, CLIENT_SECRET, SERVICE, COOKIE_SECRET } = process.env;
const app = express();
// In production: a store that lasts (connect-redis…).
const store = new session.MemoryStore();

// #region configuration
app.use(
  openid.auth({
    issuerBaseURL: CADUCEE_ISSUER,
    baseURL: SERVICE,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    secret: COOKIE_SECRET,
    clientAuthMethod: 'client_secret_basic',
    idpLogout: true,
    authRequired: false,
    session: { store, absoluteDuration: 14_400, rollingDuration: 1800 },
    backchannelLogout: { store },
    authorizationParams: {
      response_type: 'code',
      scope: 'openid scope_all',
      acr_values: 'eidas1',
    },
  }),
);

app.get('/prive', openid.requiresAuth(), async (request, response) => {
  response.json(await request.oidc.fetchUserInfo());
});
app.get('/rafraichir', openid.requiresAuth(), async (request, response) => {
  const { access_token: fresh } = await request.oidc.accessToken.refresh();
  response.json({ refreshed: typeof fresh === 'string' });
});
// #endregion
app.get('/', (request, response) => {
  response.json({ signedIn: request.oidc.isAuthenticated() });
});

app.listen(Number(new URL(SERVICE).port), '127.0.0.1', () => process.stdout.write('ready\n'));
