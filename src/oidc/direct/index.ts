import type { Direct } from '../../http/direct.ts';
import { ROUTES } from '../configuration.ts';
import { createDirectIntrospection } from './introspection.ts';
import type { Metadata } from './metadata.ts';
import { createDirectUserinfo, type DirectDeps } from './userinfo.ts';

/** All that the provider answers directly. */
export const createDirect = (deps: DirectDeps & { metadata: Metadata }): Direct => {
  const base = new URL(deps.issuer).pathname.replace(/\/$/, '');
  const all: readonly Direct[] = [
    createDirectUserinfo(`${base}${ROUTES.userinfo}`, deps),
    createDirectIntrospection(`${base}${ROUTES.introspection}`, deps),
    deps.metadata.direct,
  ];
  return (asked) => all.some((direct) => direct(asked));
};
