import type { IncomingMessage } from 'node:http';
import { attached } from '../platform/attached.ts';

/**
 * What was changed in a request before anyone knew whose it is (src/oidc/normalise.ts). Whether its service may ask so is
 * looked at later (src/oidc/compatibility.ts).
 */
type Note = 'openid added' | 'secret dropped';

const notes = attached<IncomingMessage, Set<Note>>('notes');

/** Notes a change of this request. */
export const note = ({ req }: { req: IncomingMessage }, what: Note): void => {
  notes.set(req, (notes.get(req) ?? new Set()).add(what));
};

/** Whether this was noted of this request. */
export const noted = ({ req }: { req: IncomingMessage }, what: Note): boolean =>
  notes.get(req)?.has(what) === true;
