/** Mails, in French. Typed with plain spaces: views/mails/format.ts puts the French ones. */
export const mails = {
  hello: 'Bonjour,',
  phone: 'Téléphone',
  when: 'Date',
  notYou: 'Si ce n’est pas vous',
  unknownPlace: 'lieu inconnu',
  unnamedPhone: 'téléphone sans nom',
  stop: 'Arrêter ce téléphone',
  stopAbout: 'Ce lien ouvre une page qui demande de confirmer.',
  footer: {
    never: 'Caducée ne demande jamais votre code PIN par courriel, par SMS ou par téléphone.',
    help: (phone: string, hours: string) => `Besoin d’aide ? Appelez le ${phone} (${hours}).`,
    automatic: 'Ce courriel est automatique : personne ne lit les réponses.',
  },

  activation_qr: {
    subject: 'Activez votre e-CPS : voici votre QR code',
    preheader: (minutes: number) => `Scannez-le avec l’application e-CPS dans les ${minutes} minutes.`,
    title: 'Activez votre e-CPS',
    intro: (device: string | undefined) =>
      device
        ? `Vous venez de demander l’activation de votre e-CPS sur ce téléphone : ${device}.`
        : 'Vous venez de demander l’activation de votre e-CPS.',
    open: 'Ouvrez l’application e-CPS sur le téléphone à activer.',
    scan: 'Scannez ce QR code avec l’application.',
    alt: 'QR code d’activation, à scanner avec l’application e-CPS. S’il ne s’affiche pas, tapez le code écrit en dessous.',
    noImage: '(Le QR code ne s’affiche pas dans un texte : tapez le code ci-dessous.)',
    type: 'Vous lisez ce courriel sur ce téléphone ? Tapez ce code dans l’application :',
    sms: 'Recopiez le code que vous recevrez aussitôt par SMS.',
    pin: 'Choisissez votre code PIN : c’est fini.',
    validity: (minutes: number, until: string) =>
      `Ce QR code sert une seule fois, pendant ${minutes} minutes : jusqu’à ${until}. Passé ce délai, demandez-en un nouveau depuis l’application.`,
    notYou:
      'Ne scannez rien et ne communiquez ce code à personne. Sans lui, rien ne peut être activé. Si cela se répète, appelez-nous.',
  },

  activation_closed: {
    subject: 'Une activation de votre e-CPS n’a pas abouti',
    preheader: 'Vous n’avez rien à faire si c’était vous.',
    title: 'Une activation n’a pas abouti',
    intro: 'Une activation de votre e-CPS avait commencé sur ce téléphone. Elle n’ira pas plus loin.',
    reasons: {
      other_completed: 'Vous avez activé entre-temps un autre téléphone : cette demande n’est plus utile.',
    },
    notYou:
      'Quelqu’un a peut-être essayé d’activer votre e-CPS à votre place, sans y parvenir. Si cela se répète, appelez-nous.',
  },

  device_added: {
    subject: 'Un téléphone a été ajouté à votre e-CPS',
    preheader: 'Est-ce bien vous ? Sinon, arrêtez-le tout de suite.',
    title: 'Un téléphone a été ajouté à votre e-CPS',
    now: 'Votre e-CPS est active sur ce téléphone. Il peut servir dès maintenant à vous connecter.',
    quarantine: (until: string) =>
      `Par sécurité, ce téléphone ne pourra servir à vous connecter qu’à partir du ${until}. D’ici là, vous pouvez l’arrêter. Si c’est bien vous, vous n’avez rien à faire.`,
    notYouStop: 'Arrêtez tout de suite ce téléphone, puis appelez-nous.',
    notYou:
      'Supprimez tout de suite ce téléphone depuis l’application d’un autre de vos téléphones, ou appelez-nous.',
  },

  device_removed: {
    subject: 'Un téléphone a été retiré de votre e-CPS',
    preheader: 'Il ne peut plus servir à vous connecter.',
    title: 'Un téléphone a été retiré de votre e-CPS',
    intro: 'Ce téléphone ne peut plus servir à vous connecter. Les sessions ouvertes avec lui sont fermées.',
    by: {
      owner: 'Il a été retiré depuis votre e-CPS.',
      revocation_code: 'Il a été retiré avec votre code de révocation.',
      stop_link: 'Il a été arrêté depuis le lien d’un courriel.',
      operator: 'Il a été retiré par l’assistance.',
      registry:
        'Votre inscription au registre a changé : l’e-CPS suit le registre. Adressez-vous à votre Ordre.',
      replaced: 'Un nouveau téléphone le remplace.',
    },
    again: 'Pour utiliser de nouveau ce téléphone, activez-y votre e-CPS depuis l’application.',
    notYou: 'Appelez-nous : nous regarderons ensemble ce qui s’est passé.',
  },

  device_locked: {
    subject: 'Votre e-CPS est bloquée sur un téléphone',
    preheader: 'Un code PIN faux a été tapé trop de fois.',
    title: 'Votre e-CPS est bloquée sur ce téléphone',
    intro:
      'Un code PIN faux a été tapé trop de fois. Par sécurité, ce téléphone ne peut plus servir à vous connecter.',
    again:
      'Pour le débloquer, activez de nouveau votre e-CPS depuis l’application, et choisissez un nouveau code PIN. Vos autres téléphones restent actifs.',
    notYou: 'Quelqu’un a peut-être votre téléphone en main. Appelez-nous tout de suite.',
  },

  device_frozen: {
    subject: 'Votre e-CPS est suspendue sur un téléphone',
    preheader: 'Il semble en exister deux copies.',
    title: 'Votre e-CPS est suspendue sur ce téléphone',
    intro:
      'Il semble exister deux copies de votre e-CPS. Par sécurité, ce téléphone ne peut plus servir à vous connecter.',
    cause:
      'Cela peut arriver après la restauration d’une sauvegarde ou le transfert vers un nouveau téléphone.',
    again: 'Activez de nouveau votre e-CPS depuis l’application. Vos autres téléphones restent actifs.',
    notYou:
      'Si vous n’avez rien restauré ni transféré, quelqu’un a peut-être copié votre e-CPS. Appelez-nous tout de suite.',
  },

  pin_changed: {
    subject: 'Le code PIN de votre e-CPS a changé',
    preheader: 'Est-ce bien vous ?',
    title: 'Votre code PIN a changé',
    intro: 'Le code PIN de votre e-CPS vient de changer sur ce téléphone.',
    rollback: (until: string) =>
      `Une erreur ? Vous pouvez revenir à l’ancien code PIN depuis l’application jusqu’à ${until}.`,
    notYou:
      'Quelqu’un a votre téléphone et connaît votre code PIN. Retirez ce téléphone de votre e-CPS et appelez-nous tout de suite.',
  },

  contact_changed: {
    subject: 'Vos coordonnées ont été modifiées',
    preheader: 'Est-ce bien vous ? Sinon, annulez ce changement.',
    title: 'Vos coordonnées ont été modifiées',
    changed: {
      both: 'Un nouveau courriel et un nouveau numéro de téléphone ont été déclarés pour vous dans le registre.',
      email: 'Un nouveau courriel a été déclaré pour vous dans le registre.',
      phone: 'Un nouveau numéro de téléphone a été déclaré pour vous dans le registre.',
    },
    effective: (moment: string) =>
      `Votre e-CPS pourra être activée avec ces coordonnées à partir du ${moment}. Si c’est bien vous, vous n’avez rien à faire.`,
    notYou: 'Annulez ce changement avec le lien ci-dessous, puis prévenez votre Ordre.',
    stop: 'Annuler ce changement',
  },

  contact_restored: {
    subject: 'Un changement de vos coordonnées a été annulé',
    preheader: 'Vos anciennes coordonnées sont de nouveau les bonnes.',
    title: 'Un changement de vos coordonnées a été annulé',
    intro:
      'Le changement de coordonnées a été annulé avec le lien envoyé aux anciennes. Elles sont de nouveau les bonnes.',
    again:
      'Si vous vouliez vraiment changer de coordonnées, déclarez-les de nouveau sur votre espace de l’Ordre.',
    notYou: 'Quelqu’un lit peut-être votre courrier ou a accès à votre espace. Appelez-nous.',
  },

  renewal_due: {
    subject: (days: number) =>
      days <= 1 ? 'Renouvelez votre e-CPS : dernier jour' : `Renouvelez votre e-CPS : encore ${days} jours`,
    preheader: 'Une minute suffit, dans l’application.',
    title: 'Renouvelez votre e-CPS',
    until: 'Valable jusqu’au',
    intro: (day: string) => `Votre e-CPS est valable jusqu’au ${day} sur ce téléphone.`,
    open: 'Ouvrez l’application e-CPS sur ce téléphone.',
    renew: 'Choisissez de la renouveler, puis tapez votre code PIN.',
    after: 'Après cette date, il faudra l’activer de nouveau, avec un courriel et un SMS.',
    notYours: 'Ce n’est plus votre téléphone ?',
    notYou: 'Retirez-le de votre e-CPS depuis l’application d’un autre de vos téléphones, ou appelez-nous.',
  },

  operator_act: {
    act: 'Acte',
    operator: 'Exploitant',
    reason: 'Motif',
    command: 'Pour le voir',
    waits: {
      subject: 'Un acte attend votre confirmation',
      preheader: 'Rien n’est fait tant qu’un second exploitant n’a pas confirmé.',
      title: 'Un acte attend votre confirmation',
      intro: 'Un autre exploitant demande ce qui suit. Rien n’est fait tant que vous ne l’avez pas confirmé.',
      then: 'Vérifiez auprès de cette personne, de vive voix. Puis confirmez (operators confirm) ou refusez (operators refuse).',
    },
    done: {
      subject: 'Un exploitant a arrêté quelque chose',
      preheader: 'C’est fait. Regardez-le.',
      title: 'Un exploitant a arrêté quelque chose',
      intro: 'Un autre exploitant a fait ce qui suit. C’est en vigueur.',
      then: 'Dites que vous l’avez vu (operators seen). Si cela vous étonne, demandez à cette personne, de vive voix.',
    },
    break_glass: {
      subject: 'URGENT : un exploitant a agi sans second',
      preheader: 'Un acte qui demande deux personnes a été fait par une seule.',
      title: 'Un exploitant a agi sans second',
      intro: 'Un acte qui demande deux personnes a été fait par une seule, en urgence. C’est en vigueur.',
      then: 'Appelez cette personne maintenant. Puis dites que vous l’avez vu (operators seen).',
    },
  },
  sign_in_reported: {
    subject: 'Vous n’aviez rien demandé : connexion refusée',
    preheader: 'Votre signalement est enregistré. Rien n’a été ouvert.',
    title: 'Votre signalement est enregistré',
    intro:
      'Vous avez répondu « je n’ai rien demandé » à cette connexion. Elle n’a pas été ouverte, et les demandes de même origine ne sonneront plus.',
    service: 'Service',
    browser: 'Navigateur',
    place: 'Lieu approximatif',
    remember:
      'Ne confirmez que les connexions que vous venez vous-même de demander, et ne tapez jamais un nombre que l’on vous dicte.',
    notYou:
      'Si vous n’avez pas envoyé ce signalement, quelqu’un a peut-être votre téléphone en main. Appelez-nous tout de suite.',
    notYouTitle: 'Ce signalement n’est pas de vous ?',
  },
} as const;
