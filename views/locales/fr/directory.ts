/** The public directory: "Quel est mon numéro ?". */
export const directory = {
  title: 'Quel est mon numéro ?',
  intro:
    'L’identifiant national est votre numéro RPPS (11 chiffres) précédé d’un 8. Retrouvez-le avec le nom sous lequel vous exercez.',
  family: 'Nom',
  familyHint: 'En entier ; les majuscules, les accents et les traits d’union ne comptent pas.',
  given: 'Prénom',
  givenHint: 'Facultatif : sans lui, la liste est plus longue.',
  missing: 'Tapez au moins votre nom.',
  errorPrefix: 'Erreur :',
  submit: 'Chercher',
  found: (count: number) => (count === 1 ? 'Une personne trouvée' : `${count} personnes trouvées`),
  tooMany: (count: number) =>
    `Il y en a davantage : voici les ${count} premières. Ajoutez le prénom pour en voir moins.`,
  identifier: 'Identifiant national :',
  noTown: 'sans lieu d’exercice',
  noProfession: 'sans profession déclarée',
  none: 'Personne ne porte exactement ce nom',
  noneText:
    'Vérifiez le nom, ou essayez sans le prénom. Si vous exercez sous un autre nom que le vôtre, tapez celui-là. Qui n’est plus inscrit au répertoire n’est pas montré ici.',
  noneAction: 'Si vous devriez y être, adressez-vous à votre Ordre.',
  again: 'Chercher à nouveau',
  back: 'Revenir où vous en étiez',
} as const;
