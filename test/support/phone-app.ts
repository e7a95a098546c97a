import { vi } from 'vitest';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { RunningSandbox } from './sandbox.ts';

/** The phone app in a browser, used as a person does: keys of the keypad, mail and SMS read in the sandbox's inbox. */

export interface AppPhone {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Everything that the page's console and policies complained of. */
  readonly complaints: string[];
}

/** Opens the app on a phone of its own. */
export const openApp = async (
  browser: Browser,
  sandbox: RunningSandbox,
  options: BrowserContextOptions = {},
): Promise<AppPhone> => {
  const context = await browser.newContext({
    locale: 'fr-FR',
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  await page.exposeFunction('policyBroken', (what: string) => complaints.push(what));
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, sourceFile }) => {
      const report = (globalThis as { policyBroken?: (what: string) => void }).policyBroken;
      if (sourceFile.startsWith(location.origin)) report?.(`${violatedDirective} ${sourceFile}`);
    });
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Refusals are part of the protocol; Chromium writes each as a failed load. The test's own scripts are evaluated,
    // which the policy reports too: what the app does against it is told by its source, below.
    const expected = /Failed to load resource|TrustedScript/.test(message.text());
    if (message.type() === 'error' && !expected) complaints.push(message.text());
  });
  await page.goto(sandbox.info.app);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return { context, page, complaints };
};

/** Types digits on the keypad, then its button when there is one. */
export const press = async (page: Page, digits: string): Promise<void> => {
  await page.locator('.keypad').waitFor();
  const submit = page.locator('.keypad:not([data-auto]) .button[data-key=submit]');
  const byButton = (await submit.count()) > 0;
  for (const digit of digits) await page.locator(`.key[data-key="${digit}"]`).click();
  if (byButton) await submit.click();
};

/** Waits for the screen of this title: all of it, since “Votre e-CPS” begins several. */
export const heading = (page: Page, name: string | RegExp) =>
  page.getByRole('heading', { level: 1, name, exact: true }).waitFor();

interface InboxMessage {
  id: string;
  kind: string;
  text: string;
}

/** The newest messages of the sandbox's inbox. */
export const inboxMessages = async (
  sandbox: RunningSandbox,
  kind: 'mail' | 'sms',
): Promise<InboxMessage[]> => {
  const answer = await fetch(new URL(`/api/messages?kind=${kind}&limit=30`, sandbox.info.inbox));
  return ((await answer.json()) as { messages: InboxMessage[] }).messages;
};

/** Runs `act`, then waits for a message that was not there before and that matches. */
const newMessage = async (
  sandbox: RunningSandbox,
  kind: 'mail' | 'sms',
  pattern: RegExp,
  act: () => Promise<void>,
): Promise<string> => {
  const before = new Set((await inboxMessages(sandbox, kind)).map(({ id }) => id));
  await act();
  return vi.waitFor(
    async () => {
      const fresh = (await inboxMessages(sandbox, kind)).filter(({ id }) => !before.has(id));
      const found = fresh.map(({ text }) => pattern.exec(text)?.[1]).find((text) => text !== undefined);
      if (found === undefined) throw new Error(`no ${kind} with ${pattern.source} came`);
      return found;
    },
    { timeout: 15_000, interval: 150 },
  );
};

/** From the form of the identifier to a phone that may confirm, by the 8 characters of the mail. */
export const activateApp = async (
  { page }: AppPhone,
  sandbox: RunningSandbox,
  nationalId: string,
  pin: string,
): Promise<void> => {
  await page.goto(`${sandbox.info.app}activer`.replace(/([^:])\/+activer/, '$1/activer'));
  await page.locator('#identifier').fill(nationalId);
  const typed = await newMessage(sandbox, 'mail', /\b([0-9A-Z]{4}-[0-9A-Z]{4})\b/, () =>
    page.getByRole('button', { name: 'Recevoir le courriel' }).click(),
  );
  await page.getByRole('link', { name: 'Taper les 8 caractères' }).click();
  await page.getByLabel('Code du courriel').fill(typed);
  const code = await newMessage(sandbox, 'sms', /#(\d{6})\s*$/, () =>
    page.getByRole('button', { name: 'Continuer' }).click(),
  );
  await page.getByLabel('Code à 6 chiffres').fill(code);
  await page.getByRole('button', { name: 'Continuer' }).click();
  await heading(page, 'Choisissez votre code PIN');
  await press(page, pin);
  await heading(page, 'Tapez-le une seconde fois');
  await press(page, pin);
  await heading(page, 'Votre e-CPS est activée');
  await page.getByRole('button', { name: /C.est noté/ }).click();
  await heading(page, 'Votre e-CPS');
};
