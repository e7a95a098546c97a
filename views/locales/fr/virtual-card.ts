/** What is told of a card just issued. */
export interface IssuedCard {
  nationalId: string;
  name: string;
  serial: string;
  cardNumber: string;
  notAfter: string;
  variant: string | undefined;
  file: string;
  password: string;
}

/** The command of the virtual card. */
export const virtualCard = {
  issued: ({ name, nationalId, serial, cardNumber, variant, file, password }: IssuedCard): string[] => [
    `${name} (${nationalId}), carte ${cardNumber}, certificat ${serial}`,
    ...(variant === undefined ? [] : [`Cette carte doit être refusée : ${variant}.`]),
    `${file}, mot de passe : ${password}`,
    'Importez-le dans un navigateur : la page d’accueil du bac à sable dit comment.',
  ],
  revoked: (serial: string) => `Le certificat ${serial} est révoqué.`,
  wasRevoked: (serial: string) => `Le certificat ${serial} était déjà révoqué.`,
  issueUsage: 'caducee card issue ID --out FICHIER.p12 ; ID est un identifiant national',
  revokeUsage: 'caducee card revoke SÉRIE ; la série est celle du certificat, en hexadécimal',
  noPki: (portBase: number) =>
    `Aucune carte ne peut être fabriquée : le bac à sable du port ${portBase} n’a jamais démarré. Lancez npm start.`,
  notRunning: (portBase: number) =>
    `Le bac à sable du port ${portBase} ne tourne pas, et le répertoire avec lui. Lancez npm start.`,
  help: `caducee card issue ID --out FICHIER.p12 [OPTIONS]
caducee card revoke SÉRIE

Les cartes virtuelles du bac à sable : des fichiers qu’un navigateur importe.

  issue ID           fabrique la carte d’une personne (identifiant national)
      --out FICHIER  où l’écrire (PKCS#12)
      --password P   ce qui protège le fichier (caducee)
      --type TYPE    CPS, CPF, CPE, CDE ou CPA (CPS)
    et, pour voir une carte refusée :
      --expired, --not-yet   hors de sa validité
      --revoked              révoquée
      --signature            le certificat de signature de la carte
      --wrong-ca             une autorité du même nom, mais pas la bonne
      --software             un certificat logiciel
      --policy, --server     une autre politique ; pas pour s’identifier
      --weak, --critical     une clé trop courte ; une extension critique inconnue
  revoke SÉRIE       révoque un certificat : la prochaine connexion est refusée

  --json             une ligne de JSON
  --port-base N      le bac à sable dont le premier port est N (4000)
`,
} as const;
