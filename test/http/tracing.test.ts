import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createKernel } from '../../src/http/kernel.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { querySummary, createTracing, traceDatabase, traceStore } from '../../src/platform/tracing.ts';
import { createPostgresStore } from '../../src/platform/store/postgres.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { testConfig } from '../support/config.ts';
import { testDatabase } from '../support/services.ts';

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: number };
}
interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  attributes: Attribute[];
}

/** A collector of OTLP over HTTP, JSON: keeps what it is sent. */
const startCollector = async () => {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onFileEnd(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    text: () => bodies.join('\n'),
    spans: (): Span[] =>
      bodies.flatMap((body) =>
        (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }).resourceSpans.flatMap(
          ({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans),
        ),
      ),
  };
};

const PARENT = { trace: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331' };
const traceparent = `00-${PARENT.trace}-${PARENT.span}-01`;

/** A site that asks the database and the store for one secret, and fails on request. */
const startSite = async (ratio: number, trustedProxies: string) => {
  const collector = await startCollector();
  const tracing = await createTracing({ url: collector.url, ratio });
  const { db: pool } = await testDatabase();
  const db = traceDatabase(pool, tracing);
  const store = traceStore(createPostgresStore(pool, systemClock), 'postgres', tracing);
  let log = '';
  const output = new PassThrough().on('data', (chunk: Buffer) => (log += chunk.toString()));
  const server = createServer((request, response) => kernel.handler()(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onFileEnd(() => void server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kernel = createKernel({
    config: testConfig({ CADUCEE_ISSUER: `${origin}/realm`, CADUCEE_TRUSTED_PROXIES: trustedProxies }),
    log: createLog('info', output),
    tracing,
  });
  kernel.app.use(async (ctx) => {
    if (ctx.path === '/failure') throw new TypeError('the secret is 899700218896');
    await db.transaction(async (tx) => {
      await tx.query('SELECT 1 FROM practitioner WHERE national_id = $1', ['899700218896']);
    });
    await store.set('secret:{899700218896}', 'hidden', 60);
    ctx.body = 'done';
  });
  return {
    collector,
    log: () => log,
    get: (path: string, headers: Record<string, string> = {}) => fetch(`${origin}${path}`, { headers }),
    /** Sends what waits; nothing is traced any more. */
    stop: () => tracing.stop(),
  };
};

const attribute = (span: Span | undefined, key: string) =>
  span?.attributes.find((found) => found.key === key)?.value;

describe('traces', () => {
  test('show a request, its queries and its store, one inside the other, and nothing of what was asked', async () => {
    const site = await startSite(1, '');
    expect(await (await site.get('/page/899700218896?secret=yes')).text()).toBe('done');
    await site.stop();
    const spans = site.collector.spans();
    const request = spans.find(({ name }) => name.startsWith('GET '));
    const transaction = spans.find(({ name }) => name === 'transaction');
    const query = spans.find(({ name }) => name === 'SELECT practitioner');
    const set = spans.find(({ name }) => name === 'store set');
    expect(request?.name).toBe('GET /page/:…');
    expect(attribute(request, 'http.response.status_code')?.intValue).toBe(200);
    expect(transaction?.parentSpanId).toBe(request?.spanId);
    expect(query?.parentSpanId).toBe(transaction?.spanId);
    expect(set?.parentSpanId).toBe(request?.spanId);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(site.log()).toContain(`"trace":"${String(request?.traceId)}"`);
    expect(site.collector.text()).not.toMatch(/899700218896|hidden|yes/);
  });

  test('name the kind of a failure, not its words', async () => {
    const site = await startSite(1, '');
    expect((await site.get('/failure')).status).toBe(500);
    await site.stop();
    const [request] = site.collector.spans();
    expect(attribute(request, 'error.type')?.stringValue).toBe('500');
    expect(site.collector.text()).not.toContain('899700218896');
  });

  test('go on from a proxy that is trusted, even where nothing else is kept', async () => {
    const site = await startSite(0, '127.0.0.1');
    await site.get('/', { traceparent });
    await site.get('/');
    await site.stop();
    const requests = site.collector.spans().filter(({ name }) => name.startsWith('GET '));
    expect(requests.map(({ traceId, parentSpanId }) => [traceId, parentSpanId])).toEqual([
      [PARENT.trace, PARENT.span],
    ]);
  });

  test('are not begun by whoever writes the header', async () => {
    const site = await startSite(0, '');
    await site.get('/', { traceparent });
    await site.stop();
    expect(site.collector.spans()).toEqual([]);
  });
});

test.each([
  ['SELECT a, b FROM practitioner p WHERE x', 'SELECT practitioner'],
  ['\n  INSERT INTO audit_event (a) SELECT 1 FROM other', 'INSERT audit_event'],
  ['UPDATE ONLY device SET a = 1', 'UPDATE device'],
  ['COMMIT', 'COMMIT'],
])('the query %j is called %s', (text, name) => {
  expect(querySummary(text)).toBe(name);
});
