/**
 * « e-CPS » stays on one line. A non-breaking hyphen would do it, and would no longer be found by a search nor work when
 * copied; so the word keeps its plain hyphen and an element forbids the break.
 */
const WORD = /e-CPS/g;

/** Elements whose content is not text of the page, tags, and what stands between them. */
const PARTS = /<(title|script|style|textarea|select|svg)\b[^>]*>[\s\S]*?<\/\1>|<[^>]*>|[^<]+/g;

const wrap = (text: string): string => {
  const [, before = '', inside = '', after = ''] = /^(\s*)([\s\S]*?)(\s*)$/.exec(text) ?? [];
  const kept = inside.replace(WORD, '<span class="whole">$&</span>');
  // One element around all of it: in a flex box the word would else become an item of its own, and lose its spaces.
  return `${before}${inside === 'e-CPS' ? kept : `<span>${kept}</span>`}${after}`;
};

/** Marks the words of a whole document that must not be broken. Attributes and scripts are left alone. */
export const keepWhole = (document: string): string =>
  document.replace(PARTS, (part) => (part.startsWith('<') || part.search(WORD) < 0 ? part : wrap(part)));
