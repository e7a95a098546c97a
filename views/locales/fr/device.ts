/** The pages of a sign-in on a device (kiosk, screen) that shows a code. */
export const device = {
  title: 'Connecter un appareil',
  intro: 'Tapez le code affiché sur l’appareil que vous voulez ouvrir.',
  label: 'Code de l’appareil',
  hint: '8 lettres. Exemple : BDWP-HQPK',
  submit: 'Continuer',
  problems: {
    missing: 'Tapez le code affiché sur l’appareil.',
    unknown: 'Ce code n’existe pas. Vérifiez chaque lettre sur l’écran de l’appareil.',
    expired: 'Ce code a expiré. Il était valable 10 minutes. Demandez-en un nouveau sur l’appareil.',
    used: 'Ce code a déjà servi. Demandez-en un nouveau sur l’appareil.',
    aborted: 'La connexion de l’appareil est annulée. Rien n’a été ouvert.',
    failed: 'La connexion de l’appareil n’a pas abouti. Demandez un nouveau code sur l’appareil.',
  },
  confirmTitle: 'Est-ce bien votre appareil ?',
  confirmService: (name: string) => `Vous allez ouvrir ${name} sur cet appareil.`,
  confirmCode: 'L’appareil doit afficher ce code :',
  codeSpoken: (letters: string) => `Le code de l’appareil : ${letters}`,
  caution:
    'Ne continuez que si l’appareil est devant vous et que vous venez vous-même de demander cette connexion. Si ce code vous a été envoyé, refusez.',
  confirm: 'C’est le même code : me connecter',
  refuse: 'Refuser',
  doneTitle: 'L’appareil est connecté',
  done: 'Vous pouvez fermer cette page et revenir à l’appareil.',
  doneService: (name: string) => `${name} s’ouvre sur l’appareil.`,
  shared: 'Sur un appareil partagé, déconnectez-vous en partant.',
} as const;
