import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ValidationSeverity, validate } from 'dockerfile-utils';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { SETTINGS } from '../../src/config.ts';
import { METRICS, createMetrics } from '../../src/platform/metrics.ts';

/** What operators deploy with: each name it uses must be one that the program knows. */

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const variables = new Set([...Object.values(SETTINGS).map(({ env }) => env), 'CADUCEE_CONFIG_FILE']);
const unknownVariables = (text: string): string[] =>
  [...text.matchAll(/\bCADUCEE_[A-Z0-9_]*[A-Z0-9]\b(?!_)/g)]
    .map(([name]) => name)
    .filter((name) => !variables.has(name));

describe('the Dockerfile', () => {
  const text = read('Dockerfile');
  const stages = text.split(/^(?=FROM )/m).slice(1);
  const last = stages.at(-1) ?? '';

  test('passes the linter', () => {
    expect(validate(text, { deprecatedMaintainer: ValidationSeverity.ERROR })).toEqual([]);
  });

  test('ends as nobody who may write, with a probe, and takes over nothing that builds', () => {
    expect(stages.length).toBeGreaterThan(2);
    expect(last).toMatch(/^USER node$/m);
    expect(last.indexOf('USER node')).toBeGreaterThan(last.lastIndexOf('RUN '));
    expect(last).toMatch(/^HEALTHCHECK /m);
    expect(last).toMatch(/^STOPSIGNAL SIGTERM$/m);
    expect(last).toMatch(/^RUN rm -rf \/usr\/local\/lib\/node_modules/m);
    expect(last.match(/^COPY .*$/gm)).toEqual(['COPY --from=application /app /app']);
    expect(text).not.toMatch(/^ADD /m);
  });

  test('copies only what is there and what its context lets through', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) =>
      names.split(' '),
    );
    expect(copied.length).toBeGreaterThan(5);
    for (const name of copied) {
      expect(existsSync(join(ROOT, name)), name).toBe(true);
      expect(
        allowed.some((path) => name === path || name.startsWith(`${path}/`)),
        name,
      ).toBe(true);
    }
  });

  test('knows every setting it names', () => {
    expect(unknownVariables(text)).toEqual([]);
  });
});

describe('the compose file', () => {
  const text = read('deploy/compose/compose.yaml');
  interface Service {
    read_only?: boolean;
    cap_drop?: string[];
    depends_on?: Record<string, { condition: string }>;
    ports?: string[];
    healthcheck?: object;
  }
  const { services } = parse(text, { merge: true }) as { services: Record<string, Service> };

  test('starts the provider after its schema, on a database and a Redis that answer', () => {
    expect(services['caducee']?.depends_on).toEqual({
      migrate: { condition: 'service_completed_successfully' },
      redis: { condition: 'service_healthy' },
    });
    expect(services['migrate']?.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    expect(services['postgres']?.healthcheck).toBeDefined();
    expect(services['redis']?.healthcheck).toBeDefined();
  });

  test('opens nothing but loopback, and writes nowhere', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    for (const name of ['caducee', 'migrate']) {
      expect(services[name]).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    }
  });

  test('knows every setting it names', () => {
    expect(unknownVariables(text)).toEqual([]);
  });
});

const CHART = 'deploy/helm/caducee';
const templates = readdirSync(join(ROOT, CHART, 'templates'));
/** Where Helm is installed. */
const helm = spawnSync('helm', ['version', '--short']).status === 0 ? ['helm'] : [];

describe('the Helm chart', () => {
  const values = read(`${CHART}/values.yaml`);

  test('declares every value that its templates use, and uses every one it declares', () => {
    const used = new Set(
      templates
        .flatMap((file) => [...read(`${CHART}/templates/${file}`).matchAll(/\.Values\.([A-Za-z]+)/g)])
        .map(([, name]) => name),
    );
    expect([...used].toSorted()).toEqual(Object.keys(parse(values) as object).toSorted());
  });

  test('knows every setting it names', () => {
    const texts = [values, ...templates.map((file) => read(`${CHART}/templates/${file}`))];
    expect(unknownVariables(texts.join('\n').replaceAll('CADUCEE_TWILIO_…', ''))).toEqual([]);
  });

  test('carries the version of the package', () => {
    const chart = parse(read(`${CHART}/Chart.yaml`)) as { appVersion: string };
    expect(chart.appVersion).toBe((JSON.parse(read('package.json')) as { version: string }).version);
  });

  test.each(helm)('%s renders what hardens and scales', (program) => {
    const render = (...set: string[]) =>
      spawnSync(
        program,
        ['template', 'c', CHART, '--kube-version', '1.31.0', ...set.flatMap((one) => ['--set', one])],
        { cwd: ROOT, encoding: 'utf8' },
      );
    expect(render().stderr).toContain('config.CADUCEE_ISSUER');
    const { stdout } = render('config.CADUCEE_ISSUER=https://c.example.org/realm', 'card.enabled=true');
    const kinds = parseAllDocuments(stdout)
      .map((document) => document.toJS() as { kind: string } | null)
      .flatMap((object) => (object ? [object.kind] : []));
    expect(kinds.toSorted()).toEqual([
      ...['Deployment', 'HorizontalPodAutoscaler', 'Job', 'NetworkPolicy'],
      ...['PodDisruptionBudget', 'Service', 'Service'],
    ]);
    expect(stdout).toContain('readOnlyRootFilesystem: true');
  });
});

describe('what watches', () => {
  const declared = async (): Promise<Set<string>> => {
    const process = await createMetrics({ processMetrics: true }).text();
    const own = Object.entries(METRICS).flatMap(([name, { kind }]) =>
      kind === 'histogram' ? [`caducee_${name}_bucket`, `caducee_${name}_count`] : [`caducee_${name}`],
    );
    return new Set([...own, ...[...process.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? '')]);
  };

  test.each(['deploy/grafana/caducee.json', 'deploy/prometheus/alerts.yaml'])(
    '%s asks for metrics and labels that exist',
    async (path) => {
      const text = read(path);
      const names = [...text.matchAll(/\b(caducee_[a-z0-9_]+)(?=[[{)\s"\\])/g)].map(([, name = '']) => name);
      const known = await declared();
      expect(names.length).toBeGreaterThan(8);
      expect(names.filter((name) => !known.has(name))).toEqual([]);
    },
  );

  test('every alert says what it means, and has its place in the guide', () => {
    const { groups } = parse(read('deploy/prometheus/alerts.yaml')) as {
      groups: { rules: { alert: string; annotations: { summary: string } }[] }[];
    };
    const guide = read('docs/operations.md');
    for (const { alert, annotations } of groups.flatMap(({ rules }) => rules)) {
      expect(annotations.summary, alert).not.toBe('');
      expect(guide).toContain(`\`${alert}\``);
    }
  });
});
