/**
 * Reasons why the kernel refuses a call, one clause each. Several error messages share them. A placeholder such as
 * `{max_entries}` stands for a value that the caller of {@link causeText} gives.
 */
const CAUSES = {
  mapFull: "the map is full: it has room for {max_entries} elements",
  indexRange: "the indexes of the map are 0 to {last}",
  keyExists: "an element with this key exists already",
  arrayElementsExist: "every element of an array exists already",
  nothingToReplace: "no element with this key exists, so there is nothing to replace",
  noElement: "the map has no element with this key",
  frozen: "the map is frozen: only BPF programs can still write to it",
  readOnlyMap: "the map was opened or created for reading only (BPF_F_RDONLY)",
  writeOnlyMap: "the map was opened or created for writing only (BPF_F_WRONLY)",
  mappedForWriting: "the map's memory is mapped for writing: close the mapping first",
  elementBusy: "the element or its bucket is in use: try again",
  arrayDelete: "elements of an array cannot be deleted",
  socketCookie: "the kernel returns sockets only as 8-byte cookies, so the values of the map must have 8 bytes",
  innerMapDiffers: "the inner map differs from the one that this map was created with",
  progArrayDiffers:
    "the program's type differs from the type of the programs in the array, or from that of the program that owns the array",
  deviceUnfit: "there is no device with this index in the network namespace, or the program is not of type xdp/devmap",
  prefixTooLong: "the prefix is longer than an address, or this map does not accept these flags",
  badFdInElement: "the fd in the key or value is closed, or it is of a kind that this map does not accept",
  noDevice: "there is no such network device in this network namespace",
  alreadyAttached: "the program is already attached there",
  notAttached: "the program is not attached there",
  neighbourMissing: "the program to replace, or to place the new one next to, is not attached to this hook",
  revisionChanged: "the list of programs at this hook has changed: its revision is not the expected one",
  hookFull: "the hook is full: it can have at most 64 programs",
} as const;

export type CauseName = keyof typeof CAUSES;

/**
 * Returns a cause as a clause. If the facts do not give the value of a placeholder, uses the placeholder's name: `it
 * has room for max_entries elements`.
 */
export function causeText(name: CauseName, facts: Readonly<Record<string, string | number>> = {}): string {
  const known: Readonly<Record<string, string | number>> = { last: "max_entries - 1", ...facts };
  return CAUSES[name].replace(/\{(\w{1,24})\}/g, (_, key: string) => String(known[key] ?? key));
}

/** Returns a cause as a sentence. */
export function causeSentence(name: CauseName): string {
  const text = causeText(name);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
