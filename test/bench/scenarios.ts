import type { Scenario } from './measure.ts';
import type { Name } from './processes.ts';
import type { ServiceId } from './targets.ts';

/** What is measured, and on which servers. */
export interface Measured extends Scenario {
  servers: readonly Name[];
  /** The row of the table, and of the JSON. */
  key: string;
}

const PROVIDERS = ['plain', 'ours', 'floor'] as const;

const signIn = (key: string, service: ServiceId, plain: ServiceId = service): Measured => ({
  key,
  name: `sign-in ${service}`,
  servers: PROVIDERS,
  once: (worker, server) => worker.signIn(server.name === 'ours' ? service : plain),
});
const refresh = (key: string, service: ServiceId, plain: ServiceId = service): Measured => ({
  key,
  name: `refresh ${service}`,
  servers: PROVIDERS,
  prepare: (worker, server) => worker.signIn(server.name === 'ours' ? service : plain),
  once: (worker, server) => worker.refresh(server.name === 'ours' ? service : plain),
});

/** Opaque access tokens on all sides: the table of the goals. */
export const MAIN: readonly Measured[] = [
  signIn('signInEs256', 'es256'),
  signIn('signInRs256', 'rs256'),
  {
    key: 'singleSignOn',
    name: 'single sign-on es256',
    servers: PROVIDERS,
    prepare: (worker) => worker.signIn('es256'),
    once: (worker) => worker.singleSignOn('es256'),
  },
  refresh('refresh', 'es256'),
  refresh('refreshRs256', 'rs256'),
  {
    key: 'userinfo',
    name: 'userinfo',
    servers: PROVIDERS,
    prepare: (worker) => worker.signIn('es256'),
    once: (worker) => worker.userinfo(),
  },
  {
    key: 'introspection',
    name: 'introspection',
    servers: PROVIDERS,
    prepare: (worker) => worker.signIn('es256'),
    once: (worker) => worker.introspection('es256'),
  },
  {
    key: 'cibaPoll',
    name: 'CIBA poll, pending',
    servers: ['plain', 'ours'],
    prepare: (worker) => worker.ciba(),
    once: (worker) => worker.cibaPoll(),
  },
  {
    key: 'waitStatus',
    name: 'wait page, pending',
    servers: ['plain', 'whole'],
    prepare: (worker, server) => (server.name === 'whole' ? worker.wait('es256') : worker.ciba()),
    // The plain provider has no such page: its poll is what comes nearest.
    once: (worker, server) => (server.name === 'whole' ? worker.waitStatus() : worker.cibaPoll()),
  },
  {
    key: 'discovery',
    name: 'discovery',
    servers: ['plain', 'ours', 'koa'],
    once: (worker, server) => worker.get(server.paths.discovery),
  },
  {
    key: 'jwks',
    name: 'JWKS',
    servers: ['plain', 'ours', 'koa'],
    once: (worker, server) => worker.get(server.paths.jwks),
  },
];

/** Pro Santé Connect's signed access tokens on our side: one signature more than the plain provider makes. */
export const SIGNED: readonly Measured[] = [
  signIn('signInEs256Jwt', 'es256-jwt', 'es256'),
  signIn('signInRs256Jwt', 'rs256-jwt', 'rs256'),
  refresh('refreshEs256Jwt', 'es256-jwt', 'es256'),
  refresh('refreshRs256Jwt', 'rs256-jwt', 'rs256'),
];
