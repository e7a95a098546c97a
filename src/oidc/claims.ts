import type { Activity, Exercise, Practitioner } from '../registry/service.ts';
import { ACTIVITY_KEYS, EXERCISE_KEYS } from '../registry/exercise.ts';

/**
 * What Caducée says about a person, in the words of Pro Santé Connect (which are those of CI-SIS VIHF 2.0). Pure
 * functions. Every key is always there: `""` when unknown, a list when it is a list. The e-mail address is never said.
 */

/** `sub` is `f:<uuid>:<subject>`; the uuid is configuration. */
export const subOf = (uuid: string, subject: string): string => `f:${uuid}:${subject}`;

/** The registry's subject inside a `sub`, or undefined when it is not one of ours. */
export const subjectOf = (uuid: string, sub: string): string | undefined =>
  sub.startsWith(`f:${uuid}:`) ? sub.slice(uuid.length + 3) || undefined : undefined;

const OID = {
  /** JDV_J65 SubjectRole. */
  role: '1.2.250.1.213.1.1.5.5',
  /** TRE_R02 sector of activity. */
  sector: '1.2.250.1.71.4.2.4',
  /** Locale of the identity services. */
  locale: '1.2.250.1.213.1.3.1.1',
} as const;

/** Private authentication, level 3: what the means of this provider are worth in VIHF. */
const LEVEL = 'APPPRIP3^1.2.250.1.213.1.5.1.1.1';

const texts = <K extends string>(
  keys: readonly K[],
  from: { readonly [P in K]?: string },
): Record<K, string> => Object.fromEntries(keys.map((key) => [key, from[key] ?? ''])) as Record<K, string>;

const exerciseClaim = (exercise: Exercise) => ({
  ...texts(EXERCISE_KEYS, exercise),
  activities: exercise.activities.map((activity) => texts(ACTIVITY_KEYS, activity)),
});

/** The first activity is the main one; its exercise gives the role. Without any activity, the first exercise does. */
const main = (
  practitioner: Practitioner,
): { exercise: Exercise | undefined; activity: Activity | undefined } => {
  const exercise =
    practitioner.exercises.find(({ activities }) => activities.length > 0) ?? practitioner.exercises[0];
  return { exercise, activity: exercise?.activities[0] };
};

/** A code with the OID of its nomenclature, or "" for an unknown code. */
const coded = (code: string | undefined, oid: string): string => (code ? `${code}^${oid}` : '');

/** The claims of userinfo, as `scope_all` gives them. */
export const userinfoClaims = (practitioner: Practitioner, sub: string, authMode: string) => {
  const { exercise, activity } = main(practitioner);
  return {
    Secteur_Activite: coded(activity?.codeSecteurDactivite, OID.sector),
    sub,
    codeGenreActivite: activity?.codeGenreActivite ?? '',
    SubjectOrganization: activity?.raisonSocialeSite ?? '',
    Mode_Acces_Raison: '',
    preferred_username: practitioner.nationalId,
    codeCivilite: practitioner.civility,
    given_name: practitioner.givenName,
    Acces_Regulation_Medicale: 'FAUX',
    UITVersion: '1.0',
    authMode,
    Palier_Authentification: LEVEL,
    SubjectRefPro: {
      codeCivilite: practitioner.civility,
      exercices: practitioner.exercises.map(exerciseClaim),
    },
    SubjectOrganizationID: activity?.identifiantTechniqueDeLaStructure ?? '',
    SubjectRole: exercise?.codeProfession ? [coded(exercise.codeProfession, OID.role)] : [],
    PSI_Locale: OID.locale,
    otherIds: otherIdsClaim(practitioner),
    SubjectNameID: practitioner.nationalId,
    family_name: practitioner.familyName,
    // No address is ever said, and none is vouched for; older answers of PSC have this key.
    email_verified: false,
  };
};

const otherIdsClaim = ({ otherIds }: Practitioner) =>
  otherIds.map(({ identifiant, origine, qualite }) => ({ identifiant, origine, qualite }));

const IDENTITY = [
  'given_name',
  'family_name',
  'preferred_username',
  'SubjectNameID',
  'codeCivilite',
] as const;

/** As `otherIds` was once spelled; only for services registered with `older_claim_names`. */
export const OLDER_OTHER_IDS = 'otherIDs';

/** Which claims a scope releases at userinfo. `scope_all` is everything there is. */
export const CLAIMS_BY_SCOPE: Readonly<Record<string, readonly string[]>> = {
  openid: ['sub'],
  profile: ['given_name', 'family_name', 'preferred_username'],
  identity: [...IDENTITY, 'otherIds', OLDER_OTHER_IDS],
  scope_all: [
    'Secteur_Activite',
    'codeGenreActivite',
    'SubjectOrganization',
    'Mode_Acces_Raison',
    'preferred_username',
    'codeCivilite',
    'given_name',
    'Acces_Regulation_Medicale',
    'UITVersion',
    'authMode',
    'Palier_Authentification',
    'SubjectRefPro',
    'SubjectOrganizationID',
    'SubjectRole',
    'PSI_Locale',
    'otherIds',
    OLDER_OTHER_IDS,
    'SubjectNameID',
    'family_name',
    'email_verified',
  ],
};

/** What these scopes release of the claims. */
export const released = (
  claims: Readonly<Record<string, unknown>>,
  scopes: Iterable<string>,
): Record<string, unknown> => {
  const names = claimsOf(scopes);
  return Object.fromEntries(Object.entries(claims).filter(([name]) => names.has(name)));
};

/** The names of the claims that these scopes release. */
export const claimsOf = (scopes: Iterable<string>): ReadonlySet<string> =>
  new Set([...scopes].flatMap((scope) => CLAIMS_BY_SCOPE[scope] ?? []));

/** The same, with the older spelling beside the one of today. */
export const inOlderWords = <T extends object>(claims: T): T =>
  'otherIds' in claims ? { ...claims, [OLDER_OTHER_IDS]: claims.otherIds } : claims;

/** How and when the person proved who they are. */
export interface Authentication {
  acr: string | undefined;
  amr: readonly string[] | undefined;
  authMode: string;
  authTime: number | undefined;
}

/** What the ID token says beyond the standard's own claims; names only when a scope asks for them. */
export const idTokenClaims = (
  practitioner: Practitioner,
  context: { clientId: string; sid: string | undefined; scopes: ReadonlySet<string>; authMode: string },
) => ({
  typ: 'ID',
  azp: context.clientId,
  ...(context.sid === undefined ? {} : { session_state: context.sid }),
  authMode: context.authMode,
  otherIds: otherIdsClaim(practitioner),
  SubjectNameID: practitioner.nationalId,
  preferred_username: practitioner.nationalId,
  ...(['scope_all', 'identity', 'profile'].some((scope) => context.scopes.has(scope))
    ? { given_name: practitioner.givenName, family_name: practitioner.familyName }
    : {}),
});

/** The certificate or key that a token is bound to (RFC 8705, RFC 9449). */
export interface Confirmation {
  'x5t#S256'?: string | undefined;
  jkt?: string | undefined;
}

/** What a token is bound to, if it is. */
export const confirmationOf = (token: Confirmation): Confirmation | undefined => {
  if (token['x5t#S256'] !== undefined) return { 'x5t#S256': token['x5t#S256'] };
  return token.jkt === undefined ? undefined : { jkt: token.jkt };
};

/** What an access token stands for. */
export interface AccessTokenFacts {
  jti: string;
  iat: number;
  exp: number;
  issuer: string;
  sub: string;
  clientId: string;
  nonce: string | undefined;
  sid: string | undefined;
  scope: string;
  authentication: Authentication;
  practitioner: Practitioner;
  /** The API it is for, who stands between, and what it is bound to; only some tokens have them. */
  aud?: string | undefined;
  act?: object | undefined;
  cnf?: Confirmation | undefined;
  /** `Bearer`, or `Refresh` when a refresh token is introspected. */
  typ: 'Bearer' | 'Refresh';
}

/** The claims of the signed access token, in PSC's order; no `aud`, as there, unless it was made for one API. */
export const accessTokenClaims = (facts: AccessTokenFacts) => ({
  exp: facts.exp,
  iat: facts.iat,
  auth_time: facts.authentication.authTime ?? facts.iat,
  jti: facts.jti,
  iss: facts.issuer,
  sub: facts.sub,
  typ: facts.typ,
  azp: facts.clientId,
  nonce: facts.nonce ?? '',
  ...(facts.sid === undefined ? {} : { session_state: facts.sid }),
  ...(facts.authentication.acr === undefined ? {} : { acr: facts.authentication.acr }),
  scope: facts.scope,
  ...(facts.sid === undefined ? {} : { sid: facts.sid }),
  authMode: facts.authentication.authMode,
  otherIds: otherIdsClaim(facts.practitioner),
  preferred_username: facts.practitioner.nationalId,
  ...(facts.aud === undefined ? {} : { aud: facts.aud }),
  ...(facts.act === undefined ? {} : { act: facts.act }),
  ...(facts.cnf === undefined ? {} : { cnf: facts.cnf }),
});

/** The claims of a refresh token that is a JWT, as Keycloak's. */
export const refreshTokenClaims = (
  facts: Omit<AccessTokenFacts, 'authentication' | 'practitioner' | 'typ'>,
) => ({
  exp: facts.exp,
  iat: facts.iat,
  jti: facts.jti,
  iss: facts.issuer,
  aud: facts.issuer,
  sub: facts.sub,
  typ: 'Refresh',
  azp: facts.clientId,
  ...(facts.nonce === undefined ? {} : { nonce: facts.nonce }),
  ...(facts.sid === undefined ? {} : { session_state: facts.sid }),
  scope: facts.scope,
  ...(facts.sid === undefined ? {} : { sid: facts.sid }),
});

/** The answer of introspection for a live token: the token's claims and whose it is. */
export const introspectionClaims = (facts: AccessTokenFacts) => ({
  ...accessTokenClaims(facts),
  client_id: facts.clientId,
  username: facts.practitioner.nationalId,
  active: true,
});
