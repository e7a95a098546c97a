// A service on Express with passport-openidconnect. It knows no PKCE: declare "compatibility": ["pkce_optional"].
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import OpenIDConnectStrategy from 'passport-openidconnect';

const { CADUCEE_ISSUER, CLIENT_ID, CLIENT_SECRET, SERVICE, COOKIE_SECRET } = process.env;
const app = express();
app.use(session({ secret: COOKIE_SECRET, resave: false, saveUninitialized: false }));

// #region configuration
const endpoint = (name) => `${CADUCEE_ISSUER}/protocol/openid-connect/${name}`;

passport.use(
  new OpenIDConnectStrategy(
    {
      issuer: CADUCEE_ISSUER,
      authorizationURL: new URL('/auth', CADUCEE_ISSUER).href,
      tokenURL: endpoint('token'),
      userInfoURL: endpoint('userinfo'),
      clientID: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      callbackURL: `${SERVICE}/callback`,
      scope: ['scope_all'],
      acrValues: 'eidas1',
      nonce: true,
    },
    (_issuer, profile, _context, idToken, _accessToken, _refreshToken, done) =>
      done(null, { ...profile, idToken }),
  ),
);
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user, done) => done(null, user));
app.use(passport.session());

app.get('/connexion', passport.authenticate('openidconnect'));
app.get('/callback', passport.authenticate('openidconnect', { successRedirect: '/prive' }));
app.get('/deconnexion', (request, response, next) => {
  const hint = request.user?.idToken ?? '';
  request.logout((error) => {
    if (error) return next(error);
    const query = new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: `${SERVICE}/` });
    response.redirect(`${endpoint('logout')}?${query}`);
  });
});
// #endregion
app.get('/prive', (request, response) => {
  if (!request.user) return response.redirect('/connexion');
  const { idToken: _idToken, ...profile } = request.user;
  response.json(profile);
});
app.get('/', (request, response) => response.json({ signedIn: request.user !== undefined }));

app.listen(Number(new URL(SERVICE).port), '127.0.0.1', () => process.stdout.write('ready\n'));
