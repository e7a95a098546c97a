import * as z from 'zod';

/** How an activation stands, as its phone is told; by mail and SMS or by card. */

export const instant = z.iso.datetime();
export const identifier = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
export const gen = z.int().positive();
export const pinRules = z.object({ minLength: z.int().min(4).max(8), maxLength: z.int().max(8) });

export const ACTIVATION_STATES = [
  'mail_sent',
  'sms_sent',
  /** By card: the person compares phone and computer, and confirms on the computer. */
  'confirm_due',
  'pin_due',
  'done',
  'closed',
] as const;

/** Letters that phone and computer show: consonants, so that no word comes out. */
export const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';

/** `gen`, `aud` and `pin` are there from `pin_due` on. `closed`: expired, superseded, refused or spent. */
export const activationView = z.object({
  activationId: identifier,
  deviceId: identifier,
  state: z.enum(ACTIVATION_STATES),
  expiresAt: instant,
  smsExpiresAt: instant.optional(),
  /** In `confirm_due`: what the computer must show too. */
  letters: z
    .string()
    .regex(new RegExp(`^[${LETTERS}]{4}$`))
    .optional(),
  /** By card: whose e-CPS it is, told once the computer confirmed. */
  nationalId: z.string().optional(),
  gen: gen.optional(),
  aud: z.string().optional(),
  pin: pinRules.optional(),
});
export type ActivationView = z.output<typeof activationView>;
