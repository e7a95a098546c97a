import { createPhone, type Phone } from '../../../src/phone/client.ts';
import { readConfig } from '../../../src/phone/app/config.ts';
import { createStretch } from '../../../src/phone/app/stretch.ts';
import { createIdbVault } from '../../../src/phone/app/vault-idb.ts';

/**
 * Runs in the page of the phone app instead of its screens: the app's client, vault, worker and policy, driven by calls. A
 * test holds as many phones as it wants, each with a vault of its own.
 */

const config = readConfig(document);
const stretch = createStretch(config.workers.pin);
const DEVICE = { name: 'Téléphone de test', model: 'Chromium', os: 'Web' };

const phoneOn = (name: string) => {
  const phone: Phone = createPhone({
    origin: config.origin,
    vault: createIdbVault(name),
    locale: 'fr',
    stretch,
  });
  return {
    ...phone,
    activate: (nationalId: string, { newKeys = false }: { newKeys?: boolean } = {}) =>
      phone.activate({ nationalId, device: DEVICE, newKeys }),
    activateByCard: (qr: string, { newKeys = false }: { newKeys?: boolean } = {}) =>
      phone.activateByCard({ qr, device: DEVICE, newKeys }),
    scan: (text: string) => (text.startsWith('http') ? phone.openLink(text) : phone.scanSignIn(text)),
    async nextEvent() {
      const stop = new AbortController();
      const events = phone.events(AbortSignal.any([stop.signal, AbortSignal.timeout(20_000)]));
      await events.next();
      let { requests } = await phone.pending();
      while (requests.length === 0 && !(await events.next()).done) ({ requests } = await phone.pending());
      stop.abort();
    },
  };
};

const phones = new Map<string, Record<string, unknown>>();

/** What a failure says; its facts cross to the test as JSON. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly facts: Record<string, unknown>;
}

/** What the test calls, from outside the page. */
export interface PhonesInPage {
  make(name: string): void;
  /** What a thief would have who can run code in the page: keys that stay closed, but that work. */
  copy(from: string, to: string): Promise<void>;
  call(name: string, method: string, args: unknown[]): Promise<{ value: unknown } | { failure: Failure }>;
  /** What the keys of this vault answer to who wants them out. */
  exports(name: string): Promise<string[]>;
}

const underTest: PhonesInPage = {
  make: (name) => {
    phones.set(name, phoneOn(name));
  },
  async copy(from, to) {
    const [source, target] = [createIdbVault(from), createIdbVault(to)];
    for (const part of ['keys', 'state']) await target.put(part, await source.get(part));
    underTest.make(to);
  },
  async call(name, method, args) {
    try {
      const act = phones.get(name)?.[method];
      if (typeof act !== 'function') throw new TypeError(`no phone ${name} or nothing named ${method}`);
      return { value: (await (act as (...given: unknown[]) => unknown)(...args)) ?? null };
    } catch (error) {
      const { name: kind, message } = error as Error;
      return { failure: { name: kind, message, facts: { ...(error as object) } } };
    }
  },
  async exports(name) {
    const stored = (await createIdbVault(name).get('keys')) as Record<string, unknown>;
    const keys = Object.values(stored).filter((value) => value instanceof CryptoKey);
    const attempts = keys.flatMap((key) =>
      (['raw', 'pkcs8', 'jwk'] as const).map((format) =>
        crypto.subtle.exportKey(format, key).then(
          () => 'exported',
          (error: unknown) => (error as Error).name,
        ),
      ),
    );
    return Promise.all(attempts);
  },
};

(globalThis as { underTest?: PhonesInPage }).underTest = underTest;
document.documentElement.dataset['phones'] = 'ready';
