import { joinToken } from '../../examples/shared/patient.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  JOIN_KEY,
  data,
  errors,
  issuer,
  origin,
  record,
  recordTest,
  rows,
  sidep,
  signedIn,
  startPortal,
  startSiDep,
  startVaccin,
  vaccin,
  useExamples,
} from './examples-fixture.ts';
import { Browser, ONCE, csrfOf, post } from './examples-harness.ts';

/** Test results, open statistics of both services, and the portal that opens them; over HTTP, as several people. */

useExamples();

describe('a test result', () => {
  beforeEach(() => startSiDep());

  it('is signed, listed to its author alone, cancelled by its author alone', async () => {
    const [ada, ben] = [await signedIn('ada', origin('sidep')), await signedIn('ben', origin('sidep'))];
    const { text, url } = await recordTest(ada, { result: 'positive' });
    expect(url).toBe(sidep('/resultats'));
    expect(text).toContain('Positif');
    expect(rows('sidep', 'select author, result from test')).toEqual([
      { author: '899700000011', result: 'positive' },
    ]);
    const mine = await ben.open(sidep('/resultats'));
    expect(mine.text).not.toContain('GOFF');
    const cancel = /action="(\/resultats\/[^"]+)"/.exec(text)?.[1] ?? '';
    expect((await ben.open(sidep(cancel), post({ csrf: csrfOf(mine.text) }))).status).toBe(403);
    expect((await ada.open(sidep(cancel), post({ csrf: csrfOf(text) }))).text).toContain('Résultat annulé');
    expect(await data(sidep('/donnees/tests.json'))).toContainEqual({
      week: '2021-05-31',
      tests: 0,
      positive: 0,
      positivity: null,
    });
  });

  it.each([
    [{ result: '' }, 'Résultat : à remplir'],
    [{ kind: 'oracle' }, 'Type de test : choisissez'],
    [{ sampledOn: '01/01/2021' }, 'gardés 90 jours'],
    [{ birthDate: '31/05/2021', sampledOn: '30/05/2021' }, 'avant la naissance'],
  ])('with %j is sent back with the reason', async (changes, reason) => {
    const { status, text } = await recordTest(await signedIn('ben', origin('sidep')), changes);
    expect(status).toBe(422);
    expect(text).toContain(reason);
  });

  it('is told under a pseudonym to who has the key, and to nobody else', async () => {
    await recordTest(await signedIn('ada', origin('sidep')));
    await recordTest(await signedIn('ada', origin('sidep')), { result: 'unclear', givenName: 'Anna' });
    for (const authorization of ['', 'Bearer x', `Bearer ${joinToken('another key')}`]) {
      expect((await fetch(sidep('/rapprochement'), { headers: { ...ONCE, authorization } })).status).toBe(
        401,
      );
    }
    const answer = await fetch(sidep('/rapprochement'), {
      headers: { ...ONCE, authorization: `Bearer ${joinToken(JOIN_KEY)}` },
    });
    const text = await answer.text();
    expect(JSON.parse(text)).toEqual({
      results: [
        { pseudonym: expect.stringMatching(/^[\w-]{43}$/), sampled_on: '2021-06-01', result: 'negative' },
      ],
    });
    expect(text).not.toMatch(/goff|1948/i);
  });
});

describe('open statistics', () => {
  it('join both services, in a page and as CSV and JSON, for anyone from any site', async () => {
    await startSiDep({ sample: true });
    await startVaccin({ sample: true });
    const { status, text } = await new Browser().open(vaccin('/statistiques'));
    expect(status).toBe(200);
    expect(text).toMatch(/intervalle à 95\s%/);
    const [row] = await data(vaccin('/donnees/efficacite.json'));
    expect(Number(row?.['effectiveness'])).toBeGreaterThan(0.5);
    expect(Number(row?.['low_95'])).toBeLessThan(Number(row?.['effectiveness']));
    for (const name of ['injections', 'couverture', 'efficacite']) {
      const csv = await fetch(vaccin(`/donnees/${name}.csv`), { headers: ONCE });
      expect(csv.headers.get('content-type')).toContain('text/csv');
      expect(csv.headers.get('access-control-allow-origin')).toBe('*');
      const lines = (await csv.text()).trimEnd().split('\r\n');
      expect(lines).toHaveLength((await data(vaccin(`/donnees/${name}.json`))).length + 1);
    }
    expect(text).not.toMatch(/Albarède|Drozdov/);
    expect((await fetch(vaccin('/donnees/constructor.json'), { headers: ONCE })).status).toBe(404);
    expect(errors).toEqual([]);
  });

  it('leave a cell of one to four people empty', async () => {
    await startVaccin();
    const ada = await signedIn('ada', origin('vaccin'));
    const of = async (group: string) =>
      (await data(vaccin('/donnees/couverture.json'))).find((row) => row['group'] === group);
    for (let index = 0; index < 4; index += 1) await record(ada, { givenName: `N${index}` });
    expect(await of('69')).toMatchObject({ at_least_one_dose: null, at_least_two_doses: 0, coverage: null });
    await record(ada, { givenName: 'N5' });
    expect(await of('69')).toMatchObject({ at_least_one_dose: 5, coverage: 0.021 });
    expect(await of('75')).toMatchObject({ at_least_one_dose: 0, coverage: 0 });
  });

  it('say so when SI-DEP does not answer, and have all the rest', async () => {
    await startVaccin({ sample: true });
    const { status, text } = await new Browser().open(vaccin('/statistiques'));
    expect(status).toBe(200);
    expect(text).toContain('SI-DEP ne répond pas');
    expect(await data(vaccin('/donnees/efficacite.json'))).toEqual([]);
    expect(errors.length).toBeGreaterThan(0);
  });

  it('count what was recorded and tested for the same person, typed in two ways', async () => {
    await startSiDep();
    await startVaccin();
    const ada = await signedIn('ada', origin('vaccin'));
    for (let index = 0; index < 5; index += 1) {
      await record(ada, { givenName: `Zoé-${index}`, injectedOn: '01/05/2021' });
    }
    const lab = await signedIn('ben', origin('sidep'));
    for (let index = 0; index < 5; index += 1) await recordTest(lab, { givenName: `ZOE ${index}` });
    expect(await data(vaccin('/donnees/efficacite.json'))).toMatchObject([{ vaccinated_negative: 5 }]);
  });
});

describe('third-party initiated login', () => {
  beforeEach(async () => {
    await startVaccin();
    await startSiDep();
    await startPortal();
  });

  const initiate = (parameters: Record<string, string>) =>
    `${origin('vaccin')}/connexion/initier?${new URLSearchParams(parameters).toString()}`;

  it('opens, from the portal, the right page of either service for who is signed in', async () => {
    const browser = await signedIn('ben', origin('portal'));
    const { text } = await browser.open(`${origin('portal')}/`);
    const links = [...text.matchAll(/href="([^"]*initier[^"]*)"/g)].map(([, href = '']) =>
      href.replaceAll('&amp;', '&'),
    );
    expect(links).toHaveLength(4);
    for (const link of links) {
      expect(new URL(link).searchParams.get('iss')).toBe(issuer);
      const opened = await browser.open(link);
      expect(opened.status).toBe(200);
      expect(opened.url).toBe(new URL(link).searchParams.get('target_link_uri'));
    }
    expect((await browser.open(vaccin('/'))).text).toContain('Bonjour');
  });

  it('is refused for another provider than ours, and goes nowhere', async () => {
    const browser = new Browser();
    const answer = await browser.open(initiate({ iss: 'https://evil.example' }));
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('autre service d&#39;identification');
    expect(browser.visited).toEqual([]);
    expect((await browser.open(initiate({}))).status).toBe(400);
  });

  it('never ends on another site', async () => {
    for (const target of ['https://evil.example/x', '//evil.example', `${origin('vaccin')}@evil.example/`]) {
      const opened = await new Browser().open(initiate({ iss: issuer, target_link_uri: target }));
      expect(opened.url).toBe(vaccin('/'));
    }
  });

  it('may come as a form too, and passes the hint on', async () => {
    const browser = new Browser();
    const form = { iss: issuer, login_hint: 'ben', target_link_uri: vaccin('/vaccinations') };
    const opened = await browser.open(`${origin('vaccin')}/connexion/initier`, post(form));
    expect(opened.url).toBe(vaccin('/vaccinations'));
    expect(opened.text).toContain('Dr Ben Oumar');
  });

  it('a page opened without a session comes back to itself, search and all', async () => {
    const browser = new Browser();
    const opened = await browser.open(vaccin('/vaccinations?page=3&lang=en'));
    expect(opened.url).toBe(vaccin('/vaccinations?page=3&lang=en'));
    expect(opened.text).toContain('My vaccinations');
  });

  it('ends everywhere by one sign-out, from the portal as from a service', async () => {
    const browser = await signedIn('ada', origin('portal'));
    await browser.open(vaccin('/vaccinations'));
    await browser.open(sidep('/resultats'));
    const { text } = await browser.open(`${origin('portal')}/`);
    const asked = await browser.open(`${origin('portal')}/deconnexion`, post({ csrf: csrfOf(text) }));
    const action = /action="([^"]+)"/.exec(asked.text)?.[1] ?? '';
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(asked.text)?.[1] ?? '';
    await browser.open(action, post({ xsrf, logout: 'yes' }));
    for (const site of [origin('portal'), origin('vaccin'), origin('sidep')]) {
      expect((await browser.open(`${site}/`)).text).not.toContain('Bonjour');
    }
  });

  it('shows on the reporting page what it is told, as text', async () => {
    const query = new URLSearchParams({ produit: '<script>', lot: 'EJ6796', date: '2021-06-01' });
    const { text } = await new Browser().open(`${origin('portal')}/signalement?${query.toString()}`);
    expect(text).toContain('&lt;script&gt;');
    expect(text).toContain('01/06/2021');
    expect(text).toContain('non transmis');
  });
});
