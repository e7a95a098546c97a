/** Words of every page. */
export const common = {
  product: 'Caducée',
  skip: 'Aller au contenu',
  aim: 'La connexion des professionnels de santé',
  language: { label: 'Langue', fr: 'Français', en: 'English' },
  help: {
    link: 'Ça ne marche pas ?',
    desk: 'Assistance',
    call: (phone: string, hours: string) => `Assistance : ${phone}, ${hours}`,
  },
  service: {
    opening: 'Vous allez ouvrir',
    backTo: (name: string) => `Revenir à ${name}`,
    back: 'Revenir au service',
  },
  ways: {
    label: 'Et maintenant',
    activate: 'Activer ma e-CPS',
    directory: 'Quel est mon numéro ?',
    test: 'Tester ma e-CPS',
    help: 'Trouver de l’aide',
    ordre: 'Mon espace de l’Ordre',
    diagnostic: 'Diagnostic de ma carte',
    home: 'Accueil',
    account: 'Voir mes connexions ouvertes',
    restart: 'Recommencer',
  },
  support: 'À donner au téléphone si vous appelez l’assistance :',
  duration: (seconds: number) => {
    const minutes = Math.floor(seconds / 60);
    const rest = seconds % 60;
    if (minutes === 0) return `${rest} s`;
    return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  },
} as const;
