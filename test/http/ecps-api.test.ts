import { beforeAll, describe, expect, it } from 'vitest';
import { makeProof, thumbprint } from '../../src/ecps/protocol/proof.ts';
import { token } from '../../src/platform/random.ts';
import {
  contextOf,
  DEVICE,
  refusal,
  SPECIAL,
  startEcpsSite,
  type EcpsSite,
  type Person,
  type TestPhone,
} from '../support/ecps-site.ts';

describe('the e-CPS API', () => {
  let site: EcpsSite;
  let person: Person;
  let phone: TestPhone;
  beforeAll(async () => {
    site = await startEcpsSite();
    person = site.person();
    phone = await site.activated(person);
  });

  const nonce = async () => (await fetch(`${site.origin}/ecps/v1/nonce`)).headers.get('ECPS-Nonce') ?? 'none';
  /** A proof as the phone makes it, with something changed. */
  const proof = async (changes: Partial<Parameters<typeof makeProof>[0]> = {}) => {
    const keys = await phone.vault.keys();
    if (!keys) throw new Error('the phone has no keys');
    return makeProof({
      key: keys.privateKey,
      name: { kid: await thumbprint(keys.jwk) },
      method: 'GET',
      url: `${site.origin}/ecps/v1/me`,
      nonce: await nonce(),
      jti: token(16),
      ...changes,
    });
  };
  const me = (value: string, init: RequestInit = {}) =>
    fetch(`${site.origin}/ecps/v1/me`, { ...init, headers: { 'ECPS-Proof': value, ...init.headers } });
  const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code;

  describe('the proof', () => {
    it('opens with a nonce of the last minute, usable several times meanwhile', async () => {
      const shared = await nonce();
      expect((await me(await proof({ nonce: shared }))).status).toBe(200);
      site.clock.advance(60);
      expect((await me(await proof({ nonce: shared }))).status).toBe(200);
      site.clock.advance(1);
      const stale = await me(await proof({ nonce: shared }));
      expect([stale.status, await codeOf(stale)]).toEqual([401, 'use_nonce']);
      const fresh = stale.headers.get('ECPS-Nonce') ?? '';
      expect((await me(await proof({ nonce: fresh }))).status).toBe(200);
    });

    it('serves once', async () => {
      const value = await proof();
      expect((await me(value)).status).toBe(200);
      const again = await me(value);
      expect([again.status, await codeOf(again)]).toEqual([401, 'proof_invalid']);
    });

    it.each([
      ['of another method', { method: 'POST' }],
      ['of another URL', { url: 'http://localhost/ecps/v1/devices' }],
      ['of another origin', { url: 'http://evil.example/ecps/v1/me' }],
      ['of another body', { body: '{}' }],
      ['with a nonce of someone else', { nonce: token(22) }],
    ])('%s is refused', async (_name, changes) => {
      const answer = await me(await proof(changes));
      expect(answer.status).toBe(401);
      expect(answer.headers.get('ECPS-Nonce')).toMatch(/^[\w-]{30}$/);
    });

    it('by another key, by nobody, or that is no proof, is refused', async () => {
      const stranger = site.phone();
      await stranger.vault.createKeys();
      expect((await refusal(stranger.me())).code).toBe('device_unknown');
      const keys = await stranger.vault.keys();
      const forged = await proof(keys ? { key: keys.privateKey } : {});
      expect(await codeOf(await me(forged))).toBe('proof_invalid');
      expect(await codeOf(await me('nonsense'))).toBe('proof_invalid');
      expect(await codeOf(await fetch(`${site.origin}/ecps/v1/me`))).toBe('use_nonce');
    });
  });

  describe('bodies', () => {
    const post = async (path: string, body: string) => {
      const url = `${site.origin}/ecps/v1${path}`;
      const value = await proof({ method: 'POST', url, body });
      return fetch(url, { method: 'POST', body, headers: { 'ECPS-Proof': value } });
    };

    it.each([
      ['not JSON', '{'],
      ['of another shape', '{"name":3}'],
      ['with a field too many', '{"name":"a","x":1}'],
      ['with invisible characters', '{"name":"a\\u0000b"}'],
      ['too long for a name', JSON.stringify({ name: 'a'.repeat(61) })],
    ])('%s are refused', async (_name, body) => {
      const { device } = await phone.me();
      const answer = await post(`/devices/${device.id}/rename`, body);
      expect([answer.status, await codeOf(answer)]).toEqual([400, 'request_invalid']);
    });

    it('beyond 32 kB are refused before they are read', async () => {
      const answer = await post('/pin-changes', 'x'.repeat(33 * 1024));
      expect(answer.status).toBe(413);
    });

    it('about ids that cannot be are not found', async () => {
      const answer = await post('/transactions/%00/deny', '{}');
      expect([answer.status, await codeOf(answer)]).toEqual([404, 'not_found']);
    });
  });

  describe('refusals', () => {
    it('have one shape, in the language asked', async () => {
      const ask = async (language: string) => {
        const answer = await fetch(`${site.origin}/ecps/v1/me`, { headers: { 'accept-language': language } });
        return (await answer.json()) as { code: string; message: string; support_id: string };
      };
      const [french, english] = [await ask('fr-FR,fr;q=0.9'), await ask('en-GB')];
      expect(Object.keys(french).sort()).toEqual(['code', 'message', 'support_id']);
      expect(french.code).toBe(english.code);
      expect(french.message).not.toBe(english.message);
      expect(french.support_id).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    });

    it('are JSON for a path or method that does not exist', async () => {
      const answer = await fetch(`${site.origin}/ecps/v1/nothing`, { headers: { accept: 'text/html' } });
      expect([answer.status, await codeOf(answer)]).toEqual([404, 'not_found']);
    });
  });

  describe('other origins', () => {
    it('is open to the app’s origin, which may read nonces, and to no other', async () => {
      const preflight = (origin: string) =>
        fetch(`${site.origin}/ecps/v1/me`, {
          method: 'OPTIONS',
          headers: { origin, 'access-control-request-method': 'GET' },
        });
      const app = await preflight(site.config.appOrigin);
      expect(app.status).toBe(204);
      expect(app.headers.get('access-control-allow-origin')).toBe(site.config.appOrigin);
      expect(app.headers.get('access-control-allow-headers')).toContain('ECPS-Proof');
      const stranger = await preflight('https://evil.example');
      expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
      const refused = await fetch(`${site.origin}/ecps/v1/me`, {
        headers: { origin: site.config.appOrigin },
      });
      expect(refused.status).toBe(401);
      expect(refused.headers.get('access-control-allow-origin')).toBe(site.config.appOrigin);
      expect(refused.headers.get('access-control-expose-headers')).toContain('ECPS-Nonce');
    });
  });

  describe('what a stranger may learn', () => {
    /** An answer without what is random by design. */
    const shapeOf = async (answer: Response) => {
      const headers = Object.fromEntries(answer.headers);
      for (const name of ['date', 'ecps-nonce', 'x-request-id', 'content-security-policy'])
        delete headers[name];
      const body = (await answer.text())
        .replaceAll(/(act|dev)_[0-9A-Z]{26}/g, '$1_…')
        .replaceAll(/"support_id":"[^"]+"/g, '"support_id":"…"');
      return { status: answer.status, headers, body };
    };

    it('asking an activation: the same for who has no phone, one, a locked one, three, and over a quota', async () => {
      const people = [0, 1, 2, 3, 4].map(() => site.person());
      const [none, one, locked, three, full] = people as [Person, Person, Person, Person, Person];
      for (const owner of [one, locked, three, three, three]) await site.activated(owner);
      await site.db.query(`UPDATE ecps_device SET state = 'locked' WHERE national_id = $1`, [
        locked.nationalId,
      ]);
      for (let count = 0; count < 3; count += 1) {
        await site.phone().activate({ nationalId: full.nationalId, device: DEVICE });
      }
      const answers: Response[] = [];
      for (const owner of [none, one, locked, three, full]) {
        const stranger = site.phone(undefined, {
          fetch: async (url, init) => {
            const answer = await fetch(url, init);
            if (url.endsWith('/activations')) answers.push(answer.clone());
            return answer;
          },
        });
        await stranger.activate({ nationalId: owner.nationalId, device: DEVICE });
      }
      const shapes = await Promise.all(answers.map(shapeOf));
      expect(shapes).toHaveLength(5);
      for (const shape of shapes) expect(shape).toEqual(shapes[0]);
    });

    it('waiting for a phone: the same for unknown, not enrolled, suspended, locked and enrolled', async () => {
      const [bare, suspended, locked] = [site.person(), site.person(), site.person()];
      await site.activated(suspended);
      await site.activated(locked);
      const { id = '' } = (await site.registry.find(suspended.nationalId)) ?? {};
      await site.registry.setStatus(id, 'inactive');
      await site.db.query(`UPDATE ecps_device SET state = 'locked' WHERE national_id = $1`, [
        locked.nationalId,
      ]);
      const everyone = [
        SPECIAL.unknown,
        bare.nationalId,
        suspended.nationalId,
        locked.nationalId,
        person.nationalId,
      ];
      const { approvals } = site.ecps;
      const seen = [];
      for (const nationalId of everyone) {
        const statements: string[] = [];
        const pages = [];
        for (let count = 0; count < 6; count += 1) {
          pages.push(await site.start({ nationalId, context: contextOf(site.clock) }));
        }
        await approvals.idle();
        for (const page of pages) {
          const qr = await approvals.qr(page.txn, page.browserToken);
          const link = await approvals.link(page.txn, page.browserToken);
          statements.push(
            [
              page.number?.length,
              qr?.length,
              link?.length,
              page.expiresAt.getTime() - site.clock.now().getTime(),
              await approvals.status(page.txn, page.browserToken),
            ].join(),
          );
        }
        seen.push(statements);
      }
      for (const statements of seen) expect(statements).toEqual(seen[0]);
      expect(new Set(seen[0])).toHaveProperty('size', 2);
    });

    it('starting does the same work, whoever is named: the same queries, the same keys', async () => {
      const queries: Record<string, string[]> = {};
      const bare = site.person();
      for (const nationalId of [SPECIAL.unknown, bare.nationalId, person.nationalId]) {
        const log: string[] = [];
        const { createApprovals } = await import('../../src/ecps/approvals/service.ts');
        const { loadEcpsKeys } = await import('../../src/ecps/keys.ts');
        const { createKeyRing } = await import('../../src/platform/crypto.ts');
        const { createLimits } = await import('../../src/limits/limits.ts');
        const { createAudit } = await import('../../src/audit/record.ts');
        const { createLog } = await import('../../src/platform/log.ts');
        const keyring = createKeyRing(Buffer.alloc(32, 7));
        const { db, store, clock, config, registry, messages } = site;
        const keys = await loadEcpsKeys({ db, keyring, clock });
        const watchedStore = new Proxy(store, {
          get: (target, name) => {
            const method: unknown = Reflect.get(target, name);
            if (typeof method !== 'function') return method;
            return (...args: unknown[]) => {
              log.push(String(name));
              return Reflect.apply(method, target, args) as unknown;
            };
          },
        });
        let answered = false;
        const watchedDb = new Proxy(db, {
          get: (target, name) => {
            const method: unknown = Reflect.get(target, name);
            if (name !== 'query' || typeof method !== 'function') return method;
            return (...args: unknown[]) => {
              if (!answered) log.push(String(args[0]));
              return Reflect.apply(method, target, args) as unknown;
            };
          },
        });
        const approvals = createApprovals({
          config,
          db: watchedDb,
          store: watchedStore,
          registry,
          messages,
          audit: createAudit({ clock }),
          limits: createLimits({ store }),
          keyring,
          clock,
          log: createLog('silent'),
          ports: { onDeviceRevoked: async () => undefined, returnUrl: () => '' },
          keys,
        });
        site.clock.advance(121);
        await approvals.start({
          nationalId,
          interactionId: token(12),
          browserToken: token(),
          context: contextOf(clock),
        });
        answered = true;
        queries[nationalId] = [...log];
        await approvals.idle();
      }
      const [first, ...others] = Object.values(queries);
      expect(first?.length).toBeGreaterThan(3);
      for (const other of others) expect(other).toEqual(first);
    });
  });
});
