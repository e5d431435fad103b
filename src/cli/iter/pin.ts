import type { Run } from "../command/command.ts";
import { pinAt, prepareFile } from "../handle/pin.ts";
import { done } from "../output/answer.ts";
import { loadIterator } from "./load.ts";

/** `bpfts iter pin OBJ PATH [map MAP]`. */
export const pinIterator: Run = (words, options) => {
  words.need(2);
  const file = words.take("an object file");
  const path = words.take("a path");
  // What cannot be pinned is told before anything is loaded.
  prepareFile(path, options);
  using iterator = loadIterator(file, words);
  pinAt(path, iterator.link.fd, options);
  return done;
};
