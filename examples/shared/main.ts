import type { Listening } from './listen.ts';
import type { ServiceRegistration } from './service.ts';

/** Runs one service by itself, configured by the environment. */
export const runService = async (
  name: string,
  create: (registration: ServiceRegistration) => Listening,
): Promise<void> => {
  const missing = ['ISSUER', 'CLIENT_ID', 'CLIENT_SECRET', 'PORT'].filter((key) => !process.env[key]);
  if (missing.length > 0) {
    console.error(`${name} needs these environment variables: ${missing.join(', ')}`);
    process.exitCode = 2;
    return;
  }
  const { ISSUER = '', CLIENT_ID = '', CLIENT_SECRET = '', PORT = '', ORIGIN } = process.env;
  const origin = ORIGIN ?? `http://localhost:${PORT}`;
  const service = create({
    issuer: ISSUER,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    origin,
    onError: (error) => console.error(error instanceof Error ? `${error.name}: ${error.message}` : error),
  });
  await service.start(Number(PORT));
  console.error(`${name}: ${origin}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void service.stop());
};
