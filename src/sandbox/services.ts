import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { createPortal, doorsOf } from '../../examples/portal/service.ts';
import type { Listening } from '../../examples/shared/listen.ts';
import type { ServiceRegistration } from '../../examples/shared/service.ts';
import { createSiDep } from '../../examples/si-dep/service.ts';
import { createVaccinCovid } from '../../examples/vaccin-covid/service.ts';
import type { SandboxServices } from '../clients/sandbox.ts';
import type { Shutdown } from '../platform/shutdown.ts';
import type { SandboxPorts } from './ports.ts';
import { localOrigin } from './variables.ts';

/** The example services in the sandbox: each with its own database in the sandbox's folder, and an invented population. */

/** Where the example services live. */
export const serviceOrigins = (ports: SandboxPorts): SandboxServices => ({
  vaccinCovid: localOrigin(ports.vaccinCovid),
  siDep: localOrigin(ports.siDep),
  portal: localOrigin(ports.portal),
});

interface ServicesOptions {
  issuer: string;
  ports: SandboxPorts;
  clients: readonly { clientId: string; clientSecret: string | undefined }[];
  /** The sandbox's own secret, from which the services' shared key comes. */
  masterKey: string;
  /** Of this sandbox's data. */
  folder: string;
  portBase: number;
  onError: (service: string, error: unknown) => void;
  shutdown: Shutdown;
}

interface Starting {
  clientId: string;
  port: number;
  create: (registration: ServiceRegistration) => Listening;
}

const services = ({ ports, masterKey, folder }: ServicesOptions): Starting[] => {
  const origins = serviceOrigins(ports);
  const joinKey = createHmac('sha256', masterKey).update('examples: join').digest('base64url');
  const own = (name: string) => ({ dataDir: join(folder, name), sample: true });
  return [
    {
      clientId: 'vaccin-covid',
      port: ports.vaccinCovid,
      create: (registration) =>
        createVaccinCovid({
          ...registration,
          ...own('vaccin-covid'),
          join: { siDep: origins.siDep, key: joinKey },
          reportingUrl: `${origins.portal}/signalement`,
        }),
    },
    {
      clientId: 'si-dep',
      port: ports.siDep,
      create: (registration) => createSiDep({ ...registration, ...own('si-dep'), joinKey }),
    },
    {
      clientId: 'portail',
      port: ports.portal,
      create: (registration) => createPortal({ ...registration, doors: doorsOf(origins) }),
    },
  ];
};

/** Starts them one by one; each registers how it stops. */
export const startServices = async (options: ServicesOptions): Promise<void> => {
  const { issuer, clients, portBase, onError, shutdown } = options;
  for (const { clientId, port, create } of services(options)) {
    const service = create({
      issuer,
      clientId,
      clientSecret: clients.find((client) => client.clientId === clientId)?.clientSecret ?? '',
      origin: localOrigin(port),
      instance: String(portBase),
      onError: (error) => onError(clientId, error),
    });
    await service.start(port);
    shutdown.add(clientId, () => service.stop());
  }
};
