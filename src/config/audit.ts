import { isLoopbackHost } from './addresses.ts';
import { integer, list, setting, text, type Setting, url, type ValueOf } from './schemas.ts';

/** The settings of the audit trail, and which of their combinations mean nothing. */

const isPlace = (value: string): boolean =>
  value === 'stdout' ||
  /^file:\/\/\/[^?#]+$/.test(value) ||
  /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[A-Za-z0-9._/-]*)?$/.test(value);

export const AUDIT_SETTINGS = {
  auditCheckpointSeconds: setting(integer(60, 604800), {
    env: 'CADUCEE_AUDIT_CHECKPOINT_SECONDS',
    fallback: '3600',
    doc: 'Audit: seconds between two signed checkpoints of the chain, if anything happened.',
  }),
  auditCheckpointTo: setting(
    list.refine((values) => values.every(isPlace), {
      error: 'places separated by commas: `stdout`, `file:///path`, `s3://bucket/folder`',
    }),
    {
      env: 'CADUCEE_AUDIT_CHECKPOINT_TO',
      fallback: '',
      doc: 'Audit: where checkpoints are sent, besides the database: `stdout`, `file:///path`, `s3://bucket/folder`, several separated by commas. Choose a place that the database’s administrators do not rule over. See docs/audit.md.',
    },
  ),
  auditS3Endpoint: setting(url(['https:', 'http:']), {
    env: 'CADUCEE_AUDIT_S3_ENDPOINT',
    optional: true,
    doc: 'Audit: the S3-compatible store, `https://s3.example`; buckets are addressed by path.',
  }),
  auditS3Region: setting(text, {
    env: 'CADUCEE_AUDIT_S3_REGION',
    fallback: 'us-east-1',
    doc: 'Audit: the store’s region, as it wants it in signatures.',
  }),
  auditS3AccessKeyId: setting(text, {
    env: 'CADUCEE_AUDIT_S3_ACCESS_KEY_ID',
    optional: true,
    doc: 'Audit: the store’s access key; it needs to write, read and list, never to delete.',
  }),
  auditS3SecretAccessKey: setting(text, {
    env: 'CADUCEE_AUDIT_S3_SECRET_ACCESS_KEY',
    optional: true,
    secret: true,
    doc: 'Audit: its secret.',
  }),
  auditRetentionMonths: setting(integer(1, 1200), {
    env: 'CADUCEE_AUDIT_RETENTION_MONTHS',
    optional: true,
    doc: 'Audit: events are dropped, by whole months, when they are older than this; without it, never.',
  }),
} as const satisfies Record<string, Setting>;

type AuditConfig = { readonly [K in keyof typeof AUDIT_SETTINGS]: ValueOf<(typeof AUDIT_SETTINGS)[K]> };

const S3 = ['auditS3Endpoint', 'auditS3AccessKeyId', 'auditS3SecretAccessKey'] as const;

/** A place in a store needs the store; the store's key never travels in clear. */
export const auditProblems = (config: AuditConfig): string[] => {
  const wanted = config.auditCheckpointTo.some((place) => place.startsWith('s3:'));
  const problems: string[] = [];
  for (const name of S3) {
    if (wanted && config[name] === undefined) {
      problems.push(
        `CADUCEE_AUDIT_CHECKPOINT_TO names an s3:// place, which needs ${AUDIT_SETTINGS[name].env}`,
      );
    }
    if (!wanted && config[name] !== undefined) {
      problems.push(
        `${AUDIT_SETTINGS[name].env} is ignored without an s3:// place in CADUCEE_AUDIT_CHECKPOINT_TO`,
      );
    }
  }
  const endpoint = config.auditS3Endpoint === undefined ? undefined : new URL(config.auditS3Endpoint);
  if (endpoint?.protocol === 'http:' && !isLoopbackHost(endpoint.hostname)) {
    problems.push('CADUCEE_AUDIT_S3_ENDPOINT must be https outside loopback');
  }
  return problems;
};
