import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAudit } from '../../src/audit/record.ts';
import { changeContact } from '../../src/registry/contacts.ts';
import { importFile } from '../../src/registry/import.ts';
import {
  DEVICE,
  reachPin,
  PIN,
  refusal,
  startEcpsSite,
  type EcpsSite,
  type Person,
} from '../support/ecps-site.ts';
import { HttpClient, hiddenFields } from '../support/http-client.ts';
import { blocks, doctor, file, HEADERS, rpps, type Values } from '../support/registry.ts';

const HOUR = 3600;

let site: EcpsSite;
beforeAll(async () => {
  site = await startEcpsSite();
});
beforeEach(async () => {
  site.clock.advance(2 * HOUR);
  await site.tellContacts();
});

const desk = (person: Person, given: { email?: string; phone?: string }) =>
  changeContact(
    { db: site.db, clock: site.clock, audit: createAudit({ clock: site.clock }), contactDelayHours: 72 },
    { nationalId: person.nationalId, ...given },
  );
const idOf = async ({ nationalId }: Person) => (await site.registry.find(nationalId))?.id ?? '';
const stateOf = async (person: Person) => site.registry.contact(await idOf(person));
const activation = (person: Person) =>
  site.phone().activate({ nationalId: person.nationalId, device: DEVICE });

/** Changes, tells, and gives the link that the former address received. */
const changed = async (person: Person, given: { email?: string; phone?: string }) => {
  await desk(person, given);
  await site.tellContacts();
  const [mail] = await site.mails(person);
  const link = /https?:\/\/\S+\/coordonnees\/arreter\/[\w-]+/.exec(mail?.text ?? '')?.[0];
  if (link === undefined) throw new Error(`no stop link: ${mail?.text}`);
  return { mail, link, path: new URL(link).pathname };
};

const press = async (path: string) => {
  const browser = new HttpClient(site.origin);
  const page = await browser.get(path);
  const html = await page.text();
  const answer = await browser.post(path, hiddenFields(html));
  return { html, status: answer.status, done: await answer.text() };
};

describe('a change of contact details', () => {
  it('serves 72 hours later, to the second, and the clock restarts with each change', async () => {
    const person = site.person();
    const { effectiveAt } = await desk(person, { email: 'nouvelle@exemple.test' });
    expect(effectiveAt).toEqual(new Date(site.clock.now().getTime() + 72 * HOUR * 1000));
    expect(await refusal(activation(person))).toMatchObject({ code: 'contact_too_recent' });
    site.clock.advance(71 * HOUR);
    await desk(person, { phone: '06 39 98 77 01' });
    site.clock.advance(72 * HOUR - 1);
    expect(await stateOf(person)).toMatchObject({ state: 'too_recent' });
    site.clock.advance(1);
    expect(await stateOf(person)).toEqual({
      state: 'ok',
      email: 'nouvelle@exemple.test',
      phone: '+33639987701',
    });
    await activation(person);
  });

  it('that says what already holds restarts nothing, and is told nobody', async () => {
    const person = site.person();
    expect(
      await desk(person, { email: person.email.toUpperCase().replace(/@.*/, (at) => at.toLowerCase()) }),
    ).toMatchObject({
      outcome: 'declared',
    });
    await desk(person, { email: person.email });
    const before = await site.registry.contactHistory(await idOf(person));
    expect(await desk(person, { email: person.email, phone: person.phone })).toMatchObject({
      outcome: 'unchanged',
    });
    expect(await site.registry.contactHistory(await idOf(person))).toEqual(before);
  });

  it('and back restarts the clock too', async () => {
    const person = site.person();
    await desk(person, { email: 'autre@exemple.test' });
    site.clock.advance(HOUR);
    const { effectiveAt } = await desk(person, { email: person.email });
    expect(effectiveAt).toEqual(new Date(site.clock.now().getTime() + 72 * HOUR * 1000));
  });

  it('is told at once by mail and SMS where the person was reached, the unchanged address included', async () => {
    const person = site.person();
    const { mail } = await changed(person, { phone: '06 39 98 77 02' });
    expect(mail?.subject).toContain('coordonnées ont été modifiées');
    expect(mail?.text).toContain('Un nouveau numéro de téléphone');
    expect(mail?.text).not.toContain('39 98 77 02');
    const [sms] = await site.sms(person);
    expect(sms?.text).toMatch(/Vos coordonnées e-CPS ont changé.*\/coordonnees\/arreter\/[\w-]{22}$/);
    expect(sms?.text.length).toBeLessThanOrEqual(160);
    expect(await site.inbox.messages({ to: '+33639987702' })).toEqual([]);
    expect(await site.tellContacts()).toBe(0);
  });

  it('of a change tells the one who held before both', async () => {
    const person = site.person();
    await changed(person, { email: 'pirate@exemple.test', phone: '0639987703' });
    await desk(person, { email: 'pirate2@exemple.test' });
    await site.tellContacts();
    const subjects = (await site.mails(person)).map(({ subject }) => subject);
    expect(subjects.filter((subject) => subject?.includes('modifiées'))).toHaveLength(2);
  });

  it('refuses what nobody could be reached at, and unknown people', async () => {
    const person = site.person();
    await expect(desk(person, { email: 'x@' })).rejects.toMatchObject({ code: 'contact_malformed' });
    await expect(
      desk({ ...person, nationalId: rpps(99_999) }, { email: 'a@exemple.test' }),
    ).rejects.toMatchObject({
      code: 'identifier_unknown',
    });
    await expect(desk({ ...person, nationalId: '12' }, { email: 'a@exemple.test' })).rejects.toMatchObject({
      code: 'identifier_malformed',
    });
  });
});

describe('the stop link', () => {
  it('shows, changes nothing, then cancels: what held before holds at once', async () => {
    const person = site.person();
    const { path } = await changed(person, { email: 'pirate@exemple.test' });
    const browser = new HttpClient(site.origin);
    for (let turn = 0; turn < 3; turn += 1) {
      const page = await browser.get(path);
      expect(page.status).toBe(200);
      expect(await page.text()).toContain('Un nouveau courriel a été déclaré');
    }
    expect(await stateOf(person)).toMatchObject({ state: 'too_recent' });
    const { status, done } = await press(path);
    expect(status).toBe(200);
    expect(done).toContain('Le changement est annulé');
    expect(await stateOf(person)).toEqual({ state: 'ok', email: person.email, phone: person.phone });
    await activation(person);
    expect(await site.audited(person.nationalId)).toContain('contact_change_stopped');
    expect((await press(path)).html).toContain('Le changement est annulé');
    expect(
      (await site.registry.contactHistory(await idOf(person))).map(({ origin, stoppedAt }) => [
        origin,
        stoppedAt !== undefined,
      ]),
    ).toEqual([
      ['stop_link', false],
      ['desk', true],
      ['import', false],
    ]);
  });

  it('tells both sides, and nobody else', async () => {
    const person = site.person();
    const { path } = await changed(person, { email: `neuf-${person.nationalId}@exemple.test` });
    await press(path);
    expect((await site.mails(person))[0]?.subject).toContain('a été annulé');
    const other = await site.mails({ ...person, email: `neuf-${person.nationalId}@exemple.test` });
    expect(other.map(({ subject }) => subject)).toEqual(['Un changement de vos coordonnées a été annulé']);
    expect(await site.tellContacts()).toBe(0);
  });

  it('of an earlier change cancels all that came after', async () => {
    const person = site.person();
    const { path } = await changed(person, { email: 'un@exemple.test' });
    await desk(person, { email: 'deux@exemple.test', phone: '0639987704' });
    await desk(person, { phone: '0639987705' });
    await press(path);
    expect(await stateOf(person)).toEqual({ state: 'ok', email: person.email, phone: person.phone });
    await site.tellContacts();
    expect(await site.inbox.messages({ to: 'deux@exemple.test', kind: 'sms' })).toEqual([]);
  });

  it('keeps the delay of an earlier change that was not stopped', async () => {
    const person = site.person();
    const { effectiveAt } = await desk(person, { phone: '0639987706' });
    await site.tellContacts();
    site.clock.advance(10 * HOUR);
    const { path } = await changed(person, { email: 'pirate@exemple.test' });
    await press(path);
    expect(await stateOf(person)).toEqual({ state: 'too_recent', availableAt: effectiveAt });
  });

  it('still undoes 30 days after the change took effect, and ends what was activated with it; then says it is late', async () => {
    const person = site.person();
    const pirate = { ...person, email: 'pirate9@exemple.test', phone: '+33639987709' };
    const mine = await site.activated(person);
    const { path } = await changed(person, { email: pirate.email, phone: pirate.phone });
    site.clock.advance(73 * HOUR);
    const theirs = site.phone();
    await reachPin(site, pirate, theirs);
    await theirs.enrol(PIN);
    await press(path);
    expect((await site.ecps.devices.list(person.nationalId)).map(({ state }) => state)).toEqual(['active']);
    expect(
      (await site.audited(person.nationalId)).filter((type) => type === 'ecps.device_revoked'),
    ).toHaveLength(1);
    expect((await mine.me()).device.state).toBe('active');
    expect(await stateOf(person)).toEqual({ state: 'ok', email: person.email, phone: person.phone });

    const late = site.person();
    const { path: lateLink } = await changed(late, { email: 'legitime@exemple.test' });
    site.clock.advance((72 + 30 * 24) * HOUR + 1);
    const page = await new HttpClient(site.origin).get(lateLink);
    expect(page.status).toBe(410);
    expect(await page.text()).toContain('contact_stop_late');
    expect(await stateOf(late)).toMatchObject({ state: 'ok', email: 'legitime@exemple.test' });
  });

  it('serves once, whoever presses at once', async () => {
    const person = site.person();
    const { path } = await changed(person, { email: 'pirate@exemple.test' });
    const browsers = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const browser = new HttpClient(site.origin);
        return { browser, fields: hiddenFields(await (await browser.get(path)).text()) };
      }),
    );
    const answers = await Promise.all(browsers.map(({ browser, fields }) => browser.post(path, fields)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const history = await site.registry.contactHistory(await idOf(person));
    expect(history.filter(({ origin }) => origin === 'stop_link')).toHaveLength(1);
  });

  it('needs the form of our own page, and a link that was sent', async () => {
    const person = site.person();
    const { path } = await changed(person, { email: 'pirate@exemple.test' });
    const browser = new HttpClient(site.origin);
    expect((await browser.post(path, {})).status).toBe(403);
    expect(
      (
        await browser.post(path, hiddenFields(await (await browser.get(path)).text()), {
          origin: 'https://ailleurs.example',
        })
      ).status,
    ).toBe(403);
    expect(await stateOf(person)).toMatchObject({ state: 'too_recent' });
    expect((await browser.get(`${path}x`)).status).toBe(404);
    expect((await browser.get('/coordonnees/arreter/%00')).status).toBe(404);
  });
});

describe('changes at once', () => {
  it('of one value each lose none', async () => {
    const person = site.person();
    await Promise.all([
      ...Array.from({ length: 8 }, (_, n) => desk(person, { email: `e${n}@exemple.test` })),
      ...Array.from({ length: 8 }, (_, n) => desk(person, { phone: `063998011${n}` })),
    ]);
    const [newest, ...older] = await site.registry.contactHistory(await idOf(person));
    expect(newest?.email).toMatch(/^e\d@exemple/);
    expect(newest?.phone).toMatch(/^\+3363998011\d$/);
    expect(older).toHaveLength(16);
  });
});

describe('changes by an import', () => {
  const people: Values[] = [
    doctor(501, { email: 'avant501@exemple.test' }),
    doctor(502, { email: '', phone: '' }),
  ];
  const load = (values: readonly Values[]) =>
    importFile(site.db, blocks(file(HEADERS[50], values)), {
      ...{ clock: site.clock, contactDelayHours: 72, source: 'fichier-du-test' },
      allowChange: 100,
    });
  const person = (serial: number): Person => ({
    nationalId: rpps(serial),
    email: `avant${serial}@exemple.test`,
    phone: '',
  });

  it('are told too; those of a first import, and first declarations, are told nobody', async () => {
    await load(people);
    expect(await site.tellContacts()).toBe(0);
    expect(await stateOf(person(501))).toMatchObject({ state: 'ok' });
    site.clock.advance(HOUR);
    await load([
      doctor(501, { email: 'apres501@exemple.test' }),
      doctor(502, { email: 'premier502@exemple.test', phone: '0639980502' }),
      doctor(503),
    ]);
    await site.tellContacts();
    expect(await stateOf(person(501))).toMatchObject({ state: 'too_recent' });
    expect(await stateOf(person(502))).toMatchObject({ state: 'too_recent' });
    const [mail] = await site.mails(person(501));
    expect(mail?.text).toContain('Un nouveau courriel');
    expect(await site.inbox.messages({ to: 'premier502@exemple.test' })).toEqual([]);
    const path = new URL(/http\S+arreter\S+/.exec(mail?.text ?? '')?.[0] ?? '').pathname;
    await press(path);
    expect(await stateOf(person(501))).toMatchObject({ state: 'ok', email: 'avant501@exemple.test' });
    await load([
      doctor(501, { email: 'apres501@exemple.test' }),
      doctor(502, { email: 'premier502@exemple.test', phone: '0639980502' }),
      doctor(503),
    ]);
    expect(await stateOf(person(501))).toMatchObject({ state: 'ok', email: 'avant501@exemple.test' });
  });
});
