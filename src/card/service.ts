import type { Server } from 'node:http';
import type { Audit } from '../audit/record.ts';
import type { Config } from '../config.ts';
import { readConfigured } from '../config/files.ts';
import type { Clock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import type { Job } from '../platform/jobs.ts';
import type { Log } from '../platform/log.ts';
import type { Database } from '../platform/postgres.ts';
import type { ExpiringStore } from '../platform/store/contract.ts';
import type { Practitioner, Registry } from '../registry/service.ts';
import { createHandoffs, type CardOutcome, type CardPurpose } from './handoff.ts';
import { createCardHosts, type CardHosts } from './hosts.ts';
import { createCardHopServer, createCardTlsServer, type CardListenerOptions } from './listener.ts';
import { createOcspPost, fetchList } from './outbound.ts';
import type { CardRefusal } from './reasons.ts';
import { sweepCards } from './repository.ts';
import { createRevocationLists } from './revocation/lists.ts';
import { createResponderClient } from './revocation/ocsp.ts';
import { readTrust, refuseUnlisted } from './trust.ts';
import { createCardVerifier, refusePerson, told } from './verify.ts';
import { createRevocationWatch, type RevocationWatch } from './watch.ts';

/** Who hears the outcome of an attempt, for the audit. */
export interface HeardBy {
  address: string;
  supportId?: string;
  clientId?: string;
}

/** An outcome with the registry's last word; beside a proof stands the person whom it proves. */
export interface JudgedOutcome extends CardOutcome {
  practitioner?: Practitioner;
}

/** The card as a means of proof: what the pages, the provider and app.ts ask of it. */
export interface Card {
  hosts: Pick<CardHosts, 'fresh' | 'source'>;
  /** Opens an attempt and says where to send the browser. */
  begin(purpose: CardPurpose, subject: string, browserToken: string): Promise<string>;
  /** What the card's host has to say to this browser, once. A refusal is counted and recorded. */
  redeem(
    handoff: string,
    expected: { purpose: CardPurpose; subject: string; browserToken: string },
    heard: HeardBy,
  ): Promise<JudgedOutcome | undefined>;
  /** Why the card of a session may no longer, or undefined. */
  recheck(nationalId: string, serial: string): Promise<CardRefusal | undefined>;
  revocation: Pick<RevocationWatch, 'stale' | 'freshSeconds'>;
  jobs: readonly Job[];
  /** The card's own listener, not yet listening. */
  server(): Server;
  /** Loads the lists; resolves when cards can be judged. */
  start(): Promise<void>;
  stop(): void;
}

export interface CardDeps {
  config: Config;
  db: Database;
  store: ExpiringStore;
  registry: Pick<Registry, 'find'>;
  keyring: KeyRing;
  audit: Audit;
  clock: Clock;
  log: Log;
  /** Metrics: `granted`, or the refusal. */
  counted?: (outcome: string) => void;
}

/** Days that a card is remembered after its certificate ended: as long as the history of phones. */
const REMEMBERED_DAYS = 400;
const DAY = 86_400_000;

/** Where the browser goes back to, on the provider's host. */
const RETURNS: Record<CardPurpose, (subject: string) => string> = {
  sign_in: (uid) => `/connexion/${uid}/carte/retour`,
  diagnostic: () => '/carte/diagnostic/retour',
  activation: () => '/activer/carte/retour',
};

/** Who presents a link that has served, or none. */
export const LOST_PATH = '/carte/lien';

const listenerOf = (config: Config, options: CardListenerOptions): (() => Server) => {
  const { cardTlsKeyFile: key, cardTlsCertFile: cert, cardTrustFile, cardIntermediatesFile } = config;
  if (key !== undefined && cert !== undefined) {
    const read = (variable: string, path: string | undefined) =>
      path === undefined ? [] : [readConfigured(variable, path)];
    const tls = {
      key: readConfigured('CADUCEE_CARD_TLS_KEY_FILE', key),
      cert: readConfigured('CADUCEE_CARD_TLS_CERT_FILE', cert),
      authorities: [
        ...read('CADUCEE_CARD_TRUST_FILE', cardTrustFile),
        ...read('CADUCEE_CARD_INTERMEDIATES_FILE', cardIntermediatesFile),
      ],
    };
    return () => createCardTlsServer(options, tls);
  }
  const hop = {
    addresses: config.cardHopAddresses,
    secret: config.cardHopSecret ?? '',
    unixSocket: config.cardHopSocket !== undefined,
  };
  return () => createCardHopServer({ ...options, hop });
};

const chainVerified = ({ results }: CardOutcome): boolean =>
  results.some(({ check, passed }) => check === 'card_chain_unknown' && passed);

/** What the audit keeps of a refusal; a name counts only where a trusted authority vouches for it. */
const record = async ({ audit, db }: CardDeps, outcome: CardOutcome, heard: HeardBy): Promise<void> => {
  const { certificate } = outcome;
  const vouched = certificate?.nationalId && chainVerified(outcome) ? certificate.nationalId : undefined;
  await audit.record(db, {
    type: 'card.refused',
    ...heard,
    ...(vouched === undefined ? {} : { nationalId: vouched }),
    details: { reason: outcome.refusal ?? '', serial: certificate?.serial ?? '' },
  });
};

/** The last check: a proof counts for a person of the registry who may sign in. */
const judgePerson = async (registry: CardDeps['registry'], outcome: CardOutcome): Promise<JudgedOutcome> => {
  const { proof, ...unproved } = outcome;
  if (!proof) return outcome;
  const practitioner = await registry.find(proof.nationalId);
  const refusal = refusePerson(practitioner);
  const results = [...outcome.results, told('card_person_unknown', refusal)];
  return refusal || !practitioner
    ? { ...unproved, results, ...(refusal ? { refusal } : {}) }
    : { ...outcome, results, practitioner };
};

const revocationOf = (deps: CardDeps, trust: ReturnType<typeof readTrust>) => {
  const { config, db, clock, log } = deps;
  const lists = createRevocationLists({
    ...{ db, clock, log, trust, fetchList },
    urls: config.cardCrlUrls,
    graceSeconds: config.cardCrlGraceSeconds,
    everySeconds: config.cardCrlEverySeconds,
  });
  const ocsp =
    config.cardOcspUrl === undefined
      ? undefined
      : createResponderClient({
          ...{ clock, log },
          post: createOcspPost(config.cardOcspUrl),
          freshnessSeconds: config.cardOcspFreshnessSeconds,
        });
  const watch = createRevocationWatch({
    lists,
    trust,
    clock,
    log,
    issuers: config.cardCrlUrls.length > 0 ? config.cardIssuers : [],
  });
  return { lists, ocsp, watch };
};

/** Composes the card from the configuration; undefined where no card host is configured. */
export const createCard = (deps: CardDeps): Card | undefined => {
  const { config, db, store, keyring, clock, log, registry } = deps;
  const { cardOrigin, cardTrustFile } = config;
  if (cardOrigin === undefined || cardTrustFile === undefined) return undefined;
  const trust = readTrust({ cardTrustFile, cardIntermediatesFile: config.cardIntermediatesFile });
  refuseUnlisted(trust, config);
  const { lists, ocsp, watch } = revocationOf(deps, trust);
  const verifier = createCardVerifier({
    ...{ db, clock, registry, trust, lists },
    policy: { policies: config.cardPolicies, issuers: config.cardIssuers },
    ...(ocsp ? { ocsp } : {}),
  });
  const handoffs = createHandoffs({ store, keyring });
  const hosts = createCardHosts(cardOrigin);
  return {
    hosts,
    begin: async (purpose, subject, browserToken) =>
      hosts.link(await handoffs.open(purpose, subject, browserToken)),
    redeem: async (handoff, expected, heard) => {
      const proved = await handoffs.redeem(handoff, expected);
      if (!proved) return undefined;
      const outcome = await judgePerson(registry, proved);
      deps.counted?.(outcome.refusal ?? 'granted');
      if (outcome.refusal) await record(deps, outcome, heard);
      return outcome;
    },
    recheck: (nationalId, serial) => verifier.recheck(nationalId, serial),
    revocation: watch,
    jobs: [
      { name: 'card-crl', everySeconds: 60, run: () => lists.refresh() },
      {
        name: 'card-sweep',
        everySeconds: 86_400,
        run: () => sweepCards(db, new Date(clock.now().getTime() - REMEMBERED_DAYS * DAY)),
      },
    ],
    server: listenerOf(config, {
      ...{ verifier, handoffs, log },
      returnTo: (purpose, subject) => `${config.origin}${RETURNS[purpose](subject)}`,
      lost: `${config.origin}${LOST_PATH}`,
    }),
    start: () => watch.start(),
    stop: () => watch.stop(),
  };
};
