import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { samesitePath } from '../../src/directory/way-back.ts';
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

const { origin, clock, registry } = await startDirectorySite(PEOPLE);
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
    ['bernar', '', []],
    ['radié', '', []],
  ])('%s %s', async (nom, prenom, serials) => {
    const { status, identifiers } = await get({ nom, prenom });
    expect(status).toBe(200);
    expect(identifiers).toEqual(serials.map(rpps));
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
    expect(html).toContain('Personne ne porte exactement ce nom');
    expect(html).toContain('href="/aide"');
  });

  it('asks for a name when there was none', async () => {
    const { status, html } = await get({ nom: ' ', prenom: 'Sophie' });
    expect(status).toBe(400);
    expect(html).toContain('Tapez au moins votre nom.');
    expect(html).toContain('aria-invalid="true"');
    expect(html).toMatch(/<title>Erreur :/);
  });

  it('shows the first fifty of a common name', async () => {
    const { identifiers, html } = await get({ nom: 'courant' });
    expect(identifiers).toHaveLength(50);
    expect(html).toContain('Ajoutez le prénom');
    expect((await get({ nom: 'courant', prenom: 'p7' })).identifiers).toEqual([rpps(107)]);
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
    ]) {
      const page = await get({ retour: elsewhere });
      expect(page.html).not.toContain('Revenir où vous en étiez');
      expect(page.html).not.toMatch(/href="(?!\/annuaire\?)[^"]*ailleurs/);
    }
  });

  it('slows down who copies the directory', async () => {
    clock.advance(7200);
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
