import type { CommandContext } from '../../src/command.ts';

/** A command's context where operators need no name: what is asked is done. */
export const unnamed: Pick<CommandContext, 'act' | 'again' | 'identity'> = {
  act: (_act, run) => run('tester'),
  again: () => Promise.reject(new Error('nothing is confirmed here')),
  identity: () => Promise.reject(new Error('nobody signs here')),
};
