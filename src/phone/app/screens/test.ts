import { html, type Raw } from '../../../../views/html.ts';
import type { ResponseOf } from '../../../ecps/protocol/api.ts';
import { dayHourOf, lifeText } from '../life.ts';
import { notificationState } from '../notifications.ts';
import { explain } from '../refusal.ts';
import type { AppContext, MakeScreen } from '../screen.ts';

/** "Je teste ma e-CPS": what a sign-in needs, looked at one by one; then a real one that opens nothing. */

interface Check {
  readonly label: string;
  readonly good: boolean;
  /** Nice to have; its absence is no trouble. */
  readonly optional?: boolean;
  readonly way?: string;
}

type Me = ResponseOf<'me'>;

const stored = async (): Promise<boolean> => {
  try {
    return await navigator.storage.persisted();
  } catch {
    return false;
  }
};

const stateWay = (app: AppContext, { device }: Me): string => {
  const t = lifeText(app);
  return device.quarantineUntil === undefined
    ? t.blocked.again
    : t.blocked.until(dayHourOf(app, device.quarantineUntil));
};

const ofPhone = (app: AppContext, me: Me): Check[] => {
  const { checks, ways } = lifeText(app).test;
  return [
    { label: checks.state, good: me.device.state === 'active', way: stateWay(app, me) },
    { label: checks.pin, good: me.pin.wait === undefined && me.pin.triesLeft > 0, way: ways.pin },
  ];
};

const allChecks = async (app: AppContext): Promise<Check[]> => {
  const { checks, ways } = lifeText(app).test;
  const keys = await app.vault.keys().catch(() => undefined);
  const comfort = async (pushKey: string | undefined): Promise<Check[]> => [
    { label: checks.storage, good: await stored(), optional: true, way: ways.storage },
    {
      label: checks.notifications,
      good: (await notificationState(pushKey)) === 'on',
      optional: true,
      way: ways.notifications,
    },
  ];
  try {
    const me = await app.phone.me();
    return [
      { label: checks.server, good: true },
      { label: checks.keys, good: keys !== undefined },
      ...ofPhone(app, me),
      ...(await comfort(me.pushKey)),
    ];
  } catch (error) {
    const said = explain(app, error);
    const reached = said.code !== 'offline';
    return [
      { label: checks.server, good: reached, way: ways.server },
      { label: checks.keys, good: keys !== undefined },
      ...(reached ? [{ label: checks.state, good: false, way: `${said.title}. ${said.action}` }] : []),
      ...(await comfort(undefined)),
    ];
  }
};

const checkView = (app: AppContext, { label, good, optional, way }: Check): Raw => {
  const t = lifeText(app).test;
  const look = good ? 'good' : optional ? 'maybe' : 'bad';
  return html`<li class="${look}">
    <p>
      <span class="sign" aria-hidden="true">${good ? '✓' : optional ? '–' : '!'}</span>
      ${label} <strong>${good ? t.ok : optional ? t.optional : t.no}</strong>
    </p>
    ${!good && way !== undefined && html`<p class="hint">${way}</p>`}
  </li>`;
};

/** The screen of `/tester`. */
export const testScreen: MakeScreen = async (app) => {
  const t = lifeText(app).test;
  const checks = await allChecks(app);
  const well = checks.every(({ good, optional }) => good || optional === true);
  return {
    title: t.title,
    backTo: '/reglages',
    body: html`<h1>${t.title}</h1>
      <p class="${well ? 'success' : 'caution'}" role="status">${well ? t.allGood : t.someWrong}</p>
      <p>${t.intro}</p>
      <ul class="checks">
        ${checks.map((check) => checkView(app, check))}
      </ul>
      <p class="hint">${t.fullText}</p>
      <div class="actions">
        <a class="button" href="${app.config.origin}/tester" target="_blank" rel="noopener">${t.full}</a>
        <button type="button" class="second" data-action="again">${t.again}</button>
      </div>`,
    actions: { again: () => app.refresh() },
  };
};
