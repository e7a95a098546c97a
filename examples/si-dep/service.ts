import { ACCESS_LOG_SCHEMA, createAccessLog } from '../shared/access-log.ts';
import { openDatabase, openKey } from '../shared/database.ts';
import { type Content, html } from '../shared/html.ts';
import type { Listening } from '../shared/listen.ts';
import type { Branding } from '../shared/pages.ts';
import { purgeDaily } from '../shared/purge.ts';
import { type ServiceRegistration, createService } from '../shared/service.ts';
import { createSigner, isHealthProfessional } from '../shared/signature.ts';
import type { Visit } from '../shared/visit.ts';
import { RECORDS_SCHEMA, createRecords } from './records.ts';
import { STATISTICS_LINK, resultRoutes } from './routes.ts';
import { fillWithSample } from './sample.ts';
import { TEXTS } from './texts.ts';

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

export interface SiDepOptions extends ServiceRegistration {
  /** Where the database and its signing key lie; in memory without it. */
  dataDir?: string;
  /** Begins with an invented population, when the database is empty. */
  sample?: boolean;
  /** What Vaccin Covid has too, for the effectiveness. */
  joinKey?: string;
}

const offers = ({ locale, person }: Visit): Content => {
  const { nav, offers: t } = TEXTS[locale];
  const offer = (href: string, key: keyof typeof t, className = '') =>
    html`<li>
      <a href="${href}" class="${className}">${nav[key]} <small>${t[key]}</small></a>
    </li>`;
  return html`<ul class="offers">
    ${
      isHealthProfessional(person.nationalId) &&
      html`${offer('/resultats/nouveau', 'add', 'main')} ${offer('/resultats', 'list')}`
    }
    ${offer('/statistiques', 'statistics')} ${offer('/acces', 'access')}
  </ul>`;
};

/** *SI-DEP*: takes test results; asks nothing of who is signed in already. */
export const createSiDep = (options: SiDepOptions): Listening => {
  const { dataDir, sample = false, joinKey, ...registration } = options;
  const now = options.now ?? (() => new Date());
  const db = openDatabase(dataDir, 'si-dep', [RECORDS_SCHEMA, ACCESS_LOG_SCHEMA]);
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
    name: 'si-dep',
    open: [STATISTICS_LINK],
    home: offers,
    routes: (kit) => resultRoutes(kit, { records, log, joinKey }),
    close: () => {
      stopPurge();
      db.close();
    },
  });
};
