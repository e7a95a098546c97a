import type { Compose } from './request.ts';

/**
 * The ping that tells a service that its CIBA request has an answer (CIBA Core, 10.2): the request's name, under the
 * token that the service gave for this purpose.
 */
export const composePing: Compose['ciba_ping'] = async ({ url, content }) => ({
  url,
  headers: {
    authorization: `Bearer ${content.notificationToken}`,
    'content-type': 'application/json',
  },
  body: JSON.stringify({ auth_req_id: content.authReqId }),
});
