/**
 * Typed HTML templates: a tagged template that escapes by default, so that a page is a function checked by `tsc`
 * and nothing else. Values may be text, numbers, other templates, lists of these, or nothing.
 */

/** HTML that is already safe: made by {@link html}, or by {@link raw} from a source that is ours. */
export class Raw {
  readonly value: string;

  constructor(value: string) {
    this.value = value;
  }

  toString(): string {
    return this.value;
  }
}

/** What a template accepts between `${` and `}`; `undefined`, `null` and `false` print nothing. */
export type Renderable = string | number | bigint | Raw | undefined | null | false | readonly Renderable[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Escapes a text for an element's content and for an attribute in quotes. */
export const escape = (text: string): string =>
  text.replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? '');

const print = (value: Renderable): string => {
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof Raw) return value.value;
  if (typeof value === 'object') return value.map(print).join('');
  return escape(String(value));
};

/**
 * Builds HTML. Attributes that hold a value stand in double quotes: `<a href="${url}">`; a whole attribute comes and
 * goes as a nested template: `<input ${checked && html`checked`}>`.
 */
export const html = (strings: TemplateStringsArray, ...values: readonly Renderable[]): Raw => {
  let out = strings[0] ?? '';
  values.forEach((value, index) => {
    out += print(value) + (strings[index + 1] ?? '');
  });
  return new Raw(out);
};

/** Marks HTML of our own making (an SVG we drew, a form written by the OpenID library) as safe. */
export const raw = (value: string): Raw => new Raw(value);

/** A link's target from outside: http(s) only, else nothing, so that `javascript:` never reaches an `href`. */
export const safeUrl = (value: string | undefined): string | undefined =>
  value !== undefined && /^https?:\/\//i.test(value) && URL.canParse(value) ? value : undefined;
