import type { Listening } from '../shared/listen.ts';
import type { Branding } from '../shared/pages.ts';
import { type ServiceRegistration, createService } from '../shared/service.ts';

const brand: Branding = {
  name: 'Vaccin Covid',
  purpose: { fr: 'Suivi de la vaccination', en: 'Vaccination record' },
  introduction: {
    fr: "Enregistrez chaque injection en une minute, depuis l'ordinateur de l'hôpital ou votre tablette.",
    en: "Record each injection in a minute, from the hospital's computer or your tablet.",
  },
  welcome: {
    fr: 'Votre session est ouverte : vous pouvez enregistrer des vaccinations.',
    en: 'Your session is open: you can record vaccinations.',
  },
  accent: { light: '#1f4e9c', dark: '#9dc1ff' },
  mark: 'm18 2 4 4M17 7l3-3M19 9 8.7 19.3c-.9.9-2.5.9-3.4 0l-.6-.6c-.9-.9-.9-2.5 0-3.4L15 5M9 11l4 4M5 19l-3 3M14 4l6 6',
};

/** *Vaccin Covid*: traces each injection of the campaign. Here: who is signed in. */
export const createVaccinCovid = (options: ServiceRegistration): Listening =>
  createService({ ...options, brand, name: 'vaccin-covid' });
