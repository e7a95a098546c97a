/** Text that is HTML already. */
export class Raw {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }
}

export type Content = Raw | string | number | undefined | null | false | readonly Content[];

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const render = (value: Content): string => {
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof Raw) return value.html;
  if (typeof value === 'object') return value.map(render).join('');
  return String(value).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
};

/** A template whose values are escaped unless they are {@link Raw}. */
export const html = (parts: TemplateStringsArray, ...values: readonly Content[]): Raw =>
  new Raw(parts.map((part, index) => part + render(values[index])).join(''));
