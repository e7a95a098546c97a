import type { Bytes } from '../../ecps/protocol/encoding.ts';
import { utf8 } from '../../ecps/protocol/encoding.ts';
import type { PublicJwk } from '../../ecps/protocol/api.ts';
import type { PhoneKeys, PhoneState, Vault } from '../vault.ts';
import { generateKeys, phoneState } from '../vault.ts';

/**
 * The vault of the web app, in IndexedDB. D is a WebCrypto key that nobody can export, this code included. K is
 * wrapped by an AES-GCM key that cannot be exported either, so that a copy of the files alone does not hold it.
 */
export interface IdbVault extends Vault {
  /** True when something of a phone is there but its keys can no longer be opened. */
  damaged(): Promise<boolean>;
  get(name: string): Promise<unknown>;
  put(name: string, value: unknown): Promise<void>;
  /** Forgets everything: the e-CPS was removed from this phone. */
  clear(): Promise<void>;
}

const DATABASE = 'ecps';
const STORE = 'vault';
const AES = 'AES-GCM';
const AAD: Bytes = utf8('ecps/device-secret/v1');

interface StoredKeys {
  readonly wrappingKey: CryptoKey;
  readonly iv: Bytes;
  readonly wrapped: ArrayBuffer;
  readonly privateKey: CryptoKey;
  readonly jwk: PublicJwk;
}

const openDatabase = (name: string): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE));
    request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB does not open')));
    request.addEventListener('success', () => {
      // A newer version of the app in another tab may upgrade: let it, the next call opens again.
      request.result.addEventListener('versionchange', () => request.result.close());
      resolve(request.result);
    });
  });

/** One transaction; resolves once what it wrote would survive a crash. */
const transact = async <T>(
  name: string,
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> => {
  const database = await openDatabase(name);
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: 'strict' });
      const request = work(transaction.objectStore(STORE));
      transaction.addEventListener('complete', () => resolve(request.result));
      const fail = () => reject(transaction.error ?? request.error ?? new Error('IndexedDB refused'));
      transaction.addEventListener('abort', fail);
      transaction.addEventListener('error', fail);
    });
  } finally {
    database.close();
  }
};

const seal = async (keys: PhoneKeys): Promise<StoredKeys> => {
  const wrappingKey = await crypto.subtle.generateKey({ name: AES, length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const wrapped = await crypto.subtle.encrypt(
    { name: AES, iv, additionalData: AAD },
    wrappingKey,
    keys.secret,
  );
  return { wrappingKey, iv, wrapped, privateKey: keys.privateKey, jwk: keys.jwk };
};

const unseal = async ({ wrappingKey, iv, wrapped, privateKey, jwk }: StoredKeys): Promise<PhoneKeys> => {
  const secret = await crypto.subtle.decrypt({ name: AES, iv, additionalData: AAD }, wrappingKey, wrapped);
  return { secret: new Uint8Array(secret), privateKey, jwk };
};

/** Makes the vault; opens nothing before its first use. An app has one, under the usual name. */
export const createIdbVault = (database = DATABASE): IdbVault => {
  const get = (name: string): Promise<unknown> =>
    transact(database, 'readonly', (store) => store.get(name) as IDBRequest);
  const put = async (name: string, value: unknown): Promise<void> => {
    await transact(database, 'readwrite', (store) => store.put(value, name));
  };
  const keys = async (): Promise<PhoneKeys | undefined> => {
    const stored = (await get('keys')) as StoredKeys | undefined;
    return stored && unseal(stored);
  };
  const read = async (): Promise<PhoneState | undefined> => {
    const stored = await get('state');
    return stored === undefined ? undefined : phoneState.parse(stored);
  };
  return {
    keys,
    async createKeys() {
      const made = await generateKeys();
      await put('keys', await seal(made));
      return made;
    },
    read,
    write: (state) => put('state', state),
    lock: (work) => navigator.locks.request(`${database}-vault`, work) as ReturnType<typeof work>,
    async damaged() {
      try {
        const known = await read();
        return (known?.device ?? known?.activation) !== undefined && (await keys()) === undefined;
      } catch {
        return true;
      }
    },
    get,
    put,
    clear: async () => {
      await transact(database, 'readwrite', (store) => store.clear());
    },
  };
};
