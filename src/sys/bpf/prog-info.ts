import { type InfoRecord, infoReader } from "../../layout/index.ts";
import { BpfProgInfo } from "../../uapi/index.ts";
import { beginCall, type CallBuffer, placeRoom, placeSpace, type Room } from "../call-buffer.ts";
import { placeInfo, readInfo } from "./get-info.ts";

/** How to read the arrays to which `struct bpf_prog_info` points, by the name of the pointer. */
const ARRAYS = {
  map_ids: { count: "nr_map_ids", size: 4, decode: decodeU32s },
  /** The instructions as the verifier left them. */
  xlated_prog_insns: { count: "xlated_prog_len", size: 1, decode: copyBytes },
  jited_prog_insns: { count: "jited_prog_len", size: 1, decode: copyBytes },
  jited_ksyms: { count: "nr_jited_ksyms", size: 8, decode: decodeU64s },
  jited_func_lens: { count: "nr_jited_func_lens", size: 4, decode: decodeU32s },
  func_info: { count: "nr_func_info", size: "func_info_rec_size", decode: copyBytes },
  line_info: { count: "nr_line_info", size: "line_info_rec_size", decode: copyBytes },
  jited_line_info: { count: "nr_jited_line_info", size: "jited_line_info_rec_size", decode: decodeU64s },
  prog_tags: { count: "nr_prog_tags", size: 8, decode: splitBytes },
} as const;
type Arrays = typeof ARRAYS;
type ArrayName = keyof Arrays;

/**
 * `struct bpf_prog_info`, with the kernel's names. A field is undefined if the kernel is too old to have it. An array
 * is undefined if it was not requested, or if the kernel hides it (kernel.kptr_restrict, missing rights).
 */
export type ProgInfo = InfoRecord<typeof BpfProgInfo.fields> & {
  readonly [K in ArrayName]?: ReturnType<Arrays[K]["decode"]> | undefined;
};

/** Which arrays to fetch with a program's info. */
export type ProgInfoRequest = { readonly [K in ArrayName]?: boolean | undefined };

const readRecord = infoReader(BpfProgInfo);
const at = BpfProgInfo.offsets;

/**
 * The number of map ids for which the first call passes a buffer. Most programs have fewer maps and need no second
 * call.
 */
const FIRST_MAP_IDS = 64;

/** Reads the kernel's information about a program, with the arrays that `request` names. */
export function progInfo(fd: number, request: ProgInfoRequest = {}): ProgInfo {
  const callBuffer = beginCall();
  const info = firstInfo(callBuffer, fd, request.map_ids === true);
  const wanted = (Object.keys(ARRAYS) as ArrayName[]).filter(
    (name) => request[name] === true && !(name === "map_ids" && info.map_ids !== undefined),
  );
  return wanted.length === 0 ? info : infoWithArrays(callBuffer, fd, info, wanted);
}

/** Reads the info. Also reads the map ids, unless the program has more than {@link FIRST_MAP_IDS}. */
function firstInfo(callBuffer: CallBuffer, fd: number, withMapIds: boolean): ProgInfo {
  const { view, base } = callBuffer;
  const infoAt = placeSpace(BpfProgInfo.size);
  callBuffer.bytes.fill(0, infoAt, infoAt + BpfProgInfo.size);
  const idsAt = withMapIds ? placeSpace(FIRST_MAP_IDS * 4) : 0;
  if (withMapIds) {
    view.setUint32(infoAt + at.nr_map_ids, FIRST_MAP_IDS, true);
    BpfProgInfo.fields.map_ids.write(view, infoAt + at.map_ids, base + idsAt);
  }
  const length = readInfo(callBuffer, fd, { address: base + infoAt, view, size: BpfProgInfo.size });
  const info: Mutable<ProgInfo> = readRecord(view, length, infoAt);
  if (withMapIds && info.nr_map_ids <= FIRST_MAP_IDS) {
    const ids: number[] = [];
    for (let i = 0; i < info.nr_map_ids; i++) ids.push(view.getUint32(idsAt + i * 4, true));
    info.map_ids = ids;
  }
  return info;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Calls the kernel again, with buffers for the arrays. Repeats the call if an array has grown since the first call. */
function infoWithArrays(callBuffer: CallBuffer, fd: number, first: ProgInfo, wanted: readonly ArrayName[]): ProgInfo {
  const room = placeInfo(BpfProgInfo.size);
  for (let known = first; ; ) {
    const rooms = new Map<ArrayName, Room>();
    for (let i = 0; i < room.size; i++) room.view.setUint8(i, 0);
    for (const name of wanted) {
      const { count } = ARRAYS[name];
      const size = elementSize(name, known);
      if (known[count] === 0 || size === 0) continue;
      const place = placeRoom(known[count] * size);
      rooms.set(name, place);
      BpfProgInfo.fill(room.view, 0, { [name]: place.address, [count]: known[count], ...recordSize(name, size) });
    }
    const info = readRecord(room.view, readInfo(callBuffer, fd, room));
    const grew = wanted.some((name) => info[ARRAYS[name].count] > known[ARRAYS[name].count]);
    if (!grew) return { map_ids: first.map_ids, ...info, ...readArrays(room.view, info, wanted, rooms) };
    known = info;
  }
}

function readArrays(
  view: DataView,
  info: ProgInfo,
  wanted: readonly ArrayName[],
  rooms: ReadonlyMap<ArrayName, Room>,
): { readonly [name: string]: unknown } {
  const arrays: Record<string, unknown> = {};
  for (const name of wanted) {
    const place = rooms.get(name);
    // If this process may not see addresses, the kernel clears the pointer and does not fill the array.
    if (place !== undefined && BpfProgInfo.fields[name].read(view, at[name]) === 0) continue;
    const size = elementSize(name, info);
    const bytes = place?.bytes.subarray(0, info[ARRAYS[name].count] * size) ?? new Uint8Array(0);
    arrays[name] = ARRAYS[name].decode(bytes, size);
  }
  return arrays;
}

function elementSize(name: ArrayName, info: ProgInfo): number {
  const { size } = ARRAYS[name];
  return typeof size === "number" ? size : info[size];
}

/**
 * Returns the field with the size of a record. The kernel needs this field for arrays whose records may become longer
 * in newer versions.
 */
function recordSize(name: ArrayName, bytes: number): { readonly [field: string]: number } {
  const { size } = ARRAYS[name];
  return typeof size === "string" ? { [size]: bytes } : {};
}

/**
 * The fields of a program's info that listings of attached programs need. A field is 0 if the kernel is too old to have
 * it.
 */
export type ProgHead = Pick<ProgInfo, "type" | "id" | "name" | "btf_id" | "nr_func_info"> & {
  readonly attach_btf_obj_id: number;
  readonly attach_btf_id: number;
};

/** Reads only a few fields of a program's info, which is cheaper than {@link progInfo}. */
export function progHead(fd: number): ProgHead {
  const callBuffer = beginCall();
  const room = placeInfo(BpfProgInfo.size);
  readInfo(callBuffer, fd, room);
  const { view } = room;
  return {
    type: view.getUint32(at.type, true),
    id: view.getUint32(at.id, true),
    name: BpfProgInfo.fields.name.read(view, at.name),
    btf_id: view.getUint32(at.btf_id, true),
    nr_func_info: view.getUint32(at.nr_func_info, true),
    attach_btf_obj_id: view.getUint32(at.attach_btf_obj_id, true),
    attach_btf_id: view.getUint32(at.attach_btf_id, true),
  };
}

function copyBytes(bytes: Uint8Array, _size: number): Uint8Array {
  return bytes.slice();
}

function decodeU32s(bytes: Uint8Array, _size: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}

function decodeU64s(bytes: Uint8Array, size: number): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: size === 0 ? 0 : bytes.length / size }, (_, i) => view.getBigUint64(i * size, true));
}

function splitBytes(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}
