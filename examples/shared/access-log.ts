import { html, type Raw } from './html.ts';
import { showInstant, yearsBefore, dayOf } from './dates.ts';
import type { Database } from './database.ts';
import type { Locale } from './practitioner.ts';
import type { Author } from './signature.ts';

/**
 * Who looked at what, and when: one row for each list, each record opened, each change and each refusal. It never says
 * what was searched for, nor anything of the patient. Kept for a year, then erased.
 */

export const ACCESS_LOG_SCHEMA = `
  create table access_log (
    id integer primary key,
    at text not null,
    national_id text not null,
    name text not null,
    action text not null check (action in ('list', 'search', 'open', 'seen_beside', 'record', 'cancel', 'refused')),
    record_id text
  ) strict;
  create index access_log_who on access_log (national_id, id);
  create index access_log_record on access_log (record_id, id)`;

export type Action = 'list' | 'search' | 'open' | 'seen_beside' | 'record' | 'cancel' | 'refused';

export interface Access {
  at: string;
  national_id: string;
  name: string;
  action: Action;
  record_id: string | null;
}

export const ACCESS_LOG_YEARS = 1;
const SHOWN = 100;

const COLUMNS = 'at, national_id, name, action, record_id';

/** The log of one service; `now` is its clock. */
export const createAccessLog = (db: Database, now: () => Date) => ({
  write(who: Pick<Author, 'nationalId' | 'name'>, action: Action, recordId: string | null = null): void {
    db.run(
      `insert into access_log (${COLUMNS}) values (?, ?, ?, ?, ?)`,
      now().toISOString(),
      who.nationalId,
      who.name,
      action,
      recordId,
    );
  },
  /** What one person did, newest first. */
  by: (nationalId: string): Access[] =>
    db.all(
      `select ${COLUMNS} from access_log where national_id = ? order by id desc limit ${SHOWN}`,
      nationalId,
    ),
  /** What others did with the records that one person signed, newest first; `table` is where records live. */
  byOthers: (nationalId: string, table: 'vaccination' | 'test'): Access[] =>
    db.all(
      `select log.at, log.national_id, log.name, log.action, log.record_id
         from access_log log join ${table} record on record.id = log.record_id
        where record.author = ? and log.national_id <> ? order by log.id desc limit ${SHOWN}`,
      nationalId,
      nationalId,
    ),
  /** Erases what is older than the year it is kept. */
  purge: (): number =>
    db.run('delete from access_log where at < ?', yearsBefore(dayOf(now()), ACCESS_LOG_YEARS)),
});

export type AccessLog = ReturnType<typeof createAccessLog>;

const fr = {
  title: 'Qui a consulté quoi',
  intro:
    'Chaque liste, chaque fiche ouverte, chaque enregistrement et chaque refus laisse une ligne ici. Le patient et les mots recherchés n’y figurent pas.',
  mine: 'Ce que vous avez consulté',
  others: 'Ce que d’autres ont vu des fiches que vous avez signées',
  none: 'Rien pour l’instant.',
  when: 'Quand',
  who: 'Qui',
  what: 'Quoi',
  record: 'Fiche',
  rules: 'Les règles',
  actions: {
    list: 'Liste affichée',
    search: 'Recherche dans la liste',
    open: 'Fiche ouverte',
    seen_beside: 'Vue avec une autre fiche du même patient',
    record: 'Enregistrement',
    cancel: 'Annulation',
    refused: 'Accès refusé',
  } satisfies Record<Action, string>,
};

const en: typeof fr = {
  title: 'Who looked at what',
  intro:
    'Each list, each record opened, each record made and each refusal leaves a line here. The patient and the words searched for are not in it.',
  mine: 'What you looked at',
  others: 'What others saw of the records you signed',
  none: 'Nothing so far.',
  when: 'When',
  who: 'Who',
  what: 'What',
  record: 'Record',
  rules: 'The rules',
  actions: {
    list: 'List shown',
    search: 'Search in the list',
    open: 'Record opened',
    seen_beside: 'Seen beside another record of the same patient',
    record: 'Record made',
    cancel: 'Cancellation',
    refused: 'Access refused',
  },
};

/** Says who did what, in a line or in a table. */
export const ACCESS_TEXTS: Record<Locale, typeof fr> = { fr, en };

const accessTable = (
  rows: readonly Access[],
  locale: Locale,
  { id, who }: { id: string; who: boolean },
): Raw => {
  const t = ACCESS_TEXTS[locale];
  if (rows.length === 0) return html`<p>${t.none}</p>`;
  return html`<table role="table" class="stack" aria-labelledby="${id}">
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">${t.when}</th>
        ${who && html`<th role="columnheader" scope="col">${t.who}</th>`}
        <th role="columnheader" scope="col">${t.what}</th>
        <th role="columnheader" scope="col">${t.record}</th>
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        ({ at, name, national_id: nationalId, action, record_id: record }) =>
          html`<tr role="row">
            <td role="cell" data-label="${t.when}">${showInstant(at, locale)}</td>
            ${who && html`<td role="cell" data-label="${t.who}">${name} · ${nationalId}</td>`}
            <td role="cell" data-label="${t.what}">${t.actions[action]}</td>
            <td role="cell" data-label="${t.record}">${record?.slice(0, 8) ?? '–'}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
};

/** The body of the page of accesses, with the rules that the service states and keeps. */
export const accessBody = (
  locale: Locale,
  logs: { mine: readonly Access[]; others: readonly Access[]; rules: readonly string[] },
): Raw => {
  const t = ACCESS_TEXTS[locale];
  return html`<h1>${t.title}</h1>
    <p>${t.intro}</p>
    <h2>${t.rules}</h2>
    <ul>
      ${logs.rules.map((rule) => html`<li>${rule}</li>`)}
    </ul>
    <h2 id="mine">${t.mine}</h2>
    ${accessTable(logs.mine, locale, { id: 'mine', who: false })}
    <h2 id="others">${t.others}</h2>
    ${accessTable(logs.others, locale, { id: 'others', who: true })}`;
};
