import { html } from '../../../../views/html.ts';
import type { NewPhone } from '../../../ecps/protocol/api.ts';
import { dayHourOf, factsView, lifeText } from '../life.ts';
import { pinStepScreen } from '../pin-step.ts';
import { isCode } from '../refusal.ts';
import type { AppContext, MakeScreen, Screen } from '../screen.ts';

/** A phone just added to the same e-CPS waits for this one to let it in. */

const endScreen = (app: AppContext, title: string, text: string, good = true): Screen => ({
  title,
  body: html`<h1>${title}</h1>
    <p class="${good && 'success'}">${text}</p>
    <div class="actions">
      <a class="button" href="/">${lifeText(app).toHome}</a>
      <a class="second" href="/telephones">${lifeText(app).newPhone.seePhones}</a>
    </div>`,
});

const goneScreen = (app: AppContext): Screen => {
  const t = lifeText(app).newPhone;
  return endScreen(app, t.gone, t.goneText, false);
};

/** Answers, unless the question is over. */
const answer = async (app: AppContext, send: () => Promise<void>, done: Screen): Promise<void> => {
  try {
    await send();
  } catch (error) {
    if (!isCode(error, 'gone', 'not_found', 'step_wrong')) throw error;
    return app.show(goneScreen(app));
  } finally {
    void app.watch.look();
  }
  app.show(done);
};

const path = ({ deviceId }: NewPhone): string => `/nouveau-telephone?id=${encodeURIComponent(deviceId)}`;

const acceptScreen = async (app: AppContext, asked: NewPhone): Promise<Screen> => {
  const t = lifeText(app);
  const { name, deviceId } = asked;
  const { pin } = await app.phone.me();
  return pinStepScreen(app, {
    purpose: t.newPhone.forName(name),
    submit: t.pin.confirm,
    pin,
    backTo: path(asked),
    use: (typed) =>
      answer(
        app,
        () => app.phone.approveNewPhone(deviceId, typed),
        endScreen(app, t.newPhone.accepted, t.newPhone.acceptedText(name)),
      ),
  });
};

/** The screen of `/nouveau-telephone?id=…`. */
export const newPhoneScreen: MakeScreen = async (app, url) => {
  const t = lifeText(app).newPhone;
  const id = url.searchParams.get('id');
  const asked = (await app.phone.pending()).newPhones.find(({ deviceId }) => deviceId === id);
  if (!asked) return goneScreen(app);
  const { name, model, os, place, addedAt, quarantineUntil, deviceId } = asked;
  return {
    title: t.title,
    backTo: '/',
    body: html`<h1>${t.title}</h1>
      ${factsView([
        { name: t.name, value: name },
        { name: t.model, value: `${model}, ${os}` },
        { name: t.place, value: place === '' ? lifeText(app).approval.placeUnknown : place },
        { name: t.added, value: dayHourOf(app, addedAt) },
      ])}
      ${quarantineUntil !== undefined && html`<p>${t.until(dayHourOf(app, quarantineUntil))}</p>`}
      <p class="caution">${t.caution}</p>
      <div class="actions">
        <button type="button" class="button" data-action="accept">${t.accept}</button>
        <button type="button" class="second danger" data-action="deny">${t.deny}</button>
      </div>`,
    actions: {
      accept: async () => app.show(await acceptScreen(app, asked)),
      deny: () =>
        answer(app, () => app.phone.denyNewPhone(deviceId), endScreen(app, t.denied, t.deniedText(name))),
    },
  };
};
