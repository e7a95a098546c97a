/** The help desk's screen. */

type Facts = Readonly<Record<string, string>>;
interface Problem {
  /** What is wrong, in one sentence. */
  says: (facts: Facts) => string;
  /** What to tell the person, or to do. */
  tell: (facts: Facts) => string;
}

export const support = {
  labels: {
    person: 'Personne',
    registry: 'Registre',
    contact: 'Coordonnées',
    activations: 'Activations',
    messages: 'Messages',
    phones: 'Téléphones',
    cards: 'Cartes',
    refusals: 'Refus',
    signIn: 'Connexion',
    acts: 'Agir',
    tell: 'À dire',
    also: 'Aussi',
  },
  none: {
    activations: 'aucune demande',
    messages: 'aucun message',
    phones: 'aucun',
    cards: 'aucune carte vue à une connexion',
    refusals: 'aucun ces 30 derniers jours',
    signIn: 'jamais',
  },
  more: (count: number) => `… et ${count} de plus (--json les donne tous)`,
  status: {
    active: 'en activité',
    inactive: 'inactif',
    struck_off: 'radié',
  },
  byHand: (at: string) => `, décidé à la main le ${at}`,
  missingSince: (at: string) => `, absent du fichier depuis le ${at}`,
  source: (source: string) => `source ${source}`,
  contact: {
    none: (missing: string) => `manque : ${missing}`,
    email: 'courriel',
    phone: 'téléphone',
    line: (email: string, phone: string) => `${email} · ${phone}`,
    since: (at: string, origin: string) => `déclarées le ${at} (${origin}), utilisables`,
    from: (at: string, when: string, origin: string) =>
      `déclarées le ${at} (${origin}), utilisables à partir du ${when}`,
  },
  activation: {
    mail_sent: 'courriel envoyé, QR pas encore scanné',
    sms_sent: 'QR scanné, code SMS attendu',
    confirm_due: 'carte lue, à confirmer sur l’ordinateur',
    pin_due: 'codes bons, code PIN à choisir',
    done: 'terminée, téléphone activé',
    spent: 'arrêtée : trop de codes faux',
    refused: 'refusée',
    superseded: 'remplacée par une plus récente',
    closed: 'fermée',
    expired: 'expirée',
  },
  silent: 'sans courriel : limite du jour atteinte',
  tries: (count: number) => `${count} code(s) faux`,
  message: {
    queued: 'en attente',
    sending: 'en cours',
    sent: 'remis au serveur',
    abandoned: 'ÉCHEC',
    expired: 'trop tard',
  },
  phone: {
    active: 'actif',
    quarantine: 'pas encore prêt',
    locked: 'BLOQUÉ',
    frozen: 'SUSPENDU',
    expired: 'expiré',
    revoked: 'retiré',
  },
  until: (at: string) => `jusqu’au ${at}`,
  since: (at: string) => `le ${at}`,
  used: (at: string) => `utilisé le ${at}`,
  neverUsed: 'jamais utilisé',
  triesLeft: (count: string) => `${count} essai(s) de PIN restants`,
  silentPhone: 'sans notifications',
  cardUntil: (at: string) => `valable jusqu’au ${at}`,
  cardLost: (at: string) => `DÉCLARÉE PERDUE le ${at}`,
  lastSignIn: (at: string, service: string) => `dernière réussie le ${at} (${service})`,
  lastAsk: (at: string) => `dernière demande à un téléphone le ${at}`,
  route: (route: string) => `à ${route}`,
  supportId: (id: string, at: string) => `Numéro d’assistance ${id}, affiché le ${at}`,
  supportIdUnknown: (id: string) =>
    `Le numéro d’assistance ${id} n’est pas connu. Il est gardé 30 jours ; vérifiez les caractères (ni I, ni L, ni O, ni U).`,
  supportIdAnonymous: 'Ce refus ne concernait encore personne : demandez l’identifiant national.',
  actions: 'caducee support ID resend|cancel|suspend|revoke dev_… --reason "…"',
  unlock:
    'Un téléphone bloqué ou suspendu ne se débloque pas à distance : la personne prouve à nouveau qui elle est, en activant l’e-CPS sur ce téléphone (courriel et SMS, ou carte).',
  done: {
    mail: 'Le courriel part à nouveau.',
    sms: 'Le SMS part à nouveau, avec un autre code.',
    quota: 'La limite du jour est atteinte : rien ne part. Elle se libère en 24 heures.',
    nothingOpen: 'Aucune activation n’est en cours : la personne recommence dans l’application.',
    nothingToSend: 'À cette étape il n’y a rien à renvoyer.',
    cancelled: (count: number) => `${count} activation(s) annulée(s).`,
    suspended: 'La personne est suspendue : plus aucune connexion, ni par téléphone ni par carte.',
    suspendedAlready: 'La personne n’était déjà plus en activité.',
    lifted: 'La suspension est levée : le fichier du registre décide à nouveau.',
    notSuspended: 'La personne n’était pas suspendue à la main.',
    revoked: 'Le téléphone est retiré ; la personne est prévenue par courriel.',
    revokedAlready: 'Ce téléphone était déjà retiré.',
    phoneUnknown: 'Ce téléphone n’est pas à cette personne.',
    personUnknown: 'Personne dans le registre n’a cet identifiant.',
  },
  /** Codes that no page shows in words. */
  codes: {
    person_struck_off: 'la personne est radiée',
    person_inactive: 'la personne n’est plus en activité',
    sign_in_expired: 'la demande n’a pas été confirmée à temps',
    sign_in_stopped: 'la demande a été arrêtée sur le téléphone',
  },
  problems: {
    unknown: {
      says: () => 'Cet identifiant n’est à personne dans le registre.',
      tell: () =>
        'Faire relire le numéro (8 puis les 11 chiffres du RPPS), ou le chercher dans l’annuaire. S’il est bon, le registre ne l’a pas encore : c’est à l’Ordre de l’inscrire.',
    },
    check_digit: {
      says: () => 'Cet identifiant a un chiffre faux : sa clé ne correspond pas.',
      tell: () => 'Faire relire le numéro chiffre par chiffre, ou le chercher dans l’annuaire.',
    },
    struck_off: {
      says: () => 'La personne est radiée : elle ne peut ni activer ni se connecter.',
      tell: () => 'Elle s’adresse à son Ordre. L’assistance n’y peut rien.',
    },
    inactive: {
      says: () => 'Le registre ne compte plus la personne parmi celles en activité.',
      tell: () =>
        'Si c’est une erreur, l’Ordre corrige son inscription ; tout reprend le lendemain de la correction.',
    },
    suspended: {
      says: ({ at }) => `La personne a été suspendue à la main le ${at}.`,
      tell: () => 'Voir dans l’audit qui et pourquoi ; lever la suspension demande une deuxième personne.',
    },
    leaving: {
      says: ({ at }) => `Le fichier du registre ne la nomme plus depuis le ${at} : son accès finira bientôt.`,
      tell: () => 'Si c’est une erreur, l’Ordre corrige son inscription avant la fin du délai de grâce.',
    },
    contact_missing: {
      says: ({ missing }) =>
        `Il manque à ses coordonnées : ${missing}. Aucune activation n’est possible ainsi.`,
      tell: ({ delay }) =>
        `Elle les déclare à l’Ordre (courriel et mobile) ; l’activation est possible ${delay} h après. Sinon, activer par carte CPS.`,
    },
    contact_too_recent: {
      says: ({ at }) =>
        `Ses coordonnées viennent de changer : elles ne servent à activer qu’à partir du ${at}.`,
      tell: ({ at }) => `Recommencer l’activation après le ${at}, ou activer par carte CPS dès maintenant.`,
    },
    mail_failed: {
      says: ({ to, error }) => `Le courriel de l’activation n’est pas parti vers ${to} : ${error}.`,
      tell: () =>
        'L’adresse déclarée à l’Ordre est sans doute fausse ou pleine : la faire corriger, ou activer par carte CPS.',
    },
    mail_waiting: {
      says: ({ to }) => `Le courriel de l’activation attend encore d’être remis à ${to}.`,
      tell: () =>
        'Patienter quelques minutes ; si rien n’arrive, prévenir l’exploitation (serveur de courriel).',
    },
    mail_sent: {
      says: ({ to, at }) =>
        `Le courriel de l’activation est parti le ${at} vers ${to} ; son QR n’a pas été scanné.`,
      tell: () =>
        'Chercher dans les indésirables, vérifier que l’adresse est la bonne ; scanner le QR dans les 30 minutes, ou taper ses 8 caractères. On peut le renvoyer.',
    },
    activation_quota: {
      says: () => 'Trop de courriels d’activation ont été demandés aujourd’hui : le dernier n’est pas parti.',
      tell: () => 'Chercher dans les courriels déjà reçus, ou recommencer dans 24 heures.',
    },
    sms_failed: {
      says: ({ to, error }) => `Le SMS n’est pas parti vers ${to} : ${error}.`,
      tell: () =>
        'Le mobile déclaré à l’Ordre est sans doute faux : le faire corriger, ou activer par carte CPS.',
    },
    sms_waiting: {
      says: ({ to }) => `Le SMS attend encore d’être remis à ${to}.`,
      tell: () => 'Patienter une minute ; si rien n’arrive, prévenir l’exploitation (envoi des SMS).',
    },
    sms_sent: {
      says: ({ to, at }) => `Le SMS est parti le ${at} vers ${to} ; son code n’a pas encore été tapé.`,
      tell: () =>
        'Vérifier que le mobile est le bon et capte ; le code vaut 10 minutes. On peut le renvoyer.',
    },
    pin_due: {
      says: () => 'L’activation est presque finie : il reste à choisir le code PIN sur le téléphone.',
      tell: () => 'Rouvrir l’application et choisir le code PIN, dans les 15 minutes.',
    },
    confirm_due: {
      says: () => 'Le téléphone a scanné le QR de la carte ; l’ordinateur attend la confirmation.',
      tell: () =>
        'Comparer les quatre lettres de l’ordinateur et du téléphone, puis confirmer à l’ordinateur.',
    },
    activation_spent: {
      says: () => 'La dernière activation s’est arrêtée : trop de codes faux.',
      tell: () => 'Recommencer dans l’application, et taper le code du dernier courriel reçu.',
    },
    activation_expired: {
      says: ({ step }) => `La dernière activation a expiré à cette étape : ${step}.`,
      tell: () => 'Recommencer dans l’application, le courriel et le téléphone à portée de main.',
    },
    activation_refused: {
      says: () => 'La dernière activation a été refusée : trois téléphones sont déjà actifs.',
      tell: () => 'Retirer un téléphone dont elle ne se sert plus, puis recommencer.',
    },
    activation_closed: {
      says: () => 'La dernière activation a été fermée avant sa fin.',
      tell: () => 'Recommencer dans l’application.',
    },
    phone_locked: {
      says: ({ device }) => `Le téléphone « ${device} » est bloqué : trop de codes PIN faux.`,
      tell: () =>
        'Rien ne le débloque à distance : activer à nouveau l’e-CPS sur ce téléphone (courriel et SMS, ou carte), et choisir un nouveau PIN.',
    },
    phone_frozen: {
      says: ({ device }) =>
        `Le téléphone « ${device} » est suspendu : deux copies de lui se sont manifestées.`,
      tell: () =>
        'Demander si l’application a été restaurée ou copiée. Sinon, prévenir la sécurité. Activer à nouveau l’e-CPS sur ce téléphone.',
    },
    phone_quarantine: {
      says: ({ device, at }) => `Le téléphone « ${device} » vient d’être ajouté : il sera prêt le ${at}.`,
      tell: () => 'Patienter jusque-là, ou l’autoriser depuis un autre téléphone déjà actif.',
    },
    phone_expired: {
      says: ({ device }) => `L’e-CPS du téléphone « ${device} » a expiré, faute de renouvellement.`,
      tell: () => 'Activer à nouveau l’e-CPS sur ce téléphone.',
    },
    phone_revoked: {
      says: ({ device, at }) => `Le téléphone « ${device} » a été retiré le ${at}.`,
      tell: () => 'Si elle ne l’a pas demandé, voir l’audit. Sinon, activer l’e-CPS sur un téléphone.',
    },
    pin_wait: {
      says: ({ device, wait }) =>
        `Code PIN faux sur « ${device} » : il faut attendre ${wait} avant le prochain essai.`,
      tell: ({ tries }) => `Attendre, puis taper le bon code : ${tries} essai(s) avant le blocage.`,
    },
    no_phone: {
      says: () => 'L’e-CPS n’a jamais été activée.',
      tell: () => 'Installer l’application et demander l’activation ; ses coordonnées sont bonnes pour cela.',
    },
    card_refused: {
      says: ({ at, title }) => `Sa carte a été refusée le ${at} : ${title}.`,
      tell: ({ action }) => action ?? '',
    },
    card_lost: {
      says: ({ card, at }) => `La carte ${card} est déclarée perdue depuis le ${at}.`,
      tell: () => 'Se connecter avec l’e-CPS ; si la carte est retrouvée, la déclaration peut être retirée.',
    },
    bind_wrong: {
      says: ({ at }) => `Le ${at}, le nombre tapé sur le téléphone n’était pas celui de l’ordinateur.`,
      tell: () => 'Recommencer, et taper le nombre que montre l’ordinateur à cet instant.',
    },
    denied: {
      says: ({ at }) => `Le ${at}, la demande a été refusée sur le téléphone.`,
      tell: () => 'Recommencer si c’était par erreur.',
    },
    reported: {
      says: ({ at }) => `Le ${at}, la personne a signalé une connexion qui n’était pas la sienne.`,
      tell: () => 'Prévenir la sécurité : quelqu’un essaie son identifiant. Ne rien valider.',
    },
    unanswered: {
      says: ({ at }) => `Le ${at}, une connexion a attendu son téléphone, qui n’a pas répondu.`,
      tell: () =>
        'Ouvrir l’application : la demande y est, même sans notification. Vérifier que le téléphone a du réseau.',
    },
    fine: {
      says: () => 'Tout est en ordre : la personne peut se connecter.',
      tell: () => 'Demander à quelle étape elle s’arrête, et le numéro d’assistance de la page.',
    },
    fine_by_card: {
      says: () => 'L’e-CPS n’est pas activée ; la carte fonctionne.',
      tell: () => 'Se connecter par carte, ou activer l’e-CPS, par carte aussi.',
    },
  } satisfies Record<string, Problem>,
};
