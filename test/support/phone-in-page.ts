import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { type PhoneBuild, buildPhone } from '../../src/phone/build.ts';
import type { PhoneUnderTest } from '../http/protocol/phone-under-test.ts';
import type { Failure, PhonesInPage } from './programs/phone-in-page.ts';

/** The phone app without its screens, in a page of its own origin and under its own policy, driven by a test. */

const ENTRY = '/app/under-test.js';

/** The app's bundle, with the program of the tests in place of the screens. */
export const buildUnderTest = async (): Promise<PhoneBuild> => {
  const app = await buildPhone();
  const program = await build({
    entryPoints: [fileURLToPath(new URL('./programs/phone-in-page.ts', import.meta.url))],
    ...{ bundle: true, write: false, format: 'esm', logLevel: 'silent' },
    banner: { js: '(globalThis.__zod_globalConfig??={}).jitless=true;' },
  });
  const content = Buffer.from(program.outputFiles[0]?.contents ?? []);
  const files = [...app.files, { path: ENTRY, type: 'text/javascript; charset=utf-8', content }];
  return { ...app, files, entry: ENTRY, preload: [] };
};

type InPage = { underTest: PhonesInPage };

/** A failure as the page had it: the code, and the facts that came with it. */
const failureOf = ({ name, message, facts }: Failure): Error =>
  Object.assign(new Error(message), { name }, facts);

const METHODS = [
  ...[
    'activate',
    'activateByCard',
    'activation',
    'resendMail',
    'scanMail',
    'typeMailCode',
    'smsCode',
    'enrol',
  ],
  ...['pending', 'nextEvent', 'scan', 'approve', 'deny', 'report'],
  ...['changePin', 'rollbackPin', 'renew', 'approveNewPhone', 'denyNewPhone'],
  ...['me', 'devices', 'rename', 'revoke', 'history'],
] as const;

let made = 0;

/** A phone that lives in the page. */
const phoneNamed = (page: Page, name: string): PhoneUnderTest => {
  const call = async (method: string, args: readonly unknown[]): Promise<unknown> => {
    const answer = await page.evaluate(
      ([id, what, given]) => (globalThis as unknown as InPage).underTest.call(id, what, given as unknown[]),
      [name, method, [...args]] as const,
    );
    if ('failure' in answer) throw failureOf(answer.failure);
    return answer.value;
  };
  const methods = METHODS.map((method) => [method, (...args: unknown[]) => call(method, args)] as const);
  return {
    ...(Object.fromEntries(methods) as unknown as Omit<PhoneUnderTest, 'clone'>),
    async clone() {
      const copy = `phone-${(made += 1)}`;
      await page.evaluate(([from, to]) => (globalThis as unknown as InPage).underTest.copy(from, to), [
        name,
        copy,
      ] as const);
      return phoneNamed(page, copy);
    },
  };
};

export interface PhonePage {
  readonly page: Page;
  /** A new phone, with an empty vault. */
  make(): Promise<PhoneUnderTest>;
  /** Of every phone made: what its keys answer to who wants them out. */
  exports(): Promise<string[]>;
}

/** Opens the page. */
export const openPhonePage = async (browser: Browser, appOrigin: string): Promise<PhonePage> => {
  const page = await (await browser.newContext({ locale: 'fr-FR' })).newPage();
  await page.goto(appOrigin);
  await page.locator('html[data-phones=ready]').waitFor();
  const names: string[] = [];
  return {
    page,
    async make() {
      const name = `phone-${(made += 1)}`;
      names.push(name);
      await page.evaluate((id) => (globalThis as unknown as InPage).underTest.make(id), name);
      return phoneNamed(page, name);
    },
    exports: () =>
      page.evaluate(
        async (ids) =>
          (
            await Promise.all(ids.map((id) => (globalThis as unknown as InPage).underTest.exports(id)))
          ).flat(),
        names,
      ),
  };
};
