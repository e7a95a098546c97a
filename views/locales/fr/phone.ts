const dateTime = (instant: string): string =>
  new Intl.DateTimeFormat('fr-FR', { dateStyle: 'short', timeStyle: 'short' }).format(new Date(instant));

const plural = (count: number, one: string, many: string): string => `${count} ${count > 1 ? many : one}`;

/** What the phone says. */
export const phone = {
  // Activation
  mailSent: 'Un courriel avec un QR code a été envoyé.',
  smsSent: 'QR code lu. Un SMS avec un code a été envoyé.',
  activated: (nationalId: string) => `L’e-CPS de ${nationalId} est activée sur ce téléphone.`,
  quarantine: (name: string, until: string) =>
    `${name} ne pourra confirmer qu’à partir du ${dateTime(until)}, ou dès qu’un autre de vos téléphones l’aura accepté.`,
  revocationCode: (code: string) => `Code de révocation, à garder ailleurs que sur le téléphone : ${code}`,
  // By card
  compare: (letters: string, model: string) =>
    `Lettres : ${letters}\nRegardez l’ordinateur : il doit montrer ces lettres et « ${model} ». Répondez-y.`,
  activateCardUsage:
    'caducee phone activate-card --qr TEXTE --pin PIN --state FICHIER ; le texte du QR code commence par ECPS3:',
  // Sign-in
  asks: (name: string, host: string) => `${name} (${host}) demande que vous vous connectiez.`,
  from: (browser: string, place: string) => `  depuis ${browser}, ${place}`,
  placeUnknown: 'lieu inconnu',
  known: '  Vous vous êtes déjà connecté depuis ce navigateur.',
  unknown: '  Navigateur inconnu : ne validez que si vous venez vous-même de demander cette connexion.',
  message: (text: string) => `  Message : ${text}`,
  triesLeft: (count: number) => `  Code PIN : ${plural(count, 'essai restant', 'essais restants')}.`,
  wait: (seconds: number) => `  Prochain essai dans ${plural(seconds, 'seconde', 'secondes')}.`,
  byService: '  Demandé par le service lui-même : donnez le message qu’il affiche (--message).',
  askMessage: 'Le message affiché par le service : ',
  askNumber: 'Le nombre affiché sur votre ordinateur : ',
  approved: (name: string) => `Confirmé. La session de ${name} s’ouvre sur l’ordinateur.`,
  approvedHere: 'Confirmé.',
  wrongTries: (count: number) =>
    `${plural(count, 'code PIN faux a été essayé', 'codes PIN faux ont été essayés')} depuis la dernière confirmation.`,
  returnTo: 'Pour finir, ouvrez dans le même navigateur :',
  denied: (name: string) => `Refusé. ${name} n’est pas ouvert.`,
  reported: (name: string) =>
    `Signalé. Vous n’aviez rien demandé : ${name} n’est pas ouvert, et cette origine ne vous dérangera plus.`,
  nothingPending: 'Aucune demande de connexion.',
  // Life of the phone
  pinChanged: (until: string) =>
    `Code PIN changé. Vous pouvez revenir à l’ancien jusqu’au ${dateTime(until)}.`,
  pinRestored: 'L’ancien code PIN est rétabli.',
  renewed: (until: string) => `e-CPS renouvelée jusqu’au ${dateTime(until)}.`,
  revoked: 'Téléphone révoqué. Les sessions ouvertes avec lui sont fermées.',
  thisOne: '(ce téléphone)',
  renewBy: (instant: string) => `à renouveler avant le ${dateTime(instant)}`,
  states: {
    active: 'actif',
    quarantine: 'en attente',
    locked: 'bloqué',
    frozen: 'gelé : une copie a été détectée',
    expired: 'expiré',
    revoked: 'révoqué',
  },
  newPhone: (name: string, model: string, place: string) =>
    `Un téléphone a été ajouté à votre e-CPS : ${name} (${model}), ${place}.`,
  noNewPhone: 'Aucun nouveau téléphone n’attend votre accord.',
  newPhoneApproved: 'Le nouveau téléphone est accepté.',
  newPhoneDenied: 'Le nouveau téléphone est retiré.',
  instant: dateTime,
  history: {
    sign_in: 'connexion confirmée',
    denied: 'connexion refusée',
    reported: 'connexion signalée',
    pin_changed: 'code PIN changé',
    device_added: 'téléphone ajouté',
    device_removed: 'téléphone retiré',
    renewed: 'e-CPS renouvelée',
  },
  // What goes wrong
  pinProblems: {
    not_digits: 'Le code PIN se compose de chiffres.',
    too_short: 'Ce code PIN est trop court.',
    too_long: 'Ce code PIN a plus de 8 chiffres.',
    equal_digits: 'Ce code PIN répète un seul chiffre : choisissez-en un autre.',
    sequence: 'Ce code PIN est une suite : choisissez-en un autre.',
    repeated: 'Ce code PIN répète le même motif : choisissez-en un autre.',
    date: 'Ce code PIN ressemble à une date : choisissez-en un autre.',
    identifier_digits: 'Ce code PIN est dans votre identifiant national : choisissez-en un autre.',
  },
  failures: {
    offline: 'Caducée ne répond pas. Vérifiez que le bac à sable est démarré (npm start).',
    answer_invalid: 'La réponse reçue n’est pas celle du protocole.',
    not_activated: 'Ce téléphone n’a pas encore d’e-CPS. Activez-la d’abord.',
    no_activation: 'Aucune activation n’est en cours sur ce téléphone.',
    issuer_untrusted: 'La demande vient d’un autre serveur que celui de ce téléphone.',
    pin_refused: 'Ce code PIN n’est pas accepté.',
    nothing_to_roll_back: 'Aucun changement de code PIN à annuler.',
    unreadable: 'Ce QR code ou ce lien n’est pas lisible.',
    mail_not_received: 'Le courriel de cette activation n’est pas arrivé.',
    sms_not_received: 'Le SMS n’est pas arrivé.',
    inbox_unreachable: 'La boîte de réception du bac à sable ne répond pas.',
    computer_refused: 'L’ordinateur a refusé ce téléphone, ou le temps est écoulé.',
    computer_silent: 'Personne n’a répondu sur l’ordinateur.',
    no_request: 'Aucune demande de connexion n’est arrivée.',
    bind_required:
      'Il faut le nombre affiché sur l’ordinateur (--number), son QR code (--qr) ou le lien (--link).',
    no_phone: (file: string) => `${file} ne contient pas de téléphone. Activez-en un d’abord.`,
    other_person: (nationalId: string) => `Ce fichier est le téléphone de ${nationalId}.`,
    state_busy: 'Une autre commande utilise ce fichier.',
  },
  // The command line
  noSuchVerb: (verb: string) => `caducee phone ne connaît pas « ${verb} » ; caducee phone --help les liste.`,
  noState: '--state FICHIER nomme le fichier du téléphone virtuel.',
  help: `caducee phone VERBE --state FICHIER [OPTIONS]

Le téléphone virtuel du bac à sable.

  activate ID --pin PIN    active l’e-CPS (lit le courriel et le SMS dans la boîte de réception)
      --name NOM           nom du téléphone
      --new-keys           repart de nouvelles clés (téléphone révoqué)
  activate-card --qr TEXTE --pin PIN
                           active l’e-CPS par la carte : scanne le QR code que l’ordinateur affiche après la carte
                           (ECPS3:…), montre quatre lettres, attend la réponse sur l’ordinateur (--wait, 180)
  pending                  les demandes en attente
  approve                  attend une demande et la confirme
      --number N           le nombre affiché sur l’ordinateur
      --qr TEXTE           le texte du QR code de la page (ECPS2:…)
      --link URL           le lien « sur ce téléphone » ; affiche l’adresse à ouvrir ensuite
      --message M          le message affiché par un service qui demande lui-même (CIBA)
      --txn ID             seulement cette demande ; sinon la plus récente
      --pin PIN            un autre PIN que celui du fichier
      --wait SECONDES      combien de temps attendre (20)
  deny, report             refuse, ou signale : « je n’ai rien demandé » (--txn, --wait)
  change-pin --new-pin PIN change le PIN ; undo-pin revient à l’ancien pendant 10 minutes
  renew                    renouvelle pour 12 mois
  me, devices, history     ce téléphone, tous ceux de la personne, ses derniers événements
  revoke [ID]              révoque un téléphone ; sans ID, celui-ci
  approve-phone [ID], deny-phone [ID]  accepte ou retire un téléphone qui vient d’être ajouté

  --json                   une ligne de JSON : {"ok":true,…} ou {"ok":false,"code":…,"message":…}
  --port-base N            le bac à sable dont le premier port est N (4000)

Codes de sortie : 0 fait, 1 refusé ou échoué, 2 commande mal écrite.
Le fichier garde le PIN (mode 600) : réservé au bac à sable.
`,
} as const;
