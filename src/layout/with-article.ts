/**
 * The first sounds of names that take `an`: a vowel, or a letter that is spoken by its own name (an xdp program, an lsm
 * hook, an fentry program). A `u` that is spoken like `you` takes `a` (a uprobe).
 */
const SPOKEN_WITH_VOWEL = /^(?:[aeio]|un[^i]|fentry|fexit|fmod|freplace|lpm|lru|lsm|lwt|sk_|xdp|xsk)/;

/** Returns a name with its indefinite article, for messages: `an inode_storage`, `a hash`. */
export function withArticle(name: string): string {
  return `${SPOKEN_WITH_VOWEL.test(name) ? "an" : "a"} ${name}`;
}
