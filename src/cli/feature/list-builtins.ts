import { attachTypeName, helperName, linkTypeName, mapTypeName, namesInOrder, progTypeName } from "../../uapi/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";

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
    throw new CommandError(
      `expected 'prog_types', 'map_types', 'attach_types', 'link_types' or 'helpers', got: ${words.peek ?? "nothing"}`,
    );
  }
  words.end();
  const names = namesInOrder(found.nameOf);
  return { text: () => names.map((name) => `${name}\n`), json: () => names };
};
