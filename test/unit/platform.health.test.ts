import { describe, expect, test } from 'vitest';
import { createHealth } from '../../src/platform/health.ts';
import { createMetrics } from '../../src/platform/metrics.ts';

const ok = (): Promise<void> => Promise.resolve();

describe('probes', () => {
  test('ready when every check passes', async () => {
    const health = createHealth({ checks: { database: ok, store: ok } });
    expect(await health.ready()).toEqual({ status: 200, body: { status: 'ok' } });
    expect(await health.ready({ verbose: true })).toEqual({
      status: 200,
      body: { status: 'ok', checks: { database: 'ok', store: 'ok' } },
    });
  });

  test('a warning is told and takes nobody out of service', async () => {
    const health = createHealth({
      checks: { database: ok },
      warnings: { cardRevocation: () => Promise.reject(new Error('missing or stale: AC')) },
    });
    expect(await health.ready({ verbose: true })).toEqual({
      status: 200,
      body: { status: 'ok', checks: { cardRevocation: 'missing or stale: AC', database: 'ok' } },
    });
  });

  test('not ready when one fails, throws or does not answer; verbose tells which; alive all the same', async () => {
    const health = createHealth({
      timeoutMs: 20,
      checks: {
        database: () => Promise.reject(new Error('connection refused')),
        store: () => {
          throw new Error('at once');
        },
        mail: () => new Promise(() => undefined),
        disk: ok,
      },
    });
    expect(await health.ready()).toEqual({ status: 503, body: { status: 'failed' } });
    expect((await health.ready({ verbose: true })).body.checks).toEqual({
      database: 'connection refused',
      store: 'at once',
      mail: 'no answer in 20 ms',
      disk: 'ok',
    });
    expect(health.live()).toEqual({ status: 200, body: { status: 'ok' } });
  });

  test('not ready while draining, and alive', async () => {
    const health = createHealth({ checks: { database: ok } });
    health.drain();
    expect(await health.ready()).toEqual({ status: 503, body: { status: 'draining' } });
    expect(health.live().status).toBe(200);
  });
});

describe('metrics', () => {
  test('count by their labels, apart from another instance', async () => {
    const [metrics, other] = [createMetrics(), createMetrics()];
    metrics.request({ method: 'GET', route: '/sign-in/:id', status: 200 }, 0.03);
    metrics.request({ method: 'GET', route: '/sign-in/:id', status: 200 }, 3);
    metrics.signIn({ means: 'ecps', outcome: 'granted' });
    metrics.message({ channel: 'sms', outcome: 'abandoned' });
    metrics.count('userinfo', 'vaccin-covid');
    metrics.count('userinfo');
    const text = await metrics.text();
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        'caducee_http_requests_total{method="GET",route="/sign-in/:id",status="200"} 2',
        'caducee_http_request_seconds_bucket{le="0.05",route="/sign-in/:id"} 1',
        'caducee_http_request_seconds_count{route="/sign-in/:id"} 2',
        'caducee_sign_ins_total{means="ecps",outcome="granted"} 1',
        'caducee_messages_total{channel="sms",outcome="abandoned"} 1',
        'caducee_events_total{name="userinfo",client="vaccin-covid"} 1',
        'caducee_events_total{name="userinfo",client=""} 1',
      ]),
    );
    expect(await other.text()).not.toContain('vaccin-covid');
    expect(metrics.contentType).toContain('text/plain');
  });

  test('count each answer once however often they are read, and of many routes too', async () => {
    const metrics = createMetrics();
    const answer = (route: string) => metrics.request({ method: 'GET', route, status: 200 }, 0.03);
    const told = async (route: string) =>
      new RegExp(`^caducee_http_requests_total.*route="${route}".* (\\d+)$`, 'm').exec(
        await metrics.text(),
      )?.[1];
    answer('/first');
    expect(await told('/first')).toBe('1');
    expect(await told('/first')).toBe('1');
    for (let each = 0; each < 2100; each += 1) answer(`/route-${each}`);
    for (const route of ['/first', '/route-2099', '/route-2099']) answer(route);
    expect(await told('/first')).toBe('2');
    expect(await told('/route-1')).toBe('1');
    expect(await told('/route-2099')).toBe('3');
    expect(await told('/route-2099')).toBe('3');
  });

  test('read a value when they are read, by its label or alone', async () => {
    const metrics = createMetrics();
    let used = 1;
    metrics.gauge('database_connections', () => ({ used, idle: 2 }));
    metrics.gauge('card_revocation_fresh_seconds', () => undefined);
    metrics.gauge('operator_acts_open', async () => ({ waiting: 3 }));
    used = 7;
    const lines = (await metrics.text()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'caducee_database_connections{state="used"} 7',
        'caducee_database_connections{state="idle"} 2',
        'caducee_card_revocation_fresh_seconds Nan',
        'caducee_operator_acts_open{state="waiting"} 3',
      ]),
    );
  });

  test('include the process on demand', async () => {
    expect(await createMetrics({ processMetrics: true }).text()).toContain(
      'caducee_process_resident_memory_bytes',
    );
  });
});
