import type { Queryable } from '../platform/postgres.ts';

/** An event as people read it. */
export interface ShownEvent {
  id: number;
  at: Date;
  type: string;
  nationalId: string | undefined;
  clientId: string | undefined;
  deviceId: string | undefined;
  supportId: string | undefined;
  address: string | undefined;
  details: Readonly<Record<string, string | number | boolean>>;
  /** Its place in the chain, once it is sealed. */
  number: number | undefined;
}

/** Which events are shown; every given field must match. */
export interface EventFilter {
  nationalId?: string | undefined;
  clientId?: string | undefined;
  deviceId?: string | undefined;
  supportId?: string | undefined;
  types?: readonly string[] | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
  limit: number;
}

type Row = {
  id: number;
  at: Date;
  type: string;
  national_id: string | null;
  client_id: string | null;
  device_id: string | null;
  support_id: string | null;
  address: string | null;
  details: Record<string, string | number | boolean>;
  sealed_number: number | null;
};

const toShown = (row: Row): ShownEvent => ({
  id: row.id,
  at: row.at,
  type: row.type,
  nationalId: row.national_id ?? undefined,
  clientId: row.client_id ?? undefined,
  deviceId: row.device_id ?? undefined,
  supportId: row.support_id ?? undefined,
  address: row.address ?? undefined,
  details: row.details,
  number: row.sealed_number ?? undefined,
});

/** The newest events that match, the newest first. Only what is asked for stands in the query, so that its index serves. */
export const selectEvents = async (db: Queryable, filter: EventFilter): Promise<ShownEvent[]> => {
  const values: unknown[] = [];
  const given = (value: unknown, condition: (parameter: string) => string): string[] => {
    if (value === undefined) return [];
    values.push(value);
    return [condition(`$${values.length}`)];
  };
  const conditions = [
    ...given(filter.nationalId, (p) => `national_id = ${p}`),
    ...given(filter.clientId, (p) => `client_id = ${p}`),
    ...given(filter.deviceId, (p) => `device_id = ${p}`),
    ...given(filter.supportId, (p) => `support_id = ${p}`),
    ...given(filter.types, (p) => `type = ANY (${p})`),
    ...given(filter.since, (p) => `at >= ${p}`),
    ...given(filter.until, (p) => `at < ${p}`),
  ];
  values.push(filter.limit);
  const { rows } = await db.query<Row>(
    `SELECT id, at, type, national_id, client_id, device_id, support_id, address, details, sealed_number
     FROM audit_event ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}
     ORDER BY id DESC LIMIT $${values.length}`,
    values,
  );
  return rows.map(toShown);
};
