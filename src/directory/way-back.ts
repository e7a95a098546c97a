/**
 * Where "Quel est mon numéro ?" leads back to: a path of this site, or an address of the phone app, and nothing else on
 * the web. What a browser would read as another site (`//host`, `/\host`, a control character that it drops) is no path.
 */

/** A path of this site, or nothing. */
export const samesitePath = (value: string | undefined): string | undefined => {
  if (value === undefined || !/^\/(?![/\\])[\x21-\x7E]*$/.test(value) || value.includes('\\'))
    return undefined;
  const here = 'http://here.invalid';
  if (!URL.canParse(value, here)) return undefined;
  const url = new URL(value, here);
  return url.origin === here ? url.pathname + url.search + url.hash : undefined;
};

/** A path of this site as it is, an address of the app in full; nothing for any other. */
export const wayBack = (value: string | undefined, appOrigin: string): string | undefined => {
  if (value === undefined || !/^[\x21-\x7E]*$/.test(value)) return undefined;
  if (!value.startsWith(`${appOrigin}/`)) return samesitePath(value);
  const path = samesitePath(value.slice(appOrigin.length));
  return path === undefined ? undefined : appOrigin + path;
};

/** Pages that take the identifier found: the start of a sign-in, and of an activation in the app. */
const TAKES_IDENTIFIER = /^\/connexion\/[^/?#]+$|^\/activer$/;

/** The way back with the identifier that the person picked; nothing where no page would take it. */
export const wayBackWith = (back: string | undefined, nationalId: string): string | undefined => {
  if (back === undefined) return undefined;
  const here = 'http://here.invalid';
  const url = new URL(back, here);
  if (!TAKES_IDENTIFIER.test(url.pathname)) return undefined;
  url.searchParams.set('identifiant', nationalId);
  return (url.origin === here ? '' : url.origin) + url.pathname + url.search;
};
