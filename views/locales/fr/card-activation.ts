import { html, type Renderable } from '../../html.ts';

/** The pages of the activation by card. */
export const cardActivation = {
  title: 'Activer ma e-CPS avec ma carte',
  intro:
    'Votre carte CPS prouve qui vous êtes : ni courriel ni SMS. Il vous faut votre carte, son lecteur et votre téléphone.',
  app: 'Ouvrez l’application e-CPS sur votre téléphone, prête à scanner.',
  openApp: 'L’application e-CPS',
  submit: 'Ma carte est insérée : continuer',
  without: 'Activer sans carte',
  scan: {
    title: 'Scannez avec votre téléphone',
    card: (id: Renderable) => html`Carte acceptée. Identifiant : <strong>${id}</strong>.`,
    steps: [
      'Ouvrez l’application e-CPS sur le téléphone à activer et choisissez « Activer avec ma carte ».',
      'Visez ce QR code :',
      'Revenez à cet écran : nous vous demanderons si c’est bien votre téléphone.',
    ],
    alt: 'QR code de cette activation, à scanner avec l’application e-CPS.',
    waiting: 'Nous attendons votre téléphone.',
    caution:
      'Ne laissez personne photographier cet écran. Si un autre téléphone scanne ce QR code, vous le verrez ici et pourrez le refuser.',
    sandbox: 'Bac à sable : avec le téléphone virtuel',
    sandboxText: 'Le texte du QR code, à donner à caducee phone activate-card --qr dans les 30 secondes :',
    refresh: 'J’ai scanné : continuer',
  },
  compare: {
    title: 'Est-ce bien votre téléphone ?',
    letters: 'Votre téléphone doit afficher ces quatre lettres :',
    spoken: (letters: string) => `Les lettres : ${letters}`,
    phone: 'Et ce doit être celui-ci :',
    fields: { name: 'Nom', model: 'Modèle', os: 'Système', place: 'Lieu' },
    placeUnknown: 'inconnu',
    others:
      'Attention : un autre téléphone a aussi scanné ce QR code. Il n’a rien obtenu. Comparez les lettres une à une ; au moindre doute, refusez.',
    yes: 'Oui, mon téléphone affiche ces lettres',
    no: 'Non, ce n’est pas mon téléphone',
    caution: 'Si votre téléphone affiche d’autres lettres, ou aucune, répondez non.',
    left: 'Temps pour répondre :',
  },
  pin: {
    title: 'Choisissez votre code PIN sur le téléphone',
    text: (name: Renderable) =>
      html`« ${name} » est confirmé. Il vous demande maintenant un code PIN : vous pouvez reprendre celui de
      votre carte CPS.`,
    leave: 'Vous pouvez déjà retirer votre carte du lecteur.',
    waiting: 'Nous attendons votre code PIN.',
    refresh: 'C’est fait : continuer',
  },
  done: {
    title: 'Votre e-CPS est activée',
    text: (name: Renderable) =>
      html`« ${name} » peut confirmer vos connexions dès maintenant. Nous avons prévenu vos adresses connues.`,
    code: 'Votre téléphone affiche un code de révocation : notez-le et gardez-le ailleurs que sur le téléphone.',
    leave: 'Retirez votre carte du lecteur.',
  },
  refused: {
    title: 'Ce téléphone est refusé',
    text: 'Il n’a rien obtenu, et ce QR code ne sert plus.',
    action: 'Pour activer le vôtre, présentez la carte à nouveau, écran à l’abri des regards.',
  },
  expired: {
    title: 'Le temps est écoulé',
    text: 'Par sécurité, le QR code n’est affiché que 90 secondes, et il reste trois minutes pour répondre.',
    action: 'Préparez votre téléphone, puis présentez la carte à nouveau.',
  },
  again: 'Recommencer avec la carte',
} as const;
