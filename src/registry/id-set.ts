/**
 * The national identifiers met so far, in 8 bytes each: RPPS identifiers exactly, the others by a hash of 52 bits. So
 * `add` may take an identifier for one already met, about once in a billion; it never forgets one.
 */
export class IdSet {
  #slots = new Float64Array(1 << 14);
  #size = 0;

  /** False when it was there. */
  add(id: string): boolean {
    if (this.#size * 2 > this.#slots.length) this.#grow();
    return this.#put(keyOf(id));
  }

  #put(key: number): boolean {
    const mask = this.#slots.length - 1;
    let at = (Math.imul(key % 0x7fffffff, 0x9e3779b1) >>> 3) & mask;
    for (;;) {
      const found = this.#slots[at];
      if (found === key) return false;
      if (found === 0) break;
      at = (at + 1) & mask;
    }
    this.#slots[at] = key;
    this.#size++;
    return true;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Float64Array(old.length * 2);
    this.#size = 0;
    for (const key of old) if (key !== 0) this.#put(key);
  }
}

/** Not zero; negative for what is not a number of 12 digits. */
const keyOf = (id: string): number => {
  if (/^8\d{11}$/.test(id)) return Number(id);
  let low = 0x811c9dc5;
  let high = 0x2545f491;
  for (let index = 0; index < id.length; index++) {
    const code = id.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
  }
  return -1 - ((low >>> 0) + (high & 0xfffff) * 0x1_0000_0000);
};
