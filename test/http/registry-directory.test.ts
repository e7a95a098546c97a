import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { samesitePath, wayBack, wayBackWith } from '../../src/directory/way-back.ts';
import { startDirectorySite } from '../support/directory-site.ts';
import { doctor, rpps, type Values } from '../support/registry.ts';

const named = (serial: number, family: string, given: string, values: Values = {}): Values =>
  doctor(serial, { nomDexercice: family, prenomDexercice: given, ...values });

const PEOPLE = [
  named(1, 'D’ARTIMON', 'ANNE-SOPHIE'),
  named(2, 'ŒUVRARD-MÜLLER', 'ZOÉ', { codeProfession: '21', bureauCedex: 'STRASBOURG CEDEX' }),
  named(3, 'BERNARD', 'SOPHIE'),
  named(4, 'BERNARD', 'SOPHIE', {
    codeCategorieProfessionnelle: 'E',
    raisonSocialeSite: '',
    codeModeExercice: '',
    codeSecteurDactivite: '',
    bureauCedex: '',
    codePostal: '',
  }),
  named(5, 'BERNARD', '<b>LUC</b>'),
  named(6, 'RADIÉ', 'PAUL'),
  ...Array.from({ length: 60 }, (_, index) => named(100 + index, 'COURANT', `P${index}`)),
];

const { origin, appOrigin, clock, registry } = await startDirectorySite(PEOPLE);
const struckOff = await registry.find(rpps(6));
await registry.setStatus(struckOff?.id ?? '', 'struck_off');

const get = async (query: Record<string, string>, headers: Record<string, string> = {}) => {
  const response = await fetch(`${origin}/annuaire?${new URLSearchParams(query)}`, {
    headers: { accept: 'text/html', 'accept-language': 'fr', ...headers },
    redirect: 'manual',
  });
  const html = await response.text();
  const identifiers = [...html.matchAll(/data-identifier="([^"]+)"/g)].map((match) => match[1]);
  return { status: response.status, html, identifiers, headers: response.headers };
};

beforeEach(() => clock.advance(3601));

describe('Quel est mon numéro ?', () => {
  it('asks for the name', async () => {
    const { status, html } = await get({});
    expect(status).toBe(200);
    expect(html).toContain('<h1>Quel est mon numéro ?</h1>');
    expect(html).toContain('name="nom"');
    expect(html).not.toContain('id="result"');
  });

  it.each([
    ['d artimon', 'Anne Sophie', [1]],
    ["D'Artimon", 'ANNE-SOPHIE', [1]],
    ['oeuvrard muller', '', [2]],
    ['bernard', 'sophie', [3, 4]],
    ['Bernard', '', [5, 3, 4]],
    ['bernar', '', [5, 3, 4]],
    ['radié', '', []],
  ])('%s %s', async (nom, prenom, serials) => {
    const { status, identifiers } = await get({ nom, prenom });
    expect(status).toBe(200);
    expect(identifiers.toSorted()).toEqual(serials.map(rpps).toSorted());
  });

  it('says profession and town, and who has none', async () => {
    const { html } = await get({ nom: 'bernard', prenom: 'sophie' });
    expect(html).toContain('2 personnes trouvées');
    expect(html).toContain('Médecin – LYON');
    expect(html).toContain('Médecin en formation – sans lieu d’exercice');
    expect((await get({ nom: 'œuvrard-müller' })).html).toContain('Pharmacien – STRASBOURG');
  });

  it('escapes what the file says and what was typed', async () => {
    const { html } = await get({ nom: 'Bernard', prenom: '<b>LUC</b>' });
    expect(html).toContain('&lt;b&gt;LUC&lt;/b&gt;');
    expect(html).not.toContain('<b>LUC');
    expect((await get({ nom: '"><script>' })).html).not.toContain('"><script>');
  });

  it('says honestly that nobody has this name, with a way on', async () => {
    const { html } = await get({ nom: 'Personne' });
    expect(html).toContain('Personne ne porte ce nom');
    expect(html).toContain('href="/aide"');
  });

  it('says when the names are only near', async () => {
    const { html, identifiers } = await get({ nom: 'bernadr', prenom: 'sofie' });
    expect(html).toContain('Personne ne porte exactement ce nom');
    expect(identifiers.toSorted()).toEqual([3, 4].map(rpps));
    expect((await get({ nom: 'bernard', prenom: 'sophie' })).html).not.toContain('exactement');
  });

  it('asks for a name when there was none', async () => {
    const { status, html } = await get({ nom: ' ', prenom: 'Sophie' });
    expect(status).toBe(400);
    expect(html).toContain('Tapez au moins votre nom.');
    expect(html).toContain('aria-invalid="true"');
    expect(html).toMatch(/<title>Erreur :/);
  });

  it('shows a common name by pages of twenty, each person once, and the way through them', async () => {
    const seen: (string | undefined)[] = [];
    let path = `/annuaire?${new URLSearchParams({ nom: 'courant', retour: '/connexion/abc' })}`;
    for (const expected of [20, 20, 20]) {
      const page = await (await fetch(origin + path, { headers: { accept: 'text/html' } })).text();
      const found = [...page.matchAll(/data-identifier="([^"]+)"/g)].map((match) => match[1]);
      expect(found).toHaveLength(expected);
      expect(page).toContain('href="/connexion/abc"');
      seen.push(...found);
      path = (/rel="next" href="([^"]+)"/.exec(page)?.[1] ?? '').replaceAll('&amp;', '&');
    }
    expect(path).toBe('');
    expect(new Set(seen)).toEqual(new Set(Array.from({ length: 60 }, (_, index) => rpps(100 + index))));
    const { html } = await get({ nom: 'courant' });
    expect(html).toContain('Ajoutez le prénom');
    expect((await get({ nom: 'courant', prenom: 'p7' })).identifiers).toEqual([rpps(107)]);
  });

  it.each(['zzz', '%', Buffer.from('{"t":0}').toString('base64url'), 'a'.repeat(5000)])(
    'refuses a cursor that is not one of ours (%#)',
    async (suite) => {
      const { status } = await get({ nom: 'courant', suite });
      expect(status).toBe(400);
    },
  );

  it('narrows by profession and town', async () => {
    expect((await get({ nom: 'œuvrard', profession: '21' })).identifiers).toEqual([rpps(2)]);
    expect((await get({ nom: 'œuvrard', profession: '10' })).identifiers).toEqual([]);
    expect((await get({ nom: 'œuvrard', ville: 'strasbourg' })).identifiers).toEqual([rpps(2)]);
    expect((await get({ nom: 'œuvrard', ville: 'strasbuorg' })).identifiers).toEqual([rpps(2)]);
    expect((await get({ nom: 'œuvrard', ville: 'brest' })).identifiers).toEqual([]);
    const { html } = await get({ nom: 'œuvrard', profession: '21', ville: 'strasbourg' });
    expect(html).toMatch(/<option value="21" selected>Pharmacien/);
    expect(html).toContain('value="strasbourg"');
    expect((await get({ nom: 'bernard', profession: "' OR 1=1" })).identifiers).toHaveLength(3);
  });

  it('brings the number back to the sign-in or the app that asked for it', async () => {
    const signIn = await get({ nom: 'artimon', retour: '/connexion/abc' });
    expect(signIn.html).toContain(`href="/connexion/abc?identifiant=${rpps(1)}"`);
    const app = await get({ nom: 'artimon', retour: `${appOrigin}/activer` });
    expect(app.html).toContain(`href="${appOrigin}/activer?identifiant=${rpps(1)}"`);
    expect((await get({ nom: 'artimon', retour: '/aide' })).html).not.toContain('identifiant=');
    expect((await get({ nom: 'artimon' })).html).not.toContain('identifiant=');
  });

  it('speaks English', async () => {
    const { html } = await get({ nom: 'bernard' }, { 'accept-language': 'en' });
    expect(html).toContain('<h1>What is my number?</h1>');
    expect(html).toContain('3 people found');
    expect(html).toContain('Physician in training');
  });

  it('leads back to where the person was, through every search', async () => {
    const retour = '/connexion/abc?x=1';
    const { html } = await get({ retour });
    expect(html).toContain('href="/connexion/abc?x=1"');
    expect(html).toContain('name="retour" value="/connexion/abc?x=1"');
    expect((await get({ nom: 'x', retour })).html).toContain('Revenir où vous en étiez');
    for (const elsewhere of [
      'https://ailleurs.example/',
      '//ailleurs.example',
      '/\\ailleurs.example',
      'javascript:alert(1)',
      `${appOrigin}.ailleurs.example/`,
      `${appOrigin}@ailleurs.example/`,
      `${appOrigin}//ailleurs.example`,
    ]) {
      const page = await get({ retour: elsewhere });
      expect(page.html).not.toContain('Revenir où vous en étiez');
      expect(page.html).not.toMatch(/href="(?!\/annuaire\?)[^"]*ailleurs/);
    }
  });

  it('slows down who copies the directory', async () => {
    const answers = [];
    for (let turn = 0; turn < 31; turn++) answers.push(await get({ nom: 'bernard' }));
    expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: 30 }, () => 200), 429]);
    expect(Number(answers.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await get({})).status).toBe(200);
    clock.advance(61);
    expect((await get({ nom: 'bernard' })).status).toBe(200);
  });
});

describe('the way back', () => {
  it('goes to this site or the app, never elsewhere (property)', () => {
    const app = 'https://app.caducee.example';
    const parts = fc.array(
      fc.constantFrom('/', '\\', '.', '@', ':', 'a', '?', '#', '%2f', '\n', 'ailleurs.example'),
    );
    fc.assert(
      fc.property(
        parts.map((all) => app + all.join('')),
        (value) => {
          const back = wayBack(value, app);
          const shown = wayBackWith(back, '899700000013') ?? back;
          if (shown === undefined) return;
          const { origin: reached } = new URL(shown, 'https://caducee.example/annuaire');
          expect([app, 'https://caducee.example']).toContain(reached);
        },
      ),
      { numRuns: 1000 },
    );
    expect(wayBack(`${app}/activer`, app)).toBe(`${app}/activer`);
  });

  it('never leaves the site (property)', () => {
    const hostile = fc.array(
      fc.constantFrom('/', '\\', '\t', '\n', 'a', '.', ':', '@', '%2f', '?', '#', 'é', ' '),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          hostile.map((parts) => `/${parts.join('')}`),
        ),
        (value) => {
          const path = samesitePath(value);
          if (path === undefined) return;
          expect(new URL(path, 'https://caducee.example/annuaire').origin).toBe('https://caducee.example');
        },
      ),
      { numRuns: 1000 },
    );
  });
});
