import { describe, expect, it } from 'vitest';
import { html } from '../../examples/shared/html.ts';
import { readPractitioner } from '../../examples/shared/practitioner.ts';

/** What the example services read from claims: those of the reference, and their gaps. */

const practice = (changes: Record<string, unknown>) => ({
  codeProfession: '10',
  codeCategorieProfessionnelle: 'C',
  codeCiviliteDexercice: 'DR',
  activities: [],
  ...changes,
});

const claims = (...exercices: Record<string, unknown>[]) => ({
  given_name: 'KIT',
  family_name: 'DOC0042788',
  SubjectNameID: '899700427885',
  SubjectRefPro: { codeCivilite: 'M', exercices },
});

describe('reading a practitioner from claims', () => {
  it('reads title, name, profession and places', () => {
    const place = { raisonSocialeSite: 'CABINET M DOC', codePostal: '75009', codeSecteurDactivite: 'SA07' };
    expect(readPractitioner(claims(practice({ activities: [place] })), 'fr')).toEqual({
      nationalId: '899700427885',
      title: 'Dr',
      name: 'KIT DOC0042788',
      professions: ['Médecin'],
      activities: [{ place: 'CABINET M DOC', town: '75009', sector: 'Cabinet individuel' }],
    });
  });

  it('serves who has no practice at all: only the six claims of such a person', () => {
    const { SubjectRefPro: _none, ...minimal } = claims();
    expect(readPractitioner({ ...minimal, preferred_username: '899700427885' }, 'fr')).toEqual({
      nationalId: '899700427885',
      title: '',
      name: 'KIT DOC0042788',
      professions: [],
      activities: [],
    });
  });

  it('serves who has a profession but no place of practice', () => {
    const person = readPractitioner(claims(practice({})), 'en');
    expect(person).toMatchObject({ professions: ['Doctor'], activities: [] });
  });

  it('tells who is in training', () => {
    const intern = practice({ codeCategorieProfessionnelle: 'E', codeCiviliteDexercice: '' });
    expect(readPractitioner(claims(intern), 'fr')).toMatchObject({
      title: '',
      professions: ['Médecin (en formation)'],
    });
  });

  it('lists two professions once each, and every activity of both', () => {
    const person = readPractitioner(
      claims(
        practice({ activities: [{ raisonSocialeSite: 'A' }, { raisonSocialeSite: 'B' }] }),
        practice({ codeProfession: '21', activities: [{ raisonSocialeSite: 'C' }] }),
        practice({}),
      ),
      'en',
    );
    expect(person.professions).toEqual(['Doctor', 'Pharmacist']);
    expect(person.activities.map(({ place }) => place)).toEqual(['A', 'B', 'C']);
  });

  it.each([
    ['69003', '69003 LYON', '69003 LYON'],
    ['75020', 'PARIS CEDEX 20', '75020 PARIS CEDEX 20'],
    ['93260', '', '93260'],
    ['', '', ''],
  ])('writes the town once: %s and %s', (codePostal, bureauCedex, town) => {
    const person = readPractitioner(claims(practice({ activities: [{ codePostal, bureauCedex }] })), 'fr');
    expect(person.activities[0]?.town).toBe(town);
  });

  it('shows the code of a profession that it does not know', () => {
    expect(readPractitioner(claims(practice({ codeProfession: '77' })), 'fr').professions).toEqual(['77']);
  });

  it.each([[{}], [{ SubjectRefPro: null }], [{ SubjectRefPro: { exercices: 'x' } }], [{ given_name: 3 }]])(
    'survives claims of another shape: %j',
    (strange) => {
      expect(readPractitioner(strange, 'fr')).toMatchObject({ professions: [], activities: [] });
    },
  );
});

describe('the templates of the examples', () => {
  it('escape every value, and keep what is HTML already', () => {
    const inner = html`<b>${'<i>'}</b>`;
    expect(html`<a title="${'"\'&'}">${inner}${[1, undefined, false]}</a>`.html).toBe(
      '<a title="&quot;&#39;&amp;"><b>&lt;i&gt;</b>1</a>',
    );
  });
});
