import type { Locale } from '../locales/catalogue.ts';
import type { MailContent } from './blocks.ts';
import type { MailContext, MailData, MailTemplate } from './data.ts';
import { typography } from './format.ts';
import { renderHtml } from './render-html.ts';
import { renderText } from './render-text.ts';
import { penFor, templates } from './templates.ts';

export type * from './data.ts';
export { QR_CID } from './render-html.ts';

/** A mail ready to be sent, but for the image of its QR code. */
export interface RenderedMail {
  subject: string;
  html: string;
  text: string;
}

/** Writes one mail in one language. */
export const renderMail = <T extends MailTemplate>(
  template: T,
  data: MailData[T],
  locale: Locale,
  context: MailContext,
): RenderedMail => {
  const content: MailContent = templates[template](data, penFor(locale, context));
  return {
    subject: typography(content.subject, locale),
    html: keepTogether(compact(renderHtml(content, locale, context).value)),
    text: renderText(content, locale, context),
  };
};

/** Source indentation out: some programs cut long mails. */
const compact = (document: string): string => document.replaceAll(/\s*\n\s*/g, '\n');

/** A line never ends after the hyphen of e-CPS; a no-break hyphen would, but fonts lack it and searches miss it. */
const keepTogether = (document: string): string => {
  const body = document.indexOf('<body');
  const words = document
    .slice(body)
    .replaceAll(/>[^<]*</g, (text) =>
      text.replaceAll('e-CPS', '<span style="white-space:nowrap;">e-CPS</span>'),
    );
  return document.slice(0, body) + words;
};
