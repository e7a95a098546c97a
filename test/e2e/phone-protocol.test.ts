import { beforeAll, expect, test } from 'vitest';
import { startProtocolServer } from '../http/protocol/server.ts';
import { protocolSuite } from '../http/protocol/suite.ts';
import { launchBrowser } from '../support/browser.ts';
import { type PhonePage, buildUnderTest, openPhonePage } from '../support/phone-in-page.ts';

/**
 * The suite that every phone passes, passed by the web app in Chromium: its client, its vault in IndexedDB with keys that
 * cannot be exported, Argon2id in its worker, from its own origin through CORS.
 */

let opened: PhonePage | undefined;
const server = startProtocolServer({ app: buildUnderTest });

beforeAll(async () => {
  opened = await openPhonePage(await launchBrowser(), (await server).appOrigin);
}, 60_000);

protocolSuite(
  'the web app',
  () => server,
  async () => {
    if (!opened) throw new Error('the page is not open');
    return opened.make();
  },
);

test('no key of any of these phones leaves the browser', async () => {
  const answers = (await opened?.exports()) ?? [];
  expect(answers.length).toBeGreaterThan(60);
  expect(new Set(answers)).toEqual(new Set(['InvalidAccessError']));
});
