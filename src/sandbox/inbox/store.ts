import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type InboxFilter, type InboxMessage, sameRecipient } from './message.ts';

/**
 * The messages of a sandbox: in memory, and in a file of one JSON line each so that `npm start` finds them again.
 * Written at once and synchronously: a message that was answered for is there after a kill -9.
 */
export interface InboxStore {
  add(message: InboxMessage): void;
  get(id: string): InboxMessage | undefined;
  /** Newest first. */
  list(filter?: InboxFilter): InboxMessage[];
  clear(): void;
  /** Calls `listener` at each change until the returned function is called. */
  watch(listener: () => void): () => void;
}

const KEPT = 500;

/** Opens the store of a data folder; a damaged line (a full disk, a killed write) is skipped. */
export const openInboxStore = (dataDir: string, kept = KEPT): InboxStore => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'inbox.jsonl');
  const listeners = new Set<() => void>();
  let messages = read(file).slice(-kept);
  let lines = Number.POSITIVE_INFINITY;

  const rewrite = (): void => {
    const content = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    writeFileSync(`${file}.new`, content, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    lines = messages.length;
  };
  const tell = (): void => {
    for (const listener of listeners) listener();
  };

  return {
    add: (message) => {
      messages.push(message);
      if (lines >= kept * 1.2) {
        messages = messages.slice(-kept);
        rewrite();
      } else {
        appendFileSync(file, `${JSON.stringify(message)}\n`, { mode: 0o600 });
        lines += 1;
      }
      tell();
    },
    get: (id) => messages.find((message) => message.id === id),
    list: ({ to, kind, limit } = {}) =>
      messages
        .slice(-kept)
        .toReversed()
        .filter((message) => !to || sameRecipient(message.to, to))
        .filter((message) => !kind || message.kind === kind)
        .slice(0, limit ?? kept),
    clear: () => {
      messages = [];
      lines = Number.POSITIVE_INFINITY;
      rmSync(file, { force: true });
      tell();
    },
    watch: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};

const read = (file: string): InboxMessage[] => {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return content.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as InboxMessage];
    } catch {
      return [];
    }
  });
};
