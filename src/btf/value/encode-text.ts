import { UsageError } from "../../errors/index.ts";
import type { Btf } from "../btf.ts";
import { formatType } from "../c-declaration.ts";
import type { TypeId } from "../types.ts";
import { readLooseJson } from "./loose-json.ts";
import { noMember, type Shape, shapeOf } from "./shape.ts";
import { compileWriter } from "./writer.ts";

/**
 * A part of a value that a person wrote: `ports[1]=443` has the path `ports[1]` and the text `443`. The empty path means
 * the whole value.
 */
export interface TextPart {
  readonly path: string;
  readonly text: string;
}

/**
 * Encodes a value that a person wrote as the bytes of a type. Each text is a number (decimal or `0x1f`), `true` or
 * `false`, the name of an enumerator, a text for an array of characters, or JSON. Members without a part become zero.
 * `name` is the value's name in errors. Throws UsageError, which names the wrong member and similar members.
 */
export function encodeText(
  btf: Btf,
  id: TypeId,
  parts: readonly TextPart[],
  { name = "value" }: { readonly name?: string } = {},
): Uint8Array {
  const root: Container = { "": undefined };
  const seen = new Set<string>();
  for (const { path, text } of parts) {
    if (seen.has(path)) throw new UsageError(`${name}${path}: this part of the value is given twice`);
    seen.add(path);
    const target = placeOf(btf, { shape: shapeOf(btf, id), container: root, key: "" }, path, name);
    target.container[target.key] = parseText(text, target.shape, name + path);
  }
  const bytes = new Uint8Array(btf.sizeOf(id));
  compileWriter(btf, id, { name })(new DataView(bytes.buffer), 0, root[""]);
  return bytes;
}

type Container = Record<string | number, unknown>;

/** Where a value is stored: in which object or array, under which key. */
interface Place {
  readonly shape: Shape;
  readonly container: Container;
  readonly key: string | number;
}

/** A step of a path, `.member` or `[index]`. */
const STEP = /\.([^.[\]]+)|\[(0x[0-9a-fA-F]+|[0-9]+)\]/y;

/** Follows a path through the members of a type. Creates the objects and arrays on the way. */
function placeOf(btf: Btf, root: Place, path: string, name: string): Place {
  let place = root;
  for (let at = 0; at < path.length; at = STEP.lastIndex) {
    STEP.lastIndex = at;
    const [, member, index] = STEP.exec(path) ?? [];
    if (member === undefined && index === undefined) {
      throw new UsageError(`${name}${path}: expected '.member' or '[index]' at '${path.slice(at)}'`);
    }
    const sofar = `${name}${path.slice(0, at)}`;
    place = member === undefined ? elementOf(btf, place, Number(index), sofar) : memberOf(btf, place, member, sofar);
  }
  return place;
}

function memberOf(btf: Btf, { shape, container, key }: Place, member: string, sofar: string): Place {
  if (shape.kind !== "struct") {
    throw new UsageError(`${sofar}: ${formatType(btf, shape.type)} has no members, so there is no '.${member}'`);
  }
  const found = shape.members.find((one) => one.name === member);
  if (found === undefined) throw new UsageError(`${sofar}: ${noMember(btf, shape, member)}`);
  const inner = container[key];
  const members: Container = isContainer(inner) ? inner : Object.create(null);
  container[key] = members;
  return { shape: found.shape, container: members, key: member };
}

function elementOf(btf: Btf, { shape, container, key }: Place, index: number, sofar: string): Place {
  if (shape.kind !== "array") {
    throw new UsageError(`${sofar}: ${formatType(btf, shape.type)} has no elements, so there is no [${index}]`);
  }
  if (index >= shape.length) {
    throw new UsageError(
      `${sofar}: ${formatType(btf, shape.type)} has no element ${index}; the last is ${shape.length - 1}`,
    );
  }
  const inner = container[key];
  const elements: unknown[] = Array.isArray(inner) ? inner : [];
  while (elements.length <= index) elements.push(zeroOf(shape.element));
  container[key] = elements;
  return { shape: shape.element, container: elements as unknown as Container, key: index };
}

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns a value whose bytes are zero. */
function zeroOf({ kind }: Shape): unknown {
  if (kind === "struct") return {};
  if (kind === "array") return [];
  if (kind === "text" || kind === "bytes") return new Uint8Array(0);
  return 0;
}

/** Returns the value of a text for a type. The writer checks whether it fits. */
function parseText(text: string, shape: Shape, name: string): unknown {
  const trimmed = text.trim();
  if (shape.kind === "text" && !/^["[]/.test(trimmed)) return text;
  return withBytes(readLooseJson(trimmed, name), shape);
}

/** Turns the numbers that were written for an array of characters or bytes into bytes. */
function withBytes(value: unknown, shape: Shape): unknown {
  if (Array.isArray(value)) {
    if (shape.kind === "array") return value.map((one) => withBytes(one, shape.element));
    const isBytes = shape.kind === "text" || shape.kind === "bytes";
    return isBytes && value.every(isByte) ? Uint8Array.from(value) : value;
  }
  if (shape.kind === "struct" && isContainer(value)) {
    for (const { name, shape: inner } of shape.members) {
      if (Object.hasOwn(value, name)) value[name] = withBytes(value[name], inner);
    }
  }
  return value;
}

function isByte(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255;
}
