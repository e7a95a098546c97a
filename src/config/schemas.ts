import * as z from 'zod';

/** What settings may look like, each with the words of its own refusal. */

export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d+$/, { error: `a whole number from ${min} to ${max}` })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error: `a whole number from ${min} to ${max}` });
export const ratio = z
  .string()
  .regex(/^(0(\.\d+)?|1(\.0+)?)$/, { error: 'a number from 0 to 1' })
  .transform(Number);
export const list = z.string().transform((value) =>
  value
    .split(/[\s,]+/)
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
export const url = (protocols: readonly string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `a URL starting with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  });
export const origin = url(['https:', 'http:']).refine(
  (value) => URL.canParse(value) && new URL(value).origin === value,
  {
    error: 'an origin, without path or trailing slash',
  },
);
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });
export const text = z.string().min(1, { error: 'a text' });
export const key32 = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, {
    error: '32 random bytes in base64url (43 characters; `openssl rand 32 | basenc --base64url | tr -d =`)',
  })
  .transform((value) => Buffer.from(value, 'base64url'));
export const names = z.string().transform((value) =>
  value
    .split(/[,\n]+/)
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
export const oids = list.refine((values) => values.every((value) => /^[0-2](\.\d+)+$/.test(value)), {
  error: 'object identifiers such as 1.2.250.1.71.1, separated by commas or spaces',
});
export const urls = list.refine(
  (values) =>
    values.every((value) => URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol)),
  { error: 'URLs starting with http:// or https://, separated by commas or spaces' },
);
export const cardHost = z.string().regex(/^https:\/\/(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/, {
  error: 'an https origin in lower case, `https://host` or `https://*.host`, without path or trailing slash',
});
export const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, { error: 'a UUID' });

/** One setting, as it is declared. */
export interface Setting<S extends z.ZodType = z.ZodType> {
  env: string;
  schema: S;
  /** As it would be written in the environment. */
  fallback?: string;
  /** Required when there is no fallback, unless optional. */
  optional?: true;
  secret?: true;
  doc: string;
}

export const setting = <S extends z.ZodType, const O extends Omit<Setting<S>, 'schema'>>(
  schema: S,
  options: O,
) => ({
  schema,
  ...options,
});

/** What a setting is worth once read. */
export type ValueOf<S> = S extends { schema: infer Z extends z.ZodType }
  ? S extends { optional: true }
    ? z.output<Z> | undefined
    : z.output<Z>
  : never;
