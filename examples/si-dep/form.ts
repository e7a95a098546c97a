import { randomUUID } from 'node:crypto';
import { addDays, dayOf, showDay } from '../shared/dates.ts';
import { type Form, createReader, typedValues } from '../shared/forms.ts';
import type { Locale } from '../shared/practitioner.ts';
import { type Draft, KINDS, RECORD_DAYS, RESULTS } from './records.ts';
import { TEXTS } from './texts.ts';

/** The form of a test result: what it begins with, and what is made of what was typed. */

/** An empty form; `kind` is what the same person used last. */
export const freshForm = (kind: string | undefined, now: Date): Form => ({
  values: { id: randomUUID(), kind: kind ?? 'pcr', result: '', sampledOn: showDay(dayOf(now)) },
  problems: {},
});

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Reads the form: a draft to record, or the form again with what is to be corrected. */
export const readResult = (
  form: URLSearchParams,
  locale: Locale,
  now: Date,
): { draft: Draft } | { form: Form } => {
  const t = TEXTS[locale].form;
  const today = dayOf(now);
  const { text, day, patient: readPatient, problems } = createReader(form, locale, today);
  const patient = readPatient();
  const typedKind = text('kind', t.kind);
  const typedResult = text('result', t.result);
  const sampledOn = day('sampledOn', t.sampledOn);
  const kind = KINDS.find((one) => one === typedKind);
  const result = RESULTS.find((one) => one === typedResult);
  if (typedKind && !kind) problems['kind'] = t.kindWrong;
  if (typedResult && !result) problems['result'] = t.resultWrong;
  if (sampledOn && sampledOn < addDays(today, -RECORD_DAYS)) problems['sampledOn'] = t.tooOld;
  else if (sampledOn && patient.birthDate && sampledOn < patient.birthDate)
    problems['sampledOn'] = t.beforeBirth;
  if (Object.keys(problems).length > 0 || !kind || !result) {
    return { form: { values: typedValues(form), problems } };
  }
  const id = form.get('id') ?? '';
  return { draft: { id: UUID.test(id) ? id : randomUUID(), patient, kind, result, sampledOn } };
};
