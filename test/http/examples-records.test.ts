import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  INJECTION,
  change,
  field,
  injections,
  origin,
  record,
  recordTest,
  rows,
  setNow,
  signedIn,
  startSiDep,
  startVaccin,
  stopAll,
  vaccin,
  useExamples,
} from './examples-fixture.ts';
import { Browser, PEOPLE, csrfOf, post } from './examples-harness.ts';

/** Recording vaccinations: what is kept, refused, shown to whom and for how long; over HTTP, as several people. */

useExamples();

describe('a vaccination', () => {
  beforeEach(() => startVaccin());

  it('is signed by the SubjectNameID of who records it', async () => {
    const ada = await signedIn('ada', origin('vaccin'));
    const { status, text, url } = await record(ada);
    expect(status).toBe(200);
    expect(url).toMatch(/\/vaccinations\/[0-9a-f-]{36}$/);
    expect(text).toContain('Enregistrée et signée');
    expect(text).toContain('vérifiée');
    expect(rows('vaccin', 'select author, author_name, author_acr, lot, dose from vaccination')).toEqual([
      {
        author: '899700000011',
        author_name: "Dr Ada N'Guyen <b>",
        author_acr: 'eidas1',
        lot: 'EJ6796',
        dose: 1,
      },
    ]);
    expect(text).not.toContain('<b>');
  });

  it.each(['ben', 'cleo'])('is recorded by %s, who has no place of practice, as by anyone', async (who) => {
    const doctor = await signedIn(who, origin('vaccin'));
    const { text } = await record(doctor);
    expect(text).toContain('Enregistrée et signée');
    expect(text).toContain(String(PEOPLE[who]?.['SubjectNameID']));
    expect((await doctor.open(vaccin('/vaccinations'))).text).toContain('1 fiche');
    expect((await doctor.open(vaccin('/'))).text).toContain('Aucun lieu d&#39;exercice');
  });

  it('is not recorded by an employee, who may read the figures', async () => {
    const employee = await signedIn('employee', origin('vaccin'));
    const answer = await employee.open(vaccin('/vaccinations/nouvelle'));
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('Seuls les professionnels de santé');
    expect((await employee.open(vaccin('/'))).text).not.toContain('href="/vaccinations/nouvelle"');
    expect((await employee.open(vaccin('/statistiques'))).status).toBe(200);
    expect(rows('vaccin', "select count(*) n from access_log where action = 'refused'")).toEqual([{ n: 1 }]);
  });

  it('begins with vaccine, lot, site and place of the one before, and with today', async () => {
    const ada = await signedIn('ada', origin('vaccin'));
    expect(field((await ada.open(vaccin('/vaccinations/nouvelle'))).text, 'place')).toBe('CABINET DES LILAS');
    await record(ada, { vaccine: 'moderna', site: 'right_arm', place: 'Gymnase' });
    setNow('2021-06-02T10:00:00Z');
    const { text } = await ada.open(vaccin('/vaccinations/nouvelle'));
    expect(text).toMatch(/value="moderna"\s+selected/);
    expect(text).toMatch(/value="right_arm"\s+selected/);
    expect([field(text, 'lot'), field(text, 'place'), field(text, 'injectedOn')]).toEqual([
      'EJ6796',
      'Gymnase',
      '02/06/2021',
    ]);
    expect([field(text, 'familyName'), field(text, 'birthDate')]).toEqual(['', '']);
  });

  it('sent twice is one, and says so', async () => {
    const ada = await signedIn('ada', origin('vaccin'));
    const id = randomUUID();
    const first = await record(ada, { id });
    const second = await record(ada, { id });
    expect(second.url).toBe(first.url);
    expect(second.text).toContain('rien n’a été enregistré deux fois');
    expect(await injections()).toBe(1);
  });

  it('gets the next dose by itself, and is refused twice on one day', async () => {
    const ada = await signedIn('ada', origin('vaccin'));
    await record(ada, { injectedOn: '01/05/2021' });
    expect((await record(ada, { familyName: 'LE-GOFF', givenName: 'MAELLE' })).text).toContain('2e dose');
    const again = await record(ada);
    expect(again.status).toBe(422);
    expect(again.text).toContain('déjà enregistrée pour ce patient');
  });

  it.each([
    [{ familyName: ' ' }, 'Nom de naissance : à remplir'],
    [{ givenName: 'x'.repeat(101) }, 'Prénom : 100 caractères au plus'],
    [{ birthDate: '31/02/1948' }, 'Date de naissance : ce jour n’existe pas'],
    [{ birthDate: '02/06/2021' }, 'Date de naissance : ce jour n’est pas encore venu'],
    [{ birthDate: '01/01/1899' }, 'Date de naissance : plus de 120 ans'],
    [{ postalCode: '6900' }, 'cinq chiffres'],
    [{ vaccine: 'snake-oil' }, 'Vaccin : choisissez dans la liste'],
    [{ site: 'nose' }, 'Site d&#39;injection : choisissez dans la liste'],
    [{ lot: 'a!' }, 'Numéro de lot : 3 à 20'],
    [{ dose: '0' }, 'Dose : un chiffre'],
    [{ injectedOn: '26/12/2020' }, 'la campagne a commencé le 27/12/2020'],
    [{ injectedOn: '02/06/2021' }, 'Date de l&#39;injection : ce jour n’est pas encore venu'],
    [{ birthDate: '01/05/2021', injectedOn: '30/04/2021' }, 'avant la naissance'],
  ])('with %j is sent back with the reason, and with what was typed', async (changes, reason) => {
    const ada = await signedIn('ada', origin('vaccin'));
    const { status, text } = await record(ada, changes);
    expect(status).toBe(422);
    expect(text).toContain(reason);
    expect(text).toContain('role="alert"');
    expect(field(text, 'lot')).toBe({ ...INJECTION, ...changes }.lot);
    expect(rows('vaccin', 'select count(*) n from vaccination')).toEqual([{ n: 0 }]);
  });

  it('is not recorded by another site’s form, nor without a session', async () => {
    const ada = await signedIn('ada', origin('vaccin'));
    expect((await record(ada, { csrf: 'guessed' })).status).toBe(403);
    const stranger = await new Browser().open(vaccin('/vaccinations'), post({ ...INJECTION, csrf: '' }));
    expect(stranger.status).toBe(403);
    expect(stranger.text).toContain('Rien n&#39;a été enregistré');
    expect(await injections()).toBe(0);
  });

  it('changed behind the service’s back no longer agrees with its signature', async () => {
    const ada = await signedIn('ada', origin('vaccin'));
    const { url } = await record(ada);
    change('vaccin', "update vaccination set lot = 'OTHER1'");
    expect((await ada.open(url)).text).toContain('NE CORRESPOND PLUS');
    change('vaccin', "update vaccination set lot = 'EJ6796'");
    expect((await ada.open(url)).text).toContain('vérifiée');
    change('vaccin', "update patient set match_key = 'SOMEBODY|ELSE|1948-01-31'");
    expect((await ada.open(url)).text).toContain('NE CORRESPOND PLUS');
  });

  it('leads to the reporting portal with the product, never with the patient', async () => {
    const { text } = await record(await signedIn('ada', origin('vaccin')));
    const link = /href="([^"]*signalement[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(Object.fromEntries(new URL(link).searchParams)).toEqual({
      produit: 'Comirnaty (Pfizer-BioNTech)',
      lot: 'EJ6796',
      dose: '1',
      date: '2021-06-01',
    });
  });

  it('cancelled stays with its reason, and counts nowhere', async () => {
    const ada = await signedIn('ada', origin('vaccin'));
    const { url, text } = await record(ada);
    expect((await ada.open(`${url}/annuler`, post({ csrf: csrfOf(text), reason: ' ' }))).status).toBe(422);
    expect(await injections()).toBe(1);
    const after = await ada.open(`${url}/annuler`, post({ csrf: csrfOf(text), reason: 'erreur de patient' }));
    expect(after.text).toContain('erreur de patient');
    expect(after.text).toContain('vérifiée');
    expect(await injections()).toBe(0);
    expect((await ada.open(vaccin('/vaccinations'))).text).toContain('annulée');
    expect((await record(ada)).text).toContain('1re dose');
  });

  it('is still there after a restart, and so is its signature', async () => {
    const ada = await signedIn('ada', origin('vaccin'));
    const { url } = await record(ada);
    await stopAll();
    await startVaccin();
    const again = await signedIn('ada', origin('vaccin'));
    expect((await again.open(url)).text).toContain('vérifiée');
  });
});

describe('whose records one sees', () => {
  beforeEach(() => startVaccin());

  it('one’s own: not another’s, in the list or by its address, and the attempt is written down', async () => {
    const [ada, ben] = [await signedIn('ada', origin('vaccin')), await signedIn('ben', origin('vaccin'))];
    const { url } = await record(ada);
    expect((await ben.open(vaccin('/vaccinations'))).text).not.toContain('Goff');
    const refused = await ben.open(url);
    expect(refused.status).toBe(403);
    expect(refused.text).not.toContain('Goff');
    const csrf = csrfOf(refused.text);
    expect((await ben.open(`${url}/annuler`, post({ csrf, reason: 'x' }))).status).toBe(403);
    expect((await record(ben, { id: url.split('/').at(-1) ?? '' })).status).toBe(403);
    expect((await ada.open(url)).text).not.toContain('annulée');
    const journal = (await ada.open(vaccin('/acces'))).text;
    expect(journal).toContain('Accès refusé');
    expect(journal).toContain('899700000029');
    expect(journal).not.toContain('Goff');
  });

  it('the earlier doses of one’s patient too, and their author sees that', async () => {
    const [ada, ben] = [await signedIn('ada', origin('vaccin')), await signedIn('ben', origin('vaccin'))];
    await record(ada, { injectedOn: '01/05/2021' });
    const { text } = await record(ben);
    expect(text).toContain('2e dose');
    expect(text).toContain('Dr Ada');
    expect((await ada.open(vaccin('/acces'))).text).toContain('Vue avec une autre fiche du même patient');
  });

  it('by words of the name, year or lot, whatever the accents; the words stay out of addresses', async () => {
    const ada = await signedIn('ada', origin('vaccin'));
    await record(ada);
    await record(ada, { familyName: 'Nguyen', givenName: 'Théo', lot: 'FX1111' });
    const csrf = csrfOf((await ada.open(vaccin('/vaccinations'))).text);
    const search = async (words: string) =>
      ada.open(vaccin('/vaccinations/recherche'), post({ csrf, search: words }));
    for (const [words, found] of [
      ['maelle', 'Goff'],
      ['1948 goff', 'Goff'],
      ['theo nguyen', 'Nguyen'],
      ['fx1111', 'Nguyen'],
    ] as const) {
      const { text, url } = await search(words);
      expect(url).toBe(vaccin('/vaccinations'));
      expect(text).toContain('1 fiche');
      expect(text).toContain(found);
    }
    expect((await search("%' or 1=1 --")).text).toContain('Aucune fiche');
    expect((await search('')).text).toContain('2 fiches');
    expect(JSON.stringify(rows('vaccin', 'select * from access_log'))).not.toMatch(/maelle|goff|nguyen/i);
  });

  it('a page at a time', async () => {
    const ada = await signedIn('ada', origin('vaccin'));
    for (let index = 0; index < 26; index += 1) await record(ada, { givenName: `N${index}` });
    expect((await ada.open(vaccin('/vaccinations'))).text).toContain('Page 1 sur 2');
    const { text } = await ada.open(vaccin('/vaccinations?page=2'));
    expect(text.match(/href="\/vaccinations\/[0-9a-f-]{36}"/g)).toHaveLength(1);
    expect((await ada.open(vaccin('/vaccinations?page=-1'))).text).toContain('Page 1 sur 2');
  });
});

describe('what is kept, and for how long', () => {
  it('records for ten years, the log for one; then they are gone, and the patient with them', async () => {
    await startVaccin();
    const ada = await signedIn('ada', origin('vaccin'));
    await record(ada);
    await stopAll();
    setNow('2031-05-31T10:00:00Z');
    await startVaccin();
    expect(rows('vaccin', 'select count(*) n from vaccination')).toEqual([{ n: 1 }]);
    expect(rows('vaccin', 'select count(*) n from access_log')).toEqual([{ n: 0 }]);
    await stopAll();
    setNow('2031-06-02T10:00:00Z');
    await startVaccin();
    expect(
      rows('vaccin', 'select (select count(*) from vaccination) v, (select count(*) from patient) p'),
    ).toEqual([{ v: 0, p: 0 }]);
  });

  it('test results for ninety days', async () => {
    await startSiDep();
    await recordTest(await signedIn('ada', origin('sidep')));
    for (const [day, kept] of [
      ['2021-08-30', 1],
      ['2021-08-31', 0],
    ] as const) {
      await stopAll();
      setNow(`${day}T10:00:00Z`);
      await startSiDep();
      expect(rows('sidep', 'select count(*) n from test')).toEqual([{ n: kept }]);
    }
  });
});
