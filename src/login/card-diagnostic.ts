import type { Context } from 'koa';
import * as z from 'zod';
import { diagnosisPage, diagnosticPage, type Diagnosis } from '../../views/pages/card.ts';
import { CARD_REFUSALS, type CardRefusal } from '../card/reasons.ts';
import { Refusal } from '../http/errors.ts';
import { allowFormAction } from '../http/headers.ts';
import { supportId, token } from '../platform/random.ts';
import { openCard } from './card-acts.ts';
import type { LoginOptions } from './deps.ts';

/**
 * "Diagnostic de ma carte": the very reading of a sign-in, told to the person whose browser made it, and opening nothing.
 * What was read lives in that browser's sealed cookie for ten minutes.
 */

export const DIAGNOSTIC = '/carte/diagnostic';
const SECONDS = 600;

type Group = Diagnosis['checks'][number]['group'];

/** What people are told of each check, in the order in which the checks are made. */
const GROUPS: readonly (readonly [Group, readonly CardRefusal[]])[] = [
  ['presented', ['card_absent', 'card_certificate_malformed']],
  [
    'chain',
    [
      'card_chain_unknown',
      'card_chain_broken',
      'card_chain_too_long',
      'card_issuer_not_ca',
      'card_issuer_key_usage',
      'card_signature_invalid',
      'card_issuer_not_allowed',
    ],
  ],
  ['strength', ['card_signature_algorithm', 'card_key_too_weak']],
  ['dates', ['card_not_yet_valid', 'card_expired', 'card_issuer_not_valid']],
  [
    'kind',
    [
      'card_is_ca',
      'card_critical_extension_unknown',
      'card_signature_certificate',
      'card_key_usage',
      'card_extended_key_usage',
      'card_policy',
      'card_software_certificate',
    ],
  ],
  ['subject', ['card_subject']],
  ['revocation', ['card_revoked', 'card_issuer_revoked', 'card_revocation_unknown']],
  ['opposition', ['card_opposed']],
  ['person', ['card_person_unknown', 'card_person_inactive']],
];

/** Everything before the first failure passed; nothing after it was looked at. */
export const diagnose = (refusal: CardRefusal | undefined): Diagnosis['checks'] => {
  const failing = GROUPS.findIndex(([, refusals]) => refusal !== undefined && refusals.includes(refusal));
  return GROUPS.map(([group], index) => ({
    group,
    state: failing === -1 || index < failing ? 'passed' : index === failing ? 'failed' : 'unchecked',
  }));
};

const shape = z.object({
  until: z.string(),
  token: z.string(),
  read: z
    .object({
      supportId: z.string(),
      refusal: z.enum(CARD_REFUSALS).optional(),
      certificate: z
        .object({
          holder: z.string(),
          nationalId: z.string(),
          cardType: z.string(),
          issuer: z.string(),
          notAfter: z.string(),
          serial: z.string(),
        })
        .optional(),
    })
    .optional(),
});
type Kept = z.output<typeof shape>;

const BUDGET = [
  { limit: 60, seconds: 60 },
  { limit: 600, seconds: 3600 },
];

const redirect = (ctx: Context, target: string): void => {
  ctx.status = 303;
  ctx.redirect(target);
};

/** The pages of the card outside a sign-in. */
export const cardPages = (options: LoginOptions) => {
  const { kernel, clock, limits } = options;
  const kept = (ctx: Context): Kept | undefined => {
    const parsed = shape.safeParse(kernel.cookies.getSealed(ctx, 'carte', DIAGNOSTIC));
    return parsed.success && new Date(parsed.data.until) > clock.now() ? parsed.data : undefined;
  };
  const keep = (ctx: Context, value: Omit<Kept, 'until'>): void => {
    const until = new Date(clock.now().getTime() + SECONDS * 1000).toISOString();
    kernel.cookies.setSealed(ctx, 'carte', { ...value, until }, { path: DIAGNOSTIC, seconds: SECONDS });
  };
  /** What every page with the form needs. */
  const frame = (ctx: Context) => {
    const { hosts } = openCard(options);
    allowFormAction(ctx, hosts.source);
    return { csrf: kernel.forms.token(ctx), fresh: hosts.fresh };
  };

  return {
    /** Where the card's host sends who comes with a link that has served. */
    lost: (): never => {
      throw new Refusal('card_link_gone', 410);
    },
    show: (ctx: Context): void => kernel.render(ctx, diagnosticPage(frame(ctx))),
    start: async (ctx: Context): Promise<void> => {
      const card = openCard(options);
      await kernel.forms.read(ctx);
      const { allowed, retryAfter } = await limits.hit('card-diagnostic', ctx.ip, BUDGET);
      if (!allowed) throw new Refusal('too_many_requests', 429, { retryAfter });
      const secret = token(32);
      keep(ctx, { token: secret });
      redirect(ctx, await card.begin('diagnostic', 'diagnostic', secret));
    },
    back: async (ctx: Context): Promise<void> => {
      const { handoff } = ctx.query;
      const started = kept(ctx);
      if (ctx.method !== 'GET') return redirect(ctx, DIAGNOSTIC);
      const support = supportId();
      const outcome =
        started &&
        (await openCard(options).redeem(
          typeof handoff === 'string' ? handoff : '',
          { purpose: 'diagnostic', subject: 'diagnostic', browserToken: started.token },
          { address: ctx.ip, supportId: support },
        ));
      if (!started || !outcome) throw new Refusal('card_handoff_gone', 410);
      const { refusal, certificate } = outcome;
      keep(ctx, { token: started.token, read: { supportId: support, refusal, certificate } });
      redirect(ctx, `${DIAGNOSTIC}/resultat`);
    },
    result: (ctx: Context): void => {
      const read = kept(ctx)?.read;
      if (!read) return redirect(ctx, DIAGNOSTIC);
      const view = diagnosisPage({
        ...frame(ctx),
        supportId: read.supportId,
        refusal: read.refusal,
        certificate: read.certificate,
        checks: diagnose(read.refusal),
      });
      kernel.render(ctx, view);
    },
  };
};
