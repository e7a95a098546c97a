import Router from '@koa/router';
import type { Context } from 'koa';
import { type AccessLog, accessBody, ACCESS_TEXTS } from '../shared/access-log.ts';
import { type Chrome, createChrome } from '../shared/chrome.ts';
import { dayOf } from '../shared/dates.ts';
import type { Database } from '../shared/database.ts';
import { type Form, createReader } from '../shared/forms.ts';
import { html } from '../shared/html.ts';
import { type Dataset, answerData } from '../shared/open-data.ts';
import type { Link } from '../shared/pages.ts';
import { authorOf, isHealthProfessional } from '../shared/signature.ts';
import { type Kit, type Submission, type Visit, leave, param } from '../shared/visit.ts';
import { type Effectiveness, type Join, createEffectiveness, effectivenessData } from './effectiveness.ts';
import { freshForm, readVaccination } from './form.ts';
import { formBody } from './pages/form.ts';
import { listBody } from './pages/list.ts';
import { sheetBody } from './pages/sheet.ts';
import { statisticsBody } from './pages/statistics.ts';
import type { Records, Vaccination } from './records.ts';
import { computeStatistics, coverageData, injectionsData } from './statistics.ts';
import { TEXTS } from './texts.ts';

/** The routes of *Vaccin Covid*: one function for each. */

interface Service {
  kit: Kit;
  chrome: Chrome;
  db: Database;
  records: Records;
  log: AccessLog;
  effectiveness: () => Promise<Effectiveness | undefined>;
  sample: boolean;
  reportingUrl: string;
}

const link = (href: string, key: keyof (typeof TEXTS)['fr']['nav']): Link => ({
  href,
  label: { fr: TEXTS.fr.nav[key], en: TEXTS.en.nav[key] },
});

export const STATISTICS_LINK = link('/statistiques', 'statistics');
const LINKS = [
  link('/', 'home'),
  link('/vaccinations/nouvelle', 'add'),
  link('/vaccinations', 'list'),
  STATISTICS_LINK,
  link('/acces', 'access'),
];

/** Says no, and writes it down. */
const refuse = (
  { chrome, log }: Service,
  visit: Visit,
  reason: 'notYours' | 'notHealth',
  recordId: string | null = null,
): void => {
  const t = TEXTS[visit.locale].refused;
  log.write(authorOf(visit), 'refused', recordId);
  const body = html`<h1>${t.title}</h1>
    <p>${t[reason]}</p>
    <p><a href="/">${TEXTS[visit.locale].nav.home}</a></p>`;
  chrome.show(visit, { title: t.title, body, status: 403 });
};

/** The doors of who records: health professionals, with or without a place of practice. */
const forHealth =
  <V extends Visit>(service: Service, handler: (visit: V) => void) =>
  (visit: V): void =>
    isHealthProfessional(visit.person.nationalId) ? handler(visit) : refuse(service, visit, 'notHealth');

const showForm = ({ chrome, records }: Service, visit: Visit, form: Form, status = 200): void => {
  const { locale, person, session } = visit;
  const body = formBody(locale, {
    form,
    csrf: session.csrf,
    author: authorOf(visit),
    places: person.activities.map(({ place }) => place).filter(Boolean),
    remembered: records.last(person.nationalId) !== undefined,
  });
  chrome.show(visit, { title: TEXTS[locale].form.title, body, status, path: '/vaccinations/nouvelle' });
};

const newRecord = (service: Service) => (visit: Visit) =>
  showForm(
    service,
    visit,
    freshForm(visit.person, service.records.last(visit.person.nationalId), service.kit.service.now()),
  );

const saveRecord = (service: Service) => (submission: Submission) => {
  const { kit, records, log } = service;
  const { ctx, form, locale, session } = submission;
  const read = readVaccination(form, locale, kit.service.now());
  if ('form' in read) return showForm(service, submission, read.form, 422);
  const author = authorOf(submission);
  const done = records.record(read.draft, author);
  if (done.kind === 'refused') return refuse(service, submission, 'notYours', read.draft.id);
  if (done.kind === 'same_day') {
    const problems = { injectedOn: TEXTS[locale].form.sameDay(done.by) };
    return showForm(service, submission, { values: Object.fromEntries(form), problems }, 422);
  }
  if (done.kind === 'recorded') log.write(author, 'record', done.id);
  session.notes.set('done', done.kind === 'recorded' ? 'saved' : 'already');
  return leave(ctx, `/vaccinations/${done.id}`);
};

const takeNote = ({ session }: Visit, name: string): string => {
  const note = session.notes.get(name) ?? '';
  session.notes.delete(name);
  return note;
};

const DONE = ['saved', 'already', 'cancelledNow'] as const;

const showRecord = (
  service: Service,
  visit: Visit,
  record: Vaccination,
  problems: Record<string, string>,
): void => {
  const { chrome, records, log, reportingUrl } = service;
  const author = authorOf(visit);
  const doses = records.ofPatient(record.patient_id);
  log.write(author, 'open', record.id);
  for (const { id } of doses) if (id !== record.id) log.write(author, 'seen_beside', id);
  const note = takeNote(visit, 'done');
  const body = sheetBody(visit.locale, {
    record,
    doses,
    holds: records.holds(record),
    csrf: visit.session.csrf,
    done: DONE.find((one) => one === note),
    problems,
    reportingUrl,
  });
  const status = Object.keys(problems).length > 0 ? 422 : 200;
  chrome.show(visit, { title: TEXTS[visit.locale].sheet.title, body, status });
};

/** The record that the address names, if it is of who asks; else the answer is given here. */
const ownRecord = (service: Service, visit: Visit): Vaccination | undefined => {
  const record = service.records.find(param(visit.ctx, 'id'));
  if (record && record.author !== visit.person.nationalId) refuse(service, visit, 'notYours', record.id);
  return record?.author === visit.person.nationalId ? record : undefined;
};

const openRecord = (service: Service) => (visit: Visit) => {
  const record = ownRecord(service, visit);
  if (record) showRecord(service, visit, record, {});
};

const cancelRecord = (service: Service) => (submission: Submission) => {
  const { records, log, kit } = service;
  const { ctx, form, locale, session, person } = submission;
  const record = ownRecord(service, submission);
  if (!record) return;
  const reader = createReader(form, locale, dayOf(kit.service.now()));
  const reason = reader.text('reason', TEXTS[locale].sheet.cancelReason);
  if (!reason) reader.problems['reason'] = TEXTS[locale].sheet.reasonMissing;
  if (Object.keys(reader.problems).length > 0)
    return showRecord(service, submission, record, reader.problems);
  if (records.cancel(record.id, person.nationalId, reason)) {
    log.write(authorOf(submission), 'cancel', record.id);
    session.notes.set('done', 'cancelledNow');
  }
  leave(ctx, `/vaccinations/${record.id}`);
};

const listRecords = (service: Service) => (visit: Visit) => {
  const { chrome, records, log } = service;
  const { ctx, locale, person, session } = visit;
  const search = session.notes.get('search') ?? '';
  const asked = Number(ctx.query['page'] ?? 1);
  const page = Number.isInteger(asked) && asked > 0 && asked < 100_000 ? asked : 1;
  log.write(authorOf(visit), search ? 'search' : 'list');
  const found = records.list(person.nationalId, { search, page });
  const body = listBody(locale, { ...found, page, search, csrf: session.csrf });
  chrome.show(visit, { title: TEXTS[locale].list.title, body, wide: true });
};

/** The words stay in the session: a patient's name is in no address, hence in no history and no proxy's log. */
const search = ({ ctx, form, session }: Submission): void => {
  session.notes.set('search', form.get('clear') ? '' : (form.get('search') ?? '').trim().slice(0, 100));
  leave(ctx, '/vaccinations');
};

const showAccess =
  ({ chrome, log }: Service) =>
  (visit: Visit) => {
    const { locale, person } = visit;
    const body = accessBody(locale, {
      mine: log.by(person.nationalId),
      others: log.byOthers(person.nationalId, 'vaccination'),
      rules: TEXTS[locale].rules,
    });
    chrome.show(visit, { title: ACCESS_TEXTS[locale].title, body, wide: true });
  };

const showStatistics = (service: Service) => async (ctx: Context) => {
  const { db, kit, chrome, sample } = service;
  const data = computeStatistics(db, kit.service.now());
  const found = await service.effectiveness();
  await chrome.showAnyone(ctx, (locale) => ({
    title: TEXTS[locale].statistics.title,
    body: statisticsBody(locale, data, found, sample),
    wide: true,
  }));
};

const datasets: Record<string, (service: Service) => Dataset | Promise<Dataset>> = {
  injections: ({ db, kit }) => injectionsData(computeStatistics(db, kit.service.now())),
  couverture: ({ db, kit }) => coverageData(computeStatistics(db, kit.service.now())),
  efficacite: async (service) => effectivenessData(await service.effectiveness()),
};

const sendData = (service: Service) => async (ctx: Context) => {
  const [, name = '', format] = /^([a-z]+)\.(csv|json)$/.exec(param(ctx, 'file')) ?? [];
  const make = Object.hasOwn(datasets, name) ? datasets[name] : undefined;
  if (!make) return;
  answerData(ctx, await make(service), format === 'csv' ? 'csv' : 'json', service.kit.service.now());
};

/** All routes; the names of the options are those of `service.ts`. */
export const vaccinationRoutes = (
  kit: Kit,
  options: Omit<Service, 'kit' | 'chrome' | 'effectiveness'> & { join: Join | undefined },
): Router => {
  const service: Service = {
    ...options,
    kit,
    effectiveness: createEffectiveness(options.db, options.join, kit.service.onError),
    chrome: createChrome(kit, LINKS, [LINKS[0] ?? STATISTICS_LINK, STATISTICS_LINK]),
  };
  return new Router()
    .get('/vaccinations', kit.page(forHealth(service, listRecords(service))))
    .post('/vaccinations', kit.action(forHealth(service, saveRecord(service))))
    .get('/vaccinations/nouvelle', kit.page(forHealth(service, newRecord(service))))
    .post('/vaccinations/recherche', kit.action(forHealth(service, search)))
    .get('/vaccinations/:id', kit.page(forHealth(service, openRecord(service))))
    .post('/vaccinations/:id/annuler', kit.action(forHealth(service, cancelRecord(service))))
    .get('/acces', kit.page(showAccess(service)))
    .get('/statistiques', showStatistics(service))
    .get('/donnees/:file', sendData(service));
};
