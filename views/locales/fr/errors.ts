import { cardErrors } from './card-errors.ts';
import type { ErrorText } from '../error-text.ts';

const later = (retryAfter: string | undefined) =>
  retryAfter === undefined ? 'Réessayez un peu plus tard.' : `Réessayez dans ${retryAfter}.`;

/** Every refusal in words: what happened, why, what to do now. The key is the code of the Refusal. */
export const errors = {
  // FHIR
  fhir_parameter_invalid: {
    title: 'Ce paramètre de recherche n’a pas la bonne forme',
    text: 'Le diagnostic dit lequel et pourquoi.',
    action: 'Corrigez-le (docs/directory.md).',
  },
  fhir_parameter_unsupported: {
    title: 'Cette recherche n’est pas proposée',
    text: 'Le diagnostic dit quel paramètre ne l’est pas ; /fhir/metadata les liste.',
    action: 'Cherchez autrement (docs/directory.md).',
  },
  fhir_too_costly: {
    title: 'Cette recherche est trop large',
    text: 'Elle aurait lu une trop grande part du répertoire.',
    action: 'Ajoutez un nom, une profession ou une période.',
  },
  fhir_format: {
    title: 'Ce format n’est pas proposé',
    text: 'FHIR est servi ici en JSON seulement.',
    action: 'Demandez application/fhir+json.',
  },

  // Contact details
  contact_stop_late: {
    title: 'Ce lien n’est plus valable',
    text: 'Le changement de coordonnées est en vigueur depuis plus de 30 jours : ce lien ne l’annule plus.',
    action: 'Déclarez vos coordonnées sur votre espace de l’Ordre, ou appelez l’assistance.',
  },
  feed_assertion_invalid: {
    title: 'La signature de cet envoi n’est pas acceptée',
    text: 'Le jeton signé manque, est périmé, vise une autre adresse, n’est pas de ce contenu ou pas d’une clé déclarée.',
    action: 'Vérifiez la clé, l’horloge et les champs du jeton (docs/registry.md), puis envoyez de nouveau.',
  },
  feed_assertion_replayed: {
    title: 'Ce jeton a déjà servi',
    text: 'Un jeton signé sert une seule fois.',
    action: 'Signez un nouveau jeton et envoyez de nouveau : un lot déjà reçu n’est pas appliqué deux fois.',
  },
  feed_key_unfit: {
    title: 'Cette clé ne convient pas',
    text: 'Il faut une clé publique asymétrique (PEM, JWK ou JWKS) : P-256, P-384, Ed25519, ou RSA d’au moins 2048 bits.',
    action: 'Donnez une autre clé.',
  },
  batch_malformed: {
    title: 'Ce lot n’a pas la bonne forme',
    text: 'Un lot est un objet JSON avec « batch » et de 1 à 500 lignes dans « contacts ».',
    action: 'Corrigez le lot (docs/registry.md), puis envoyez-le de nouveau.',
  },
  batch_conflict: {
    title: 'Ce numéro de lot a déjà servi à un autre contenu',
    text: 'Un lot reçu une fois ne change plus.',
    action: 'Envoyez le nouveau contenu sous un nouveau numéro de lot.',
  },

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
  ...cardErrors,
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
