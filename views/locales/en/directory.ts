import type { Translation } from '../catalogue.ts';
import type { directory as fr } from '../fr/directory.ts';

export const directory = {
  title: 'What is my number?',
  intro:
    'The national identifier is your RPPS number (11 digits) preceded by an 8. Find it with the name under which you practise.',
  family: 'Family name',
  familyHint: 'In full; capitals, accents and hyphens do not matter.',
  given: 'First name',
  givenHint: 'Optional: without it the list is longer.',
  missing: 'Type your family name at least.',
  errorPrefix: 'Error:',
  submit: 'Search',
  found: (count) => (count === 1 ? 'One person found' : `${count} people found`),
  tooMany: (count) => `There are more: these are the first ${count}. Add the first name to see fewer.`,
  identifier: 'National identifier:',
  noTown: 'no place of practice',
  noProfession: 'no declared profession',
  none: 'Nobody has exactly this name',
  noneText:
    'Check the name, or try without the first name. If you practise under another name than your own, type that one. Who is no longer in the registry is not shown here.',
  noneAction: 'If you should be there, contact your Ordre.',
  again: 'Search again',
  back: 'Back to where you were',
} satisfies Translation<typeof fr>;
