import { attachTypeName, helperName, linkTypeName, mapTypeName, namesInOrder, progTypeName } from "../../uapi/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { oneOf } from "../words/words.ts";

/** The groups of names. A shortened word selects the first group that begins with it. */
const GROUPS: readonly { readonly group: string; readonly nameOf: (number: number) => string | undefined }[] = [
  { group: "prog_types", nameOf: progTypeName },
  { group: "map_types", nameOf: mapTypeName },
  { group: "attach_types", nameOf: attachTypeName },
  { group: "link_types", nameOf: linkTypeName },
  { group: "helpers", nameOf: helperName },
];

/** `bpfts feature list_builtins GROUP`. */
export const listBuiltins: Run = (words) => {
  const found = GROUPS.find(({ group }) => words.takeKeyword(group));
  if (found === undefined) {
    const names = GROUPS.map(({ group }) => group);
    throw new CommandError(`expected ${oneOf(names)}, got: ${words.peek ?? "nothing"}`, {
      typo: { word: words.peek ?? "", names },
    });
  }
  words.end();
  const names = namesInOrder(found.nameOf);
  return { text: () => names.map((name) => `${name}\n`), json: () => names };
};
