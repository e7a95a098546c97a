import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Database } from '../../platform/postgres.ts';
import type { ParsedCertificate } from '../certificate.ts';
import type { TrustStore } from '../path.ts';
import { findCrlVersions, findCrls, saveCrl } from '../repository.ts';
import {
  CrlError,
  type RevocationList,
  type RevocationVerdict,
  parseCrl,
  signedBy,
  statusIn,
} from './crl.ts';

/**
 * The revocation lists in use: fetched in the background from the configured addresses alone (never from those that
 * a certificate names), kept in PostgreSQL, held parsed in memory. A sign-in asks memory and waits for no network.
 */
export interface RevocationLists {
  /** What the lists of `issuer` say of a serial number now; `unknown` when they are absent or stale. */
  status(issuer: ParsedCertificate, serial: string): RevocationVerdict;
  /** Loads what PostgreSQL keeps, if it changed; every process does so often. */
  reload(): Promise<void>;
  /** Fetches the lists that are due, and reloads. One process at a time: it is a job under a lock. */
  refresh(): Promise<RefreshReport>;
  /** Earliest `nextUpdate` of the lists in use, for metrics; undefined when an authority has no usable list. */
  freshUntil(): Date | undefined;
}

export interface RefreshReport {
  fetched: string[];
  failed: { url: string; why: string }[];
}

/** Fetches a list; bounded in time and size by the implementation. */
export type FetchList = (url: string) => Promise<Buffer>;

interface Kept {
  list: RevocationList;
  fetchedAt: Date;
}

/** Fetched again when half of its life is over, so that a failure leaves time for others; and as often as asked. */
const due = (kept: Kept | undefined, now: Date, everySeconds: number): boolean => {
  if (!kept) return true;
  const { list, fetchedAt } = kept;
  const life = list.nextUpdate.getTime() - list.thisUpdate.getTime();
  return (
    now.getTime() >= list.thisUpdate.getTime() + life / 2 ||
    now.getTime() >= fetchedAt.getTime() + everySeconds * 1000
  );
};

export const createRevocationLists = (options: {
  db: Database;
  clock: Clock;
  log: Log;
  trust: TrustStore;
  urls: readonly string[];
  graceSeconds: number;
  /** Longest time between two fetches of a list. Without it only its own dates count. */
  everySeconds?: number;
  fetchList: FetchList;
}): RevocationLists => {
  const { db, clock, log, trust } = options;
  const authorities = [...trust.anchors, ...trust.intermediates];
  const everySeconds = options.everySeconds ?? Number.POSITIVE_INFINITY;
  let lists = new Map<string, Kept>();
  let version: string | undefined;

  /** Parses a list and finds the authority of ours that signed it. */
  const accept = async (der: Buffer): Promise<RevocationList> => {
    const list = parseCrl(der);
    for (const authority of authorities) if (await signedBy(list, authority)) return list;
    throw new CrlError('the list is not signed by a trusted authority');
  };

  const reload = async (): Promise<void> => {
    const newest = await findCrlVersions(db);
    if (newest === version) return;
    const loaded = new Map<string, Kept>();
    for (const { url, der, fetchedAt } of await findCrls(db)) {
      if (!options.urls.includes(url)) continue;
      try {
        loaded.set(url, { list: await accept(der), fetchedAt });
      } catch (error) {
        log.error({ err: error, url }, 'a kept revocation list is not usable');
      }
    }
    lists = loaded;
    version = newest;
  };

  const fetchOne = async (url: string): Promise<void> => {
    const der = await options.fetchList(url);
    const list = await accept(der);
    const fetchedAt = clock.now();
    const kept = await saveCrl(db, { url, der, fetchedAt, ...list });
    // Its own trace of the time: a list that did not change is not loaded again.
    const known = lists.get(url);
    if (known) lists.set(url, { ...known, fetchedAt });
    if (!kept) throw new CrlError('the list is older than the one in use');
  };

  return {
    status: (issuer, serial) =>
      statusIn(
        [...lists.values()].map(({ list }) => list).filter((list) => list.issuer === issuer.subjectName),
        serial,
        clock.now(),
        options.graceSeconds,
      ),
    reload,
    refresh: async () => {
      await reload();
      const report: RefreshReport = { fetched: [], failed: [] };
      for (const url of options.urls.filter((candidate) =>
        due(lists.get(candidate), clock.now(), everySeconds),
      )) {
        try {
          await fetchOne(url);
          report.fetched.push(url);
        } catch (error) {
          report.failed.push({ url, why: error instanceof Error ? error.message : String(error) });
          log.error(
            { err: error, url },
            'a revocation list could not be fetched: cards are refused once it is stale',
          );
        }
      }
      await reload();
      return report;
    },
    freshUntil: () =>
      lists.size < options.urls.length
        ? undefined
        : [...lists.values()].map(({ list }) => list.nextUpdate).sort((a, b) => a.getTime() - b.getTime())[0],
  };
};
