import { fold } from '../registry/fold.ts';

/**
 * The words by which the directory finds people: those of names and towns, their joined forms, and what lies near a word
 * that was mistyped. Pure; the job that derives the directory and the search ask the same functions.
 */

/** `f`amily name, `g`iven name, `t`own. */
export type WordKind = 'f' | 'g' | 't';

/** Longer words, and more of them, are no name: what goes beyond is not searched. */
const LONGEST_WORD = 40;
const MOST_WORDS = 8;

/** The words of a text that {@link fold} has folded. */
export const wordsOf = (folded: string): string[] => [
  ...new Set(
    folded
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => Array.from(word).slice(0, LONGEST_WORD).join(''))
      .slice(0, MOST_WORDS),
  ),
];

/** One way to a family name. */
export interface NameWord {
  word: string;
  /** 0: the word is the whole name; 1: the name begins with it; 2: it stands elsewhere. */
  place: 0 | 1 | 2;
}

/** The ways to a folded family name: each word, and all of them as one (`dartimon` for D’ARTIMON). */
export const nameWords = (family: string): NameWord[] => {
  const words = wordsOf(family);
  const [first] = words;
  if (first === undefined) return [];
  if (words.length === 1) return [{ word: first, place: 0 }];
  const joined = Array.from(words.join('')).slice(0, LONGEST_WORD).join('');
  const each = words.map((word, index): NameWord => ({ word, place: index === 0 ? 1 : 2 }));
  return words.includes(joined) ? each : [{ word: joined, place: 0 }, ...each];
};

/** A town as it is compared: "St-Étienne", "SAINT ETIENNE CEDEX 2" and "Paris 9e Arrondissement" lose what varies. */
export const foldTown = (town: string): string =>
  fold(town)
    .replace(/\bcedex( \d+)?$/, '')
    .replace(/\b(?:\d+(?:er|e|eme)? ?)?arrondissement$/, '')
    .replace(/\bst\b/g, 'saint')
    .replace(/\bste\b/g, 'sainte')
    .trim();

/** How French hears a word, roughly: silent letters gone, one letter for what sounds alike. */
const SOUNDS: readonly [RegExp, string][] = [
  [/ph/g, 'f'],
  [/sch|sh|ch/g, 'S'],
  [/(?:qu|ck|k|q)/g, 'k'],
  [/c(?=[eiy])/g, 's'],
  [/c/g, 'k'],
  [/ge(?=[ao])|g(?=[eiy])/g, 'j'],
  [/h/g, ''],
  [/eau|aul(?=[tdx]$)|au/g, 'o'],
  [/ei|ai|ay|ey|oe|ae/g, 'e'],
  [/[yj](?=[^aeiouy]|$)/g, 'i'],
  [/y/g, 'i'],
  [/w/g, 'v'],
  [/z/g, 's'],
  [/[ae]n(?=[^aeiou]|$)|[ae]m(?=[bp])/g, 'an'],
  [/(.)\1+/g, '$1'],
  [/(?<=..)(?:es|[tdxsp]|er|et|e)$/, ''],
];

/** The same for words that sound alike to a French ear. */
export const soundOf = (word: string): string =>
  SOUNDS.reduce((said, [letters, sound]) => said.replace(letters, sound), word) || word;

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
/** Shorter words have too many neighbours, longer ones too many spellings. */
const SHORTEST_MISTYPED = 4;
const LONGEST_MISTYPED = 24;

/** Every spelling one slip away: a letter left out, added, changed, or two neighbours swapped. */
export const slips = (word: string): string[] => {
  if (word.length < SHORTEST_MISTYPED || word.length > LONGEST_MISTYPED) return [];
  const found = new Set<string>();
  for (let at = 0; at <= word.length; at += 1) {
    const [before, after] = [word.slice(0, at), word.slice(at)];
    for (const letter of LETTERS) {
      found.add(before + letter + after);
      if (after !== '') found.add(before + letter + after.slice(1));
    }
    if (after !== '') found.add(before + after.slice(1));
    if (after.length > 1) found.add(before + after.charAt(1) + after.charAt(0) + after.slice(2));
  }
  found.delete(word);
  return [...found];
};
