import { Writable } from 'node:stream';
import { beforeAll, describe, expect, test } from 'vitest';
import { insertOpposition, rememberCard } from '../../src/card/repository.ts';
import type { CommandContext } from '../../src/command.ts';
import { UsageError } from '../../src/io.ts';
import { createAudit } from '../../src/audit/record.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { createSupportCommand, normalizeSupportId } from '../../src/support/command.ts';
import { sweepRefusals } from '../../src/support/refusals.ts';
import { unnamed } from '../support/command.ts';
import { doctor, rpps } from '../support/registry.ts';
import {
  approveByNumber,
  DEVICE,
  PIN,
  reachPin,
  refusal,
  smsCodeOf,
  SPECIAL,
  startEcpsSite,
  typedCodeOf,
  type EcpsSite,
  type Person,
  type TestPhone,
} from '../support/ecps-site.ts';

const WRONG = '274918';
let site: EcpsSite;
beforeAll(async () => {
  site = await startEcpsSite();
});

interface Ran {
  code: number;
  out: string;
  err: string;
}

const run = async (args: string[], locale: 'fr' | 'en' = 'fr'): Promise<Ran> => {
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        written[name] += chunk.toString();
        done();
      },
    });
  await site.refusals.flush();
  const context = {
    io: { stdout: stream('out'), stderr: stream('err'), locale },
    config: async () => site.config,
    keyring: async () => createKeyRing(Buffer.alloc(32, 7)),
    database: async () => site.db,
    ...unnamed,
  } as unknown as CommandContext;
  return { code: await createSupportCommand(site.clock)(args, context), ...written };
};

interface Seen {
  problems: { code: string; says: string; tell: string }[];
  [key: string]: unknown;
}
const seen = async (id: string): Promise<Seen> => JSON.parse((await run([id, '--json'])).out) as Seen;
const problems = async (id: string): Promise<string[]> => (await seen(id)).problems.map(({ code }) => code);

/** The screen, after checking that it fits and shows no address, number or code. */
const screen = async (id: string, locale: 'fr' | 'en' = 'fr'): Promise<string> => {
  const { out } = await run([id], locale);
  const lines = out.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(40);
  expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(80);
  expect(out).not.toMatch(/[^\s@•]{2,}@[^\s@•]{2,}/);
  expect(out).not.toMatch(/\+33\d{6}/);
  return out;
};

const tryPin = async (phone: TestPhone, person: Person, pin: string) =>
  approveByNumber(phone, await site.start({ nationalId: person.nationalId }), pin);
const idOf = async ({ nationalId }: Person): Promise<string> =>
  (await site.registry.find(nationalId))?.id ?? '';
const start = async (person: Person): Promise<TestPhone> => {
  const phone = site.phone();
  await phone.activate({ nationalId: person.nationalId, device: DEVICE });
  return phone;
};
const acted = async (nationalId: string) =>
  (
    await site.db.query<{ details: object }>(
      "SELECT details FROM audit_event WHERE type = 'operator.acted' AND national_id = $1 ORDER BY id",
      [nationalId],
    )
  ).rows.map(({ details }) => details);

describe('why a person cannot activate', () => {
  test.each([
    [SPECIAL.unknown, 'unknown'],
    [`${SPECIAL.unknown.slice(0, -1)}${(Number(SPECIAL.unknown.at(-1)) + 1) % 10}`, 'check_digit'],
    [SPECIAL.struckOff, 'struck_off'],
    [SPECIAL.inactive, 'suspended'],
    [SPECIAL.noEmail, 'contact_missing'],
    [SPECIAL.noPhone, 'contact_missing'],
    [SPECIAL.changedYesterday, 'contact_too_recent'],
  ])('%s: %s, told in both languages', async (id, code) => {
    expect((await problems(id))[0]).toBe(code);
    const [french, english] = [await screen(id), await screen(id, 'en')];
    expect(french.split('\n')[0]).not.toBe(english.split('\n')[0]);
    expect(french).toContain('À dire');
    expect(english).toContain('Tell');
  });

  test('the person’s own refusals stand on the screen, with what they mean', async () => {
    const phone = site.phone();
    const met = await refusal(phone.activate({ nationalId: SPECIAL.noPhone, device: DEVICE }));
    expect(met.code).toBe('contact_missing');
    const { refusals } = await seen(SPECIAL.noPhone);
    expect(refusals).toMatchObject([{ code: 'contact_missing', supportId: met.supportId }]);
    expect(await screen(SPECIAL.noPhone)).toContain('contact_missing : Vos coordonnées nous manquent');
  });

  test('somebody whom the registry’s file no longer names is told so, beside what is right', async () => {
    const person = site.person();
    await site.activated(person);
    await site.db.query('UPDATE practitioner SET missing_since = $2 WHERE national_id = $1', [
      person.nationalId,
      site.clock.now(),
    ]);
    expect(await problems(person.nationalId)).toEqual(['fine', 'leaving']);
    expect(await screen(person.nationalId)).toContain('absent du fichier depuis le');
  });

  test('a struck off person’s try is told with its real reason, which the phone did not hear', async () => {
    expect(
      (await refusal(site.phone().activate({ nationalId: SPECIAL.struckOff, device: DEVICE }))).code,
    ).toBe('identifier_unknown');
    expect((await seen(SPECIAL.struckOff))['refusals']).toMatchObject([{ code: 'person_struck_off' }]);
  });

  test('nobody asked yet; then the mail left, was scanned, the SMS left, the PIN is due, all is fine', async () => {
    const person = site.person();
    expect(await problems(person.nationalId)).toEqual(['no_phone']);
    const phone = await start(person);
    const mails = await site.mails(person);
    expect(await problems(person.nationalId)).toEqual(['mail_sent']);
    expect(await screen(person.nationalId)).toContain('a•••@e•••.test');
    await phone.typeMailCode(typedCodeOf(mails));
    const sms = await site.sms(person);
    expect(await problems(person.nationalId)).toEqual(['sms_sent']);
    expect(await screen(person.nationalId)).toMatch(/\+33 6 •• •• •• \d\d/);
    await phone.smsCode(smsCodeOf(sms));
    expect(await problems(person.nationalId)).toEqual(['pin_due']);
    await phone.enrol(PIN);
    expect(await problems(person.nationalId)).toEqual(['fine']);
    const text = await screen(person.nationalId);
    expect(text.split('\n')[0]).toBe('Tout est en ordre : la personne peut se connecter.');
    expect(text).toContain('actif jusqu’au');
  });

  test('the mail bounced: told with the server’s words, and the activation that expired for it', async () => {
    const person = site.person();
    await start(person);
    await site.mails(person);
    await site.db.query(
      `UPDATE outbox_message SET state = 'abandoned', last_error = '550 mailbox full' WHERE practitioner_id = $1`,
      [await idOf(person)],
    );
    expect((await seen(person.nationalId)).problems[0]).toMatchObject({
      code: 'mail_failed',
      says: 'Le courriel de l’activation n’est pas parti vers a•••@e•••.test : 550 mailbox full.',
    });
    expect(await screen(person.nationalId)).toContain('ÉCHEC');
    site.clock.advance(3600);
    expect((await problems(person.nationalId))[0]).toBe('mail_failed');
  });

  test('the SMS was refused by the operator of the network', async () => {
    const person = site.person();
    await site.registry.setContact(
      await idOf(person),
      { phone: '+15005550001' }, // Twilio's own number for "not a valid one"
      { declaredAt: site.clock.now(), effectiveAt: site.clock.now() },
    );
    const phone = await start(person);
    await phone.typeMailCode(typedCodeOf(await site.mails(person)));
    await site.messages.drain();
    const [first] = (await seen(person.nationalId)).problems;
    expect(first).toMatchObject({ code: 'sms_failed' });
    expect(first?.says).toMatch(/21211|valid/);
  });

  test('expired half-way, spent by wrong codes, over the day’s quota', async () => {
    const [late, wrong, eager] = [site.person(), site.person(), site.person()];
    const phone = await start(late);
    await phone.typeMailCode(typedCodeOf(await site.mails(late)));
    await site.messages.drain();
    site.clock.advance(3600);
    expect((await seen(late.nationalId)).problems).toMatchObject([
      { code: 'activation_expired', says: expect.stringContaining('code SMS attendu') as string },
    ]);
    const guesser = await start(wrong);
    for (let index = 0; index < 5; index += 1) await refusal(guesser.typeMailCode('00000000'));
    expect(await problems(wrong.nationalId)).toEqual(['activation_spent']);
    expect(await screen(wrong.nationalId)).toContain('5 code(s) faux');
    for (let index = 0; index < 4; index += 1) {
      await start(eager);
      site.clock.advance(1);
    }
    expect(await problems(eager.nationalId)).toEqual(['activation_quota']);
    expect(await screen(eager.nationalId)).toContain('sans courriel');
  });

  test('a fourth phone', async () => {
    const person = site.person();
    for (let index = 0; index < 3; index += 1) {
      await site.activated(person);
      site.clock.advance(86_400);
    }
    await refusal(reachPin(site, person, site.phone()));
    expect((await seen(person.nationalId))['refusals']).toMatchObject([{ code: 'phone_limit' }]);
  });
});

describe('why a person cannot sign in by phone', () => {
  const enrolled = async () => {
    const person = site.person();
    const phone = await site.activated(person);
    return { person, phone, device: (await phone.me()).device };
  };

  test('a wrong PIN, then a wait, then the phone is blocked: only a new proof helps', async () => {
    const { person, phone } = await enrolled();
    for (let index = 0; index < 3; index += 1) await refusal(tryPin(phone, person, WRONG));
    expect((await seen(person.nationalId)).problems[0]).toMatchObject({
      code: 'pin_wait',
      tell: 'Attendre, puis taper le bon code : 2 essai(s) avant le blocage.',
    });
    site.clock.advance(61);
    await refusal(tryPin(phone, person, WRONG));
    site.clock.advance(301);
    await refusal(tryPin(phone, person, WRONG));
    expect((await problems(person.nationalId))[0]).toBe('phone_locked');
    const text = await screen(person.nationalId);
    expect(text).toContain('BLOQUÉ');
    expect(text).toContain('pin_wrong : Ce code PIN n’est pas le bon');
    const unlock = await run([person.nationalId, 'unlock', '--reason', 'elle le demande']);
    expect(unlock.code).toBe(1);
    expect(unlock.err).toContain('ne se débloque pas à distance');
  });

  test('suspended (two copies), in quarantine, not renewed, removed', async () => {
    const { person, device } = await enrolled();
    const set = (sql: string) => site.db.query(`UPDATE ecps_device SET ${sql} WHERE id = $1`, [device.id]);
    const soon = new Date(site.clock.now().getTime() + 3600_000);
    await set("state = 'frozen'");
    expect((await problems(person.nationalId))[0]).toBe('phone_frozen');
    await site.db.query("UPDATE ecps_device SET state = 'quarantine', quarantine_until = $2 WHERE id = $1", [
      device.id,
      soon,
    ]);
    expect((await problems(person.nationalId))[0]).toBe('phone_quarantine');
    await set("state = 'active', quarantine_until = NULL");
    await site.ecps.devices.revoke(person.nationalId, device.id, 'owner');
    expect((await problems(person.nationalId))[0]).toBe('phone_revoked');
    expect(await screen(person.nationalId)).toContain('retiré le');
  });

  test('the phone was asked and did not answer, denied, reported; the number was wrong', async () => {
    const { person, phone } = await enrolled();
    const page = await site.start({ nationalId: person.nationalId });
    expect((await problems(person.nationalId))[0]).toBe('unanswered');
    await phone.deny(page.txn);
    expect((await problems(person.nationalId))[0]).toBe('denied');
    const next = await site.start({ nationalId: person.nationalId });
    const wrong = { ...next, number: next.number === '10' ? '11' : '10' };
    await refusal(approveByNumber(phone, wrong));
    expect((await problems(person.nationalId))[0]).toBe('bind_wrong');
    await approveByNumber(phone, await site.start({ nationalId: person.nationalId }));
    expect(await problems(person.nationalId)).toEqual(['fine']);
  });
});

describe('why a card is refused', () => {
  const withCard = async (serial: string, lost = false): Promise<Person> => {
    const person = site.person();
    await rememberCard(site.db, {
      nationalId: person.nationalId,
      serial,
      cardNumber: `8025000001/26003${serial}`,
      cardType: 'CPS',
      notAfter: new Date('2023-01-01T00:00:00Z'),
      der: Buffer.from('3000', 'hex'),
      at: site.clock.now(),
    });
    if (lost) await insertOpposition(site.db, serial, 'perdue à Lyon', site.clock.now());
    return person;
  };

  test('it works; it is declared lost; its certificate was revoked', async () => {
    expect(await problems((await withCard('11')).nationalId)).toEqual(['fine_by_card']);
    const lost = await withCard('12', true);
    expect(await problems(lost.nationalId)).toEqual(['card_lost']);
    expect(await screen(lost.nationalId)).toContain('DÉCLARÉE PERDUE');
    const revoked = await withCard('13');
    site.clock.advance(60);
    await createAudit({ clock: site.clock }).record(site.db, {
      type: 'card.refused',
      nationalId: revoked.nationalId,
      supportId: 'ABCD-1234',
      details: { reason: 'card_revoked', serial: '13' },
    });
    const [first] = (await seen(revoked.nationalId)).problems;
    expect(first?.code).toBe('card_refused');
    expect(first?.says).toContain('Votre carte a été révoquée');
    const { out, code } = await run(['--support-id', 'abcd 1234']);
    expect([code, out.split('\n')[0]]).toEqual([0, expect.stringContaining('ABCD-1234') as string]);
    expect(out).toContain('card_revoked');
    expect(out).toContain(revoked.nationalId);
  });
});

describe('a support id from an error page', () => {
  test('leads to the refusal, what it means, and the person', async () => {
    const met = await refusal(site.phone().activate({ nationalId: SPECIAL.noEmail, device: DEVICE }));
    const { out, code } = await run(['--support-id', met.supportId.toLowerCase().replace('-', ' ')]);
    expect(code).toBe(0);
    expect(out).toContain(`Numéro d’assistance ${met.supportId}`);
    expect(out).toContain('contact_missing');
    expect(out).toContain('POST /ecps/v1/activations');
    expect(out).toContain(SPECIAL.noEmail);
    const json = JSON.parse((await run(['--support-id', met.supportId, '--json'])).out) as Seen;
    expect(json).toMatchObject({
      refusal: { code: 'contact_missing', status: 409 },
      person: { nationalId: SPECIAL.noEmail },
    });
  });

  test('of a page that was about nobody', async () => {
    const answer = await fetch(`${site.origin}/nowhere/at/all`, { headers: { accept: 'application/json' } });
    const { support_id: id } = (await answer.json()) as { support_id: string };
    const { out, code } = await run(['--support-id', id]);
    expect(code).toBe(0);
    expect(out).toContain('not_found');
    expect(out).toContain('ne concernait encore personne');
  });

  test('unknown, or forgotten after a month', async () => {
    const answer = await fetch(`${site.origin}/nowhere`, { headers: { accept: 'application/json' } });
    const { support_id: id } = (await answer.json()) as { support_id: string };
    await site.refusals.flush();
    expect(
      await sweepRefusals(site.db, new Date(site.clock.now().getTime() + 31 * 86_400_000)),
    ).toBeGreaterThan(0);
    const { err, code } = await run(['--support-id', id]);
    expect(code).toBe(1);
    expect(err).toContain(`${id} n’est pas connu`);
  });

  test('however it is said', () => {
    for (const said of ['K7QF-2M9A', 'k7qf2m9a', ' K7QF 2M9A ', 'k7qf–2m9a']) {
      expect(normalizeSupportId(said)).toBe('K7QF-2M9A');
    }
    expect(normalizeSupportId('oil0-ABCD')).toBe('0110-ABCD');
  });

  test('what anyone can cause is bounded: a flood does not fill the table', async () => {
    const count = async () =>
      (await site.db.query<{ count: number }>('SELECT count(*) AS count FROM refusal')).rows[0]?.count ?? 0;
    await site.refusals.flush();
    site.clock.advance(3600);
    const before = await count();
    const about = {};
    const entry = { code: 'not_found', status: 404, route: 'GET /x', requestId: 'R', about };
    for (let index = 0; index < 5000; index += 1)
      site.refusals.keep({ ...entry, supportId: `0000-${index}` });
    await site.refusals.flush();
    expect((await count()) - before).toBe(300);
    site.clock.advance(10);
    for (let index = 0; index < 5000; index += 1)
      site.refusals.keep({ ...entry, supportId: `0001-${index}` });
    await site.refusals.flush();
    expect((await count()) - before).toBe(350);
  });
});

describe('acts, each with a reason', () => {
  const reason = ['--reason', 'appel du matin'];

  test('without a reason nothing is done', async () => {
    const person = site.person();
    for (const verb of [
      ['suspend'],
      ['resend'],
      ['cancel'],
      ['revoke', 'dev_1'],
      ['suspend', '--reason', '  '],
    ]) {
      await expect(run([person.nationalId, ...verb])).rejects.toThrow(UsageError);
    }
    expect(await acted(person.nationalId)).toEqual([]);
  });

  test('resend: the mail, then the SMS, then nothing; the day’s limit holds', async () => {
    const person = site.person();
    expect(await run([person.nationalId, 'resend', ...reason])).toMatchObject({ code: 1 });
    const phone = await start(person);
    expect((await run([person.nationalId, 'resend', ...reason])).out).toBe('Le courriel part à nouveau.\n');
    const mails = await site.mails(person);
    expect(mails).toHaveLength(2);
    await phone.typeMailCode(typedCodeOf(mails));
    expect((await run([person.nationalId, 'resend', ...reason])).out).toContain('Le SMS part à nouveau');
    expect(await site.sms(person)).toHaveLength(2);
    expect((await run([person.nationalId, 'resend', ...reason])).code).toBe(0);
    expect((await run([person.nationalId, 'resend', ...reason])).err).toContain('limite du jour');
    await phone.smsCode(smsCodeOf(await site.sms(person)));
    expect((await run([person.nationalId, 'resend', '--json', ...reason])).out).toContain('nothingToSend');
    expect(await acted(person.nationalId)).toMatchObject(
      ['nothingOpen', 'mail', 'sms', 'sms', 'quota', 'nothingToSend'].map((outcome) => ({
        act: 'resend',
        outcome,
        reason: 'appel du matin',
      })),
    );
    const events = await site.audited(person.nationalId);
    expect(events.filter((type) => type === 'ecps.activation_resent')).toHaveLength(3);
  });

  test('cancel closes what is under way; the phone starts again', async () => {
    const person = site.person();
    const phone = await start(person);
    expect((await run([person.nationalId, 'cancel', ...reason])).out).toBe('1 activation(s) annulée(s).\n');
    expect((await refusal(phone.typeMailCode('00000000'))).code).toBe('gone');
    expect(await problems(person.nationalId)).toEqual(['activation_closed']);
    expect((await run([person.nationalId, 'cancel', ...reason])).code).toBe(1);
    await reachPin(site, person, site.phone());
  });

  test('suspend stops activation; lift gives the say back to the files, and only lifts what was set by hand', async () => {
    const person = site.person();
    expect((await run([person.nationalId, 'suspend', ...reason])).code).toBe(0);
    expect((await refusal(start(person))).code).toBe('identifier_unknown');
    expect(await problems(person.nationalId)).toEqual(['suspended']);
    expect((await run([person.nationalId, 'suspend', ...reason])).out).toContain('déjà');
    expect((await run([person.nationalId, 'lift', ...reason])).code).toBe(0);
    const phone = site.phone();
    await reachPin(site, person, phone);
    await phone.enrol(PIN);
    expect((await run([person.nationalId, 'lift', ...reason])).code).toBe(1);
    // Its phone rests while it is suspended, and is as before afterwards.
    await run([person.nationalId, 'suspend', ...reason]);
    await expect(tryPin(phone, person, PIN)).rejects.toThrow();
    await run([person.nationalId, 'lift', ...reason]);
    expect(await tryPin(phone, person, PIN)).toMatchObject({ wrongTriesSince: 0 });
    expect((await acted(person.nationalId)).map((one) => (one as { act: string }).act)).toEqual([
      'suspend',
      'lift',
      'suspend',
      'lift',
    ]);
    expect(await site.audited(person.nationalId)).toContain('registry_status_changed');
  });

  test('revoke ends one phone of that person, and no other’s', async () => {
    const [person, other] = [site.person(), site.person()];
    const phone = await site.activated(person);
    const { device } = await phone.me();
    expect((await run([other.nationalId, 'revoke', device.id, ...reason])).err).toContain(
      'pas à cette personne',
    );
    expect((await run([person.nationalId, 'revoke', device.id, ...reason])).code).toBe(0);
    expect((await refusal(phone.pending())).code).toBe('device_revoked');
    expect((await run([person.nationalId, 'revoke', device.id, ...reason])).out).toContain('déjà');
    expect(await acted(person.nationalId)).toMatchObject([{ act: 'revoke', reason: 'appel du matin' }]);
    const told = (await site.mails(person)).map(({ subject }) => subject);
    expect(told.length).toBeGreaterThan(2);
  });

  test('for nobody, and wrongly asked', async () => {
    expect((await run([rpps(998), 'suspend', ...reason])).err).toContain('Personne dans le registre');
    await expect(run(['12', 'suspend', ...reason])).rejects.toThrow('is not a national identifier');
    await expect(run([rpps(1), 'explode', ...reason])).rejects.toThrow(UsageError);
    await expect(run([])).rejects.toThrow(UsageError);
    expect((await run(['--help'])).out).toContain('caducee support ID resend');
  });
});

test('looking is an act: it is in the audit', async () => {
  const person = site.person();
  await screen(person.nationalId);
  expect(await site.audited(person.nationalId)).toEqual(['operator.looked']);
});

test('the fullest screen still fits, and draws nothing on the terminal', async () => {
  const person = site.person();
  for (let index = 0; index < 3; index += 1) {
    const phone = site.phone();
    await phone.activate({
      nationalId: person.nationalId,
      device: { ...DEVICE, name: `Téléphone ${'très '.repeat(6)}long ${index}` },
    });
    await phone.typeMailCode(typedCodeOf(await site.mails(person)));
    await phone.smsCode(smsCodeOf(await site.sms(person)));
    await phone.enrol(PIN);
    for (let wrong = 0; wrong < 3; wrong += 1) {
      await tryPin(phone, person, WRONG).catch(() => undefined);
      site.clock.advance(400);
    }
    site.clock.advance(86_400);
  }
  await site.db.query('UPDATE ecps_device SET name = $2 WHERE national_id = $1', [
    person.nationalId,
    'a\u001B[2Jb',
  ]);
  for (let index = 0; index < 6; index += 1) {
    await rememberCard(site.db, {
      nationalId: person.nationalId,
      serial: `f${index}`,
      cardNumber: `8025000001/99${index}`,
      cardType: 'CPS',
      notAfter: new Date('2029-01-01T00:00:00Z'),
      der: Buffer.from('3000', 'hex'),
      at: site.clock.now(),
    });
  }
  const text = await screen(person.nationalId);
  expect(text).not.toContain('\u001B');
  expect(text).toContain('… et ');
});

// The people of the site are those of the registry's own test file.
test('people are found by the 11 digits too', async () => {
  expect(doctor(1).nationalId).toBe(rpps(1));
  expect((await run([rpps(1).slice(1), '--json'])).out).toContain(rpps(1));
});
