import type { Translation } from '../catalogue.ts';
import type { directory as fr } from '../fr/directory.ts';

export const directory = {
  title: 'What is my number?',
  intro:
    'The national identifier is your RPPS number (11 digits) preceded by an 8. Find it with the name under which you practise.',
  family: 'Family name',
  familyHint: 'Capitals, accents and hyphens do not matter; a slip of the finger is forgiven.',
  given: 'First name',
  givenHint: 'Optional: without it the list is longer.',
  profession: 'Profession',
  anyProfession: 'All',
  town: 'Town',
  townHint: 'Optional: a town where the person practises.',
  missing: 'Type your family name at least.',
  errorPrefix: 'Error:',
  submit: 'Search',
  found: (count) => (count === 1 ? 'One person found' : `${count} people found`),
  some: 'People found',
  near: 'Nobody has exactly this name; these come close',
  nearText: 'Compare name, profession and town before you take a number.',
  next: 'Next people',
  narrow: 'Add the first name, the profession or the town to see fewer.',
  start: 'Back to the beginning of the list',
  choose: 'This is me: continue with this number',
  chooseLabel: (name) => `This is me: continue with the number of ${name}`,
  identifier: 'National identifier:',
  noTown: 'no place of practice',
  noProfession: 'no declared profession',
  none: 'Nobody has this name',
  noMore: 'There is nobody more to show',
  noneText:
    'Check the name, or try without the first name, the profession or the town. If you practise under another name than your own, type that one. Who is no longer in the registry is not shown here.',
  noneAction: 'If you should be there, contact your Ordre.',
  again: 'Search again',
  back: 'Back to where you were',
} satisfies Translation<typeof fr>;
