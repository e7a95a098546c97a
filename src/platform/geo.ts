import type { CityResponse } from 'maxmind';

/** Where in the world an address roughly is, for the person to judge a sign-in by. */
export interface Geo {
  /** `Lyon, France`, `France`, or '' when nothing is known of the address. */
  place(address: string, locale?: 'fr' | 'en'): string;
}

/** An IPv4 address written as IPv6 (`::ffff:192.0.2.1`) is looked up as what it is. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/**
 * Opens an MMDB file of cities or countries (GeoLite2, DB-IP…), read into memory and read again when it changes. Without a
 * file every place is '' and no reader is loaded. Throws when the file named is not one, at start and not at the first sign-in.
 */
export const createGeo = async (file: string | undefined): Promise<Geo> => {
  if (!file) return { place: () => '' };
  const { open, validate } = await import('maxmind');
  const options = { watchForUpdates: true, watchForUpdatesNonPersistent: true };
  const reader = await open<CityResponse>(file, options).catch((error: unknown) => {
    throw new Error(`${file} is not a readable MMDB file`, { cause: error });
  });
  return {
    place: (address, locale = 'fr') => {
      const ip = plain(address);
      const found = validate(ip) ? reader.get(ip) : null;
      const names = [found?.city?.names, found?.country?.names];
      return names.flatMap((one) => one?.[locale] ?? one?.en ?? []).join(', ');
    },
  };
};
