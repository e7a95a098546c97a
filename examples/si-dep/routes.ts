import { timingSafeEqual } from 'node:crypto';
import Router from '@koa/router';
import type { Context } from 'koa';
import { type AccessLog, ACCESS_TEXTS, accessBody } from '../shared/access-log.ts';
import { type Chrome, createChrome } from '../shared/chrome.ts';
import type { Form } from '../shared/forms.ts';
import { html } from '../shared/html.ts';
import { answerData } from '../shared/open-data.ts';
import type { Link } from '../shared/pages.ts';
import { joinToken } from '../shared/patient.ts';
import { authorOf, isHealthProfessional } from '../shared/signature.ts';
import { type Kit, type Submission, type Visit, leave, param } from '../shared/visit.ts';
import { freshForm, readResult } from './form.ts';
import { formBody, listBody, statisticsBody } from './pages.ts';
import { type Records, testsData } from './records.ts';
import { TEXTS } from './texts.ts';

/** The routes of *SI-DEP*: one function for each. */

interface Service {
  kit: Kit;
  chrome: Chrome;
  records: Records;
  log: AccessLog;
  /** What Vaccin Covid has too; without it nothing is joined. */
  joinKey: string | undefined;
}

const link = (href: string, key: keyof (typeof TEXTS)['fr']['nav']): Link => ({
  href,
  label: { fr: TEXTS.fr.nav[key], en: TEXTS.en.nav[key] },
});

export const STATISTICS_LINK = link('/statistiques', 'statistics');
const HOME = link('/', 'home');
const LINKS = [
  HOME,
  link('/resultats/nouveau', 'add'),
  link('/resultats', 'list'),
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

const forHealth =
  <V extends Visit>(service: Service, handler: (visit: V) => void) =>
  (visit: V): void =>
    isHealthProfessional(visit.person.nationalId) ? handler(visit) : refuse(service, visit, 'notHealth');

const showForm = ({ chrome }: Service, visit: Visit, form: Form, status = 200): void => {
  const { locale, session } = visit;
  const body = formBody(locale, { form, csrf: session.csrf, author: authorOf(visit) });
  chrome.show(visit, { title: TEXTS[locale].form.title, body, status, path: '/resultats/nouveau' });
};

const newResult = (service: Service) => (visit: Visit) => {
  const [last] = service.records.list(visit.person.nationalId);
  showForm(service, visit, freshForm(last?.kind, service.kit.service.now()));
};

const saveResult = (service: Service) => (submission: Submission) => {
  const { kit, records, log } = service;
  const { ctx, form, locale, session } = submission;
  const read = readResult(form, locale, kit.service.now());
  if ('form' in read) return showForm(service, submission, read.form, 422);
  const author = authorOf(submission);
  const done = records.record(read.draft, author);
  if (done === 'refused') return refuse(service, submission, 'notYours', read.draft.id);
  if (done === 'recorded') log.write(author, 'record', read.draft.id);
  session.notes.set('done', done === 'recorded' ? 'saved' : 'already');
  return leave(ctx, '/resultats');
};

const DONE = ['saved', 'already', 'cancelledNow'] as const;

const listResults = (service: Service) => (visit: Visit) => {
  const { chrome, records, log } = service;
  const { locale, person, session } = visit;
  log.write(authorOf(visit), 'list');
  const note = session.notes.get('done');
  session.notes.delete('done');
  const body = listBody(locale, {
    rows: records.list(person.nationalId),
    holds: records.holds,
    csrf: session.csrf,
    done: DONE.find((one) => one === note),
  });
  chrome.show(visit, { title: TEXTS[locale].list.title, body, wide: true });
};

const cancelResult = (service: Service) => (submission: Submission) => {
  const { records, log } = service;
  const { ctx, person, session } = submission;
  const found = records.find(param(ctx, 'id'));
  if (!found) return;
  if (found.author !== person.nationalId) return refuse(service, submission, 'notYours', found.id);
  if (records.cancel(found.id, person.nationalId)) {
    log.write(authorOf(submission), 'cancel', found.id);
    session.notes.set('done', 'cancelledNow');
  }
  leave(ctx, '/resultats');
};

const showAccess =
  ({ chrome, log }: Service) =>
  (visit: Visit) => {
    const { locale, person } = visit;
    const body = accessBody(locale, {
      mine: log.by(person.nationalId),
      others: log.byOthers(person.nationalId, 'test'),
      rules: TEXTS[locale].rules,
    });
    chrome.show(visit, { title: ACCESS_TEXTS[locale].title, body, wide: true });
  };

const showStatistics =
  ({ chrome, records }: Service) =>
  (ctx: Context) =>
    chrome.showAnyone(ctx, (locale) => ({
      title: TEXTS[locale].statistics.title,
      body: statisticsBody(locale, records.weeks()),
      wide: true,
    }));

const sendData =
  ({ records, kit }: Service) =>
  (ctx: Context) => {
    const format = param(ctx, 'file') === 'tests.csv' ? 'csv' : 'json';
    if (param(ctx, 'file') !== `tests.${format}`) return;
    answerData(ctx, testsData(records.weeks()), format, kit.service.now());
  };

/** The results under pseudonyms, to the service that shows the key's token; to nobody else, and to no browser. */
const sendJoin =
  ({ records, joinKey }: Service) =>
  (ctx: Context) => {
    if (joinKey === undefined) return;
    const given = Buffer.from(ctx.get('authorization'));
    const expected = Buffer.from(`Bearer ${joinToken(joinKey)}`);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      ctx.status = 401;
      ctx.set('WWW-Authenticate', 'Bearer');
      ctx.body = { error: 'invalid_token' };
      return;
    }
    ctx.body = { results: records.joined(joinKey) };
  };

/** All routes. */
export const resultRoutes = (kit: Kit, options: Omit<Service, 'kit' | 'chrome'>): Router => {
  const service: Service = { ...options, kit, chrome: createChrome(kit, LINKS, [HOME, STATISTICS_LINK]) };
  return new Router()
    .get('/resultats', kit.page(forHealth(service, listResults(service))))
    .post('/resultats', kit.action(forHealth(service, saveResult(service))))
    .get('/resultats/nouveau', kit.page(forHealth(service, newResult(service))))
    .post('/resultats/:id/annuler', kit.action(forHealth(service, cancelResult(service))))
    .get('/acces', kit.page(showAccess(service)))
    .get('/statistiques', showStatistics(service))
    .get('/donnees/:file', sendData(service))
    .get('/rapprochement', sendJoin(service));
};
