import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { LIBRARY_PATHS, tellReady } from '../targets.ts';

/** Bare Koa: one middleware, one small answer. */

const app = new Koa();
app.use((ctx) => {
  ctx.body = 'hello';
});
const server = app.listen(0, '127.0.0.1', () =>
  tellReady((server.address() as AddressInfo).port, LIBRARY_PATHS),
);
server.keepAliveTimeout = 65_000;
