import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SmsRequest } from '../../src/messages/request.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { createInbox } from '../../src/sandbox/inbox/index.ts';
import { openInboxStore } from '../../src/sandbox/inbox/store.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { TWILIO, inboxTransports, readQr, startInbox } from '../support/mail.ts';
import { MAIL_SAMPLES } from '../support/mail-samples.ts';

/** The sandbox's inbox as a person's browser and a developer's script meet it. */

const FAR = new Date('2031-01-01');
const sms: SmsRequest = {
  kind: 'sms',
  template: 'activation_code',
  to: '+33612345612',
  locale: 'fr',
  data: { code: '493027', domain: 'app.caducee.test' },
  expiresAt: FAR,
};

interface ApiMessage {
  id: string;
  kind: string;
  to: string;
  subject?: string;
  text: string;
  attachments: { cid: string; contentType: string; url: string }[];
}

const clock = new ManualClock('2021-01-14T07:30:00Z');
const inbox = await startInbox({ clock });
const { mail, sms: text } = inboxTransports(inbox.urls(), clock);
const base = inbox.urls().page;
const api = async (query = ''): Promise<ApiMessage[]> => {
  const answer = await fetch(`${base}api/messages${query}`);
  return ((await answer.json()) as { messages: ApiMessage[] }).messages;
};
const sendMail = (to = 'lea@hopital.test') =>
  mail.deliver(
    'id',
    { kind: 'mail', template: 'activation_qr', to, locale: 'fr', data: MAIL_SAMPLES.activation_qr['usual']! },
    FAR,
  );
beforeEach(() => inbox.clear());

describe('the JSON', () => {
  it('lists mails and SMS, newest first, by recipient, by kind, so many', async () => {
    await sendMail();
    await text.deliver('id', sms, FAR);
    await sendMail('other@hopital.test');
    expect((await api()).map(({ to }) => to)).toEqual([
      'other@hopital.test',
      '+33612345612',
      'lea@hopital.test',
    ]);
    expect((await api('?kind=mail')).map(({ to }) => to)).toEqual(['other@hopital.test', 'lea@hopital.test']);
    expect(await api('?to=LEA@hopital.test')).toHaveLength(1);
    expect(await api('?limit=2')).toHaveLength(2);
    // A plus sign in a query is a space: numbers are compared by their digits.
    expect(await api('?to=+33612345612')).toMatchObject([
      { kind: 'sms', from: '+33644000000', text: expect.stringContaining('493 027') as string },
    ]);
  });

  it('serves the QR image of a mail', async () => {
    await sendMail();
    const [received] = await api();
    const [part] = received!.attachments;
    expect(part).toMatchObject({ cid: 'qr@caducee', contentType: 'image/png' });
    const image = await fetch(part!.url);
    expect(image.headers.get('content-type')).toBe('image/png');
    expect(readQr(Buffer.from(await image.arrayBuffer()))).toBe(MAIL_SAMPLES.activation_qr['usual']!.qrText);
    expect(await (await fetch(`${base}api/messages/${received!.id}`)).json()).toMatchObject({
      id: received!.id,
    });
  });

  it('forgets everything on DELETE', async () => {
    await text.deliver('id', sms, FAR);
    expect((await fetch(`${base}api/messages`, { method: 'DELETE' })).status).toBe(204);
    expect(await api()).toEqual([]);
  });

  it('knows nothing of an unknown message', async () => {
    for (const path of ['api/messages/x', 'api/messages/x/attachments/0', 'messages/x', 'messages/x/body']) {
      expect((await fetch(base + path)).status).toBe(404);
    }
  });
});

describe('the page', () => {
  it('is in the language asked for, and says when it is empty', async () => {
    const french = await (await fetch(base, { headers: { 'Accept-Language': 'fr' } })).text();
    expect(french).toContain('<html lang="fr">');
    expect(french).toContain('Aucun message pour l’instant');
    const english = await (await fetch(`${base}?lang=en`)).text();
    expect(english).toContain('No message yet');
  });

  it('escapes what a message says', async () => {
    await fetch(`${inbox.urls().twilio}/2010-04-01/Accounts/${TWILIO.accountSid}/Messages.json`, {
      method: 'POST',
      headers: {
        Authorization: `Basic ${Buffer.from(`${TWILIO.accountSid}:${TWILIO.authToken}`).toString('base64')}`,
      },
      body: new URLSearchParams({ To: '+33612345612', From: 'x', Body: '<script>alert(1)</script>' }),
    });
    const [received] = await api();
    const page = await (await fetch(`${base}messages/${received!.id}`)).text();
    expect(page).toContain('&lt;script&gt;');
    expect(page).not.toContain('<script>alert');
  });

  it('shows a mail in a document that can run nothing and fetch nothing', async () => {
    await sendMail();
    const [received] = await api();
    const body = await fetch(`${base}messages/${received!.id}/body`);
    const policy = body.headers.get('content-security-policy');
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).toMatch(/sandbox(?!.*allow-(scripts|same-origin|forms))/);
    expect(await body.text()).toContain('src="data:image/png;base64,');
  });

  it('tells at once that something arrived', async () => {
    const events = await fetch(`${base}events`);
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
    await reader.read();
    await text.deliver('id', sms, FAR);
    expect((await reader.read()).value).toContain('event: change');
    await reader.cancel();
  });
});

describe('a page of the web', () => {
  const status = (headers: Record<string, string>, method = 'GET', path = '/') =>
    new Promise<number | undefined>((resolve, reject) => {
      const { port } = new URL(base);
      request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });

  it('cannot read the codes under a name of its own (DNS rebinding)', async () => {
    expect(await status({ Host: 'evil.test' })).toBe(403);
    expect(await status({ Host: 'localhost' })).toBe(200);
  });

  it('cannot erase them with a form', async () => {
    await text.deliver('id', sms, FAR);
    const headers = { Host: 'localhost', 'Sec-Fetch-Site': 'cross-site' };
    expect(await status(headers, 'POST', '/clear')).toBe(403);
    expect(inbox.messages()).toHaveLength(1);
    expect(await status({ Host: 'localhost', 'Sec-Fetch-Site': 'same-origin' }, 'POST', '/clear')).toBe(303);
    expect(inbox.messages()).toEqual([]);
  });

  it('is given no leave to read by CORS', async () => {
    const answer = await fetch(`${base}api/messages`, { headers: { Origin: 'https://evil.test' } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('the data folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'caducee-inbox-'));
  onFileEnd(() => rmSync(folder, { recursive: true }));
  const message = (n: number) => ({
    id: String(n),
    kind: 'sms' as const,
    to: '+33612345612',
    from: 'x',
    text: `message ${n}`,
    receivedAt: '2021-01-14T07:30:00Z',
    attachments: [],
  });

  it('keeps the newest messages over a restart, and stays small', () => {
    const store = openInboxStore(folder, 10);
    for (let n = 0; n < 100; n += 1) store.add(message(n));
    expect(store.list().map(({ id }) => id)).toEqual([
      '99',
      '98',
      '97',
      '96',
      '95',
      '94',
      '93',
      '92',
      '91',
      '90',
    ]);
    const file = join(folder, 'inbox.jsonl');
    expect(readFileSync(file, 'utf8').trim().split('\n').length).toBeLessThanOrEqual(12);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    writeFileSync(file, '{"id":"torn', { flag: 'a' });
    const again = openInboxStore(folder, 10);
    expect(again.list().map(({ id }) => id)).toEqual(store.list().map(({ id }) => id));
    again.add(message(100));
    expect(openInboxStore(folder, 10).list()[0]?.id).toBe('100');
  });

  it('can be used by an inbox that stops and starts on the same ports', async () => {
    const options = { httpPort: 0, smtpPort: 0, twilioPort: 0, dataDir: folder, twilio: TWILIO };
    const first = createInbox(options);
    const { page } = await first.start();
    const events = await fetch(`${page}events`);
    await first.stop();
    await expect(fetch(page)).rejects.toThrow('fetch failed');
    await events.body?.cancel().catch(() => undefined);
    const second = createInbox({ ...options, httpPort: Number(new URL(page).port) });
    await second.start();
    expect((await fetch(page)).status).toBe(200);
    await second.stop();
  });

  it('is given back whole when one port is taken', async () => {
    const { port } = new URL(base);
    const blocked = createInbox({
      httpPort: 0,
      smtpPort: Number(port),
      twilioPort: 0,
      dataDir: folder,
      twilio: TWILIO,
    });
    await expect(blocked.start()).rejects.toThrow('EADDRINUSE');
    expect(() => blocked.urls()).toThrow('not started');
  });
});
