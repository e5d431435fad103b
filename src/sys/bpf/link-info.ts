import {
  decodeText,
  type Fields,
  type FieldsOf,
  type InfoRecord,
  infoReader,
  type Newer,
  type Pointer,
  type Struct,
  type Type,
  type ValueOf,
} from "../../layout/index.ts";
import {
  BPF_LINK_INFO_ARM as ARM,
  type ArrayField,
  BPF_LINK_INFO_SIZE,
  BpfLinkInfo,
  BpfPerfEventType,
  constantNames,
  ITER_INFO,
  type LengthField,
  LINK_INFO,
  type LinkKind,
  linkTypeName,
  PERF_EVENT_INFO,
  PERF_EVENT_INFO_AT,
  type TextField,
} from "../../uapi/index.ts";
import { type Arena, beginCall, openArena, placeRoom, type Room, take } from "../arena.ts";
import { placeInfo, placeInfoAt, readInfo, readInfoAt, tryInfoAt } from "./get-info.ts";

// The info of every kind follows from its layout in LINK_INFO: the numbers are read where they lie, a pointer becomes
// the text or the array that it points to. Only iterators and perf events, whose layout depends on what they say first,
// have code of their own.

/** What every link has. */
interface LinkHead {
  /** One of BpfLinkType. */
  readonly type: number;
  readonly id: number;
  /** 0 for struct_ops links, and after the link was detached. */
  readonly prog_id: number;
}

type PointedTo<T> = T extends TextField
  ? string
  : T extends ArrayField<"u64">
    ? bigint[]
    : T extends ArrayField<"u32">
      ? number[]
      : never;
/** What a layout's struct says: its numbers, and what its pointers point to. */
type InfoFields<F extends Fields> = InfoRecord<F> & {
  readonly [K in keyof F as F[K] extends LengthField ? never : F[K] extends Pointer ? K : never]: F[K] extends Newer
    ? PointedTo<F[K]> | undefined
    : PointedTo<F[K]>;
};

type IterKind = keyof typeof ITER_INFO;
/** What an iterator walks over: `map` for bpf_map_elem, sockmap and bpf_sk_storage_map, `task` with 0 for all. */
export type IterInfo = InfoFields<FieldsOf<typeof LINK_INFO.iter>> & {
  readonly [K in IterKind]?:
    | ValueOf<FieldsOf<(typeof ITER_INFO)[K]>[K & keyof FieldsOf<(typeof ITER_INFO)[K]>]>
    | undefined;
};

type PerfEventKind = keyof typeof PERF_EVENT_INFO;
/** What a perf event link hangs on. Kernels before 6.6 do not say: `unspec`. */
export type PerfEventInfo =
  | { readonly kind: "unspec"; readonly type: number }
  | {
      [K in PerfEventKind]: { readonly kind: K; readonly type: number } & InfoFields<
        FieldsOf<(typeof PERF_EVENT_INFO)[K]>
      >;
    }[PerfEventKind];

/** The info of one kind of link: what its layout in LINK_INFO has. */
export type LinkInfoOf<K extends LinkKind> = LinkHead & { readonly kind: K } & (K extends "iter"
    ? IterInfo
    : K extends "perf_event"
      ? { readonly event: PerfEventInfo }
      : InfoFields<FieldsOf<(typeof LINK_INFO)[K]>>);
/** A kind that is newer than this list. */
export interface UnknownLinkInfo extends LinkHead {
  readonly kind: "unknown";
}
/** What the kernel says about a link; `kind` tells which. */
export type LinkInfo = { [K in LinkKind]: LinkInfoOf<K> }[LinkKind] | UnknownLinkInfo;

const HEAD = BpfLinkInfo.offsets;

/** What the kernel says about a link, as a union by `kind`. Kinds with texts or arrays take a second call. */
export function linkInfo(fd: number): LinkInfo {
  const arena = beginCall();
  const answer = firstAnswer(arena, fd);
  const head = headAt(answer.view, answer.at - ARM);
  const kind = linkTypeName(head.type) as LinkKind | undefined;
  if (kind === undefined || !Object.hasOwn(LINK_INFO, kind)) return { kind: "unknown", ...head };
  return { kind, ...head, ...armOf(kind, fd, answer) } as LinkInfo;
}

function armOf(kind: LinkKind, fd: number, answer: LinkAnswer): object {
  if (kind === "iter") return iterInfo(fd, answer);
  if (kind === "perf_event") return { event: perfEventInfo(fd, answer) };
  return infoFields(fd, answer, LINK_INFO[kind]);
}

/** The first three fields alone, in one call: enough to sort links by kind or to know a link's id. */
export function linkHead(fd: number): LinkHead {
  const arena = beginCall();
  const at = placeInfoAt(arena, BPF_LINK_INFO_SIZE);
  readInfoAt(arena, fd, at, BPF_LINK_INFO_SIZE);
  return headAt(arena.view, at);
}

function headAt(view: DataView, at: number): LinkHead {
  return {
    type: view.getUint32(at + HEAD.type, true),
    id: view.getUint32(at + HEAD.id, true),
    prog_id: view.getUint32(at + HEAD.prog_id, true),
  };
}

/** An answer of the kernel. The next call overwrites it. */
interface LinkAnswer {
  readonly view: DataView;
  /** Where the union's arm begins in it. */
  readonly at: number;
  /** Bytes of the union's arm that the kernel knows. */
  readonly length: number;
  /** The text that came along: where its pointer is in the arm, and where the text is in the arena. */
  readonly text?: { readonly pointer: number; readonly at: number } | undefined;
}

/** A pointer in the layout of a kind. */
interface PointerPlan {
  readonly name: string;
  readonly to: "text" | "u32" | "u64";
  readonly offset: number;
  /** How long the arm must be for the field to be there; 0 if every kernel that has the kind has the field. */
  readonly needs: number;
}
/** How the info of a kind is read, worked out from its layout once. */
interface Plan {
  readonly readNumbers: (view: DataView, length: number, at: number) => object;
  readonly arrays: readonly PointerPlan[];
  readonly text: PointerPlan | undefined;
  /** Where the text's length goes. */
  readonly length: number;
  /** Where the number of elements is. */
  readonly count: number;
}

const plans = new Map<Struct<Fields>, Plan>();

function planOf(layout: Struct<Fields>): Plan {
  let plan = plans.get(layout);
  if (plan === undefined) {
    plan = makePlan(layout);
    plans.set(layout, plan);
  }
  return plan;
}

function makePlan(layout: Struct<Fields>): Plan {
  const { fields, offsets } = layout;
  const pointers: PointerPlan[] = [];
  let length = -1;
  for (const [name, type] of Object.entries(fields)) {
    const { to, isLength, isNewer } = type as Type<unknown> & Partial<TextField & LengthField & Newer>;
    const offset = offsets[name] as number;
    if (isLength === true) length = offset;
    else if (to !== undefined) pointers.push({ name, to, offset, needs: isNewer === true ? offset + type.size : 0 });
  }
  const text = pointers.find(({ to }) => to === "text");
  const arrays = pointers.filter((one) => one !== text);
  return { readNumbers: infoReader(layout), arrays, text, length, count: offsets.count ?? -1 };
}

/** The texts, arrays and numbers that a layout has, read from `from` bytes behind the arm's start. */
function infoFields(fd: number, answer: LinkAnswer, layout: unknown, from = 0): object {
  const plan = planOf(layout as Struct<Fields>);
  if (plan.arrays.length > 0) return withArrays(fd, answer, plan);
  const { view, at, length } = answer;
  const { text } = plan;
  const told = text && { [text.name]: askText(fd, answer, from + text.offset, from + plan.length) };
  return { ...told, ...plan.readNumbers(view, length - from, at + from) };
}

const PATH_MAX = 4096;

/**
 * Asks once more with room for all arrays, and for the text. The first answer says how many elements there are: a link's
 * targets never change, and an answer that ends with ENOSPC for too little room says nothing. The kernel refuses a
 * pointer without its length, and bytes in fields that it does not know.
 */
function withArrays(fd: number, first: LinkAnswer, plan: Plan): object {
  const { text } = plan;
  const count = first.view.getUint32(first.at + plan.count, true);
  const arrays = plan.arrays.filter(({ needs }) => needs <= first.length);
  const arena = beginCall();
  const answer = placeInfo(BPF_LINK_INFO_SIZE);
  const rooms = new Map<PointerPlan, Room>();
  if (count > 0) {
    for (const one of arrays) rooms.set(one, placeAt(answer.view, ARM + one.offset, count * sizeOf(one.to)));
    answer.view.setUint32(ARM + plan.count, count, true);
    if (text !== undefined) {
      rooms.set(text, placeAt(answer.view, ARM + text.offset, PATH_MAX));
      answer.view.setUint32(ARM + plan.length, PATH_MAX, true);
    }
  }
  const length = readInfo(arena, fd, answer) - ARM;
  const info = plan.readNumbers(answer.view, length, ARM) as Record<string, unknown>;
  if (text !== undefined) info[text.name] = textOf(rooms.get(text));
  for (const one of plan.arrays) info[one.name] = arrays.includes(one) ? elements(rooms.get(one), one.to) : undefined;
  return info;
}

function sizeOf(element: PointerPlan["to"]): number {
  return element === "u64" ? 8 : 4;
}

function placeAt(view: DataView, pointer: number, length: number): Room {
  const room = placeRoom(length);
  view.setUint32(pointer, room.address % 0x100000000, true);
  view.setUint32(pointer + 4, Math.floor(room.address / 0x100000000), true);
  return room;
}

function textOf(room: Room | undefined): string {
  if (room === undefined) return "";
  const end = room.bytes.indexOf(0);
  return decodeText(room.bytes, 0, end < 0 ? room.bytes.length : end);
}

function elements(room: Room | undefined, to: PointerPlan["to"]): bigint[] | number[] {
  if (room === undefined) return [];
  const { buffer, byteOffset, byteLength } = room.bytes;
  const view = new DataView(buffer, byteOffset, byteLength);
  const length = byteLength / sizeOf(to);
  return to === "u64"
    ? Array.from({ length }, (_, i) => view.getBigUint64(i * 8, true))
    : Array.from({ length }, (_, i) => view.getUint32(i * 4, true));
}

/** Which union an iterator's info ends with, by the name of what it walks over. */
const ITER_TARGETS: ReadonlyMap<string, IterKind> = new Map([
  ["bpf_map_elem", "map"],
  ["bpf_sk_storage_map", "map"],
  ["sockmap", "map"],
  ["cgroup", "cgroup"],
  ["task", "task"],
  ["task_file", "task"],
  ["task_vma", "task"],
]);

function iterInfo(fd: number, answer: LinkAnswer): object {
  const info = infoFields(fd, answer, LINK_INFO.iter) as { readonly target_name: string };
  const walked = ITER_TARGETS.get(info.target_name);
  if (walked === undefined) return info;
  const layout = ITER_INFO[walked] as unknown as Struct<Fields>;
  // 6.1 added what an iterator over tasks is limited to.
  if (walked === "task" && answer.length < layout.size) return info;
  return {
    ...info,
    [walked]: layout.fields[walked]?.read(answer.view, answer.at + (layout.offsets[walked] as number)),
  };
}

const PERF_EVENTS = constantNames(BpfPerfEventType, "BPF_PERF_EVENT_");

function perfEventInfo(fd: number, answer: LinkAnswer): PerfEventInfo {
  const type = answer.view.getUint32(answer.at, true);
  const kind = PERF_EVENTS.name(type) as PerfEventKind | undefined;
  // Before 6.6 the kernel leaves the arm empty.
  if (kind === undefined || !Object.hasOwn(PERF_EVENT_INFO, kind)) return { kind: "unspec", type };
  const fields = infoFields(fd, answer, PERF_EVENT_INFO[kind], PERF_EVENT_INFO_AT);
  return { kind, type, ...fields } as PerfEventInfo;
}

/**
 * Remembers where the info of the last link with a text had its pointer. In a listing many links of one kind follow one
 * another, so the next first call has room for a text there, which saves the second call. This is the only state in this
 * file, it is never more than a guess: for a link of another kind that call fails or its text is thrown away.
 */
const textGuess: { link: { readonly type: number; readonly pointer: number; readonly length: number } | undefined } = {
  link: undefined,
};
/** The text's bytes, or the addresses that a kprobe_multi link takes them for, stay within the room. */
const GUESSED_LENGTH = PATH_MAX / 8;

/** The first answer about a link, which may have its text with it. */
function firstAnswer(arena: Arena, fd: number): LinkAnswer {
  const { view, bytes } = arena;
  const start = placeInfoAt(arena, BPF_LINK_INFO_SIZE);
  const at = start + ARM;
  const guess = textGuess.link;
  if (guess !== undefined) {
    const { type, pointer } = guess;
    const text = placeText(arena, at + pointer, at + guess.length, GUESSED_LENGTH);
    const length = tryInfoAt(arena, fd, start, BPF_LINK_INFO_SIZE);
    if (length >= 0 && view.getUint32(start, true) === type) {
      return { view, at, length: length - ARM, text: { pointer, at: text } };
    }
    textGuess.link = undefined;
    bytes.fill(0, start, start + BPF_LINK_INFO_SIZE);
  }
  return { view, at, length: readInfoAt(arena, fd, start, BPF_LINK_INFO_SIZE) - ARM };
}

/** The text whose pointer is at `pointer` in the arm. It came with the first answer, or the kernel is asked in place. */
function askText(fd: number, { at, view, text: known }: LinkAnswer, pointer: number, length: number): string {
  const arena = openArena();
  const { bytes } = arena;
  let text = known?.at ?? 0;
  if (known?.pointer !== pointer) {
    text = placeText(arena, at + pointer, at + length, PATH_MAX);
    readInfoAt(arena, fd, at - ARM, BPF_LINK_INFO_SIZE);
    textGuess.link = { type: view.getUint32(at - ARM, true), pointer, length };
  }
  let end = text;
  while (bytes[end] !== 0 && end < text + PATH_MAX) end++;
  return decodeText(bytes, text, end);
}

/** Makes room for a text, and writes its address and length where the kernel looks for them. */
function placeText({ base, bytes, view }: Arena, pointer: number, lengthAt: number, length: number): number {
  const text = take(PATH_MAX);
  bytes[text] = 0;
  const address = base + text;
  view.setUint32(pointer, address % 0x100000000, true);
  view.setUint32(pointer + 4, Math.floor(address / 0x100000000), true);
  view.setUint32(lengthAt, length, true);
  return text;
}
