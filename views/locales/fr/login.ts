import { html, type Renderable } from '../../html.ts';

/** The sign-in pages. */
export const login = {
  title: 'Se connecter',
  tabs: { label: 'Moyen de connexion', ecps: 'e-CPS', card: 'Carte CPS' },
  identifier: {
    label: 'Identifiant national',
    hint: '8 puis votre n° RPPS (11 chiffres).',
    example: 'Exemple : 8 10 12 34 56 78 9',
    remember: 'Se souvenir de mon identifiant sur cet ordinateur',
    rememberHint: 'À éviter sur un ordinateur partagé.',
    submit: 'Continuer',
    or: 'ou',
    qr: 'Scanner un QR code, sans rien taper',
    which: 'Quel est mon numéro ?',
    activate: 'Activer ma e-CPS',
    error: 'À corriger :',
  },
  cancel: {
    self: 'Abandonner le test',
    to: (name: string) => `Annuler et revenir à ${name}`,
  },
  wait: {
    title: 'Confirmez sur votre téléphone',
    titleQr: 'Scannez avec votre téléphone',
    open: 'Ouvrez l’application e-CPS.',
    number: 'Tapez ce nombre :',
    numberSpoken: (digits: string) => `Le nombre à taper : ${digits}`,
    pin: 'Entrez votre code PIN.',
    qrStep: 'Choisissez « Scanner » et visez ce QR code :',
    qrAlternative: 'Ou scannez ce QR code avec l’application.',
    qrAlt: 'QR code de cette connexion, à scanner avec l’application e-CPS.',
    samePhone: 'Ouvrir l’application e-CPS',
    samePhoneWhy: 'Vous lisez cette page sur votre téléphone ?',
    waiting: 'Nous attendons votre confirmation.',
    left: 'Temps restant :',
    spokenLeft: (seconds: number) => (seconds >= 60 ? 'Encore une minute.' : `Encore ${seconds} secondes.`),
    openOnce: 'La page s’ouvrira d’elle-même.',
    caution: 'Ne validez que si vous venez vous-même de demander cette connexion.',
    identifier: (id: Renderable) => html`Identifiant : <strong>${id}</strong>.`,
    luhn: 'Vérifiez ce numéro : un chiffre semble faux.',
    other: 'Changer d’identifiant',
    typeInstead: 'Taper mon identifiant',
    nothing: 'Rien sur le téléphone ?',
    nothingText:
      'Ouvrez l’application : la demande y est, même sans notification. Si elle n’y est pas, vérifiez l’identifiant, ou activez votre e-CPS.',
    refresh: 'J’ai confirmé : continuer',
    again: 'Cette page se met à jour toute seule.',
    offline: 'La connexion au réseau est coupée. Nous reprendrons dès son retour.',
  },
  ended: {
    expired: 'La demande n’a pas été confirmée à temps',
    expiredText:
      'Elle était valable 2 minutes. Elle a pu être refusée, ou le nombre tapé n’était pas le bon.',
    stopped: 'La demande a été arrêtée sur le téléphone',
    stoppedText: 'Elle a été refusée, ou le nombre tapé n’était pas le bon. Rien n’a été ouvert.',
    action: 'Recommencez quand vous êtes prêt, votre téléphone à la main.',
    again: 'Recommencer',
  },
  help: {
    title: 'Ça ne marche pas ?',
    intro: 'Choisissez ce qui vous arrive.',
    cases: {
      number: {
        question: 'Je ne connais pas mon identifiant',
        answer:
          'C’est le chiffre 8 suivi de votre numéro RPPS à 11 chiffres. Il figure sur votre carte CPS et dans l’annuaire santé, public.',
      },
      none: {
        question: 'Je n’ai pas encore d’e-CPS',
        answer:
          'Activez-la sur votre téléphone, sans carte, avec le courriel et le téléphone déclarés à votre Ordre.',
      },
      silent: {
        question: 'Rien n’arrive sur mon téléphone',
        answer:
          'Ouvrez l’application e-CPS : la demande y est, même si la notification n’arrive pas. Vérifiez que le téléphone a du réseau et que l’identifiant tapé est le vôtre.',
      },
      expired: {
        question: 'On me dit que la demande a expiré',
        answer:
          'Une demande est valable 2 minutes. Un nombre faux la termine aussi. Revenez au service et recommencez, l’application déjà ouverte.',
      },
      message: {
        question: 'Le courriel ou le SMS d’activation n’arrive pas',
        answer:
          'Regardez dans les courriers indésirables, puis demandez un nouvel envoi dans l’application. Vérifiez vos coordonnées sur l’espace de votre Ordre : une modification sert après 72 heures.',
      },
      pin: {
        question: 'J’ai oublié mon code PIN, ou mon e-CPS est bloquée',
        answer:
          'Activez votre e-CPS à nouveau : vous choisirez un nouveau code PIN. Personne ne peut vous donner l’ancien.',
      },
      phone: {
        question: 'J’ai perdu ou changé de téléphone',
        answer:
          'Activez l’e-CPS sur le nouveau. Pour retirer l’ancien, utilisez le code de révocation imprimé à l’activation, ou appelez l’assistance.',
      },
      unasked: {
        question: 'J’ai reçu une demande que je n’ai pas faite',
        answer:
          'Ne la confirmez pas. Choisissez « Je n’ai rien demandé » dans l’application : celui qui insiste sera tenu à l’écart.',
      },
      left: {
        question: 'J’ai oublié de me déconnecter ailleurs',
        answer:
          'Vous pouvez voir vos connexions ouvertes et toutes les terminer d’un coup, depuis n’importe quel ordinateur.',
      },
      place: {
        question: 'Je n’ai pas de lieu d’exercice',
        answer:
          'Ce n’est pas un obstacle : internes, remplaçants et retraités se connectent comme tout le monde.',
      },
    },
    call: 'Appeler l’assistance',
    callText: 'Si une page affichait un code et un numéro, gardez-les sous les yeux.',
  },
  activate: {
    title: 'Activer ma e-CPS',
    intro: 'À faire une fois par téléphone. Comptez cinq minutes.',
    needTitle: 'Il vous faut',
    need: [
      'votre téléphone et du réseau',
      'votre identifiant national : 8 puis votre n° RPPS',
      'l’accès au courriel et au numéro de mobile déclarés à votre Ordre',
    ],
    stepsTitle: 'Sans carte',
    steps: [
      'Ouvrez l’application e-CPS sur votre téléphone et choisissez « Demander l’activation ».',
      'Tapez votre identifiant national.',
      'Un courriel vous apporte un QR code, valable 30 minutes. Scannez-le avec l’application, ou tapez les 8 caractères écrits dessous.',
      'Un SMS vous apporte un code à 6 chiffres. Tapez-le dans l’application.',
      'Choisissez votre code PIN. Vous pouvez reprendre celui de votre carte CPS.',
    ],
    open: 'Ouvrir l’application e-CPS',
    ruleTitle: 'Vos coordonnées doivent être à jour',
    rule: 'Si elles manquent, nous vous dirons : « Nous n’avons pas reçu la mise à jour de votre courriel ou de votre numéro de téléphone dans nos référentiels. »',
    ruleAction: (hours: number) =>
      `Mettez-les à jour sur votre espace de l’Ordre : votre e-CPS pourra être activée ${hours} heures après.`,
    cardTitle: 'Avec la carte CPS',
    card: 'Votre carte et son lecteur sont branchés à un ordinateur ? Ni courriel ni SMS : présentez la carte, scannez un QR code, choisissez votre code PIN.',
    byCard: 'Activer avec ma carte',
    cardClosed:
      'L’activation avec la carte n’est pas ouverte ici. Sans carte, elle est possible dès maintenant.',
    then: 'Une fois activée, vérifiez que tout marche.',
  },
  test: {
    title: 'Je teste ma e-CPS',
    service: 'Test de l’e-CPS',
    intro: 'Une vraie connexion, sans ouvrir aucun service. Vous saurez en une minute si votre e-CPS marche.',
    start: 'Commencer le test',
    done: 'Bravo !',
    doneText: 'Votre e-CPS marche.',
    doneFor: (name: Renderable) => html`Vous êtes <strong>${name}</strong>.`,
    same: 'Confirmé sur ce téléphone.',
    cross: 'Confirmé avec votre téléphone.',
    nothingKept: 'Aucun service n’a été ouvert et vous n’êtes pas resté connecté.',
    again: 'Refaire le test',
  },
  logout: {
    title: 'Se déconnecter',
    question: 'Voulez-vous vous déconnecter ?',
    questionFrom: (name: string) => `Vous quittez ${name}.`,
    text: 'Vous serez déconnecté de tous les services ouverts avec cette connexion.',
    confirm: 'Se déconnecter de tout',
    stay: 'Rester connecté aux autres services',
    done: 'Vous êtes déconnecté',
    doneText: 'C’est vrai dans tous les services que vous aviez ouverts avec cette connexion.',
    donePartly: 'Vous avez quitté ce service. Les autres restent ouverts.',
    shared: 'Sur un ordinateur partagé, fermez aussi le navigateur.',
    telling: 'Nous prévenons les services que vous aviez ouverts. Cela prend quelques secondes au plus.',
    goOn: 'Continuer sans attendre',
  },
  handOver: {
    title: 'Retour au service',
    text: 'Nous vous ramenons au service.',
    button: 'Continuer',
  },
} as const;
