import { pino, type Logger } from 'pino';

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

/**
 * The process's logger: one JSON object a line on standard error (standard output belongs to commands' results).
 * Redaction is a second net; code does not pass secrets to it in the first place.
 */
export const createLog = (level: string, destination: NodeJS.WritableStream = process.stderr): Log =>
  pino({ level, base: null, redact: { paths, censor: '[redacted]' } }, destination);
