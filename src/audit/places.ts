import { appendFile, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.ts';
import type { Clock } from '../platform/clock.ts';
import type { Checkpoint } from './checkpoint.ts';
import { createBucket, type Bucket } from './s3.ts';

/** Where checkpoints go: somewhere that who rules over the database does not rule over. */
export interface Place {
  /** As configured: `stdout`, `file:///…`, `s3://…`. */
  name: string;
  send(checkpoint: Checkpoint): Promise<void>;
  /** The signed checkpoints that are there; undefined where nothing can be read back. */
  read: (() => Promise<string[]>) | undefined;
}

export type PlacesConfig = Pick<
  Config,
  'auditCheckpointTo' | 'auditS3Endpoint' | 'auditS3Region' | 'auditS3AccessKeyId' | 'auditS3SecretAccessKey'
>;

/** A compact JWS, wherever it stands in a line: alone, in JSON, in a log. */
const JWS = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;

/** The signed checkpoints in a text: a file of them, or the log of a server that prints them. */
export const findCheckpoints = (text: string): string[] => text.match(JWS) ?? [];

const line = ({ number, hash, at, jws }: Checkpoint): string =>
  `${JSON.stringify({ auditCheckpoint: { number, hash, at: at.toISOString() }, jws })}\n`;

const createStdout = (stdout: NodeJS.WritableStream): Place => ({
  name: 'stdout',
  send: async (checkpoint) => void stdout.write(line(checkpoint)),
  read: undefined,
});

const createFile = (name: string): Place => {
  const path = fileURLToPath(name);
  return {
    name,
    send: (checkpoint) => appendFile(path, line(checkpoint), { mode: 0o640 }),
    read: async () => {
      try {
        return findCheckpoints(await readFile(path, 'utf8'));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    },
  };
};

const createStore = (name: string, bucket: Bucket, prefix: string): Place => ({
  name,
  send: async (checkpoint) => {
    const key = `${prefix}${String(checkpoint.number).padStart(16, '0')}.jws`;
    if (await bucket.put(key, `${checkpoint.jws}\n`)) return;
    // It was written before, and the answer lost; anything else there is somebody's doing.
    const there = (await bucket.get(key)).trim();
    if (there !== checkpoint.jws) throw new Error(`${name}: ${key} exists and is another checkpoint`);
  },
  read: async () => {
    const names = (await bucket.list(prefix)).filter((key) => key.endsWith('.jws'));
    const found: string[] = [];
    for (const key of names) found.push((await bucket.get(key)).trim());
    return found;
  },
});

/** The places of the configuration. */
export const createPlaces = (
  config: PlacesConfig,
  deps: { clock: Clock; stdout: NodeJS.WritableStream },
): Place[] =>
  config.auditCheckpointTo.map((name) => {
    if (name === 'stdout') return createStdout(deps.stdout);
    if (name.startsWith('file:')) return createFile(name);
    const { hostname, pathname } = new URL(name);
    const folder = pathname.replace(/^\/|\/$/g, '');
    const bucket = createBucket({
      endpoint: config.auditS3Endpoint ?? '',
      bucket: hostname,
      region: config.auditS3Region,
      credentials: {
        accessKeyId: config.auditS3AccessKeyId ?? '',
        secretAccessKey: config.auditS3SecretAccessKey ?? '',
      },
      clock: deps.clock,
    });
    return createStore(name, bucket, folder === '' ? '' : `${folder}/`);
  });
