import type Router from '@koa/router';
import type { Context } from 'koa';
import * as z from 'zod';
import {
  cardActivationPage,
  comparePage,
  endedPage,
  pinPage,
  scanPage,
  successPage,
} from '../../views/pages/card-activation.ts';
import { isErrorCode, type ErrorCode } from '../../views/locales/errors.ts';
import type { CardActivations, CardPageView } from '../ecps/activation/service.ts';
import { Refusal } from '../http/errors.ts';
import { allowFormAction } from '../http/headers.ts';
import { requestState } from '../http/request.ts';
import { supportId } from '../platform/random.ts';
import { openCard } from './card-acts.ts';
import type { LoginOptions } from './deps.ts';
import { secondsUntil } from './draw.ts';
import { newBrowserToken } from './memory.ts';
import { answerNews, answerQr, streamNews, type NewsSource } from './stream.ts';

/**
 * "Activer avec ma carte": the card on the computer, then the QR that the phone scans, then the comparison of what both
 * show. All of it belongs to the browser that presented the card; what it carries is in a sealed cookie.
 */

export const CARD_ACTIVATION = '/activer/carte';
const PHONE = `${CARD_ACTIVATION}/telephone`;
const PURPOSE = { purpose: 'activation', subject: 'activation' } as const;
const SECONDS = 1800;

const shape = z.object({
  until: z.string(),
  token: z.string(),
  /** The activation, once the card was accepted. */
  id: z.string().optional(),
  refusal: z.object({ code: z.string(), supportId: z.string() }).optional(),
});
type Kept = z.output<typeof shape>;

/** A whole hospital may stand behind one address. */
const BUDGET = [
  { limit: 120, seconds: 60 },
  { limit: 2000, seconds: 3600 },
];

const redirect = (ctx: Context, target: string): void => {
  ctx.status = 303;
  ctx.redirect(target);
};

/** What a page waits for has another name when a second phone was seen: the page that shows it must be drawn again. */
const newsState = (view: CardPageView | undefined): string =>
  view === undefined ? 'expired' : view.state === 'compare' && view.others ? 'compare-others' : view.state;

/** The e-CPS's half, where a card host is configured. */
const openActivations = ({ cardActivations }: LoginOptions): CardActivations => {
  if (!cardActivations) throw new Refusal('card_not_open', 404);
  return cardActivations;
};

const createBrowserMemory = ({ kernel, clock }: LoginOptions) => ({
  read: (ctx: Context): Kept | undefined => {
    const parsed = shape.safeParse(kernel.cookies.getSealed(ctx, 'activation', CARD_ACTIVATION));
    return parsed.success && new Date(parsed.data.until) > clock.now() ? parsed.data : undefined;
  },
  keep: (ctx: Context, value: Omit<Kept, 'until'>): void => {
    const until = new Date(clock.now().getTime() + SECONDS * 1000).toISOString();
    kernel.cookies.setSealed(
      ctx,
      'activation',
      { ...value, until },
      { path: CARD_ACTIVATION, seconds: SECONDS },
    );
  },
});

/** The steps at the card: show, begin, come back. */
const cardSteps = (options: LoginOptions, memory: ReturnType<typeof createBrowserMemory>) => {
  const { kernel, limits, log } = options;
  const refused = (ctx: Context, token: string, code: string, support: string): void => {
    log.info({ request: requestState(ctx).id, support, refusal: code }, 'card refused for an activation');
    memory.keep(ctx, { token, refusal: { code, supportId: support } });
    redirect(ctx, CARD_ACTIVATION);
  };
  return {
    refused,
    show: (ctx: Context): void => {
      const { hosts } = openCard(options);
      allowFormAction(ctx, hosts.source);
      const refusal = memory.read(ctx)?.refusal;
      const known = refusal && isErrorCode(refusal.code) ? { ...refusal, code: refusal.code } : undefined;
      kernel.render(
        ctx,
        cardActivationPage({
          csrf: kernel.forms.token(ctx),
          fresh: hosts.fresh,
          appUrl: options.config.appOrigin,
          refusal: known satisfies { code: ErrorCode; supportId: string } | undefined,
        }),
        known ? 403 : 200,
      );
    },
    start: async (ctx: Context): Promise<void> => {
      const card = openCard(options);
      await kernel.forms.read(ctx);
      const { allowed, retryAfter } = await limits.hit('card-activation', ctx.ip, BUDGET);
      if (!allowed) throw new Refusal('too_many_requests', 429, { retryAfter });
      const token = newBrowserToken();
      memory.keep(ctx, { token });
      redirect(ctx, await card.begin(PURPOSE.purpose, PURPOSE.subject, token));
    },
    back: async (ctx: Context): Promise<void> => {
      if (ctx.method !== 'GET') return redirect(ctx, CARD_ACTIVATION);
      const { handoff } = ctx.query;
      const started = memory.read(ctx);
      if (!started) throw new Refusal('other_browser', 409);
      const { token } = started;
      const support = supportId();
      const outcome = await openCard(options).redeem(
        typeof handoff === 'string' ? handoff : '',
        { ...PURPOSE, browserToken: token },
        { address: ctx.ip, supportId: support },
      );
      // A reload after the card was accepted: the page is there already.
      if (!outcome && started.id !== undefined) return redirect(ctx, PHONE);
      if (!outcome) return refused(ctx, token, 'card_handoff_gone', support);
      if (!outcome.proof) return refused(ctx, token, outcome.refusal ?? 'card_absent', support);
      const { nationalId, serial, at } = outcome.proof;
      const id = await openActivations(options).open({ nationalId, serial, at }, token);
      if (id === undefined) return refused(ctx, token, 'card_handoff_gone', support);
      memory.keep(ctx, { token, id });
      redirect(ctx, PHONE);
    },
  };
};

/** The virtual phone of the sandbox has no camera; anywhere else the text of the QR is not told. */
const isSandbox = ({ config }: LoginOptions): boolean => config.mode === 'sandbox';

const draw = (
  options: LoginOptions,
  ctx: Context,
  view: CardPageView | undefined,
  qrText: string | undefined,
): void => {
  const { kernel } = options;
  const frame = {
    base: CARD_ACTIVATION,
    csrf: kernel.forms.token(ctx),
    state: newsState(view),
    secondsLeft: view ? secondsUntil(view.expiresAt.toISOString(), options) : 0,
    stamp: requestState(ctx).id,
  };
  const nationalId = view?.nationalId ?? '';
  const { phone, letters } = view ?? {};
  if (view?.state === 'waiting') return kernel.render(ctx, scanPage({ ...frame, nationalId, qrText }));
  if (view?.state === 'compare' && phone && letters !== undefined) {
    return kernel.render(ctx, comparePage({ ...frame, nationalId, phone, letters, others: view.others }));
  }
  if (view?.state === 'pin' && phone) return kernel.render(ctx, pinPage({ ...frame, phone }));
  if (view?.state === 'done' && phone) return kernel.render(ctx, successPage({ phone }));
  return kernel.render(ctx, endedPage({ reason: view?.state === 'refused' ? 'refused' : 'expired' }));
};

/** What the table of the flow refuses because things moved on: the page shows how they stand now. */
const MOVED_ON: readonly string[] = ['step_wrong', 'code_expired', 'already_used', 'superseded', 'gone'];

/** The steps at the phone: show, hear, answer. */
const phoneSteps = (
  options: LoginOptions,
  memory: ReturnType<typeof createBrowserMemory>,
  refused: ReturnType<typeof cardSteps>['refused'],
) => {
  const { kernel, log } = options;
  const activations = (): CardActivations => openActivations(options);
  const opened = (ctx: Context): { id: string; token: string } => {
    const kept = memory.read(ctx);
    if (kept?.id === undefined) throw new Refusal('gone', 410);
    return { id: kept.id, token: kept.token };
  };
  const news = ({ id, token }: { id: string; token: string }): NewsSource => ({
    read: async () => {
      const view = await activations().view(id, token);
      const expiresAt = view?.expiresAt.toISOString() ?? new Date(0).toISOString();
      return { state: newsState(view), secondsLeft: secondsUntil(expiresAt, options) };
    },
    watch: (onChange) => activations().watch(id, onChange),
    goesOn: (state) => state === 'waiting' || state.startsWith('compare') || state === 'pin',
  });

  /** Yes or no; a card that is no longer accepted takes back its word. */
  const decide = async (ctx: Context, answer: string | null): Promise<void> => {
    const { id, token } = opened(ctx);
    const view = await activations().view(id, token);
    if (answer !== 'oui') return activations().decline(id, token);
    const refusal = view && (await openCard(options).recheck(view.nationalId, view.cardSerial));
    if (refusal === undefined) return activations().confirm(id, token);
    await activations().decline(id, token);
    refused(ctx, token, refusal, supportId());
  };

  return {
    show: async (ctx: Context): Promise<void> => {
      const kept = memory.read(ctx);
      if (kept?.id === undefined) return redirect(ctx, CARD_ACTIVATION);
      const { id, token } = kept;
      const qrText = isSandbox(options) ? await activations().qr(id, token) : undefined;
      draw(options, ctx, await activations().view(id, token), qrText);
    },
    answer: async (ctx: Context): Promise<void> => {
      const form = await kernel.forms.read(ctx);
      redirect(ctx, PHONE);
      try {
        await decide(ctx, form.get('reponse'));
      } catch (error) {
        if (!(error instanceof Refusal) || !MOVED_ON.includes(error.code)) throw error;
      }
    },
    status: (ctx: Context): Promise<void> => answerNews(ctx, news(opened(ctx))),
    events: (ctx: Context): Promise<void> => streamNews(ctx, news(opened(ctx)), log),
    qr: async (ctx: Context): Promise<void> => {
      const { id, token } = opened(ctx);
      await answerQr(ctx, await activations().qr(id, token));
    },
    qrText: async (ctx: Context): Promise<void> => {
      if (!isSandbox(options)) throw new Refusal('not_found', 404);
      const { id, token } = opened(ctx);
      const text = await activations().qr(id, token);
      if (text === undefined) throw new Refusal('gone', 410);
      ctx.set('Cache-Control', 'no-store');
      ctx.type = 'text/plain';
      ctx.body = text;
    },
  };
};

/** Adds the pages of the activation by card. */
export const cardActivationRoutes = (router: Router, options: LoginOptions): void => {
  const memory = createBrowserMemory(options);
  const card = cardSteps(options, memory);
  const phone = phoneSteps(options, memory, card.refused);
  router.get(CARD_ACTIVATION, card.show);
  router.post(CARD_ACTIVATION, card.start);
  router.get(`${CARD_ACTIVATION}/retour`, card.back);
  router.get(PHONE, phone.show);
  router.post(PHONE, phone.answer);
  router.get(`${CARD_ACTIVATION}/statut`, phone.status);
  router.get(`${CARD_ACTIVATION}/evenements`, phone.events);
  router.get(`${CARD_ACTIVATION}/qr.svg`, phone.qr);
  router.get(`${CARD_ACTIVATION}/qr.txt`, phone.qrText);
};
