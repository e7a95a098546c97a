import type { Direct } from '../../http/direct.ts';
import { ROUTES } from '../configuration.ts';
import type { ExpiringStore } from '../../platform/store/contract.ts';
import { createDirectCibaPoll } from './ciba-poll.ts';
import { createDirectIntrospection } from './introspection.ts';
import type { Metadata } from './metadata.ts';
import { createDirectUserinfo, type DirectDeps } from './userinfo.ts';

/** All that the provider answers directly. */
export const createDirect = (deps: DirectDeps & { metadata: Metadata; store: ExpiringStore }): Direct => {
  const base = new URL(deps.issuer).pathname.replace(/\/$/, '');
  const { direct: metadata } = deps.metadata;
  const others: readonly Direct[] = [
    createDirectUserinfo(`${base}${ROUTES.userinfo}`, deps),
    createDirectIntrospection(`${base}${ROUTES.introspection}`, deps),
    createDirectCibaPoll(`${base}${ROUTES.token}`, deps),
  ];
  return (asked) => metadata(asked) || others.some((direct) => direct(asked));
};
