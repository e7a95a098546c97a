/** Hosts and addresses, as settings name them. */

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

/** True for host names that never leave the machine. */
export const isLoopbackHost = (host: string): boolean => LOOPBACK.test(host);

const isAddressRange = (entry: string): boolean => /^[0-9a-fA-F:.]+(\/\d{1,3})?$/.test(entry);
const isEveryone = (entry: string): boolean => /^(0\.0\.0\.0|::)\/0$/.test(entry);

/** What is wrong with a list of the addresses that are believed. */
export const addressProblems = (variable: string, entries: readonly string[]): string[] =>
  entries.flatMap((entry) =>
    !isAddressRange(entry)
      ? [`${variable}: ${entry} is neither an address nor a CIDR range`]
      : isEveryone(entry)
        ? [`${variable}: ${entry} would trust everyone`]
        : [],
  );
