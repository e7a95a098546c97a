import { pino, stdSerializers, type Logger } from 'pino';

export type Log = Logger;

/** Names of fields whose value never reaches a log, wherever they stand. */
const SECRET_FIELDS = [
  'pin',
  'code',
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'client_secret',
  'password',
  'secret',
  'cookie',
  'authorization',
  'email',
  'phone',
  'to',
  'qr',
  'verifier',
  'code_verifier',
  'private_key',
] as const;

const paths = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** Names of errors: ECONNREFUSED, 23505, device_locked. Never six digits, never a typed code, never a token. */
const ERROR_NAME = /^(?:[A-Z][A-Z_]{3,39}|[0-9A-Z]{5}|[a-z]+(?:_[a-z]+){0,5})$/;

/** What is told of an error. PostgreSQL's `detail` may hold a whole row, and a mail server's answer an address. */
const ERROR_FIELDS = [
  ...['type', 'message', 'stack', 'status', 'error', 'error_description', 'error_detail'],
  ...['severity', 'schema', 'table', 'column', 'constraint', 'routine'],
  ...['syscall', 'errno', 'address', 'port'],
] as const;

/**
 * `code` is a secret's name here, but an error's own `code` is its name (Node's custom, and that of our refusals): it is
 * told as `errorCode`, so that the log says why.
 */
const errorFields = (error: unknown): unknown => {
  const serialized: unknown = stdSerializers.err(error as Error);
  if (!(error instanceof Error)) return serialized;
  const all = serialized as Record<string, unknown>;
  const { code } = error as { code?: unknown };
  const told = ERROR_FIELDS.filter((name) => all[name] !== undefined).map((name) => [name, all[name]]);
  const named = typeof code === 'string' && ERROR_NAME.test(code);
  return { ...Object.fromEntries(told), ...(named ? { errorCode: code } : {}) };
};

/**
 * The process's logger: one JSON object a line on standard error (standard output belongs to commands' results).
 * Redaction is a second net; code does not pass secrets to it in the first place.
 */
export const createLog = (level: string, destination: NodeJS.WritableStream = process.stderr): Log =>
  pino(
    {
      level,
      base: null,
      redact: { paths, censor: '[redacted]' },
      serializers: { err: errorFields },
    },
    destination,
  );
