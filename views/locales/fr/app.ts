const offline = {
  title: 'Pas de connexion à Internet',
  text: 'L’application s’ouvre sans réseau, mais la e-CPS ne peut pas répondre sans lui.',
  action: 'Vérifiez le Wi-Fi ou les données mobiles, puis réessayez.',
};

/** What the phone app says: its frame, and the activation. */
export const app = {
  appName: 'e-CPS',
  back: 'Retour',
  help: 'Ça ne marche pas ?',
  support: 'À donner au téléphone si vous appelez l’assistance :',
  noScript:
    'L’application e-CPS a besoin de JavaScript pour garder vos clés sur ce téléphone. Autorisez-le pour ce site dans les réglages du navigateur.',
  offlineBanner: 'Pas de réseau : l’application attend. Rien n’est perdu.',
  update: { ready: 'Une nouvelle version de l’application est prête.', install: 'L’installer' },
  keypad: {
    erase: 'Effacer le dernier chiffre',
    typed: (count: number) =>
      count === 0 ? 'Effacé' : `${count} ${count > 1 ? 'chiffres tapés' : 'chiffre tapé'}`,
  },
  ways: {
    retry: 'Réessayer',
    home: 'Revenir à l’accueil',
    activation: 'Reprendre l’activation',
    activateAgain: 'Demander une activation',
    directory: 'Quel est mon numéro ?',
    ordre: 'Mon espace de l’Ordre',
  },
  welcome: {
    title: 'Votre e-CPS, sur ce téléphone',
    what: 'Elle remplace votre carte quand un service de santé vous demande de vous connecter : vous confirmez ici, avec un code PIN.',
    steps: 'Pour l’activer, trois minutes et :',
    needs: [
      'votre identifiant national (8 + n° RPPS)',
      'votre boîte aux lettres électronique, celle que connaît l’Ordre',
      'ce téléphone, qui recevra un SMS',
    ],
    start: 'Demander l’activation de la e-CPS',
    card: 'J’ai ma carte CPS et un lecteur',
    resume: 'Reprendre l’activation en cours',
    restart: 'Recommencer avec un autre identifiant',
    privacy:
      'Votre code PIN ne quitte jamais ce téléphone. Aucune autre société n’est appelée par cette application.',
  },
  lost: {
    title: 'La e-CPS de ce téléphone a été effacée',
    text: 'Une e-CPS était activée ici. Le navigateur a effacé ce qu’il gardait pour elle : données de navigation supprimées, place manquante, ou application restée longtemps sans servir.',
    action: 'Activez-la à nouveau : trois minutes suffisent. L’ancienne ne peut plus servir à personne.',
    prevent:
      'Pour que cela n’arrive plus, ajoutez l’application à l’écran d’accueil et ouvrez-la de temps en temps.',
  },
  identifier: {
    title: 'Votre identifiant national',
    label: 'Identifiant national (8 + n° RPPS)',
    hint: '11 ou 12 chiffres, par exemple 810 0012 34567. Les espaces ne gênent pas.',
    directory: 'Quel est mon numéro ?',
    letters: 'Mon identifiant contient des lettres',
    submit: 'Recevoir le courriel',
    malformed:
      'Un numéro RPPS a 11 chiffres ; l’identifiant national est ce numéro précédé d’un 8. Vérifiez le numéro et tapez-le à nouveau.',
  },
  mail: {
    title: 'Ouvrez votre courriel',
    sent: 'Nous vous avons envoyé un courriel avec un QR code, à l’adresse que connaît l’Ordre.',
    until: (hour: string) => `Il est valable jusqu’à ${hour}.`,
    scan: 'Scanner le QR code',
    scanHint: 'Ouvrez le courriel sur un ordinateur ou un autre écran, puis filmez le QR code.',
    type: 'Taper les 8 caractères',
    typeHint: 'Vous lisez vos courriels sur ce téléphone ? Tapez les 8 caractères écrits sous le QR code.',
    missing: 'Je n’ai pas reçu le courriel',
    look: (sender: string) =>
      `Il arrive en une minute environ. Regardez dans les indésirables : il vient de ${sender}.`,
    address:
      'Par sécurité, nous ne montrons pas l’adresse. C’est celle de votre espace de l’Ordre : vous pouvez la vérifier et la corriger là-bas.',
    resend: 'Envoyer un nouveau courriel',
    resent: 'Un nouveau courriel est parti.',
    ordre: 'Mon espace de l’Ordre',
    restart: 'Changer d’identifiant',
  },
  card: {
    title: 'Filmez le QR code de l’ordinateur',
    where: (address: string) =>
      `Sur un ordinateur avec un lecteur, ouvrez ${address}, présentez votre carte CPS, puis filmez le QR code affiché.`,
    looking: 'Cherche le QR code…',
    other: 'Ce QR code n’est pas celui de l’activation par carte.',
    byMail: 'Activer sans carte, par courriel et SMS',
    confirm: {
      title: 'Comparez avec l’ordinateur',
      letters: 'L’ordinateur doit montrer ces quatre lettres :',
      spoken: (letters: string) => `Les quatre lettres : ${letters}`,
      same: 'Si ce sont les mêmes, et si le téléphone nommé est le vôtre, confirmez sur l’ordinateur.',
      other: 'Si elles sont différentes, refusez sur l’ordinateur : quelqu’un d’autre a filmé le QR code.',
      waiting: 'Nous attendons votre réponse sur l’ordinateur. La suite s’ouvrira d’elle-même.',
      restart: 'Recommencer',
    },
  },
  scan: {
    title: 'Filmez le QR code du courriel',
    hint: 'Tenez le téléphone à une vingtaine de centimètres de l’écran.',
    starting: 'La caméra s’allume…',
    looking: 'Cherche le QR code…',
    other: 'Ce QR code n’est pas celui du courriel d’activation.',
    signIn: 'Ce QR code est celui d’une page de connexion. Filmez celui du courriel.',
    type: 'Taper les 8 caractères à la place',
    light: 'Lampe',
    blocked: {
      title: 'La caméra n’est pas disponible',
      denied:
        'L’accès à la caméra est refusé pour cette application. Autorisez-le dans les réglages du navigateur, ou tapez les 8 caractères du courriel.',
      absent: 'Ce téléphone n’a pas de caméra utilisable ici. Tapez les 8 caractères du courriel.',
    },
    retry: 'Réessayer la caméra',
  },
  typedCode: {
    title: 'Les 8 caractères du courriel',
    label: 'Code du courriel',
    hint: 'Sous le QR code, par exemple 7KQF-2M9X. Majuscules, espaces et tirets ne comptent pas.',
    malformed: 'Ce code a 8 caractères : des chiffres et des lettres. Relisez-le dans le courriel.',
    submit: 'Continuer',
  },
  sms: {
    title: 'Le code reçu par SMS',
    sent: 'Nous vous envoyons un SMS avec un code de 6 chiffres.',
    until: (hour: string) => `Il est valable jusqu’à ${hour}.`,
    label: 'Code à 6 chiffres',
    hint: 'Par exemple 493 027. Votre téléphone propose parfois de le remplir.',
    malformed: 'Ce code a 6 chiffres. Relisez le SMS.',
    submit: 'Continuer',
    missing: 'Je n’ai pas reçu le SMS',
    look: 'Il arrive en une minute environ. Vérifiez que le téléphone a du réseau et que les SMS d’expéditeurs inconnus ne sont pas filtrés.',
    number:
      'Par sécurité, nous ne montrons pas le numéro. C’est celui de votre espace de l’Ordre : vous pouvez le vérifier et le corriger là-bas.',
    resend: 'Envoyer un nouveau SMS',
    resent: 'Un nouveau SMS est parti. L’ancien code ne sert plus.',
    ordre: 'Mon espace de l’Ordre',
  },
  pin: {
    title: 'Choisissez votre code PIN',
    again: 'Tapez-le une seconde fois',
    hint: (min: number, max: number) =>
      min >= 6 ? `De ${min} à ${max} chiffres.` : `De ${min} à ${max} chiffres ; 6 sont plus sûrs.`,
    againHint: 'Pour être certain que c’est bien celui-là.',
    label: 'Code PIN',
    next: 'Continuer',
    confirm: 'Activer la e-CPS',
    different: 'Les deux codes ne sont pas les mêmes. Choisissez-le à nouveau.',
    making: 'Nous préparons votre e-CPS : quelques secondes.',
  },
  done: {
    title: 'Votre e-CPS est activée',
    text: 'Ce téléphone peut maintenant confirmer vos connexions.',
    quarantine: (at: string) =>
      `Vous aviez déjà un téléphone : celui-ci pourra servir à partir du ${at}, ou dès que l’autre l’aura accepté.`,
    codeTitle: 'Gardez ce code de révocation',
    codeWhy:
      'Si ce téléphone est perdu ou volé, ce code met fin à sa e-CPS. Gardez-le ailleurs que sur ce téléphone : il ne sera plus affiché.',
    codeWhere: (address: string) => `À taper sur ${address}`,
    person: (nationalId: string) => `e-CPS de l’identifiant national ${nationalId}`,
    print: 'Imprimer',
    copy: 'Copier',
    copied: 'Copié.',
    finish: 'C’est noté, continuer',
  },
  closed: {
    title: 'Cette activation est terminée',
    text: 'Elle a expiré, ou une plus récente l’a remplacée.',
    action: 'Demandez-en une nouvelle : il faudra ouvrir le dernier courriel.',
  },
  home: {
    title: 'Votre e-CPS est prête',
    text: 'Ouvrez un service sur votre ordinateur : la demande de connexion apparaîtra ici.',
  },
  pinProblems: {
    not_digits: 'Le code PIN se compose de chiffres.',
    too_short: 'Ce code PIN est trop court.',
    too_long: 'Ce code PIN a plus de 8 chiffres.',
    equal_digits: 'Ce code PIN répète un seul chiffre : c’est l’un des premiers qu’on essaierait.',
    sequence: 'Ce code PIN est une suite de chiffres : c’est l’une des premières qu’on essaierait.',
    repeated: 'Ce code PIN répète le même motif : il serait vite deviné.',
    date: 'Ce code PIN ressemble à une date : on essaierait celles qui vous touchent.',
    identifier_digits: 'Ce code PIN est dans votre identifiant national, que chacun peut lire.',
  },
  problems: {
    offline,
    answer_invalid: {
      title: 'La réponse n’est pas lisible',
      text: 'Le serveur a répondu autre chose que prévu ; l’application est peut-être ancienne.',
      action: 'Fermez l’application, rouvrez-la et recommencez.',
    },
    not_activated: {
      title: 'Ce téléphone n’a pas de e-CPS',
      text: 'Aucune e-CPS n’est activée ici.',
      action: 'Activez-la d’abord.',
    },
    no_activation: {
      title: 'Aucune activation en cours',
      text: 'L’activation est terminée, ou elle a commencé sur un autre téléphone.',
      action: 'Demandez une activation.',
    },
    issuer_untrusted: {
      title: 'Cette demande vient d’ailleurs',
      text: 'Elle n’a pas été faite par le serveur de cette e-CPS.',
      action: 'Ne continuez pas. Recommencez depuis le service que vous vouliez ouvrir.',
    },
    pin_refused: {
      title: 'Choisissez un autre code PIN',
      text: 'Ce code PIN serait trop facile à deviner.',
      action: 'Choisissez-en un autre.',
    },
    nothing_to_roll_back: {
      title: 'Rien à annuler',
      text: 'Aucun changement de code PIN ne peut plus être annulé.',
      action: 'Utilisez votre code PIN actuel.',
    },
    unreadable: {
      title: 'Ce code n’est pas lisible',
      text: 'Ce n’est pas un QR code ou un lien de la e-CPS.',
      action: 'Vérifiez que c’est le bon, puis réessayez.',
    },
    unknown: {
      title: 'La demande est refusée',
      text: 'Le serveur a refusé la demande.',
      action: 'Fermez l’application, rouvrez-la et recommencez.',
    },
    failed: {
      title: 'L’application n’a pas pu continuer',
      text: 'Une erreur est survenue dans l’application. Votre e-CPS n’est pas touchée.',
      action: 'Réessayez. Si cela continue, fermez l’application et rouvrez-la.',
    },
    storage: {
      title: 'Ce navigateur ne garde rien',
      text: 'La e-CPS a besoin que le navigateur garde ses clés. En navigation privée, ou si les données de sites sont bloquées, il ne le peut pas.',
      action: 'Ouvrez l’application hors navigation privée, ou avec le navigateur habituel de ce téléphone.',
    },
  },
} as const;
