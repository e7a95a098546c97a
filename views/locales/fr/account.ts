/** « Mon compte »: sessions, phones and history of the person signed in. */
export const account = {
  title: 'Mon compte',
  hello: (name: string) => `Connecté : ${name}`,
  ended: 'Cette connexion est terminée.',
  sessions: {
    title: 'Mes connexions ouvertes',
    intro: 'Tant qu’une connexion est ouverte, passer d’un service à l’autre ne demande rien.',
    here: 'Cet ordinateur',
    since: (when: string) => `Depuis ${when}`,
    withPhone: (name: string) => `Avec la e-CPS (${name})`,
    withSomePhone: 'Avec la e-CPS',
    withCard: 'Avec la carte CPS',
    services: (names: string) => `Services : ${names}`,
    noService: 'Aucun service ouvert pour l’instant.',
    end: 'Terminer',
    endWhich: (when: string) => `Terminer la connexion ouverte ${when}`,
    endAll: 'Tout terminer',
    endAllText:
      'Vous serez déconnecté partout, y compris ici. À faire si vous avez oublié de vous déconnecter ailleurs, ou si vous ne reconnaissez pas une connexion.',
  },
  phones: {
    title: 'Mes téléphones',
    none: 'Aucun téléphone ne porte votre e-CPS.',
    added: (when: string) => `Ajouté ${when}`,
    used: (when: string) => `dernière utilisation ${when}`,
    manage: 'Pour en retirer un, ouvrez l’application e-CPS, ou utilisez votre code de retrait :',
    revoke: 'retirer un téléphone perdu',
  },
  history: { title: 'Derniers événements', none: 'Rien pour l’instant.' },
  on: (day: string) => `le ${day}`,
} as const;
