import type { Config } from '../config.ts';
import type { Approvals } from '../ecps/approvals/service.ts';
import type { BackchannelDecision } from '../ecps/service.ts';
import type { CibaDecision, CibaQuestion } from '../oidc/ciba/service.ts';

/** The crossing between CIBA (a service asks, server to server) and the e-CPS (a person answers on a phone). */

/** Puts a service's question to a person's phones. */
export const askPhones = (
  { authReqId, nationalId, message, seconds, service, acr, uiLocales }: CibaQuestion,
  approvals: Pick<Approvals, 'startBackchannel'>,
  config: Pick<Config, 'defaultLocale'>,
): Promise<void> => {
  const wanted = uiLocales?.split(' ').find((locale) => /^(fr|en)\b/i.test(locale));
  const locale = wanted === undefined ? config.defaultLocale : /^en/i.test(wanted) ? 'en' : 'fr';
  return approvals.startBackchannel({
    ...{ request: authReqId, nationalId, message, seconds },
    context: { service, acr, locale },
  });
};

/** What the person did, in the provider's words. */
export const toCibaDecision = (decision: BackchannelDecision): CibaDecision => {
  if (decision.outcome !== 'approved') return { outcome: decision.outcome };
  const { nationalId, acr, amr, deviceId, at } = decision.approved;
  return {
    outcome: 'approved',
    signIn: { nationalId, acr, amr, deviceId, authMode: 'MOBILE', authTime: at },
  };
};
