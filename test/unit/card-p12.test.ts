import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { makeP12 } from '../../src/sandbox/card/p12.ts';
import { createPki, issueCard } from '../../src/sandbox/card/pki.ts';

test('OpenSSL opens the file with its password, and not with another', async () => {
  const now = new Date();
  const pki = await createPki(now, 'http://127.0.0.1:9');
  const card = await issueCard(
    pki,
    {
      nationalId: '899700427885',
      familyName: "D'ALMÉIDA",
      givenName: 'ÉLÉONORE',
      title: 'Médecin',
      professionCode: 10,
      cardType: 'CPS',
      cardSerial: '7',
    },
    { now, crlOrigin: 'http://127.0.0.1:9' },
  );
  const p12 = await makeP12(card, [pki.standard.persons], {
    name: 'Carte de démonstration',
    password: '1234',
  });
  const open = (password: string) =>
    spawnSync('openssl', ['pkcs12', '-nodes', '-passin', `pass:${password}`], { input: p12 });
  const opened = open('1234');
  expect(opened.status).toBe(0);
  const text = opened.stdout.toString();
  expect(text).toContain('friendlyName: Carte de d');
  expect(text.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect(text).toContain('BEGIN PRIVATE KEY');
  expect(text).toContain(card.pem.trim());
  expect(open('12345').status).not.toBe(0);
});
