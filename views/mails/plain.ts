/**
 * Cleans a name that came from outside (a phone's, a browser's) before it stands in a mail that we sign: whoever
 * knows an identifier can have a mail sent to its owner, and must not be able to write a sentence with a link in
 * it. Letters, digits, spaces and a few marks stay, a dot only inside a number, at most 40 characters.
 */
export const plain = (name: string): string =>
  Array.from(
    name
      .normalize('NFC')
      .replaceAll(/(?<!\d)\.|\.(?!\d)/g, ' ')
      .replaceAll(/[^\p{L}\p{M}\p{N} '’(),+.-]/gu, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  )
    .slice(0, 40)
    .join('')
    .trim();
