import type { Translation } from '../catalogue.ts';
import type { virtualCard as fr } from '../fr/virtual-card.ts';

export const virtualCard = {
  issued: ({ name, nationalId, serial, cardNumber, variant, file, password }) => [
    `${name} (${nationalId}), card ${cardNumber}, certificate ${serial}`,
    ...(variant === undefined ? [] : [`This card must be refused: ${variant}.`]),
    `${file}, password: ${password}`,
    'Import it in a browser: the sandbox’s home page says how.',
  ],
  revoked: (serial) => `Certificate ${serial} is revoked.`,
  wasRevoked: (serial) => `Certificate ${serial} was revoked already.`,
  issueUsage: 'caducee card issue ID --out FILE.p12; ID is a national identifier',
  revokeUsage: 'caducee card revoke SERIAL; the serial number of the certificate, hexadecimal',
  noPki: (portBase) =>
    `No card can be made: the sandbox on port ${portBase} never started. Start it with npm start.`,
  notRunning: (portBase) =>
    `The sandbox on port ${portBase} does not run, nor does its registry. Start it with npm start.`,
  help: `caducee card issue ID --out FILE.p12 [OPTIONS]
caducee card revoke SERIAL

The virtual cards of the sandbox: files that a browser imports.

  issue ID           makes the card of a person (national identifier)
      --out FILE     where to write it (PKCS#12)
      --password P   what protects the file (caducee)
      --type TYPE    CPS, CPF, CPE, CDE or CPA (CPS)
    and, to see a card refused:
      --expired, --not-yet   outside its validity
      --revoked              revoked
      --signature            the card's certificate for signing documents
      --wrong-ca             an authority of the same name, but not the right one
      --software             a software certificate
      --policy, --server     another policy; not for signing in
      --weak, --critical     a key too short; an unknown critical extension
  revoke SERIAL      revokes a certificate: the next sign-in is refused

  --json             one line of JSON
  --port-base N      the sandbox whose first port is N (4000)
`,
} as const satisfies Translation<typeof fr>;
