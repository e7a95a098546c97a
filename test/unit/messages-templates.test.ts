import { describe, expect, it } from 'vitest';
import { renderMail, type MailData, type MailTemplate } from '../../views/mails/index.ts';
import { momentOf, timeOf, typography } from '../../views/mails/format.ts';
import { plain } from '../../views/mails/plain.ts';
import { renderSms } from '../../views/sms/index.ts';
import { MAIL_CONTEXT } from '../support/mail.ts';
import { MAIL_SAMPLES } from '../support/mail-samples.ts';

const samples = Object.entries(MAIL_SAMPLES).flatMap(([template, variants]) =>
  Object.entries(variants).flatMap(([variant, data]) =>
    (['fr', 'en'] as const).map((locale) => ({ template: template as MailTemplate, variant, data, locale })),
  ),
);
const render = (sample: (typeof samples)[number]) =>
  renderMail(sample.template, sample.data as MailData[MailTemplate] as never, sample.locale, MAIL_CONTEXT);

/** What a person reads in the HTML part, without its markup. */
const wordsOf = (html: string): string =>
  html
    .replace(/^[\s\S]*?<h1/, '<h1')
    .replaceAll(/<\/?span[^>]*>/g, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ');

describe.each(samples)('mail $template ($variant, $locale)', (sample) => {
  it('says this', () => {
    const { subject, text } = render(sample);
    expect(`${subject}\n${'='.repeat(20)}\n${text}\n`).toMatchSnapshot();
  });

  it('says in its text part all that its HTML part says', () => {
    const { html, text } = render(sample);
    const inHtml = wordsOf(html);
    const sentences = text
      .split('\n')
      .map((line) =>
        line
          .replace(/^\d+\. /, '')
          .replaceAll(/\s+/g, ' ')
          .trim(),
      )
      .filter((line) => line.length > 3 && !/^https:|^\(|^[^:]{1,30}\s?:/.test(line));
    expect(sentences.length).toBeGreaterThan(4);
    expect(sentences.filter((sentence) => !inHtml.includes(sentence))).toEqual([]);
    const htmlWords = inHtml.match(/\p{L}{4,}/gu) ?? [];
    const missing = htmlWords.filter((word) => !text.includes(word));
    expect(missing).toEqual([]);
  });

  it('fetches nothing, carries no script and stays short of what mail programs cut', () => {
    const { html } = render(sample);
    expect(html).not.toMatch(/<script|<link|@import|url\(|src="(?!cid:)/);
    expect(html.match(/href="([^"]*)"/g) ?? []).toHaveLength('stopUrl' in sample.data ? 1 : 0);
    expect(Buffer.byteLength(html)).toBeLessThan(40_000);
  });
});

describe('what a phone calls itself', () => {
  it.each([
    ['Pixel 8 de Léa', 'Pixel 8 de Léa'],
    ['Android 14.1 (Pixel+)', 'Android 14.1 (Pixel+)'],
    ['gagnez! http://evil.test/x?y', 'gagnez http evil test x y'],
    ['a@b.c\r\nBcc: d@e.f', 'a b c Bcc d e f'],
    ['<b>x</b>', 'b x b'],
    ['\u202Emoc.live', 'moc live'],
    ['x'.repeat(200), 'x'.repeat(40)],
    ['   ', ''],
  ])('%j becomes %j', (name, cleaned) => {
    expect(plain(name)).toBe(cleaned);
  });

  it('cannot write a link or markup into a mail', () => {
    const { html, text, subject } = renderMail(
      'activation_qr',
      { ...MAIL_SAMPLES.activation_qr['usual']!, deviceName: 'Urgent : <a href="http://evil.test">ici</a>' },
      'fr',
      MAIL_CONTEXT,
    );
    for (const part of [html, text, subject]) expect(part).not.toMatch(/evil\.test|<a href="http/);
  });
});

describe('instants and punctuation', () => {
  const instant = new Date('2021-01-14T07:05:00Z');

  it('are said in the installation’s time zone, which is named', () => {
    expect(momentOf(instant, 'fr', 'Europe/Paris')).toBe('jeudi 14 janvier 2021 à 8 h 05 (heure de Paris)');
    expect(momentOf(instant, 'en', 'Europe/Paris')).toBe('Thursday 14 January 2021 at 08:05 (Paris time)');
    expect(timeOf(instant, 'fr', 'Africa/Abidjan')).toBe('7 h 05 (heure d’Abidjan)');
  });

  it('get the spaces of French typography', () => {
    expect(typography('Non ? « Oui » : 8 h 05 !', 'fr')).toBe(
      'Non\u202f? «\u00a0Oui\u00a0»\u00a0: 8\u00a0h\u00a005\u202f!',
    );
  });
});

describe('an SMS', () => {
  const GSM7 = /^[A-Za-z0-9 @£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!"#¤%&'()*+,\-./:;<=>?¡ÄÖÑÜ§¿äöñüà\n\r]*$/;

  it.each([
    ['fr', 'Votre code e-CPS : 493 027. Ne le communiquez à personne.\n\n@app.caducee.test #493027'],
    ['en', 'Your e-CPS code: 493 027. Do not give it to anyone.\n\n@app.caducee.test #493027'],
  ] as const)('is one GSM 7-bit message that ends with the WebOTP line (%s)', (locale, text) => {
    const sms = renderSms('activation_code', { code: '493027', domain: 'app.caducee.test' }, locale);
    expect(sms).toBe(text);
    expect(sms).toMatch(GSM7);
    expect(sms.length).toBeLessThanOrEqual(160);
  });

  it.each(['fr', 'en'] as const)('that tells of a new phone is one GSM 7-bit message too (%s)', (locale) => {
    const stopUrl = 'https://e-cps.esante.gouv.test/telephone/arreter/8pQ2x1c5V9bN3mK7';
    for (const data of [{ stopUrl }, {}]) {
      const sms = renderSms('device_added', data, locale);
      expect(sms).toMatch(GSM7);
      expect(sms.length).toBeLessThanOrEqual(160);
      expect(sms.includes(stopUrl)).toBe('stopUrl' in data);
    }
  });

  it('keeps the leading zero of a code', () => {
    expect(renderSms('activation_code', { code: '003027', domain: 'x.test' }, 'fr')).toMatch(
      / : 003 027\.[\s\S]*#003027$/,
    );
  });
});
