import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { ParsedCertificate } from './certificate.ts';
import { type TrustStore, buildPath } from './path.ts';
import type { RevocationLists } from './revocation/lists.ts';
import { commonNameOf } from './trust.ts';

/** Looks after the revocation lists of this process, and says when they are no longer of use. */
export interface RevocationWatch {
  /** Names of the authorities whose lists say nothing now: their cards are refused, unless OCSP answers. */
  stale(): string[];
  /** Seconds until the first list in use is stale; negative: since when; undefined: one is missing. */
  freshSeconds(): number | undefined;
  /** Loads now, then every few seconds what another process fetched. */
  start(): Promise<void>;
  stop(): void;
}

/** How soon a list fetched by one process serves in all of them. */
const RELOAD_SECONDS = 15;

/** The authorities that issue accepted cards, and those above them: each must have a list. */
const concerned = (trust: TrustStore, issuers: readonly string[]): ParsedCertificate[] => {
  const issuing = [...trust.intermediates, ...trust.anchors].filter((one) =>
    issuers.includes(commonNameOf(one)),
  );
  const above = issuing.flatMap((issuer) => {
    const built = trust.anchors.includes(issuer) ? undefined : buildPath(issuer, trust);
    return built?.ok ? built.path : [];
  });
  return [...new Set([...issuing, ...above])];
};

export const createRevocationWatch = (options: {
  lists: RevocationLists;
  trust: TrustStore;
  clock: Clock;
  log: Log;
  /** Common names of the authorities that issue cards; empty: nothing is expected of lists (OCSP alone). */
  issuers: readonly string[];
}): RevocationWatch => {
  const { lists, clock, log } = options;
  const authorities = concerned(options.trust, options.issuers);
  let timer: NodeJS.Timeout | undefined;
  let told = '';

  const stale = (): string[] =>
    authorities.filter((authority) => lists.status(authority, '') === 'unknown').map(commonNameOf);

  /** The alarm of the log: once when it begins, once when it ends. */
  const tell = (): void => {
    const names = stale().join(', ');
    if (names === told) return;
    if (names) log.error({ authorities: names }, 'revocation lists are missing or stale: cards are refused');
    else log.info('revocation lists are fresh again');
    told = names;
  };

  const look = async (): Promise<void> => {
    try {
      await lists.reload();
    } catch (error) {
      log.error({ err: error }, 'revocation lists could not be loaded');
    }
  };

  return {
    stale,
    freshSeconds: () => {
      const until = lists.freshUntil();
      return until && Math.floor((until.getTime() - clock.now().getTime()) / 1000);
    },
    start: async () => {
      await look();
      timer = setInterval(() => void look().then(tell), RELOAD_SECONDS * 1000);
      timer.unref();
    },
    stop: () => clearInterval(timer),
  };
};
