import { html, type Raw } from '../html.ts';

/** The hidden field that proves a form is ours; its name is that of src/http/csrf.ts. */
export const csrfField = (token: string): Raw => html`<input type="hidden" name="jeton" value="${token}" />`;
