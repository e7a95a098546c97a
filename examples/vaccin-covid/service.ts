import { ACCESS_LOG_SCHEMA, createAccessLog } from '../shared/access-log.ts';
import { openDatabase, openKey } from '../shared/database.ts';
import { type Content, html } from '../shared/html.ts';
import type { Listening } from '../shared/listen.ts';
import type { Branding } from '../shared/pages.ts';
import { purgeDaily } from '../shared/purge.ts';
import { type ServiceRegistration, createService } from '../shared/service.ts';
import { createSigner, isHealthProfessional } from '../shared/signature.ts';
import type { Visit } from '../shared/visit.ts';
import type { Join } from './effectiveness.ts';
import { RECORDS_SCHEMA, createRecords } from './records.ts';
import { STATISTICS_LINK, vaccinationRoutes } from './routes.ts';
import { fillWithSample } from './sample.ts';
import { TEXTS } from './texts.ts';

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

export interface VaccinCovidOptions extends ServiceRegistration {
  /** Where the database and its signing key lie; in memory without it. */
  dataDir?: string;
  /** Begins with an invented population, when the database is empty. */
  sample?: boolean;
  /** SI-DEP, for the effectiveness. */
  join?: Join;
  /** Where side effects are reported. */
  reportingUrl?: string;
}

const NATIONAL_REPORTING = 'https://signalement.social-sante.gouv.fr/';

const offers = ({ locale, person }: Visit): Content => {
  const { nav, offers: t } = TEXTS[locale];
  const offer = (href: string, key: keyof typeof t, className = '') =>
    html`<li>
      <a href="${href}" class="${className}">${nav[key]} <small>${t[key]}</small></a>
    </li>`;
  return html`<ul class="offers">
    ${
      isHealthProfessional(person.nationalId) &&
      html`${offer('/vaccinations/nouvelle', 'add', 'main')} ${offer('/vaccinations', 'list')}`
    }
    ${offer('/statistiques', 'statistics')} ${offer('/acces', 'access')}
  </ul>`;
};

/** *Vaccin Covid*: traces each injection of the campaign, prints its sheet, publishes the figures. */
export const createVaccinCovid = (options: VaccinCovidOptions): Listening => {
  const { dataDir, sample = false, join, reportingUrl = NATIONAL_REPORTING, ...registration } = options;
  const now = options.now ?? (() => new Date());
  const db = openDatabase(dataDir, 'vaccin-covid', [RECORDS_SCHEMA, ACCESS_LOG_SCHEMA]);
  const records = createRecords(db, { signer: createSigner(openKey(dataDir)), now });
  const log = createAccessLog(db, now);
  if (sample) fillWithSample(db, records, now());
  const stopPurge = purgeDaily(
    () => {
      records.purge();
      log.purge();
    },
    (error) => options.onError?.(error),
  );
  return createService({
    ...registration,
    brand,
    name: 'vaccin-covid',
    open: [STATISTICS_LINK],
    home: offers,
    routes: (kit) => vaccinationRoutes(kit, { db, records, log, join, sample, reportingUrl }),
    close: () => {
      stopPurge();
      db.close();
    },
  });
};
