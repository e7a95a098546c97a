/** A national identifier in groups that are easy to compare: 8 10 00 … */
export const groupDigits = (nationalId: string): string =>
  `${nationalId.slice(0, 1)} ${nationalId.slice(1).replace(/(\d{2})(?=\d)/g, '$1 ')}`.replaceAll(
    ' ',
    '\u00a0',
  );
