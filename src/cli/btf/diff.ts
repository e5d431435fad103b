import { type BtfDifference, type Change, diffBtf, type MemberPlace } from "../../btf/index.ts";
import { namePattern } from "../../layout/index.ts";
import type { Run } from "../command/command.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { btfOfFile, inBtf } from "./file.ts";
import { placeText } from "./render.ts";

/** `bpfts btf diff FILE FILE [PATTERN]`. bpftool does not have this command. */
export const diffFiles: Run = (words) => {
  words.need(2);
  const [before, after] = [words.take("a file"), words.take("a file")];
  const fits = words.left === 0 ? undefined : namePattern(words.take("a pattern"));
  words.end();
  const [old, now] = [btfOfFile(before), btfOfFile(after)];
  const differences = inBtf(() => diffBtf(old, now, { fits }));
  return { text: () => differences.map(differenceText), json: () => differences.map(differenceJson) };
};

const SIGNS = { added: "+", removed: "-", changed: "~" } as const;

function differenceText({ kind, name, change, size, members, values, declaration }: BtfDifference): string {
  const label = kind === "func" ? "function" : kind === "var" ? "variable" : kind;
  let text = `${SIGNS[change]} ${label} ${name}`;
  if (size !== undefined) text += `: size ${size.before} -> ${size.after}`;
  text += "\n";
  if (declaration !== undefined) text += `    - ${declaration.before}\n    + ${declaration.after}\n`;
  // Show members that only moved last. They matter least, because CO-RE adjusts the offsets of moved members.
  const [moved, other] = [members?.filter(onlyMoved) ?? [], members?.filter((member) => !onlyMoved(member)) ?? []];
  for (const member of [...other, ...moved]) text += `    ${changeText(member, memberText, memberChange)}\n`;
  for (const value of values ?? []) text += `    ${changeText(value, String, (a, b) => `${a} -> ${b}`)}\n`;
  return text;
}

function onlyMoved({ before, after }: Change<MemberPlace>): boolean {
  return before !== undefined && after !== undefined && typeText(before) === typeText(after);
}

function changeText<T>(
  { name, before, after }: Change<T> & { readonly name: string },
  one: (value: T) => string,
  both: (before: T, after: T) => string,
): string {
  if (before === undefined) return `+ ${name}: ${one(after as T)}`;
  return after === undefined ? `- ${name}: ${one(before)}` : `~ ${name}: ${both(before, after)}`;
}

function memberText(place: MemberPlace): string {
  return `${typeText(place)} at ${placeText(place)}`;
}

function memberChange(before: MemberPlace, after: MemberPlace): string {
  const moved = placeText(before) === placeText(after) ? "" : `at ${placeText(before)} -> ${placeText(after)}`;
  const types = typeText(before) === typeText(after) ? "" : `${typeText(before)} -> ${typeText(after)}`;
  return [types, moved].filter((text) => text !== "").join(", ");
}

function typeText({ type, bitSize }: MemberPlace): string {
  return bitSize === 0 ? type : `${type}:${bitSize}`;
}

function differenceJson({ kind, name, change, size, members, values, declaration }: BtfDifference): JsonValue {
  const listed = <T>(
    changes: readonly (Change<T> & { readonly name: string })[] | undefined,
    json: (value: T) => JsonValue,
  ): JsonValue | undefined => {
    if (changes === undefined || changes.length === 0) return undefined;
    return changes.map((one) => ({ name: one.name, ...changeJson(one, json) }));
  };
  return {
    kind,
    name,
    change,
    size: size && changeJson(size, (value) => value),
    declaration: declaration && changeJson(declaration, (value) => value),
    members: listed(members, placeJson),
    values: listed(values, (value) => value),
  };
}

function changeJson<T>(
  { before, after }: Change<T>,
  json: (value: T) => JsonValue,
): { before: JsonValue | undefined; after: JsonValue | undefined } {
  return {
    before: before === undefined ? undefined : json(before),
    after: after === undefined ? undefined : json(after),
  };
}

function placeJson({ type, bitOffset, bitSize }: MemberPlace): JsonValue {
  return { type, bits_offset: bitOffset, bitfield_size: bitSize === 0 ? undefined : bitSize };
}
