import { BpfProgInfo } from "../../uapi/index.ts";
import { type Arena, beginCall, placeRoom, type Room } from "../arena.ts";
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

/** Maps of a program that are read with the first question, so that most programs need no second one. */
const FIRST_MAP_IDS = 64;

/** What the kernel says about a program, with the arrays that `request` names. */
export function progInfo(fd: number, request: ProgInfoRequest = {}): ProgInfo {
  const arena = beginCall();
  const room = placeInfo(BpfProgInfo.size);
  const firstIds = request.mapIds === true ? placeRoom(FIRST_MAP_IDS * 4) : undefined;
  if (firstIds !== undefined) {
    BpfProgInfo.fill(room.view, 0, { map_ids: firstIds.address, nr_map_ids: FIRST_MAP_IDS });
  }
  const length = readInfo(arena, fd, room);
  const info = record(room, length);
  const mapIds = firstIds !== undefined && info.nr_map_ids <= FIRST_MAP_IDS ? firstIds : undefined;
  const wanted = ARRAYS.filter(
    ({ request: name, pointer }) => request[name] === true && !(pointer === "map_ids" && mapIds),
  );
  if (mapIds !== undefined) Object.assign(info, { map_ids: u32s(mapIds.bytes.subarray(0, info.nr_map_ids * 4)) });
  return wanted.length === 0 ? info : withArrays(arena, fd, room, info, wanted);
}

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
    const info = record(room, readInfo(arena, fd, room));
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

function record(room: InfoRoom, length: number): ProgInfo {
  const info = BpfProgInfo.partial(room.view, length);
  return {
    type: info.type ?? 0,
    id: info.id ?? 0,
    tag: info.tag?.slice() ?? new Uint8Array(8),
    jited_prog_len: info.jited_prog_len ?? 0,
    xlated_prog_len: info.xlated_prog_len ?? 0,
    load_time: info.load_time ?? 0n,
    created_by_uid: info.created_by_uid ?? 0,
    nr_map_ids: info.nr_map_ids ?? 0,
    name: info.name ?? "",
    ifindex: info.ifindex ?? 0,
    gpl_compatible: ((info.gpl_compatible ?? 0) & 1) === 1,
    netns_dev: info.netns_dev ?? 0n,
    netns_ino: info.netns_ino ?? 0n,
    nr_jited_ksyms: info.nr_jited_ksyms ?? 0,
    nr_jited_func_lens: info.nr_jited_func_lens ?? 0,
    btf_id: info.btf_id ?? 0,
    func_info_rec_size: info.func_info_rec_size ?? 0,
    nr_func_info: info.nr_func_info ?? 0,
    nr_line_info: info.nr_line_info ?? 0,
    nr_jited_line_info: info.nr_jited_line_info ?? 0,
    line_info_rec_size: info.line_info_rec_size ?? 0,
    jited_line_info_rec_size: info.jited_line_info_rec_size ?? 0,
    nr_prog_tags: info.nr_prog_tags ?? 0,
    run_time_ns: info.run_time_ns,
    run_cnt: info.run_cnt,
    recursion_misses: info.recursion_misses,
    verified_insns: info.verified_insns,
    attach_btf_obj_id: info.attach_btf_obj_id,
    attach_btf_id: info.attach_btf_id,
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
