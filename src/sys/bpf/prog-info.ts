import { BPF_OBJ_NAME_LEN, BpfProgInfo } from "../../uapi/index.ts";
import { type Arena, beginCall, placeRoom, placeSpace, type Room } from "../arena.ts";
import { type InfoRoom, placeInfo, readInfo } from "./get-info.ts";

/** `struct bpf_prog_info` by the kernel's names; undefined is what this kernel is too old to know, or was not asked for. */
export interface ProgInfo {
  readonly type: number;
  readonly id: number;
  /** Eight bytes of a hash of the instructions. */
  readonly tag: Uint8Array;
  /** Bytes of machine code; 0 where the kernel hides it. */
  readonly jited_prog_len: number;
  readonly xlated_prog_len: number;
  /** Nanoseconds since boot. */
  readonly load_time: bigint;
  readonly created_by_uid: number;
  readonly nr_map_ids: number;
  readonly name: string;
  readonly ifindex: number;
  readonly gpl_compatible: boolean;
  readonly netns_dev: bigint;
  readonly netns_ino: bigint;
  readonly nr_jited_ksyms: number;
  readonly nr_jited_func_lens: number;
  readonly btf_id: number;
  readonly func_info_rec_size: number;
  readonly nr_func_info: number;
  readonly nr_line_info: number;
  readonly nr_jited_line_info: number;
  readonly line_info_rec_size: number;
  readonly jited_line_info_rec_size: number;
  readonly nr_prog_tags: number;
  readonly run_time_ns: bigint | undefined;
  readonly run_cnt: bigint | undefined;
  /** 5.12. */
  readonly recursion_misses: bigint | undefined;
  /** 5.16. */
  readonly verified_insns: number | undefined;
  /** The BTF that `attach_btf_id` counts in (6.0). */
  readonly attach_btf_obj_id: number | undefined;
  readonly attach_btf_id: number | undefined;
  // What ProgInfoRequest asks for:
  readonly map_ids?: number[] | undefined;
  /** Instructions as the verifier left them; undefined where the kernel hides them. */
  readonly xlated_prog_insns?: Uint8Array | undefined;
  readonly jited_prog_insns?: Uint8Array | undefined;
  readonly jited_ksyms?: bigint[] | undefined;
  readonly jited_func_lens?: number[] | undefined;
  readonly func_info?: Uint8Array | undefined;
  readonly line_info?: Uint8Array | undefined;
  readonly jited_line_info?: bigint[] | undefined;
  readonly prog_tags?: Uint8Array[] | undefined;
}

/** Which arrays to fetch with a program's info. */
export interface ProgInfoRequest {
  readonly mapIds?: boolean | undefined;
  readonly xlated?: boolean | undefined;
  readonly jited?: boolean | undefined;
  readonly jitedKsyms?: boolean | undefined;
  readonly jitedFuncLens?: boolean | undefined;
  readonly funcInfo?: boolean | undefined;
  readonly lineInfo?: boolean | undefined;
  readonly jitedLineInfo?: boolean | undefined;
  readonly progTags?: boolean | undefined;
}

type Pointer =
  | "map_ids"
  | "xlated_prog_insns"
  | "jited_prog_insns"
  | "jited_ksyms"
  | "jited_func_lens"
  | "func_info"
  | "line_info"
  | "jited_line_info"
  | "prog_tags";
type Field = keyof typeof BpfProgInfo.offsets;

interface ArrayField {
  readonly request: keyof ProgInfoRequest;
  readonly pointer: Pointer;
  /** The field with the number of elements. */
  readonly count: Field;
  /** Bytes of an element, or the field that says them. */
  readonly size: number | Field;
  readonly decode: (bytes: Uint8Array, size: number) => unknown;
}

const ARRAYS: readonly ArrayField[] = [
  { request: "mapIds", pointer: "map_ids", count: "nr_map_ids", size: 4, decode: u32s },
  { request: "xlated", pointer: "xlated_prog_insns", count: "xlated_prog_len", size: 1, decode: copy },
  { request: "jited", pointer: "jited_prog_insns", count: "jited_prog_len", size: 1, decode: copy },
  { request: "jitedKsyms", pointer: "jited_ksyms", count: "nr_jited_ksyms", size: 8, decode: u64s },
  { request: "jitedFuncLens", pointer: "jited_func_lens", count: "nr_jited_func_lens", size: 4, decode: u32s },
  { request: "funcInfo", pointer: "func_info", count: "nr_func_info", size: "func_info_rec_size", decode: copy },
  { request: "lineInfo", pointer: "line_info", count: "nr_line_info", size: "line_info_rec_size", decode: copy },
  {
    request: "jitedLineInfo",
    pointer: "jited_line_info",
    count: "nr_jited_line_info",
    size: "jited_line_info_rec_size",
    decode: u64s,
  },
  { request: "progTags", pointer: "prog_tags", count: "nr_prog_tags", size: 8, decode: pieces },
];

const at = BpfProgInfo.offsets;
const readName = BpfProgInfo.fields.name.read;

/** Maps of a program that are read with the first question, so that most programs need no second one. */
const FIRST_MAP_IDS = 64;

/** What the kernel says about a program, with the arrays that `request` names. */
export function progInfo(fd: number, request: ProgInfoRequest = {}): ProgInfo {
  const arena = beginCall();
  const info = firstInfo(arena, fd, request.mapIds === true);
  const wanted = ARRAYS.filter(
    ({ request: name, pointer }) => request[name] === true && !(pointer === "map_ids" && info.map_ids !== undefined),
  );
  return wanted.length === 0 ? info : withArrays(arena, fd, placeInfo(BpfProgInfo.size), info, wanted);
}

/** The info, and the ids of the maps if there are not many of them. All that most programs need, and nothing wasted. */
function firstInfo(arena: Arena, fd: number, withMapIds: boolean): ProgInfo {
  const { view, base } = arena;
  const infoAt = placeSpace(BpfProgInfo.size);
  arena.bytes.fill(0, infoAt, infoAt + BpfProgInfo.size);
  const idsAt = withMapIds ? placeSpace(FIRST_MAP_IDS * 4) : 0;
  if (withMapIds) {
    view.setUint32(infoAt + at.nr_map_ids, FIRST_MAP_IDS, true);
    setAddress(view, infoAt + at.map_ids, base + idsAt);
  }
  const length = readInfo(arena, fd, { address: base + infoAt, view, size: BpfProgInfo.size });
  const info: Mutable<ProgInfo> = record(arena, infoAt, length);
  if (withMapIds && info.nr_map_ids <= FIRST_MAP_IDS) {
    const ids: number[] = [];
    for (let i = 0; i < info.nr_map_ids; i++) ids.push(view.getUint32(idsAt + i * 4, true));
    info.map_ids = ids;
  }
  return info;
}

function setAddress(view: DataView, at: number, address: number): void {
  view.setUint32(at, address % 0x100000000, true);
  view.setUint32(at + 4, Math.floor(address / 0x100000000), true);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Asks again with room for the arrays; a third time where one grew meanwhile. */
function withArrays(
  arena: Arena,
  fd: number,
  room: InfoRoom,
  first: ProgInfo,
  wanted: readonly ArrayField[],
): ProgInfo {
  let known = first;
  for (;;) {
    const rooms = new Map<ArrayField, Room>();
    const { view } = room;
    const sizes = known as unknown as Readonly<Record<string, number>>;
    for (let i = 0; i < room.size; i++) view.setUint8(i, 0);
    for (const array of wanted) {
      const count = sizes[array.count] ?? 0;
      const size = sizeOf(array, sizes);
      if (count === 0 || size === 0) continue;
      const place = placeRoom(count * size);
      rooms.set(array, place);
      BpfProgInfo.fill(view, 0, {
        [array.pointer]: place.address,
        [array.count]: count,
        ...(typeof array.size === "string" ? { [array.size]: size } : {}),
      });
    }
    const info = record(arena, room.address - arena.base, readInfo(arena, fd, room));
    const counts = info as unknown as Readonly<Record<string, number>>;
    const grown = wanted.some((array) => (counts[array.count] ?? 0) > (sizes[array.count] ?? 0));
    if (grown) {
      known = info;
      continue;
    }
    const shown = BpfProgInfo.view(view);
    const arrays: Record<string, unknown> = { map_ids: first.map_ids };
    for (const array of wanted) {
      const place = rooms.get(array);
      // Where the reader may not see addresses the kernel clears the pointer instead of filling the room.
      if (place !== undefined && shown[array.pointer] === 0) continue;
      const size = sizeOf(array, counts);
      const bytes = place?.bytes.subarray(0, (counts[array.count] ?? 0) * size) ?? new Uint8Array(0);
      arrays[array.pointer] = array.decode(bytes, size);
    }
    return Object.assign(info, arrays);
  }
}

function sizeOf(array: ArrayField, sizes: Readonly<Record<string, number>>): number {
  return typeof array.size === "number" ? array.size : (sizes[array.size] ?? 0);
}

/** Field by field, without the views of the layout: a listing does this for every program. */
function record({ view, bytes }: Arena, start: number, length: number): ProgInfo {
  const end = start + length;
  const known32 = (offset: number): number | undefined =>
    start + offset + 4 <= end ? view.getUint32(start + offset, true) : undefined;
  const known64 = (offset: number): bigint | undefined =>
    start + offset + 8 <= end ? view.getBigUint64(start + offset, true) : undefined;
  const u32 = (offset: number): number => known32(offset) ?? 0;
  const u64 = (offset: number): bigint => known64(offset) ?? 0n;
  return {
    type: u32(at.type),
    id: u32(at.id),
    tag: bytes.slice(start + at.tag, start + at.tag + 8),
    jited_prog_len: u32(at.jited_prog_len),
    xlated_prog_len: u32(at.xlated_prog_len),
    load_time: u64(at.load_time),
    created_by_uid: u32(at.created_by_uid),
    nr_map_ids: u32(at.nr_map_ids),
    name: at.name + BPF_OBJ_NAME_LEN <= length ? readName(view, start + at.name) : "",
    ifindex: u32(at.ifindex),
    gpl_compatible: (u32(at.gpl_compatible) & 1) === 1,
    netns_dev: u64(at.netns_dev),
    netns_ino: u64(at.netns_ino),
    nr_jited_ksyms: u32(at.nr_jited_ksyms),
    nr_jited_func_lens: u32(at.nr_jited_func_lens),
    btf_id: u32(at.btf_id),
    func_info_rec_size: u32(at.func_info_rec_size),
    nr_func_info: u32(at.nr_func_info),
    nr_line_info: u32(at.nr_line_info),
    nr_jited_line_info: u32(at.nr_jited_line_info),
    line_info_rec_size: u32(at.line_info_rec_size),
    jited_line_info_rec_size: u32(at.jited_line_info_rec_size),
    nr_prog_tags: u32(at.nr_prog_tags),
    run_time_ns: known64(at.run_time_ns),
    run_cnt: known64(at.run_cnt),
    recursion_misses: known64(at.recursion_misses),
    verified_insns: known32(at.verified_insns),
    attach_btf_obj_id: known32(at.attach_btf_obj_id),
    attach_btf_id: known32(at.attach_btf_id),
  };
}

function copy(bytes: Uint8Array): Uint8Array {
  return bytes.slice();
}

function u32s(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}

function u64s(bytes: Uint8Array, size = 8): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: size === 0 ? 0 : bytes.length / size }, (_, i) => view.getBigUint64(i * size, true));
}

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}
