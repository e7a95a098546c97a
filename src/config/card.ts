import * as z from 'zod';
import { addressProblems, isLoopbackHost } from './addresses.ts';
import {
  cardHost,
  integer,
  list,
  names,
  oids,
  setting,
  text,
  type Setting,
  url,
  urls,
  type ValueOf,
} from './schemas.ts';

/** The settings of the card, and which of their combinations would be unsafe. */
export const CARD_SETTINGS = {
  cardOrigin: setting(cardHost, {
    env: 'CADUCEE_CARD_ORIGIN',
    optional: true,
    doc: 'The card’s own host, where the browser is asked for a certificate: `https://*.carte.example` (each sign-in on a fresh label, so that a browser never remembers a choice) or `https://carte.example`. Without it the card is not offered. See docs/card.md.',
  }),
  cardListenHost: setting(text, {
    env: 'CADUCEE_CARD_LISTEN_HOST',
    fallback: '127.0.0.1',
    doc: 'Card: address to listen on.',
  }),
  cardListenPort: setting(integer(0, 65535), {
    env: 'CADUCEE_CARD_LISTEN_PORT',
    fallback: '4002',
    doc: 'Card: port to listen on; 0 takes a free one.',
  }),
  cardTlsKeyFile: setting(text, {
    env: 'CADUCEE_CARD_TLS_KEY_FILE',
    optional: true,
    doc: 'Card: private key (PEM) of its host, when this process ends TLS itself.',
  }),
  cardTlsCertFile: setting(text, {
    env: 'CADUCEE_CARD_TLS_CERT_FILE',
    optional: true,
    doc: 'Card: certificate (PEM, with its intermediates) of its host, when this process ends TLS itself.',
  }),
  cardTrustFile: setting(text, {
    env: 'CADUCEE_CARD_TRUST_FILE',
    optional: true,
    doc: 'Card: the trust anchors, PEM; nothing else is trusted. Required with CADUCEE_CARD_ORIGIN.',
  }),
  cardIntermediatesFile: setting(text, {
    env: 'CADUCEE_CARD_INTERMEDIATES_FILE',
    optional: true,
    doc: 'Card: the authorities between the anchors and the cards, PEM. What a browser or proxy sends of these is not used.',
  }),
  cardPolicies: setting(oids, {
    env: 'CADUCEE_CARD_POLICIES',
    fallback: '',
    doc: 'Card: certificate policies, one of which the certificate must carry. Required with CADUCEE_CARD_ORIGIN.',
  }),
  cardIssuers: setting(names, {
    env: 'CADUCEE_CARD_ISSUERS',
    fallback: '',
    doc: 'Card: common names of the authorities that issue cards, separated by commas. Required with CADUCEE_CARD_ORIGIN.',
  }),
  cardCrlUrls: setting(urls, {
    env: 'CADUCEE_CARD_CRL_URLS',
    fallback: '',
    doc: 'Card: addresses of the revocation lists, base and delta, of every authority on the way; those that a certificate names are never followed.',
  }),
  cardCrlEverySeconds: setting(integer(60, 604800), {
    env: 'CADUCEE_CARD_CRL_EVERY_SECONDS',
    fallback: '3600',
    doc: 'Card: a list is fetched again after this many seconds, and in any case when half of its life is over.',
  }),
  cardCrlGraceSeconds: setting(integer(0, 604800), {
    env: 'CADUCEE_CARD_CRL_GRACE_SECONDS',
    fallback: '0',
    doc: 'Card: seconds that a list still counts after its `nextUpdate`; then every card of its authority is refused.',
  }),
  cardOcspUrl: setting(url(['https:', 'http:']), {
    env: 'CADUCEE_CARD_OCSP_URL',
    optional: true,
    doc: 'Card: an OCSP responder, asked besides the lists.',
  }),
  cardOcspFreshnessSeconds: setting(integer(60, 604800), {
    env: 'CADUCEE_CARD_OCSP_FRESHNESS_SECONDS',
    fallback: '3600',
    doc: 'Card: an OCSP answer older than this does not count.',
  }),
  cardHopAddresses: setting(list, {
    env: 'CADUCEE_CARD_HOP_ADDRESSES',
    fallback: '',
    doc: 'Card behind a TLS terminator: its addresses or CIDR ranges. `Client-Cert` (RFC 9440) is believed from these alone, and with the secret.',
  }),
  cardHopSecret: setting(z.string().min(32, { error: 'at least 32 characters (`openssl rand -hex 32`)' }), {
    env: 'CADUCEE_CARD_HOP_SECRET',
    optional: true,
    secret: true,
    doc: 'Card behind a TLS terminator: what it sends in the header `Caducee-Hop-Secret`.',
  }),
  cardHopSocket: setting(z.string().regex(/^\//, { error: 'an absolute path' }), {
    env: 'CADUCEE_CARD_HOP_SOCKET',
    optional: true,
    doc: 'Card behind a TLS terminator on this machine: a Unix socket to listen on instead of address, port and secret; its permissions (0660) authenticate.',
  }),
} as const satisfies Record<string, Setting>;

/** What the card's rules look at. */
type CardConfig = { readonly [K in keyof typeof CARD_SETTINGS]: ValueOf<(typeof CARD_SETTINGS)[K]> } & {
  readonly mode: string;
  readonly issuer: string;
  readonly appOrigin: string;
};

/** Settings that mean nothing without the card's host. */
const CARD_ONLY = [
  'cardTlsKeyFile',
  'cardTlsCertFile',
  'cardTrustFile',
  'cardIntermediatesFile',
  'cardPolicies',
  'cardIssuers',
  'cardCrlUrls',
  'cardOcspUrl',
  'cardHopAddresses',
  'cardHopSecret',
  'cardHopSocket',
] as const satisfies readonly (keyof typeof CARD_SETTINGS)[];

const isSet = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== '';

/** Who ends TLS in front of the card: this process, one authenticated hop, or a Unix socket; never two of them. */
const cardEntranceProblems = (config: CardConfig): string[] => {
  const problems: string[] = [];
  const tls = [config.cardTlsKeyFile, config.cardTlsCertFile].filter(isSet).length;
  const hop = [config.cardHopAddresses, config.cardHopSecret].filter(isSet).length;
  if (tls === 1) problems.push('CADUCEE_CARD_TLS_KEY_FILE and CADUCEE_CARD_TLS_CERT_FILE go together');
  if (hop === 1) {
    problems.push(
      'CADUCEE_CARD_HOP_ADDRESSES and CADUCEE_CARD_HOP_SECRET go together: an address alone can be borrowed, a secret alone can leak',
    );
  }
  const entrances = [tls > 0, hop > 0, config.cardHopSocket !== undefined].filter(Boolean).length;
  if (entrances === 0) {
    problems.push(
      'CADUCEE_CARD_ORIGIN needs who ends TLS: this process (CADUCEE_CARD_TLS_KEY_FILE and CADUCEE_CARD_TLS_CERT_FILE), a terminator (CADUCEE_CARD_HOP_ADDRESSES and CADUCEE_CARD_HOP_SECRET) or one on this machine (CADUCEE_CARD_HOP_SOCKET)',
    );
  }
  if (entrances > 1) {
    problems.push(
      'CADUCEE_CARD_TLS_*, CADUCEE_CARD_HOP_ADDRESSES and CADUCEE_CARD_HOP_SOCKET are three ways in, but only one may exist: choose one',
    );
  }
  return [...problems, ...addressProblems('CADUCEE_CARD_HOP_ADDRESSES', config.cardHopAddresses)];
};

/** The card: its host is its own, what it accepts is explicit, revocation is known. */
export const cardProblems = (config: CardConfig): string[] => {
  if (config.cardOrigin === undefined) {
    const alone = CARD_ONLY.filter((name) => isSet(config[name])).map((name) => CARD_SETTINGS[name].env);
    return alone.length === 0
      ? []
      : [`CADUCEE_CARD_ORIGIN is missing, without which ${alone.join(', ')} would be ignored`];
  }
  const problems = cardEntranceProblems(config);
  for (const name of ['cardTrustFile', 'cardPolicies', 'cardIssuers'] as const) {
    if (!isSet(config[name])) problems.push(`CADUCEE_CARD_ORIGIN needs ${CARD_SETTINGS[name].env}`);
  }
  if (config.cardCrlUrls.length === 0 && config.cardOcspUrl === undefined) {
    problems.push(
      'CADUCEE_CARD_ORIGIN needs CADUCEE_CARD_CRL_URLS or CADUCEE_CARD_OCSP_URL: without them a revoked card could not be told from a good one',
    );
  }
  const { hostname } = new URL(config.cardOrigin);
  const others = [config.issuer, config.appOrigin].map((address) => new URL(address).hostname);
  if (others.includes(hostname)) {
    problems.push(
      `CADUCEE_CARD_ORIGIN must be a host of its own, but ${hostname} is also that of the provider or the app: pages there would ask for a certificate and cookies would reach the card’s host`,
    );
  }
  if (config.mode === 'sandbox' && !isLoopbackHost(hostname)) {
    problems.push(
      `CADUCEE_MODE=sandbox is for this machine alone, but CADUCEE_CARD_ORIGIN is ${config.cardOrigin}; use https://*.card.localhost:PORT`,
    );
  }
  if (config.mode === 'sandbox' && !isLoopbackHost(config.cardListenHost)) {
    problems.push(
      `CADUCEE_MODE=sandbox listens on loopback only, but CADUCEE_CARD_LISTEN_HOST is ${config.cardListenHost}; use 127.0.0.1`,
    );
  }
  return problems;
};
