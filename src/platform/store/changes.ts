import type { Change, ExpiringStore } from './contract.ts';

/** Carries one change out by the store's own methods; says whether it took effect. */
export const applyOne = async (
  store: Pick<ExpiringStore, 'set' | 'setIfAbsent' | 'replace' | 'delete' | 'addMember'>,
  change: Change,
): Promise<boolean> => {
  switch (change.do) {
    case 'set':
      await store.set(change.key, change.value, change.ttlSeconds);
      return true;
    case 'setIfAbsent':
      return store.setIfAbsent(change.key, change.value, change.ttlSeconds);
    case 'replace':
      return store.replace(change.key, change.expected, change.value, change.ttlSeconds);
    case 'delete':
      await store.delete(change.key);
      return true;
    case 'addMember':
      await store.addMember(change.key, change.member, change.ttlSeconds);
      return true;
  }
};
