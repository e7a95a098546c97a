import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { sign } from 'aws4';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAuditJobs, runCheckpoint } from '../../src/audit/jobs.ts';
import { createPlaces, findCheckpoints, type Place } from '../../src/audit/places.ts';
import { signS3 } from '../../src/audit/sigv4.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { testConfig } from '../support/config.ts';
import { startTestStore, STORE_KEY, STORE_REGION, type TestStore } from '../support/s3-store.ts';
import { startTrail, type Trail } from '../support/audit-trail.ts';

const folder = mkdtempSync(join(tmpdir(), 'caducee-checkpoints-'));
onFileEnd(() => rmSync(folder, { recursive: true, force: true }));

const collect = () => {
  let text = '';
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  return { stream, text: () => text };
};

const withStore = (store: TestStore, to: string, changes: Record<string, string> = {}) =>
  testConfig({
    CADUCEE_AUDIT_CHECKPOINT_TO: to,
    CADUCEE_AUDIT_S3_ENDPOINT: store.endpoint,
    CADUCEE_AUDIT_S3_REGION: STORE_REGION,
    CADUCEE_AUDIT_S3_ACCESS_KEY_ID: STORE_KEY.accessKeyId,
    CADUCEE_AUDIT_S3_SECRET_ACCESS_KEY: STORE_KEY.secretAccessKey,
    ...changes,
  });

describe('checkpoints', () => {
  let trail: Trail;
  beforeEach(async () => {
    trail = await startTrail();
  });
  const round = async (places: readonly Place[]) => {
    await trail.record(2);
    return runCheckpoint(trail.db, { ...trail, places });
  };

  test('go to a file, line by line, and come back from it or from a log that has them', async () => {
    const path = join(folder, 'checkpoints.jsonl');
    const [place] = createPlaces(testConfig({ CADUCEE_AUDIT_CHECKPOINT_TO: pathToFileURL(path).href }), {
      clock: trail.clock,
      stdout: process.stdout,
    });
    expect(await place?.read?.()).toEqual([]);
    const made = [
      await round([place as Place]),
      await round([place as Place]),
      await round([place as Place]),
    ];
    const jws = made.map((one) => one?.jws ?? '');
    expect(await place?.read?.()).toEqual(jws);
    expect(JSON.parse(readFileSync(path, 'utf8').split('\n')[2] ?? '')).toEqual({
      auditCheckpoint: { number: 6, hash: made[2]?.hash, at: made[2]?.at.toISOString() },
      jws: jws[2],
    });
    expect(findCheckpoints(`2040 app[12]: {"x":1,"jws":"${jws[0]}"}\nnoise\n${jws[1]}`)).toEqual([
      jws[0],
      jws[1],
    ]);
    expect(await trail.findings(jws)).toEqual([]);
    // Nothing new, nothing signed.
    expect(await runCheckpoint(trail.db, { ...trail, places: [place as Place] })).toBeUndefined();
    expect(await place?.read?.()).toHaveLength(3);
  });

  test('go to standard output as one JSON line each', async () => {
    const out = collect();
    const places = createPlaces(testConfig({ CADUCEE_AUDIT_CHECKPOINT_TO: 'stdout' }), {
      clock: trail.clock,
      stdout: out.stream,
    });
    const made = await round(places);
    expect(findCheckpoints(out.text())).toEqual([made?.jws]);
    expect(out.text().split('\n')).toHaveLength(2);
  });

  test('go to an S3-compatible store, signed as it wants, and are listed page by page', async () => {
    const store = await startTestStore();
    const places = createPlaces(withStore(store, 's3://preuves/audit'), {
      clock: trail.clock,
      stdout: process.stdout,
    });
    const jws: string[] = [];
    for (let index = 0; index < 8; index += 1) jws.push((await round(places))?.jws ?? '');
    expect(store.refused).toEqual([]);
    expect([...store.objects.keys()][7]).toBe('preuves/audit/0000000000000016.jws');
    expect(await places[0]?.read?.()).toEqual(jws);
  });

  test('a store that is away gets later what it missed, and another place is not held up', async () => {
    const store = await startTestStore();
    const out = collect();
    const places = createPlaces(withStore(store, 's3://preuves, stdout'), {
      clock: trail.clock,
      stdout: out.stream,
    });
    store.failing.times = 2;
    await expect(round(places)).rejects.toThrow(
      's3://preuves: s3://preuves/0000000000000002.jws was not written: 503',
    );
    await expect(round(places)).rejects.toThrow('503 SlowDown');
    expect(findCheckpoints(out.text())).toHaveLength(2);
    expect(store.objects.size).toBe(0);
    await round(places);
    expect(store.objects.size).toBe(3);
    expect(findCheckpoints(out.text())).toHaveLength(3);
  });

  test('a store is never overwritten: the same again is fine, another one there is told', async () => {
    const store = await startTestStore();
    const places = createPlaces(withStore(store, 's3://preuves'), {
      clock: trail.clock,
      stdout: process.stdout,
    });
    const made = await round(places);
    await trail.db.query("UPDATE audit_checkpoint SET exported_to = '{}'"); // the answer was lost
    await runCheckpoint(trail.db, { ...trail, places });
    store.objects.set('preuves/0000000000000002.jws', 'something else');
    await trail.db.query("UPDATE audit_checkpoint SET exported_to = '{}'");
    await expect(runCheckpoint(trail.db, { ...trail, places })).rejects.toThrow(
      'exists and is another checkpoint',
    );
    expect(made?.number).toBe(2);
  });

  test('a wrong secret is refused by the store, and the secret is in no message', async () => {
    const store = await startTestStore();
    const config = withStore(store, 's3://preuves', { CADUCEE_AUDIT_S3_SECRET_ACCESS_KEY: 'not-the-secret' });
    const places = createPlaces(config, { clock: trail.clock, stdout: process.stdout });
    const error = await round(places).then(
      () => undefined,
      (one: Error) => one,
    );
    expect(error?.message).toContain('403 SignatureDoesNotMatch');
    expect(error?.message).not.toContain('not-the-secret');
    expect(store.refused).toHaveLength(1);
  });

  test('the jobs of a server seal, make months, sign and send, and drop what is too old', async () => {
    const out = collect();
    const told: string[] = [];
    const note = (_line: unknown, message: string) => void told.push(message);
    const jobs = await createAuditJobs({
      config: testConfig({ CADUCEE_AUDIT_CHECKPOINT_TO: 'stdout', CADUCEE_AUDIT_RETENTION_MONTHS: '2' }),
      ...{ db: trail.db, keyring: trail.keyring, clock: trail.clock, stdout: out.stream },
      log: { info: note, error: note } as never,
    });
    const run = async (name: string) => jobs.find((job) => job.name === name)?.run();
    expect(jobs.map(({ name }) => name)).toEqual([
      'audit-seal',
      'audit-months',
      'audit-checkpoint',
      'audit-prune',
    ]);
    await trail.record(3);
    await run('audit-seal');
    await run('audit-checkpoint');
    expect(findCheckpoints(out.text())).toHaveLength(1);
    trail.clock.set('2040-05-02T00:00:00Z');
    await run('audit-months');
    await run('audit-prune');
    expect(told).toEqual(Array.from({ length: 3 }, () => 'a month of the audit was dropped for its age'));
    expect(Object.keys(await trail.partitions())).toEqual(['audit_event_2040_05']);
    await run('audit-seal');
    expect(await trail.findings(findCheckpoints(out.text()))).toEqual([]);
  });
});

describe('the signature of a request', () => {
  // Amazon's own worked example: "Signature Calculations for the Authorization Header", GET Bucket (List Objects).
  test('is that of Amazon’s example', () => {
    const headers = signS3({
      method: 'GET',
      url: new URL('https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J'),
      at: new Date('2013-05-24T00:00:00Z'),
      region: 'us-east-1',
      credentials: {
        accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
        secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      },
    });
    expect(headers['authorization']).toMatch(
      /Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7$/,
    );
  });

  test('is that of another implementation, whatever the names are', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9 !'()*~._+=&,;:@$é€-]{1,20}$/);
    fc.assert(
      fc.property(
        fc.array(name, { minLength: 1, maxLength: 4 }),
        fc.dictionary(name, name),
        (path, query) => {
          const url = new URL(`https://s3.example/${path.map(encodeURIComponent).join('/')}`);
          for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
          const at = new Date('2040-01-20T12:00:00Z');
          const ours = signS3({ method: 'PUT', url, at, region: STORE_REGION, credentials: STORE_KEY });
          const { authorization, ...headers } = ours;
          const theirs = sign(
            {
              ...{ host: url.host, path: url.pathname + url.search, method: 'PUT', service: 's3' as const },
              ...{ region: STORE_REGION, headers },
            },
            STORE_KEY,
          );
          expect(authorization).toBe(theirs.headers['Authorization']);
        },
      ),
    );
  });
});

describe('the settings of the audit', () => {
  test.each([
    ['ftp://x', 'places separated by commas'],
    ['s3://preuves', 'needs CADUCEE_AUDIT_S3_ENDPOINT'],
  ])('%s is refused: %s', (to, why) => {
    expect(() => testConfig({ CADUCEE_AUDIT_CHECKPOINT_TO: to })).toThrow(why);
  });
  test('the store’s key does not travel in clear, and means nothing without a place', () => {
    const s3 = {
      CADUCEE_AUDIT_S3_ENDPOINT: 'http://s3.example',
      CADUCEE_AUDIT_S3_ACCESS_KEY_ID: 'a',
      CADUCEE_AUDIT_S3_SECRET_ACCESS_KEY: 'b',
    };
    expect(() => testConfig({ ...s3, CADUCEE_AUDIT_CHECKPOINT_TO: 's3://preuves' })).toThrow('must be https');
    expect(() => testConfig({ CADUCEE_AUDIT_S3_ACCESS_KEY_ID: 'a' })).toThrow('is ignored');
  });
});
