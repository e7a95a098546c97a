import fc from 'fast-check';
import { Provider, type AdapterPayload } from 'oidc-provider';
import { describe, expect, it } from 'vitest';
import { keepPlainly } from '../../src/oidc/plain-records.ts';

/** The library as it is, and one that reads and writes as we do. */
const extra = { acr: 'eidas1', authMode: 'CARD' };
const make = (): { provider: Provider; kept: Map<string, AdapterPayload> } => {
  const kept = new Map<string, AdapterPayload>();
  const provider = new Provider('https://example.org', {
    clients: [],
    extraTokenClaims: () => extra,
    ttl: { AccessToken: 120, AuthorizationCode: 60, RefreshToken: 1800, Grant: 3600, Session: 3600 },
    adapter: (model: string) => ({
      upsert: async (id, payload) => void kept.set(`${model} ${id}`, structuredClone(payload)),
      find: async (id) => structuredClone(kept.get(`${model} ${id}`)),
      findByUid: async () => undefined,
      findByUserCode: async () => undefined,
      consume: async () => undefined,
      destroy: async () => undefined,
      revokeByGrantId: async () => undefined,
    }),
  });
  return { provider, kept };
};
const theirs = make();
const ours = make();
keepPlainly(ours.provider, () => extra);

const MODELS = ['AuthorizationCode', 'AccessToken', 'RefreshToken', 'Grant'] as const;
type Model = (typeof MODELS)[number];

interface AnyModel {
  new (input: object): { jti: string; save(ttl?: number): Promise<string> };
  find(id: string, options: object): Promise<object | undefined>;
}
const modelOf = (provider: Provider, name: Model): AnyModel => provider[name] as unknown as AnyModel;

const text = fc.string({ minLength: 1, maxLength: 12 });
const fields = fc.record(
  {
    accountId: text,
    clientId: text,
    grantId: text,
    scope: fc.constantFrom('openid', 'openid scope_all'),
    sid: fc.uuid(),
    nonce: text,
    acr: text,
    amr: fc.array(text, { maxLength: 3 }),
    authTime: fc.nat(),
    gty: fc.constantFrom('authorization_code', 'refresh_token'),
    rotations: fc.nat(5),
    openid: fc.constant({ scope: 'openid' }),
    claims: fc.constant({ userinfo: { family_name: null } }),
    'x5t#S256': text,
    unknown: text,
    __proto__: fc.constant('no'),
  },
  { requiredKeys: ['clientId'] },
);

const ID = 'grant.token';
const MOMENT = { iat: 2_000_000_000, exp: 2_000_003_600 };

/** What is kept of a model with these fields, and what is found again. */
const roundTrip = async ({ provider, kept }: typeof ours, name: Model, input: object) => {
  kept.clear();
  const model = modelOf(provider, name);
  const made = new model({ ...input, ...MOMENT, jti: ID });
  if (name === 'AccessToken') Object.assign(made, { format: 'opaque' });
  await made.save(3600);
  const found = await model.find(ID, { ignoreExpiration: true });
  return { kept: kept.get(`${name} ${ID}`), found: found && { ...found } };
};

describe('records read and written field by field', () => {
  it.each(MODELS)('are those of the library: %s', async (name) => {
    await fc.assert(
      fc.asyncProperty(fields, async (input) => {
        expect(await roundTrip(ours, name, input)).toEqual(await roundTrip(theirs, name, input));
      }),
    );
  });

  it('of another kind are not found', async () => {
    const found = await Promise.all(
      [ours, theirs].map(async ({ provider, kept }) => {
        kept.set(`Grant ${ID}`, { ...MOMENT, jti: ID, kind: 'AccessToken' });
        return modelOf(provider, 'Grant').find(ID, { ignoreExpiration: true });
      }),
    );
    expect(found).toEqual([undefined, undefined]);
  });
});
