import { Errno } from "../../errors/index.ts";
import { explainAccess, mapTraits, valueBytes } from "../../map/index.ts";
import {
  type MapInfo,
  mapDeleteElem,
  mapGetNextKey,
  mapLookupAndDeleteElem,
  mapLookupElem,
  mapLookupWithoutKey,
  mapUpdateElem,
  type OwnedFd,
  possibleCpus,
} from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { exitCodeOf } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { infoOf, takeMap, typesOf } from "../handle/map.ts";
import { type Answer, done } from "../output/answer.ts";
import { hexBlock, hexJson } from "../output/hex.ts";
import { Formatted } from "../output/json-writer.ts";
import { TextBuffer } from "../output/text-buffer.ts";
import { warnOf } from "../output/write.ts";
import { jsonStyle, plainStyle, typedStyle } from "./element-formats.ts";
import { type ElementStyle, withView, writeElement } from "./element-parts.ts";
import { takeElement } from "./element-words.ts";

/** Returns the error for a failed system call. As in bpftool, the exit code is derived from the errno. */
function failed(what: string, error: unknown): unknown {
  return failedTo(what, error, { errnoExit: true });
}

const NOT_FOUND: number = exitCodeOf(Errno.ENOENT);

/** `bpfts map lookup MAP [key DATA]`, and `map peek MAP`. */
export const lookUpElement: Run = (words) => {
  words.need(2);
  using fd = takeMap(words, "read");
  const info = infoOf(fd.number);
  const { key } = takeElement(words, info);
  const value = newValue(info);
  try {
    const found = key.length === 0 ? mapLookupWithoutKey(fd.number, value) : mapLookupElem(fd.number, key, value);
    return found ? elementAnswer(info, key, value) : notFound(key);
  } catch (error) {
    throw failed("lookup failed", error);
  }
};

/** `bpfts map update MAP [key DATA] [value VALUE] [FLAGS]`, `map push` and `map enqueue`. */
export const updateElement: Run = (words, options) => {
  words.need(2);
  using fd = takeMap(words);
  const { key, value, flags, object } = takeElement(words, infoOf(fd.number), {
    withValue: true,
    warn: warnOf(options),
  });
  using _ = object;
  try {
    mapUpdateElem(fd.number, key, value ?? new Uint8Array(0), flags);
  } catch (error) {
    throw failed("update failed", explainAccess(error, fd.number, "write"));
  }
  return done;
};

/** `bpfts map delete MAP key DATA`. */
export const deleteElement: Run = (words) => {
  words.need(2);
  using fd = takeMap(words);
  const { key } = takeElement(words, infoOf(fd.number));
  try {
    if (mapDeleteElem(fd.number, key)) return done;
  } catch (error) {
    throw failed("delete failed", explainAccess(error, fd.number, "delete"));
  }
  throw noSuchElement("delete failed");
};

/** `bpfts map getnext MAP [key DATA]`. */
export const nextKey: Run = (words) => {
  words.need(2);
  using fd = takeMap(words, "read");
  const info = infoOf(fd.number);
  const key = words.left === 0 ? undefined : takeElement(words, info).key;
  const next = findNext(fd, info, key);
  return {
    text: () => [key === undefined ? "key: None\n" : `key:\n${hexBlock(key)}\n`, `next key:\n${hexBlock(next)}\n`],
    json: () => ({ key: key === undefined ? null : hexJson(key), next_key: hexJson(next) }),
  };
};

/** `bpfts map pop MAP` and `map dequeue MAP`. */
export const popElement: Run = (words) => {
  words.need(2);
  using fd = takeMap(words);
  words.end();
  const info = infoOf(fd.number);
  const value = newValue(info);
  try {
    const key = new Uint8Array(info.key_size);
    if (mapLookupAndDeleteElem(fd.number, key, value)) return elementAnswer(info, key, value);
  } catch (error) {
    throw failed("pop failed", explainAccess(error, fd.number, "take"));
  }
  return { text: () => ["Error: empty map\n"], json: () => null, exitCode: NOT_FOUND };
};

function newValue(info: MapInfo): Uint8Array {
  return new Uint8Array(valueBytes(mapTraits(info.type), info.value_size, possibleCpus));
}

function noSuchElement(what: string): unknown {
  return failed(what, Object.assign(new Error(what), { errno: Errno.ENOENT }));
}

function findNext(fd: OwnedFd, info: MapInfo, key: Uint8Array | undefined): Uint8Array {
  const next = new Uint8Array(info.key_size);
  try {
    if (mapGetNextKey(fd.number, key, next)) return next;
  } catch (error) {
    throw failed("can't get next key", error);
  }
  throw noSuchElement("can't get next key");
}

/** Shows an element as `map lookup` does. */
function elementAnswer(info: MapInfo, key: Uint8Array, value: Uint8Array): Answer {
  const types = typesOf(info);
  const elements = { keys: withView(key), values: withView(value) };
  const write = (style: ElementStyle, end: string): string => {
    const out = new TextBuffer();
    writeElement(out, style, elements, 0, 0);
    return Buffer.from(out.take()).toString() + end;
  };
  return {
    text: () => [types === undefined ? write(plainStyle(info), "") : write(typedStyle(info, types, "\n"), "\n")],
    json: () => new Formatted((eol) => write(jsonStyle(info, types, eol), "")),
  };
}

function notFound(key: Uint8Array): Answer {
  return { text: () => [`key:\n${hexBlock(key)}\n\nNot found\n`], json: () => null, exitCode: NOT_FOUND };
}
