import { errorText, isErrorCode } from '../../views/locales/errors.ts';
import { support as en } from '../../views/locales/en/support.ts';
import { support as fr } from '../../views/locales/fr/support.ts';
import { common, inLocale, type Locale } from '../../views/locales/index.ts';
import type { MessageFate } from '../messages/service.ts';
import { professionLabel } from '../registry/nomenclatures.ts';
import { diagnose, type Problem } from './diagnose.ts';
import type { KeptRefusal } from './refusals.ts';
import type { SeenActivation, SeenLostCard, SeenPhone, SeenRefusal, SupportView } from './view.ts';

/** The help desk's screen: 80 columns, at most 40 lines, what is wrong first. */

export interface ScreenOptions {
  locale: Locale;
  timeZone: string;
  ordreUrl: string;
  contactDelayHours: number;
}

export const WIDTH = 80;
const MARGIN = 12;

const textsOf = (locale: Locale) => inLocale(locale, { fr, en });
type Texts = ReturnType<typeof textsOf>;

/** « 23/11 14:05 », with the year when it is another one. */
const createDates = ({ timeZone }: ScreenOptions, now: Date) => {
  const format = new Intl.DateTimeFormat('fr-FR', {
    timeZone,
    ...{ day: '2-digit', month: '2-digit', year: 'numeric', hour: '2-digit', minute: '2-digit' },
  });
  const parts = (instant: Date) =>
    Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  const year = parts(now)['year'];
  return (instant: Date): string => {
    const of = parts(instant);
    const day = `${of['day']}/${of['month']}${of['year'] === year ? '' : `/${of['year']}`}`;
    return `${day} ${of['hour']}:${of['minute']}`;
  };
};

/** Words on lines of at most this width. */
export const wrap = (text: string, width: number): string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
};

const cut = (text: string, width: number): string =>
  [...text].length <= width ? text : `${[...text].slice(0, width - 1).join('')}…`;

/** Lines beside a label; names from outside cannot draw on the terminal. */
const block = (label: string, lines: readonly string[]): string[] =>
  lines.map((line, index) =>
    cut(`${(index === 0 ? label : '').padEnd(MARGIN)}${line.replaceAll(/\p{Cc}/gu, '?')}`, WIDTH),
  );

interface Drawing {
  t: Texts;
  date: (instant: Date) => string;
  options: ScreenOptions;
}

/** A refusal's code in words, if the catalogue has them. */
const meaning = (code: string, { options }: Drawing) =>
  isErrorCode(code)
    ? errorText(options.locale, code, { ordreUrl: options.ordreUrl, timeZone: options.timeZone })
    : undefined;

const factsOf = (problem: Problem, drawing: Drawing): Record<string, string> => {
  const { t, date, options } = drawing;
  const words = Object.entries(problem.facts).map(([name, value]): [string, string] => {
    if (value instanceof Date) return [name, date(value)];
    if (name === 'wait') return [name, common(options.locale).duration(Number(value))];
    if (name === 'step') return [name, t.activation[value as SeenActivation['step']]];
    if (name === 'missing') {
      const missing = String(value).split('+') as ('email' | 'phone')[];
      return [name, missing.map((one) => t.contact[one]).join(', ')];
    }
    return [name, value === '' ? '?' : String(value)];
  });
  const reason = problem.facts['reason'];
  const card = typeof reason === 'string' ? meaning(reason, drawing) : undefined;
  return {
    delay: String(options.contactDelayHours),
    ...Object.fromEntries(words),
    ...(card ? { title: card.title, action: card.action } : {}),
  };
};

/** A problem in two sentences. */
export interface Told {
  code: string;
  says: string;
  tell: string;
}

const tellProblem = (problem: Problem, drawing: Drawing): Told => {
  const { says, tell } = drawing.t.problems[problem.code];
  const facts = factsOf(problem, drawing);
  return { code: problem.code, says: says(facts), tell: tell(facts) };
};

const createDrawing = (view: Pick<SupportView, 'at'>, options: ScreenOptions): Drawing => ({
  t: textsOf(options.locale),
  date: createDates(options, view.at),
  options,
});

/** What is wrong, in words, the most important first. */
export const tellProblems = (view: SupportView, options: ScreenOptions): Told[] => {
  const drawing = createDrawing(view, options);
  return diagnose(view).map((one) => tellProblem(one, drawing));
};

const activationLine = (one: SeenActivation, { t, date }: Drawing): string =>
  [
    date(one.startedAt),
    `${t.activation[one.state]}${one.state === 'expired' ? ` (${t.activation[one.step]})` : ''}`,
    ...(one.silent ? [t.silent] : []),
    ...(one.wrongTries > 0 ? [t.tries(one.wrongTries)] : []),
    one.device,
  ].join(' · ');

const messageLine = (one: MessageFate, { t, date }: Drawing): string =>
  [
    date(one.createdAt),
    `${one.kind} ${one.template}`,
    one.recipient,
    t.message[one.state],
    ...(one.lastError === undefined ? [] : [one.lastError]),
  ].join(' · ');

/** A phone takes two lines: what the person knows of it, then its id, for who acts. */
const phoneLines = (one: SeenPhone, { t, date }: Drawing): string[] => {
  const state = t.phone[one.state];
  const told: Partial<Record<SeenPhone['state'], string | undefined>> = {
    quarantine: one.quarantineUntil && t.until(date(one.quarantineUntil)),
    active: t.until(date(one.renewBy)),
    expired: t.since(date(one.renewBy)),
  };
  const when = told[one.state] ?? (one.endedAt && t.since(date(one.endedAt)));
  const used = one.lastUsedAt === undefined ? t.neverUsed : t.used(date(one.lastUsedAt));
  const why = one.endedWhy === undefined ? '' : ` (${one.endedWhy})`;
  return [
    `${cut(one.name, 24)} · ${state}${when === undefined ? '' : ` ${when}`}${why} · ${used}`,
    [
      `  ${one.id}`,
      ...(one.state === 'active' && one.pin.triesLeft < 5 ? [t.triesLeft(String(one.pin.triesLeft))] : []),
      ...(one.state === 'active' && !one.notifications ? [t.silentPhone] : []),
    ].join(' · '),
  ];
};

const cardLine = (one: SeenLostCard, { t, date }: Drawing): string =>
  [
    `${one.cardType} ${one.cardNumber}`,
    one.lost ? t.cardLost(date(one.lost.at)) : t.cardUntil(date(one.notAfter)),
    t.used(date(one.lastAt)),
  ].join(' · ');

/** A code, and what it means. */
const codeText = (code: string, drawing: Drawing): string => {
  const { codes } = drawing.t;
  const own = Object.hasOwn(codes, code) ? codes[code as keyof typeof codes] : undefined;
  const words = own ?? meaning(code, drawing)?.title;
  return words === undefined ? code : `${code} : ${words}`;
};

const refusalLine = (one: SeenRefusal, drawing: Drawing): string =>
  [
    drawing.date(one.at),
    codeText(one.code, drawing),
    ...(one.supportId === undefined ? [] : [one.supportId]),
    ...(one.where === undefined ? [] : [one.where]),
  ].join(' · ');

/** At most so many lines of a list; a last one tells how many more there are. */
const listed = <T>(
  label: string,
  items: readonly T[],
  most: number,
  none: string,
  line: (item: T) => string | string[],
  t: Texts,
): string[] => {
  if (items.length === 0) return block(label, [none]);
  const shown = items.slice(0, items.length > most ? most - 1 : most);
  const rest = items.length - shown.length;
  return block(label, [...shown.flatMap(line), ...(rest > 0 ? [t.more(rest)] : [])]);
};

const registryLines = (view: SupportView, { t, date, options }: Drawing): string[] => {
  const { person } = view;
  if (!person) return block(t.labels.person, [view.nationalId]);
  const { professionCode, professionCategory } = person;
  const profession = professionLabel(professionCode, options.locale, professionCategory);
  const byHand = person.statusSetAt === undefined ? '' : t.byHand(date(person.statusSetAt));
  const missing = person.missingSince === undefined ? '' : t.missingSince(date(person.missingSince));
  return [
    ...block(t.labels.person, [
      [view.nationalId, person.name, ...(profession === '' ? [] : [profession])].join(' · '),
    ]),
    ...block(t.labels.registry, [
      `${t.status[person.status]}${byHand}${missing} · ${t.source(person.source)}`,
    ]),
  ];
};

const contactLines = ({ contact }: SupportView, { t, date }: Drawing): string[] => {
  const missing = contact.missing.map((one) => t.contact[one]).join(', ');
  const { declaredAt, effectiveAt, origin = '' } = contact;
  return block(t.labels.contact, [
    contact.missing.length === 2
      ? t.contact.none(missing)
      : t.contact.line(
          contact.email ?? t.contact.none(t.contact.email),
          contact.phone ?? t.contact.none(t.contact.phone),
        ),
    ...(declaredAt && effectiveAt && contact.state !== 'missing'
      ? [
          contact.state === 'ok'
            ? t.contact.since(date(declaredAt), origin)
            : t.contact.from(date(declaredAt), date(effectiveAt), origin),
        ]
      : []),
  ]);
};

const signInLine = (view: SupportView, { t, date }: Drawing): string =>
  [
    view.lastSignIn ? t.lastSignIn(date(view.lastSignIn.at), view.lastSignIn.clientId) : t.none.signIn,
    ...(view.lastAsk ? [t.lastAsk(date(view.lastAsk.at))] : []),
  ].join(' · ');

/** What is wrong and what to say, then what is known, then what can be done. */
export const drawSupport = (view: SupportView, options: ScreenOptions): string => {
  const drawing = createDrawing(view, options);
  const { t } = drawing;
  const [first, ...others] = tellProblems(view, options);
  const head = [
    ...wrap(first?.says ?? '', WIDTH).slice(0, 3),
    ...wrap(first?.tell ?? '', WIDTH - MARGIN)
      .slice(0, 4)
      .map((line, index) => `${(index === 0 ? t.labels.tell : '').padEnd(MARGIN)}${line}`),
    ...block(
      t.labels.also,
      others.slice(0, 2).map(({ says }) => says),
    ),
  ];
  const known = view.person
    ? [
        ...contactLines(view, drawing),
        ...listed(
          t.labels.activations,
          view.activations,
          3,
          t.none.activations,
          (one) => activationLine(one, drawing),
          t,
        ),
        ...listed(
          t.labels.messages,
          view.messages,
          4,
          t.none.messages,
          (one) => messageLine(one, drawing),
          t,
        ),
        ...listed(t.labels.phones, view.phones, 4, t.none.phones, (one) => phoneLines(one, drawing), t),
        ...listed(t.labels.cards, view.cards, 3, t.none.cards, (one) => cardLine(one, drawing), t),
      ]
    : [];
  const ending = [
    ...listed(t.labels.refusals, view.refusals, 5, t.none.refusals, (one) => refusalLine(one, drawing), t),
    ...(view.person
      ? [...block(t.labels.signIn, [signInLine(view, drawing)]), ...block(t.labels.acts, [t.actions])]
      : []),
  ];
  return `${[...head, '', ...registryLines(view, drawing), ...known, ...ending].join('\n')}\n`;
};

/** A refusal found by its support id. */
export const drawRefusal = (refusal: KeptRefusal, at: Date, options: ScreenOptions): string => {
  const drawing = createDrawing({ at }, options);
  const { t, date } = drawing;
  const words = meaning(refusal.code, drawing);
  return `${[
    t.supportId(refusal.supportId, date(refusal.at)),
    cut(`${codeText(refusal.code, drawing)} · ${t.route(refusal.route)}`, WIDTH),
    ...(words ? wrap(`${words.text} ${words.action}`, WIDTH) : []),
    ...(refusal.nationalId === undefined ? wrap(t.supportIdAnonymous, WIDTH) : ['']),
  ].join('\n')}\n`;
};
