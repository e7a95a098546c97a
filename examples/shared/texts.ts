import type { Locale } from './practitioner.ts';

/** What every service says, in French first; each service adds its name, its purpose and its own sentences. */
const fr = {
  signIn: "S'identifier avec Caducée",
  signOut: 'Se déconnecter',
  whatIsIt: 'Caducée vérifie votre identité de professionnel de santé, avec votre e-CPS ou votre carte CPS.',
  greeting: (name: string) => `Bonjour ${name}`,
  identifier: 'Identifiant national',
  profession: 'Profession',
  noProfession: 'non précisée',
  activities: "Vos lieux d'exercice",
  noActivity:
    "Aucun lieu d'exercice n'est enregistré à votre nom. Ce n'est pas nécessaire pour utiliser ce service.",
  unnamedPlace: 'Lieu sans nom',
  signOutNote: 'Vous serez déconnecté de tous les services ouverts avec Caducée.',
  ended: 'Votre session a pris fin. Identifiez-vous à nouveau pour continuer.',
  refused: "La connexion n'a pas abouti. Vous pouvez recommencer.",
  lost: 'Cette connexion a été commencée dans un autre navigateur ou il y a trop longtemps. Recommencez.',
  unavailable: "Le service d'identification ne répond pas. Réessayez dans un instant.",
  notFound: "Cette page n'existe pas.",
  failed: 'Une erreur est survenue de notre côté. Réessayez dans un instant.',
  home: "Retour à l'accueil",
  example: "Service d'exemple livré avec Caducée : aucune donnée réelle.",
  otherLanguage: 'English',
  skip: 'Aller au contenu',
  menu: 'Menu',
  formLost:
    "Rien n'a été enregistré : votre session a pris fin, ou cette page était trop ancienne. Identifiez-vous et recommencez.",
  otherProvider:
    "Le site qui vous envoie s'appuie sur un autre service d'identification. Identifiez-vous ici.",
};

const en: typeof fr = {
  signIn: 'Sign in with Caducée',
  signOut: 'Sign out',
  whatIsIt: 'Caducée checks who you are as a health professional, with your e-CPS or your CPS card.',
  greeting: (name) => `Hello ${name}`,
  identifier: 'National identifier',
  profession: 'Profession',
  noProfession: 'not specified',
  activities: 'Your places of practice',
  noActivity: 'No place of practice is recorded for you. This service does not need one.',
  unnamedPlace: 'Unnamed place',
  signOutNote: 'You will be signed out of every service opened with Caducée.',
  ended: 'Your session has ended. Sign in again to go on.',
  refused: 'The sign-in was not completed. You can start again.',
  lost: 'This sign-in was started in another browser or too long ago. Start again.',
  unavailable: 'The identity provider does not answer. Try again in a moment.',
  notFound: 'This page does not exist.',
  failed: 'Something went wrong on our side. Try again in a moment.',
  home: 'Back to the home page',
  example: 'Example service delivered with Caducée: no real data.',
  otherLanguage: 'Français',
  skip: 'Skip to the content',
  menu: 'Menu',
  formLost: 'Nothing was saved: your session has ended, or that page was too old. Sign in and start again.',
  otherProvider: 'The site that sent you relies on another identity provider. Sign in here.',
};

export type Texts = typeof fr;
export type Notice =
  'ended' | 'refused' | 'lost' | 'unavailable' | 'notFound' | 'failed' | 'formLost' | 'otherProvider';

export const TEXTS: Record<Locale, Texts> = { fr, en };
