import { type Anchor, attachProgram, detachProgram } from "../../link/index.ts";
import { Program } from "../../program/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { takeProgram } from "../handle/program.ts";
import { done } from "../output/answer.ts";
import { oneOf, type Words } from "../words/words.ts";
import { parseAttachType } from "./attach-types.ts";

/** `bpfts cgroup attach CGROUP ATTACH_TYPE PROG [ATTACH_FLAGS] [ORDER]`. */
export const attachToCgroup: Run = (words) => {
  const { cgroup, attachType, program } = takePlace(words, "attach");
  using owned = program;
  using options = takeAttachOptions(words);
  const { multi, override, preorder, anchor } = options;
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
  // The four words are CGROUP, ATTACH_TYPE and the two words of PROG.
  if (words.left < 4) throw new CommandError(`too few parameters for cgroup ${command}; see 'bpfts cgroup help'`);
  const cgroup = words.take("a cgroup");
  const attachType = parseAttachType(words.take("an attach type"));
  return { cgroup, attachType, program: new Program(takeProgram(words)) };
}

/** The options of an attachment. This object owns the program that `before` or `after` names. */
class AttachOptions implements Disposable {
  multi = false;
  override = false;
  preorder = false;
  anchor: Anchor | undefined;
  neighbour: Program | undefined;

  [Symbol.dispose](): void {
    this.neighbour?.close();
  }
}

function takeAttachOptions(words: Words): AttachOptions {
  const options = new AttachOptions();
  while (words.left > 0) {
    if (words.takeKeyword("multi")) options.multi = true;
    else if (words.takeKeyword("override")) options.override = true;
    else if (words.takeKeyword("preorder")) options.preorder = true;
    else if (options.anchor === undefined) takeOrder(words, options);
    else throw new CommandError(`only one place in the order can be given, got: '${words.peek}'?`);
  }
  return options;
}

/** Takes `first`, `last`, `before PROG` or `after PROG`. */
function takeOrder(words: Words, options: AttachOptions): void {
  if (words.takeKeyword("first")) options.anchor = "head";
  else if (words.takeKeyword("last")) options.anchor = "tail";
  else if (words.takeKeyword("before")) {
    options.neighbour = new Program(takeProgram(words));
    options.anchor = { before: options.neighbour };
  } else if (words.takeKeyword("after")) {
    options.neighbour = new Program(takeProgram(words));
    options.anchor = { after: options.neighbour };
  } else {
    const names = ["multi", "override", "preorder", "first", "last", "before", "after"];
    throw new CommandError(`unknown option: '${words.peek}'; expected ${oneOf(names)}`, {
      typo: { word: words.peek ?? "", names },
    });
  }
}
