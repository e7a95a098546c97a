/** Who listens on which channel in this process. */
export interface Listeners {
  /** Adds a listener; the returned function removes it and says how many are left on that channel. */
  add(channel: string, listener: (message: string) => void): () => number;
  emit(channel: string, message: string): void;
  channels(): string[];
}

export const createListeners = (): Listeners => {
  const byChannel = new Map<string, Set<(message: string) => void>>();
  return {
    add: (channel, listener) => {
      const own = (message: string): void => listener(message); // the same function may listen twice
      const set = byChannel.get(channel) ?? new Set();
      byChannel.set(channel, set.add(own));
      return () => {
        set.delete(own);
        if (set.size === 0 && byChannel.get(channel) === set) byChannel.delete(channel);
        return byChannel.get(channel)?.size ?? 0;
      };
    },
    emit: (channel, message) => {
      for (const listener of byChannel.get(channel) ?? []) listener(message);
    },
    channels: () => [...byChannel.keys()],
  };
};
