/**
 * The keys of a BTF's type words and strings. The room does not export them: the kernel's BTF is mapped read-only, and a
 * write to it would end the process.
 */
export const WORDS: unique symbol = Symbol("words");
export const STRINGS: unique symbol = Symbol("strings");
