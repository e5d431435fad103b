import { encodeText, type TextPart } from "../../btf/index.ts";
import { mapTraits, valueBytes } from "../../map/index.ts";
import { type MapInfo, type OwnedFd, possibleCpus } from "../../sys/index.ts";
import { BpfElemFlag, BpfMapType } from "../../uapi/index.ts";
import { CommandError } from "../failure/command-error.ts";
import { takeMap, typesOf } from "../handle/map.ts";
import { takeProgram } from "../handle/program.ts";
import type { Warn } from "../output/write.ts";
import { begins, readNumber, type Words } from "../words/words.ts";

/** An element that the user described on the command line. */
export interface ElementWords {
  /** The key; empty for a map without keys. */
  readonly key: Uint8Array;
  /**
   * The value in the form that a system call takes: for a per-CPU map, one copy for each CPU. Undefined if the command
   * takes no value.
   */
  readonly value: Uint8Array | undefined;
  /** BPF_ANY, BPF_NOEXIST or BPF_EXIST. */
  readonly flags: bigint;
  /** In a map of maps or programs: the map or program whose fd is the value. The caller closes it. */
  readonly object: OwnedFd | undefined;
}

const FLAGS: readonly (readonly [word: string, flags: bigint])[] = [
  ["any", BpfElemFlag.BPF_ANY],
  ["noexist", BpfElemFlag.BPF_NOEXIST],
  ["exist", BpfElemFlag.BPF_EXIST],
];
const KEPT_OPEN =
  "Warning: updating program array via MAP_ID, make sure this map is kept open\n" +
  "         by some process or pinned otherwise update will be lost\n";

/**
 * Takes `key DATA`, and with `withValue` also `value VALUE` and flags, in any order, up to the end of the words. Throws
 * if the map has a key or value and the user did not give it.
 */
export function takeElement(
  words: Words,
  info: MapInfo,
  { withValue = false, warn = () => {} }: { readonly withValue?: boolean; readonly warn?: Warn } = {},
): ElementWords {
  let key: Uint8Array | undefined;
  let value: Uint8Array | undefined;
  let flags: bigint | undefined;
  let object: OwnedFd | undefined;
  const wantsValue = withValue && info.value_size > 0;
  const typed = new TypedParts(info);
  try {
    while (words.left > 0) {
      if (typed.take(words)) continue;
      if (words.takeKeyword("key")) {
        if (info.key_size === 0) throw new CommandError("unnecessary key");
        if (key !== undefined) throw new CommandError("duplicate key");
        key = takeBytes(words, "key", info.key_size);
      } else if (words.takeKeyword("value")) {
        if (!wantsValue) throw new CommandError("unnecessary value");
        if (value !== undefined) throw new CommandError("duplicate value");
        if (mapTraits(info.type).value === "object") {
          object = takeObject(words, info, warn);
          value = fdValue(object);
        } else value = forAllCpus(info, takeBytes(words, "value", info.value_size));
      } else {
        const word = words.peek ?? "";
        const found = withValue ? FLAGS.find(([name]) => begins(word, name)) : undefined;
        if (found === undefined) {
          const names = ["key", ...(withValue ? ["value", ...FLAGS.map(([name]) => name)] : [])];
          throw new CommandError(`expected key or value, got: ${word}`, {
            typo: { word, names },
          });
        }
        if (flags !== undefined) throw new CommandError(`flags specified multiple times: ${word}`);
        words.take("flags");
        flags = found[1];
      }
    }
    if (typed.key.length > 0) {
      if (info.key_size === 0) throw new CommandError("unnecessary key");
      if (key !== undefined) throw new CommandError("duplicate key");
      key = typed.encode("key");
    }
    if (typed.value.length > 0) {
      if (!wantsValue) throw new CommandError("unnecessary value");
      if (value !== undefined) throw new CommandError("duplicate value");
      if (mapTraits(info.type).value === "object")
        throw new CommandError("the value must be a map or a program, such as 'id N'");
      value = forAllCpus(info, typed.encode("value"));
    }
    if (key === undefined && info.key_size > 0) throw new CommandError("did not find key");
    if (value === undefined && wantsValue) throw new CommandError("did not find value");
  } catch (error) {
    object?.close();
    throw error;
  }
  return { key: key ?? new Uint8Array(0), value, flags: flags ?? BpfElemFlag.BPF_ANY, object };
}

/** Matches `key.port=9`: `key` or `value`, an optional path to a member, and the text of the member. */
const ASSIGNMENT = /^(key|value)((?:[.[][^=]*)?)=(.*)$/s;

/**
 * A key and a value that the user gave by their BTF types, as JSON or member by member: `key '{"port":9}'` or
 * `key.port=9`.
 */
class TypedParts {
  readonly key: TextPart[] = [];
  readonly value: TextPart[] = [];
  readonly #info: MapInfo;

  constructor(info: MapInfo) {
    this.#info = info;
  }

  /**
   * Takes the next words if they give a key or value, or a member of one, by its type. Returns true if it took them.
   * bpftool rejects such words.
   */
  take(words: Words): boolean {
    const [, name, path = "", text = ""] = ASSIGNMENT.exec(words.peek ?? "") ?? [];
    if (name !== undefined) {
      words.take("a part");
      this[name as "key" | "value"].push({ path, text });
      return true;
    }
    const keyword = (["key", "value"] as const).find((one) => begins(words.peek ?? "", one));
    const next = words.second ?? "";
    if (keyword === undefined || !/^\s*[{["]/.test(next)) return false;
    words.takeKeyword(keyword);
    this[keyword].push({ path: "", text: words.take("a value") });
    return true;
  }

  /** Encodes the key or value by its BTF type. */
  encode(part: "key" | "value"): Uint8Array {
    const { name, id, key_size, value_size } = this.#info;
    const size = part === "key" ? key_size : value_size;
    const types = typesOf(this.#info);
    const type = part === "key" ? types?.keyTypeId : types?.valueTypeId;
    if (types === undefined || type === undefined || type === 0) {
      throw new CommandError(
        `map ${name || id} has no BTF type for its ${part}; write the ${size} bytes, for example: ${part} ${"0 ".repeat(Math.min(size, 4)).trim()}`,
      );
    }
    const bytes = encodeText(types.btf, type, this[part], { name: part });
    if (bytes.length === size) return bytes;
    throw new CommandError(
      `the BTF type of the ${part} has ${bytes.length} bytes, but the map's ${part} has ${size}; write the bytes`,
    );
  }
}

/** Takes `[hex] BYTE…`. There must be exactly `count` bytes. */
function takeBytes(words: Words, part: string, count: number): Uint8Array {
  const base16 = words.takeKeyword("hex");
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    if (words.left === 0) throw new CommandError(`${part} expected ${count} bytes got ${i}`);
    bytes[i] = parseByte(words.take("a byte"), base16);
  }
  return bytes;
}

function parseByte(text: string, base16: boolean): number {
  const value = base16 && /^[0-9a-fA-F]+$/.test(text) ? Number.parseInt(text, 16) : readNumber(text);
  if (value === undefined) throw new CommandError(`error parsing byte: ${text === "" ? "''" : text}`);
  if (value > 0xff) {
    throw new CommandError(
      `error parsing byte: ${text} is above 255; give a larger number byte by byte, the lowest byte first`,
    );
  }
  return value;
}

function forAllCpus(info: MapInfo, value: Uint8Array): Uint8Array {
  const traits = mapTraits(info.type);
  if (!traits.perCpu) return value;
  const all = new Uint8Array(valueBytes(traits, info.value_size, possibleCpus));
  const step = all.length / possibleCpus();
  for (let at = 0; at < all.length; at += step) all.set(value, at);
  return all;
}

/** Takes the value of a map of maps or programs: the handle of a map or a program. */
function takeObject(words: Words, { type, value_size }: MapInfo, warn: Warn): OwnedFd {
  const ofPrograms = type === BpfMapType.BPF_MAP_TYPE_PROG_ARRAY;
  const kind = ofPrograms ? "program" : "map";
  if (value_size !== 4)
    throw new CommandError(
      `a ${kind} can be a value only in a map with 4-byte values, but the values of this map have ${value_size} bytes`,
    );
  if (words.left < 2) throw new CommandError(`not enough value arguments: a ${kind} is needed, such as 'id N'`);
  if (ofPrograms && begins(words.peek ?? "", "id")) warn(KEPT_OPEN);
  return ofPrograms ? takeProgram(words) : takeMap(words);
}

/** Returns the fd of an object as bytes, the form in which the kernel takes an object as a value. */
function fdValue({ number }: OwnedFd): Uint8Array {
  const value = new Uint8Array(4);
  new DataView(value.buffer).setUint32(0, number, true);
  return value;
}
