import type { Locale } from '../locales/catalogue.ts';
import type { Block, MailContent } from './blocks.ts';
import type { MailContext } from './data.ts';
import { typography } from './format.ts';
import { penFor } from './templates.ts';

/** The text part of a mail: everything the HTML says, in the same order. */
export const renderText = (content: MailContent, locale: Locale, context: MailContext): string => {
  const { t } = penFor(locale, context);
  const blocks = content.blocks.filter((block) => block !== undefined);
  return typography(
    [
      content.title,
      t.hello,
      ...blocks.map((block) => drawBlock(block, locale)),
      '--',
      [
        t.footer.never,
        t.footer.help(context.help.phone, context.help.hours[locale]),
        t.footer.automatic,
      ].join('\n'),
      '',
    ].join('\n\n'),
    locale,
  ).trimEnd();
};

const drawBlock = (block: Block, locale: Locale): string => {
  const colon = locale === 'fr' ? ' :' : ':';
  switch (block.type) {
    case 'text':
      return block.text;
    case 'steps':
      return block.steps.map((step, index) => `${(block.from ?? 1) + index}. ${step}`).join('\n');
    case 'facts':
      return block.facts.map(([label, value]) => `${label}${colon} ${value}`).join('\n');
    case 'qr':
      return block.instead;
    case 'code':
      return `${block.label}\n\n    ${block.code}`;
    case 'action':
      return `${block.label}${colon}\n${block.url}`;
    case 'warning':
      return `${block.title}${block.title.endsWith('?') ? '' : colon}\n${block.text}`;
  }
};
