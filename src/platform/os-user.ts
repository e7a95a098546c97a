import { userInfo } from 'node:os';

/** Who runs this process, as the machine knows them: a name, or a number where a container has no names. */
export const osUser = (): string => {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
};
