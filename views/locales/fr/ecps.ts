/** Pages by which an owner ends a phone without having it in hand. */
export const ecps = {
  /** In the place of the browser, when a service asks without a page (CIBA). */
  service: 'le logiciel du service',
  stop: {
    title: 'Retirer un téléphone',
    question: 'Vous n’avez pas ajouté ce téléphone ?',
    added: (name: string, at: string) => `« ${name} » a été ajouté à votre e-CPS ${at}.`,
    text: 'Si ce n’est pas vous, retirez-le : il ne pourra plus servir à se connecter en votre nom.',
    confirm: 'Retirer ce téléphone',
    fine: 'C’est bien vous ? Fermez cette page, il n’y a rien à faire.',
    done: 'Ce téléphone est retiré',
    doneText: 'Il ne peut plus servir à se connecter en votre nom.',
    next: 'Si vous n’aviez rien demandé, changez le mot de passe de votre messagerie, puis appelez l’assistance.',
  },
  revocation: {
    title: 'Retirer un téléphone perdu ou volé',
    question: 'Votre téléphone est perdu ou volé ?',
    text: 'Tapez le code de révocation remis lors de l’activation : ce téléphone ne pourra plus servir à se connecter.',
    label: 'Code de révocation',
    hint: '16 caractères. Exemple : K7QF-2M9A-3XTD-8WPE',
    problem: 'Tapez le code imprimé lors de l’activation.',
    confirm: 'Retirer le téléphone',
    without:
      'Vous n’avez plus ce code ? Retirez le téléphone depuis un autre de vos téléphones, ou appelez l’assistance.',
    done: 'C’est enregistré',
    doneText: 'Si ce code est exact, le téléphone est retiré et vous recevez un courriel qui le confirme.',
    next: 'Pas de courriel dans quelques minutes ? Vérifiez le code et recommencez, ou appelez l’assistance.',
    again: 'Taper un autre code',
  },
} as const;
