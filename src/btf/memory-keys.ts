/**
 * The keys of a BTF's type words and strings. Only this folder uses them: the kernel's BTF is mapped read-only, so a
 * write to its memory would kill the process.
 */
export const WORDS: unique symbol = Symbol("words");
export const STRINGS: unique symbol = Symbol("strings");
