import { html, type Raw } from '../html.ts';

/** The hidden field that proves a form is ours; its name is that of src/http/csrf.ts. */
export const csrfField = (token: string): Raw => html`<input type="hidden" name="jeton" value="${token}" />`;

/** Hidden fields, in the order given. */
export const hiddenFields = (fields: Readonly<Record<string, string>>): Raw[] =>
  Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  );
