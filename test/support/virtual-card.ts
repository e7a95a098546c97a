import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type HttpClient, hiddenFields } from './http-client.ts';
import type { CommandResult, RunningSandbox } from './sandbox.ts';

/** Virtual cards of a whole sandbox, presented as a browser would that trusts its authority. */

export interface Card {
  file: string;
  password: string;
  serial: string;
}

/** The JSON that a command printed, which must have succeeded. */
export const succeeded = ({ code, stdout, stderr }: CommandResult): Record<string, unknown> => {
  expect(code, stderr + stdout).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
};

/** `caducee card issue`, into a file of this folder. */
export const issueVirtualCard = async (
  sandbox: RunningSandbox,
  folder: string,
  nationalId: string,
  ...options: string[]
): Promise<Card> => {
  const file = join(folder, `${Math.random()}.p12`);
  const made = succeeded(
    await sandbox.caducee('card', 'issue', nationalId, '--out', file, '--json', ...options),
  );
  expect(made).toMatchObject({ ok: true, nationalId, file });
  return made as unknown as Card;
};

const visit = (link: string, card: Card, authority: string): Promise<string> => {
  const { hostname, port, pathname } = new URL(link);
  return new Promise((resolve, reject) => {
    request(
      {
        ...{ host: '127.0.0.1', port, path: pathname, servername: hostname, agent: false },
        ...{ ca: authority, pfx: readFileSync(card.file), passphrase: card.password },
      },
      (response) => {
        response.resume();
        resolve(response.headers.location ?? '');
      },
    )
      .on('error', reject)
      .end();
  });
};

/** Presents a card at this page; where the browser is sent afterwards. */
export const presentVirtualCard = async (
  browser: HttpClient,
  path: string,
  card: Card,
  authority: string,
): Promise<string> => {
  const page = await (await browser.get(path)).text();
  const begun = await browser.post(path, hiddenFields(page));
  expect(begun.status).toBe(303);
  const back = new URL(await visit(begun.headers.get('location') ?? '', card, authority));
  return (await browser.get(back.pathname + back.search)).headers.get('location') ?? '';
};
