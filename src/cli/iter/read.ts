import { type Link, openIterator, openLink } from "../../link/index.ts";
import type { Run } from "../command/command.ts";
import { takeLink } from "../handle/link.ts";
import type { LiveAnswer } from "../output/answer.ts";
import { formatJson } from "../output/json-writer.ts";
import type { Options } from "../words/options.ts";
import { begins } from "../words/words.ts";
import { loadIterator } from "./load.ts";

/**
 * `bpfts iter read { id ID | pinned FILE | OBJ [map MAP] }`: what the iterator's program writes, byte for byte; with -j
 * it is one string. An addition to bpftool's commands.
 */
export const readIterator: Run = (words, options) => {
  words.need(1);
  const word = words.peek ?? "";
  // A file with one of these names is given as ./id.
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
    async live(write, signal) {
      using _ = owner;
      const run = openIterator(link);
      if (options.json) {
        write(`${formatJson(run.readText(), options.pretty)}\n`);
        run.close();
        return;
      }
      for await (const chunk of run.bytes()) {
        if (signal.aborted) return;
        write(chunk);
      }
    },
  };
}
