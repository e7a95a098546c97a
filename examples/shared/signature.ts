import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Visit } from './visit.ts';

/** Who did it, as a record keeps it for good. */
export interface Author {
  /** The claim `SubjectNameID`: the national identifier. */
  nationalId: string;
  name: string;
  profession: string;
  /** How surely they were recognised: the claim `acr` of the sign-in. */
  acr: string;
}

/** Health professionals have an RPPS (8…) or ADELI (0…) number; employees of a structure have another. */
export const isHealthProfessional = (nationalId: string): boolean => /^[08]/.test(nationalId);

export const authorOf = ({ person, user }: Pick<Visit, 'person' | 'user'>): Author => ({
  nationalId: person.nationalId,
  name: [person.title, person.name].filter(Boolean).join(' '),
  profession: person.professions.join(', '),
  acr: user.acr,
});

/**
 * Binds a record to who signed it: a code over all its values, names included, made with a key that is not in the
 * database. A row changed behind the service's back no longer agrees with it.
 */
export const createSigner = (key: Buffer) => {
  const sign = (values: Readonly<Record<string, string | number | null>>): string => {
    const lines = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
    return createHmac('sha256', key).update(JSON.stringify(lines)).digest('hex');
  };
  return {
    sign,
    verify: (values: Readonly<Record<string, string | number | null>>, signature: string): boolean => {
      const [expected, given] = [Buffer.from(sign(values)), Buffer.from(signature)];
      return expected.length === given.length && timingSafeEqual(expected, given);
    },
  };
};

export type Signer = ReturnType<typeof createSigner>;

/** The first characters of a signature, in fours: enough to compare two sheets. */
export const shortSignature = (signature: string): string =>
  (signature.slice(0, 16).match(/.{4}/g) ?? []).join(' ').toUpperCase();
