import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createAudit } from '../../src/audit/record.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { createRegistry } from '../../src/registry/service.ts';
import { listPersonas, seedPersonas } from '../../src/sandbox/personas.ts';
import { testDatabase } from '../support/services.ts';

const { db } = await testDatabase();
const clock = new ManualClock('2026-03-02T08:00:00Z');
const context = { db, clock, contactDelayHours: 72, root: join(import.meta.dirname, '..', '..') };
const registry = createRegistry({ ...context, audit: createAudit({ clock }) });
const HOUR = 3600;

const personas = async () => {
  const listed = await listPersonas(context, 'fr');
  return Promise.all(
    listed.map(async (persona) => {
      const practitioner = await registry.find(persona.nationalId);
      if (!practitioner) throw new Error(persona.nationalId);
      return { ...persona, practitioner, contact: await registry.contact(practitioner.id) };
    }),
  );
};

describe('the personas', () => {
  it('cover every case of the story', async () => {
    const report = await seedPersonas(context);
    expect(report).toMatchObject({ source: 'personas', first: true, columns: 50, refused: { count: 0 } });
    const all = await personas();
    expect(all.length).toBeGreaterThanOrEqual(44);

    const [ordinary] = all;
    expect(ordinary).toMatchObject({
      profession: 'Médecin',
      contact: { state: 'ok' },
      practitioner: { status: 'active' },
    });
    const activity = ordinary?.practitioner.exercises[0]?.activities[0];
    expect([activity?.numeroSiretSite, activity?.adresseEMail, activity?.libelleVoie]).not.toContain('');

    const professions = new Set(
      all.flatMap(({ practitioner }) => practitioner.exercises.map((e) => e.codeProfession)),
    );
    expect([...professions]).toEqual(
      expect.arrayContaining(['10', '21', '40', '50', '60', '70', '80', '93']),
    );
    const categories = new Set(
      all.flatMap(({ practitioner }) => practitioner.exercises.map((e) => e.codeCategorieProfessionnelle)),
    );
    expect([...categories].sort()).toEqual(['C', 'E', 'M']);
    expect([...new Set(all.map(({ nationalId }) => nationalId[0]))].sort()).toEqual(['0', '3', '5', '8']);

    const count = (test: (persona: (typeof all)[number]) => boolean) => all.filter(test).length;
    expect(
      count(({ practitioner }) => practitioner.exercises.every((e) => e.activities.length === 0)),
    ).toBeGreaterThanOrEqual(5);
    expect(
      count(({ practitioner }) => new Set(practitioner.exercises.map((e) => e.codeProfession)).size === 2),
    ).toBeGreaterThanOrEqual(2);
    expect(count(({ practitioner }) => practitioner.exercises.some((e) => e.activities.length === 5))).toBe(
      1,
    );
    expect(count(({ contact }) => contact.state === 'missing')).toBe(3);
    expect(count(({ contact }) => contact.state === 'too_recent')).toBe(1);
    expect(count(({ practitioner }) => practitioner.status === 'struck_off')).toBe(1);
    expect(count(({ practitioner }) => practitioner.status === 'inactive')).toBe(1);
    expect(Math.max(...all.map(({ name }) => name.length))).toBeGreaterThan(80);
    expect(new Set(all.map(({ note }) => note)).size).toBe(all.length);
    expect((await registry.searchByName({ familyName: 'bernard', givenName: 'sophie' })).length).toBe(3);
  });

  it('a second start keeps the data, restarts no clock and undoes nothing', async () => {
    const changedYesterday = (await personas()).find(({ contact }) => contact.state === 'too_recent');
    const struckOff = (await personas()).find(({ practitioner }) => practitioner.status === 'struck_off');
    await registry.setStatus(struckOff?.practitioner.id ?? '', 'active');
    const moved = (await personas())[0]?.practitioner.id ?? '';
    await registry.setContact(
      moved,
      { email: 'ailleurs@exemple.test' },
      { declaredAt: clock.now(), origin: 'sandbox' },
    );

    clock.advance(2 * HOUR);
    expect(await seedPersonas(context)).toMatchObject({ added: 0, changed: 0, removed: 0, first: false });
    const after = await personas();
    expect(after.find(({ nationalId }) => nationalId === changedYesterday?.nationalId)?.contact).toEqual(
      changedYesterday?.contact,
    );
    expect(after.find(({ nationalId }) => nationalId === struckOff?.nationalId)?.practitioner.status).toBe(
      'active',
    );
    expect((await registry.contactHistory(moved))[0]).toMatchObject({ email: 'ailleurs@exemple.test' });
    clock.advance(46 * HOUR);
    expect((await registry.contact(changedYesterday?.practitioner.id ?? '')).state).toBe('ok');
  });

  it('changes by hand are in the audit, without the details themselves', async () => {
    const { rows } = await db.query<{ type: string; details: unknown }>(
      'SELECT type, details FROM audit_event ORDER BY 1',
    );
    expect(rows).toEqual([
      { type: 'contact_changed', details: { origin: 'sandbox' } },
      { type: 'registry_status_changed', details: { status: 'active' } },
    ]);
  });
});
