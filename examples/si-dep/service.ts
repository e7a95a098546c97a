import type { Listening } from '../shared/listen.ts';
import type { Branding } from '../shared/pages.ts';
import { type ServiceRegistration, createService } from '../shared/service.ts';

const brand: Branding = {
  name: 'SI-DEP',
  purpose: { fr: 'Résultats de dépistage', en: 'Screening results' },
  introduction: {
    fr: 'Consultez et déclarez les résultats de dépistage de vos patients.',
    en: "Read and report your patients' screening results.",
  },
  welcome: {
    fr: 'Votre session est ouverte : vous pouvez consulter les résultats.',
    en: 'Your session is open: you can read the results.',
  },
  accent: { light: '#6a2c70', dark: '#e3a8ea' },
  mark: 'M9 3h6M10 3v6.5L4.5 18a2 2 0 0 0 1.7 3h11.6a2 2 0 0 0 1.7-3L14 9.5V3M7.5 14h9',
};

/** *SI-DEP*: shows single sign-on, since it asks nothing of who is signed in already. */
export const createSiDep = (options: ServiceRegistration): Listening =>
  createService({ ...options, brand, name: 'si-dep' });
