import { html, type Renderable } from '../../html.ts';

/** The pages of the CPS card. */
export const card = {
  title: 'Se connecter avec la carte CPS',
  closed: {
    text: 'La connexion par carte CPS n’est pas ouverte ici.',
    meanwhile:
      'Connectez-vous avec l’e-CPS de votre téléphone. Vous n’en avez pas ? Activez-la sans carte, en quelques minutes.',
  },
  steps: [
    'Branchez votre lecteur et insérez votre carte.',
    'Continuez. Votre navigateur demande quel certificat présenter : choisissez celui qui porte votre nom ou votre identifiant.',
    'Tapez le code PIN de votre carte, quand il vous est demandé.',
  ],
  submit: 'Ma carte est insérée : continuer',
  single:
    'Quelqu’un s’est déjà connecté avec une carte dans ce navigateur ? Il s’en souvient : fermez toutes ses fenêtres et rouvrez-le avant de présenter la vôtre.',
  leave:
    'Sur un ordinateur partagé, retirez votre carte du lecteur en partant : tant qu’elle y est, le code PIN peut ne plus être demandé.',
  use: 'Se connecter avec l’e-CPS',
  again: 'Réessayer avec la carte',
  refusedSession: {
    title: 'Votre carte n’est plus acceptée',
    text: 'Elle a expiré, a été révoquée, a été déclarée perdue, ou nous n’avons pas pu la vérifier à nouveau. Connectez-vous avec une autre carte ou avec l’e-CPS.',
  },
  diagnostic: {
    title: 'Diagnostic de ma carte',
    intro:
      'Présentez votre carte comme pour une connexion. Nous vous dirons ce que votre navigateur a présenté et ce que nous avons vérifié. Aucun service n’est ouvert.',
    start: 'Lire ma carte',
    again: 'Lire à nouveau',
    good: 'Votre carte est acceptée.',
    nothing: 'Votre navigateur n’a présenté aucun certificat.',
    presented: 'Ce que votre navigateur a présenté',
    checks: 'Ce que nous avons vérifié',
    fields: {
      holder: 'Titulaire',
      nationalId: 'Identifiant',
      cardType: 'Type de carte',
      issuer: 'Délivrée par',
      notAfter: 'Valable jusqu’au',
      serial: 'Numéro du certificat',
    },
    none: 'non lu',
    states: { passed: 'Réussi', failed: 'Échoué', unchecked: 'Non vérifié' },
    groups: {
      presented: 'Un certificat lisible a été présenté',
      chain: 'Une autorité de cartes que nous acceptons l’a délivré',
      strength: 'Sa signature et sa clé sont assez solides',
      dates: 'Il est dans ses dates de validité',
      kind: 'C’est le certificat d’authentification d’une carte',
      subject: 'Il désigne une seule personne',
      revocation: 'Il n’est pas révoqué',
      opposition: 'La carte n’est pas déclarée perdue',
      person: 'Son titulaire est un professionnel en activité',
    },
    forHelp: (code: Renderable) => html`Code à donner à l’assistance : <code>${code}</code>`,
    private:
      'Ces renseignements viennent de votre carte. Ils ne sont montrés que dans ce navigateur, pendant dix minutes.',
  },
  help: {
    question: 'Ma carte CPS n’est pas reconnue',
    answer:
      'Vérifiez que la carte est insérée à l’endroit, que le lecteur est branché et que son logiciel est installé. Le diagnostic vous dira ce que votre navigateur présente.',
  },
  signedOut: {
    fresh:
      'Vous vous étiez connecté avec une carte ? Retirez-la du lecteur. Un autre professionnel peut alors présenter la sienne.',
    single:
      'Vous vous étiez connecté avec une carte ? Retirez-la du lecteur et fermez toutes les fenêtres du navigateur : il se souvient de la carte choisie jusque-là. Un autre professionnel peut alors présenter la sienne.',
  },
  test: { doneText: 'Votre carte CPS marche.', by: 'Prouvé avec votre carte.' },
} as const;
