import { beforeEach, describe, expect, test } from 'vitest';
import { createAuditKey } from '../../src/audit/key.ts';
import { sealAudit } from '../../src/audit/seal.ts';
import type { Finding } from '../../src/audit/verify.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { startTrail, type Trail } from '../support/audit-trail.ts';

/** Ways of tampering with the trail, by someone who has the whole database but not the master key. */

let trail: Trail;
let exported: string[];

/** Three months of ten events, 1–10, 11–20, 21–30, a checkpoint after each. */
beforeEach(async () => {
  trail = await startTrail();
  exported = [];
  for (const month of ['2040-01-20', '2040-02-20', '2040-03-20']) {
    trail.clock.set(`${month}T12:00:00Z`);
    await trail.record(10);
    await trail.seal();
    exported.push((await trail.checkpoint()).jws);
  }
  expect(Object.keys(await trail.partitions())).toEqual([
    'audit_event_2040_01',
    'audit_event_2040_02',
    'audit_event_2040_03',
  ]);
  expect(await trail.findings(exported)).toEqual([]);
});

const RESEAL = [
  'UPDATE audit_event SET sealed_number = NULL, previous = NULL, hash = NULL',
  "UPDATE audit_chain SET length = 0, head = decode(repeat('00', 32), 'hex')",
];

interface Way {
  way: string;
  statements: string[];
  rehash?: number;
  reseal?: boolean;
  found: Finding[];
}

const WAYS: Way[] = [
  {
    way: 'what an event says is changed',
    statements: [`UPDATE audit_event SET details = details || '{"name": "other"}' WHERE id = 14`],
    found: [{ kind: 'changed', number: 14, id: 14 }],
  },
  {
    way: 'whom an event is about is changed',
    statements: ["UPDATE audit_event SET national_id = '800000000000' WHERE id = 3"],
    found: [{ kind: 'changed', number: 3, id: 3 }],
  },
  {
    way: 'when an event happened is changed, within its month',
    statements: ["UPDATE audit_event SET at = at - interval '1 hour' WHERE id = 30"],
    found: [{ kind: 'changed', number: 30, id: 30 }],
  },
  {
    way: 'an event is moved to another month',
    statements: ["UPDATE audit_event SET at = at + interval '1 month' WHERE id = 5"],
    found: [{ kind: 'changed', number: 5, id: 5 }],
  },
  {
    way: 'an event is changed and given the hash of what it says now',
    statements: ["UPDATE audit_event SET type = 'sign_in_granted' WHERE id = 17"],
    rehash: 17,
    found: [{ kind: 'replaced', number: 17, id: 17 }],
  },
  {
    way: 'an event is removed',
    statements: ['DELETE FROM audit_event WHERE id = 12'],
    found: [{ kind: 'removed', number: 12, last: 12 }],
  },
  {
    way: 'the newest events are removed',
    statements: ['DELETE FROM audit_event WHERE id > 27'],
    found: [{ kind: 'removed', number: 28, last: 30 }],
  },
  {
    way: 'a whole month is dropped',
    statements: ['DROP TABLE audit_event_2040_02', "DELETE FROM audit_partition WHERE name LIKE '%02'"],
    found: [{ kind: 'removed', number: 11, last: 20 }],
  },
  {
    way: 'an event is removed and the others are moved up',
    statements: [
      'DELETE FROM audit_event WHERE sealed_number = 25',
      'UPDATE audit_event SET sealed_number = sealed_number + 1000 WHERE sealed_number > 25',
      'UPDATE audit_event SET sealed_number = sealed_number - 1001 WHERE sealed_number > 1000',
      'UPDATE audit_chain SET length = 29',
    ],
    found: [
      { kind: 'replaced', number: 24, id: 24 },
      { kind: 'removed', number: 30, last: 30 },
    ],
  },
  {
    way: 'an event is inserted at a place that another month has already',
    statements: [
      `INSERT INTO audit_event (at, type, sealed_number, previous, hash)
       SELECT '2040-03-01', 'signed_out', 8, previous, hash FROM audit_event WHERE id = 8`,
    ],
    found: [{ kind: 'inserted', number: 8, id: 31 }],
  },
  {
    way: 'an event is inserted behind the end',
    statements: [
      "INSERT INTO audit_event (at, type, sealed_number, previous, hash) VALUES ('2040-03-30', 'signed_out', 31, '', '')",
    ],
    found: [{ kind: 'inserted', number: 31, id: 31 }],
  },
  {
    way: 'two events change places',
    statements: [
      'UPDATE audit_event SET sealed_number = 1000 WHERE id = 6',
      'UPDATE audit_event SET sealed_number = 6 WHERE id = 7',
      'UPDATE audit_event SET sealed_number = 7 WHERE id = 6',
    ],
    found: [
      { kind: 'replaced', number: 5, id: 5 },
      { kind: 'inserted', number: 6, id: 7 },
      { kind: 'inserted', number: 7, id: 6 },
    ],
  },
  {
    way: 'the chain is rewritten from an event on, its head noted anew',
    statements: ["UPDATE audit_event SET address = 'x' WHERE id = 15", ...RESEAL],
    reseal: true,
    found: [{ kind: 'replaced', number: 11, last: 20 }],
  },
  {
    way: 'the chain is cut short, its head noted anew, the later checkpoint removed',
    statements: [
      'DELETE FROM audit_event WHERE id > 20',
      'UPDATE audit_chain SET length = 20, head = (SELECT hash FROM audit_event WHERE id = 20)',
      'DELETE FROM audit_checkpoint WHERE number = 30',
    ],
    found: [{ kind: 'removed', number: 21, last: 30 }],
  },
  {
    way: 'a checkpoint of the database is changed to fit',
    statements: ["UPDATE audit_checkpoint SET hash = decode(repeat('11', 32), 'hex') WHERE number = 20"],
    found: [
      { kind: 'checkpoint_forged', number: 20 },
      { kind: 'checkpoint_removed', number: 20 },
    ],
  },
  {
    way: 'a checkpoint in the middle is removed',
    statements: ['DELETE FROM audit_checkpoint WHERE number = 10'],
    found: [{ kind: 'checkpoint_removed', number: 10 }],
  },
  {
    way: 'the beginning is removed and said to have been dropped for its age',
    statements: [
      `INSERT INTO audit_pruning (at, partition, from_at, to_at, events, number, hash, jws)
       SELECT now(), 'audit_event_2040_01', '2040-01-01', '2040-02-01', 10, 10, hash, 'x.y.z' FROM audit_event WHERE id = 10`,
      'DELETE FROM audit_event WHERE id <= 10',
    ],
    found: [{ kind: 'pruning_forged', number: 10 }],
  },
  {
    way: 'an event is removed and its hash kept as if it had been dropped for its age',
    statements: [
      'INSERT INTO audit_pruned_link SELECT sealed_number, hash FROM audit_event WHERE id = 13',
      'DELETE FROM audit_event WHERE id = 13',
    ],
    found: [{ kind: 'pruning_forged', number: 0 }],
  },
];

describe('tampering with the trail', () => {
  test.each(WAYS)('$way: found, and named', async ({ statements, rehash, reseal, found }) => {
    await trail.tamper(...statements);
    if (rehash !== undefined) await trail.rehash(rehash);
    if (reseal) await sealAudit(trail.db);
    expect(await trail.findings(exported)).toEqual(found);
  });

  test('everything is rewritten, the checkpoints of the database removed: those kept elsewhere tell where', async () => {
    await trail.tamper(
      "UPDATE audit_event SET address = 'x' WHERE id = 25",
      ...RESEAL,
      'DELETE FROM audit_checkpoint',
    );
    await trail.seal();
    expect(await trail.findings()).toEqual([]);
    expect(await trail.findings(exported)).toEqual([{ kind: 'replaced', number: 21, last: 30 }]);
  });

  test('a checkpoint given from outside counts only if the audit’s key signed it', async () => {
    const stranger = await createAuditKey(createKeyRing(Buffer.alloc(32, 8)));
    const claims = { number: 10, hash: '11'.repeat(32), at: '2040-02-01T00:00:00.000Z', previous: 0 };
    const forged = await stranger.sign('audit-checkpoint+jwt', claims);
    expect(await trail.findings([...exported, forged])).toEqual([
      { kind: 'checkpoint_untrusted', number: 4 },
    ]);
    // A statement of another kind, even by the right key, is no checkpoint.
    const other = await trail.key.sign('audit-pruning+jwt', claims);
    expect(await trail.findings([other])).toEqual([{ kind: 'checkpoint_untrusted', number: 1 }]);
    // The key of before the master key was changed is trusted when it is given.
    const heir = await createAuditKey(createKeyRing(Buffer.alloc(32, 9)), [trail.key.publicJwk]);
    expect(await heir.verify('audit-checkpoint+jwt', exported[0] ?? '')).toMatchObject({ number: 10 });
    expect(await stranger.verify('audit-checkpoint+jwt', exported[0] ?? '')).toBeUndefined();
  });
});
