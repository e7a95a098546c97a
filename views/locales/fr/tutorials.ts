/** The illustrated tutorials. Each step is a picture of views/assets and a sentence. */
export const tutorials = {
  other: 'Autres tutoriels',
  more: 'En images',
  activate: {
    title: 'Activer ma e-CPS, en images',
    short: 'Activer ma e-CPS',
    intro:
      'Trois minutes, votre téléphone, et le courriel et le numéro déclarés à votre Ordre. Aucune carte.',
    steps: {
      welcome: 'Ouvrez l’application e-CPS et touchez « Demander l’activation de la e-CPS ».',
      identifier:
        'Tapez votre identifiant national : le chiffre 8 suivi de votre numéro RPPS. Les 11 chiffres du RPPS suffisent.',
      mail: 'Ouvrez sur un autre écran le courriel que vous recevez et filmez son QR code, ou tapez les 8 caractères écrits dessous.',
      sms: 'Tapez les 6 chiffres reçus par SMS ; beaucoup de téléphones les remplissent seuls.',
      pin: 'Choisissez un code PIN, que vous seul connaissez, puis tapez-le une seconde fois.',
      done: 'Imprimez ou notez le code de révocation : il bloque l’e-CPS si le téléphone est perdu. C’est prêt.',
    },
  },
  signIn: {
    title: 'Me connecter, en images',
    short: 'Me connecter',
    intro:
      'Sur l’ordinateur, le service affiche un nombre ; le téléphone vous demande ce nombre et votre code PIN.',
    steps: {
      computer: 'Sur le service, touchez « S’identifier » et tapez votre identifiant : un nombre s’affiche.',
      request: 'Ouvrez l’application e-CPS : la demande y est. Vérifiez le service, le lieu et l’heure.',
      number: 'Tapez le nombre affiché sur l’ordinateur, ou scannez son QR code.',
      confirm: 'Tapez votre code PIN.',
      confirmed: 'L’ordinateur ouvre le service de lui-même.',
    },
  },
  trouble: {
    title: 'Ça ne marche pas, en images',
    short: 'Ça ne marche pas',
    intro: 'Les quatre embarras les plus fréquents, et la sortie de chacun.',
    steps: {
      'no-mail':
        'Pas de courriel ? Touchez « Je n’ai pas reçu le courriel » : où le chercher, comment en recevoir un autre, où vérifier votre adresse.',
      'no-sms': 'Pas de SMS ? Touchez « Je n’ai pas reçu le SMS », puis demandez-en un autre.',
      'wrong-pin':
        'Code PIN faux ? L’application dit combien d’essais restent. Après cinq, l’activation est à refaire, avec un nouveau code PIN.',
      report: 'Une demande que vous n’avez pas faite ? Refusez-la et signalez-la : rien ne s’ouvre.',
    },
  },
};
