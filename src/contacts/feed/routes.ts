import Router from '@koa/router';
import type { Context } from 'koa';
import { readBody } from '../../http/body.ts';
import { Refusal } from '../../http/errors.ts';
import type { Limits } from '../../limits/limits.ts';
import { authenticateFeed, type AssertionDeps } from './assertion.ts';
import { receiveBatch, type BatchDeps } from './batch.ts';

/** Path of the feed. */
export const FEED_PATH = '/registry/contacts';

const LARGEST_BYTES = 256 * 1024;

export interface FeedDeps extends Omit<AssertionDeps, 'audience'>, BatchDeps {
  config: { origin: string };
  limits: Pick<Limits, 'hit'>;
  /** Something was declared: who was reached before is told now. */
  onDeclared(): void;
}

const bearer = (ctx: Context): string | undefined => /^Bearer (\S+)$/i.exec(ctx.get('Authorization'))?.[1];

/** `POST /registry/contacts`: a signed batch of contact details, from the portal of an Ordre. */
export const feedRoutes = (deps: FeedDeps): Router => {
  const { limits, config } = deps;
  const hit = async (name: string, subject: string, limit: number): Promise<void> => {
    const { allowed, retryAfter } = await limits.hit(name, subject, [{ limit, seconds: 60 }]);
    if (!allowed) throw new Refusal('too_many_requests', 429, { retryAfter });
  };
  return new Router().post(FEED_PATH, async (ctx) => {
    await hit('contact-feed-address', ctx.ip, 240);
    if (!ctx.is('application/json')) throw new Refusal('media_type_wrong', 415);
    const body = await readBody(ctx, LARGEST_BYTES);
    const audience = config.origin + FEED_PATH;
    const feed = await authenticateFeed({ ...deps, audience }, bearer(ctx), body);
    await hit('contact-feed', feed.id, 120);
    const answer = await receiveBatch(deps, feed, body);
    if (!answer.repeated) deps.onDeclared();
    ctx.set('Cache-Control', 'no-store');
    ctx.body = answer;
  });
};
