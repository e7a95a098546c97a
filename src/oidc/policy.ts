import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { type Clock, epochSeconds } from '../platform/clock.ts';
import { practitionerAccount, type CardRefused, type CarriesMeans } from './accounts.ts';

/**
 * When a person has to prove who they are. There is one interaction, signing in; consent is not asked, since the
 * services are those of the profession and the identity is what they are registered for.
 */

const { Check, base } = interactionPolicy;

const justSignedIn = (ctx: KoaContextWithOIDC): boolean => ctx.oidc.result?.login !== undefined;

/** The acr that the `claims` parameter calls essential, if it does. */
const essentialAcrs = (ctx: KoaContextWithOIDC): readonly unknown[] | undefined => {
  const raw = ctx.oidc.params?.['claims'];
  if (typeof raw !== 'string') return undefined;
  // Its shape was checked before: an object whose `id_token` is an object.
  const { id_token: idToken } = JSON.parse(raw) as { id_token?: Record<string, unknown> };
  const acr = idToken?.['acr'] as
    { essential?: unknown; value?: unknown; values?: unknown } | null | undefined;
  if (acr?.essential !== true) return undefined;
  if (acr.values !== undefined && !Array.isArray(acr.values)) {
    throw new errors.InvalidRequest('invalid claims.id_token.acr.values type');
  }
  return acr.values ?? (acr.value === undefined ? undefined : [acr.value]);
};

/**
 * An acr merely asked for (`acr_values`) is answered with the truth. One called essential is asked anew when some means
 * of ours reaches it, and refused otherwise.
 */
const essentialAcr = (supported: readonly string[]) =>
  new Check('essential_acr', 'the acr called essential could not be obtained', (ctx) => {
    const wanted = essentialAcrs(ctx);
    if (wanted === undefined || wanted.includes(ctx.oidc.acr)) return Check.NO_NEED_TO_PROMPT;
    if (justSignedIn(ctx) || !wanted.some((acr) => supported.includes(String(acr)))) {
      throw new errors.UnmetAuthenticationRequirements('the acr called essential cannot be obtained');
    }
    return Check.REQUEST_PROMPT;
  });

/** The session's person left the registry or was struck off meanwhile: someone else may sign in. */
const activePractitioner = new Check(
  'account_inactive',
  'End-User authentication is required',
  'login_required',
  (ctx) => {
    if (!ctx.oidc.session?.accountId || practitionerAccount(ctx.oidc.account)) return Check.NO_NEED_TO_PROMPT;
    if (justSignedIn(ctx)) throw new errors.AccessDenied('the practitioner is not active');
    return Check.REQUEST_PROMPT;
  },
);

/** Name of the reason, for the sign-in page. */
export const CARD_REFUSED = 'card_refused';

/** So soon after the handshake the card's host has judged the card itself; redeeming the code judges it again. */
const JUST_JUDGED_SECONDS = 60;

const age = (authTime: number, clock: Clock): number => epochSeconds(clock.now()) - authTime;

/** The card that opened the session was revoked, declared lost, or is no longer valid: it opens no further service. */
const cardStillGood = (refused: CardRefused, clock: Clock) =>
  new Check(CARD_REFUSED, 'End-User authentication is required', 'login_required', async ({ oidc }) => {
    const serial = (oidc.session as CarriesMeans | undefined)?.cardSerial;
    const account = practitionerAccount(oidc.account);
    if (serial === undefined || !account) return Check.NO_NEED_TO_PROMPT;
    if (oidc.result?.login?.ts !== undefined && age(oidc.result.login.ts, clock) < JUST_JUDGED_SECONDS) {
      return Check.NO_NEED_TO_PROMPT;
    }
    const reason = await refused(account.practitioner.nationalId, serial);
    if (reason === undefined) return Check.NO_NEED_TO_PROMPT;
    if (oidc.result?.login !== undefined) throw new errors.AccessDenied('the card is no longer accepted');
    return Check.REQUEST_PROMPT;
  });

/** The `sub` of the hint; after the sign-in the library no longer knows it. */
const hintedSub = async ({ oidc }: KoaContextWithOIDC): Promise<unknown> => {
  if (oidc.entities.IdTokenHint) return oidc.entities.IdTokenHint.payload['sub'];
  const hint = oidc.params?.['id_token_hint'];
  if (typeof hint !== 'string' || !oidc.client) return undefined;
  return (await oidc.provider.IdToken.validate(hint, oidc.client)).payload['sub'];
};

/** Someone else than the hinted person signed in: asking again would ask for ever. */
const hintedPerson = new Check(
  'id_token_hint',
  'id_token_hint and authenticated subject do not match',
  'login_required',
  async (ctx) => {
    const sub = await hintedSub(ctx);
    if (sub === undefined || sub === ctx.oidc.session?.accountId) return Check.NO_NEED_TO_PROMPT;
    if (justSignedIn(ctx))
      throw new errors.LoginRequired('another person than that of id_token_hint signed in');
    return Check.REQUEST_PROMPT;
  },
);

/** The policy, given the acr that our means reach, the time, and who knows about cards if anyone does. */
export const createPolicy = (
  supportedAcrs: readonly string[],
  clock: Clock,
  cardRefused?: CardRefused,
): interactionPolicy.DefaultPolicy => {
  const policy = base();
  policy.remove('consent');
  const login = policy.get('login');
  if (!login) throw new Error('the library has no login prompt any more');
  for (const replaced of ['essential_acr', 'essential_acrs', 'id_token_hint']) login.checks.remove(replaced);
  login.checks.add(activePractitioner);
  if (cardRefused) login.checks.add(cardStillGood(cardRefused, clock));
  login.checks.add(hintedPerson);
  login.checks.add(essentialAcr(supportedAcrs));
  return policy;
};
