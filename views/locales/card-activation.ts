import { cardActivation as en } from './en/card-activation.ts';
import { cardActivation as fr } from './fr/card-activation.ts';
import { inLocale, type Locale } from './index.ts';

/** The pages of the activation by card. */
export const cardActivationText = (locale: Locale) => inLocale(locale, { fr, en });
