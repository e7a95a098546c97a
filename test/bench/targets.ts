/** What a server of the benchmark tells the one that drives it, and what they agree on. */

export interface Paths {
  authorization: string;
  token: string;
  userinfo: string;
  introspection: string;
  discovery: string;
  jwks: string;
  ciba: string;
}

/** Sent by a server once it listens. */
export interface Ready {
  port: number;
  paths: Paths;
  /** Milliseconds from the start of the process. */
  readyMs: number;
}

/** Given to a server in its environment. */
export interface Settings {
  redisUrl: string;
  databaseUrl: string;
}

export const ISSUER_PATH = '/auth/realms/esante-wallet';
const CONNECT = `${ISSUER_PATH}/protocol/openid-connect`;

/** The paths of Pro Santé Connect; the other servers of the benchmark keep their library's. */
export const OUR_PATHS: Paths = {
  authorization: '/auth',
  token: `${CONNECT}/token`,
  userinfo: `${CONNECT}/userinfo`,
  introspection: `${CONNECT}/token/introspect`,
  discovery: `${ISSUER_PATH}/.well-known/openid-configuration`,
  jwks: `${CONNECT}/certs`,
  ciba: `${CONNECT}/ext/ciba/auth`,
};

export const LIBRARY_PATHS: Paths = {
  authorization: '/auth',
  token: '/token',
  userinfo: '/me',
  introspection: '/token/introspection',
  discovery: '/.well-known/openid-configuration',
  jwks: '/jwks',
  ciba: '/backchannel',
};

export const SECRET = 'secret-secret-secret-secret-secret';
export const CALLBACK = 'http://127.0.0.1:9/callback';
export const HOLDER = '899700218896';

/** The services: each algorithm with opaque access tokens, as all servers; and with Pro Santé Connect's signed ones. */
export const SERVICES = [
  { id: 'es256', algorithm: 'ES256', format: 'opaque' },
  { id: 'rs256', algorithm: 'RS256', format: 'opaque' },
  { id: 'es256-jwt', algorithm: 'ES256', format: 'jwt' },
  { id: 'rs256-jwt', algorithm: 'RS256', format: 'jwt' },
] as const;

export type ServiceId = (typeof SERVICES)[number]['id'] | 'ciba';

/** A doctor with two places of practice: what userinfo has to say of most. */
export const EXERCISES = [
  {
    codeProfession: '10',
    codeCategorieProfessionnelle: 'C',
    codeCiviliteDexercice: 'DR',
    nomDexercice: 'DUPONT',
    prenomDexercice: 'CLAIRE',
    codeTypeSavoirFaire: 'S',
    codeSavoirFaire: 'SM26',
    activities: [0, 1].map((index) => ({
      codeModeExercice: 'L',
      codeSecteurDactivite: 'SA07',
      numeroSiretSite: `1234567890001${index}`,
      numeroFinessSite: '750000001',
      identifiantTechniqueDeLaStructure: `R1000000${index}`,
      raisonSocialeSite: 'CABINET MEDICAL DU DR DUPONT',
      numeroVoieCoordStructure: '12',
      codePostalCoordStructure: '75011',
      libelleCommuneCoordStructure: 'PARIS',
      telephoneCoordStructure: '0100000000',
      adresseEMailCoordStructure: 'contact@example.fr',
      codeDepartementCoordStructure: '75',
      autoriteDenregistrement: 'ARS/CPAM',
    })),
  },
];

/** Reads the settings of this process. */
export const settings = (): Settings => JSON.parse(process.env['BENCH'] ?? '{}') as Settings;

/** Says that this server listens, and ends with the process that started it. */
export const tellReady = (port: number, paths: Paths): void => {
  process.on('disconnect', () => process.exit());
  process.on('SIGTERM', () => process.exit());
  process.send?.({ port, paths, readyMs: Math.round(performance.now()) } satisfies Ready);
};
