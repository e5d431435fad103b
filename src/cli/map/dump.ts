import { Errno, errnoText } from "../../errors/index.ts";
import { describeMap, type MapDescription } from "../../inventory/index.ts";
import { withArticle } from "../../layout/index.ts";
import { chunksOf, hasKeyList, type MapTypes, mapTraits, valueBytes } from "../../map/index.ts";
import { type MapInfo, type OwnedFd, possibleCpus } from "../../sys/index.ts";
import { BpfMapType, mapTypeName } from "../../uapi/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { infoOf, takeMaps, typesOf } from "../handle/map.ts";
import type { Answer } from "../output/answer.ts";
import { hexBlock, hexJson } from "../output/hex.ts";
import { Formatted, formatNested } from "../output/json-writer.ts";
import { TextBuffer } from "../output/text-buffer.ts";
import { type Warn, warnOf } from "../output/write.ts";
import { jsonStyle, plainStyle, typedStyle } from "./element-formats.ts";
import { type Elements, withView, writeElement } from "./element-parts.ts";
import { headerJson, headerText } from "./render.ts";

/**
 * Some elements of a map. `errnos` has one errno for each element: 0 if its value was read. Undefined if all values
 * were read.
 */
interface DumpedChunk extends Elements {
  readonly count: number;
  readonly errnos: Int32Array | undefined;
}

/** A map with all its elements. */
interface DumpedMap {
  readonly info: MapInfo;
  readonly description: MapDescription;
  readonly types: MapTypes | undefined;
  readonly chunks: readonly DumpedChunk[];
}

/** `bpfts map dump MAP`. */
export const dumpMaps: Run = (words, options) => {
  const fds = takeMaps(words, "read");
  try {
    words.end();
    const maps = fds.map(readMap);
    warnOfUnreadable(maps, warnOf(options));
    return answerOf(maps);
  } finally {
    for (const fd of fds) fd.close();
  }
};

function readMap(fd: OwnedFd): DumpedMap {
  const info = infoOf(fd.number);
  checkKeyList(info);
  const traits = mapTraits(info.type);
  const bytes = valueBytes(traits, info.value_size, possibleCpus);
  const walked = {
    what: `map ${info.id}`,
    fd: fd.number,
    type: info.type,
    keySize: info.key_size,
    maxEntries: info.max_entries,
    traits,
    valueBytes: bytes,
  };
  const chunks: DumpedChunk[] = [];
  try {
    for (const { count, keys, values, errnos } of chunksOf(walked)) {
      const [k, v] = [keys.bytes.slice(0, count * info.key_size), values.bytes.slice(0, count * bytes)];
      chunks.push({ count, keys: withView(k), values: withView(v), errnos: errnos?.slice(0, count) });
    }
  } catch (error) {
    throw failedTo(`can't dump map ${info.id}`, error);
  }
  return { info, description: describeMap(fd.number), types: typesOf(info), chunks };
}

const OPEN = 0x5b;
const COMMA = 0x2c;

/**
 * For map types whose keys cannot be listed: the end of the error message, which says what to do instead of `map dump`.
 */
const INSTEAD: Readonly<Record<string, string>> = {
  queue: "'bpfts map peek' shows the next value",
  stack: "'bpfts map peek' shows the next value",
  bloom_filter: "'bpfts map lookup' tells whether it may contain a value",
  arena: "an arena is memory without elements",
};

/** Throws for a map whose keys cannot be listed. bpftool prints "0 elements" for such a map. */
function checkKeyList({ id, type }: MapInfo): void {
  if (hasKeyList(mapTraits(type))) return;
  const name = mapTypeName(type) ?? String(type);
  const instead =
    INSTEAD[name] ??
    (name.includes("ring")
      ? "it passes records to a reader and keeps no elements"
      : "an iterator program can list its elements");
  throw new CommandError(`can't dump map ${id}: the elements of ${withArticle(name)} map cannot be listed; ${instead}`);
}

function answerOf(maps: readonly DumpedMap[]): Answer {
  // As in bpftool, elements are decoded by their types only if all of the maps have types.
  const typed = maps.every(({ types }) => types !== undefined);
  const jsonPieces = (pretty: boolean): Iterable<Uint8Array> => jsonOf(maps, pretty ? "\n" : undefined, false);
  return {
    text: () => (typed ? typedText(maps) : plainText(maps)),
    json: () => new Formatted((eol) => Buffer.concat([...jsonOf(maps, eol, false)]).toString()),
    jsonPieces,
  };
}

function warnOfUnreadable(maps: readonly DumpedMap[], warn: Warn): void {
  const isUnreadable = ({ info }: DumpedMap): boolean =>
    info.type === BpfMapType.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY && info.value_size !== 8;
  if (maps.some(isUnreadable)) {
    warn("Warning: cannot read values from reuseport_sockarray map with value_size != 8\n");
  }
}

function* typedText(maps: readonly DumpedMap[]): Generator<string | Uint8Array> {
  yield* jsonOf(maps, "\n", true);
  yield "\n";
}

/** Yields the JSON of the maps. With `plain`, yields the text that bpftool prints for maps with types. */
function* jsonOf(maps: readonly DumpedMap[], eol: string | undefined, plain: boolean): Generator<Uint8Array> {
  const out = new TextBuffer();
  if (maps.length === 1) yield* jsonElements(out, maps[0] as DumpedMap, eol, plain);
  else {
    const inner = eol === undefined ? undefined : `${eol}    `;
    let separator = "[";
    for (const map of maps) {
      const header = formatNested(headerJson(map.description), inner);
      // Omit the closing brace, because the elements follow as another member of the object.
      const open = header.slice(0, header.length - 1 - (inner?.length ?? 0));
      const member = inner === undefined ? '"elements":' : `${inner}    "elements": `;
      out.add(`${separator}${open},${member}`);
      yield* jsonElements(out, map, inner === undefined ? undefined : `${inner}    `, plain);
      out.add(`${inner ?? ""}}`);
      separator = ",";
    }
    out.add(`${eol ?? ""}]`);
  }
  yield out.take();
}

function* jsonElements(
  out: TextBuffer,
  { info, types, chunks }: DumpedMap,
  eol: string | undefined,
  plain: boolean,
): Generator<Uint8Array> {
  const inner = eol === undefined ? undefined : `${eol}    `;
  const style =
    plain && types !== undefined && inner !== undefined
      ? typedStyle(info, types, inner)
      : jsonStyle(info, types, inner);
  let separator = OPEN;
  for (const chunk of chunks) {
    for (let i = 0; i < chunk.count; i++) {
      const errno = chunk.errnos?.[i] ?? 0;
      if (errno !== 0 && isEmptySlot(info, errno)) continue;
      out.addAscii(separator);
      separator = COMMA;
      if (errno === 0) writeElement(out, style, chunk, info.key_size * i, valueAt(chunk, i));
      else out.add(unreadJson(keyOf(chunk, info, i), errno, inner));
      if (out.full) yield out.take();
    }
  }
  out.add(separator === OPEN ? "[]" : `${eol ?? ""}]`);
}

function* plainText(maps: readonly DumpedMap[]): Generator<string | Uint8Array> {
  for (const [index, { info, description, chunks }] of maps.entries()) {
    if (index > 0) yield "\n";
    if (maps.length > 1) yield headerText(description);
    const style = plainStyle(info);
    const out = new TextBuffer();
    let found = 0;
    for (const chunk of chunks) {
      for (let i = 0; i < chunk.count; i++) {
        const errno = chunk.errnos?.[i] ?? 0;
        if (errno === 0) {
          writeElement(out, style, chunk, info.key_size * i, valueAt(chunk, i));
          found++;
        } else if (!isEmptySlot(info, errno)) out.add(unreadText(keyOf(chunk, info, i), info, errno));
        if (out.full) yield out.take();
      }
    }
    out.add(`Found ${found} element${found === 1 ? "" : "s"}\n`);
    yield out.take();
  }
}

function valueAt({ values, count }: DumpedChunk, index: number): number {
  return (values.bytes.length / count) * index;
}

function keyOf({ keys }: DumpedChunk, { key_size }: MapInfo, index: number): Uint8Array {
  return keys.bytes.subarray(key_size * index, key_size * (index + 1));
}

/** Returns true for a slot that contains no map or program. Such a slot is not listed. */
function isEmptySlot({ type }: MapInfo, errno: number): boolean {
  const ofObjects = mapTraits(type).value === "object";
  return errno === Errno.ENOENT && ofObjects;
}

/** Returns the C library's text for an errno. It has none for ENOTSUPP. */
function unreadReason(errno: number): string {
  return errno === Errno.ENOTSUPP ? `Unknown error ${errno}` : errnoText(errno);
}

function unreadJson(key: Uint8Array, errno: number, eol: string | undefined): string {
  return formatNested({ key: hexJson(key), value: { error: unreadReason(errno) } }, eol);
}

function unreadText(key: Uint8Array, { type, key_size }: MapInfo, errno: number): string {
  let message = unreadReason(errno);
  if (errno === Errno.ENOENT) message = "<no entry>";
  else if (errno === Errno.ENOSPC && type === BpfMapType.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY) message = "<cannot read>";
  const broken = key_size > 16 || message.length > 16;
  const gap = broken ? "\n" : " ";
  return `key:${gap}${hexBlock(key)}${key_size + message.length <= 24 && !broken ? "  " : "\n"}value:${gap}${message}\n`;
}
