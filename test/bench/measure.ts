import { cpuOf, type Running } from './processes.ts';
import { Worker } from './flows.ts';

/** One window of load on one server. */

export interface Scenario {
  name: string;
  /** Before the window, for each worker. */
  prepare?: (worker: Worker, server: Running) => Promise<void>;
  once: (worker: Worker, server: Running) => Promise<void>;
}

export interface Sample {
  /** Operations in the window. */
  count: number;
  /** Microseconds of the server's CPU per operation. */
  cpu: number;
  redisCpu: number;
  p50: number;
  p99: number;
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;

export const CONNECTIONS = 32;

export const workersOf = (server: Running): Worker[] =>
  Array.from({ length: CONNECTIONS }, () => new Worker(server.port, server.host, server.paths));

/** Drives a server for some milliseconds, all connections at once, each one operation after the other. */
export const measure = async (
  server: Running,
  redisPid: number,
  scenario: Scenario,
  milliseconds: number,
): Promise<Sample> => {
  const workers = workersOf(server);
  await Promise.all(workers.map(async (worker) => scenario.prepare?.(worker, server)));
  const times: number[] = [];
  const [cpu, redisCpu] = [cpuOf(server.pid), cpuOf(redisPid)];
  const end = performance.now() + milliseconds;
  await Promise.all(
    workers.map(async (worker) => {
      for (let began = performance.now(); began < end; began = performance.now()) {
        await scenario.once(worker, server);
        times.push(performance.now() - began);
      }
    }),
  );
  const [cpuAfter, redisAfter] = [cpuOf(server.pid), cpuOf(redisPid)];
  for (const worker of workers) worker.connection.close();
  times.sort((a, b) => a - b);
  return {
    count: times.length,
    cpu: (cpuAfter - cpu) / times.length,
    redisCpu: (redisAfter - redisCpu) / times.length,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
  };
};

/** Does something a number of times, as many at once as there are connections. */
export const repeat = async (
  server: Running,
  count: number,
  once: (worker: Worker) => Promise<void>,
): Promise<void> => {
  let left = count;
  await Promise.all(
    workersOf(server).map(async (worker) => {
      while (left > 0) {
        left -= 1;
        await once(worker);
      }
      worker.connection.close();
    }),
  );
};

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};
