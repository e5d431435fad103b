import { type Anchor, attachProgram, detachProgram, Program } from "../../kernel/index.ts";
import { done } from "../answer.ts";
import type { Run } from "../command.ts";
import { CommandError } from "../command-error.ts";
import { parseU32 } from "../handle/number.ts";
import { takeProgram } from "../handle/program.ts";
import type { Words } from "../words.ts";
import { parseAttachType } from "./attach-types.ts";

/** `bpfts cgroup attach CGROUP ATTACH_TYPE PROG [ATTACH_FLAGS] [ORDER]`. */
export const attachToCgroup: Run = (words) => {
  const { cgroup, attachType, program } = takePlace(words, "attach");
  using owned = program;
  attachProgram(owned, { cgroup, attachType, ...takeManner(words) });
  return done;
};

/** `bpfts cgroup detach CGROUP ATTACH_TYPE PROG`. */
export const detachFromCgroup: Run = (words) => {
  const { cgroup, attachType, program } = takePlace(words, "detach");
  using owned = program;
  words.end();
  detachProgram(owned, { cgroup, attachType });
  return done;
};

function takePlace(words: Words, command: string): { cgroup: string; attachType: number; program: Program } {
  // CGROUP ATTACH_TYPE, and the two words of PROG.
  if (words.left < 4) throw new CommandError(`too few parameters for cgroup ${command}; see 'bpfts cgroup help'`);
  const cgroup = words.take("a cgroup");
  const attachType = parseAttachType(words.take("an attach type"));
  return { cgroup, attachType, program: new Program(takeProgram(words)) };
}

interface Manner {
  multi: boolean;
  override: boolean;
  preorder: boolean;
  anchor: Anchor | undefined;
}

function takeManner(words: Words): Manner {
  const manner: Manner = { multi: false, override: false, preorder: false, anchor: undefined };
  while (words.left > 0) {
    if (words.takeKeyword("multi")) manner.multi = true;
    else if (words.takeKeyword("override")) manner.override = true;
    else if (words.takeKeyword("preorder")) manner.preorder = true;
    else {
      const anchor = takeAnchor(words);
      if (manner.anchor !== undefined) throw new CommandError("a program has one place in the order: say it once");
      manner.anchor = anchor;
    }
  }
  return manner;
}

/** `first`, `last`, `before NEIGHBOUR` or `after NEIGHBOUR`. */
function takeAnchor(words: Words): Anchor {
  if (words.takeKeyword("first")) return "head";
  if (words.takeKeyword("last")) return "tail";
  if (words.takeKeyword("before")) return { before: takeNeighbour(words) };
  if (words.takeKeyword("after")) return { after: takeNeighbour(words) };
  throw new CommandError(
    `unknown option: '${words.peek}'; expected 'multi', 'override', 'preorder', 'first', 'last', 'before' or 'after'`,
  );
}

/** `id PROG_ID` or `link LINK_ID`. */
function takeNeighbour(words: Words): { programId: number } | { linkId: number } {
  if (words.takeKeyword("id")) return { programId: parseU32(words.take("a program's id"), "ID") };
  if (words.takeKeyword("link")) return { linkId: parseU32(words.take("a link's id"), "ID") };
  throw new CommandError(
    `'${words.previous}' needs 'id PROG_ID' or 'link LINK_ID', got: ${words.peek === undefined ? "nothing" : `'${words.peek}'`}`,
  );
}
