import { cpus } from 'node:os';
import type { Costs } from './costs.ts';
import type { Sample } from './measure.ts';
import type { Name } from './processes.ts';
import type { Measured } from './scenarios.ts';

/** The tables, the line of JSON, and which goals are missed. */

export interface Result {
  scenario: Measured;
  medians: ReadonlyMap<Name, Sample>;
  /** Of the machine, while it was measured. */
  load: number;
}

/** At most, and what is aimed at: ratios to the plain provider, for metadata to bare Koa. */
const GOALS: Readonly<Record<string, readonly [most: number, aim: number]>> = {
  signInEs256: [0.6, 0.35],
  signInRs256: [0.65, 0.42],
  singleSignOn: [0.65, 0.33],
  refresh: [0.6, 0.3],
  userinfo: [0.5, 0.25],
  introspection: [0.5, 0.25],
  cibaPoll: [0.75, 0.33],
  waitStatus: [0.75, 0.33],
  discovery: [1.3, 1.3],
  jwks: [1.3, 1.3],
};
const ROUND_TRIPS = { signIn: 14, refresh: 3, userinfo: 2, introspection: 2 } as const;
const BYTES = 1800;
const READY_MS = 400;

const cpuOf = ({ medians }: Result, name: Name): number => medians.get(name)?.cpu ?? Number.NaN;

/** Ours is either the provider with a way in of its own, or the whole with its pages. */
const oursIn = ({ medians }: Result): Name => (medians.has('whole') ? 'whole' : 'ours');

/** What this provider is compared with: bare Koa for what is the same for all, else the plain provider. */
const ratioOf = (result: Result): number =>
  cpuOf(result, oursIn(result)) / cpuOf(result, result.medians.has('koa') ? 'koa' : 'plain');

const number = (value: number, digits = 0): string => (Number.isNaN(value) ? '' : value.toFixed(digits));

const HEAD = [
  '| operation | ours µs | plain µs | floor µs | Koa µs | ratio | at most | aim | Redis µs ours · plain | p50 · p99 ms ours | p50 · p99 ms plain | load |',
  '|---|---|---|---|---|---|---|---|---|---|---|---|',
];

/** One line of the table. */
export const rowOf = (result: Result): string => {
  const { scenario, medians, load } = result;
  const [most, aim] = GOALS[scenario.key] ?? [];
  const times = (name: Name): string => {
    const sample = medians.get(name);
    return sample === undefined ? '' : `${number(sample.p50, 1)} · ${number(sample.p99, 0)}`;
  };
  const redis = (name: Name): string => number(medians.get(name)?.redisCpu ?? Number.NaN);
  const cells = [
    scenario.name,
    ...([oursIn(result), 'plain', 'floor', 'koa'] as const).map((name) => number(cpuOf(result, name))),
    `**${number(ratioOf(result), 2)}**`,
    ...[most === undefined ? '' : String(most), aim === undefined ? '' : String(aim)],
    ...[`${redis(oursIn(result))} · ${redis('plain')}`, times(oursIn(result)), times('plain')],
    number(load, 1),
  ];
  return `| ${cells.join(' | ')} |`;
};

const costTable = ({ byServer, kept }: Costs): string[] => {
  const operations = Object.keys(byServer['ours'] ?? {}) as (keyof (typeof byServer)[string])[];
  return [
    '| Redis: round trips · commands · bytes on the wire | ours | plain | floor |',
    '|---|---|---|---|',
    ...operations.map((operation) => {
      const cells = ['ours', 'plain', 'floor'].map((name) => {
        const cost = byServer[name]?.[operation];
        return cost ? `${cost.roundTrips} · ${cost.commands} · ${cost.bytes}` : '';
      });
      return `| ${operation} | ${cells.join(' | ')} |`;
    }),
    `| bytes kept per open session | ${['ours', 'plain', 'floor'].map((name) => kept[name]?.bytesPerSession).join(' | ')} |`,
    `| bytes more per refresh | ${['ours', 'plain', 'floor'].map((name) => kept[name]?.growthPerRefresh).join(' | ')} |`,
  ];
};

const missedGoals = (results: readonly Result[], costs: Costs, readyMs: number): string[] => {
  const ours = costs.byServer['ours'];
  const kept = costs.kept['ours'];
  return [
    ...results.flatMap((result) => {
      const [most] = GOALS[result.scenario.key] ?? [];
      const ratio = ratioOf(result);
      return most !== undefined && ratio > most
        ? [`${result.scenario.key}: ${number(ratio, 2)} > ${most}`]
        : [];
    }),
    ...Object.entries(ROUND_TRIPS).flatMap(([operation, most]) => {
      const trips = ours?.[operation as keyof typeof ROUND_TRIPS].roundTrips ?? Number.NaN;
      return trips <= most ? [] : [`round trips of ${operation}: ${trips} > ${most}`];
    }),
    ...((kept?.bytesPerSession ?? Infinity) <= BYTES
      ? []
      : [`bytes per session: ${kept?.bytesPerSession} > ${BYTES}`]),
    ...(kept?.growthPerRefresh === 0 ? [] : [`growth per refresh: ${kept?.growthPerRefresh}`]),
    ...(readyMs <= READY_MS ? [] : [`start to ready: ${readyMs} ms > ${READY_MS}`]),
  ];
};

/** All that is told at the end. */
export const makeReport = (results: readonly Result[], costs: Costs, readyMs: number) => {
  const missed = missedGoals(results, costs, readyMs);
  const round = (value: number): number => Math.round(value * 1000) / 1000;
  const byKey = (of: (result: Result) => number): Record<string, number> =>
    Object.fromEntries(results.map((result) => [result.scenario.key, round(of(result))]));
  const ours = costs.byServer['ours'];
  return {
    missed,
    text: [
      ...[...HEAD, ...results.map(rowOf), '', ...costTable(costs), ''],
      `Start to ready: ${readyMs} ms. Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? '?'}.`,
      missed.length === 0 ? 'Every goal is kept.' : `MISSED: ${missed.join('; ')}`,
    ].join('\n'),
    json: {
      ratios: byKey(ratioOf),
      roundTrips: Object.fromEntries(
        Object.entries(ours ?? {}).map(([operation, cost]) => [operation, cost.roundTrips]),
      ),
      bytesPerSession: costs.kept['ours']?.bytesPerSession,
      growthPerRefresh: costs.kept['ours']?.growthPerRefresh,
      readyMs,
      cpu: Object.fromEntries(
        results.map(({ scenario, medians }) => [
          scenario.key,
          Object.fromEntries([...medians].map(([name, sample]) => [name, round(sample.cpu)])),
        ]),
      ),
      redis: costs,
      missed,
      node: process.version,
      machine: `${cpus().length} × ${cpus()[0]?.model ?? '?'}`,
    },
  };
};
