import type { ErrorText } from '../error-text.ts';

const later = (retryAfter: string | undefined) =>
  retryAfter === undefined ? 'Réessayez un peu plus tard.' : `Réessayez dans ${retryAfter}.`;

/** Every refusal in words: what happened, why, what to do now. The key is the code of the Refusal. */
export const errors = {
  // Any page
  internal_error: {
    title: 'Une erreur est survenue chez nous',
    text: 'Ce n’est pas de votre fait. Elle est enregistrée avec le numéro ci-dessous.',
    action: 'Réessayez dans un instant. Si cela continue, appelez l’assistance en donnant ce numéro.',
  },
  not_found: {
    title: 'Cette page n’existe pas',
    text: 'L’adresse est incomplète ou a changé.',
    action: 'Retournez au service que vous vouliez ouvrir et recommencez.',
  },
  method_not_allowed: {
    title: 'Cette page ne s’ouvre pas ainsi',
    text: 'Cette adresse attend un autre type de demande.',
    action: 'Retournez au service que vous vouliez ouvrir et recommencez.',
  },
  request_invalid: {
    title: 'La demande est incomplète',
    text: 'Nous n’avons pas pu lire ce qui nous a été envoyé.',
    action: 'Retournez à la page précédente et recommencez.',
  },
  too_large: {
    title: 'L’envoi est trop volumineux',
    text: 'Ce formulaire n’accepte que quelques lignes.',
    action: 'Retournez à la page précédente et recommencez.',
  },
  media_type_wrong: {
    title: 'Ce format n’est pas accepté',
    text: 'Cette adresse attend l’envoi d’un formulaire.',
    action: 'Retournez à la page précédente et recommencez.',
  },
  origin_wrong: {
    title: 'La demande ne vient pas de notre page',
    text: 'Par sécurité, nous n’acceptons que les formulaires affichés sur notre propre adresse.',
    action: 'Retournez au service que vous vouliez ouvrir et recommencez la connexion.',
  },
  form_stale: {
    title: 'La page est restée ouverte trop longtemps',
    text: 'Le formulaire n’était plus valable, ou les cookies de ce navigateur sont bloqués.',
    action: 'Rechargez la page et recommencez. Si cela continue, autorisez les cookies pour ce site.',
  },
  host_unknown: {
    title: 'Cette adresse n’est pas la nôtre',
    text: 'Le serveur ne répond que sous son nom officiel.',
    action: 'Retournez au service que vous vouliez ouvrir et recommencez.',
  },
  insecure_request: {
    title: 'La connexion n’est pas chiffrée',
    text: 'La demande nous est parvenue sans chiffrement, nous l’avons refusée.',
    action: 'Ouvrez la page avec une adresse qui commence par https. Si c’est le cas, appelez l’assistance.',
  },
  too_many_requests: {
    title: 'Trop de demandes en peu de temps',
    text: 'Par sécurité, nous faisons une pause.',
    action: ({ retryAfter }) => later(retryAfter),
  },
  // Sign-in
  interaction_expired: {
    title: 'Cette connexion a expiré',
    text: 'La page est restée ouverte trop longtemps, ou la connexion est déjà terminée.',
    action: ({ service }) =>
      service === undefined
        ? 'Retournez au service que vous vouliez ouvrir et demandez à nouveau la connexion.'
        : `Retournez à ${service} et demandez à nouveau la connexion.`,
  },
  other_browser: {
    title: 'Ce lien s’est ouvert dans un autre navigateur',
    text: 'La connexion a été demandée depuis un autre navigateur ; par sécurité, elle ne peut pas se terminer ici.',
    action:
      'Revenez au navigateur où vous avez commencé. Si sa page affiche un nombre, tapez-le dans l’application e-CPS. Sinon, recommencez depuis le service.',
  },
  approval_expired: {
    title: 'La demande n’a pas été confirmée à temps',
    text: 'Elle était valable 2 minutes.',
    action: 'Recommencez, puis confirmez dans l’application e-CPS de votre téléphone.',
  },
  identifier_missing: {
    title: 'Il manque votre identifiant',
    text: 'Le champ était vide.',
    action: 'Tapez votre identifiant national, ou scannez un QR code sans rien taper.',
  },
  identifier_malformed: {
    title: 'Cet identifiant n’a pas la bonne forme',
    text: 'Un numéro RPPS a 11 chiffres ; l’identifiant national est ce numéro précédé d’un 8.',
    action: 'Vérifiez le numéro et tapez-le à nouveau. Les espaces ne gênent pas.',
  },
  practitioner_inactive: {
    title: 'Votre inscription n’est plus active',
    text: 'Le répertoire des professionnels de santé ne vous compte plus parmi les professionnels en activité.',
    action:
      'Si c’est une erreur, adressez-vous à votre Ordre ; puis recommencez le lendemain de la correction.',
  },
  // Sign-in, as told to services and people by the OpenID provider
  access_denied: {
    title: 'La connexion a été abandonnée',
    text: 'Le service n’a pas été ouvert.',
    action: 'Retournez au service pour recommencer quand vous le voulez.',
  },
  service_unknown: {
    title: 'Ce service n’est pas connu',
    text: 'Le service qui vous a envoyé ici n’est pas enregistré chez nous, ou ne l’est plus.',
    action: 'Prévenez le service, en lui donnant le code ci-dessous.',
  },
  redirect_unknown: {
    title: 'Ce service est mal réglé',
    text: 'L’adresse de retour qu’il demande ne fait pas partie de celles qu’il a déclarées.',
    action: 'Prévenez le service, en lui donnant le code ci-dessous.',
  },
  request_refused: {
    title: 'Le service a fait une demande que nous ne pouvons pas suivre',
    text: 'Sa demande de connexion est incomplète ou contradictoire.',
    action: 'Retournez au service et recommencez. Si cela continue, donnez-lui le code ci-dessous.',
  },
  session_gone: {
    title: 'Cette connexion n’est plus ouverte',
    text: 'Elle a expiré, ou elle a été commencée dans un autre navigateur, ou les cookies sont bloqués.',
    action: 'Retournez au service que vous vouliez ouvrir et demandez à nouveau la connexion.',
  },
  // Card
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
  // Activation
  identifier_unknown: {
    title: 'Nous ne trouvons pas cet identifiant',
    text: 'Il n’existe pas dans le répertoire des professionnels de santé.',
    action: 'Vérifiez le numéro dans l’annuaire santé, puis tapez-le à nouveau.',
  },
  identifier_check: {
    title: 'Vérifiez votre numéro',
    text: 'Un chiffre semble faux : le dernier sert de clé et ne correspond pas aux autres.',
    action: 'Comparez avec votre carte ou avec l’annuaire santé, puis tapez le numéro à nouveau.',
  },
  contact_missing: {
    title: 'Vos coordonnées nous manquent',
    text: 'Nous n’avons pas reçu la mise à jour de votre courriel ou de votre numéro de téléphone dans nos référentiels.',
    action:
      'Mettez-les à jour sur votre espace de l’Ordre : votre e-CPS pourra être activée 72 heures après.',
  },
  contact_too_recent: {
    title: 'Vos coordonnées viennent de changer',
    text: 'Par sécurité, une coordonnée modifiée ne sert à activer une e-CPS qu’après 72 heures.',
    action: ({ availableAt }) =>
      availableAt === undefined
        ? 'Revenez 72 heures après la modification.'
        : `Vous pourrez activer votre e-CPS à partir du ${availableAt}.`,
  },
  contact_malformed: {
    title: 'Ces coordonnées n’ont pas la bonne forme',
    text: 'Le courriel ou le numéro de téléphone donné ne peut pas servir.',
    action: 'Vérifiez-les et recommencez.',
  },
  code_wrong: {
    title: 'Ce code n’est pas le bon',
    text: ({ triesLeft }) =>
      triesLeft === undefined
        ? 'Il ne correspond pas à celui que nous avons envoyé.'
        : `Il ne correspond pas à celui que nous avons envoyé. Essais restants : ${triesLeft}.`,
    action: 'Relisez le dernier message reçu et tapez le code à nouveau.',
  },
  code_expired: {
    title: 'Ce code a expiré',
    text: 'Un QR code est valable 30 minutes, un code reçu par SMS 10 minutes.',
    action: 'Demandez-en un nouveau depuis l’application.',
  },
  already_used: {
    title: 'Ce code a déjà servi',
    text: 'Chaque code ne sert qu’une fois.',
    action: 'Demandez-en un nouveau depuis l’application.',
  },
  superseded: {
    title: 'Une demande plus récente remplace celle-ci',
    text: 'Vous avez recommencé l’activation depuis ce téléphone.',
    action: 'Utilisez le dernier message reçu.',
  },
  qr_stale: {
    title: 'Ce QR code a expiré',
    text: 'Le QR code affiché après la présentation de la carte change toutes les 10 secondes et ne sert qu’un moment.',
    action:
      'Scannez celui que l’ordinateur affiche maintenant. S’il n’en affiche plus, présentez la carte à nouveau.',
  },
  scanned_elsewhere: {
    title: 'Un autre téléphone a déjà scanné ce QR code',
    text: 'Chaque QR code ne sert qu’à un téléphone. Si l’autre n’est pas à vous, quelqu’un a photographié l’écran.',
    action:
      'Sur l’ordinateur, répondez que ce n’est pas votre téléphone, puis présentez la carte à nouveau à l’abri des regards.',
  },
  step_wrong: {
    title: 'Cette étape n’est pas la suivante',
    text: 'L’application et le serveur n’en sont pas au même point.',
    action: 'Fermez l’application, rouvrez-la et reprenez.',
  },
  phone_limit: {
    title: 'Vous avez déjà trois téléphones',
    text: 'Une e-CPS peut être activée sur trois téléphones au plus.',
    action: 'Retirez un ancien téléphone dans l’application, puis recommencez.',
  },
  evaluations_spent: {
    title: 'Trop d’essais pour choisir le code PIN',
    text: 'Cette activation ne peut plus continuer.',
    action: 'Recommencez l’activation depuis l’application.',
  },
  // Phone: every call
  use_nonce: {
    title: 'L’application doit refaire sa demande',
    text: 'La demande était trop ancienne.',
    action: 'L’application recommence d’elle-même. Sinon, fermez-la et rouvrez-la.',
  },
  proof_invalid: {
    title: 'Nous ne reconnaissons pas cet appel',
    text: 'La preuve envoyée par le téléphone n’est pas valable.',
    action: 'Fermez l’application, rouvrez-la et recommencez.',
  },
  // Phone: confirming a sign-in
  bind_wrong: {
    title: 'Ce n’est pas le bon nombre',
    text: 'Le nombre tapé n’est pas celui affiché sur votre ordinateur. Par sécurité, cette demande est terminée.',
    action: 'Recommencez la connexion depuis votre ordinateur.',
  },
  payload_mismatch: {
    title: 'La confirmation ne correspond pas à la demande',
    text: 'Ce qui a été signé n’est pas ce qui était demandé.',
    action: 'Recommencez la connexion depuis votre ordinateur.',
  },
  signature_invalid: {
    title: 'La signature n’est pas valable',
    text: 'Nous n’avons pas pu vérifier ce que le téléphone a signé.',
    action: 'Recommencez. Si cela continue, réactivez votre e-CPS.',
  },
  pin_wrong: {
    title: 'Ce code PIN n’est pas le bon',
    text: ({ triesLeft }) =>
      triesLeft === undefined
        ? 'Le code tapé ne correspond pas.'
        : `Le code tapé ne correspond pas. Essais restants : ${triesLeft}.`,
    action: 'Tapez-le à nouveau. Si vous l’avez oublié, réactivez votre e-CPS.',
  },
  pin_wait: {
    title: 'Patientez avant un nouvel essai',
    text: 'Après plusieurs codes PIN faux, nous faisons une pause pour protéger votre e-CPS.',
    action: ({ retryAfter }) => later(retryAfter),
  },
  gone: {
    title: 'Cette demande est terminée',
    text: 'Elle a expiré, ou elle a déjà reçu une réponse.',
    action: 'Recommencez la connexion depuis le service.',
  },
  // Phone: its state
  device_unknown: {
    title: 'Ce téléphone n’est pas connu',
    text: 'Aucune e-CPS n’est activée sur ce téléphone, ou elle a été retirée.',
    action: 'Activez votre e-CPS sur ce téléphone.',
  },
  device_locked: {
    title: 'L’e-CPS de ce téléphone est bloquée',
    text: 'Le code PIN a été faux trop de fois.',
    action: 'Réactivez votre e-CPS : vous choisirez un nouveau code PIN.',
  },
  device_frozen: {
    title: 'L’e-CPS de ce téléphone est suspendue',
    text: 'Deux copies de ce téléphone semblent exister. Nous vous avons prévenu par message.',
    action: 'Réactivez votre e-CPS sur ce téléphone.',
  },
  device_quarantined: {
    title: 'Ce téléphone n’est pas encore prêt',
    text: 'Un nouveau téléphone attend un peu avant de servir, le temps que vous puissiez vous y opposer.',
    action: ({ availableAt, retryAfter }) =>
      availableAt !== undefined
        ? `Il pourra servir à partir du ${availableAt}.`
        : retryAfter !== undefined
          ? `Il pourra servir dans ${retryAfter}.`
          : 'Confirmez-le avec votre autre téléphone, ou patientez.',
  },
  device_expired: {
    title: 'L’e-CPS de ce téléphone a expiré',
    text: 'Une e-CPS se renouvelle tous les ans.',
    action: 'Réactivez votre e-CPS sur ce téléphone.',
  },
  device_revoked: {
    title: 'L’e-CPS de ce téléphone a été retirée',
    text: 'Elle a été retirée par vous, par l’assistance, ou parce que votre inscription a changé.',
    action: 'Activez à nouveau votre e-CPS, ou appelez l’assistance.',
  },
} as const satisfies Record<string, ErrorText>;
