import { Provider, type Account } from 'oidc-provider';
import type { Practitioner, Registry } from '../registry/service.ts';
import { inOlderWords, subjectOf, userinfoClaims } from './claims.ts';
import { allows } from './client-model.ts';

/** A practitioner as the library knows an account. */
export interface PractitionerAccount extends Account {
  practitioner: Practitioner;
  authMode: string;
}

/** The means used, kept with what carries a sign-in (session, code, tokens). */
export interface CarriesMeans {
  authMode?: string;
  deviceId?: string;
  /** Serial number of the card's certificate. */
  cardSerial?: string;
}

/** Why the card of a session may no longer sign in, or undefined. */
export type CardRefused = (nationalId: string, serial: string) => Promise<string | undefined>;

/** The accounts of a registry. */
export interface Accounts {
  /**
   * The person behind a `sub`. Who is no longer active (struck off, left the registry) is as unknown: no sign-in, no
   * code redeemed, no refresh, no userinfo; a card that may no longer redeems and refreshes nothing. `source` is the
   * code or token that names the person, if one does.
   */
  find(sub: string, source?: unknown): Promise<PractitionerAccount | undefined>;
}

/** Makes {@link Accounts}. */
export const createAccounts = (
  registry: Pick<Registry, 'findBySubject'>,
  subUuid: string,
  cardRefused?: CardRefused,
): Accounts => ({
  async find(sub, source) {
    const subject = subjectOf(subUuid, sub);
    const practitioner = subject === undefined ? undefined : await registry.findBySubject(subject);
    if (practitioner?.status !== 'active') return undefined;
    const serial = (source as CarriesMeans | undefined)?.cardSerial;
    if (serial !== undefined && (await cardRefused?.(practitioner.nationalId, serial)) !== undefined) {
      return undefined;
    }
    const authMode = authModeOf(source);
    return {
      accountId: sub,
      practitioner,
      authMode,
      claims: () => {
        const claims = userinfoClaims(practitioner, sub, authMode);
        return allows(Provider.ctx?.oidc.client, 'older_claim_names') ? inOlderWords(claims) : claims;
      },
    };
  },
});

/** Codes and refresh tokens carry the means themselves, access tokens among their extra claims. */
const authModeOf = (source: unknown): string => {
  const token = source as (CarriesMeans & { extra?: CarriesMeans }) | undefined;
  return token?.authMode ?? token?.extra?.authMode ?? '';
};

/** The account of a request, with what we know of it. */
export const practitionerAccount = (account: Account | undefined): PractitionerAccount | undefined =>
  account as PractitionerAccount | undefined;
