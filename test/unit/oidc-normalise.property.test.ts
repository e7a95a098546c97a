import fc from 'fast-check';
import type { Context } from 'koa';
import type { OIDCContext } from 'oidc-provider';
import { describe, expect, it } from 'vitest';
import { normalise } from '../../src/oidc/normalise.ts';
import { noted } from '../../src/oidc/request-notes.ts';

/** What a request is brought to before anyone looks at it: never more than it said, and noted. */

const at = (route: string, header = '', query: Record<string, string> = {}) => {
  const ctx = { req: {}, query, get: (name: string) => (name === 'Authorization' ? header : '') };
  return { route, ctx } as unknown as OIDCContext & { ctx: Context };
};
const deps = { signer: { verify: () => undefined }, accept: () => undefined } as unknown as Parameters<
  typeof normalise
>[2];
const run = (oidc: ReturnType<typeof at>, params: Record<string, unknown>) => {
  const copy = { ...params };
  normalise(oidc, copy, deps);
  return copy;
};

const words = fc.array(fc.constantFrom('openid', 'scope_all', 'identity', 'profile', 'x'), { maxLength: 5 });
const REQUESTS = [
  'authorization',
  'pushed_authorization_request',
  'device_authorization',
  'backchannel_authentication',
];

describe('the scope', () => {
  it('gains openid only beside scope_all, says so, and loses nothing', () => {
    fc.assert(
      fc.property(fc.constantFrom(...REQUESTS), words, (route, scopes) => {
        const oidc = at(route);
        const before = { scope: scopes.join(' ') };
        const after = String(run(oidc, before)['scope'] ?? '')
          .split(' ')
          .filter(Boolean);
        const lone = scopes.includes('scope_all') && !scopes.includes('openid');
        expect(after).toEqual(lone ? ['openid', ...scopes] : scopes);
        expect(noted(oidc.ctx, 'openid added')).toBe(lone);
      }),
    );
  });

  it('is left alone everywhere else', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('token', 'introspection', 'userinfo', 'revocation'),
        words,
        (route, scopes) => {
          const scope = scopes.join(' ');
          expect(run(at(route), { scope })['scope']).toBe(scope);
        },
      ),
    );
  });
});

describe('the secret in the body', () => {
  const text = fc.string({ minLength: 1, maxLength: 12 });
  const basic = (id: string, secret: string): string =>
    `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

  it('is dropped only when it is that of the header, of the same service, and this is noted', () => {
    fc.assert(
      fc.property(text, text, text, text, fc.boolean(), (id, secret, otherId, otherSecret, equal) => {
        const oidc = at('token', basic(id, secret));
        const params = { client_id: equal ? id : otherId, client_secret: equal ? secret : otherSecret };
        const same = equal || (otherId === id && otherSecret === secret);
        const { client_secret: left } = run(oidc, params);
        expect([left, noted(oidc.ctx, 'secret dropped')]).toEqual(
          same ? [undefined, true] : [params.client_secret, false],
        );
      }),
    );
  });

  it('stays whatever the header is, when it is no Basic of ours', () => {
    fc.assert(
      fc.property(fc.string(), text, (header, secret) => {
        fc.pre(!/^basic /i.test(header));
        expect(run(at('token', header), { client_id: 'a', client_secret: secret })['client_secret']).toBe(
          secret,
        );
      }),
    );
  });
});

describe('a token to introspect or revoke', () => {
  it('is left alone when it may be a stored one, and is none when it looks like a JWT that we did not sign', () => {
    const part = fc.stringMatching(/^[\w-]{0,20}$/);
    fc.assert(
      fc.property(
        fc.constantFrom('introspection', 'revocation'),
        fc.array(part, { minLength: 1, maxLength: 6 }),
        (route, parts) => {
          const token = parts.join('.');
          const after = run(at(route), { token })['token'];
          expect(after).toBe(parts.length < 3 ? token : 'none');
        },
      ),
    );
  });

  it.each([undefined, ['a', 'b'], 3, {}, null])('%j is left to the library', (token) => {
    expect(run(at('introspection'), { token })['token']).toEqual(token);
  });
});
