/** Adds names to what a model keeps. The library reads the list once, before the first record. */
export const keep = (model: { IN_PAYLOAD: string[] }, ...names: string[]): void => {
  const value = [...model.IN_PAYLOAD, ...names];
  Object.defineProperty(model, 'IN_PAYLOAD', { get: () => value });
};
