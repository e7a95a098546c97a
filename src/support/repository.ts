import type { ActivationState } from '../ecps/activation/flow.ts';
import type { DeviceState } from '../ecps/devices/flow.ts';
import type { Queryable } from '../platform/postgres.ts';
import type { Status } from '../registry/service.ts';

/** The help desk's own questions to the database; everything else is asked of the rooms. */

export type ActivationRow = {
  id: string;
  state: ActivationState;
  via: 'contact' | 'card';
  name: string;
  silent: boolean;
  wrong_tries: number;
  mail_used_at: Date | null;
  sms_used_at: Date | null;
  created_at: Date;
  expires_at: Date;
  ended_at: Date | null;
};

export const listActivations = async (
  db: Queryable,
  practitionerId: string,
  limit: number,
): Promise<ActivationRow[]> =>
  (
    await db.query<ActivationRow>(
      `SELECT id, state, via, name, silent, mail_used_at, sms_used_at, created_at, expires_at, ended_at,
         (SELECT count(*) FROM audit_event e WHERE e.national_id = a.national_id
            AND e.type = 'ecps.activation_code_wrong' AND e.details->>'activation' = a.id) AS wrong_tries
       FROM ecps_activation a WHERE practitioner_id = $1 ORDER BY created_at DESC, id LIMIT $2`,
      [practitionerId, limit],
    )
  ).rows;

export type PhoneRow = {
  id: string;
  name: string;
  model: string;
  os: string;
  state: DeviceState;
  via: 'contact' | 'card';
  added_at: Date;
  last_used_at: Date | null;
  expires_at: Date;
  quarantine_until: Date | null;
  ended_at: Date | null;
  ended_why: string | null;
  pin_tries: number;
  pin_tried_at: Date | null;
  has_push: boolean;
};

/** A person's phones, those in use first, then the newest; removed ones too. */
export const listPhones = async (db: Queryable, practitionerId: string): Promise<PhoneRow[]> =>
  (
    await db.query<PhoneRow>(
      `SELECT id, name, model, os, state, via, added_at, last_used_at, expires_at, quarantine_until, ended_at, ended_why,
         pin_tries, pin_tried_at, push_sealed IS NOT NULL AS has_push
       FROM ecps_device WHERE practitioner_id = $1 ORDER BY (state = 'revoked'), added_at DESC, id LIMIT 20`,
      [practitionerId],
    )
  ).rows;

/** How the status came to be. */
export const findStatus = async (
  db: Queryable,
  practitionerId: string,
): Promise<{ status: Status; setAt: Date | undefined; missingSince: Date | undefined } | undefined> => {
  const { rows } = await db.query<{ status: Status; status_set_at: Date | null; missing_since: Date | null }>(
    'SELECT status, status_set_at, missing_since FROM practitioner WHERE id = $1',
    [practitionerId],
  );
  const [row] = rows;
  return (
    row && {
      status: row.status,
      setAt: row.status_set_at ?? undefined,
      missingSince: row.missing_since ?? undefined,
    }
  );
};
