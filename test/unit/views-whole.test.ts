import { describe, expect, test } from 'vitest';
import { keepWhole } from '../../views/whole.ts';

const word = '<span class="whole">e-CPS</span>';

describe('a word kept whole', () => {
  test('stays the same word, with its plain hyphen, in text only', () => {
    expect(keepWhole('<p>e-CPS</p>')).toBe(`<p>${word}</p>`);
    expect(keepWhole('<a title="e-CPS" href="/e-CPS">Activer ma e-CPS</a>')).toBe(
      `<a title="e-CPS" href="/e-CPS"><span>Activer ma ${word}</span></a>`,
    );
    expect(keepWhole('<p>\n  L’e-CPS et <b>ma e-CPS</b> \n</p>')).toBe(
      `<p>\n  <span>L’${word} et</span> <b><span>ma ${word}</span></b> \n</p>`,
    );
  });

  test('is left alone where an element would be text', () => {
    for (const same of [
      '<title>Ma e-CPS</title>',
      '<script nonce="x">"e-CPS"</script>',
      '<textarea>e-CPS</textarea>',
      '<select><option>e-CPS</option></select>',
      '<p>Carte CPS</p>',
    ]) {
      expect(keepWhole(same)).toBe(same);
    }
  });
});
