import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createKernel } from '../../src/http/kernel.ts';
import { createLog } from '../../src/platform/log.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { testConfig } from '../support/config.ts';

test('a tab that closes while it listens is in the access log, and is no error', async () => {
  const output = new PassThrough();
  let lines = '';
  output.on('data', (chunk: Buffer) => (lines += chunk.toString()));
  const kernel = createKernel({ config: testConfig({}), log: createLog('trace', output) });
  const news = new PassThrough();
  kernel.app.use((ctx) => {
    ctx.type = 'text/event-stream';
    ctx.body = news;
    news.write('retry: 2000\n\n');
    ctx.res.once('close', () => news.destroy());
  });
  const failed = once(kernel.app, 'error');
  const server = kernel.server();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onFileEnd(() => new Promise((resolve) => server.close(resolve)));

  const { port } = server.address() as AddressInfo;
  const tab = request({ host: '127.0.0.1', port, path: '/news', headers: { host: 'localhost:4000' } });
  tab.on('error', () => undefined);
  tab.end();
  const [response] = (await once(tab, 'response')) as [NodeJS.ReadableStream];
  await once(response, 'data');
  tab.destroy();
  // Koa tells the application that the stream ended early; only then is what it logged complete.
  const [error] = (await failed) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ERR_STREAM_PREMATURE_CLOSE');
  expect(lines).toContain('"aborted":true');
  expect(lines).not.toContain('"level":50');
});
