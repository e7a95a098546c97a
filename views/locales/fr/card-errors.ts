import type { ErrorText } from '../error-text.ts';

/** The refusals of the card, in words; they are part of the catalogue of errors.ts. */
export const cardErrors = {
  card_not_open: {
    title: 'La carte CPS n’est pas acceptée ici',
    text: 'Aucune connexion par carte n’est ouverte sur ce site.',
    action: 'Connectez-vous avec l’e-CPS de votre téléphone.',
  },
  card_link_gone: {
    title: 'Ce lien vers la lecture de carte ne sert plus',
    text: 'Chaque lien ne sert qu’une fois, dans les dix minutes.',
    action: 'Retournez au service que vous vouliez ouvrir et recommencez la connexion.',
  },
  card_handoff_gone: {
    title: 'La lecture de la carte n’a pas abouti',
    text: 'Plus de 30 secondes ont passé depuis la lecture, la page a été rechargée, ou elle s’est ouverte dans un autre navigateur.',
    action: 'Recommencez : choisissez la carte, puis laissez la page s’ouvrir.',
  },
  card_absent: {
    title: 'Aucune carte n’a été présentée',
    text: 'La carte n’était pas dans le lecteur, le choix du certificat a été annulé, ou le logiciel du lecteur n’est pas installé.',
    action:
      'Insérez votre carte, attendez quelques secondes et réessayez. Choisissez le certificat proposé, puis tapez votre code PIN.',
  },
  card_certificate_malformed: {
    title: 'Nous n’avons pas pu lire ce certificat',
    text: 'Ce que votre navigateur a présenté n’est pas un certificat en bon état.',
    action: 'Retirez la carte, remettez-la et réessayez. Si cela continue, faites vérifier la carte.',
  },
  card_chain_unknown: {
    title: 'Ce certificat n’est pas celui d’une carte que nous connaissons',
    text: 'Aucune des autorités que nous acceptons ne l’a délivré.',
    action: 'Réessayez en choisissant le certificat de votre carte CPS. Un autre certificat ne convient pas.',
  },
  card_chain_broken: {
    title: 'Nous n’avons pas pu remonter à l’autorité de votre carte',
    text: 'Une autorité entre votre carte et celles que nous acceptons nous manque.',
    action: 'Appelez l’assistance en donnant le code ci-dessous : c’est à nous de la compléter.',
  },
  card_chain_too_long: {
    title: 'Ce certificat vient de trop loin',
    text: 'Trop d’autorités se suivent entre lui et celles que nous acceptons.',
    action: 'Réessayez en choisissant le certificat de votre carte CPS.',
  },
  card_issuer_not_ca: {
    title: 'Ce certificat n’a pas été délivré par une autorité',
    text: 'Celui qui l’a signé n’avait pas le droit de délivrer des certificats.',
    action: 'Réessayez en choisissant le certificat de votre carte CPS.',
  },
  card_issuer_key_usage: {
    title: 'Ce certificat n’a pas été délivré dans les règles',
    text: 'L’autorité qui l’a signé n’avait pas le droit de signer des certificats.',
    action:
      'Réessayez en choisissant le certificat de votre carte CPS. Si c’était lui, appelez l’assistance.',
  },
  card_issuer_not_allowed: {
    title: 'Cette autorité ne délivre pas de cartes',
    text: 'Le certificat vient d’une autorité connue, mais pas de celles qui délivrent les cartes CPS.',
    action: 'Réessayez en choisissant le certificat de votre carte CPS.',
  },
  card_signature_algorithm: {
    title: 'Ce certificat est signé d’une façon trop ancienne',
    text: 'Cette façon de signer n’est plus assez sûre.',
    action: 'Demandez le renouvellement de votre carte. En attendant, connectez-vous avec l’e-CPS.',
  },
  card_key_too_weak: {
    title: 'La clé de cette carte est trop courte',
    text: 'Elle n’offre plus une sécurité suffisante.',
    action: 'Demandez le renouvellement de votre carte. En attendant, connectez-vous avec l’e-CPS.',
  },
  card_signature_invalid: {
    title: 'La signature de ce certificat est fausse',
    text: 'Il porte le nom d’une autorité de cartes, mais elle ne l’a pas signé.',
    action:
      'Réessayez en choisissant le certificat de votre carte CPS. Si c’était lui, appelez l’assistance.',
  },
  card_not_yet_valid: {
    title: 'Votre carte n’est pas encore valable',
    text: 'La date de début de son certificat n’est pas atteinte.',
    action: 'Attendez cette date, ou connectez-vous avec l’e-CPS.',
  },
  card_expired: {
    title: 'Votre carte a expiré',
    text: 'La date de fin de son certificat est passée.',
    action:
      'Utilisez la carte qui vous a été envoyée pour la remplacer. Si vous ne l’avez pas reçue, demandez-la, et connectez-vous avec l’e-CPS en attendant.',
  },
  card_issuer_not_valid: {
    title: 'L’autorité de votre carte n’est plus valable',
    text: 'La date de fin d’une autorité dont dépend votre carte est passée.',
    action: 'Demandez le renouvellement de votre carte. En attendant, connectez-vous avec l’e-CPS.',
  },
  card_is_ca: {
    title: 'Ce certificat n’est pas celui d’une personne',
    text: 'C’est celui d’une autorité.',
    action: 'Réessayez en choisissant le certificat de votre carte CPS.',
  },
  card_critical_extension_unknown: {
    title: 'Ce certificat contient une règle que nous ne connaissons pas',
    text: 'Elle est marquée comme obligatoire : sans la comprendre, nous devons refuser.',
    action: 'Appelez l’assistance en donnant le code ci-dessous. En attendant, connectez-vous avec l’e-CPS.',
  },
  card_signature_certificate: {
    title: 'Ce certificat sert à signer, pas à se connecter',
    text: 'Votre carte en contient deux : vous avez choisi celui de signature.',
    action: 'Réessayez en choisissant l’autre certificat, celui d’authentification.',
  },
  card_key_usage: {
    title: 'Ce certificat ne sert pas à se connecter',
    text: 'Il n’a pas l’usage attendu d’un certificat d’authentification.',
    action: 'Réessayez en choisissant le certificat d’authentification de votre carte.',
  },
  card_extended_key_usage: {
    title: 'Ce certificat ne sert pas à se connecter',
    text: 'Il n’est pas prévu pour s’identifier auprès d’un site.',
    action: 'Réessayez en choisissant le certificat d’authentification de votre carte.',
  },
  card_policy: {
    title: 'Ce certificat ne suit pas les règles des cartes CPS',
    text: 'Il n’a pas été délivré selon une politique que nous acceptons.',
    action: 'Réessayez en choisissant le certificat de votre carte CPS.',
  },
  card_software_certificate: {
    title: 'Ce certificat n’est pas dans une carte',
    text: 'C’est un certificat logiciel, enregistré sur l’ordinateur. Seule une carte est acceptée ici.',
    action: 'Insérez votre carte CPS et choisissez son certificat.',
  },
  card_subject: {
    title: 'Nous n’avons pas pu lire à qui est cette carte',
    text: 'Le certificat ne désigne pas une seule personne.',
    action: 'Appelez l’assistance en donnant le code ci-dessous. En attendant, connectez-vous avec l’e-CPS.',
  },
  card_revoked: {
    title: 'Votre carte a été révoquée',
    text: 'L’autorité qui l’a délivrée a annoncé qu’elle ne doit plus servir.',
    action: 'Utilisez votre nouvelle carte, ou demandez-en une. En attendant, connectez-vous avec l’e-CPS.',
  },
  card_issuer_revoked: {
    title: 'L’autorité de votre carte a été révoquée',
    text: 'Aucune carte qu’elle a délivrée n’est plus acceptée.',
    action: 'Demandez une nouvelle carte. En attendant, connectez-vous avec l’e-CPS.',
  },
  card_opposed: {
    title: 'Cette carte est déclarée perdue ou volée',
    text: 'Elle ne peut plus servir à se connecter.',
    action:
      'Si vous l’avez retrouvée, appelez l’assistance. Sinon, utilisez votre nouvelle carte ou l’e-CPS.',
  },
  card_revocation_unknown: {
    title: 'Nous ne pouvons pas vérifier votre carte en ce moment',
    text: 'La liste des cartes révoquées nous manque ou n’est plus à jour. Par sécurité, nous refusons alors toutes les cartes.',
    action: 'Connectez-vous avec l’e-CPS, ou réessayez plus tard. Nos équipes sont prévenues.',
  },
  card_person_unknown: {
    title: 'Le titulaire de cette carte n’est pas dans le répertoire',
    text: 'Nous ne trouvons pas son identifiant parmi les professionnels de santé.',
    action: 'Si votre inscription est récente, réessayez demain. Sinon, appelez l’assistance.',
  },
  card_person_inactive: {
    title: 'Votre inscription n’est plus active',
    text: 'Le répertoire des professionnels de santé ne vous compte plus parmi les professionnels en activité.',
    action:
      'Si c’est une erreur, adressez-vous à votre Ordre ; puis recommencez le lendemain de la correction.',
  },
} as const satisfies Record<string, ErrorText>;
