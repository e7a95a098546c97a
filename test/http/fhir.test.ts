import { beforeEach, describe, expect, it } from 'vitest';
import { refreshDirectory } from '../../src/directory/refresh.ts';
import { startDirectorySite } from '../support/directory-site.ts';
import { fhirProblems } from '../support/fhir.ts';
import { doctor, rpps, type Values } from '../support/registry.ts';

const IDNPS = 'urn:oid:1.2.250.1.71.4.2.1';
const RPPS = 'https://rpps.esante.gouv.fr';
const G15 = 'https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante';

const named = (serial: number, family: string, given: string, values: Values = {}): Values =>
  doctor(serial, { nomDexercice: family, prenomDexercice: given, ...values });

const SECOND_PLACE = {
  raisonSocialeSite: 'HÔPITAL',
  structureId: 'F10000001',
  codePostal: '42000',
  bureauCedex: '42000 ST ETIENNE',
};
const PEOPLE: Values[] = [
  named(1, 'MARTIN', 'SOPHIE', {
    numeroFinessSite: '690000001',
    identifiantTechniqueDeLaStructure: 'R10000001',
  }),
  named(1, 'MARTIN', 'SOPHIE', {
    raisonSocialeSite: SECOND_PLACE.raisonSocialeSite,
    bureauCedex: SECOND_PLACE.bureauCedex,
    codePostal: SECOND_PLACE.codePostal,
    identifiantTechniqueDeLaStructure: 'F10000001',
    codeRole: 'FON-48',
  }),
  named(2, 'MARTIN-DUPONT', 'JEAN-PIERRE', { codeProfession: '21' }),
  named(3, 'ŒUVRARD', 'ZOÉ', {
    ...{
      raisonSocialeSite: '',
      codeModeExercice: '',
      codeSecteurDactivite: '',
      bureauCedex: '',
      codePostal: '',
    },
  }),
  named(4, 'RADIÉ', 'PAUL'),
  ...Array.from({ length: 45 }, (_, index) =>
    named(100 + index, 'COURANT', `P${index}`, { codeProfession: '60' }),
  ),
];

const site = await startDirectorySite(PEOPLE);
const { origin, clock, registry, db } = site;
const struckOff = await registry.find(rpps(4));
await registry.setStatus(struckOff?.id ?? '', 'struck_off');
await refreshDirectory(db);

interface Answer {
  status: number;
  type: string;
  body: Record<string, unknown> & {
    entry?: {
      fullUrl: string;
      resource: Record<string, never> & { id: string; identifier: { value: string }[]; active: boolean };
    }[];
    link?: { relation: string; url: string }[];
    issue?: { code: string; diagnostics: string }[];
    total?: number;
  };
  headers: Headers;
}

/** Every answer of the server is valid FHIR, refusals too. */
const get = async (path: string, init: RequestInit = {}): Promise<Answer> => {
  const response = await fetch(path.startsWith('http') ? path : `${origin}/fhir/${path}`, init);
  const body = (await response.json()) as Answer['body'];
  expect(fhirProblems(body)).toEqual([]);
  expect(response.headers.get('content-type')).toMatch(/^application\/fhir\+json/);
  return { status: response.status, type: String(body['resourceType']), body, headers: response.headers };
};
const idsOf = ({ body }: Answer): string[] =>
  (body.entry ?? []).map(({ resource }) => resource.identifier[0]?.value ?? '');
const pages = async (path: string): Promise<Answer[]> => {
  const found = [await get(path)];
  for (;;) {
    const next = found.at(-1)?.body.link?.find(({ relation }) => relation === 'next')?.url;
    if (next === undefined) return found;
    found.push(await get(next));
  }
};

beforeEach(() => clock.advance(3601));

describe('the rules that judge these tests', () => {
  it('refuse what the specification refuses', () => {
    const practitioner = { resourceType: 'Practitioner', id: 'a' };
    expect(fhirProblems({ ...practitioner, active: 'yes' })).not.toEqual([]);
    expect(fhirProblems({ ...practitioner, name: [] })).not.toEqual([]);
    expect(fhirProblems({ ...practitioner, name: { family: 'X' } })).not.toEqual([]);
    expect(fhirProblems({ ...practitioner, surname: 'X' })).not.toEqual([]);
    expect(fhirProblems({ ...practitioner, qualification: [{}] })).not.toEqual([]);
    expect(fhirProblems({ ...practitioner, meta: { lastUpdated: '2026-01-01' } })).not.toEqual([]);
    expect(
      fhirProblems({
        resourceType: 'PractitionerRole',
        contained: [{ resourceType: 'Location', id: 'x', name: 'x' }],
      }),
    ).not.toEqual([]);
    expect(
      fhirProblems({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'nonsense' }] }),
    ).not.toEqual([]);
    expect(fhirProblems({ resourceType: 'Bundle', type: 'searchset', entry: [] })).not.toEqual([]);
  });
});

describe('metadata', () => {
  it('says what can be asked, and each parameter it names works', async () => {
    const { status, body } = await get('metadata');
    expect(status).toBe(200);
    const [rest] = body['rest'] as { resource: { type: string; searchParam: { name: string }[] }[] }[];
    expect(rest?.resource.map(({ type }) => type)).toEqual(['Practitioner', 'PractitionerRole']);
    const VALUES: Record<string, string> = {
      active: 'true',
      _lastUpdated: 'ge2020-01-01',
      given: 'sophie&family=martin',
      practitioner: 'x',
    };
    for (const { type, searchParam } of rest?.resource ?? []) {
      for (const { name } of searchParam) {
        expect((await get(`${type}?${name}=${VALUES[name] ?? 'martin'}`)).status, `${type}?${name}`).toBe(
          200,
        );
      }
    }
  });
});

describe('Practitioner', () => {
  it('is found by either identifier, and read', async () => {
    const [whole, short, bare] = await Promise.all([
      get(`Practitioner?identifier=${encodeURIComponent(`${IDNPS}|${rpps(1)}`)}`),
      get(`Practitioner?identifier=${encodeURIComponent(`${RPPS}|${rpps(1).slice(1)}`)}`),
      get(`Practitioner?identifier=${rpps(1).slice(1)}`),
    ]);
    for (const answer of [whole, short, bare]) {
      expect(idsOf(answer)).toEqual([rpps(1)]);
      expect(answer.body.total).toBe(1);
    }
    const found = whole.body.entry?.[0];
    expect(found?.resource).toMatchObject({
      resourceType: 'Practitioner',
      active: true,
      identifier: [
        { use: 'official', system: IDNPS, value: rpps(1), type: { coding: [{ code: 'IDNPS' }] } },
        { system: RPPS, value: rpps(1).slice(1), type: { coding: [{ code: 'RPPS' }] } },
      ],
      name: [{ family: 'MARTIN', given: ['SOPHIE'], prefix: ['MME'] }],
    });
    const read = await get(found?.fullUrl ?? '');
    expect(read.body).toEqual(found?.resource);
    expect(read.headers.get('last-modified')).not.toBeNull();
    expect(
      (await get(`Practitioner?identifier=${encodeURIComponent(`${RPPS}|${rpps(1)}`)}`)).body.total,
    ).toBe(0);
    expect((await get(`Practitioner?identifier=urn:autre|${rpps(1)}`)).body.total).toBe(0);
    expect((await get(`Practitioner?identifier=${rpps(1)},${rpps(2)}`)).body.total).toBe(2);
    expect((await get(`Practitioner?_id=${found?.resource.id}&identifier=${rpps(2)}`)).body.total).toBe(0);
  });

  it.each<[string, number[]]>([
    ['family=mart', [1, 2]],
    ['family=MARTIN%20dup', [2]],
    ['family:exact=martin', [1]],
    ['family=martin&given=jean', [2]],
    ['family=martin&given=pierre', [2]],
    ['family=martin&given=x', []],
    ['family=%C5%93uvr', [3]],
    ['name=oeuvrard', [3]],
    ['qualification-code=21', [2]],
    [`qualification-code=${encodeURIComponent(`${G15}|21`)}`, [2]],
    ['family=martin&qualification-code=10', [1]],
    ['family=radie', []],
    ['family=radie&active=false', [4]],
    ['family=%25', []],
  ])('%s', async (query, serials) => {
    const answer = await get(`Practitioner?${query}`);
    if (query === 'family=%25') expect(answer.status).toBe(400);
    else expect(answer.status).toBe(200);
    expect(idsOf(answer).toSorted()).toEqual(serials.map(rpps).toSorted());
  });

  it('who left is still found by identifier, as not active', async () => {
    const { body } = await get(`Practitioner?identifier=${rpps(4)}`);
    expect(body.entry?.[0]?.resource.active).toBe(false);
  });

  it.each([
    'Practitioner?qualification-code=60',
    'Practitioner?family=courant',
    'Practitioner?_lastUpdated=ge2000-01-01',
    'Practitioner',
  ])('%s comes by pages, each person once', async (path) => {
    const all = await pages(`${path}${path.includes('?') ? '&' : '?'}_count=7`);
    const ids = all.flatMap(idsOf);
    expect(all.slice(0, -1).every(({ body }) => body.entry?.length === 7)).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(
      path.includes('?q') || path.includes('family') ? 45 : path.includes('_last') ? 49 : 48,
    );
  });

  it('changes are found from an instant on', async () => {
    const at = clock.now();
    const person = await registry.find(rpps(100));
    await registry.setStatus(person?.id ?? '', 'inactive');
    await refreshDirectory(db);
    const answer = await get(`Practitioner?_lastUpdated=ge${at.toISOString()}`);
    expect(idsOf(answer)).toEqual([rpps(100)]);
    expect(answer.body.entry?.[0]?.resource.active).toBe(false);
    expect(idsOf(await get(`Practitioner?_lastUpdated=gt${at.toISOString()}`))).toEqual([]);
    expect(
      idsOf(await get(`Practitioner?_lastUpdated=ge${at.toISOString()}&_lastUpdated=lt${at.toISOString()}`)),
    ).toEqual([]);
    await registry.setStatus(person?.id ?? '', 'active');
    await refreshDirectory(db);
  });
});

describe('PractitionerRole', () => {
  it('is one for each place, and refers to the person', async () => {
    const { body } = await get(`PractitionerRole?practitioner.identifier=${rpps(1)}`);
    expect(body.total).toBe(2);
    const [cabinet, hospital] = body.entry ?? [];
    expect(cabinet?.resource).toMatchObject({
      practitioner: { identifier: { value: rpps(1) } },
      organization: {
        identifier: { system: 'urn:oid:1.2.250.1.71.4.2.2', value: 'R10000001' },
        display: 'CABINET 1',
      },
      specialty: [{ coding: [{ code: 'SM54' }] }],
      location: [{ reference: '#lieu' }],
      contained: [{ resourceType: 'Location', address: { city: 'LYON', postalCode: '69003' } }],
    });
    const reference = String(
      (cabinet?.resource['practitioner'] as { reference?: string } | undefined)?.reference,
    );
    expect((await get(reference)).body['id']).toBe(reference.split('/')[1]);
    expect((await get(`PractitionerRole?practitioner=${reference}`)).body.total).toBe(2);
    expect((await get(hospital?.fullUrl ?? '')).body).toEqual(hospital?.resource);
    expect(idsOf(await get(`PractitionerRole?_id=${hospital?.resource.id}`))).toEqual([
      hospital?.resource.id,
    ]);
  });

  it.each<[string, number]>([
    ['organization=R10000001', 1],
    ['organization=690000001', 1],
    ['organization=F10000001', 1],
    ['organization=inconnu', 0],
    ['role=FON-48', 1],
    ['role=21', 1],
    ['organization=F10000001&role=FON-48', 1],
    ['organization=R10000001&role=FON-48', 0],
  ])('%s', async (query, count) => {
    expect((await get(`PractitionerRole?${query}`)).body.entry ?? []).toHaveLength(count);
  });

  it('of who has no place of practice is the profession alone', async () => {
    const { body } = await get(`PractitionerRole?practitioner.identifier=${rpps(3)}`);
    expect(body.total).toBe(1);
    expect(Object.keys(body.entry?.[0]?.resource ?? {})).not.toContain('organization');
  });

  it.each([1, 2, 7, 100])('comes by pages of %i, each role once', async (count) => {
    const all = await pages(`PractitionerRole?_count=${count}`);
    const ids = all.flatMap(({ body }) => (body.entry ?? []).map(({ resource }) => resource.id));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(49);
    expect(all.every(({ body }) => (body.entry ?? []).length <= count)).toBe(true);
  });
});

describe('what is not there', () => {
  it('contact details, of persons and of places', async () => {
    const all = [
      ...(await pages('Practitioner?_count=100')),
      ...(await pages('PractitionerRole?_count=100')),
    ];
    const text = JSON.stringify(all.map(({ body }) => body));
    expect(text).not.toMatch(/telecom|@exemple\.test|63998|\+33/);
    expect(text).toContain('COURANT');
  });

  it.each<[string, number, string]>([
    ['Practitioner/00000000-0000-0000-0000-000000000000', 404, 'not-found'],
    ['Practitioner/x', 404, 'not-found'],
    ['PractitionerRole/x', 404, 'not-found'],
    ['Patient', 404, 'not-found'],
    ['Practitioner?mailbox-mss=x', 400, 'not-supported'],
    ['Practitioner?number-smartcard=x', 400, 'not-supported'],
    ['Practitioner?given=sophie', 400, 'not-supported'],
    ['Practitioner?_count=-1', 400, 'invalid'],
    ['Practitioner?_count=0', 400, 'invalid'],
    ['Practitioner?_lastUpdated=hier', 400, 'invalid'],
    ['Practitioner?_lastUpdated=ge2026-13-45', 400, 'invalid'],
    ['Practitioner?active=peut-etre', 400, 'invalid'],
    ['Practitioner?_cursor=zzz', 400, 'invalid'],
    ['Practitioner?family=a&family=b', 400, 'not-supported'],
    ['Practitioner?_format=xml', 406, 'not-supported'],
  ])('%s', async (path, status, code) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(answer.body.issue?.[0]?.code).toBe(code);
  });

  it('cursors of another search, or made up, break nothing', async () => {
    for (const p of [['x'], ['x', 'y'], ['a', 'b', 'c', 'd'], ["'; --"], ['']]) {
      const cursor = Buffer.from(JSON.stringify({ p, s: 0 })).toString('base64url');
      for (const path of [
        'Practitioner?',
        'Practitioner?family=courant&',
        'Practitioner?_lastUpdated=ge2000-01-01&',
        'PractitionerRole?',
      ]) {
        expect([200, 400]).toContain((await get(`${path}_cursor=${cursor}`)).status);
      }
    }
  });

  it('XML only is refused, writing too; a posted search works', async () => {
    expect((await get('Practitioner', { headers: { accept: 'application/fhir+xml' } })).status).toBe(406);
    expect((await get('Practitioner', { method: 'POST' })).status).toBe(405);
    const posted = await get('Practitioner/_search', {
      method: 'POST',
      body: new URLSearchParams({ family: 'martin' }),
    });
    expect(idsOf(posted)).toHaveLength(2);
  });

  it('too much at once is slowed down', async () => {
    let answer = await get('metadata');
    for (let turn = 0; turn < 121 && answer.status === 200; turn += 1) answer = await get('metadata');
    expect(answer.status).toBe(429);
    expect(answer.body.issue?.[0]?.code).toBe('throttled');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
