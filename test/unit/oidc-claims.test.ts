import { describe, expect, it } from 'vitest';
import {
  CLAIMS_BY_SCOPE,
  OLDER_OTHER_IDS,
  accessTokenClaims,
  idTokenClaims,
  introspectionClaims,
  subOf,
  subjectOf,
  userinfoClaims,
} from '../../src/oidc/claims.ts';
import { ACTIVITY_KEYS } from '../../src/registry/exercise.ts';
import type { Activity, Exercise, Practitioner } from '../../src/registry/service.ts';

const UUID = '550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd';
const SUB = `f:${UUID}:899700427885`;

const activity = (values: Partial<Activity>): Activity =>
  ({ ...Object.fromEntries(ACTIVITY_KEYS.map((key) => [key, ''])), ...values }) as Activity;

const exercise = (values: Partial<Exercise>): Exercise => ({
  codeProfession: '',
  codeCategorieProfessionnelle: '',
  codeCiviliteDexercice: '',
  nomDexercice: '',
  prenomDexercice: '',
  codeTypeSavoirFaire: '',
  codeSavoirFaire: '',
  activities: [],
  ...values,
});

const practitioner = (exercises: Exercise[]): Practitioner => ({
  id: '1',
  nationalId: '899700427885',
  subject: '899700427885',
  familyName: 'DOC0042788',
  givenName: 'KIT',
  civility: 'M',
  status: 'active',
  exercises,
  otherIds: [{ identifiant: '899700427885', origine: 'RPPS', qualite: 1 }],
  source: 'test',
});

const doctor = practitioner([
  exercise({
    codeProfession: '10',
    activities: [
      activity({
        codeSecteurDactivite: 'SA07',
        codeGenreActivite: 'GENR01',
        raisonSocialeSite: 'CABINET M DOC0042788',
        identifiantTechniqueDeLaStructure: 'R102671',
      }),
      activity({ codeSecteurDactivite: 'SA01', raisonSocialeSite: 'HOPITAL GENERIQUE' }),
    ],
  }),
]);

// Top-level names of published answers: the card sign-in of 2023, and what the layout of late 2023 added.
const PUBLISHED_2023 =
  'Secteur_Activite sub SubjectOrganization Mode_Acces_Raison preferred_username given_name Acces_Regulation_Medicale UITVersion authMode Palier_Authentification SubjectRefPro SubjectOrganizationID SubjectRole PSI_Locale otherIds SubjectNameID family_name'.split(
    ' ',
  );
const ADDED_LATER = ['codeCivilite', 'codeGenreActivite'];
// In the older published answers, always false.
const OLDER = ['email_verified'];
const EXERCISE_KEYS =
  'codeProfession codeCategorieProfessionnelle codeCiviliteDexercice nomDexercice prenomDexercice codeTypeSavoirFaire codeSavoirFaire activities'.split(
    ' ',
  );

describe('userinfo', () => {
  it('has exactly the published names, the civility in both places', () => {
    const claims = userinfoClaims(doctor, SUB, 'CARD');
    expect(Object.keys(claims).sort()).toEqual([...PUBLISHED_2023, ...ADDED_LATER, ...OLDER].sort());
    expect(claims.codeCivilite).toBe('M');
    expect(claims.email_verified).toBe(false);
    expect(claims.SubjectRefPro.codeCivilite).toBe('M');
    expect(Object.keys(claims.SubjectRefPro.exercices[0] ?? {})).toEqual(EXERCISE_KEYS);
    expect(ACTIVITY_KEYS).toHaveLength(30);
    expect(Object.keys(claims.SubjectRefPro.exercices[0]?.activities[0] ?? {})).toEqual([...ACTIVITY_KEYS]);
  });

  it('takes sector, organisation and role from the first activity', () => {
    expect(userinfoClaims(doctor, SUB, 'MOBILE')).toMatchObject({
      Secteur_Activite: 'SA07^1.2.250.1.71.4.2.4',
      codeGenreActivite: 'GENR01',
      SubjectOrganization: 'CABINET M DOC0042788',
      SubjectOrganizationID: 'R102671',
      SubjectRole: ['10^1.2.250.1.213.1.1.5.5'],
      Palier_Authentification: 'APPPRIP3^1.2.250.1.213.1.5.1.1.1',
      PSI_Locale: '1.2.250.1.213.1.3.1.1',
      UITVersion: '1.0',
      Mode_Acces_Raison: '',
      Acces_Regulation_Medicale: 'FAUX',
      authMode: 'MOBILE',
      otherIds: [{ identifiant: '899700427885', origine: 'RPPS', qualite: 1 }],
    });
  });

  it('finds the main activity in a later exercise when the first has none', () => {
    const two = practitioner([
      exercise({ codeProfession: '60' }),
      exercise({ codeProfession: '50', activities: [activity({ raisonSocialeSite: 'MATERNITE' })] }),
    ]);
    expect(userinfoClaims(two, SUB, '')).toMatchObject({
      SubjectOrganization: 'MATERNITE',
      SubjectRole: ['50^1.2.250.1.213.1.1.5.5'],
    });
  });

  it('keeps every key for a person without place of practice, with empty texts and lists', () => {
    const without = userinfoClaims(practitioner([exercise({ codeProfession: '10' })]), SUB, 'MOBILE');
    expect(Object.keys(without)).toEqual(Object.keys(userinfoClaims(doctor, SUB, 'MOBILE')));
    expect(without).toMatchObject({
      Secteur_Activite: '',
      SubjectOrganization: '',
      SubjectOrganizationID: '',
    });
    expect(without.SubjectRefPro.exercices).toEqual([expect.objectContaining({ activities: [] })]);
    expect(without.SubjectRole).toEqual(['10^1.2.250.1.213.1.1.5.5']);

    const nothing = userinfoClaims(practitioner([]), SUB, 'MOBILE');
    expect(nothing.SubjectRefPro.exercices).toEqual([]);
    expect(nothing.SubjectRole).toEqual([]);
  });

  it('is released whole by scope_all, and never with an e-mail address', () => {
    const names = Object.keys(userinfoClaims(doctor, SUB, 'CARD')).filter((name) => name !== 'sub');
    // The older spelling is there for the services registered for it.
    expect([...(CLAIMS_BY_SCOPE['scope_all'] ?? [])].sort()).toEqual([...names, OLDER_OTHER_IDS].sort());
    expect(Object.values(CLAIMS_BY_SCOPE).flat()).not.toContain('email');
  });
});

const facts = {
  jti: 'j',
  iat: 1677510406,
  exp: 1677510526,
  issuer: 'https://auth.example/auth/realms/esante-wallet',
  sub: SUB,
  clientId: 'client',
  nonce: undefined,
  sid: 'f75fe973-d88c-4487-a9f9-6099737344c2',
  scope: 'openid scope_all',
  typ: 'Bearer',
  practitioner: doctor,
  authentication: { acr: 'eidas3', amr: undefined, authMode: 'CARD', authTime: 1677509928 },
} as const;

describe('tokens', () => {
  it('gives the access token the published claims, in their order', () => {
    const claims = accessTokenClaims(facts);
    expect(Object.keys(claims)).toEqual(
      'exp iat auth_time jti iss sub typ azp nonce session_state acr scope sid authMode otherIds preferred_username'.split(
        ' ',
      ),
    );
    expect(claims).toMatchObject({
      nonce: '',
      typ: 'Bearer',
      azp: 'client',
      auth_time: 1677509928,
      acr: 'eidas3',
    });
    expect(claims).not.toHaveProperty('aud');
  });

  it('introspects with the published names', () => {
    expect(Object.keys(introspectionClaims(facts)).sort()).toEqual(
      'exp iat auth_time jti iss sub typ azp nonce session_state preferred_username acr scope sid authMode otherIds client_id username active'
        .split(' ')
        .sort(),
    );
  });

  it('names the person in the ID token only when a scope asks for it', () => {
    const context = { clientId: 'client', sid: 's', authMode: 'CARD' };
    expect(idTokenClaims(doctor, { ...context, scopes: new Set(['openid', 'scope_all']) })).toMatchObject({
      typ: 'ID',
      azp: 'client',
      session_state: 's',
      SubjectNameID: '899700427885',
      given_name: 'KIT',
      family_name: 'DOC0042788',
    });
    expect(idTokenClaims(doctor, { ...context, scopes: new Set(['openid']) })).not.toHaveProperty(
      'given_name',
    );
  });
});

describe('sub', () => {
  it('wraps the subject and takes it out again, whatever the subject', () => {
    for (const subject of ['899700427885', '30B0057881/CPET0002', 'a:b']) {
      expect(subjectOf(UUID, subOf(UUID, subject))).toBe(subject);
    }
  });

  it('knows what is not one of ours', () => {
    expect(subjectOf(UUID, 'f:00000000-0000-0000-0000-000000000000:899700427885')).toBeUndefined();
    expect(subjectOf(UUID, `f:${UUID}:`)).toBeUndefined();
    expect(subjectOf(UUID, '899700427885')).toBeUndefined();
  });
});
