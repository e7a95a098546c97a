import type { Context } from 'koa';
import { readFileSync } from 'node:fs';
import { html, raw } from '../../views/html.ts';
import { allowFraming } from '../http/headers.ts';
import { requestState } from '../http/request.ts';

/** Where the iframe is, below the issuer: Keycloak's name, which Pro Santé Connect publishes. */
export const STATUS_FRAME = '/protocol/openid-connect/login-status-iframe.html';

const script = raw(readFileSync(new URL('../../views/assets/status-frame.js', import.meta.url), 'utf8'));

/**
 * The iframe that services ask whether the session is still what it was (Session Management 1.0, 3.1). It says nothing
 * of anyone, is the same for everybody, and any site may embed it.
 */
export const answerStatusFrame = (ctx: Context, cookieName: string): void => {
  allowFraming(ctx);
  ctx.set('Cache-Control', 'no-cache');
  ctx.type = 'text/html; charset=utf-8';
  ctx.body = html`<!doctype html>
    <html lang="en" data-cookie="${cookieName}">
      <head>
        <meta charset="utf-8" />
        <title>OP iframe</title>
      </head>
      <body>
        <script nonce="${requestState(ctx).nonce}">
          ${script};
        </script>
      </body>
    </html>`.value;
};
