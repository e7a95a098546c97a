import * as z from 'zod';
import type { IdbVault } from './vault-idb.ts';

/** Small things the app keeps beside the keys; losing them costs nothing but comfort. */
const notes = z.object({
  /** The printable code, until its owner says that it is written down: the server shows it only once. */
  revocationCode: z.string().optional(),
  /** Set once the person has answered whether to be notified. */
  notificationsAsked: z.boolean().optional(),
  /** Where the server was told to ring; browsers change it by themselves. */
  pushEndpoint: z.string().optional(),
});
export type NotesContent = z.output<typeof notes>;

export interface Notes {
  read(): Promise<NotesContent>;
  /** Changes some; `undefined` forgets. */
  write(change: { [K in keyof NotesContent]?: NotesContent[K] | undefined }): Promise<void>;
}

export const createNotes = (vault: Pick<IdbVault, 'get' | 'put'>): Notes => {
  const read = async (): Promise<NotesContent> => notes.catch({}).parse((await vault.get('notes')) ?? {});
  return {
    read,
    write: async (change) => vault.put('notes', { ...(await read()), ...change }),
  };
};
