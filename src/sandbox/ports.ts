import { createServer } from 'node:net';

/** The ports of a sandbox: eleven in a row from its base, and nothing else. */
const OFFSETS = {
  provider: 0,
  app: 1,
  card: 2,
  vaccinCovid: 3,
  siDep: 4,
  inbox: 5,
  smtp: 6,
  twilio: 7,
  portal: 8,
  authority: 9,
  mtls: 10,
} as const;

export type SandboxPorts = Readonly<Record<keyof typeof OFFSETS, number>>;

/** The port of each part. */
export const sandboxPorts = (base: number): SandboxPorts =>
  Object.fromEntries(Object.entries(OFFSETS).map(([part, offset]) => [part, base + offset])) as SandboxPorts;

/** Some ports are taken; the message says which, and what to do. */
export class PortsTakenError extends Error {
  readonly ports: readonly number[];

  constructor(ports: readonly number[], base: number) {
    super(
      `${ports.length === 1 ? 'Port' : 'Ports'} ${ports.join(', ')} ${ports.length === 1 ? 'is' : 'are'} in use. ` +
        `Stop what listens there (perhaps another sandbox), or take other ports: ` +
        `CADUCEE_PORT_BASE=${base + 1000 > 60_000 ? 4000 : base + 1000} npm start`,
    );
    this.name = 'PortsTakenError';
    this.ports = ports;
  }
}

const ABSENT = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/** True when one can listen there; an address that the machine does not have is in nobody's way. */
const isFree = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(ABSENT.includes(error.code ?? '')));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });

/** Looks at every port before anything starts; throws {@link PortsTakenError} with all that are taken. */
export const checkPortsFree = async (ports: SandboxPorts): Promise<void> => {
  const checks = await Promise.all(
    Object.values(ports).map(async (port) => {
      const [v4, v6] = await Promise.all([isFree(port, '127.0.0.1'), isFree(port, '::1')]);
      return { port, free: v4 && v6 };
    }),
  );
  const taken = checks.filter(({ free }) => !free).map(({ port }) => port);
  if (taken.length > 0) throw new PortsTakenError(taken, ports.provider);
};
