import type { TestProject } from 'vitest/node';
import { startServices } from './support/servers.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Socket on which a test file asks for a server (test/support/services.ts). */
    services: string;
  }
}

/** Runs once around all test files: offers the real servers, and stops those that were asked for. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const services = await startServices();
  project.provide('services', services.socket);
  return services.stop;
};
