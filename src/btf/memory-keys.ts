/**
 * The keys of the properties with a BTF's type words and strings. Only this folder uses them, because the kernel's BTF
 * is mapped read-only: a write to this memory would kill the process.
 */
export const WORDS: unique symbol = Symbol("words");
export const STRINGS: unique symbol = Symbol("strings");
