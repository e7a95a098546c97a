import type { Raw } from '../../../views/html.ts';

/**
 * The two places where a text becomes code for the browser. The page's policy (`require-trusted-types-for 'script'`)
 * refuses every other: markup comes from the escaping templates of views/html.ts, scripts from this origin.
 */

interface Policy {
  createHTML(text: string): unknown;
  createScriptURL(address: string): unknown;
}
interface PolicyFactory {
  createPolicy(name: string, rules: { [K in keyof Policy]: (text: string) => string }): Policy;
}

/** Name of the only policy; the server's header lists it. */
export const POLICY_NAME = 'caducee';

const ownScript = (address: string): string => {
  const url = new URL(address, location.href);
  if (url.origin !== location.origin) throw new TypeError(`${url.origin} is not this app`);
  return url.href;
};

const rules = { createHTML: (text: string) => text, createScriptURL: ownScript };
const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;
const policy: Policy = factory?.createPolicy(POLICY_NAME, rules) ?? rules;

/** Replaces what an element holds. Takes templates only, never a bare string. */
export const fill = (element: Element, view: Raw): void => {
  // What browsers with Trusted Types expect there is exactly what the policy made.
  element.innerHTML = policy.createHTML(view.value) as string;
};

/** Address of a script of this origin, for a worker or the service worker. */
export const scriptUrl = (address: string): string => policy.createScriptURL(address) as string;
