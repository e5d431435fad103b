/** Numbers that look random and are the same for the same seed, on every machine. */
export class Random {
  #state: Uint32Array;

  /** `seed` is a text of any length. */
  constructor(seed: string) {
    let hash = 0x811c9dc5;
    this.#state = Uint32Array.from({ length: 4 }, (_, word) => {
      for (const character of `${word}:${seed}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
      return hash;
    });
    for (let i = 0; i < 12; i++) this.u32();
  }

  /** A number of 32 bits (xoshiro128). */
  u32(): number {
    const s = this.#state;
    const [a = 0, b = 0, c = 0, d = 0] = s;
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const third = c ^ a;
    const fourth = d ^ b;
    s[1] = b ^ third;
    s[0] = a ^ fourth;
    s[2] = third ^ (b << 9);
    s[3] = (fourth << 11) | (fourth >>> 21);
    return result;
  }

  /** A whole number from 0 to `end - 1`; 0 for an empty range. */
  below(end: number): number {
    return end <= 0 ? 0 : Math.floor((this.u32() / 0x1_0000_0000) * end);
  }

  /** One of a list, which must not be empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }
}
