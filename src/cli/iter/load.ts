import { attachIterator, type Link } from "../../link/index.ts";
import { type BpfObject, loadObject } from "../../load/index.ts";
import { openMap } from "../../map/index.ts";
import { CommandError } from "../failure/command-error.ts";
import { inStep } from "../failure/reason.ts";
import { takeMap } from "../handle/map.ts";
import type { Words } from "../words/words.ts";

/** An iterator of an object file: its link, and what must stay open until it is pinned or was read. */
export interface LoadedIterator extends Disposable {
  readonly link: Link;
}

/** Loads an object file and attaches its first program to what it walks over: `[map MAP]`. */
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
    const loaded = inStep(`can't load objfile ${file}`, () => loadObject(file));
    object = loaded;
    const [program] = Object.values(loaded.programs);
    if (program === undefined) throw new CommandError(`can't find bpf program in objfile ${file}`);
    const link = inStep(`attach_iter failed for program ${program.name}`, () =>
      attachIterator(program, map === undefined ? {} : { map }),
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
