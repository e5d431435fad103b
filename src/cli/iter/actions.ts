import { attachIterator, type Link, openIterator, openLink } from "../../link/index.ts";
import { type BpfObject, loadObject } from "../../load/index.ts";
import { openMap } from "../../map/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError, exitCodeOf, exitOfErrno } from "../failure/command-error.ts";
import { inStep } from "../failure/reason.ts";
import { takeLink } from "../handle/link.ts";
import { takeMap } from "../handle/map.ts";
import { pinAt, prepareFile } from "../handle/pin.ts";
import { done, type LiveAnswer } from "../output/answer.ts";
import type { Options } from "../words/options.ts";
import { begins, type Words } from "../words/words.ts";

/** `bpfts iter pin OBJ PATH [map MAP]`. */
export const pinIterator: Run = (words, options) => {
  words.need(2);
  const file = words.take("an object file");
  const path = words.take("a path");
  // Check the path first, so that a bad path is reported before anything is loaded.
  prepareFile(path, options);
  using iterator = loadIterator(file, words);
  pinAt(path, iterator.link.fd, options);
  return done;
};

/**
 * `bpfts iter read { id ID | pinned FILE | OBJ [map MAP] }`: prints what the iterator's program writes, byte for byte.
 * With -j the output is one string. bpftool does not have this command.
 */
export const readIterator: Run = (words, options) => {
  words.need(1);
  const word = words.peek ?? "";
  // A file named `id` or `pinned` must be written as ./id or ./pinned.
  if (begins(word, "id") || begins(word, "pinned")) {
    using fd = takeLink(words);
    words.end();
    const link = openLink({ fd: fd.release() });
    return live(link, link, options);
  }
  const loaded = loadIterator(words.take("an object file"), words);
  return live(loaded.link, loaded, options);
};

function live(link: Link, owner: Disposable, options: Options): LiveAnswer {
  return {
    async live(output, signal) {
      using _ = owner;
      const run = openIterator(link);
      if (options.json) {
        output.json(run.readText());
        run.close();
        return;
      }
      for await (const chunk of run.bytes()) {
        if (signal.aborted) return;
        output.bytes(chunk);
      }
    },
  };
}

/** An iterator from an object file: its link, and the objects that must stay open until the link is pinned or read. */
export interface LoadedIterator extends Disposable {
  readonly link: Link;
}

/** LIBBPF_ERRNO__FORMAT: libbpf's error for a file that is not a BPF object. */
const LIBBPF_FORMAT = 4001;

function exitOfObject(errno: number | undefined): number {
  return exitCodeOf(errno ?? LIBBPF_FORMAT);
}

/** Loads an object file and attaches its first program as an iterator. Takes `[map MAP]`, the map to walk over. */
export function loadIterator(file: string, words: Words): LoadedIterator {
  let map: ReturnType<typeof openMap> | undefined;
  if (words.left > 0 && words.takeKeyword("map")) {
    words.need(2);
    using fd = takeMap(words, "read");
    map = openMap({ fd: fd.release() });
  }
  let object: BpfObject | undefined;
  try {
    words.end();
    const loaded = inStep(`can't load objfile ${file}`, () => loadObject(file), exitOfObject);
    object = loaded;
    const [program] = Object.values(loaded.programs);
    if (program === undefined) throw new CommandError(`can't find bpf program in objfile ${file}`);
    const link = inStep(
      `attach_iter failed for program ${program.name}`,
      () => attachIterator(program, map === undefined ? {} : { map }),
      exitOfErrno,
    );
    return {
      link,
      [Symbol.dispose]() {
        link.close();
        loaded.close();
        map?.close();
      },
    };
  } catch (error) {
    object?.close();
    map?.close();
    throw error;
  }
}
