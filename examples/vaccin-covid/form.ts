import { randomUUID } from 'node:crypto';
import { dayOf, showDay } from '../shared/dates.ts';
import { type Form, createReader, typedValues } from '../shared/forms.ts';
import type { Locale, Practitioner } from '../shared/practitioner.ts';
import type { Draft, Vaccination } from './records.ts';
import { TEXTS } from './texts.ts';
import { CAMPAIGN_START, isSite, isVaccine } from './vaccines.ts';

/** The form of a vaccination: what it begins with, and what is made of what was typed. */

/** An empty form, with all that can be known before: today, and what the same person used last. */
export const freshForm = (person: Practitioner, last: Vaccination | undefined, now: Date): Form => ({
  values: {
    id: randomUUID(),
    vaccine: last?.vaccine ?? '',
    lot: last?.lot ?? '',
    site: last?.site ?? 'left_arm',
    dose: '',
    injectedOn: showDay(dayOf(now)),
    place: last?.place ?? person.activities.find(({ place }) => place)?.place ?? '',
  },
  problems: {},
});

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Reads the form: a draft to record, or the form again with what is to be corrected. */
export const readVaccination = (
  form: URLSearchParams,
  locale: Locale,
  now: Date,
): { draft: Draft } | { form: Form } => {
  const t = TEXTS[locale].form;
  const today = dayOf(now);
  const { text, day, patient: readPatient, problems } = createReader(form, locale, today);
  const patient = readPatient();
  const vaccine = text('vaccine', t.vaccine);
  const site = text('site', t.site);
  const lot = text('lot', t.lot).toUpperCase().replaceAll(' ', '');
  const injectedOn = day('injectedOn', t.injectedOn);
  const place = text('place', t.place, { optional: true });
  const dose = text('dose', t.dose, { optional: true });
  const id = form.get('id') ?? '';
  if (vaccine && !isVaccine(vaccine)) problems['vaccine'] = t.vaccineWrong;
  if (site && !isSite(site)) problems['site'] = t.siteWrong;
  if (!problems['lot'] && !/^[A-Z0-9-]{3,20}$/.test(lot)) problems['lot'] = t.lotWrong;
  if (dose && !/^[1-9]$/.test(dose)) problems['dose'] = t.doseWrong;
  if (injectedOn && injectedOn < CAMPAIGN_START)
    problems['injectedOn'] = t.beforeCampaign(showDay(CAMPAIGN_START));
  else if (injectedOn && patient.birthDate && injectedOn < patient.birthDate) {
    problems['injectedOn'] = t.beforeBirth;
  }
  if (Object.keys(problems).length > 0 || !isVaccine(vaccine) || !isSite(site)) {
    return { form: { values: typedValues(form), problems } };
  }
  return {
    draft: {
      id: UUID.test(id) ? id : randomUUID(),
      patient,
      vaccine,
      site,
      lot,
      injectedOn,
      place,
      dose: dose ? Number(dose) : undefined,
    },
  };
};
