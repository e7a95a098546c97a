import { html } from '../../../views/html.ts';
import { errorText } from '../../../views/locales/errors.ts';
import type { DeviceState } from '../../ecps/protocol/api.ts';
import { lifeText, navView } from './life.ts';
import { waysView, wayActions, type WayOn } from './refusal.ts';
import type { AppContext, Screen } from './screen.ts';

const CODES = {
  locked: 'device_locked',
  frozen: 'device_frozen',
  expired: 'device_expired',
  revoked: 'device_revoked',
} as const;
export type BlockedState = Exclude<DeviceState, 'active' | 'quarantine'>;

const ON_THE_WAY: readonly string[] = ['mail_sent', 'sms_sent', 'pin_due'];

/** A phone that can no longer confirm: what happened, why, and how its owner proves it again. */
export const blockedScreen = async (app: AppContext, state: BlockedState): Promise<Screen> => {
  const t = lifeText(app);
  const code = CODES[state];
  const said = errorText(app.locale, code, {
    ordreUrl: app.config.ordreUrl,
    timeZone: app.config.timeZone,
  });
  const underWay = ON_THE_WAY.includes((await app.phone.state()).activation?.state ?? '');
  const ways: WayOn[] = [
    ...(underWay ? [{ label: app.t.ways.activation, href: '/activation' }] : []),
    { label: t.blocked.again, href: '/activer' },
    {
      label: t.blocked.checkAgain,
      act: async () => {
        await app.watch.look();
        await app.go('/', { replace: true });
      },
    },
  ];
  return {
    title: said.title,
    body: html`<h1>${said.title}</h1>
      <p>${said.text}</p>
      <p class="action">${said.action}</p>
      <p class="hint">${t.blocked.againHow}</p>
      ${waysView(ways)}
      <p class="support">${app.t.support}<br /><span class="support-id">${code}</span></p>
      ${navView(app, 'home')}`,
    actions: wayActions(ways),
  };
};
