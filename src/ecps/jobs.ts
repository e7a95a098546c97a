import type { Ecps } from './deps.ts';
import { sweepActivations } from './activation/repository.ts';
import { sweepBrowsers } from './approvals/browsers.ts';
import { openAlerts, ring } from './devices/alerts.ts';
import { settle } from './devices/changes.ts';
import {
  listDueForReminder,
  listEstranged,
  listOverdue,
  listSessionsToEnd,
  lockDevice,
  noteReminder,
  renumberDevices,
} from './devices/repository.ts';
import { endSessions, type Devices } from './devices/service.ts';
import { sweepHistory } from './history.ts';
import { sweepEvaluations } from './pin/repository.ts';

/** What the e-CPS does by itself; each job is idempotent and may run in any process, under its own lock. */
export interface EcpsJob {
  name: string;
  everySeconds: number;
  run(): Promise<void>;
}

const DAY = 86_400_000;
const BATCH = 500;
/** Reminders before a phone must be renewed, in days. */
const REMINDERS = [30, 7, 1] as const;
const HISTORY_DAYS = 400;
/** What the help desk may look back at; the audit trail keeps the rest. */
const ACTIVATION_DAYS = 90;

/** Writes down what time did: quarantines over, phones not renewed. */
const settlePhones = async (ecps: Ecps): Promise<void> => {
  for (const { id } of await listOverdue(ecps.db, ecps.clock.now(), BATCH)) {
    await ecps.db.transaction(async (tx) => {
      const device = await lockDevice(tx, id);
      if (device) await settle(ecps, tx, device);
    });
  }
};

/** Who was struck off has no phone any more; who got another identifier keeps his, and who is inactive has it at rest. */
const followRegistry = async (ecps: Ecps, devices: Devices): Promise<void> => {
  for (const person of await listEstranged(ecps.db, BATCH)) {
    if (person.status === 'active') {
      await renumberDevices(ecps.db, person.practitioner_id, person.registered_as);
    } else {
      await devices.revokeAll(person.national_id, 'registry');
    }
  }
};

const remind = async (ecps: Ecps): Promise<void> => {
  const now = ecps.clock.now();
  // The nearest distance first, so that a server that slept sends one reminder, not three.
  for (const days of REMINDERS.toReversed()) {
    const before = new Date(now.getTime() + days * DAY);
    for (const device of await listDueForReminder(ecps.db, { now, before, days, limit: BATCH })) {
      const alerts = await openAlerts(ecps, device.practitioner_id);
      await ecps.db.transaction(async (tx) => {
        if (!(await noteReminder(tx, device.id, days))) return;
        await alerts.mail(
          tx,
          'renewal_due',
          { deviceName: device.name, dueAt: device.expires_at, days },
          { locale: device.locale, deviceId: device.id },
        );
        await ring(ecps, tx, device, new Date(now.getTime() + DAY));
      });
    }
  }
  ecps.messages.kick();
};

const endLeftSessions = async (ecps: Ecps): Promise<void> => {
  for (const device of await listSessionsToEnd(ecps.db, BATCH)) {
    await endSessions(ecps, device.id, device.national_id);
  }
};

const sweep = async (ecps: Ecps): Promise<void> => {
  const now = ecps.clock.now();
  const ago = (days: number) => new Date(now.getTime() - days * DAY);
  await sweepActivations(ecps.db, now, { forgetBefore: ago(1), removeBefore: ago(ACTIVATION_DAYS) });
  await sweepEvaluations(ecps.db, ago(30));
  await sweepHistory(ecps.db, ago(HISTORY_DAYS));
  await sweepBrowsers(ecps);
};

/** The jobs, to be added to the process's own. */
export const createEcpsJobs = (ecps: Ecps, devices: Devices): EcpsJob[] => [
  { name: 'ecps-phones', everySeconds: 60, run: () => settlePhones(ecps) },
  { name: 'ecps-registry', everySeconds: 60, run: () => followRegistry(ecps, devices) },
  { name: 'ecps-sessions', everySeconds: 10, run: () => endLeftSessions(ecps) },
  { name: 'ecps-reminders', everySeconds: 3600, run: () => remind(ecps) },
  { name: 'ecps-sweep', everySeconds: 600, run: () => sweep(ecps) },
];
