import { type Anchor, attachProgram, detachProgram } from "../../link/index.ts";
import { Program } from "../../program/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { takeProgram } from "../handle/program.ts";
import { done } from "../output/answer.ts";
import type { Words } from "../words/words.ts";
import { parseAttachType } from "./attach-types.ts";

/** `bpfts cgroup attach CGROUP ATTACH_TYPE PROG [ATTACH_FLAGS] [ORDER]`. */
export const attachToCgroup: Run = (words) => {
  const { cgroup, attachType, program } = takePlace(words, "attach");
  using owned = program;
  using manner = takeManner(words);
  const { multi, override, preorder, anchor } = manner;
  attachProgram(owned, { cgroup, attachType, multi, override, preorder, anchor });
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

/** How to attach; the neighbour of an order is open until it is disposed of. */
class Manner implements Disposable {
  multi = false;
  override = false;
  preorder = false;
  anchor: Anchor | undefined;
  neighbour: Program | undefined;

  [Symbol.dispose](): void {
    this.neighbour?.close();
  }
}

function takeManner(words: Words): Manner {
  const manner = new Manner();
  while (words.left > 0) {
    if (words.takeKeyword("multi")) manner.multi = true;
    else if (words.takeKeyword("override")) manner.override = true;
    else if (words.takeKeyword("preorder")) manner.preorder = true;
    else if (manner.anchor === undefined) takeOrder(words, manner);
    else throw new CommandError(`a program has one place in the order, got: '${words.peek}'?`);
  }
  return manner;
}

/** `first`, `last`, `before PROG` or `after PROG`. */
function takeOrder(words: Words, manner: Manner): void {
  if (words.takeKeyword("first")) manner.anchor = "head";
  else if (words.takeKeyword("last")) manner.anchor = "tail";
  else if (words.takeKeyword("before")) {
    manner.neighbour = new Program(takeProgram(words));
    manner.anchor = { before: manner.neighbour };
  } else if (words.takeKeyword("after")) {
    manner.neighbour = new Program(takeProgram(words));
    manner.anchor = { after: manner.neighbour };
  } else {
    const known = "'multi', 'override', 'preorder', 'first', 'last', 'before' or 'after'";
    throw new CommandError(`unknown option: '${words.peek}'; expected ${known}`);
  }
}
