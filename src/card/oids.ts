/**
 * Object identifiers of the card's certificates: X.509 (RFC 5280), Microsoft's for smart-card sign-in, and those of
 * the health cards (arc 1.2.250.1.71.1.2, read on the public test certificates of IGC-Santé).
 */
export const OID = {
  commonName: '2.5.4.3',
  surname: '2.5.4.4',
  country: '2.5.4.6',
  state: '2.5.4.8',
  organization: '2.5.4.10',
  organizationalUnit: '2.5.4.11',
  title: '2.5.4.12',
  givenName: '2.5.4.42',

  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  freshestCrl: '2.5.29.46',
  inhibitAnyPolicy: '2.5.29.54',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',

  clientAuth: '1.3.6.1.5.5.7.3.2',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  ocspSigning: '1.3.6.1.5.5.7.3.9',
  smartcardLogon: '1.3.6.1.4.1.311.20.2.2',
  userPrincipalName: '1.3.6.1.4.1.311.20.2.3',

  /** INTEGER: kind of card (0 CPS, 1 CPF, 2 CPE, 3 CDE, 4 CPA). */
  cardType: '1.2.250.1.71.1.2.2',
  /** Text `issuer/serial` of the card itself: present on a card's certificates only. */
  cardNumber: '1.2.250.1.71.1.2.3',
  /** OCTET STRING of one byte: what the certificate is for (0x80 card authentication). */
  cardUsage: '1.2.250.1.71.1.2.5',
  /** INTEGER: code of the profession (50 midwife). */
  profession: '1.2.250.1.71.1.2.7',
  /** INTEGER: code of the profession in training. */
  professionInTraining: '1.2.250.1.71.1.2.8',
} as const;
