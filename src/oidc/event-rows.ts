import type { Context } from 'koa';
import type { Audit, AuditEvent } from '../audit/record.ts';
import type { Limits } from '../limits/limits.ts';
import { attached } from '../platform/attached.ts';
import { gather } from '../platform/gather.ts';
import type { Queryable } from '../platform/postgres.ts';
import { supportIdOf } from './problems.ts';

/** Rows of the audit that a request brings about; the library's events cannot be awaited, so they are kept here. */
export interface EventRows {
  note(ctx: Context, event: AuditEvent): void;
  /**
   * Anyone can make a known service's request fail: what is written of it is bounded, the log has the rest.
   */
  noteRefusal(ctx: Context, clientId: string, event: AuditEvent): void;
  /** Waits for the rows of this request; throws when one could not be written. */
  settle(ctx: Context): Promise<void>;
  /** Writes a row that belongs to no request of the library. */
  write(event: AuditEvent): Promise<void>;
}

/** Refusals of one service that become rows. */
const REFUSALS_WRITTEN = { limit: 30, seconds: 60 } as const;

/** Rows of requests under way at one moment are written together; one that cannot be written fails its own request only. */
const createWriter = (audit: Audit, db: Queryable): ((event: AuditEvent) => Promise<void>) => {
  const alone = async (event: AuditEvent): Promise<{ error: unknown } | undefined> => {
    try {
      await audit.record(db, event);
      return undefined;
    } catch (error) {
      return { error };
    }
  };
  const written = gather(async (events: readonly AuditEvent[]) => {
    if (events.length > 1) {
      try {
        await audit.recordAll(db, events);
        return events.map(() => undefined);
      } catch {
        // Which of them it was is told by writing each alone.
      }
    }
    const ends: ({ error: unknown } | undefined)[] = [];
    for (const event of events) ends.push(await alone(event));
    return ends;
  });
  return async (event) => {
    const failure = await written(event);
    if (failure) throw failure.error;
  };
};

/** Makes {@link EventRows}. */
export const createEventRows = (deps: { audit: Audit; db: Queryable; limits: Limits }): EventRows => {
  const pending = attached<Context['req'], Promise<unknown>[]>('rows under way');
  const { audit, db } = deps;
  const write = createWriter(audit, db);
  const writeOf = (ctx: Context, event: AuditEvent): Promise<void> =>
    write({ address: ctx.ip, supportId: supportIdOf(ctx), ...event });

  const keep = (ctx: Context, writing: Promise<unknown>): void => {
    // Awaited in settle; without this line a failing write would end the process before that.
    writing.catch(() => undefined);
    pending.set(ctx.req, [...(pending.get(ctx.req) ?? []), writing]);
  };

  return {
    note: (ctx, event) => keep(ctx, writeOf(ctx, event)),
    noteRefusal: (ctx, clientId, event) => {
      const counted = deps.limits.hit('oidc-refusals-written', clientId, [REFUSALS_WRITTEN]);
      keep(
        ctx,
        counted.then(({ allowed }) => (allowed ? writeOf(ctx, event) : undefined)),
      );
    },
    async settle(ctx) {
      await Promise.all(pending.get(ctx.req) ?? []);
    },
    write,
  };
};
