import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/http/errors.ts';
import { createLog } from '../../src/platform/log.ts';

const logged = (fields: object): Record<string, unknown> => {
  const stream = new PassThrough();
  createLog('trace', stream).info(fields, 'said');
  return JSON.parse(String(stream.read())) as Record<string, unknown>;
};

describe('the log', () => {
  it('never shows a code, whoever put it there', () => {
    for (const code of ['493027', 'K7QF2M9A', '7K2M-9QXA-04TZ-H5WE', 'e6G_tokenOf43Characters', 493027]) {
      const line = JSON.stringify(
        logged({ code, body: { code }, err: Object.assign(new Error('x'), { code }) }),
      );
      expect(line).not.toContain(String(code));
    }
    for (const code of ['device_locked', 'ECONNREFUSED']) {
      expect(logged({ code, body: { code } })).toMatchObject({
        code: '[redacted]',
        body: { code: '[redacted]' },
      });
    }
  });

  it('shows the name of an error: of a refusal, of the network, of PostgreSQL', () => {
    expect(logged({ err: new Refusal('device_locked', 403) })).toMatchObject({
      err: { errorCode: 'device_locked' },
    });
    for (const code of ['ECONNREFUSED', 'ERR_INVALID_ARG_TYPE', '23505', '40P01', 'gone']) {
      expect(logged({ err: Object.assign(new Error('x'), { code }) })).toMatchObject({
        err: { errorCode: code },
      });
    }
  });

  it('never shows the row that PostgreSQL refused, nor what a server answered', () => {
    const detail = 'Failing row contains (8, camille@exemple.test).';
    const err = Object.assign(new Error('null value in column "x"'), {
      code: '23502',
      detail,
      response: detail,
    });
    expect(JSON.stringify(logged({ err }))).not.toContain('camille');
    expect(logged({ err })).toMatchObject({
      err: { type: 'Error', message: err.message, errorCode: '23502' },
    });
  });
});
